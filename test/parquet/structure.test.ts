import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { PineloadError } from '../../src/base/errors.js';
import { encodeFooter } from '../../src/parquet/footer.js';
import { ParquetFileWriter } from '../../src/parquet/file-writer.js';
import { importSchema, leafColumns } from '../../src/parquet/schema.js';
import type { ByteSink } from '../../src/parquet/section-sink.js';
import type { VectorKind } from '../../src/records/batch.js';
import { footerOf, MemorySink, queryWithDuckDB, rowGroup, writeFileBytes, type TestRecord } from './harness.js';
import { decodeHybrid, walkPages } from './page-walk.js';

const records: TestRecord[] = Array.from({ length: 500 }, (_, i) => ({
  id: `record-${i}`,
  values: [i, i + 0.5, -i],
  sparse: i % 7 === 0 ? null : { indices: [...Array(i % 5).keys()], values: [...Array(i % 5).keys()] },
  metadata: i % 3 === 0 ? null : `{"n":${i},"text":"${'ab'.repeat(i % 20)}"}`,
}));

const KINDS: readonly VectorKind[] = ['dense', 'sparse', 'hybrid'];

const LIST = (name: string, type: object): object[] => [
  { name, repetition_type: 'OPTIONAL', num_children: 1, converted_type: 'LIST', logical_type: { type: 'LIST' } },
  { name: 'list', repetition_type: 'REPEATED', num_children: 1 },
  { name: 'element', repetition_type: 'OPTIONAL', ...type },
];
const TEXT = (name: string): object => ({
  name,
  repetition_type: 'OPTIONAL',
  type: 'BYTE_ARRAY',
  converted_type: 'UTF8',
  logical_type: { type: 'STRING' },
});
const FLOAT = { type: 'FLOAT' };
const UINT_32 = {
  type: 'INT32',
  converted_type: 'UINT_32',
  logical_type: { type: 'INTEGER', bitWidth: 32, isSigned: false },
};
const SPARSE = [
  { name: 'sparse_values', repetition_type: 'OPTIONAL', num_children: 2 },
  ...LIST('indices', UINT_32),
  ...LIST('values', FLOAT),
];
const SCHEMAS: Record<VectorKind, readonly object[]> = {
  dense: [{ name: 'schema', num_children: 3 }, TEXT('id'), ...LIST('values', FLOAT), TEXT('metadata')],
  sparse: [{ name: 'schema', num_children: 3 }, TEXT('id'), ...SPARSE, TEXT('metadata')],
  hybrid: [{ name: 'schema', num_children: 4 }, TEXT('id'), ...LIST('values', FLOAT), ...SPARSE, TEXT('metadata')],
};

/** Without the members that are undefined. */
const defined = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

