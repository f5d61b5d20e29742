import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { PineloadEvent } from '../../src/base/events.js';
import { convert } from '../../src/pipeline/convert.js';
import type { ConvertOptions } from '../../src/pipeline/options.js';
import { openStore } from '../../src/uploaders/open-store.js';
import { type FaultProxy, type SeenRequest, startFaultProxy } from '../support/fault-proxy.js';
import { type Minio, startMinio } from '../support/minio.js';
import { storedOutcome } from '../support/stored-outcome.js';
import { readAll } from '../support/store-conformance.js';
import { useTempDir } from '../support/temp-dir.js';
import { writeRecords } from '../support/write-records.js';

const temp = useTempDir();
const RECORDS = 45_000;
/** In the second of three splits, each of which fills several parts. */
const BAD_LINE = 30_001;
let minio: Minio;
let proxy: FaultProxy;

beforeAll(async () => {
  minio = await startMinio();
  const { AWS_ENDPOINT_URL_S3: _, ...keys } = minio.env;
  for (const [name, value] of Object.entries(keys)) vi.stubEnv(name, value);
  await minio.createBucket('overlap');
  proxy = await startFaultProxy(minio.endpoint);
  await writeRecords(temp('vectors.jsonl'), RECORDS, 1, new Map([[BAD_LINE - 1, '{"id":"bad","values":[1,2,']]));
  await convertTo('whole', { onError: 'skip', s3Endpoint: minio.endpoint });
}, 120_000);
afterAll(async () => {
  vi.unstubAllEnvs();
  await proxy.stop();
  await minio.stop();
});

const convertTo = (to: string, more: Partial<ConvertOptions>): ReturnType<typeof convert> =>
  convert({
    ...{ inputs: [temp('vectors.jsonl')], to: minio.uri('overlap', to), s3Endpoint: proxy.endpoint },
    ...{ splitSize: '40MB', partSize: 5 * 1024 * 1024, ...more },
  });

const outcome = (to: string): Promise<Record<string, string>> =>
  storedOutcome(minio.uri('overlap', to), minio.endpoint);

/** What the state holds, by name. */
async function state(to: string): Promise<Map<string, Buffer>> {
  const store = await openStore(`${minio.uri('overlap', to)}.pineload`, { endpoint: minio.endpoint });
  const found = new Map<string, Buffer>();
  for await (const { key } of store.list('')) found.set(key, Buffer.from(await readAll(store.read(key))));
  await store.close();
  return found;
}

const isEntry = ({ method, url }: SeenRequest, split: number): boolean =>
  method === 'PUT' && url.includes(`/journal/split-0000${split}.json`);
const isPart = ({ method, url }: SeenRequest, split: number): boolean =>
  method === 'PUT' && url.includes(`/part-0000${split}-00000.parquet?`) && url.includes('partNumber=');

/** What resolves when it is told to, or else after 20 s: a test then fails by what it sees. */
function signalled(): { readonly promise: Promise<void>; readonly tell: () => void } {
  let tell = (): void => undefined;
  const promise = new Promise<void>((resolve) => {
    tell = resolve;
    setTimeout(resolve, 20_000).unref();
  });
  return { promise, tell };
}

/** Looks at every request, and changes none. */
const looking = (look: (request: SeenRequest) => void) =>
  ({ on: (request: SeenRequest) => (look(request), false), act: { kind: 'reset' } }) as const;

describe('a split that is finished while the next one is read', () => {
  it('is journaled when the next one is on its way already; bytes, lines of rejects and counts are the same', async () => {
    const begun = signalled();
    const order: string[] = [];
    proxy.set(
      looking((request) => {
        if (!isPart(request, 1)) return;
        order.push('part of split 1');
        begun.tell();
      }),
      {
        on: (request) => isEntry(request, 0),
        act: { kind: 'do', action: () => begun.promise.then(() => void order.push('entry of split 0')) },
      },
    );
    const events: PineloadEvent[] = [];
    await convertTo('held', { onError: 'skip', onEvent: (event) => void events.push(event) });
    expect(order[0]).toBe('part of split 1');
    expect(order).toContain('entry of split 0');
    expect(await outcome('held')).toEqual(await outcome('whole'));
    expect((await state('held')).get('rejects.jsonl')).toEqual((await state('whole')).get('rejects.jsonl'));
    // As in a file that is read in one go, since the lines of the split before are known already.
    const rejects = events.filter((event) => event.type === 'reject');
    expect(rejects).toMatchObject([{ reject: { line: BAD_LINE } }]);
    const progress = events.filter((event) => event.type === 'convert.progress');
    for (const [i, { records, files, bytesWritten }] of progress.entries()) {
      const before = progress[i - 1] ?? { records: 0, files: 0, bytesWritten: 0 };
      expect(records).toBeGreaterThanOrEqual(before.records);
      expect(files).toBeGreaterThanOrEqual(before.files);
      expect(bytesWritten).toBeGreaterThanOrEqual(before.bytesWritten);
    }
    expect(progress.at(-1)).toMatchObject({ records: RECORDS - 1, rejected: 1, files: 3 });
  }, 60_000);

  it('is finished all the same when the next one has a bad record', async () => {
    proxy.set({
      on: (request) => isEntry(request, 0),
      // Longer than it takes to come to the bad record.
      act: { kind: 'do', action: () => new Promise((resolve) => setTimeout(resolve, 1500)) },
    });
    await expect(convertTo('bad', {})).rejects.toMatchObject({ code: 'RECORD_REJECTED', line: BAD_LINE });
    expect([...(await state('bad')).keys()].filter((key) => key.startsWith('journal/'))).toEqual([
      'journal/split-00000.json',
    ]);
    await convertTo('bad', { onError: 'skip', overwrite: true });
    expect(await outcome('bad')).toEqual(await outcome('whole'));
  }, 60_000);

  it('ends the run at once when it fails, and nothing of the next one is left under way', async () => {
    const open = new Set<string>();
    const entriesOf1: string[] = [];
    proxy.set(
      looking(({ method, url }) => {
        if (isEntry({ method, url } as SeenRequest, 1)) entriesOf1.push(url);
        const [path, query = ''] = url.split('?');
        if (isPart({ method, url } as SeenRequest, 1)) open.add(path!);
        if (/^uploadId=|&uploadId=/.test(query) && method !== 'PUT') open.delete(path!);
      }),
      // It is tried again until the next split is under way.
      {
        on: (request) => isEntry(request, 0) && open.size === 0,
        times: Infinity,
        act: { kind: 'answer', status: 503 },
      },
      {
        on: (request) => isEntry(request, 0),
        times: Infinity,
        act: {
          kind: 'answer',
          status: 403,
          body: '<?xml version="1.0"?><Error><Code>AccessDenied</Code><Message>no</Message></Error>',
        },
      },
    );
    await expect(convertTo('refused', { onError: 'skip' })).rejects.toMatchObject({ code: 'STORE_CREDENTIALS' });
    expect(entriesOf1).toEqual([]);
    expect([...open]).toEqual([]);
    proxy.set();
    // The same command again ends the same.
    await convertTo('refused', { onError: 'skip' });
    expect(await outcome('refused')).toEqual(await outcome('whole'));
  }, 60_000);
});
