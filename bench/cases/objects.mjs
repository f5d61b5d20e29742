import { copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runContest } from '../lib/contest.mjs';
import { measure } from '../lib/measure.mjs';
import { findProgram, startMinio } from '../lib/minio.mjs';
import { COMMIT_SECONDS, OBJECTS, PLAN_PEAK_BYTES, PLAN_SECONDS } from './aims.mjs';
import { CLI, NODE } from './commands.mjs';

const DIMENSION = 8;
/** Namespaces of each split of the commit: a file each. */
const NAMESPACES = 1000;
const BUCKET = 'bench';

/** A record that no other is like. */
const line = (n, namespace) => {
  const values = Array.from({ length: DIMENSION }, (_, i) => ((n + 1) * (i + 1)) / 1024);
  return `${JSON.stringify({ id: `r${n}`, values, metadata: { n }, namespace })}\n`;
};
const nameOf = (n) => `in-${String(n).padStart(6, '0')}.jsonl`;

/** Planning many objects, of which each is small: what a plan costs is their number. */
export async function planCase(bench, { name, title }) {
  const { objects, keepDir } = bench;
  const dir = join(keepDir, 'raw');
  mkdirSync(dir);
  bench.say(`${name}: making ${objects} files …`);
  for (let n = 0; n < objects; n++) writeFileSync(join(dir, nameOf(n)), line(n, 'all'));
  const local = {
    id: 'local',
    tool: `plan ${objects.toLocaleString('en')} files`,
    command: ({ out }) => [NODE, CLI, 'plan', dir, '--to', out],
    reference: true,
  };
  const rows = await runContest({ name, title, contenders: [local] }, bench);
  rmSync(dir, { recursive: true });
  rows.push(...(await withMinio(bench, name, (minio) => planOnS3(minio, bench, { name, title }))));
  return rows.map((row) => withVerdict(row, { seconds: PLAN_SECONDS, peakBytes: PLAN_PEAK_BYTES }));
}

async function planOnS3(minio, bench, { name, title }) {
  const { objects, keepDir } = bench;
  bench.say(`${name}: making ${objects} objects …`);
  const keyOf = (n) => `raw/${nameOf(n)}`;
  await minio.putObjects([[keyOf(0), line(0, 'all')]]);
  minio.copyObjects(Array.from({ length: objects - 1 }, (_, n) => [keyOf(0), keyOf(n + 1)]));
  const summary = join(keepDir, 'plan.json');
  const contender = {
    id: 's3',
    tool: `plan ${objects.toLocaleString('en')} objects on MinIO`,
    env: minio.env,
    command: ({ out }) => [
      ...[NODE, CLI, 'plan', `s3://${BUCKET}/raw/`, '--to', `s3://${BUCKET}/${lastPart(out)}`],
      ...['--json', '--summary-file', summary, ...minio.options],
    ],
    outputBytes: () => {
      const { inputs } = JSON.parse(readFileSync(summary, 'utf8')).result;
      if (inputs !== objects) throw new Error(`a plan of ${inputs} objects, not ${objects}`);
    },
    reference: true,
  };
  return runContest({ name, title, contenders: [contender] }, bench);
}

/**
 * Sealing many files. The inputs of all splits are copies of one, so one split is converted and the others are made of it: the same bytes under
 * their own names, as they would have been written, with their entries in the journal.
 */
