import { brotliCompressSync, gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { DEFAULT_DECODE_LIMITS, openParquet } from '../../src/parquet/decode/index.js';
import { snappyCompress } from '../../src/parquet/snappy/compress.js';
import { createInt64, serializeThrift, thrift, type ThriftStruct } from '../../src/parquet/vendor/parquetjs.js';
import { memoryFile, readAll } from './decode-support.js';

/** A page as it is written: what its header says need not be true. */
interface Page {
  readonly dictionary?: boolean;
  readonly values: number;
  readonly encoding?: number;
  readonly body: Uint8Array;
  readonly compressed?: number;
  readonly uncompressed?: number;
}

/** A column chunk after that of the ids. */
interface Chunk {
  readonly path: readonly string[];
  readonly type: number;
  readonly pages: readonly Page[];
  readonly meta?: Record<string, unknown>;
}

interface Lie {
  readonly pages?: readonly Page[];
  readonly more?: readonly Chunk[];
  readonly rows?: number;
  readonly codec?: number;
  readonly schema?: readonly object[];
  readonly chunk?: Record<string, unknown>;
}

const PLAIN = 0;
const RLE_DICTIONARY = 8;

/** pineload writes no dictionaries, so its typed part of parquetjs has no such header. */
const { DictionaryPageHeader } = thrift as unknown as Record<string, new (fields: object) => ThriftStruct>;

const element = (fields: Record<string, unknown>): ThriftStruct => new thrift.SchemaElement(fields) as ThriftStruct;
const root = (children: number): ThriftStruct => element({ name: 'schema', num_children: children });
const idColumn = element({ name: 'id', type: 6, repetition_type: 0, converted_type: 0 });
const values = [
  element({ name: 'values', repetition_type: 0, num_children: 1, converted_type: 3 }),
  element({ name: 'list', repetition_type: 2, num_children: 1 }),
  element({ name: 'element', type: 4, repetition_type: 0 }),
];

/** PLAIN texts: length and bytes. */
function texts(...all: string[]): Uint8Array {
  return Buffer.concat(
    all.flatMap((text) => [Buffer.from(new Uint32Array([Buffer.byteLength(text)]).buffer), Buffer.from(text)]),
  );
}

function varint(n: number): number[] {
  const out: number[] = [];
  for (; n >= 128; n = Math.floor(n / 128)) out.push((n % 128) | 128);
  return [...out, n];
}

/** A file of the column id, and whatever else is said. */
function fileWith({
  pages = [],
  more = [],
  rows = 1,
  codec = 0,
  schema = [root(1), idColumn],
  chunk = {},
}: Lie): Uint8Array {
  const sections: Uint8Array[] = [Buffer.from('PAR1')];
  let size = 4;
  const add = (bytes: Uint8Array): void => {
    sections.push(bytes);
    size += bytes.length;
  };
  const columns = [{ path: ['id'], type: 6, pages, meta: chunk }, ...more].map(({ path, type, pages, meta = {} }) => {
    const start = size;
    let levels = 0;
    let first: number | undefined;
    for (const page of pages) {
      if (!page.dictionary) {
        first ??= size;
        levels += page.values;
      }
      add(pageHeader(page));
      add(page.body);
    }
    return new thrift.ColumnMetaData({
      type,
      encodings: [0, 3],
      path_in_schema: path,
      codec,
      num_values: createInt64(levels),
      total_uncompressed_size: createInt64(size - start),
      total_compressed_size: createInt64(size - start),
      data_page_offset: createInt64(first ?? start),
      ...(pages[0]?.dictionary ? { dictionary_page_offset: createInt64(start) } : {}),
      ...meta,
    });
  });
  const footer = serializeThrift(
    new thrift.FileMetaData({
      version: 1,
      schema,
      num_rows: createInt64(rows),
      row_groups: [
        new thrift.RowGroup({
          columns: columns.map((meta_data) => new thrift.ColumnChunk({ file_offset: createInt64(0), meta_data })),
          total_byte_size: createInt64(size),
          num_rows: createInt64(rows),
        }),
      ],
    }),
  );
  return framed(Buffer.concat(sections), footer);
}

function pageHeader(page: Page): Uint8Array {
  const own = { num_values: page.values, encoding: page.encoding ?? PLAIN };
  return serializeThrift(
    new thrift.PageHeader({
      type: page.dictionary ? 2 : 0,
      uncompressed_page_size: page.uncompressed ?? page.body.length,
      compressed_page_size: page.compressed ?? page.body.length,
      ...(page.dictionary
        ? { dictionary_page_header: new DictionaryPageHeader(own) }
        : {
            data_page_header: new thrift.DataPageHeader({
              ...own,
              definition_level_encoding: 3,
              repetition_level_encoding: 3,
            }),
          }),
    }),
  );
}

/** Data and a footer as a file. */
function framed(data: Uint8Array, footer: Uint8Array): Uint8Array {
  return Buffer.concat([data, footer, Buffer.from(new Uint32Array([footer.length]).buffer), Buffer.from('PAR1')]);
}

/** A footer of the column id and no row, with whatever fields come after; written by hand. */
function footerWith(after: Uint8Array | readonly number[]): Uint8Array {
  const schema = [0x19, 0x2c, ...serializeThrift(root(1)), ...serializeThrift(idColumn)];
  return framed(
    Buffer.from('PAR1'),
    Buffer.concat([Buffer.from([0x15, 2, ...schema, 0x16, 0]), Buffer.from(after), Buffer.from([0])]),
  );
}

const NO_VECTORS: Chunk = { path: ['values', 'list', 'element'], type: 4, pages: [] };

/** Levels of a v1 page: their length, then runs of equal ones. */
function levelRuns(...runs: [count: number, level: number][]): number[] {
  const bytes = runs.flatMap(([count, level]) => [...varint(count * 2), level]);
  return [bytes.length, 0, 0, 0, ...bytes];
}

/** What reading came to, the time and the memory it took. */
async function refusal(
  bytes: Uint8Array,
  read: (bytes: Uint8Array) => Promise<unknown> = readIds,
): Promise<{ code: string; message: string; ms: number }> {
  const began = performance.now();
  try {
    await read(bytes);
  } catch (error) {
    const { code, message } = error as { code: string; message: string };
    return { code, message, ms: performance.now() - began };
  }
  return { code: 'none', message: '', ms: performance.now() - began };
}

async function readIds(bytes: Uint8Array): Promise<string[]> {
  const { ColumnPages, DecodeBudget, TextColumn, inFile } = await import('../../src/parquet/decode/index.js');
  const file = await openParquet(memoryFile(bytes));
  const budget = new DecodeBudget(bytes.length, file.limits);
  const ids: string[] = [];
  try {
    for (const group of file.metadata.rowGroups) {
      const pages = new ColumnPages(file, file.leaves[0], group.columns[0], budget);
      const column = new TextColumn(pages, file.leaves[0].definition, file.limits.pageBytes, budget);
      for (let done = 0; done < group.rows;) {
        const { rows, bytes: all, offsets } = await column.read(Math.min(4096, group.rows - done), 1024, 1 << 20);
        for (let r = 0; r < rows && ids.length < 10; r++)
          ids.push(Buffer.from(all.subarray(offsets[r], offsets[r + 1])).toString());
        done += rows;
      }
    }
  } catch (error) {
    throw inFile(error, 'memory.parquet');
  }
  return ids;
}

describe('files that lie', () => {
  it('the builder of these files makes ones that can be read', async () => {
    const pages = [
      { values: 2, body: texts('a', 'b') },
      { values: 1, body: texts('c') },
    ];
    expect(await readIds(fileWith({ pages, rows: 3 }))).toEqual(['a', 'b', 'c']);
    const coded = [
      { dictionary: true, values: 2, body: texts('x', 'y') },
      { values: 9, encoding: RLE_DICTIONARY, body: Uint8Array.from([1, 5 << 1, 1, 4 << 1, 0]) },
    ];
    expect(await readIds(fileWith({ pages: coded, rows: 9 }))).toEqual(['y', 'y', 'y', 'y', 'y', 'x', 'x', 'x', 'x']);
  });

  const bomb = Buffer.alloc(64 << 20);
  const cases: [string, Lie, string, RegExp][] = [
    [
      'more values than the page has bytes for',
      { pages: [{ values: 1 << 24, body: texts('a') }], rows: 1 << 24 },
      'PARQUET_CORRUPT',
      /fewer values/,
    ],
    [
      'a text longer than its page',
      { pages: [{ values: 1, body: Uint8Array.from([255, 255, 255, 255, 1]) }] },
      'PARQUET_CORRUPT',
      /longer than its page/,
    ],
    [
      'a page longer than its column',
      { pages: [{ values: 1, body: texts('a'), compressed: 1 << 30 }] },
      'PARQUET_CORRUPT',
      /longer than its column/,
    ],
    [
      'a page of 2 GB',
      { pages: [{ values: 1, body: texts('a'), uncompressed: 2 ** 31 - 1 }], codec: 1 },
      'PARQUET_LIMIT',
      /bytes of a page/,
    ],
    [
      'a negative size',
      { pages: [{ values: 1, body: texts('a'), uncompressed: -5 }] },
      'PARQUET_CORRUPT',
      /uncompressed size/,
    ],
    [
      'more values in the pages than the footer says',
      { pages: [{ values: 2, body: texts('a', 'b') }], rows: 1, chunk: { num_values: createInt64(1) } },
      'PARQUET_CORRUPT',
      /more values than the footer/,
    ],
    [
      'fewer rows in the column than in the row group',
      { pages: [{ values: 1, body: texts('a') }], rows: 2 },
      'PARQUET_CORRUPT',
      /fewer rows/,
    ],
    [
      'a column chunk beyond the file',
      { chunk: { total_compressed_size: createInt64(1e12) } },
      'PARQUET_CORRUPT',
      /outside the data/,
    ],
    [
      'a column chunk inside the magic',
      { chunk: { data_page_offset: createInt64(0) } },
      'PARQUET_CORRUPT',
      /outside the data/,
    ],
    ['a number of rows beyond 2^53', { rows: 2 ** 60 }, 'PARQUET_CORRUPT', /number of rows/],
    [
      'a gzip bomb',
      { pages: [{ values: 1, body: gzipSync(bomb), uncompressed: 100 }], codec: 2 },
      'PARQUET_CORRUPT',
      /gzip data is larger/,
    ],
    [
      'a brotli bomb',
      { pages: [{ values: 1, body: brotliCompressSync(bomb), uncompressed: 100 }], codec: 4 },
      'PARQUET_CORRUPT',
      /brotli data is larger/,
    ],
    [
      'Snappy of another length',
      { pages: [{ values: 1, body: snappyCompress([texts('abcdef')]), uncompressed: 100 }], codec: 1 },
      'PARQUET_CORRUPT',
      /another size/,
    ],
    [
      'zstd with a window of 1 TB',
      {
        pages: [{ values: 1, body: Uint8Array.from([0x28, 0xb5, 0x2f, 0xfd, 0, 0xf8, 1, 0, 0]), uncompressed: 100 }],
        codec: 6,
      },
      'PARQUET_LIMIT',
      /zstd window/,
    ],
    [
      'no zstd at all',
      { pages: [{ values: 1, body: texts('abc'), uncompressed: 7 }], codec: 6 },
      'PARQUET_CORRUPT',
      /no zstd/,
    ],
    [
      'LZ4 that is damaged',
      { pages: [{ values: 1, body: Uint8Array.from([0xf0, 255, 255]), uncompressed: 100 }], codec: 7 },
      'PARQUET_CORRUPT',
      /LZ4/,
    ],
    ['the old LZ4', { pages: [{ values: 1, body: texts('abc') }], codec: 5 }, 'PARQUET_UNSUPPORTED', /compression LZ4/],
    ['LZO', { pages: [{ values: 1, body: texts('abc') }], codec: 3 }, 'PARQUET_UNSUPPORTED', /compression LZO/],
    [
      'a codec nobody knows',
      { pages: [{ values: 1, body: texts('abc') }], codec: 77 },
      'PARQUET_UNSUPPORTED',
      /codec 77/,
    ],
    [
      'an encoding nobody knows',
      { pages: [{ values: 1, body: texts('abc'), encoding: 33 }] },
      'PARQUET_UNSUPPORTED',
      /encoding 33/,
    ],
    [
      'an encoding that does not fit',
      { pages: [{ values: 1, body: texts('abc'), encoding: 9 }] },
      'PARQUET_UNSUPPORTED',
      /BYTE_STREAM_SPLIT of texts/,
    ],
    [
      'a dictionary that is not there',
      { pages: [{ values: 1, encoding: RLE_DICTIONARY, body: Uint8Array.from([1, 2, 0]) }] },
      'PARQUET_CORRUPT',
      /dictionary that is not there/,
    ],
    [
      'a code beyond the dictionary',
      {
        pages: [
          { dictionary: true, values: 1, body: texts('x') },
          { values: 1, encoding: RLE_DICTIONARY, body: Uint8Array.from([8, 2, 200]) },
        ],
      },
      'PARQUET_CORRUPT',
      /beyond the dictionary/,
    ],
    [
      'a dictionary of more entries than bytes',
      {
        pages: [
          { dictionary: true, values: 1 << 25, body: texts('x') },
          { values: 1, encoding: RLE_DICTIONARY, body: Uint8Array.from([8, 2, 0]) },
        ],
      },
      'PARQUET_CORRUPT',
      /fewer values/,
    ],
    [
      'a dictionary after a data page',
      {
        pages: [
          { values: 1, body: texts('a') },
          { dictionary: true, values: 1, body: texts('x') },
          { values: 1, body: texts('b') },
        ],
        rows: 2,
        chunk: { dictionary_page_offset: undefined },
      },
      'PARQUET_CORRUPT',
      /dictionary comes after/,
    ],
    [
      'a place below zero',
      { pages: [{ values: 1, body: texts('a') }], chunk: { data_page_offset: createInt64(-5) } },
      'PARQUET_CORRUPT',
      /no valid place/,
    ],
    [
      'a column of less than no bytes',
      { pages: [{ values: 1, body: texts('a') }], chunk: { total_compressed_size: createInt64(-1) } },
      'PARQUET_CORRUPT',
      /no valid size/,
    ],
    ['less than no rows', { pages: [{ values: 1, body: texts('a') }], rows: -3 }, 'PARQUET_CORRUPT', /number of rows/],
    [
      'a page of values that takes no bytes',
      { pages: [{ values: 1, body: texts('a'), compressed: 0 }] },
      'PARQUET_CORRUPT',
      /another size/,
    ],
    [
      'fewer values in the pages than the footer says',
      { pages: [{ values: 1, body: texts('a') }], rows: 2, chunk: { num_values: createInt64(2 ** 40) } },
      'PARQUET_CORRUPT',
      /pages are missing/,
    ],
    [
      'a footer that says the column has no value',
      { pages: [{ values: 1, body: texts('a') }], chunk: { num_values: createInt64(0) } },
      'PARQUET_CORRUPT',
      /fewer rows/,
    ],
    [
      'thousands of pages without a value',
      {
        pages: [...new Array<Page>(2000).fill({ values: 0, body: new Uint8Array(0) }), { values: 1, body: texts('a') }],
      },
      'PARQUET_LIMIT',
      /pages without a value/,
    ],
    [
      'a schema of depth 10,000',
      { schema: [...new Array(10_000).fill(root(1)), idColumn] },
      'PARQUET_LIMIT',
      /nesting/,
    ],
    ['a schema shorter than it says', { schema: [root(1000), idColumn] }, 'PARQUET_CORRUPT', /shorter/],
    [
      'two columns in the schema, one in the row group',
      { schema: [root(2), idColumn, idColumn] },
      'PARQUET_CORRUPT',
      /another number of columns/,
    ],
    [
      'another type in the schema',
      { schema: [root(1), element({ name: 'id', type: 1, repetition_type: 0 })] },
      'PARQUET_CORRUPT',
      /another type/,
    ],
  ];
  it.each(cases)('%s', async (_, lie, code, message) => {
    const bytes = fileWith(lie);
    const before = process.memoryUsage();
    const said = await refusal(bytes);
    const after = process.memoryUsage();
    expect(said).toMatchObject({ code, message: expect.stringMatching(message) });
    expect(said.ms).toBeLessThan(5000);
    // Nothing like what is claimed was ever allocated.
    expect(after.arrayBuffers - before.arrayBuffers).toBeLessThan(100e6);
  });

  const floats = new Uint8Array(new Float32Array([1, 2, 3, 4]).buffer);
  /** Two rows of two numbers, and what is wrong with the levels of the page. */
  const listFile = (repetition: number[], meta = {}): Uint8Array =>
    fileWith({
      schema: [root(2), idColumn, ...values],
      pages: [{ values: 2, body: texts('a', 'b') }],
      more: [
        {
          path: ['values', 'list', 'element'],
          type: 4,
          pages: [{ values: 4, body: Buffer.concat([Buffer.from([...repetition, ...levelRuns([4, 1])]), floats]) }],
          meta,
        },
      ],
      rows: 2,
    });
  const twoRows = levelRuns([1, 0], [1, 1], [1, 0], [1, 1]);
  it.each([
    ['nothing', listFile(twoRows), 'none', /^$/],
    ['a list that begins in its middle', listFile(levelRuns([4, 1])), 'PARQUET_CORRUPT', /middle of a list/],
    ['a row for every number', listFile(levelRuns([4, 0])), 'PARQUET_CORRUPT', /more rows than/],
    ['one row', listFile(levelRuns([1, 0], [3, 1])), 'PARQUET_CORRUPT', /fewer rows/],
    ['a level that is not there', listFile(levelRuns([1, 0], [3, 7])), 'PARQUET_CORRUPT', /beyond 1/],
    ['levels longer than their page', listFile([0, 0, 0, 128]), 'PARQUET_CORRUPT', /longer than the page/],
    ['the bytes of the ids', listFile(twoRows, { data_page_offset: createInt64(4) }), 'PARQUET_CORRUPT', /./],
  ])('a list that has %s wrong', async (_, bytes, code, message) => {
    const said = await refusal(bytes, readAll);
    expect(said).toMatchObject({ code, message: expect.stringMatching(message) });
  });

  it.each([
    ['two billion row groups', footerWith([0x19, 0xfc, ...varint(2 ** 31 - 1)]), /the footer is cut off/],
    // Field 20 is not known and would be passed over: structures in structures, lists in lists.
    ['100,000 structures', footerWith(Buffer.concat([Buffer.alloc(1e5, 0x4c), Buffer.alloc(1e5)])), /too deep/],
    ['100,000 lists', footerWith(Buffer.concat([Buffer.from([0x49]), Buffer.alloc(1e5, 0x19)])), /too deep/],
    ['nothing in it', framed(Buffer.from('PAR1'), Buffer.alloc(0)), /the footer is cut off/],
    ['columns in other files', footerWith([0x19, 0x1c, 0x19, 0x1c, 0x18, 1, 0x78, 0]), /another file/],
  ])('a footer of %s', async (_, bytes, message) => {
    const said = await refusal(bytes);
    expect(said).toMatchObject({ message: expect.stringMatching(message) });
    expect(said.code).toMatch(/^PARQUET_(CORRUPT|UNSUPPORTED)$/);
    expect(said.ms).toBeLessThan(1000);
  });

  it('an id of a fixed length is named as what it is', async () => {
    const fixed = element({ name: 'id', type: 7, type_length: 4, repetition_type: 0, converted_type: 0 });
    const bytes = fileWith({ schema: [root(2), fixed, ...values], chunk: { type: 7 }, more: [NO_VECTORS], rows: 0 });
    const { log } = await readAll(bytes);
    expect(log.kept).toMatchObject([
      { code: 'SCHEMA_TYPE', field: 'id', expected: 'STRING', got: 'STRING of a fixed length' },
    ]);
  });

  it('a billion equal ids in a few bytes end at the budget', async () => {
    const page = {
      values: 32 << 20,
      encoding: RLE_DICTIONARY,
      body: Uint8Array.from([1, ...varint((32 << 20) * 2), 0]),
    };
    const pages = [{ dictionary: true, values: 1, body: texts('x'.repeat(500)) }, ...new Array(40).fill(page)];
    const said = await refusal(fileWith({ pages, rows: 40 * (32 << 20) }));
    expect(said).toMatchObject({ code: 'PARQUET_LIMIT', message: expect.stringContaining('far more than its size') });
    expect(said.ms).toBeLessThan(20_000);
  }, 30_000);

  it('a million columns are refused by their number', async () => {
    // version 1, a list of that many elements, no row, no row group: written by hand, since a million objects take their time.
    const column = serializeThrift(idColumn);
    const head = [0x15, 2, 0x19, 0xfc, ...varint(1e6 + 1), ...serializeThrift(root(1e6))];
    const footer = Buffer.concat([
      Buffer.from(head),
      ...new Array<Uint8Array>(1e6).fill(column),
      Buffer.from([0x16, 0, 0x19, 0x0c, 0]),
    ]);
    const said = await refusal(framed(Buffer.from('PAR1'), footer));
    expect(said).toMatchObject({ code: 'PARQUET_LIMIT', message: expect.stringContaining('columns') });
    expect(said.ms).toBeLessThan(5000);
  });

  it('a list that never ends is held to the limit of a page', async () => {
    const rows = 1;
    const count = DEFAULT_DECODE_LIMITS.pageValues + 1;
    const body = Uint8Array.from([4, 0, 0, 0, ...varint(count * 2), 1]);
    const bytes = fileWith({
      schema: [root(1), ...values],
      pages: [{ values: count, body }],
      rows,
      chunk: { type: 4, path_in_schema: ['values', 'list', 'element'] },
    });
    expect(await refusal(bytes)).toMatchObject({ code: 'PARQUET_LIMIT' });
  });

  it.each([
    ['nothing', Buffer.alloc(0), /too short/],
    ['text', Buffer.from('id,values\n1,2\n3,4\n5,6\n'), /does not end as Parquet/],
    ['an encrypted footer', Buffer.from('PAR1................PARE'), /encrypted/],
    [
      'a footer longer than the file',
      Buffer.concat([Buffer.from('PAR1'), Buffer.from([255, 255, 0, 0]), Buffer.from('PAR1')]),
      /longer than the file/,
    ],
    [
      'a footer of 4 GB',
      Buffer.concat([Buffer.from('PAR1'), Buffer.from([255, 255, 255, 255]), Buffer.from('PAR1')]),
      /a footer/,
    ],
    ['another beginning', Buffer.concat([Buffer.from('PARX'), fileWith({}).subarray(4)]), /does not begin/],
  ])('%s is no Parquet', async (_, bytes, message) => {
    await expect(openParquet(memoryFile(bytes))).rejects.toThrow(message);
    await expect(readAll(bytes)).rejects.toMatchObject({ code: expect.stringMatching(/^PARQUET_/), exitCode: 3 });
  });
});
