// Prints the tables of docs/scale.md: what 130 million records of 1024 dimensions come to, and how long shards take that are not
// all equal. Everything follows from the numbers below and from seeds: the same on every machine.
//
//     node bench/scale/simulate.mjs
import { pathToFileURL } from 'node:url';

/** Measured: see docs/scale.md, "What was measured". */
export const MEASURED = {
  /** JSONL, a record: 1024 floats of 17 digits and 3.4 kB of text. */
  textBytes: 25_140,
  /** The same record in Parquet as pineload writes it. */
  parquetBytes: 6_665,
  /** The same as Pinecone counts it: id, four bytes a dimension, metadata as JSON. */
  logicalBytes: 13 + 4 * 1024 + 3_470,
  /** CPU seconds for 1 GB of such JSONL. */
  cpuSecondsPerGB: 12,
};

/** Assumed, and to be put right for one's own cluster. */
export const ASSUMED = {
  records: 130e6,
  splitBytes: 2 * 1024 ** 3,
  partBytes: 8 * 1024 ** 2,
  fileBytes: 400e6,
  /** JSONL that a pod of 2 CPUs takes in a second: 2 / 12 s of CPU allow for 166 MB, one stream of a store often for less. */
  podBytesPerSecond: 100e6,
  /** From the order for a pod to its first byte. */
  podStartSeconds: 30,
  /** Until a lost pod is replaced. */
  replaceSeconds: 20,
  /** Share of pods that get a third of the speed (a noisy neighbour, a slow disk), and the spread of the others. */
  stragglers: 0.05,
  stragglerSpeed: 1 / 3,
  spread: 0.1,
  /** Chance that a shard's pod is lost before it is done. */
  podLoss: 0.01,
  /** US dollars: a CPU hour, a million PUT-like and a million GET-like requests, a GB imported. */
  cpuHour: 0.04,
  millionPuts: 5,
  millionGets: 0.4,
  gbImported: 0.25,
};

const SEEDS = 100;

/** Numbers from 0 to 1 (mulberry32). */
function randomFrom(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Bytes of each split: plain files are cut, files that cannot be cut are gathered or stand alone, as pineload's planner does. */
export function planSplits(fileBytes, splitBytes, canCut) {
  const splits = [];
  let gathered = 0;
  const close = () => {
    if (gathered > 0) splits.push(gathered);
    gathered = 0;
  };
  for (const bytes of fileBytes) {
    if (canCut && bytes > splitBytes) {
      close();
      const ranges = Math.ceil(bytes / splitBytes);
      for (let i = 0; i < ranges; i++) splits.push(bytes / ranges);
      continue;
    }
    if (gathered > 0 && gathered + bytes > splitBytes) close();
    gathered += bytes;
  }
  close();
  return splits;
}

/** Sizes of `count` namespaces that follow Zipf's law, the largest first. */
export function zipf(total, count) {
  const weights = Array.from({ length: count }, (_, i) => 1 / (i + 1));
  const sum = weights.reduce((a, b) => a + b, 0);
  return weights.map((weight) => (total * weight) / sum);
}

/**
 * An Indexed Job: `shards` shares of the splits (split i belongs to shard i % shards), `pods` of them at the same time, in order. A lost
 * pod is replaced; what its shard has in the journal is not done again, the split it was at is.
 */
export function simulate({ splits, shards, pods, stragglers, podLoss }, seed) {
  const { podBytesPerSecond, podStartSeconds, replaceSeconds, stragglerSpeed, spread } = ASSUMED;
  const random = randomFrom(seed);
  const normal = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  const speedOfPod = () =>
    podBytesPerSecond * Math.exp(spread * normal()) * (random() < stragglers ? stragglerSpeed : 1);
  const free = new Array(pods).fill(0);
  let end = 0;
  let repeated = 0;
  let podSeconds = 0;
  for (let shard = 0; shard < shards; shard++) {
    const slot = free.indexOf(Math.min(...free));
    const from = free[slot];
    const work = [];
    for (let i = shard; i < splits.length; i += shards) work.push(splits[i]);
    let at = from + podStartSeconds;
    let speed = speedOfPod();
    const total = work.reduce((a, b) => a + b, 0);
    let lostAt = random() < podLoss ? random() * total : Infinity;
    let done = 0;
    for (let i = 0; i < work.length; i++) {
      if (done + work[i] > lostAt) {
        const lost = lostAt - done;
        at += lost / speed + replaceSeconds + podStartSeconds;
        repeated += lost;
        lostAt = Infinity;
        speed = speedOfPod();
      }
      at += work[i] / speed;
      done += work[i];
    }
    free[slot] = at;
    podSeconds += at - from;
    end = Math.max(end, at);
  }
  return { seconds: end, repeated, podSeconds };
}

const INPUT_BYTES = ASSUMED.records * MEASURED.textBytes;

const INPUTS = {
  'plain JSONL, 1,000 equal files': planSplits(new Array(1000).fill(INPUT_BYTES / 1000), ASSUMED.splitBytes, true),
  'plain JSONL, a file a namespace, 10,000 skewed': planSplits(zipf(INPUT_BYTES, 10_000), ASSUMED.splitBytes, true),
  'the same, compressed: files cannot be cut': planSplits(zipf(INPUT_BYTES, 10_000), ASSUMED.splitBytes, false),
};

const CALM = { stragglers: 0, podLoss: 0 };
const ROUGH = { stragglers: ASSUMED.stragglers, podLoss: ASSUMED.podLoss };

const number = (value, digits = 0) =>
  value.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits });
