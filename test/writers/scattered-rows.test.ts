import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { RowGroupColumns } from '../../src/parquet/row-group.js';
import type { RecordBatch, VectorKind } from '../../src/records/batch.js';
import { loadRows, NO_ROWS, type RowTail } from '../../src/writers/load-rows.js';
import { tailOf } from '../../src/writers/row-chain.js';
import { RowGroupMeter } from '../../src/writers/row-group-meter.js';
import { RowMemory } from '../../src/writers/scattered/row-memory.js';
import { ScatteredRows } from '../../src/writers/scattered/scattered-rows.js';
import type { SortedRows } from '../../src/writers/scattered/sorted-rows.js';
import { toPlainTexts } from '../../src/parquet/row-group.js';
import { batchOf, piecesOf, randomRecords, seededRandom, type NamespacedRecord } from './harness.js';

const KINDS = ['dense', 'sparse', 'hybrid'] as const;
const DIMENSION = 5;

/** Texts with their lengths before them, as threads bring them. */
function framed(batch: RecordBatch): RecordBatch {
  const frame = (column: RecordBatch['ids']): RecordBatch['ids'] => {
    const offsets = new Uint32Array(batch.rows + 1);
    for (let r = 0; r < batch.rows; r++) {
      const length = column.offsets[r + 1]! - column.offsets[r]!;
      offsets[r + 1] = offsets[r]! + (column.validity?.[r] === 0 ? 0 : 4 + length);
    }
    return { bytes: toPlainTexts(column, batch.rows).plain, offsets, validity: column.validity, framed: true };
  };
  return { ...batch, ids: frame(batch.ids), metadata: frame(batch.metadata) };
}

interface Sorted {
  readonly sorted: SortedRows;
  readonly ends: Uint32Array;
  readonly names: readonly string[];
  readonly memory: RowMemory;
}

function sort(batches: readonly RecordBatch[], kind: VectorKind, memory = new RowMemory(1)): Sorted {
  const rows = new ScatteredRows(kind, kind === 'sparse' ? 0 : DIMENSION, 1e9, memory);
  const names: string[] = [];
  for (const batch of batches) {
    rows.add(batch, (code) => {
      const name = batch.namespaces.dictionary[code]!;
      if (!names.includes(name)) names.push(name);
      return names.indexOf(name);
    });
  }
  return { ...rows.sort(names.length), names, memory };
}

const take = (bytes: number): ArrayBuffer => new ArrayBuffer(bytes);
const noLog = { read: () => new Uint8Array(0), release: () => undefined };

/** Everything that columns hold, as one reads it. */
function plain({ rows, ids, values, sparse, metadata }: RowGroupColumns): unknown {
  const numbers = (array: ArrayLike<number> | undefined): number[] | undefined => array && Array.from(array);
  return {
    rows,
    ids: numbers(ids.plain),
    values: numbers(values as Float32Array | undefined),
    lengths: numbers(sparse?.lengths),
    indices: numbers(sparse?.indices as Uint32Array | undefined),
    weights: numbers(sparse?.values as Float32Array | undefined),
    sparseValidity: numbers(sparse?.validity?.includes(0) === true ? sparse.validity : undefined),
    metadata: numbers(metadata.plain),
    metadataValidity: numbers(metadata.validity?.includes(0) === true ? metadata.validity : undefined),
  };
}

/** The same records as columns of their own. */
function columnsOf(records: readonly NamespacedRecord[], kind: VectorKind): RowGroupColumns {
  const { rows, ids, values, sparse, metadata } = batchOf(records, kind, DIMENSION);
  return {
    rows,
    ids: toPlainTexts(ids, rows),
    values,
    sparse: sparse && {
      lengths: Uint32Array.from({ length: rows }, (_, r) => sparse.offsets[r + 1]! - sparse.offsets[r]!),
      indices: sparse.indices,
      values: sparse.values,
      validity: sparse.validity,
    },
    metadata: toPlainTexts(metadata, rows),
  };
}

const load = async (tail: RowTail, kind: VectorKind): Promise<RowGroupColumns> =>
  (await loadRows(noLog, NO_ROWS, tail, kind, { take })).columns;

