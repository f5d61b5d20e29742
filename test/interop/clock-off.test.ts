import { randomBytes } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type FaultProxy, startFaultProxy } from '../support/fault-proxy.js';
import { makeImportDirectory } from '../support/import-directory.js';
import { type Minio, startMinio } from '../support/minio.js';
import { runCli } from '../support/run-cli.js';
import { useTempDir } from '../support/temp-dir.js';

const CLOCK = fileURLToPath(new URL('../support/clock-off.cjs', import.meta.url));
const HOUR_MS = 60 * 60 * 1000;
/** One file in three parts, which the SDK signs; the others in one request each, which are signed here. */
const SIZES = [11_000_000, ...Array.from({ length: 60 }, (_, i) => 1000 + i)];

const temp = useTempDir();
let minio: Minio;
let proxy: FaultProxy;

beforeAll(async () => {
  minio = await startMinio();
  await minio.createBucket('clock');
  proxy = await startFaultProxy(minio.endpoint);
  await makeImportDirectory(temp('files'), SIZES);
});
afterAll(async () => {
  await proxy.stop();
  await minio.stop();
});

// MinIO refuses what is signed for another time than its own, as S3 does, and tells its time.
describe.each([HOUR_MS, -HOUR_MS])('a clock that is off by %d ms', (off) => {
  it('does not stop an upload: the store is asked for its time once, and not with every object', async () => {
    const puts: string[] = [];
    const asked: string[] = [];
    proxy.set({
      on: ({ method, url }) => {
        if (url.includes('upload.json') && method !== 'PUT') asked.push(url);
        if (method === 'PUT') puts.push(url.split('?')[0]!);
        return false;
      },
      act: { kind: 'reset' },
    });
    const to = minio.uri('clock', randomBytes(4).toString('hex'));
    const env = { ...minio.env, AWS_ENDPOINT_URL_S3: proxy.endpoint };
    const { code, stderr } = await runCli(['upload', temp('files'), '--to', to, '--part-size', '5MiB', '--verify'], {
      env: { ...env, NODE_OPTIONS: `--require ${CLOCK}`, CLOCK_OFF_MS: String(off) },
    });
    proxy.set();
    expect(code, stderr).toBe(0);
    // Refused once for its time, then answered: there is none. That is no reason to ask again.
    expect(asked.length).toBeLessThanOrEqual(3);
    expect(puts.length).toBeGreaterThanOrEqual(SIZES.length);
    // Parts, state and manifest; had each small object been refused once, there would be twice as many.
    expect(puts.length).toBeLessThan(SIZES.length + 30);
    const again = await runCli(['upload', temp('files'), '--to', to], { env: minio.env });
    expect(again.code, again.stderr).toBe(0);
  }, 60_000);
});