const minutes = (seconds) => number(seconds / 60, seconds < 6000 ? 1 : 0);

function table(head, rows) {
  const widths = head.map((cell, i) => Math.max(cell.length, ...rows.map((row) => row[i].length)));
  const line = (cells, pad = ' ') => `| ${cells.map((cell, i) => cell.padEnd(widths[i], pad)).join(' | ')} |`;
  return [line(head), line(widths.map((width) => '-'.repeat(width))), ...rows.map((row) => line(row))].join('\n');
}

function quantities() {
  const { records, splitBytes, partBytes, fileBytes } = ASSUMED;
  const parquet = records * MEASURED.parquetBytes;
  const logical = records * MEASURED.logicalBytes;
  const splits = INPUTS['plain JSONL, 1,000 equal files'].length;
  const filesEach = 8 * Math.ceil((splitBytes * MEASURED.parquetBytes) / MEASURED.textBytes / 8 / fileBytes);
  const files = splits * filesEach;
  const perFile = parquet / files;
  const puts = files * (perFile <= partBytes ? 1 : Math.ceil(perFile / partBytes) + 2) + splits + 2;
  const gets = 3 * splits + files;
  const cpuHours = (INPUT_BYTES / 1e9) * (MEASURED.cpuSecondsPerGB / 3600);
  const dollars = (value) => `$${number(value, value < 10 ? 2 : 0)}`;
  return table(
    ['what', 'how much', 'from'],
    [
      ['input', `${number(INPUT_BYTES / 1e12, 2)} TB of JSONL`, `${number(MEASURED.textBytes)} bytes a record`],
      ['Parquet', `${number(parquet / 1e9)} GB`, `${number(MEASURED.parquetBytes)} bytes a record`],
      ['as Pinecone counts it', `${number(logical / 1e12, 2)} TB`, 'id, 4 bytes a dimension, metadata'],
      ['splits', number(splits), 'of up to 2 GiB; the input files are cut evenly'],
      ['files', number(files), '8 namespaces in random order: 8 files a split'],
      ['PUT-like requests', number(puts), 'parts of 8 MiB, begin and end of each upload, journal, plan, manifest'],
      ['GET-like requests', number(gets), 'three a split, and one a file to check it'],
      ['CPU', `${number(cpuHours, 1)} hours`, `${MEASURED.cpuSecondsPerGB} s for 1 GB of JSONL`],
      ['cost of CPU', dollars(cpuHours * ASSUMED.cpuHour), `${dollars(ASSUMED.cpuHour)} an hour`],
      [
        'cost of requests',
        dollars((puts * ASSUMED.millionPuts + gets * ASSUMED.millionGets) / 1e6),
        `${dollars(ASSUMED.millionPuts)} and ${dollars(ASSUMED.millionGets)} a million`,
      ],
      ['cost of the import', dollars((logical / 1e9) * ASSUMED.gbImported), `${dollars(ASSUMED.gbImported)} a GB`],
    ],
  );
}

function schedule() {
  const rows = [];
  for (const [input, splits] of Object.entries(INPUTS)) {
    for (const [pods, shards] of [
      [16, 16],
      [16, 128],
      [64, 64],
      [64, 512],
    ]) {
      const total = splits.reduce((a, b) => a + b, 0);
      const runs = (faults) =>
        Array.from({ length: SEEDS }, (_, seed) => simulate({ splits, shards, pods, ...faults }, seed + 1));
      const sorted = (all) => all.map(({ seconds }) => seconds).sort((a, b) => a - b);
      const calm = sorted(runs(CALM));
      const rough = runs(ROUGH);
      const seconds = sorted(rough);
      const repeated = rough.reduce((sum, run) => sum + run.repeated, 0) / SEEDS / total;
      const even = total / ASSUMED.podBytesPerSecond / pods;
      rows.push([
        input,
        number(splits.length),
        String(pods),
        String(shards),
        minutes(even),
        minutes(calm[SEEDS / 2]),
        minutes(seconds[SEEDS / 2]),
        minutes(seconds[Math.floor(SEEDS * 0.95)]),
        `${number(100 * repeated, 2)} %`,
      ]);
    }
  }
  return table(['input', 'splits', 'pods', 'shards', 'even', 'calm', 'rough', 'rough, 95 of 100', 'done again'], rows);
}

/** The tables as the page has them. */
export function tables() {
  return { quantities: quantities(), schedule: schedule() };
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const { quantities: first, schedule: second } = tables();
  console.log(`${first}\n\n${second}`);
}