describe.each(KINDS)('a %s file', (kind) => {
  const options = { kind, dimension: 3, pageBytes: 1000 };

  it('has exactly the columns and types that the import takes', async () => {
    const { bytes } = await writeFileBytes([records], options);
    const footer = footerOf(bytes);
    expect(defined(footer.schema)).toStrictEqual(SCHEMAS[kind]);
    expect(footer.version).toBe(1);
    expect(footer.created_by).toBe('pineload version 0.0.0-test');
  });

  it('tells true sizes, offsets and counts', async () => {
    const { bytes, summary } = await writeFileBytes([records, records.slice(0, 30)], options);
    expect(summary).toStrictEqual({
      records: 530,
      bytes: bytes.length,
      sha256: createHash('sha256').update(bytes).digest('hex'),
    });
    const groups = footerOf(bytes).row_groups;
    let offset = 4;
    for (const [g, chunks] of walkPages(bytes).entries()) {
      const rows = g === 0 ? 500 : 30;
      expect(Number(groups[g].num_rows)).toBe(rows);
      expect(Number(groups[g].file_offset)).toBe(offset);
      let [compressed, uncompressed] = [0, 0];
      for (const { meta, pages, path } of chunks) {
        expect(Number(meta.data_page_offset)).toBe(offset);
        const sum = (of: (page: (typeof pages)[number]) => number): number =>
          pages.reduce((n, page) => n + of(page), 0);
        expect(Number(meta.total_compressed_size)).toBe(sum((page) => page.headerBytes + page.compressed));
        expect(Number(meta.total_uncompressed_size)).toBe(sum((page) => page.headerBytes + page.uncompressed));
        expect(Number(meta.num_values)).toBe(sum((page) => page.levelCount));
        expect(meta.encodings).toStrictEqual(['PLAIN', 'RLE']);
        const text = path === 'id' || path === 'metadata';
        expect(meta.codec).toBe(text ? 'SNAPPY' : 'UNCOMPRESSED');
        // Nothing in the statistics that grows with the data.
        expect(Object.keys(defined({ ...meta.statistics, null_count: 0 }) as object)).toStrictEqual(['null_count']);
        offset += Number(meta.total_compressed_size);
        compressed += Number(meta.total_compressed_size);
        uncompressed += Number(meta.total_uncompressed_size);
      }
      expect(Number(groups[g].total_compressed_size)).toBe(compressed);
      expect(Number(groups[g].total_byte_size)).toBe(uncompressed);
    }
  });

  it('counts nulls as its readers do', async () => {
    const { bytes } = await writeFileBytes([records], options);
    const counts = await queryWithDuckDB(
      bytes,
      `SELECT path_in_schema AS path, stats_null_count::INTEGER AS nulls, num_values::INTEGER AS n
       FROM parquet_metadata(FILE) ORDER BY column_id`,
    );
    const lists = records.map((r) => r.sparse?.indices.length ?? 0);
    const sparse = { nulls: lists.filter((n) => n === 0).length, n: lists.reduce((a, n) => a + Math.max(n, 1), 0) };
    const expected = [
      { path: 'id', nulls: 0, n: 500 },
      { path: 'values, list, element', nulls: 0, n: 1500 },
      { path: 'sparse_values, indices, list, element', ...sparse },
      { path: 'sparse_values, values, list, element', ...sparse },
      { path: 'metadata', nulls: records.filter((r) => r.metadata === null).length, n: 500 },
    ].filter(({ path }) => kind === 'hybrid' || !path.startsWith(kind === 'dense' ? 'sparse' : 'values'));
    expect(counts).toStrictEqual(expected);
  });

  it('has pages that begin with a record and stay near the target', async () => {
    const { bytes } = await writeFileBytes([records], options);
    for (const { path, pages } of walkPages(bytes)[0]) {
      expect(pages.length).toBeGreaterThan(1);
      if (!path.includes('list')) continue;
      let rows = 0;
      for (const { body, levelCount } of pages) {
        const length = new DataView(body.buffer, body.byteOffset).getUint32(0, true);
        const repetition = decodeHybrid(body.subarray(4, 4 + length), 1, levelCount);
        expect(repetition[0]).toBe(0);
        rows += repetition.filter((level) => level === 0).length;
        expect(body.length).toBeLessThan(2500);
      }
      expect(rows).toBe(500);
    }
  });

  it('comes in writes of fair size: one for a small file', async () => {
    const { sink } = await writeFileBytes([records], { kind, dimension: 3 });
    expect(sink.writes).toHaveLength(1);
  });
});

