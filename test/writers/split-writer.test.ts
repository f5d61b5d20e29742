import { createHash } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { describe, expect, it, vi } from 'vitest';
import { ParquetFileWriter } from '../../src/parquet/file-writer.js';
import type { RowGroupColumns } from '../../src/parquet/row-group.js';
import type { VectorKind } from '../../src/records/batch.js';
import type { ObjectStore, ObjectWriter, WriteOptions } from '../../src/uploaders/object-store.js';
import type { ManifestFile } from '../../src/writers/manifest.js';
import type { FileEncoders } from '../../src/writers/namespace-files.js';
import { pagePool } from '../../src/writers/row-pools.js';
import type { SplitWriterOptions } from '../../src/writers/split-options.js';
import { footerOf, queryDuckDB, readWithHyparquet } from '../parquet/harness.js';
import {
  batchOf,
  localStore,
  memoryStore,
  piecesOf,
  randomRecords,
  seededRandom,
  splitWriter,
  temporaryDirectory,
  type NamespacedRecord,
} from './harness.js';

async function readAll(store: ObjectStore, key: string): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of store.read(key)) chunks.push(chunk);
  return Buffer.concat(chunks);
}

interface Written {
  readonly files: ManifestFile[];
  readonly bytes: Map<string, Buffer>;
  readonly spilled: number;
  readonly largestBuffer: number;
}

async function write(
  records: readonly NamespacedRecord[],
  kind: VectorKind,
  dimension: number,
  batchSizes: readonly number[],
  options: Partial<SplitWriterOptions> = {},
): Promise<Written> {
  let spilled = 0;
  let largestBuffer = 0;
  const seen: ManifestFile[] = [];
  const { writer, store, tmpDir } = await splitWriter({
    kind,
    dimension,
    onSpill: (bytes) => (spilled += bytes),
    onFile: (file) => seen.push(file),
    ...options,
  });
  for (const piece of piecesOf(records, batchSizes)) {
    await writer.add(batchOf(piece, kind, dimension));
    largestBuffer = Math.max(largestBuffer, writer.bufferedBytes);
  }
  const files = await writer.finish();
  expect(writer.bufferedBytes).toBe(0);
  expect(await readdir(tmpDir)).toStrictEqual([]);
  expect(seen.sort((a, b) => (a.path < b.path ? -1 : 1))).toStrictEqual(files);
  const bytes = new Map<string, Buffer>();
  for await (const { key } of store.list('')) bytes.set(key, await readAll(store, key));
  expect([...bytes.keys()].sort()).toStrictEqual(files.map((file) => file.path));
  for (const file of files) {
    const content = bytes.get(file.path)!;
    expect(content.length).toBe(file.bytes);
    expect(createHash('sha256').update(content).digest('hex')).toBe(file.sha256);
  }
  return { files, bytes, spilled, largestBuffer };
}

/** Records of each namespace in their order, as hyparquet finds them in the files. */
async function readBack({ files, bytes }: Written): Promise<Map<string, Record<string, unknown>[]>> {
  const rows = new Map<string, Record<string, unknown>[]>();
  for (const { path, namespace } of files) {
    rows.set(namespace, [...(rows.get(namespace) ?? []), ...(await readWithHyparquet(bytes.get(path)!))]);
  }
  return rows;
}

function wanted(records: readonly NamespacedRecord[], kind: VectorKind): Map<string, unknown[]> {
  const rows = new Map<string, unknown[]>();
  for (const { namespace, rejected, id, values, sparse, metadata } of records) {
    if (rejected) continue;
    const row = {
      id,
      ...(kind === 'sparse' ? {} : { values }),
      ...(kind === 'dense' ? {} : { sparse_values: sparse ?? undefined }),
      metadata: metadata ?? undefined,
    };
    rows.set(namespace, [...(rows.get(namespace) ?? []), row]);
  }
  return rows;
}

const plain = (rows: Map<string, unknown[]>): unknown =>
  JSON.parse(
    JSON.stringify(
      [...rows.entries()].sort(([a], [b]) => (a < b ? -1 : 1)),
      (_, value: unknown) => (ArrayBuffer.isView(value) ? [...(value as Float32Array)] : (value ?? undefined)),
    ),
  );

const same = (a: Written, b: Written): void => {
  expect(b.files).toStrictEqual(a.files);
  for (const [path, content] of a.bytes) expect(b.bytes.get(path)!.equals(content)).toBe(true);
};