describe.each(KINDS)('scattered %s records', (kind) => {
  it('come out by namespace, each in order, whatever the batches and the segments', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 400 }),
        fc.integer({ min: 1, max: 40 }),
        fc.array(fc.integer({ min: 1, max: 90 }), { minLength: 1, maxLength: 4 }),
        fc.boolean(),
        fc.nat(),
        async (count, namespaces, sizes, isFramed, seed) => {
          const records = randomRecords(count, namespaces, DIMENSION, seed);
          const batches = piecesOf(records, sizes).map((some) => batchOf(some, kind, DIMENSION));
          const { sorted, ends, names, memory } = sort(isFramed ? batches.map(framed) : batches, kind);
          const good = records.filter(({ rejected }) => rejected !== true);
          expect(new Set(names)).toEqual(new Set(good.map(({ namespace }) => namespace)));
          const desk = memory.take(sorted.deskBytes);
          let from = 0;
          for (const [number, to] of ends.entries()) {
            const own = good.filter(({ namespace }) => namespace === names[number]);
            const columns = await load(sorted.tail(from, to, desk), kind);
            expect(plain(columns)).toEqual(plain(columnsOf(own, kind)));
            from = to;
          }
          expect(from).toBe(good.length);
        },
      ),
      { numRuns: 60 },
    );
  });

  it('end a row group where their sizes say so, as batches do', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 300 }),
        fc.integer({ min: 1, max: 3_000 }),
        fc.nat(),
        (count, bytes, seed) => {
          const records = randomRecords(count, 1, DIMENSION, seed).map((record) => ({ ...record, rejected: false }));
          const batch = batchOf(records, kind, DIMENSION);
          const { sorted } = sort([batch], kind);
          const dimension = kind === 'sparse' ? 0 : DIMENSION;
          const [one, other] = [new RowGroupMeter(kind, dimension, bytes), new RowGroupMeter(kind, dimension, bytes)];
          for (let from = 0; from < count;) {
            const end = one.fit(batch, from, count);
            expect(sorted.count(other, from, count)).toBe(end);
            expect([other.rows, other.bytes]).toEqual([one.rows, one.bytes]);
            if (end < count) for (const meter of [one, other]) meter.end();
            from = end;
          }
        },
      ),
    );
  });

  it('go behind others, with room for validity only where a row has no value', async () => {
    const records = randomRecords(60, 1, DIMENSION, 7).map((record) => ({ ...record, rejected: false }));
    const { sorted, memory } = sort([batchOf(records.slice(20), kind, DIMENSION)], kind);
    const desk = memory.take(sorted.deskBytes);
    const first = await load(tailOf(columnsOf(records.slice(0, 20), kind)), kind);
    const both = [tailOf(first), sorted.tail(0, 40, desk)];
    const whole = await load(
      {
        rows: 60,
        lengths: both[0]!.lengths.map((length, i) => length + both[1]!.lengths[i]!),
        copyTo: (target, starts) => {
          both[0]!.copyTo(target, starts);
          both[1]!.copyTo(
            target,
            starts.map((start, i) => (start < 0 ? -1 : start + both[0]!.lengths[i]!)),
          );
        },
      },
      kind,
    );
    expect(plain(whole)).toEqual(plain(columnsOf(records, kind)));
  });
});

