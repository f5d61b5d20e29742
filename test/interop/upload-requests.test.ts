import { readdir } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { PineloadEvent } from '../../src/base/events.js';
import { upload } from '../../src/pipeline/upload.js';
import { type FaultProxy, type SeenRequest, startFaultProxy } from '../support/fault-proxy.js';
import { makeImportDirectory } from '../support/import-directory.js';
import { type Minio, startMinio } from '../support/minio.js';
import { useTempDir } from '../support/temp-dir.js';

const temp = useTempDir();
const PART = 5 * 1024 * 1024;
/** What an upload asks and says besides its files: what is there, the plan, the manifest. */
const MOST_BESIDES = 8;
let minio: Minio;
let proxy: FaultProxy;

beforeAll(async () => {
  minio = await startMinio();
  await minio.createBucket('data');
  const { AWS_ENDPOINT_URL_S3: _, ...env } = minio.env;
  for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value);
  proxy = await startFaultProxy(minio.endpoint);
});
afterAll(async () => {
  vi.unstubAllEnvs();
  await proxy.stop();
  await minio.stop();
});

/** Requests of one upload: those to the files, without their names and numbers, and how many there were besides. */
async function requestsOf(directory: string): Promise<{ files: Record<string, number>; besides: number }> {
  const files: Record<string, number> = {};
  let besides = 0;
  proxy.set({
    on: ({ method, url }) => {
      const file =
        /^\/data\/[^/]+\/ns-\d+\/[^?]+(.*)$/.exec(url) ?? /prefix=[^&]*%2Fns-\d+%2F[^&]*(&uploads.*)$/.exec(url);
      const what = file?.[1]?.replace(/^[?&]x-id=.*|=[^&]*/g, '');
      if (what === undefined) besides++;
      else files[`${method} ${what}`.trim()] = (files[`${method} ${what}`.trim()] ?? 0) + 1;
      return false;
    },
    act: { kind: 'reset' },
  });
  const to = `s3://data/${directory}`;
  expect(await upload({ from: temp(directory), to, s3Endpoint: proxy.endpoint, partSize: PART })).toMatchObject({
    complete: true,
  });
  return { files, besides };
}

describe('requests of an upload to S3', () => {
  it('are one for each small file, and one again to see that it is there', async () => {
    await makeImportDirectory(
      temp('small'),
      Array.from({ length: 200 }, (_, i) => 500 + i),
    );
    expect((await readdir(temp('small'))).length).toBe(3);
    const first = await requestsOf('small');
    expect(first.files).toEqual({ PUT: 200 });
    expect(first.besides).toBeLessThanOrEqual(MOST_BESIDES);
    const again = await requestsOf('small');
    expect(again.files).toEqual({ HEAD: 200 });
    expect(again.besides).toBeLessThanOrEqual(MOST_BESIDES);
  });

  it('are one for each part of a large one, one to begin it, one to end it, and one look for an upload to go on with', async () => {
    await makeImportDirectory(temp('large'), [4 * PART, 4 * PART + 1, 3.5 * PART]);
    const { files, besides } = await requestsOf('large');
    expect(files).toEqual({
      'GET &uploads': 3,
      'POST ?uploads': 3,
      'PUT ?partNumber&uploadId&x-id': 4 + 5 + 4,
      'POST ?uploadId': 3,
    });
    expect(besides).toBeLessThanOrEqual(MOST_BESIDES);
  });
});

it('a look at many files that are there already gives no warning of Node', async () => {
  await makeImportDirectory(
    temp('there'),
    Array.from({ length: 40 }, (_, i) => 500 + i),
  );
  const options = { from: temp('there'), to: 's3://data/there', s3Endpoint: minio.endpoint };
  await upload(options);
  const warnings: string[] = [];
  const onWarning = ({ name }: Error): void => void warnings.push(name);
  process.on('warning', onWarning);
  const { complete } = await upload({ ...options, dryRun: true, signal: new AbortController().signal });
  // Warnings come a turn later.
  await new Promise(setImmediate);
  process.off('warning', onWarning);
  expect(complete).toBe(false);
  expect(warnings).toEqual([]);
});

describe('progress of an upload to S3', () => {
  it('tells of bytes that the store has, not of those that wait in memory', async () => {
    await makeImportDirectory(temp('waiting'), [3 * PART, 2 * PART, 700]);
    let arrived = 0;
    let pass = () => {};
    const held = new Promise<void>((resolve) => (pass = resolve));
    const isPart = ({ method, url }: SeenRequest) => method === 'PUT' && url.includes('partNumber=');
    proxy.set({
      on: isPart,
      times: Infinity,
      act: { kind: 'do', action: () => (arrived++, held) },
    });
    const progress: { bytes: number; bytesTotal: number }[] = [];
    const done = upload({
      ...{ from: temp('waiting'), to: 's3://data/waiting', s3Endpoint: proxy.endpoint, partSize: PART },
      onEvent: (event) => event.type === 'upload.progress' && progress.push(event),
    });
    await vi.waitUntil(() => arrived === 5, { timeout: 20_000 });
    // The small one is there, nothing of the others.
    expect(progress.length).toBeGreaterThan(0);
    for (const { bytes } of progress) expect(bytes).toBeLessThanOrEqual(700);
    pass();
    expect(await done).toMatchObject({ sentBytes: 5 * PART + 700 });
    expect(progress.at(-1)).toMatchObject({ bytes: 5 * PART + 700, bytesTotal: 5 * PART + 700 });
  });

  it('does not count parts that an upload before has stored as sent', async () => {
    await makeImportDirectory(temp('again'), [3 * PART]);
    const options = { from: temp('again'), to: 's3://data/again', s3Endpoint: proxy.endpoint, partSize: PART };
    const last = ({ method, url }: SeenRequest) => method === 'POST' && url.includes('uploadId=');
    proxy.set({ on: last, times: Infinity, act: { kind: 'reset' } });
    await expect(upload({ ...options, tries: 1 })).rejects.toThrow();
    proxy.set();
    const progress: { bytes: number }[] = [];
    const onEvent = (event: PineloadEvent) => event.type === 'upload.progress' && progress.push(event);
    expect(await upload({ ...options, onEvent })).toMatchObject({ complete: true, sentBytes: 0 });
    expect(progress.at(-1)).toMatchObject({ bytes: 3 * PART });
  });
});