const KINDS: readonly VectorKind[] = ['dense', 'sparse', 'hybrid'];

describe.each(KINDS)('%s records', (kind) => {
  const records = randomRecords(600, 7, 5);
  const small = { rowGroupBytes: 900, targetFileBytes: 3000 };

  it('arrive in their namespaces, in order, without the rejected ones', async () => {
    const written = await write(records, kind, 5, [100]);
    expect(plain(await readBack(written))).toStrictEqual(plain(wanted(records, kind)));
    expect(written.files.map((file) => file.path)).toStrictEqual(
      [...wanted(records, kind).keys()].sort().map((ns) => `${ns}/part-00000-00000.parquet`),
    );
  });

  it('give the same bytes however they are cut into batches', async () => {
    const whole = await write(records, kind, 5, [600], small);
    expect(whole.files.length).toBeGreaterThan(9);
    expect(plain(await readBack(whole))).toStrictEqual(plain(wanted(records, kind)));
    same(whole, await write(records, kind, 5, [1], small));
    same(whole, await write(records, kind, 5, [7, 1, 90, 13], small));
  });

  it('give the same bytes when rows are spilled and when row groups wait on disk', async () => {
    const inMemory = await write(records, kind, 5, [50], small);
    expect(inMemory.spilled).toBe(0);
    const spilled = await write(records, kind, 5, [50], { ...small, maxBufferedBytes: 2000 });
    expect(spilled.spilled).toBeGreaterThan(0);
    same(inMemory, spilled);
    const waiting = await write(records, kind, 5, [50], { ...small, maxOpenFiles: 1, maxBufferedBytes: 8000 });
    expect(waiting.spilled).toBeGreaterThan(0);
    same(inMemory, waiting);
    same(inMemory, await write(records, kind, 5, [1], { ...small, maxOpenFiles: 2, maxBufferedBytes: 1 }));
  });
});

describe.each(KINDS)('%s records of many namespaces', (kind) => {
  // Few rows of each in a batch, but now and then many of one: those go another way, and must not overtake the others.
  const records = randomRecords(5000, 400, 5).map((record, i) =>
    i % 400 < 320 ? record : { ...record, namespace: `ns-${(Math.floor(i / 400) * 37) % 400}` },
  );
  const small = { rowGroupBytes: 900, targetFileBytes: 3000 };

  it('arrive in their namespaces, in order, without the rejected ones', async () => {
    const written = await write(records, kind, 5, [320, 80], { rowGroupBytes: 900 });
    expect(written.spilled).toBe(0);
    expect(plain(await readBack(written))).toStrictEqual(plain(wanted(records, kind)));
  });

  it('give the same bytes however they are cut into batches, and wherever they have waited', async () => {
    const whole = await write(records, kind, 5, [320, 80], small);
    same(whole, await write(records, kind, 5, [5000], small));
    same(whole, await write(records, kind, 5, [1], small));
    const spilled = await write(records, kind, 5, [320, 80], { ...small, maxBufferedBytes: 150_000 });
    expect(spilled.spilled).toBeGreaterThan(0);
    same(whole, spilled);
    const often = await write(records, kind, 5, [320, 80], { ...small, maxBufferedBytes: 1000, maxOpenFiles: 1 });
    expect(often.spilled).toBeGreaterThan(spilled.spilled);
    same(whole, often);
  });
});

describe('row groups and files', () => {
  const records = Array.from({ length: 100 }, (_, i) => ({ id: String(i), namespace: 'a', values: [i, i, i, i] }));

  it('end where sizes say so', async () => {
    // A row takes 16 bytes of values and 4 + 1 or 2 of id: 47 rows of a thousand bytes, then 45.
    const { files, bytes } = await write(records, 'dense', 4, [100], { rowGroupBytes: 1000 });
    expect(files).toHaveLength(1);
    const groups = footerOf(bytes.get(files[0].path)!).row_groups.map((group) => Number(group.num_rows));
    expect(groups).toStrictEqual([45, 45, 10]);
  });

  it('rotate once the target is reached, never with an empty file', async () => {
    const { files } = await write(records, 'dense', 4, [100], { rowGroupBytes: 220, targetFileBytes: 500 });
    expect(files.map((file) => file.path)).toStrictEqual(
      files.map((_, i) => `a/part-00000-${String(i).padStart(5, '0')}.parquet`),
    );
    expect(files.length).toBeGreaterThan(3);
    expect(files.every((file) => file.records > 0)).toBe(true);
    expect(files.reduce((sum, file) => sum + file.records, 0)).toBe(100);
  });

  it('take a row that is larger than a row group', async () => {
    const { files } = await write(records.slice(0, 3), 'dense', 4, [3], { rowGroupBytes: 1, targetFileBytes: 1 });
    expect(files.map((file) => file.records)).toStrictEqual([1, 1, 1]);
  });

  it('bear the number of the split', async () => {
    const { files } = await write(records, 'dense', 4, [100], { split: 12 });
    expect(files[0].path).toBe('a/part-00012-00000.parquet');
  });
});

