import { existsSync, mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { idPrefix, INPUTS } from './inputs.mjs';
import { measure, settle, warm } from './measure.mjs';
import { median } from './statistics.mjs';

const COMPARE = fileURLToPath(new URL('../compare.mjs', import.meta.url));
/** Records whose floats are compared one by one. */
const SAMPLE_IDS = 500;

/**
 * One of the tools measured against each other.
 *
 * @typedef {object} Contender
 * @property {string} id
 * @property {string} tool its name in the table
 * @property {string | number} [threads]
 * @property {(run: RunContext) => string[]} command program and arguments
 * @property {Record<string, string>} [env]
 * @property {boolean} [peak] false: leave memory out
 * @property {boolean} [discardOutput]
 * @property {boolean} [reference] pineload itself, which the others are compared with
 * @property {string} [against] id of the reference that this one is compared with; default: the first
 * @property {number} [target] what pineload's speed over this tool's should reach, see issue and README
 * @property {string} [layout] of its output, see compare.mjs; undefined: the output is not compared
 * @property {number} [sliceRows] it is given so many records only, and its time is scaled to all
 * @property {(run: RunContext) => Promise<number> | number} [outputBytes] default: Parquet bytes in its directory
 * @property {string} [needs] id of the contender whose output it builds on
 * @property {string} [note]
 *
 * @typedef {object} RunContext
 * @property {string} input path
 * @property {string} out fresh path that this run may write to
 * @property {(id: string) => string} outOf where another contender wrote in this round
 * @property {number | undefined} pineloadBytes Parquet bytes that pineload wrote in the first round
 */

/**
 * Runs contenders by turns on the same input and compares what they wrote.
 *
 * @param {{ name: string, title: string, facts?: object, mbBytes?: number, contenders: readonly Contender[], rotate?: boolean, deleteAtEnd?: boolean }} contest
 *   deleteAtEnd: outputs stay until the last round is over
 * @param {{ rounds: number, workDir: string, say: (text: string) => void }} bench
 * @returns {Promise<object[]>} one row of results each
 */
export async function runContest(contest, { rounds, workDir, say }) {
  const { name, title, facts, mbBytes, contenders, rotate = true, deleteAtEnd = false } = contest;
  const runs = new Map(contenders.map(({ id }) => [id, []]));
  const checks = new Map();
  const broken = new Map();
  let pineloadBytes;
  const outOf = (round) => (id) => join(workDir, `${name}-${id}-${round}`);
  for (let round = 0; round < rounds; round++) {
    const shift = rotate ? round % contenders.length : 0;
    const order = [...contenders.slice(shift), ...contenders.slice(0, shift)];
    for (const contender of order) {
      const { id } = contender;
      if (broken.has(id)) continue;
      const out = outOf(round)(id);
      const context = { input: facts?.path, out, outOf: outOf(round), pineloadBytes };
      mkdirSync(workDir, { recursive: true });
      await settle();
      if (facts) warm(facts.path);
      const run = await runOnce(contender, context, broken);
      if (run.failed) {
        broken.set(id, run.failed);
        say(`${name}, round ${round + 1}: ${label(contender)} failed: ${run.failed}`);
        continue;
      }
      const outputBytes = contender.outputBytes ? await contender.outputBytes(context) : parquetBytes(out);
      if (contender.reference) pineloadBytes ??= outputBytes;
      runs.get(id).push({ ...scaled(run, contender, facts), outputBytes });
      say(`${name}, round ${round + 1} of ${rounds}: ${label(contender)} ${run.seconds.toFixed(2)} s`);
    }
    if (round === 0) await compareAll({ contenders, broken, facts, checks, outOf: outOf(0), say });
    if (!deleteAtEnd || round === rounds - 1) rmSync(workDir, { recursive: true, force: true });
  }
  const rows = contenders.map((contender) => {
    const { id, tool, threads, target, note, reference } = contender;
    const base = { case: name, title, id, tool, threads, target, note, reference, input: facts?.kind };
    if (broken.has(id) || runs.get(id).length === 0) return { ...base, failed: broken.get(id) ?? 'did not run' };
    return { ...base, ...summary(runs.get(id), contender, facts, mbBytes), check: checks.get(id) };
  });
  return withRatios(rows, contenders);
}

/** Runs a contender, unless what it builds on has failed. */
async function runOnce({ needs, command, env, peak, discardOutput }, context, broken) {
  if (needs !== undefined && broken.has(needs))
    return { seconds: 0, stdout: '', failed: `it needs the output of ${needs}` };
  return measure(command(context), { env, peak, discardOutput });
}

/** A row of results from the wall times of each round. */
export function summary(runs, contender, facts, mbBytes = facts?.textBytes) {
  const seconds = median(runs.map((run) => run.seconds));
  const peaks = runs.map((run) => run.peakBytes).filter((bytes) => bytes !== undefined);
  const cpu = runs.map((run) => run.cpuSeconds).filter((value) => value !== undefined);
  return {
    seconds,
    allSeconds: runs.map((run) => run.seconds),
    rowsPerSecond: facts && facts.rows / seconds,
    mbPerSecond: mbBytes && mbBytes / 1e6 / seconds,
    peakBytes: peaks.length > 0 ? median(peaks) : undefined,
    cpuSeconds: cpu.length > 0 ? median(cpu) : undefined,
    outputBytes: median(runs.map((run) => run.outputBytes ?? 0)) || undefined,
    scaledFrom: contender.sliceRows && facts && contender.sliceRows < facts.rows ? contender.sliceRows : undefined,
  };
}

/** pineload's speed over each other tool's: the ratio of medians of this run. */
export function withRatios(rows, contenders) {
  const references = contenders.filter(({ reference }) => reference).map(({ id }) => id);
  return rows.map((row, i) => {
    if (row.reference || row.failed) return row;
    const wanted = contenders[i].against;
    const against = rows.find(({ id }) => id === (references.includes(wanted) ? wanted : references[0]));
    return against?.seconds === undefined ? row : { ...row, ratio: row.seconds / against.seconds };
  });
}

/** Bytes of the Parquet files below a directory. */
export function parquetBytes(dir) {
  if (!existsSync(dir) || !statSync(dir).isDirectory()) return 0;
  return readdirSync(dir, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.parquet'))
    .reduce((sum, entry) => sum + statSync(join(entry.parentPath, entry.name)).size, 0);
}

/** A tool given a slice: its start counts once, its work as often as the slice fits into the input. */
function scaled(run, { sliceRows }, facts) {
  if (sliceRows === undefined || sliceRows >= facts.rows) return run;
  const { rows, workSeconds } = JSON.parse(run.stdout.trim().split('\n').at(-1));
  return { ...run, seconds: run.seconds - workSeconds + (workSeconds * facts.rows) / rows };
}

async function compareAll({ contenders, broken, facts, checks, outOf, say }) {
  const reference = contenders.find((contender) => contender.reference && contender.layout);
  if (!reference || broken.has(reference.id)) return;
  for (const contender of contenders) {
    if (!contender.layout || broken.has(contender.id)) continue;
    const check = await compare({ facts, ours: outOf(reference.id), theirs: outOf(contender.id), contender });
    checks.set(contender.id, check);
    if (check.problems.length > 0) say(`${label(contender)}: ${check.problems.join('; ')}`);
  }
}

async function compare({ facts, ours, theirs, contender }) {
  const rows = Math.min(contender.sliceRows ?? facts.rows, facts.rows);
  const count = Math.min(rows, SAMPLE_IDS);
  const ids = Array.from({ length: count }, (_, i) => `${idPrefix(facts.kind)}${Math.floor((i * rows) / count)}`);
  const job = {
    ours,
    ...(ours === theirs ? {} : { theirs, layout: contender.layout }),
    vectors: INPUTS[facts.kind].vectors,
    counts: rows < facts.rows ? {} : facts.namespaces,
    ids,
  };
  const jobFile = `${theirs}.compare.json`;
  writeFileSync(jobFile, JSON.stringify(job));
  const run = await measure([process.execPath, COMPARE, jobFile], { peak: false });
  return run.failed ? { sampled: 0, problems: [`could not be compared: ${run.failed}`] } : JSON.parse(run.stdout);
}

const label = ({ tool, threads }) => (threads === undefined ? tool : `${tool} (${threads})`);
