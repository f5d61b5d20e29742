import { join } from 'node:path';
import { parquetBytes, runContest } from '../lib/contest.mjs';
import { measure } from '../lib/measure.mjs';
import { makeImportDirectory } from '../lib/import-directory.mjs';
import { findProgram } from '../lib/minio.mjs';
import { showSize } from '../lib/sizes.mjs';
import { AIMS, UPLOAD_PEAK_BYTES } from './aims.mjs';
import { CLI, convertCommand, NODE, peer } from './commands.mjs';
import { uploadCommand, withMinio } from './store.mjs';

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

/** Size of a small file in bytes: what many namespaces with few records each come to. */
const SMALL_FILE_BYTES = 20_000;

/** Files to S3, against the tools that people use for that, where they and a server can be had. */
export async function uploadS3Case(bench, { name, title }) {
  const { upload } = bench;
  const size =
    name === 'upload-s3-small'
      ? { files: upload.smallFiles, bytes: upload.smallFiles * SMALL_FILE_BYTES }
      : { files: upload.files, bytes: upload.bytes };
  return withMinio(name, bench, async (minio) => {
    const dir = join(bench.keepDir, 'files');
    const bytes = makeImportDirectory(dir, size);
    const aims = AIMS[name];
    const common = {
      env: minio.env,
      outputBytes: async (run) => {
        const arrived = await minio.parquetBytes(minio.prefix(run));
        await minio.empty(minio.prefix(run));
        return arrived;
      },
    };
    const to = (run) => `s3://${minio.bucket}/${minio.prefix(run)}`;
    const contenders = [
      { ...common, id: 'pineload', tool: 'pineload upload', command: uploadCommand(minio, dir), reference: true },
      {
        ...common,
        id: 's5cmd',
        tool: 's5cmd cp',
        target: aims.s5cmd,
        command: (run) => ['s5cmd', '--endpoint-url', minio.endpoint, 'cp', `${dir}/`, to(run)],
      },
      {
        ...common,
        id: 'rclone',
        tool: 'rclone copy',
        target: aims.rclone,
        env: {
          ...minio.env,
          RCLONE_CONFIG_BENCH_TYPE: 's3',
          RCLONE_CONFIG_BENCH_PROVIDER: 'Minio',
          RCLONE_CONFIG_BENCH_ENV_AUTH: 'true',
          RCLONE_CONFIG_BENCH_ENDPOINT: minio.endpoint,
        },
        command: (run) => ['rclone', 'copy', '--s3-no-check-bucket', dir, `bench:${minio.bucket}/${minio.prefix(run)}`],
      },
      {
        ...common,
        id: 'aws',
        tool: 'aws s3 cp',
        target: aims.awscli,
        command: (run) => [
          ...['aws', '--endpoint-url', minio.endpoint, 's3', 'cp', '--recursive', '--only-show-errors'],
          ...[dir, to(run)],
        ],
      },
    ];
    const there = contenders.filter(({ id, reference }) => reference || (bench.peers && findProgram(id) !== undefined));
    if (there.length < contenders.length && bench.peers) {
      bench.note(`${name}: bench/install-peers.sh installs those of s5cmd, rclone and awscli that are not there.`);
    }
    // By its path: on PATH there may be another one.
    const found = there.map((each) => ({
      ...each,
      command: (run) => {
        const [program, ...rest] = each.command(run);
        return [each.reference ? program : findProgram(program), ...rest];
      },
    }));
    const rows = await runContest({ name, title, mbBytes: bytes, contenders: found }, bench);
    const [{ peakBytes }] = rows;
    const verdict = peakBytes && {
      text: `peak ${Math.round(peakBytes / 1e6)} MB (aim: at most ${UPLOAD_PEAK_BYTES / 1e6} MB)`,
      met: peakBytes <= UPLOAD_PEAK_BYTES,
    };
    bench.note(`${name}: ${size.files.toLocaleString('en')} files, ${showSize(bytes)} in all.`);
    return sameBytes(rows, bytes).map((row) => (row.reference ? { ...row, verdict } : row));
  });
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