describe('many namespaces', () => {
  const dimension = 64;

  /** Every namespace once, then at random. */
  function batches(rows: number, namespaces: number): NamespacedRecord[][] {
    const random = seededRandom(7);
    const records = Array.from({ length: rows }, (_, i) => ({
      id: `r${i}`,
      namespace: `n${i < namespaces ? i : Math.floor(random() * namespaces)}`,
      values: new Array<number>(dimension).fill(i),
    }));
    return piecesOf(records, [2000]);
  }

  it('10,000 in random order stay within the budget and come out whole', async () => {
    const budget = 4_000_000;
    const stored = memoryStore();
    let spilled = 0;
    const { writer } = await splitWriter({
      kind: 'dense',
      dimension,
      store: stored.store,
      maxBufferedBytes: budget,
      onSpill: (bytes) => (spilled += bytes),
    });
    const input = batches(30_000, 10_000);
    for (const batch of input) {
      await writer.add(batchOf(batch, 'dense', dimension));
      expect(writer.bufferedBytes).toBeLessThanOrEqual(budget);
    }
    const files = await writer.finish();
    expect(spilled).toBeGreaterThan(budget);
    expect(files).toHaveLength(10_000);
    expect(files.reduce((sum, file) => sum + file.records, 0)).toBe(30_000);
    for (const { path, namespace } of files.filter((_, i) => i % 50 === 0)) {
      const want = input.flat().filter((record) => record.namespace === namespace);
      const rows = await readWithHyparquet(stored.objects.get(path)!);
      expect(rows.map((row) => [row.id, ...(row.values as number[])])).toStrictEqual(
        want.map((record) => [record.id, ...record.values!]),
      );
    }
  });

  it('leave memory that counts as long as nobody uses it', async () => {
    const budget = 8_000_000;
    const { store } = memoryStore();
    const pages = pagePool('dense', dimension, { maxBufferedBytes: budget });
    const { writer } = await splitWriter({ kind: 'dense', dimension, store, maxBufferedBytes: budget, pages });
    for (const batch of batches(16_000, 4_000)) await writer.add(batchOf(batch, 'dense', dimension));
    expect(writer.bufferedBytes).toBeGreaterThan(budget / 2);
    for (const batch of batches(60_000, 100)) {
      await writer.add(batchOf(batch, 'dense', dimension));
      expect(pages.rows.freeBytes).toBeGreaterThan(budget / 4);
      expect(writer.bufferedBytes + pages.rows.freeBytes).toBeLessThanOrEqual(budget);
    }
    const files = await writer.finish();
    expect(files.reduce((sum, file) => sum + file.records, 0)).toBe(76_000);
    pages.clear();
    expect(pages.rows.freeBytes).toBe(0);
  });

  it('are read from a directory by DuckDB', async () => {
    const store = await localStore();
    const { writer } = await splitWriter({ kind: 'dense', dimension, store, maxBufferedBytes: 100_000 });
    for (const batch of batches(4000, 200)) await writer.add(batchOf(batch, 'dense', dimension));
    expect(await writer.finish()).toHaveLength(200);
    const sums = await queryDuckDB(
      `SELECT count(*)::INTEGER n, count(DISTINCT id)::INTEGER ids,
         bool_and(len(values) = ${dimension}) lengths,
         bool_and(values[1]::INTEGER = id[2:]::INTEGER AND values[${dimension}] = values[1]) right_rows
       FROM read_parquet('${store.uri}*/*.parquet')`,
    );
    expect(sums).toStrictEqual([{ n: 4000, ids: 4000, lengths: true, right_rows: true }]);
  });
});

