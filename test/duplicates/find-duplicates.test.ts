import { createHash } from 'node:crypto';
import { tmpdir } from 'node:os';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ALL_BUCKETS, FingerprintFile } from '../../src/duplicates/fingerprint-file.js';
import { BUCKETS, ENTRY_WORDS, fingerprintsKey } from '../../src/duplicates/fingerprint-format.js';
import { FingerprintRecorder } from '../../src/duplicates/fingerprint-recorder.js';
import { DUPLICATE_WORDS, findDuplicates } from '../../src/duplicates/find-duplicates.js';
import { mergeSplits } from '../../src/duplicates/merge-splits.js';
import { BatchBuilder } from '../../src/records/batch-builder.js';
import type { RecordBatch } from '../../src/records/batch.js';
import { fingerprintBatch } from '../../src/records/fingerprint/fingerprints.js';
import { NamespaceNumbers } from '../../src/records/namespace-numbers.js';
import { openStore } from '../../src/uploaders/open-store.js';
import { useTempDir } from '../support/temp-dir.js';

const temp = useTempDir();
let dirs = 0;
const tempDir = (): string => temp(String(dirs++));

interface Row {
  readonly id: string;
  readonly namespace: string;
  readonly values: readonly number[];
  readonly rejected: boolean;
}

/** Few ids, vectors and namespaces, so that most are there more than once; zeros of both signs. */
const row: fc.Arbitrary<Row> = fc.record({
  id: fc.integer({ min: 0, max: 60 }).map((n) => `id-${n}`),
  namespace: fc.constantFrom('a', 'b', 'c'),
  values: fc.tuple(fc.integer({ min: 0, max: 12 }), fc.constantFrom(0, -0, 1)),
  rejected: fc.integer({ min: 0, max: 9 }).map((n) => n === 0),
});

function batchOf(rows: readonly Row[], first: number, weak: boolean): RecordBatch {
  const builder = new BatchBuilder('dense', 2);
  builder.begin(`source-${first % 3}`);
  rows.forEach(({ id, namespace, values }, i) => {
    builder.beginRow(first + i + 1, 10 * (first + i));
    builder.setIdText(id);
    builder.setDense(values);
    builder.setNamespace(namespace);
    builder.commitRow();
  });
  const batch = builder.finish();
  rows.forEach(({ rejected }, i) => (batch.rejected[i] = Number(rejected)));
  const fingerprints = fingerprintBatch(batch);
  // Different ids and vectors that share their fingerprint.
  if (weak)
    for (const column of [fingerprints.ids, fingerprints.vectors]) column.forEach((w, i) => (column[i] = w & 3));
  return { ...batch, fingerprints };
}

/** A split's rows as they lie in its files: by namespace in order of appearance, and in input order in each. */
function filesOrder(rows: readonly Row[]): { row: Row; number: number }[] {
  const good = rows.filter(({ rejected }) => !rejected).map((one, number) => ({ row: one, number }));
  const names = [...new Set(good.map((one) => one.row.namespace))];
  return names.flatMap((name) => good.filter((one) => one.row.namespace === name));
}

const keyOf = (kind: 'ids' | 'vectors', { namespace, id, values }: Row): string =>
  JSON.stringify(kind === 'ids' ? [namespace, id] : [namespace, ...values.map((v) => v + 0)]);

/** What two sets find. */
function oracle(splits: readonly (readonly Row[])[], keep: 'first' | 'last'): string[] {
  const all = splits.flatMap((rows, unit) =>
    filesOrder(rows).map(({ row: one, number }, at) => ({ unit, at, number, one })),
  );
  const found: { unit: number; at: number; text: string }[] = [];
  let left = keep === 'last' ? all.reverse() : all;
  for (const [code, kind] of (['ids', 'vectors'] as const).entries()) {
    const seen = new Map<string, (typeof all)[number]>();
    left = left.filter((record) => {
      const key = keyOf(kind, record.one);
      const kept = seen.get(key);
      if (kept === undefined) seen.set(key, record);
      else {
        const { unit, at, number } = record;
        found.push({ unit, at, text: [unit, at, number, kept.unit, kept.at, kept.number, code].join() });
      }
      return kept === undefined;
    });
  }
  return found.sort((a, b) => a.unit - b.unit || a.at - b.at).map(({ text }) => text);
}

