import { createHash, randomBytes } from 'node:crypto';
import * as fs from 'node:fs/promises';
import * as os from 'node:os';
import * as path from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import type { PineloadEvent } from '../../src/base/events.js';
import { ByteBudget } from '../../src/uploaders/byte-budget.js';
import type { ObjectStore } from '../../src/uploaders/object-store.js';
import { openStore } from '../../src/uploaders/open-store.js';
import { type TransferFile, uploadDirectory } from '../../src/uploaders/transfer.js';
import { type Azurite, startAzurite } from '../support/azurite.js';
import { errorOf, keysOf, readAll } from '../support/store-conformance.js';

const ONE = { files: 1, parts: 1, bufferBytes: 1e6 };

let azurite: Azurite;
let root: string;
let count = 0;
beforeAll(async () => {
  azurite = await startAzurite();
  await azurite.createContainer('box');
  vi.stubEnv('AZURE_STORAGE_CONNECTION_STRING', azurite.env.AZURE_STORAGE_CONNECTION_STRING);
  root = await fs.mkdtemp(path.join(os.tmpdir(), 'pineload-transfer-'));
});
afterAll(async () => {
  vi.unstubAllEnvs();
  await azurite?.stop();
  await fs.rm(root, { recursive: true, force: true });
});

const targets = {
  'a local directory': (name: string) => openStore(path.join(root, `to-${name}`)),
  'Azure (azurite)': (name: string) => openStore(azurite.uri('box', name), { partBytes: 64 * 1024 }),
};