/** Counts open writers, and fails on demand. */
function watched(
  store: ObjectStore,
  failAfterBytes = Infinity,
): { store: ObjectStore; state: { open: number; most: number; aborted: number } } {
  const state = { open: 0, most: 0, aborted: 0 };
  let written = 0;
  const create = async (key: string, options?: WriteOptions): Promise<ObjectWriter> => {
    const inner = await store.create(key, options);
    state.most = Math.max(state.most, ++state.open);
    return {
      write: async (bytes) => {
        written += bytes.length;
        if (written > failAfterBytes) throw new Error('the disk is gone');
        await inner.write(bytes);
      },
      close: async () => {
        const info = await inner.close();
        state.open--;
        return info;
      },
      abort: async () => {
        await inner.abort();
        state.open--;
        state.aborted++;
      },
    };
  };
  return {
    store: new Proxy(store, { get: (target, key) => (key === 'create' ? create : Reflect.get(target, key)) }),
    state,
  };
}

describe('open files', () => {
  it('are never more than allowed while records come in', async () => {
    const { store, state } = watched(await localStore());
    const { writer } = await splitWriter({ kind: 'dense', dimension: 5, store, rowGroupBytes: 300, maxOpenFiles: 3 });
    for (const piece of piecesOf(randomRecords(800, 20, 5), [40])) await writer.add(batchOf(piece, 'dense', 5));
    await vi.waitFor(() => expect(state.most).toBe(3));
    await writer.finish();
    expect(state.most).toBeLessThanOrEqual(32);
    expect(state.open).toBe(0);
  });

  it('are dropped by abort, and nothing half-written stays', async () => {
    const inner = await localStore();
    const { store, state } = watched(inner);
    const { writer, tmpDir } = await splitWriter({
      kind: 'dense',
      dimension: 5,
      store,
      rowGroupBytes: 300,
      maxBufferedBytes: 1000,
    });
    for (const piece of piecesOf(randomRecords(300, 4, 5), [40])) await writer.add(batchOf(piece, 'dense', 5));
    expect(state.open).toBeGreaterThan(0);
    await writer.abort();
    await writer.abort();
    expect(state.open).toBe(0);
    expect(await readdir(tmpDir)).toStrictEqual([]);
    const left = [];
    for await (const { key } of inner.list('')) left.push(key);
    expect(left).toStrictEqual([]);
  });

  it('pass a fault on to the caller, soon and ever after', async () => {
    const { store, state } = watched(await localStore(), 2000);
    const { writer } = await splitWriter({
      kind: 'dense',
      dimension: 5,
      store,
      rowGroupBytes: 300,
      targetFileBytes: 600,
    });
    const batch = batchOf(randomRecords(300, 1, 5), 'dense', 5);
    const adding = async (): Promise<void> => {
      for (let i = 0; i < 1000; i++) {
        await writer.add(batch);
        await new Promise(setImmediate);
      }
    };
    await expect(adding()).rejects.toThrow('the disk is gone');
    await expect(writer.add(batch)).rejects.toThrow('the disk is gone');
    await expect(writer.finish()).rejects.toThrow('the disk is gone');
    await writer.abort();
    expect(state).toMatchObject({ open: 0, aborted: 1 });
  });
});

