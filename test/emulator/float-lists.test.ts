import { parquetMetadataAsync, parquetReadObjects, parquetSchema } from 'hyparquet';
import { DEFAULT_PARSERS } from 'hyparquet/src/convert.js';
import { getTreePath } from 'hyparquet/src/schema.js';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { COMPRESSORS } from '../../src/emulator/importing/codecs.js';
import { floatLists } from '../../src/emulator/importing/float-lists.js';
import { ParquetFile } from '../../src/emulator/importing/parquet-file.js';
import { LocalStore } from '../../src/uploaders/local-store.js';
import { parseTarget } from '../../src/uploaders/uri.js';
import { parquet } from './support.js';

const KEY = 'ns/0.parquet';

/** Rows as the emulator reads them, as plain arrays. */
async function ours(uri: string): Promise<unknown[]> {
  const store = new LocalStore(parseTarget(uri));
  const { bytes } = (await store.head(KEY))!;
  const file = { key: KEY, namespace: 'ns', name: '/0.parquet', bytes };
  const opened = await ParquetFile.open(store, file, new AbortController().signal);
  const rows: unknown[] = [];
  for await (const { row } of opened.read(['values'])) rows.push(row.values ? Array.from(row.values) : null);
  return rows;
}

/** Rows as hyparquet assembles them itself. */
async function theirs(uri: string): Promise<unknown[]> {
  const bytes = await readFile(fileURLToPath(uri + KEY));
  const file = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) as ArrayBuffer;
  const rows = await parquetReadObjects({ file, compressors: COMPRESSORS });
  return rows.map((row) => row['values'] ?? null);
}

describe('vectors', () => {
  it.each([
    ['floats', 'FLOAT', 'random()'],
    ['doubles', 'DOUBLE', 'random()'],
    ['few different values, in a dictionary', 'FLOAT', '(i % 5) / 4'],
  ])(
    'of %s, with NULL lists, empty lists and NULL elements, come out as hyparquet gives them',
    async (_, type, value) => {
      const uri = await parquet(
        {
          [KEY]: `SELECT setseed(0.5) IS NULL AS s, CASE
            WHEN i % 11 = 0 THEN NULL
            WHEN i % 7 = 0 THEN []
            ELSE list_transform(range(i % 40), lambda j: CASE WHEN (i + j) % 13 = 0 THEN NULL ELSE ${value} END)
          END::${type}[] AS values FROM range(9000) t(i)`,
        },
        ', ROW_GROUP_SIZE 4096',
      );
      const rows = await ours(uri);
      expect(rows).toHaveLength(9000);
      expect(rows.slice(0, 8)).toMatchObject([null, expect.any(Array), expect.any(Array), {}, {}, {}, {}, []]);
      expect(rows).toEqual(await theirs(uri));
    },
  );

  it('without any NULL come out as stretches of the decoded values', async () => {
    const uri = await parquet({ [KEY]: 'SELECT [i, i + 0.5, -i]::FLOAT[] AS values FROM range(5000) t(i)' });
    expect(await ours(uri)).toEqual(await theirs(uri));
  });
});

describe('rows that go on in the next page', () => {
  /** A data page v1: Thrift compact header, levels as one RLE run per value, PLAIN floats (parquet.thrift, Encodings.md). */
  function page(repetition: number[], definition: number[], values: number[]): Buffer {
    const levels = (each: number[]): Buffer => {
      const runs = Buffer.from(each.flatMap((level) => [1 << 1, level]));
      const length = Buffer.alloc(4);
      length.writeUInt32LE(runs.length);
      return Buffer.concat([length, runs]);
    };
    const data = Buffer.concat([levels(repetition), levels(definition), Buffer.from(Float32Array.from(values).buffer)]);
    const zigzag = (n: number): number[] => (n < 64 ? [n * 2] : [((n * 2) & 0x7f) | 0x80, (n * 2) >> 7]);
    const header = [0x15, 0, 0x15, ...zigzag(data.length), 0x15, ...zigzag(data.length), 0x2c];
    header.push(0x15, ...zigzag(repetition.length), 0x15, 0, 0x15, 6, 0x15, 6, 0, 0);
    return Buffer.concat([Buffer.from(header), data]);
  }

  it.each([
    ['all values there', [page([0, 1, 0, 1], [3, 3, 3, 3], [1, 2, 3, 4]), page([1, 0, 1], [3, 3, 3], [5, 6, 7])]],
    ['one NULL element', [page([0, 1, 0, 1], [3, 2, 3, 3], [1, 3, 4]), page([1, 0, 1], [3, 3, 3], [5, 6, 7])]],
    ['a row over three pages', [page([0], [3], [1]), page([1], [3], [2]), page([1, 0], [3, 3], [3, 4])]],
  ])('are put together: %s', async (name, pages) => {
    const uri = await parquet({ [KEY]: 'SELECT [1]::FLOAT[] AS values' });
    const bytes = await readFile(fileURLToPath(uri + KEY));
    const metadata = await parquetMetadataAsync(Uint8Array.from(bytes).buffer);
    const schemaPath = getTreePath(parquetSchema(metadata), ['values', 'list', 'element']);
    const chunk = Uint8Array.from(Buffer.concat(pages)).buffer;
    const rows = [
      ...floatLists(chunk, {
        pathInSchema: ['values', 'list', 'element'],
        schemaPath,
        element: schemaPath.at(-1)!.element,
        type: 'FLOAT',
        codec: 'UNCOMPRESSED',
        parsers: DEFAULT_PARSERS,
      }),
    ].map((row) => row && Array.from(row));
    const expected = {
      'all values there': [
        [1, 2],
        [3, 4, 5],
        [6, 7],
      ],
      'one NULL element': [
        [1, null],
        [3, 4, 5],
        [6, 7],
      ],
      'a row over three pages': [[1, 2, 3], [4]],
    };
    expect(rows).toEqual(expected[name as keyof typeof expected]);
  });
});