describe('large files', () => {
  it('have offsets beyond 32 bits in the footer', () => {
    const schema = importSchema('dense');
    const start = 9_876_543_210;
    const chunks = leafColumns(schema).map((column, i) => ({
      column,
      dataPageOffset: start + i * 5_000_000_000,
      compressedBytes: 5_000_000_000,
      uncompressedBytes: 6_000_000_001,
      levelCount: 4_294_967_296 + i,
      nullCount: i,
    }));
    const footer = encodeFooter(schema, [{ rows: 2_147_483_648, chunks }], 'x');
    const [group] = footerOf(footer).row_groups;
    expect(Number(group.total_byte_size)).toBe(18_000_000_003);
    expect(Number(group.num_rows)).toBe(2_147_483_648);
    expect(
      group.columns.map(({ meta_data: m }) =>
        [m!.data_page_offset, m!.num_values, m!.total_uncompressed_size].map(Number),
      ),
    ).toStrictEqual(chunks.map((c) => [c.dataPageOffset, c.levelCount, c.uncompressedBytes]));
  });

  it('pass vectors on without copying them', async () => {
    const rows = 200;
    const dimension = 1536;
    const group = rowGroup(
      Array.from({ length: rows }, (_, i) => ({ id: `${i}` })),
      'sparse',
    );
    const values = new Float32Array(rows * dimension).map((_, i) => i);
    const sink = new MemorySink();
    let shared = 0;
    const looking: ByteSink = {
      write: (bytes) => {
        if (bytes.buffer === values.buffer) shared += bytes.length;
        return sink.write(bytes);
      },
      close: () => sink.close(),
      abort: () => sink.abort(),
    };
    const writer = new ParquetFileWriter({ sink: looking, kind: 'dense', dimension, version: 'x' });
    await writer.writeRowGroup({ rows, ids: group.ids, values, metadata: group.metadata });
    await writer.close();
    expect(shared).toBe(values.byteLength);
    const [sum] = await queryWithDuckDB(
      sink.bytes,
      'SELECT sum(list_sum(values))::DOUBLE s, count(*)::INTEGER n FROM read_parquet(FILE)',
    );
    expect(sum).toStrictEqual({ s: values.reduce((a, v) => a + v, 0), n: rows });
  });
});

describe('faults', () => {
  const ids = rowGroup([{ id: 'a' }], 'sparse').ids;
  const metadata = rowGroup([{ id: 'a' }], 'sparse').metadata;
  const group = { rows: 1, ids, metadata };
  const REFUSED = [
    ['no row', { ...group, rows: 0, values: new Float32Array(0) }, 'dense'],
    ['a wrong number of dense values', { ...group, values: new Float32Array(1) }, 'dense'],
    ['no dense values', group, 'dense'],
    ['no sparse vectors', { ...group, values: new Float32Array(2) }, 'hybrid'],
    [
      'sparse entries that differ in number',
      {
        ...group,
        sparse: { lengths: Uint32Array.of(2), indices: new Uint32Array(2), values: new Float32Array(1) },
      },
      'sparse',
    ],
    ['validity of other rows', { ...group, metadata: { ...metadata, validity: new Uint8Array(2) } }, 'dense'],
  ] as const;
  it.each(REFUSED)('%s', async (_, columns, kind) => {
    const writer = new ParquetFileWriter({ sink: new MemorySink(), kind, dimension: 2, version: 'x' });
    await expect(
      writer.writeRowGroup({
        values: new Float32Array(2),
        ...columns,
        ...(columns === group && { values: undefined }),
      }),
    ).rejects.toMatchObject({
      code: 'PARQUET_WRITE',
    });
  });

  it('a file without records', async () => {
    const writer = new ParquetFileWriter({ sink: new MemorySink(), kind: 'dense', dimension: 2, version: 'x' });
    await expect(writer.close()).rejects.toMatchObject({ code: 'PARQUET_WRITE' });
  });

  it('a sink that stored something else', async () => {
    const sink = new MemorySink();
    sink.close = async () => ({ bytes: 3 });
    const writer = new ParquetFileWriter({ sink, kind: 'dense', dimension: 2, version: 'x' });
    await writer.writeRowGroup({ ...group, values: new Float32Array(2) });
    const fault: unknown = await writer.close().catch((error: unknown) => error);
    expect(fault).toBeInstanceOf(PineloadError);
    expect(fault).toMatchObject({ code: 'CHECKSUM_MISMATCH', got: '3 bytes' });
  });

  it('a sink that fails', async () => {
    const sink = new MemorySink();
    sink.write = () => Promise.reject(new Error('gone'));
    const writer = new ParquetFileWriter({ sink, kind: 'dense', dimension: 40_000, version: 'x' });
    await expect(writer.writeRowGroup({ ...group, values: new Float32Array(40_000) })).rejects.toThrow('gone');
    await writer.abort();
    expect(sink.aborted).toBe(true);
  });
});