describe('refusals', () => {
  const record = { id: 'a', values: [1, 2] };
  const REFUSED: readonly (readonly [string, string, string])[] = [
    ['a path', 'a/b', 'RECORD_REJECTED'],
    ['a backslash', 'a\\b', 'RECORD_REJECTED'],
    ['the directory itself', '.', 'RECORD_REJECTED'],
    ['the parent', '..', 'RECORD_REJECTED'],
    ['no name', '', 'RECORD_REJECTED'],
    ['a NUL', 'a\u0000b', 'RECORD_REJECTED'],
    ['half a surrogate pair', 'a\ud800', 'RECORD_REJECTED'],
    ['a name longer than the store takes', 'ü'.repeat(128), 'KEY_TOO_LONG'],
  ];
  it.each(REFUSED)('of %s as namespace', async (_, namespace, code) => {
    const { writer, store } = await splitWriter({ kind: 'dense', dimension: 2 });
    await expect(writer.add(batchOf([{ ...record, namespace }], 'dense', 2))).rejects.toMatchObject({ code });
    await writer.abort();
    for await (const { key } of store.list('')) expect.unreachable(key);
  });

  it('of batches of another kind or dimension', async () => {
    const { writer } = await splitWriter({ kind: 'hybrid', dimension: 2 });
    const dense = batchOf([{ ...record, namespace: 'a' }], 'dense', 2);
    await expect(writer.add(dense)).rejects.toMatchObject({ code: 'PARQUET_WRITE' });
    const { writer: other } = await splitWriter({ kind: 'dense', dimension: 3 });
    await expect(other.add(dense)).rejects.toMatchObject({ code: 'PARQUET_WRITE' });
  });

  it.each([
    ['targetFileBytes', { targetFileBytes: 10_000_000_001 }],
    ['rowGroupBytes', { rowGroupBytes: 0 }],
    ['maxBufferedBytes', { maxBufferedBytes: NaN }],
    ['maxOpenFiles', { maxOpenFiles: 0.5 }],
  ])('of a senseless %s', async (field, options) => {
    await expect(splitWriter({ kind: 'dense', dimension: 2, ...options })).rejects.toMatchObject({
      code: 'OPTION_INVALID',
      field,
    });
  });

  it('of work after the signal', async () => {
    const controller = new AbortController();
    const { writer } = await splitWriter({ kind: 'dense', dimension: 2, signal: controller.signal });
    await writer.add(batchOf([{ ...record, namespace: 'a' }], 'dense', 2));
    controller.abort();
    await expect(writer.finish()).rejects.toMatchObject({ code: 'ABORTED' });
    await writer.abort();
  });

  it('of a directory for temporary files that is not there', async () => {
    const { writer } = await splitWriter({
      kind: 'dense',
      dimension: 2,
      maxBufferedBytes: 1,
      tmpDir: `${await temporaryDirectory()}/missing`,
    });
    await expect(writer.add(batchOf([{ ...record, namespace: 'a' }], 'dense', 2))).rejects.toMatchObject({
      code: 'STORE_REFUSED',
    });
    await writer.abort();
  });
});

describe('a store that takes nothing for a while', () => {
  it('makes whoever brings records wait, and takes no memory', async () => {
    const dimension = 256;
    const budget = 4_000_000;
    const stored = memoryStore();
    let open!: () => void;
    const opened = new Promise<void>((resolve) => (open = resolve));
    const slow = {
      ...stored.store,
      create: async (key: string, options?: WriteOptions): Promise<ObjectWriter> => {
        const writer = await stored.store.create(key, options);
        return { ...writer, write: (bytes: Uint8Array) => opened.then(() => writer.write(bytes)) };
      },
    } as ObjectStore;
    let spilled = 0;
    const { writer } = await splitWriter({
      kind: 'dense',
      dimension,
      store: slow,
      maxBufferedBytes: budget,
      rowGroupBytes: 500_000,
      onSpill: (bytes) => (spilled += bytes),
    });
    const batch = batchOf(
      Array.from({ length: 100 }, (_, i) => ({ id: `r${i}`, namespace: 'n', values: new Array(dimension).fill(i) })),
      'dense',
      dimension,
    );
    const BATCHES = 400;
    let taken = 0;
    let most = 0;
    const brought = (async () => {
      for (; taken < BATCHES; taken++) {
        await writer.add(batch);
        most = Math.max(most, writer.bufferedBytes);
      }
    })();
    await vi.waitFor(() => expect(taken).toBeGreaterThan(0));
    await new Promise((resolve) => setTimeout(resolve, 300));
    // 40 MB would come; no more of it is taken than the memory holds, and none goes to the disk instead.
    expect(taken * 100 * dimension * 4).toBeLessThan(budget);
    open();
    await brought;
    expect(most).toBeLessThanOrEqual(budget);
    expect(spilled).toBe(0);
    const [file] = await writer.finish();
    expect(file?.records).toBe(BATCHES * 100);
  });
});