async function find(
  splits: readonly (readonly Row[])[],
  options: { keep: 'first' | 'last'; memoryBytes: number; batchRows: number; weak: boolean; enough?: number },
): Promise<{ found: string[]; complete: boolean; read: number }> {
  const directory = tempDir();
  const store = await openStore(directory);
  const { memoryBytes, batchRows, weak } = options;
  const files: FingerprintFile[] = [];
  for (const [split, rows] of splits.entries()) {
    const recorder = new FingerprintRecorder({ memoryBytes, directory: tmpdir() });
    for (let at = 0; at < rows.length; at += batchRows) {
      await recorder.add(batchOf(rows.slice(at, at + batchRows), at, weak));
    }
    await recorder.writeTo(store, fingerprintsKey(split));
    await recorder.close();
    files.push(await FingerprintFile.open(store, fingerprintsKey(split)));
  }
  const stored = splits.map(filesOrder);
  let read = 0;
  const result = await findDuplicates(
    (kind) =>
      mergeSplits(
        files.map((file, unit) => ({ file, unit })),
        kind,
        ALL_BUCKETS,
        memoryBytes,
      ),
    async (kind, unit, rows) => {
      read += rows.length;
      return Buffer.concat(rows.map((at) => createHash('sha256').update(keyOf(kind, stored[unit]![at]!.row)).digest()));
    },
    { keep: options.keep, memoryBytes, directory: tmpdir(), enough: options.enough },
  );
  const found: string[] = [];
  for await (const block of result.records.sorted()) {
    for (let at = 0; at < block.length; at += DUPLICATE_WORDS)
      found.push(block.subarray(at, at + DUPLICATE_WORDS).join());
  }
  await result.records.close();
  expect(found.length).toBe(result.ids + result.vectors);
  // Every record's origin is known.
  for (const [unit, rows] of splits.entries()) {
    const good = rows.map((one, i) => ({ one, i })).filter(({ one }) => !one.rejected);
    const origins = await files[unit]!.origins(good.map((_, number) => number));
    good.forEach(({ i }, number) => {
      const source = `source-${(i - (i % batchRows)) % 3}`;
      expect(origins[number]).toEqual({ source, line: i + 1, byteOffset: 10 * i });
    });
  }
  await store.close();
  return { found, complete: result.complete, read };
}

const splitsOf = fc.array(fc.array(row, { maxLength: 150 }), { minLength: 1, maxLength: 5 });

