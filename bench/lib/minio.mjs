import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { accessSync, constants, cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, delimiter, dirname, join } from 'node:path';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const START_MS = 30_000;
const PUTS_AT_ONCE = 32;
const CACHED_BINARIES = fileURLToPath(new URL('../../.cache/bin', import.meta.url));

/** Path of a program: in PINELOAD_TEST_BIN, where .ci/run puts its servers, or on PATH; undefined if nowhere. */
export function findProgram(name) {
  const directories = [process.env.PINELOAD_TEST_BIN, CACHED_BINARIES, ...(process.env.PATH ?? '').split(delimiter)];
  for (const directory of directories) {
    if (!directory) continue;
    try {
      accessSync(join(directory, name), constants.X_OK);
      return join(directory, name);
    } catch {
      // Not there.
    }
  }
  return undefined;
}

/**
 * Starts MinIO on loopback, on a directory and with keys of its own.
 *
 * @param {string} binary
 * @param {string} bucket made at once
 * @param {string} [directory] where its data lies; default: the system's for temporary files
 */
export async function startMinio(binary, bucket, directory = tmpdir()) {
  const data = mkdtempSync(join(directory, 'pineload-bench-minio-'));
  const credentials = { accessKeyId: 'pineloadbench', secretAccessKey: randomBytes(20).toString('hex') };
  const port = await freePort();
  const endpoint = `http://127.0.0.1:${port}`;
  const env = { MINIO_ROOT_USER: credentials.accessKeyId, MINIO_ROOT_PASSWORD: credentials.secretAccessKey };
  const server = spawn(binary, ['server', data, '--address', `127.0.0.1:${port}`, '--quiet'], {
    env: { ...process.env, ...env, MINIO_BROWSER: 'off', MINIO_UPDATE: 'off' },
    stdio: 'ignore',
  });
  const ended = new Promise((resolve) => server.once('exit', resolve).once('error', resolve));
  const stop = async () => {
    server.kill();
    await ended;
    rmSync(data, { recursive: true, force: true });
  };
  try {
    await answers(`${endpoint}/minio/health/ready`, server);
    // Its notice about Node versions to come has no place in a report.
    process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= 'true';
    const {
      S3Client,
      CreateBucketCommand,
      DeleteObjectsCommand,
      GetObjectCommand,
      ListObjectsV2Command,
      PutObjectCommand,
    } = await import('@aws-sdk/client-s3');
    const client = new S3Client({ endpoint, region: 'us-east-1', forcePathStyle: true, credentials });
    await client.send(new CreateBucketCommand({ Bucket: bucket }));
    return {
      endpoint,
      env: {
        AWS_ACCESS_KEY_ID: credentials.accessKeyId,
        AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
        AWS_REGION: 'us-east-1',
      },
      /** Options by which pineload finds it. */
      options: ['--s3-endpoint', endpoint, '--s3-region', 'us-east-1'],
      /** Time of the processor that the server has taken so far, in seconds; undefined where that cannot be told. */
      cpuSeconds: () => cpuSecondsOf(server.pid),
      /** Puts small objects, some at a time. */
      putObjects: async (objects) => {
        let next = 0;
        const put = async () => {
          while (next < objects.length) {
            const [key, body] = objects[next++];
            await client.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: body }));
          }
        };
        await Promise.all(Array.from({ length: PUTS_AT_ONCE }, put));
      },
      /**
       * Makes many objects of some that were put, as copies on the server's drive, where an object is a directory of its name: 100,000
       * requests would take many minutes. Whoever measures sees by the counts whether the server has found them.
       *
       * @param {readonly [from: string, to: string][]} pairs
       */
      copyObjects: (pairs) => {
        const place = (key) => join(data, bucket, ...key.split('/'));
        for (const [from, to] of pairs) cpSync(place(from), place(to), { recursive: true });
      },
      /** How many objects there are whose keys begin so, seen on the server's drive: asking it would take from what is measured. */
      countOnDrive: (start) => {
        const place = join(data, bucket, dirname(start));
        if (!existsSync(place)) return 0;
        return readdirSync(place).filter((name) => name.startsWith(basename(start))).length;
      },
      /** Bytes of the Parquet objects below a prefix. */
      parquetBytes: async (prefix) => {
        let bytes = 0;
        for (let token; ;) {
          const page = await client.send(
            new ListObjectsV2Command({ Bucket: bucket, Prefix: prefix, ContinuationToken: token }),
          );
          for (const { Key, Size } of page.Contents ?? []) if (Key.endsWith('.parquet')) bytes += Size;
          token = page.NextContinuationToken;
          if (!token) return bytes;
        }
      },
      text: async (key) =>
        (await client.send(new GetObjectCommand({ Bucket: bucket, Key: key }))).Body.transformToString(),
      /** Deletes what is below a prefix, so that many runs find room. */
      empty: async (prefix) => {
        for (;;) {
          const page = await client.send(new ListObjectsV2Command({ Bucket: bucket, Prefix: prefix }));
          const Objects = (page.Contents ?? []).map(({ Key }) => ({ Key }));
          if (Objects.length === 0) break;
          await client.send(new DeleteObjectsCommand({ Bucket: bucket, Delete: { Objects, Quiet: true } }));
        }
        // What is deleted is only moved there, to be removed minutes later.
        const trash = join(data, '.minio.sys/tmp/.trash');
        if (!existsSync(trash)) return;
        for (const name of readdirSync(trash)) rmSync(join(trash, name), { recursive: true, force: true });
      },
      stop: async () => {
        client.destroy();
        await stop();
      },
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function answers(url, server) {
  const deadline = performance.now() + START_MS;
  for (;;) {
    if (server.exitCode !== null) throw new Error(`MinIO ended with ${server.exitCode}`);
    const ready = await fetch(url)
      .then((answer) => answer.ok)
      .catch(() => false);
    if (ready) return;
    if (performance.now() > deadline) throw new Error('MinIO did not get ready');
    await sleep(50);
  }
}

async function freePort() {
  const server = createServer();
  await new Promise((resolve, reject) => server.once('error', reject).listen(0, '127.0.0.1', resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Ticks a second in which Linux tells the times of a process: USER_HZ, 100 on every machine that Node runs on. */
const TICKS = 100;

function cpuSecondsOf(pid) {
  try {
    // The name, in brackets, may hold spaces; user and system time are the 14th and 15th field, proc(5).
    const [, ...fields] = readFileSync(`/proc/${pid}/stat`, 'latin1').split(/\) /).at(-1).split(' ');
    return (Number(fields[10]) + Number(fields[11])) / TICKS;
  } catch {
    return undefined;
  }
}