describe('threads that take nothing for a while', () => {
  const dimension = 64;
  const rowGroupBytes = 1024 * 1024;
  const pageBytes = 64 * 1024;

  it.each([
    { atOnce: 2, rowGroups: 64, least: 4, most: 5 },
    { atOnce: 3, rowGroups: 64, least: 6, most: 7 },
    // A quarter of the memory is for those on their way.
    { atOnce: 3, rowGroups: 16, least: 4, most: 5 },
    { atOnce: 2, rowGroups: 4, least: 1, most: 2 },
  ])(
    '$atOnce of them, with memory for $rowGroups row groups: $least are on their way before anybody waits',
    async ({ atOnce, rowGroups, least, most }) => {
      const encoded: RowGroupColumns[] = [];
      let open!: () => void;
      const opened = new Promise<void>((resolve) => (open = resolve));
      const encoders: FileEncoders = {
        atOnce,
        open: (sink, options) => {
          const file = new ParquetFileWriter({ ...options, sink });
          return {
            get bytes() {
              return file.bytes;
            },
            writeRowGroup: async (group) => {
              encoded.push(group);
              await opened;
              await file.writeRowGroup(group);
            },
            close: () => file.close(),
            abort: () => file.abort(),
          };
        },
        writeRests: () => Promise.reject(new Error('there are few namespaces')),
      };
      const { writer } = await splitWriter({
        ...{ kind: 'dense', dimension, store: memoryStore().store, rowGroupBytes, pageBytes, encoders },
        maxBufferedBytes: rowGroups * rowGroupBytes,
      });
      let taken = 0;
      const brought = (async () => {
        for (; taken < 12; taken++) {
          const records = Array.from({ length: rowGroupBytes / (4 * dimension) }, (_, i) => {
            return { id: `r${i}`, namespace: `n${taken}`, values: new Array<number>(dimension).fill(i + 1) };
          });
          await writer.add(batchOf(records, 'dense', dimension));
        }
      })();
      await vi.waitFor(() => expect(encoded.length).toBeGreaterThanOrEqual(least));
      await new Promise((resolve) => setTimeout(resolve, 50));
      expect(encoded.length).toBeLessThanOrEqual(most);
      expect(taken).toBeLessThan(12);
      open();
      await brought;
      expect(await writer.finish()).toHaveLength(12);
    },
  );
});

describe('two splits, the first of which is being finished', () => {
  const settings = { kind: 'dense', dimension: 5, rowGroupBytes: 900 } as const;

  it.each([
    ['memory', { namespaces: 200, heldBytes: 950_000, openFiles: 0 }],
    ['open files', { namespaces: 2, heldBytes: 0, openFiles: 4 }],
  ])('the second waits for its %s instead of using the disk', async (_, { namespaces, heldBytes, openFiles }) => {
    const records = randomRecords(1000, namespaces, 5);
    const alone = await write(records, 'dense', 5, [100], settings);
    let held = { heldBytes, openFiles };
    let over = false;
    const waiting: { readonly forEnd: boolean; readonly go: () => void }[] = [];
    const wait = (forEnd: boolean): Promise<void> => new Promise((go) => waiting.push({ forEnd, go }));
    const tell = (): void => {
      for (const each of waiting.splice(0)) {
        if (over || !each.forEnd) each.go();
        else waiting.push(each);
      }
    };
    let spilled = 0;
    const { writer } = await splitWriter({
      ...{ ...settings, store: memoryStore().store, maxBufferedBytes: 1_000_000, maxOpenFiles: 4 },
      before: () => (over ? undefined : { ...held, closing: () => wait(false), over: () => wait(true) }),
      onSpill: (bytes) => (spilled += bytes),
    });
    let added = 0;
    const adding = (async () => {
      for (const piece of piecesOf(records, [20])) {
        await writer.add(batchOf(piece, 'dense', 5));
        added++;
      }
    })();
    await vi.waitFor(() => expect(waiting.length).toBe(1));
    const before = added;
    expect(before).toBeLessThan(50);
    // Told of a file that does not help, it goes on waiting.
    tell();
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(added).toBe(before);
    expect(waiting.length).toBe(1);
    [held, over] = [{ heldBytes: 0, openFiles: 0 }, true];
    tell();
    await adding;
    const files = await writer.finish();
    expect(spilled).toBe(0);
    expect(files).toStrictEqual(alone.files.map((file) => ({ ...file, crc64nvme: undefined, crc32c: undefined })));
  });

  it('the first tells of each file that it closes, and in the end holds nothing', async () => {
    const { store, state } = watched(await localStore());
    const { writer } = await splitWriter({ ...settings, store });
    for (const piece of piecesOf(randomRecords(800, 6, 5), [40])) await writer.add(batchOf(piece, 'dense', 5));
    await vi.waitFor(() => expect(state.open).toBe(6));
    expect(writer.openFiles).toBe(6);
    let told = 0;
    const openThen: number[] = [];
    const listen = (): void =>
      void writer.closing().then(() => {
        told++;
        openThen.push(writer.openFiles);
        if (told < 20) listen();
      });
    listen();
    const finished = writer.finish();
    await finished;
    await new Promise(setImmediate);
    expect(told).toBeGreaterThan(2);
    expect(openThen.at(-1)).toBe(0);
    expect(openThen).toStrictEqual([...openThen].sort((a, b) => b - a));
    expect(writer).toMatchObject({ openFiles: 0, bufferedBytes: 0 });
  });
});