describe('duplicates', () => {
  it.each([
    ['first', 'in memory', 10_000_000, 1_000, false],
    ['first', 'in many runs, small batches', 100, 7, false],
    ['last', 'in many runs', 100, 64, false],
    ['first', 'with fingerprints that mostly collide', 100, 64, true],
    ['last', 'with fingerprints that mostly collide', 10_000_000, 64, true],
  ] as const)('keeping the %s: the same as two sets find, %s', async (keep, _, memoryBytes, batchRows, weak) => {
    await fc.assert(
      fc.asyncProperty(splitsOf, async (splits) => {
        const { found, complete } = await find(splits, { keep, memoryBytes, batchRows, weak });
        expect(complete).toBe(true);
        expect(found).toEqual(oracle(splits, keep));
      }),
      { numRuns: 25, seed: 20 },
    );
  });

  it('reads nothing back where all fingerprints are different', async () => {
    const rows = Array.from({ length: 3_000 }, (_, i) => ({
      ...{ id: String(i), namespace: `n${i % 3}`, values: [i, 1], rejected: false },
    }));
    const { found, read } = await find([rows], { keep: 'first', memoryBytes: 20_000, batchRows: 100, weak: false });
    expect({ found, read }).toEqual({ found: [], read: 0 });
  });

  it('stops early where some are enough, but never on a collision', async () => {
    const same = Array.from({ length: 2_000 }, (_, i) => ({
      ...{ id: String(i), namespace: 'n', values: [1, 1], rejected: false },
    }));
    const early = await find([same], { keep: 'first', memoryBytes: 1e6, batchRows: 100, weak: false, enough: 10 });
    expect(early.complete).toBe(false);
    expect(early.found.length).toBeGreaterThan(0);
    expect(early.read).toBeLessThan(20);

    // One duplicate, far behind many that only look like it.
    const collide = Array.from({ length: 500 }, (_, i) => ({
      ...{ id: String(i), namespace: 'n', values: [i, 1], rejected: false },
    }));
    const hidden = [collide, [{ ...collide[123]!, id: 'other' }]];
    const late = await find(hidden, { keep: 'first', memoryBytes: 1e6, batchRows: 100, weak: true, enough: 3 });
    expect(late.found).toEqual(oracle(hidden, 'first'));
  });

  it('may be looked for by shares of the fingerprints', async () => {
    const store = await openStore(tempDir());
    const recorder = new FingerprintRecorder({ memoryBytes: 10_000, directory: tmpdir() });
    const rows = Array.from({ length: 5_000 }, (_, i) => ({
      ...{ id: String(i), namespace: 'n', values: [i, 1], rejected: false },
    }));
    await recorder.add(batchOf(rows, 0, false));
    await recorder.writeTo(store, fingerprintsKey(0));
    await recorder.close();
    const file = await FingerprintFile.open(store, fingerprintsKey(0));
    for (const kind of ['ids', 'vectors'] as const) {
      const seen = new Set<number>();
      for (const [from, to] of [
        [0, 1],
        [1, 300],
        [300, 300],
        [300, BUCKETS],
      ] as const) {
        const source = await file.entries(kind, { from, to }, 1_000);
        for (let block = await source.next(); block !== undefined; block = await source.next()) {
          for (let at = 0; at < block.length; at += ENTRY_WORDS) {
            expect(block[at]! >>> 22).toSatisfy((bucket: number) => bucket >= from && bucket < to);
            seen.add(block[at + 2]!);
          }
        }
      }
      expect(seen.size).toBe(rows.length);
    }
    await store.close();
  });

  it('tells the origin of rows that were put together by namespace', async () => {
    const store = await openStore(tempDir());
    const recorder = new FingerprintRecorder({ directory: tmpdir() });
    const batch = batchOf(
      [3, 1, 2, 0].map((n) => ({ id: String(n), namespace: `n${n % 2}`, values: [n, 1], rejected: false })),
      0,
      false,
    );
    batch.origin.lines.set([30, 10, 20, 5]);
    batch.origin.byteOffsets.set([3e9, 1e9, 2e9, 7]);
    await recorder.add(batch);
    await recorder.writeTo(store, fingerprintsKey(0));
    await recorder.close();
    const file = await FingerprintFile.open(store, fingerprintsKey(0));
    const origins = await file.origins([0, 1, 3]);
    expect(origins.map(({ line, byteOffset }) => [line, byteOffset])).toEqual([
      [30, 3e9],
      [10, 1e9],
      [5, 7],
    ]);
    await store.close();
  });

  it('names the namespaces of good rows alone, in their order, whoever else numbers those of the batches', async () => {
    const store = await openStore(tempDir());
    const numbers = new NamespaceNumbers();
    const recorder = new FingerprintRecorder({ directory: tmpdir(), numbers });
    const row = (id: string, namespace: string, rejected = false): Row => ({ id, namespace, values: [1], rejected });
    for (const rows of [
      [row('1', 'bad', true), row('2', 'b'), row('3', 'a')],
      [row('4', 'a'), row('5', 'c'), row('6', 'b'), row('7', 'b')],
    ]) {
      const batch = batchOf(rows, 0, false);
      numbers.of(batch.namespaces.dictionary);
      await recorder.add(batch);
    }
    await recorder.writeTo(store, fingerprintsKey(0));
    await recorder.close();
    const file = await FingerprintFile.open(store, fingerprintsKey(0));
    expect((await file.details()).namespaces).toEqual([
      ['b', 3],
      ['a', 2],
      ['c', 1],
    ]);
    await store.close();
  });

  it('is one request where all of it is read at once, and tells the same', async () => {
    const store = await openStore(tempDir());
    const recorder = new FingerprintRecorder({ directory: tmpdir() });
    const rows = Array.from({ length: 300 }, (_, i): Row => ({
      id: `r${i % 250}`,
      namespace: `n${i % 3}`,
      values: [i, 1],
      rejected: false,
    }));
    await recorder.add(batchOf(rows, 0, false));
    await recorder.writeTo(store, fingerprintsKey(0));
    await recorder.close();
    let reads = 0;
    const read: typeof store.read = (...args) => (reads++, store.read(...args));
    const counted = new Proxy(store, {
      get: (target, key) => (key === 'read' ? read : (Reflect.get(target, key) as unknown)),
    });
    const size = (await store.head(fingerprintsKey(0)))!.bytes;
    const told = async (holdBytes: number): Promise<unknown[]> => {
      reads = 0;
      const file = await FingerprintFile.open(counted, fingerprintsKey(0), { size, holdBytes });
      const all: unknown[] = [await file.details(), await file.origins([0, 7, 299])];
      for (const kind of ['ids', 'vectors'] as const) {
        for (const range of [ALL_BUCKETS, { from: 100, to: 700 }]) {
          const source = await file.entries(kind, range, 1024);
          const words: number[] = [];
          for (let block; (block = await source.next()) !== undefined;) words.push(...block);
          all.push(words);
        }
      }
      return all;
    };
    const piecemeal = await told(size - 1);
    expect(reads).toBeGreaterThan(10);
    expect((piecemeal[2] as number[]).length).toBe(4 * rows.length);
    expect(await told(size)).toStrictEqual(piecemeal);
    expect(reads).toBe(1);
    await store.close();
  });

  it('refuses what is no such object', async () => {
    const store = await openStore(tempDir());
    await expect(FingerprintFile.open(store, 'none')).rejects.toMatchObject({ code: 'STATE_CORRUPT' });
    await store.put('short', Buffer.alloc(20));
    await expect(FingerprintFile.open(store, 'short')).rejects.toMatchObject({ code: 'STATE_CORRUPT' });
    await store.put('zeros', Buffer.alloc(200));
    await expect(FingerprintFile.open(store, 'zeros')).rejects.toMatchObject({ code: 'STATE_CORRUPT' });
    await store.close();
  });
});
