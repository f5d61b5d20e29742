import { join } from 'node:path';
import { parquetBytes, runContest } from '../lib/contest.mjs';
import { measure } from '../lib/measure.mjs';
import { findProgram, startMinio } from '../lib/minio.mjs';
import { CLI, convertCommand, NODE, peer } from './commands.mjs';

/** A converted directory to another directory. */
export async function uploadLocalCase(bench, theCase) {
  const { facts, dir, bytes } = await converted(bench);
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
  const rows = await runContest({ ...uploadContest(theCase, facts, bytes), contenders }, bench);
  return sameBytes(rows, bytes);
}

/** A converted directory to S3, where a server can be had. */
export async function uploadS3Case(bench, theCase) {
  const binary = findProgram('minio');
  if (!binary) {
    bench.note('upload-s3: skipped, no MinIO in PINELOAD_TEST_BIN, .cache/bin or on PATH (.ci/run installs one).');
    return [];
  }
  const { facts, dir, bytes } = await converted(bench);
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
        command: (run) => [...[NODE, CLI, 'upload', dir, '--to', `s3://${bucket}/${key(run)}`], ...minio.options],
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
    const rows = await runContest({ ...uploadContest(theCase, facts, bytes), contenders }, bench);
    return sameBytes(rows, bytes);
  } finally {
    await minio.stop();
  }
}

/** A converted directory to upload; it lies where the rounds of a contest do not clear up. */
async function converted(bench) {
  const facts = await bench.input('jsonl-17');
  const dir = join(bench.keepDir, 'converted');
  const run = await measure(convertCommand('jsonl-17')({ input: facts.path, out: dir }), { peak: false });
  if (run.failed) throw new Error(`There is nothing to upload, for convert failed: ${run.failed}`);
  return { facts, dir, bytes: parquetBytes(dir) };
}

/** MB/s of an upload are those of the Parquet files. */
function uploadContest({ name, title }, facts, bytes) {
  return { name, title, facts, mbBytes: bytes };
}

function sameBytes(rows, bytes) {
  return rows.map((row) => {
    if (row.failed) return row;
    const problems = row.outputBytes === bytes ? [] : [`${row.outputBytes} bytes of Parquet arrived, not ${bytes}`];
    return { ...row, check: { bytes, problems } };
  });
}