export async function commitCase(bench, { name, title }) {
  const { objects, keepDir } = bench;
  const namespaces = Math.min(NAMESPACES, objects);
  const splits = Math.ceil(objects / namespaces);
  const raw = join(keepDir, 'raw');
  mkdirSync(raw);
  const text = Array.from({ length: namespaces }, (_, n) => line(n, `ns-${n}`)).join('');
  for (let split = 0; split < splits; split++) writeFileSync(join(raw, nameOf(split)), text);
  const target = join(keepDir, 'out');
  const state = `${target}.pineload`;
  bench.say(`${name}: making ${splits * namespaces} files …`);
  for (const command of [
    // Each file a split; never staged; and no search for what is there many times over.
    [
      ...['plan', raw, '--to', target, '--split-size', String(text.length)],
      ...['--max-files-per-namespace', String(splits), '--duplicates', 'allow'],
    ],
    ['convert', '--plan', state, '--shard', `0/${splits}`],
  ]) {
    const { failed } = await measure([NODE, CLI, ...command], { peak: false });
    if (failed) return [{ case: name, title, tool: 'pineload', reference: true, failed }];
  }
  const first = JSON.parse(readFileSync(join(state, 'journal/split-00000.json'), 'utf8'));
  for (let split = 1; split < splits; split++) {
    const entry = withNumber(first, split);
    entry.files.forEach(({ path }, i) => copyFileSync(join(target, first.files[i].path), join(target, path)));
    writeFileSync(join(state, `journal/split-${fiveDigits(split)}.json`), JSON.stringify(entry));
  }
  const local = {
    id: 'local',
    tool: `commit ${(splits * namespaces).toLocaleString('en')} files`,
    command: () => {
      rmSync(join(state, 'manifest.json'), { force: true });
      return [NODE, CLI, 'commit', '--plan', state];
    },
    outputBytes: () => JSON.parse(readFileSync(join(state, 'manifest.json'), 'utf8')).bytes,
    reference: true,
  };
  const rows = await runContest({ name, title, contenders: [local] }, bench);
  const made = { raw, target, splits, first };
  rows.push(...(await withMinio(bench, name, (minio) => commitOnS3(minio, made, bench, { name, title }))));
  for (const dir of [raw, target, state]) rmSync(dir, { recursive: true, force: true });
  return rows.map((row) => withVerdict(row, { seconds: COMMIT_SECONDS }));
}

/** The same in a bucket: what lies in the directory is put there, and its state beside it. */
async function commitOnS3(minio, { raw, target, splits, first }, bench, { name, title }) {
  const to = `s3://${BUCKET}/out`;
  bench.say(`${name}: making ${splits * first.files.length} objects …`);
  const planned = await measure(
    [
      ...[NODE, CLI, 'plan', raw, '--to', to, '--split-size', String(readFileSync(join(raw, nameOf(0))).length)],
      ...['--max-files-per-namespace', String(splits), '--duplicates', 'allow', '--json', ...minio.options],
    ],
    { env: minio.env, peak: false },
  );
  if (planned.failed) return [{ case: name, title, tool: 'pineload', reference: true, failed: planned.failed }];
  const { planSha256: plan } = JSON.parse(planned.stdout);
  const keyOf = ({ path }) => `out/${path}`;
  const entries = Array.from({ length: splits }, (_, split) => ({ ...withNumber(first, split), plan }));
  await minio.putObjects([
    ...first.files.map((file) => [keyOf(file), readFileSync(join(target, file.path))]),
    ...entries.map((entry, split) => [`out.pineload/journal/split-${fiveDigits(split)}.json`, JSON.stringify(entry)]),
  ]);
  minio.copyObjects(
    entries.slice(1).flatMap(({ files }) => files.map((file, i) => [keyOf(first.files[i]), keyOf(file)])),
  );
  const contender = {
    id: 's3',
    tool: `commit ${(splits * first.files.length).toLocaleString('en')} objects on MinIO`,
    env: minio.env,
    command: () => [NODE, CLI, 'commit', '--plan', `${to}.pineload`, ...minio.options],
    outputBytes: () => first.files.reduce((sum, { bytes }) => sum + bytes, 0) * splits,
    reference: true,
  };
  return runContest({ name, title, contenders: [contender] }, bench);
}

/** The entry of another split with the same input. */
function withNumber(first, split) {
  const files = first.files.map((file) => ({
    ...file,
    path: file.path.replace('part-00000-', `part-${fiveDigits(split)}-`),
  }));
  return { ...first, split, files };
}

const fiveDigits = (split) => String(split).padStart(5, '0');
const lastPart = (path) => path.split(/[\\/]/).at(-1);

async function withMinio(bench, name, work) {
  const binary = findProgram('minio');
  if (!binary) {
    bench.note(`${name}: not on S3, no MinIO in PINELOAD_TEST_BIN, .cache/bin or on PATH (.ci/run installs one).`);
    return [];
  }
  const minio = await startMinio(binary, BUCKET);
  try {
    return await work(minio);
  } finally {
    await minio.stop();
  }
}

function withVerdict(row, { seconds, peakBytes = Infinity }) {
  if (row.failed) return row;
  const memory = peakBytes === Infinity ? '' : `, ${peakBytes / 1e6} MB`;
  const verdict = {
    text: `at most ${seconds} s${memory} for ${OBJECTS.toLocaleString('en')}`,
    met: row.seconds <= seconds && (row.peakBytes ?? 0) <= peakBytes,
  };
  return { ...row, outputBytes: undefined, verdict };
}