for (const [title, openTarget] of Object.entries(targets)) {
  describe(`uploading to ${title}`, () => {
    let from: ObjectStore;
    let to: ObjectStore;
    let files: TransferFile[];
    let events: PineloadEvent[];
    const onEvent = (event: PineloadEvent) => void events.push(event);

    beforeEach(async () => {
      const name = `t${++count}`;
      from = await openStore(path.join(root, `from-${name}`));
      to = await openTarget(name);
      events = [];
      files = [];
      // One file larger than several parts, one empty, the others small.
      for (const [index, bytes] of [300_000, 0, ...Array.from({ length: 28 }, (_, i) => 100 + i)].entries()) {
        const content = randomBytes(bytes);
        const file = { path: `ns ${index % 3}/part-${index}.parquet`, bytes, sha256: sha256(content) };
        await from.put(file.path, content);
        files.push(file);
      }
      await from.put('notes.txt', Buffer.from('not in the manifest'));
    });

    it('puts the files of the manifest there, and nothing else', async () => {
      const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
      const result = await uploadDirectory({ from, to, files, onEvent });
      expect(result).toEqual({ files: 30, skipped: 0, bytes, sentBytes: bytes });
      expect(await keysOf(to.list(''))).toEqual(files.map((file) => file.path).sort());
      for (const file of files) expect(sha256(await readAll(to.read(file.path)))).toBe(file.sha256);
      const done = events.filter((event) => event.type === 'upload.file');
      expect(done.map((event) => event.path).sort()).toEqual(files.map((file) => file.path).sort());
      // With rate and time left where it took long enough to tell.
      expect(events.filter((event) => event.type === 'upload.progress').at(-1)).toMatchObject({
        type: 'upload.progress',
        files: 30,
        filesTotal: 30,
        bytes,
        bytesTotal: bytes,
      });
    });

    it('skips what is there already', async () => {
      await uploadDirectory({ from, to, files: files.slice(0, 10) });
      const result = await uploadDirectory({ from, to, files, onEvent });
      expect(result).toMatchObject({ files: 30, skipped: 10 });
      expect(result.sentBytes).toBe(files.slice(10).reduce((sum, file) => sum + file.bytes, 0));
      const skipped = events.filter((event) => event.type === 'upload.file' && event.skipped);
      expect(skipped).toHaveLength(10);
      expect(await uploadDirectory({ from, to, files })).toMatchObject({ skipped: 30, sentBytes: 0 });
    });

    it.each(['of another size', 'of the same size'])('does not replace an object %s unless asked', async (kind) => {
      const file = files[5]!;
      const other = Buffer.alloc(file.bytes + (kind === 'of the same size' ? 0 : 1));
      await to.put(file.path, other);
      const error = await errorOf(uploadDirectory({ from, to, files, concurrency: ONE }));
      expect(error).toMatchObject({ code: 'OBJECT_EXISTS', exitCode: 4 });
      expect(error.source).toBe(to.uri + file.path);
      expect((await readAll(to.read(file.path))).equals(other)).toBe(true);
      await uploadDirectory({ from, to, files, force: true });
      expect(sha256(await readAll(to.read(file.path)))).toBe(file.sha256);
    });

    it.each([
      ['longer', 0, (content: Buffer) => Buffer.concat([content, Buffer.from('x')])],
      ['shorter', 0, (content: Buffer) => content.subarray(1)],
      ['changed', 0, (content: Buffer) => Buffer.from(content.map((byte, i) => (i === 7 ? byte ^ 1 : byte)))],
      ['longer, and small', 5, (content: Buffer) => Buffer.concat([content, Buffer.from('x')])],
      ['shorter, and small', 5, (content: Buffer) => content.subarray(1)],
      [
        'changed, and small',
        5,
        (content: Buffer) => Buffer.from(content.map((byte, i) => (i === 7 ? byte ^ 1 : byte))),
      ],
    ])('refuses a file that is %s than the manifest says', async (_, index, change) => {
      const file = files[index]!;
      await from.put(file.path, change(await readAll(from.read(file.path))));
      const error = await errorOf(uploadDirectory({ from, to, files }));
      expect(error).toMatchObject({ code: 'FILE_CHANGED', exitCode: 4, retryable: false });
      expect(error.source).toBe(from.uri + file.path);
      expect(await to.head(file.path)).toBeUndefined();
    });

    it.each([
      ['large', 0],
      ['small', 5],
    ])('lets another writer be first with a %s file, if it wrote the same', async (_, index) => {
      const file = files[index]!;
      const content = await readAll(from.read(file.path));
      /** The files, and a zombie that writes one of them while it is opened here. */
      const whileZombieWrites = (bytes: Buffer): ObjectStore =>
        new Proxy(from, {
          get: (store, name) => {
            if (name === 'openRead') {
              return async (key: string) => {
                if (key === file.path) await to.put(key, bytes);
                return store.openRead!(key);
              };
            }
            const value: unknown = Reflect.get(store, name, store);
            return typeof value === 'function' ? value.bind(store) : value;
          },
        });
      const result = await uploadDirectory({ from: whileZombieWrites(content), to, files });
      expect(result.files).toBe(30);
      expect(sha256(await readAll(to.read(file.path)))).toBe(file.sha256);

      await to.delete(file.path);
      const other = Buffer.from(content.map((byte) => byte ^ 1));
      const error = await errorOf(uploadDirectory({ from: whileZombieWrites(other), to, files }));
      expect(error).toMatchObject({ code: 'OBJECT_EXISTS', source: to.uri + file.path });
      expect((await readAll(to.read(file.path))).equals(other)).toBe(true);
    });

    it('stops at the first failure', async () => {
      await from.delete(files[0]!.path);
      const error = await errorOf(uploadDirectory({ from, to, files, concurrency: ONE, onEvent }));
      expect(error.code).toBe('OBJECT_NOT_FOUND');
      expect(await keysOf(to.list(''))).toEqual([]);
      // How much there is to do, and nothing of it done.
      expect(events).toMatchObject([{ type: 'upload.progress', files: 0, filesTotal: 30, bytes: 0 }]);
    });

    it('stops when the signal fires, and goes on from there when called again', async () => {
      const controller = new AbortController();
      const stopSoon = (event: PineloadEvent) => {
        if (event.type === 'upload.file') controller.abort();
      };
      const call = uploadDirectory({ from, to, files, concurrency: ONE, onEvent: stopSoon, signal: controller.signal });
      expect((await errorOf(call)).code).toBe('ABORTED');
      const there = (await keysOf(to.list(''))).length;
      expect(there).toBeGreaterThan(0);
      expect(there).toBeLessThan(30);
      expect(await uploadDirectory({ from, to, files })).toMatchObject({ files: 30, skipped: there });
      expect((await errorOf(uploadDirectory({ from, to, files, signal: controller.signal }))).code).toBe('ABORTED');
    });
  });
}

describe('ByteBudget', () => {
  it('never gives out more than there is, and serves in turn', async () => {
    const budget = new ByteBudget(100);
    const order: number[] = [];
    let held = 0;
    let most = 0;
    const work = async (bytes: number, index: number) => {
      const release = await budget.take(bytes);
      order.push(index);
      const share = Math.min(bytes, 100);
      held += share;
      most = Math.max(most, held);
      await new Promise((resolve) => setTimeout(resolve, 1));
      held -= share;
      release();
    };
    const wants = [60, 30, 50, 10, 1000, 5, 100, 0, 100, 40, 60];
    await Promise.all(wants.map(work));
    expect(most).toBe(100);
    expect(order).toEqual(wants.map((_, index) => index));
  });
});

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
