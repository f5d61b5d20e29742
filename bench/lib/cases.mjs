import { existsSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { parquetBytes, runContest } from './contest.mjs';
import { INPUTS } from './inputs.mjs';
import { measure } from './measure.mjs';
import { findProgram, startMinio } from './minio.mjs';

const NODE = process.execPath;
const CLI = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
const peer = (name) => fileURLToPath(new URL(`../peers/${name}.mjs`, import.meta.url));

/** A start takes some 50 ms, which other processes disturb easily: many rounds. */
const STARTUP_ROUNDS = 15;
/** Peak memory may grow by this share from a tenth of the input to all of it, and never exceed PEAK_BYTES. */
const PEAK_GROWTH = 0.1;
const PEAK_BYTES = 300e6;
/** appendRow takes some 3 ms a record: these are enough to know its rate. */
const PARQUETJS_ROWS = 1000;

const CSV_OPTIONS = {
  'csv-1536': ['--metadata-fields', 'title,page:number,lang'],
  'csv-words': ['--metadata-fields', 'word,rank:number,kind'],
};

/** pineload's speed over the other tool's that is aimed at, on 2 GB or more; `two` and `one` are DuckDB's threads. */
const TARGETS = {
  'jsonl-17': { two: 6, one: 5, polars: 7, hyparquet: 30, parquetjs: 150, floor: 0.5 },
  'jsonl-8': { two: 6, one: 5, floor: 0.5 },
  'jsonl-words': { two: 4 },
  'jsonl-sparse': { two: 3 },
  'csv-1536': { two: 20 },
  'csv-words': { two: 8 },
  'jsonl-17-gz': { gzip: 1 / 1.2 },
  namespaces: { files: 1 / 1.3 },
  startup: { node: 0.5 },
};

/**
 * A row of work in the suite.
 *
 * @typedef {object} Case
 * @property {string} name for --only
 * @property {string} title
 * @property {(bench: Bench) => Promise<object[]>} run gives rows of results
 *
 * @typedef {object} Bench
 * @property {number} size bytes of each input
 * @property {number} rounds
 * @property {number} threads of the peers, and of pineload where it has several
 * @property {boolean} peers measure the peers too
 * @property {boolean} quick
 * @property {string} workDir
 * @property {(kind: string, size?: number) => Promise<object>} input makes it, or finds it
 * @property {(text: string) => void} say
 * @property {(text: string) => void} note for the end of the report
 */

/** @type {Case[]} */
export const CASES = [
  ...['jsonl-17', 'jsonl-8', 'jsonl-words', 'jsonl-sparse', 'csv-1536', 'csv-words', 'jsonl-17-gz'].map((kind) => ({
    name: kind,
    title: `convert ${INPUTS[kind].text}`,
    run: (bench) => convertCase(kind, bench),
  })),
  { name: 'memory', title: 'peak memory of convert, a tenth of the input and all of it', run: memoryCase },
  { name: 'namespaces', title: `convert ${INPUTS['jsonl-namespaces'].text}`, run: namespacesCase },
  { name: 'curve', title: `convert ${INPUTS['jsonl-17'].text}, by number of workers`, run: curveCase },
  { name: 'upload-local', title: 'upload to a directory', run: uploadLocalCase },
  { name: 'upload-s3', title: 'upload to MinIO on loopback', run: uploadS3Case },
  { name: 'run', title: 'the whole line: run --rehearse', run: wholeLineCase },
  { name: 'startup', title: 'start: pineload --version', run: startupCase },
];

const convertCommand =
  (kind, more = []) =>
  ({ input, out }) => [NODE, CLI, 'convert', input, '--to', out, '--overwrite', ...(CSV_OPTIONS[kind] ?? []), ...more];

const peerCommand =
  (name, kind, more = () => []) =>
  (run) => [NODE, peer(name), ...['--input', run.input, '--out', run.out, '--kind', kind], ...more(run)];

async function convertCase(kind, bench) {
  const facts = await bench.input(kind);
  const { peers, threads } = bench;
  const contenders = [...(await pineloadContenders(kind, bench)), ...(peers ? peersOf(kind, bench) : [])];
  if (peers && kind === 'jsonl-17') {
    contenders.push(
      {
        id: 'polars',
        tool: 'polars',
        threads,
        command: peerCommand('polars', kind),
        env: { POLARS_MAX_THREADS: String(threads) },
        layout: 'column',
        target: TARGETS[kind].polars,
        note: 'polars writes one file: its JavaScript package cannot partition by namespace.',
      },
      {
        id: 'hyparquet-writer',
        tool: 'hyparquet-writer',
        threads: 1,
        command: peerCommand('hyparquet-writer', kind),
        layout: 'directories',
        target: TARGETS[kind].hyparquet,
      },
      parquetjsContender(kind, bench),
    );
  }
  return runContest({ name: kind, title: caseTitle(kind), facts, contenders }, bench);
}

/** The built CLI with its default options and, where it has workers, with one as well. */
async function pineloadContenders(kind, { threads, note }) {
  const supported = await hasWorkers();
  const cores = (await import('node:os')).availableParallelism();
  const asMany = supported && cores !== threads ? ['--workers', String(threads)] : [];
  if (asMany.length > 0)
    note(`pineload has ${cores} cores here and is given --workers ${threads}, as many as its peers.`);
  if (!supported)
    note('This pineload has no --workers: it parses and encodes on one thread, against one and two of DuckDB.');
  const contender = {
    id: 'pineload',
    tool: 'pineload',
    threads: supported ? threads : 'default',
    command: convertCommand(kind, asMany),
    layout: 'directories',
    reference: true,
  };
  if (!supported) return [contender];
  return [contender, { ...contender, id: 'pineload-1', threads: 1, command: convertCommand(kind, ['--workers', '1']) }];
}

function peersOf(kind, { threads }) {
  const target = TARGETS[kind];
  if (kind === 'jsonl-17-gz') {
    const gzip = findProgram('gzip');
    if (!gzip) return [];
    const command = ({ input }) => [gzip, '-dc', input];
    return [
      { id: 'gzip', tool: 'gzip -dc, to nowhere', threads: 1, command, discardOutput: true, target: target.gzip },
    ];
  }
  const duckdb = (count, more) => ({
    id: `duckdb-${count}`,
    tool: 'DuckDB',
    threads: count,
    command: peerCommand('duckdb', kind, () => ['--threads', String(count)]),
    layout: 'hive',
    ...more,
  });
  const contenders = [duckdb(threads, { target: target.two })];
  if (threads !== 1) contenders.push(duckdb(1, { target: target.one, against: 'pineload-1' }));
  contenders.push({
    id: 'floor',
    tool: 'floor: read, find lines, write, fsync',
    threads: 1,
    command: peerCommand('floor', kind, ({ pineloadBytes = 0 }) => ['--bytes', String(pineloadBytes)]),
    outputBytes: ({ pineloadBytes = 0 }) => pineloadBytes,
    needs: 'pineload',
    target: target.floor,
  });
  return contenders;
}

function parquetjsContender(kind, { quick }) {
  const sliceRows = quick ? 100 : PARQUETJS_ROWS;
  return {
    id: 'parquetjs',
    tool: 'parquetjs appendRow',
    threads: 1,
    command: peerCommand('parquetjs', kind, () => ['--rows', String(sliceRows)]),
    layout: 'directories',
    sliceRows,
    target: TARGETS[kind].parquetjs,
    note: `parquetjs is given the first ${sliceRows} records only; its time is scaled to all of them, its memory and output are those of the slice.`,
  };
}

/** Peak memory must not follow the size of the input. */
async function memoryCase(bench) {
  const [small, large] = await Promise.all([
    bench.input('jsonl-17', Math.round(bench.size / 10)),
    bench.input('jsonl-17'),
  ]);
  const rows = [];
  for (const facts of [small, large]) {
    const id = facts === small ? 'pineload-tenth' : 'pineload';
    const size = facts === small ? 'a tenth of the input' : 'all of the input';
    const contenders = [{ id, tool: `pineload, ${size}`, command: convertCommand('jsonl-17'), reference: true }];
    rows.push(...(await runContest({ name: 'memory', title: caseTitle('memory'), facts, contenders }, bench)));
  }
  const [low, high] = rows.map(({ peakBytes }) => peakBytes);
  if (low === undefined || high === undefined) return rows;
  const growth = high / low - 1;
  const verdict = {
    text: `peak ${growth >= 0 ? '+' : ''}${(growth * 100).toFixed(0)} % (aim: within ${PEAK_GROWTH * 100} %, at most ${PEAK_BYTES / 1e6} MB)`,
    met: growth <= PEAK_GROWTH && Math.max(low, high) <= PEAK_BYTES,
  };
  return rows.map((row, i) => (i === 1 ? { ...row, verdict } : row));
}

/** Many namespaces may cost what creating their files costs, and little more. */
async function namespacesCase(bench) {
  const name = 'namespaces';
  const kind = 'jsonl-namespaces';
  const facts = await bench.input(kind);
  const many = Object.keys(facts.namespaces).length.toLocaleString('en');
  const contenders = [
    {
      id: 'pineload',
      tool: `pineload, ${many} namespaces`,
      command: convertCommand(kind),
      layout: 'directories',
      reference: true,
    },
    { id: 'one', tool: 'pineload, one namespace', command: convertCommand(kind, ['--namespace', 'one']) },
    {
      id: 'files',
      tool: 'creating the files alone',
      threads: 1,
      needs: 'pineload',
      command: (run) => [NODE, peer('create-files'), '--input', run.outOf('pineload'), '--out', run.out],
    },
  ];
  // The files created are those of the round's first output: no turns here.
  const rows = await runContest({ name, title: caseTitle(name), facts, contenders, rotate: false }, bench);
  const [all, one, files] = rows;
  if (rows.some(({ failed }) => failed)) return rows;
  const seconds = one.seconds + files.seconds;
  const sum = { ...one, id: 'sum', tool: 'one namespace + creating the files', seconds, allSeconds: undefined };
  return [
    all,
    { ...one, ratio: undefined },
    { ...files, ratio: undefined },
    {
      ...sum,
      rowsPerSecond: facts.rows / seconds,
      mbPerSecond: facts.textBytes / 1e6 / seconds,
      peakBytes: undefined,
      ratio: seconds / all.seconds,
      target: TARGETS.namespaces.files,
    },
  ];
}

/** More workers, less time; only where there are more than two cores. */
async function curveCase(bench) {
  const cores = (await import('node:os')).availableParallelism();
  if (cores <= 2 || !(await hasWorkers())) {
    bench.note('curve: skipped; it needs more than two cores and a pineload with --workers.');
    return [];
  }
  const facts = await bench.input('jsonl-17');
  const contenders = [1, 2, 4, 8, 16]
    .filter((count) => count <= cores)
    .map((count) => ({
      id: `pineload-${count}`,
      tool: 'pineload',
      threads: count,
      command: convertCommand('jsonl-17', ['--workers', String(count)]),
      reference: true,
    }));
  return runContest({ name: 'curve', title: caseTitle('curve'), facts, contenders }, bench);
}

async function uploadLocalCase(bench) {
  const { facts, dir, bytes } = await converted('upload-local', bench);
  const contenders = [
    {
      id: 'pineload',
      tool: 'pineload upload',
      command: ({ out }) => [NODE, CLI, 'upload', dir, '--to', out],
      reference: true,
    },
    {
      id: 'copy',
      tool: 'floor: copy and fsync each file',
      threads: 1,
      command: ({ out }) => [NODE, peer('copy'), '--input', dir, '--out', out],
    },
  ];
  const rows = await runContest({ ...uploadContest('upload-local', facts, bytes), contenders }, bench);
  return sameBytes(rows, bytes);
}

async function uploadS3Case(bench) {
  const binary = findProgram('minio');
  if (!binary) {
    bench.note('upload-s3: skipped, no MinIO in PINELOAD_TEST_BIN, .cache/bin or on PATH (.ci/run installs one).');
    return [];
  }
  const { facts, dir, bytes } = await converted('upload-s3', bench);
  const bucket = 'bench';
  const minio = await startMinio(binary, bucket);
  try {
    const key = ({ out }) => `${out.split(/[\\/]/).at(-1)}/`;
    const common = { env: minio.env, outputBytes: (run) => minio.parquetBytes(key(run)) };
    const contenders = [
      {
        ...common,
        id: 'pineload',
        tool: 'pineload upload',
        command: (run) => [
          ...[NODE, CLI, 'upload', dir, '--to', `s3://${bucket}/${key(run)}`],
          ...['--s3-endpoint', minio.endpoint, '--s3-region', 'us-east-1'],
        ],
        reference: true,
      },
    ];
    const s5cmd = findProgram('s5cmd');
    const rclone = findProgram('rclone');
    if (s5cmd) {
      contenders.push({
        ...common,
        id: 's5cmd',
        tool: 's5cmd cp',
        command: (run) => [s5cmd, '--endpoint-url', minio.endpoint, 'cp', `${dir}/`, `s3://${bucket}/${key(run)}`],
      });
    }
    if (rclone) {
      contenders.push({
        ...common,
        id: 'rclone',
        tool: 'rclone copy',
        env: {
          ...minio.env,
          RCLONE_CONFIG_BENCH_TYPE: 's3',
          RCLONE_CONFIG_BENCH_PROVIDER: 'Minio',
          RCLONE_CONFIG_BENCH_ENV_AUTH: 'true',
          RCLONE_CONFIG_BENCH_ENDPOINT: minio.endpoint,
        },
        command: (run) => [rclone, 'copy', '--s3-no-check-bucket', dir, `bench:${bucket}/${key(run)}`],
      });
    }
    if (!s5cmd && !rclone) bench.note('upload-s3: neither s5cmd nor rclone is on PATH, so pineload stands alone.');
    const rows = await runContest({ ...uploadContest('upload-s3', facts, bytes), contenders }, bench);
    return sameBytes(rows, bytes);
  } finally {
    await minio.stop();
  }
}

async function wholeLineCase(bench) {
  const facts = await bench.input('jsonl-17');
  const contenders = [
    {
      id: 'pineload',
      tool: 'pineload run --rehearse',
      command: ({ input, out }) => [NODE, CLI, 'run', input, '--to', out, '--rehearse', '--overwrite'],
      layout: 'directories',
      reference: true,
    },
  ];
  return runContest({ name: 'run', title: caseTitle('run'), facts, contenders }, bench);
}

async function startupCase(bench) {
  const contenders = [
    {
      id: 'pineload',
      tool: 'pineload --version',
      command: () => [NODE, CLI, '--version'],
      peak: false,
      reference: true,
    },
    { id: 'node', tool: 'node -e 0', command: () => [NODE, '-e', '0'], peak: false, target: TARGETS.startup.node },
  ];
  const rounds = bench.quick ? 5 : STARTUP_ROUNDS;
  const quietly = { ...bench, rounds, say: () => {} };
  return runContest({ name: 'startup', title: caseTitle('startup'), contenders }, quietly);
}

const caseTitle = (name) => CASES.find((each) => each.name === name).title;

/** A converted directory to upload; it lies where the rounds of a contest do not clear up. */
async function converted(name, bench) {
  const facts = await bench.input('jsonl-17');
  const dir = join(bench.keepDir, name);
  const run = await measure(convertCommand('jsonl-17')({ input: facts.path, out: dir }), { peak: false });
  if (run.failed) throw new Error(`${name}: there is nothing to upload, for convert failed: ${run.failed}`);
  return { facts, dir, bytes: parquetBytes(dir) };
}

/** MB/s of an upload are those of the Parquet files. */
function uploadContest(name, facts, bytes) {
  return { name, title: caseTitle(name), facts, mbBytes: bytes };
}

function sameBytes(rows, bytes) {
  return rows.map((row) => {
    if (row.failed) return row;
    const problems = row.outputBytes === bytes ? [] : [`${row.outputBytes} bytes of Parquet arrived, not ${bytes}`];
    return { ...row, check: { bytes, problems } };
  });
}

let workers;
/** Whether this pineload has --workers. */
async function hasWorkers() {
  workers ??=
    existsSync(CLI) && (await measure([NODE, CLI, 'convert', '--help'], { peak: false })).stdout.includes('--workers');
  return workers;
}