describe('rows', () => {
  it('larger than a segment, and than what is put together at a time, come out whole', async () => {
    const random = seededRandom(3);
    const records = Array.from({ length: 12 }, (_, i) => ({
      id: `id-${i}`,
      namespace: `ns-${i % 3}`,
      values: Array.from({ length: DIMENSION }, () => Math.fround(random())),
      metadata: `{"text":"${'x'.repeat(i % 4 === 0 ? 700_000 : 90_000)}${i}"}`,
    }));
    const batches = piecesOf(records, [5, 2]).map((some) => batchOf(some, 'dense', DIMENSION));
    const { sorted, ends, memory } = sort(batches, 'dense');
    for (const [number, to] of ends.entries()) sorted.count(new RowGroupMeter('dense', DIMENSION, 1e9), number * 4, to);
    const desk = memory.take(sorted.deskBytes);
    expect(desk.bytes).toBeGreaterThan(700_000);
    for (const number of ends.keys()) {
      const columns = await load(sorted.tail(number * 4, ends[number]!, desk), 'dense');
      const own = records.filter(({ namespace }) => namespace === `ns-${number}`);
      expect(plain(columns)).toEqual(plain(columnsOf(own, 'dense')));
    }
  });

  it('are put together on the desk and nowhere else', async () => {
    const memory = new RowMemory(1);
    for (let more = 0; more < 8; more++) {
      const record = { namespace: 'a', values: [1, 2, 3, 4, 5], sparse: null };
      const records = [
        { ...record, id: 'i'.repeat(1 + more), metadata: `{"text":"${'x'.repeat(400_000 + more)}"}` },
        { ...record, id: 'no metadata', metadata: null },
      ];
      const { sorted } = sort([batchOf(records, 'hybrid', DIMENSION)], 'hybrid', memory);
      sorted.count(new RowGroupMeter('hybrid', DIMENSION, 1e9), 0, 2);
      const { at, bytes } = memory.take(2 * sorted.deskBytes);
      const end = at + sorted.deskBytes;
      memory.bytes.fill(0xaa, at, at + bytes);
      const columns = await load(sorted.tail(0, 2, { at, bytes: sorted.deskBytes }), 'hybrid');
      expect(plain(columns)).toEqual(plain(columnsOf(records, 'hybrid')));
      expect(memory.bytes.subarray(end, at + bytes).every((byte) => byte === 0xaa)).toBe(true);
    }
  });

  it('more than a block numbers, and than are put together at a time, come out in order', async () => {
    const count = 150_000;
    const firstNull = 110_000;
    const ids = Uint8Array.from({ length: 4 * count }, (_, i) => (Math.floor(i / 4) >>> (8 * (i % 4))) & 255);
    const offsets = Uint32Array.from({ length: count + 1 }, (_, r) => 4 * r);
    const batch: RecordBatch = {
      rows: count,
      dimension: 1,
      ids: { bytes: ids, offsets },
      values: Float32Array.from({ length: count }, (_, r) => r),
      sparse: undefined,
      metadata: {
        bytes: ids,
        offsets,
        validity: Uint8Array.from({ length: count }, (_, r) => (r < firstNull ? 1 : 0)),
      },
      namespaces: { dictionary: ['even', 'odd'], codes: Uint32Array.from({ length: count }, (_, r) => r % 2) },
      origin: { source: '<test>', lines: new Float64Array(count), byteOffsets: new Float64Array(count) },
      rejected: new Uint8Array(count),
      rejects: [],
    };
    const memory = new RowMemory();
    const rows = new ScatteredRows('dense', 1, 1e9, memory);
    rows.add(batch, (code) => code);
    const { sorted, ends } = rows.sort(2);
    expect([...ends]).toEqual([count / 2, count]);
    const desk = memory.take(sorted.deskBytes);
    const columns = await load(sorted.tail(count / 2, count, desk), 'dense');
    expect((columns.values as Float32Array).every((value, i) => value === 2 * i + 1)).toBe(true);
    const isFramed = (number: number, i: number): boolean => number === (i % 2 === 0 ? 4 : i);
    expect(new Uint32Array(columns.ids.plain.slice().buffer).every(isFramed)).toBe(true);
    const { plain: texts, validity } = columns.metadata;
    expect(texts.length).toBe(8 * (firstNull / 2));
    expect(new Uint32Array(texts.slice().buffer).every(isFramed)).toBe(true);
    expect(validity!.every((flag, i) => flag === (2 * i + 1 < firstNull ? 1 : 0))).toBe(true);
  });

  it('lie anywhere in four gibibytes', async () => {
    const memory = new RowMemory(1);
    const before = [memory.take(2 ** 30), memory.take(2 ** 30)];
    expect(before[1]!.at + before[1]!.bytes).toBeGreaterThan(2 ** 31);
    const records = randomRecords(900, 3, DIMENSION, 5).map((record) => ({ ...record, rejected: false }));
    const batches = piecesOf(records, [70]).map((some) => batchOf(some, 'hybrid', DIMENSION));
    const { sorted, ends, names } = sort(batches, 'hybrid', memory);
    const desk = memory.take(sorted.deskBytes);
    for (const [number, to] of ends.entries()) {
      const columns = await load(sorted.tail(ends[number - 1] ?? 0, to, desk), 'hybrid');
      const own = records.filter(({ namespace }) => namespace === names[number]);
      expect(plain(columns)).toEqual(plain(columnsOf(own, 'hybrid')));
    }
  });

  it('give their memory back, and say when there is no room for more', () => {
    const memory = new RowMemory(1);
    const rows = new ScatteredRows('dense', DIMENSION, 300_000, memory);
    const batch = batchOf(randomRecords(500, 20, DIMENSION), 'dense', DIMENSION);
    expect(rows.isFullFor(batch)).toBe(false);
    let batches = 0;
    for (; !rows.isFullFor(batch); batches++) rows.add(batch, (code) => code);
    expect(batches).toBeGreaterThan(3);
    rows.sort(20);
    expect(rows.bytes).toBeGreaterThan(200_000);
    expect(rows.bytes).toBeLessThanOrEqual(300_000 + 2 * 65_536);
    const held = rows.bytes;
    rows.clear();
    expect([rows.rows, rows.bytes, memory.freeBytes]).toEqual([0, 0, held]);
    expect(rows.isFullFor(batch)).toBe(false);
  });
});
