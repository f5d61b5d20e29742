import { randomBytes } from 'node:crypto';
import { Crc32cJs, Crc64NvmeJs } from '@aws-sdk/checksums/crc';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PineloadError } from '../../src/base/errors.js';
import type { ObjectInfo, ObjectStore, StoreOptions } from '../../src/uploaders/object-store.js';
import { type BreakingProxy, startBreakingProxy } from './breaking-proxy.js';

/** What of the contract a kind of store can be asked about. */
export interface StoreTraits {
  readonly metadata: boolean;
  /** Is it reached through a network that can break? */
  readonly network: boolean;
  /** Does the server keep to the protocol when part of an upload has to be sent again? */
  readonly resend: boolean;
  readonly missingBucket: boolean;
  /** Does the server check credentials? */
  readonly wrongKey: boolean;
  /** The checksum that it keeps of every object. */
  readonly keeps?: 'crc64nvme' | 'crc32c';
  /** Does it tell of uploads that were begun and not finished? */
  readonly tellsUnfinished?: boolean;
}

/** One kind of store, set up for the suite. */
export interface StoreHarness {
  /** Opens the directory of that name; each test takes another one. */
  open(directory: string, options?: StoreOptions): Promise<ObjectStore>;
  /** Smallest part the store takes. */
  readonly partBytes: number;
  /** Keys to list; with `listPage`, or without it the service's own page size, they fill several pages. */
  readonly manyKeys: number;
  readonly listPage?: number;
  /** A store whose bucket or container does not exist. */
  openMissing?(): Promise<ObjectStore>;
  /** The same store with credentials that are wrong. */
  openWrongKey?(): Promise<ObjectStore>;
  /** Opens through a proxy in front of `endpoint`. */
  readonly network?: {
    readonly endpoint: string;
    open(directory: string, endpoint: string, options?: StoreOptions): Promise<ObjectStore>;
  };
  /** Anything left of unfinished writes below the directory. */
  leftovers?(directory: string): Promise<number>;
  /** Texts that no error may hold. */
  readonly secrets: readonly string[];
  stop(): Promise<void>;
}

export async function readAll(stream: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** The checksum of bytes, as the SDKs compute it. */
export async function crcOf(name: 'crc64nvme' | 'crc32c', bytes: Uint8Array): Promise<string> {
  const crc = name === 'crc64nvme' ? new Crc64NvmeJs() : new Crc32cJs();
  crc.update(bytes);
  return Buffer.from(await crc.digest()).toString('hex');
}

export async function keysOf(list: AsyncIterable<ObjectInfo>): Promise<string[]> {
  const keys: string[] = [];
  for await (const { key } of list) keys.push(key);
  return keys;
}

/** The PineloadError that `action` ends in. */
export async function errorOf(action: Promise<unknown>): Promise<PineloadError> {
  const error: unknown = await action.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof PineloadError)) throw new Error('a PineloadError was expected', { cause: error });
  return error;
}

/** Everything an error can show: message, JSON, stack, causes. */
export function allText(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return `${error.stack}\n${JSON.stringify(error)}\n${error.cause === undefined ? '' : allText(error.cause)}`;
}

const ODD_KEYS = [
  'a b/c d.parquet',
  'plus+plus.parquet',
  'percent%20%41.parquet',
  'quote\'"<&>.parquet',
  'question?mark#hash.parquet',
  'ns=1/x:y@z,;!$()[].parquet',
  'ümläut/日本語/🙂.parquet',
  '~tilde/-dash/_under.parquet',
  '..dots/...x/.hidden.parquet',
];

const BAD_KEYS = ['', '/a', 'a/', 'a//b', '.', '..', '../a', 'a/../../b', 'a/./b', 'a\nb', 'a\0b', 'a\ud800b'];

