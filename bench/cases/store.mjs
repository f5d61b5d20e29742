import { findProgram, startMinio } from '../lib/minio.mjs';
import { CLI, NODE } from './commands.mjs';

const BUCKET = 'bench';

/** Runs a case with a MinIO of its own; without one the case is left out, and the report says so. */
export async function withMinio(name, { note, upload }, work) {
  const binary = findProgram('minio');
  if (!binary) {
    note(`${name}: skipped, no MinIO in PINELOAD_TEST_BIN, .cache/bin or on PATH (.ci/run installs one).`);
    return [];
  }
  const minio = await startMinio(binary, BUCKET, upload.storeDir);
  try {
    return await work({
      ...minio,
      bucket: BUCKET,
      /** Where a run puts its objects. */
      prefix: ({ out }) => `${out.split(/[\\/]/).at(-1)}/`,
    });
  } finally {
    await minio.stop();
  }
}

/** `pineload upload` with its default options. */
export const uploadCommand =
  (minio, dir, more = []) =>
  (run) => [NODE, CLI, 'upload', dir, '--to', `s3://${minio.bucket}/${minio.prefix(run)}`, ...minio.options, ...more];
