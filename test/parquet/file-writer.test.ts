import { describe, expect, it } from 'vitest';
import {
  footerOf,
  queryWithDuckDB,
  readWithHyparquet,
  writeFileBytes,
  type TestRecord,
  type WriteOptions,
} from './harness.js';

/** Numbers at the edges of float32: subnormals, the largest, negative zero, values that float64 rounds elsewhere. */
const EDGES = [-0, 1.4e-45, 3.4028234663852886e38, -1.1754943508222875e-38, 0.1, 16777217, 1 / 3, 1e-10];

const dense: TestRecord[] = [
  { id: 'a', values: EDGES, metadata: '{"k":"v"}' },
  { id: 'ключ-🌲', values: EDGES.map((v) => -v), metadata: null },
  { id: 'c', values: EDGES.map((v) => v / 3), metadata: '{}' },
  { id: 'x'.repeat(512), values: EDGES.map(() => 1), metadata: '{"é":"日本 🌲 \\u0000","n":[ "a" ]}' },
];

const sparse: TestRecord[] = [
  { id: '1', sparse: { indices: [4294967295, 0, 2147483648], values: [1.5, -0.25, 0.1] }, metadata: '{"a":1}' },
  { id: '2', sparse: { indices: [7], values: [1e-45] }, metadata: null },
  { id: '3', sparse: { indices: [], values: [] }, metadata: '' },
  { id: '4', sparse: null, metadata: '{"b":true}' },
  { id: '5', sparse: { indices: [3, 1, 2, 9, 8, 7, 6, 5, 4, 10], values: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10] } },
];

const hybrid: TestRecord[] = sparse.map((record, i) => ({ ...record, values: [i, -i, 0.1 * i] }));

const CASES: readonly (readonly [string, readonly TestRecord[], WriteOptions])[] = [
  ['dense', dense, { kind: 'dense', dimension: EDGES.length }],
  ['dense, uncompressed', dense, { kind: 'dense', dimension: 8, compression: { text: 'none', floats: 'none' } }],
  ['dense, a row a page', dense, { kind: 'dense', dimension: 8, pageBytes: 1 }],
  ['sparse', sparse, { kind: 'sparse' }],
  ['sparse, a row a page', sparse, { kind: 'sparse', pageBytes: 1 }],
  ['hybrid', hybrid, { kind: 'hybrid', dimension: 3 }],
  ['hybrid, small pages', hybrid, { kind: 'hybrid', dimension: 3, pageBytes: 20 }],
];

/** What a reader should give back for a record. */
function expected(record: TestRecord, kind: WriteOptions['kind']): Record<string, unknown> {
  const row: Record<string, unknown> = { id: record.id };
  if (kind !== 'sparse') row.values = [...Float32Array.from(record.values ?? [])];
  if (kind !== 'dense') {
    row.sparse_values = record.sparse
      ? { indices: record.sparse.indices, values: [...Float32Array.from(record.sparse.values)] }
      : null;
  }
  row.metadata = record.metadata ?? null;
  return row;
}

/** The null of a struct reads as `undefined` members in hyparquet; lists may come as typed arrays. */
function normalise(row: Record<string, unknown>): Record<string, unknown> {
  const out: Record<string, unknown> = { id: row.id };
  if ('values' in row) out.values = [...(row.values as Iterable<number>)];
  if ('sparse_values' in row) {
    const struct = row.sparse_values as { indices?: number[]; values?: number[] } | null | undefined;
    out.sparse_values = struct?.indices == null ? null : { indices: [...struct.indices], values: [...struct.values!] };
  }
  out.metadata = row.metadata ?? null;
  return out;
}

describe.each(CASES)('%s', (_, records, options) => {
  const want = records.map((record) => expected(record, options.kind));

  it('reads back exactly with DuckDB', async () => {
    const { bytes } = await writeFileBytes([records], options);
    const rows = await queryWithDuckDB(bytes, 'SELECT * FROM read_parquet(FILE)');
    expect(rows.map(normalise)).toStrictEqual(want);
  });

  it('reads back exactly with hyparquet', async () => {
    const { bytes } = await writeFileBytes([records], options);
    expect((await readWithHyparquet(bytes)).map(normalise)).toStrictEqual(want);
  });

  it('reads back exactly from several row groups', async () => {
    const { bytes, summary } = await writeFileBytes([records, records.slice(1), records.slice(0, 1)], options);
    const all = [...want, ...want.slice(1), ...want.slice(0, 1)];
    expect(summary.records).toBe(all.length);
    expect(footerOf(bytes).row_groups).toHaveLength(3);
    expect((await queryWithDuckDB(bytes, 'SELECT * FROM read_parquet(FILE)')).map(normalise)).toStrictEqual(all);
    expect((await readWithHyparquet(bytes)).map(normalise)).toStrictEqual(all);
  });
});