/** What every ObjectStore promises, tried on one kind of store. */
export function storeConformance(name: string, traits: StoreTraits, setup: () => Promise<StoreHarness>): void {
  describe(`${name}: the store`, () => {
    let harness: StoreHarness;
    let count = 0;
    const opened: ObjectStore[] = [];
    const errors: PineloadError[] = [];
    const fresh = () => `t${++count}-${randomBytes(4).toString('hex')}`;
    const open = async (options?: StoreOptions, directory = fresh()) => {
      const store = await harness.open(directory, { partBytes: harness.partBytes, tries: 3, ...options });
      opened.push(store);
      return store;
    };
    const failureOf = async (action: Promise<unknown>) => {
      const error = await errorOf(action);
      errors.push(error);
      return error;
    };

    beforeAll(async () => {
      harness = await setup();
    });
    afterAll(async () => {
      for (const store of opened) await store.close();
      await harness?.stop();
    });

    it('puts, tells, reads and deletes an object', async () => {
      const store = await open();
      const bytes = randomBytes(1000);
      expect(store.uri.endsWith('/')).toBe(true);
      expect(await store.head('ns/a.bin')).toBeUndefined();
      const put = await store.put('ns/a.bin', bytes, { contentType: 'application/x-test' });
      expect(put).toMatchObject({ key: 'ns/a.bin', bytes: 1000 });
      const info = await store.head('ns/a.bin');
      expect(info).toMatchObject({ key: 'ns/a.bin', bytes: 1000 });
      expect(info?.etag).toBeTruthy();
      expect(put.etag).toBe(info?.etag);
      expect(await readAll(store.read('ns/a.bin'))).toEqual(bytes);
      await store.put('ns/a.bin', bytes.subarray(0, 10));
      expect((await store.head('ns/a.bin'))?.etag).not.toBe(info?.etag);
      await store.delete('ns/a.bin');
      await store.delete('ns/a.bin');
      expect(await store.head('ns/a.bin')).toBeUndefined();
      expect(await keysOf(store.list(''))).toEqual([]);
    });

    it('sends only the bytes of a view, not of the buffer under it', async () => {
      const store = await open();
      const whole = randomBytes(64);
      await store.put('view', new Uint8Array(whole.buffer, whole.byteOffset + 8, 16));
      const writer = await store.create('stream');
      await writer.write(new Uint8Array(whole.buffer, whole.byteOffset + 8, 16));
      await writer.close();
      expect(await readAll(store.read('view'))).toEqual(whole.subarray(8, 24));
      expect(await readAll(store.read('stream'))).toEqual(whole.subarray(8, 24));
    });

    it('keeps empty objects', async () => {
      const store = await open();
      await store.put('put', new Uint8Array());
      const writer = await store.create('create');
      expect(await writer.close()).toMatchObject({ key: 'create', bytes: 0 });
      for (const key of ['put', 'create']) {
        expect(await store.head(key)).toMatchObject({ bytes: 0 });
        expect(await readAll(store.read(key))).toHaveLength(0);
        expect(await readAll(store.read(key, { start: 5 }))).toHaveLength(0);
      }
      expect(await keysOf(store.list(''))).toEqual(['create', 'put']);
    });

    it('reads ranges', async () => {
      const store = await open();
      const bytes = randomBytes(10_000);
      await store.put('r', bytes);
      const ranges: [number | undefined, number | undefined][] = [
        [0, 1],
        [0, 10_000],
        [9_999, 10_000],
        [100, 200],
        [9_000, undefined],
        [9_000, 20_000],
        [undefined, 8],
        [10_000, undefined],
        [20_000, undefined],
        [20_000, 20_010],
        [5, 5],
      ];
      for (const [start, end] of ranges) {
        expect(await readAll(store.read('r', { start, end })), `${start}-${end}`).toEqual(bytes.subarray(start, end));
      }
    });

    it('streams an object of several parts that nobody sees before it is closed', async () => {
      const store = await open();
      const bytes = randomBytes(harness.partBytes * 3 + 12_345);
      const writer = await store.create('ns/big.parquet');
      // Pieces of odd sizes, among them one larger than a part.
      let at = 0;
      for (const size of [1, 70_001, harness.partBytes + 1, 333, Infinity]) {
        await writer.write(bytes.subarray(at, Math.min(at + size, bytes.length)));
        at = Math.min(at + size, bytes.length);
        expect(await store.head('ns/big.parquet')).toBeUndefined();
        expect(await keysOf(store.list(''))).toEqual([]);
      }
      expect(await writer.close()).toMatchObject({ key: 'ns/big.parquet', bytes: bytes.length });
      expect(await store.head('ns/big.parquet')).toMatchObject({ bytes: bytes.length });
      expect((await readAll(store.read('ns/big.parquet'))).equals(bytes)).toBe(true);
      const middle = { start: harness.partBytes - 7, end: harness.partBytes + 7 };
      expect(await readAll(store.read('ns/big.parquet', middle))).toEqual(bytes.subarray(middle.start, middle.end));
    });

    it.each([1, 2])('streams exactly %i full parts', async (parts) => {
      const store = await open();
      const bytes = randomBytes(harness.partBytes * parts);
      const writer = await store.create('exact');
      await writer.write(bytes);
      await writer.close();
      expect((await readAll(store.read('exact'))).equals(bytes)).toBe(true);
    });

    it.each([0.5, 2.5])('leaves nothing of a write of %f parts that is aborted', async (parts) => {
      const directory = fresh();
      const store = await open({}, directory);
      await store.put('other', Buffer.from('x'));
      const writer = await store.create('ns/gone.parquet');
      await writer.write(randomBytes(harness.partBytes * parts));
      await writer.abort();
      await writer.abort();
      expect(await keysOf(store.list(''))).toEqual(['other']);
      expect(await store.head('ns/gone.parquet')).toBeUndefined();
      expect((await harness.leftovers?.(directory)) ?? 0).toBe(0);
      expect((await failureOf(writer.write(Buffer.from('late')))).code).toBe('UNEXPECTED');
    });

    it('stops a write when the signal fires', async () => {
      const directory = fresh();
      const store = await open({}, directory);
      const controller = new AbortController();
      const writer = await store.create('ns/stopped.parquet', { signal: controller.signal });
      await writer.write(randomBytes(harness.partBytes * 2.5));
      controller.abort();
      expect((await failureOf(writer.close())).code).toBe('ABORTED');
      // What is stored already stays, invisibly, for the run that goes on.
      expect(await keysOf(store.list(''))).toEqual([]);
      expect((await failureOf(store.put('x', Buffer.from('x'), { signal: controller.signal }))).code).toBe('ABORTED');
      expect((await failureOf(readAll(store.read('x', { signal: controller.signal })))).code).toBe('ABORTED');
      expect((await failureOf(keysOf(store.list('', { signal: controller.signal })))).code).toBe('ABORTED');
      expect((await failureOf(store.head('x', controller.signal))).code).toBe('ABORTED');
    });

    it('stops a read when the signal fires', async () => {
      const store = await open();
      await store.put('r', randomBytes(4_000_000));
      const controller = new AbortController();
      const read = async () => {
        for await (const chunk of store.read('r', { signal: controller.signal })) {
          expect(chunk.length).toBeGreaterThan(0);
          controller.abort();
        }
      };
      expect((await failureOf(read())).code).toBe('ABORTED');
    });

    it('replaces an object, the old one being there until the new one is whole', async () => {
      const store = await open();
      await store.put('k', Buffer.from('old'));
      const writer = await store.create('k');
      await writer.write(Buffer.from('new'));
      expect(String(await readAll(store.read('k')))).toBe('old');
      await writer.close();
      expect(String(await readAll(store.read('k')))).toBe('new');
    });

    it('refuses to replace an object when asked to', async () => {
      const directory = fresh();
      const store = await open({}, directory);
      await store.put('k', Buffer.from('first'), { ifAbsent: true });
      const conflict = await failureOf(store.put('k', Buffer.from('second'), { ifAbsent: true }));
      expect(conflict).toMatchObject({ code: 'OBJECT_EXISTS', exitCode: 4, retryable: false });
      expect(conflict.source).toContain('k');
      for (const parts of [0.1, 2.5]) {
        const key = `late-${parts}`;
        const write = async () => {
          const writer = await store.create(key, { ifAbsent: true });
          await writer.write(randomBytes(harness.partBytes * parts));
          await store.put(key, Buffer.from('in between'));
          await writer.close();
        };
        expect((await failureOf(write())).code, key).toBe('OBJECT_EXISTS');
        expect(String(await readAll(store.read(key)))).toBe('in between');
        expect((await harness.leftovers?.(directory)) ?? 0).toBe(0);
      }
      expect(String(await readAll(store.read('k')))).toBe('first');
      const writer = await store.create('new', { ifAbsent: true });
      await writer.write(randomBytes(harness.partBytes * 2.5));
      await writer.close();
      expect(await store.head('new')).toBeDefined();
    });

    it('lets one of many conditional writers win', async () => {
      const store = await open();
      const tries = Array.from({ length: 8 }, (_, i) => store.put('claim', Buffer.from(String(i)), { ifAbsent: true }));
      const won = (await Promise.allSettled(tries)).map(({ status }) => status === 'fulfilled');
      expect(won.filter(Boolean)).toHaveLength(1);
      expect(String(await readAll(store.read('claim')))).toBe(String(won.indexOf(true)));
    });

    it('computes the checksums that are asked for and tells those that the store keeps', async () => {
      const store = await open();
      const bytes = randomBytes(harness.partBytes * 2 + 77);
      for (const length of [0, 1, 1_000, harness.partBytes, bytes.length]) {
        const piece = bytes.subarray(0, length);
        const expected = { crc64nvme: await crcOf('crc64nvme', piece), crc32c: await crcOf('crc32c', piece) };
        const writer = await store.create(`sum-${length}`, { checksums: ['crc64nvme', 'crc32c'] });
        await writer.write(piece);
        const written = await writer.close();
        expect(written.checksums, String(length)).toEqual(expected);
        const kept = (await store.head(`sum-${length}`))?.checksums ?? {};
        expect(Object.keys(kept)).toEqual(traits.keeps === undefined ? [] : [traits.keeps]);
        if (traits.keeps !== undefined) expect(kept[traits.keeps]).toBe(expected[traits.keeps]);
        await store.put(`put-${length}`, piece);
        expect((await store.head(`put-${length}`))?.checksums ?? {}).toEqual(kept);
      }
    });

    it.runIf(traits.keeps)('goes on with a write that was cut off, sending only what is missing', async () => {
      const directory = fresh();
      const part = harness.partBytes;
      const bytes = randomBytes(part * 4 + 99);
      const controller = new AbortController();
      const first = await (await open({ partsInFlight: 1 }, directory)).create('ns/a', { signal: controller.signal });
      // The fourth full part goes out when more comes than fits: three are stored for sure, one may be on its way.
      await first.write(bytes.subarray(0, part * 4));
      controller.abort();
      expect((await failureOf(first.close())).code).toBe('ABORTED');

      const store = await open({}, directory);
      const second = await store.create('ns/a', { resume: true });
      await second.write(bytes);
      const written = await second.close();
      expect(written).toMatchObject({ bytes: bytes.length });
      expect(written.sentBytes).toBeLessThanOrEqual(part * 2 + 99);
      expect((await readAll(store.read('ns/a'))).equals(bytes)).toBe(true);
      expect((await harness.leftovers?.(directory)) ?? 0).toBe(0);

      // Finished objects are known, too, small ones and large ones; others are replaced.
      await store.put('small', Buffer.from('small'));
      for (const [key, content] of [
        ['ns/a', bytes],
        ['small', Buffer.from('small')],
      ] as const) {
        const again = await store.create(key, { resume: true });
        await again.write(content);
        expect((await again.close()).sentBytes, key).toBe(0);
      }
      const other = await store.create('small', { resume: true });
      await other.write(Buffer.from('other'));
      expect((await other.close()).sentBytes).toBe(5);
      expect(String(await readAll(store.read('small')))).toBe('other');
    });

    it.runIf(traits.keeps)('does not take over parts of other bytes', async () => {
      const directory = fresh();
      const part = harness.partBytes;
      const controller = new AbortController();
      const first = await (await open({}, directory)).create('a', { signal: controller.signal });
      await first.write(randomBytes(part * 3));
      controller.abort();
      await failureOf(first.close());
      const store = await open({}, directory);
      const bytes = randomBytes(part * 2 + 5);
      const second = await store.create('a', { resume: 'parts' });
      await second.write(bytes);
      expect(await second.close()).toMatchObject({ bytes: bytes.length, sentBytes: bytes.length });
      expect((await readAll(store.read('a'))).equals(bytes)).toBe(true);
      expect((await harness.leftovers?.(directory)) ?? 0).toBe(0);
    });

    it('lets two writers of the same bytes both succeed, and tells the second one of others', async () => {
      const store = await open();
      const part = harness.partBytes;
      const bytes = randomBytes(part * 2 + 50);
      for (const length of [100, bytes.length]) {
        const key = `both-${length}`;
        const [one, two] = [await store.create(key, { ifAbsent: true }), await store.create(key, { ifAbsent: true })];
        for (const writer of [one, two]) await writer.write(bytes.subarray(0, length));
        const first = await one.close();
        expect((await two.close()).bytes).toBe(first.bytes);
        expect((await readAll(store.read(key))).equals(bytes.subarray(0, length))).toBe(true);
        const third = await store.create(key, { ifAbsent: true });
        await third.write(Buffer.concat([bytes.subarray(1, length), Buffer.from('x')]));
        expect(await failureOf(third.close())).toMatchObject({ code: 'OBJECT_EXISTS', exitCode: 4 });
        expect((await readAll(store.read(key))).equals(bytes.subarray(0, length))).toBe(true);
      }
    });

    it.runIf(traits.tellsUnfinished)('tells of uploads that were never finished, and drops them', async () => {
      const directory = fresh();
      const store = await open({}, directory);
      const neighbour = await open({}, `${directory}-old`);
      for (const each of [store, neighbour]) {
        const controller = new AbortController();
        const writer = await each.create('ns/a', { signal: controller.signal });
        await writer.write(randomBytes(harness.partBytes * 2));
        controller.abort();
        await failureOf(writer.close());
      }
      const seen: string[] = [];
      for await (const upload of store.unfinished!()) {
        seen.push(upload.key);
        expect(Math.abs(Date.now() - upload.begun.getTime())).toBeLessThan(60_000);
        await upload.drop();
        await upload.drop();
      }
      expect(seen).toEqual(['ns/a']);
      expect(await harness.leftovers!(`${directory}/`)).toBe(0);
      expect(await harness.leftovers!(`${directory}-old/`)).toBe(1);
    });

    it.runIf(traits.metadata)('keeps metadata of small and large objects', async () => {
      const store = await open();
      const metadata = { pineloadsha256: 'ab'.repeat(32) };
      await store.put('small', Buffer.from('x'), { metadata });
      const writer = await store.create('large', { metadata });
      await writer.write(randomBytes(harness.partBytes * 2 + 1));
      await writer.close();
      for (const key of ['small', 'large']) expect((await store.head(key))?.metadata, key).toMatchObject(metadata);
    });

    it('takes keys of all letters', async () => {
      const store = await open();
      for (const [index, key] of ODD_KEYS.entries()) await store.put(key, Buffer.from(`no ${index}`));
      expect(await keysOf(store.list(''))).toEqual(
        [...ODD_KEYS].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b))),
      );
      for (const [index, key] of ODD_KEYS.entries()) {
        expect(String(await readAll(store.read(key))), key).toBe(`no ${index}`);
        expect((await store.head(key))?.key).toBe(key);
        expect(await keysOf(store.list(key)), key).toEqual([key]);
      }
      for (const key of ODD_KEYS) await store.delete(key);
      expect(await keysOf(store.list(''))).toEqual([]);
    });

    it.each(BAD_KEYS.map((key) => [JSON.stringify(key), key]))('refuses the key %s', async (_, key) => {
      const store = await open();
      expect((await failureOf(store.head(key))).code).toBe('URI_INVALID');
      expect((await failureOf(store.put(key, Buffer.from('x')))).code).toBe('URI_INVALID');
      expect((await failureOf(store.create(key))).code).toBe('URI_INVALID');
      expect((await failureOf(store.delete(key))).code).toBe('URI_INVALID');
      expect((await failureOf((async () => readAll(store.read(key)))())).code).toBe('URI_INVALID');
    });

    it('knows its longest key', async () => {
      const store = await open();
      const part = 'k'.repeat(Math.min(store.maxPartBytes, 200));
      let key = part;
      while (key.length + 1 + part.length <= store.maxKeyBytes && key.length < 1500) key += `/${part}`;
      await store.put(key, Buffer.from('x'));
      expect(await keysOf(store.list(''))).toEqual([key]);
      expect((await failureOf(store.put('k'.repeat(store.maxKeyBytes + 1), Buffer.from('x')))).code).toBe(
        'KEY_TOO_LONG',
      );
    });

    it('lists by prefix, in order, over several pages', async () => {
      const store = await open(harness.listPage === undefined ? {} : { listPage: harness.listPage });
      const keys = Array.from({ length: harness.manyKeys }, (_, i) => `ns${i % 3}/part-${String(i).padStart(6, '0')}`);
      keys.push('ns', 'ns0.x', 'ns00/y');
      const queue = [...keys];
      await Promise.all(
        Array.from({ length: 24 }, async () => {
          for (let key = queue.pop(); key !== undefined; key = queue.pop()) await store.put(key, Buffer.from(key));
        }),
      );
      const sorted = keys.sort();
      expect(await keysOf(store.list(''))).toEqual(sorted);
      for (const prefix of ['ns0/', 'ns0', 'ns', 'ns1/part-00001', 'none/']) {
        expect(await keysOf(store.list(prefix)), prefix).toEqual(sorted.filter((key) => key.startsWith(prefix)));
      }
      for await (const info of store.list('ns2/part-00000')) expect(info.bytes).toBe(info.key.length);
    });

    it('keeps to its own directory', async () => {
      const directory = fresh();
      const store = await open({}, directory);
      const neighbour = await open({}, `${directory}-old`);
      await store.put('a', Buffer.from('mine'));
      await neighbour.put('a', Buffer.from('theirs'));
      expect(await keysOf(store.list(''))).toEqual(['a']);
      await store.delete('a');
      expect(String(await readAll(neighbour.read('a')))).toBe('theirs');
    });

    it('says when an object is not there', async () => {
      const store = await open();
      const error = await failureOf(readAll(store.read('ns/none.parquet')));
      expect(error).toMatchObject({ code: 'OBJECT_NOT_FOUND', exitCode: 4, retryable: false });
      expect(error.source).toBe(`${store.uri}ns/none.parquet`);
      expect((await failureOf(readAll(store.read('none', { start: 5, end: 9 })))).code).toBe('OBJECT_NOT_FOUND');
      expect(await keysOf(store.list('none/'))).toEqual([]);
    });

    it.runIf(traits.missingBucket)('says when the bucket is not there', async () => {
      const store = await harness.openMissing!();
      opened.push(store);
      const large = async () => {
        const writer = await store.create('large');
        await writer.write(randomBytes(harness.partBytes * 2 + 1));
        await writer.close();
      };
      const calls: Record<string, () => Promise<unknown>> = {
        list: () => keysOf(store.list('')),
        head: () => store.head('x'),
        put: () => store.put('x', Buffer.from('x')),
        putIfAbsent: () => store.put('x', Buffer.from('x'), { ifAbsent: true }),
        large,
      };
      for (const [call, action] of Object.entries(calls)) {
        const error = await failureOf(action());
        expect([error.code, error.exitCode], call).toEqual(['STORE_NOT_FOUND', 4]);
      }
      const read = await failureOf(readAll(store.read('x')));
      expect(read.exitCode).toBe(4);
    });

    it.runIf(traits.wrongKey)('says when the key is wrong', async () => {
      const store = await harness.openWrongKey!();
      opened.push(store);
      const large = async () => {
        const writer = await store.create('large');
        await writer.write(randomBytes(harness.partBytes * 2 + 1));
        await writer.close();
      };
      const calls: Record<string, () => Promise<unknown>> = {
        list: () => keysOf(store.list('')),
        head: () => store.head('x'),
        read: () => readAll(store.read('x')),
        put: () => store.put('x', Buffer.from('x')),
        delete: () => store.delete('x'),
        large,
      };
      for (const [call, action] of Object.entries(calls)) {
        const error = await failureOf(action());
        expect([error.code, error.exitCode, error.retryable], call).toEqual(['STORE_CREDENTIALS', 4, false]);
        expect(error.hint).toMatch(/credentials/);
      }
    });

    describe.runIf(traits.network)('behind a network that breaks', () => {
      let proxy: BreakingProxy;
      beforeAll(async () => {
        proxy = await startBreakingProxy(harness.network!.endpoint);
      });
      afterAll(async () => proxy?.stop());
      const openBroken = async (directory: string, options: StoreOptions) => {
        const store = await harness.network!.open(directory, proxy.endpoint, {
          partBytes: harness.partBytes,
          ...options,
        });
        opened.push(store);
        return store;
      };

      it('goes on reading from the byte reached', async () => {
        const directory = fresh();
        const direct = await open({}, directory);
        const store = await openBroken(directory, { tries: 3 });
        const bytes = randomBytes(6_000_000);
        await direct.put('r', bytes);
        await store.head('r');
        const before = proxy.broken;
        proxy.breakAnswersAfter(2_000_000, 1_000_000, 500_000);
        expect((await readAll(store.read('r', { start: 1000 }))).equals(bytes.subarray(1000))).toBe(true);
        expect(proxy.broken - before).toBe(3);
      });

      it('does not go on with another version of the object', async () => {
        const directory = fresh();
        const direct = await open({}, directory);
        const store = await openBroken(directory, { tries: 3 });
        // More than all the buffers on the way hold, so that the answer is not through when the object changes.
        await direct.put('r', Buffer.alloc(32_000_000, 1));
        const read = async () => {
          let first = true;
          for await (const _ of store.read('r')) {
            if (!first) continue;
            first = false;
            // First the cut: MinIO lets nobody replace an object that is being read.
            proxy.breakNow();
            await direct.put('r', Buffer.alloc(32_000_000, 2));
          }
        };
        const error = await failureOf(read());
        expect(error.code).toBe('STORE_REFUSED');
        expect(error.message).toMatch(/changed while it was read/);
      });

      it.runIf(traits.resend)('sends a part again', async () => {
        const store = await openBroken(fresh(), { tries: 4 });
        const bytes = randomBytes(harness.partBytes * 3 + 5);
        const writer = await store.create('w', { ifAbsent: true });
        await writer.write(bytes.subarray(0, harness.partBytes + 1));
        const before = proxy.broken;
        proxy.breakRequestsAfter(harness.partBytes >> 1, harness.partBytes >> 1);
        await writer.write(bytes.subarray(harness.partBytes + 1));
        await writer.close();
        expect(proxy.broken - before).toBe(2);
        expect((await readAll(store.read('w'))).equals(bytes)).toBe(true);
      });

      it('knows its own object when the answer to a conditional write was lost', async () => {
        const store = await openBroken(fresh(), { tries: 4 });
        await store.put('warm', Buffer.from('x'));
        const before = proxy.broken;
        proxy.breakAnswersAfter(1);
        const info = await store.put('claim', Buffer.from('mine'), { ifAbsent: true });
        expect(info).toMatchObject({ key: 'claim', bytes: 4 });
        expect(proxy.broken - before).toBe(1);
        expect((await failureOf(store.put('claim', Buffer.from('mine'), { ifAbsent: true }))).code).toBe(
          'OBJECT_EXISTS',
        );
      });

      it('gives up on a server that is not there, as something temporary', async () => {
        const gone = await startBreakingProxy(harness.network!.endpoint);
        await gone.stop();
        const store = await harness.network!.open(fresh(), gone.endpoint, { tries: 2 });
        opened.push(store);
        for (const action of [
          () => keysOf(store.list('')),
          () => store.put('x', Buffer.from('x')),
          () => store.head('x'),
        ]) {
          const error = await failureOf(action());
          expect([error.code, error.exitCode, error.retryable]).toEqual(['STORE_TEMPORARY', 5, true]);
        }
      });
    });

    it('told no secret in any error of this suite', () => {
      expect(errors.length).toBeGreaterThan(20);
      for (const error of errors) {
        const text = allText(error);
        for (const secret of harness.secrets) expect(text).not.toContain(secret);
        expect(text).not.toMatch(/sig=[^…]|Authorization:|Bearer [^…]|AWS4-HMAC/);
        expect(error.message.length).toBeLessThan(2000);
      }
    });
  });
}
