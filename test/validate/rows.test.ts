import { describe, expect, it } from 'vitest';
import { useTempDir } from '../support/temp-dir.js';
import { counted, DENSE, report, writeParquet } from './support.js';

const temp = useTempDir();
let number = 0;

/** Validates one file of one namespace, made by DuckDB. */
async function check(select: string, options: Parameters<typeof report>[1] = {}, parquet = '') {
  const root = temp(`rows-${number++}`);
  await writeParquet(`${root}/ns/0.parquet`, select, parquet);
  return report(root, options);
}

const SPARSE = (indices: string, values: string, extra = '') =>
  `SELECT 'r' || i AS id, {'indices': ${indices}, 'values': ${values}} AS sparse_values${extra} FROM range(4) t(i)`;

describe('right files', () => {
  it('dense', async () => {
    const result = await check(DENSE(5000));
    expect(result).toMatchObject({
      valid: true,
      kind: 'dense',
      dimension: 3,
      records: 5000,
      recordsChecked: 5000,
      rejected: 0,
    });
    expect(counted(result)).toEqual({});
    expect(result.namespaces).toEqual([{ namespace: 'ns', files: 1, records: 5000, bytes: result.bytes, rejected: 0 }]);
  });
  it('dense over many row groups and pages, uncompressed', async () => {
    const result = await check(DENSE(300_000), {}, 'ROW_GROUP_SIZE 50000, COMPRESSION uncompressed');
    expect(result).toMatchObject({ valid: true, recordsChecked: 300_000 });
  });
  it('sparse', async () => {
    const result = await check(SPARSE('[i, 4294967295 - i]::UINTEGER[]', '[0.5, 1]::FLOAT[]'));
    expect(result).toMatchObject({ valid: true, kind: 'sparse', dimension: undefined, recordsChecked: 4 });
  });
  it('hybrid with nulls for sparse vectors and metadata', async () => {
    const result = await check(
      `SELECT 'r' || i AS id, [1, 2]::FLOAT[] AS "values",
        CASE WHEN i % 2 = 0 THEN {'indices': [i]::UINTEGER[], 'values': [1]::FLOAT[]} END AS sparse_values,
        CASE WHEN i % 3 = 0 THEN '{}' END AS metadata FROM range(100) t(i)`,
    );
    expect(result).toMatchObject({ valid: true, kind: 'hybrid', dimension: 2, counts: [] });
  });
  it('a sparse column that is null all over makes no hybrid import', async () => {
    const result = await check(
      `SELECT 'r' || i AS id, [1, 2]::FLOAT[] AS "values", NULL::STRUCT(indices UINTEGER[], "values" FLOAT[]) AS sparse_values FROM range(9) t(i)`,
    );
    expect(result).toMatchObject({ valid: true, kind: 'dense' });
  });
  it('--sample reads the first rows only', async () => {
    const bad = `CASE WHEN i = 50 THEN '' ELSE 'r' || i END`;
    const whole = await check(DENSE(100, bad));
    expect(whole).toMatchObject({ valid: false, recordsChecked: 100 });
    const sampled = await check(DENSE(100, bad), { sample: 50 });
    expect(sampled).toMatchObject({ valid: true, records: 100, recordsChecked: 50, sample: 50 });
  });
});

/** One bad row, in the row given, of otherwise right ones: code, field, and what is said of it. */
const LONG = `repeat('x', 41000)`;
const one = (bad: string, good: string): string => `CASE WHEN i = 3 THEN ${bad} ELSE ${good} END`;
const ROWS: [string, string, string, string, string][] = [
  ['an id that is null', DENSE(9, one('NULL', `'r' || i`)), 'ID_MISSING', 'id', 'none'],
  ['an empty id', DENSE(9, one(`''`, `'r' || i`)), 'ID_EMPTY', 'id', 'an empty text'],
  ['an id of 513 characters', DENSE(9, one(`repeat('x', 513)`, `'r' || i`)), 'ID_TOO_LONG', 'id', '513 characters'],
  [
    'an id of 100,000 characters',
    DENSE(9, one(`repeat('x', 100000)`, `'r' || i`)),
    'ID_TOO_LONG',
    'id',
    '100000 bytes',
  ],
  ['an id that is not ASCII', DENSE(9, one(`'ü'`, `'r' || i`)), 'ID_CHARSET', 'id', '"ü"'],
  [
    'a vector that is null',
    DENSE(9, `'r' || i`, one('NULL', '[1, 2, 3]::FLOAT[]')),
    'VALUES_MISSING',
    'values',
    'null',
  ],
  [
    'a vector that is empty',
    DENSE(9, `'r' || i`, one('[]::FLOAT[]', '[1, 2, 3]::FLOAT[]')),
    'VALUES_DIMENSION',
    'values',
    '0 numbers',
  ],
  [
    'a vector too short',
    DENSE(9, `'r' || i`, one('[1, 2]::FLOAT[]', '[1, 2, 3]::FLOAT[]')),
    'VALUES_DIMENSION',
    'values',
    '2 numbers',
  ],
  [
    'a vector too long',
    DENSE(9, `'r' || i`, one('[1, 2, 3, 4]::FLOAT[]', '[1, 2, 3]::FLOAT[]')),
    'VALUES_DIMENSION',
    'values',
    '4 numbers',
  ],
  [
    'a null in a vector',
    DENSE(9, `'r' || i`, one('[1, NULL, 3]::FLOAT[]', '[1, 2, 3]::FLOAT[]')),
    'VALUES_TYPE',
    'values',
    'a null among them',
  ],
  [
    'a NaN',
    DENSE(9, `'r' || i`, one(`[1, 'nan'::FLOAT, 3]::FLOAT[]`, '[1, 2, 3]::FLOAT[]')),
    'VALUES_NOT_FINITE',
    'values',
    'NaN at position 1',
  ],
  [
    'an infinity',
    DENSE(9, `'r' || i`, one(`[1, 2, '-inf'::FLOAT]::FLOAT[]`, '[1, 2, 3]::FLOAT[]')),
    'VALUES_NOT_FINITE',
    'values',
    '-Infinity at position 2',
  ],
  [
    'zeros only',
    DENSE(9, `'r' || i`, one('[0, 0, 0]::FLOAT[]', '[1, 2, 3]::FLOAT[]')),
    'VALUES_ALL_ZERO',
    'values',
    '3 zeros',
  ],
  [
    'metadata that is no JSON',
    DENSE(9, undefined, undefined, one(`'{a}'`, `'{}'`)),
    'METADATA_NOT_OBJECT',
    'metadata',
    'a text that is no JSON at byte 1',
  ],
  [
    'metadata that is a list',
    DENSE(9, undefined, undefined, one(`'[1]'`, `'{}'`)),
    'METADATA_NOT_OBJECT',
    'metadata',
    'a list',
  ],
  [
    'metadata of 41 KB',
    DENSE(9, undefined, undefined, one(`'{"a":"' || ${LONG} || '"}'`, `'{}'`)),
    'METADATA_TOO_LARGE',
    'metadata',
    '41008 bytes',
  ],
  [
    'a metadata key with $',
    DENSE(9, undefined, undefined, one(`'{"$a":1}'`, `'{}'`)),
    'METADATA_KEY',
    'metadata',
    '"$a"',
  ],
  [
    'nested metadata beside good fields',
    DENSE(9, undefined, undefined, one(`'{"a":1,"b":{}}'`, `'{}'`)),
    'METADATA_VALUE',
    'metadata.b',
    'an object',
  ],
  [
    'a null in metadata',
    DENSE(9, undefined, undefined, one(`'{"__proto__":null}'`, `'{}'`)),
    'METADATA_VALUE',
    'metadata.__proto__',
    'null',
  ],
];

describe('wrong rows', () => {
  it.each(ROWS)('%s', async (_, select, code, field, got) => {
    const result = await check(select);
    expect(result).toMatchObject({ valid: false, rejected: 1, recordsChecked: 9 });
    expect(counted(result)).toEqual({ [code]: 1 });
    expect(result.findings).toMatchObject([{ code, severity: 'error', file: 'ns/0.parquet', row: 3, field, got }]);
  });

  const sparse: [string, string, string, string][] = [
    [
      'lists of different lengths',
      SPARSE('[1, 2]::UINTEGER[]', '[1]::FLOAT[]'),
      'SPARSE_LENGTHS',
      '2 indices, 1 values',
    ],
    ['empty lists', SPARSE('[]::UINTEGER[]', '[]::FLOAT[]'), 'SPARSE_EMPTY', 'none'],
    ['a null list', SPARSE('NULL::UINTEGER[]', '[1]::FLOAT[]'), 'SPARSE_TYPE', 'null for a list'],
    ['a null in a list', SPARSE('[1, NULL]::UINTEGER[]', '[1, 2]::FLOAT[]'), 'SPARSE_TYPE', 'a null in a list'],
    [
      'an index twice',
      SPARSE('[7, 1, 7]::UINTEGER[]', '[1, 2, 3]::FLOAT[]'),
      'SPARSE_DUPLICATE_INDEX',
      'index 7 twice',
    ],
    [
      'too many entries',
      SPARSE('range(2049)::UINTEGER[]', 'list_transform(range(2049), x -> 1)::FLOAT[]'),
      'SPARSE_TOO_MANY',
      '2049 entries',
    ],
    [
      'a value that is not finite',
      SPARSE('[1]::UINTEGER[]', `['inf']::FLOAT[]`),
      'SPARSE_NOT_FINITE',
      'Infinity at index 1',
    ],
    ['a negative index', SPARSE('[-1]::INTEGER[]', '[1]::FLOAT[]'), 'SPARSE_INDEX', '-1'],
    ['an index beyond 32 bits', SPARSE('[4294967296]::BIGINT[]', '[1]::FLOAT[]'), 'SPARSE_INDEX', '4294967296'],
  ];
  it.each(sparse)('sparse: %s', async (_, select, code, got) => {
    const result = await check(select);
    expect(result).toMatchObject({ valid: false, rejected: 4 });
    expect(result.findings[0]).toMatchObject({ code, row: 0, field: 'sparse_values', got });
    expect(counted(result)[code]).toBe(4);
  });

  it('a sparse index needs a sparse vector in every row', async () => {
    const select = `SELECT 'r' || i AS id, CASE WHEN i > 0 THEN {'indices': [1]::UINTEGER[], 'values': [1]::FLOAT[]} END AS sparse_values FROM range(3) t(i)`;
    expect(counted(await check(select))).toEqual({ SPARSE_MISSING: 1 });
  });

  it('the faulty id is told before the faulty vector, as everywhere', async () => {
    const result = await check(DENSE(9, one(`''`, `'r' || i`), one('[1]::FLOAT[]', '[1, 2, 3]::FLOAT[]')));
    expect(counted(result)).toEqual({ ID_EMPTY: 1 });
  });

  it('text that is no UTF-8', async () => {
    // DuckDB writes no broken text: two bytes of an id are changed in the file.
    const root = temp('utf8');
    await writeParquet(
      `${root}/ns/0.parquet`,
      DENSE(3, `'id-üü-' || i`, undefined, 'NULL::VARCHAR'),
      'COMPRESSION uncompressed',
    );
    const { readFileSync, writeFileSync } = await import('node:fs');
    const bytes = readFileSync(`${root}/ns/0.parquet`);
    for (let at = bytes.indexOf('id-ü'); at >= 0; at = bytes.indexOf('id-ü', at + 1)) bytes[at + 3] = 0x41;
    writeFileSync(`${root}/ns/0.parquet`, bytes);
    expect(counted(await report(root))).toMatchObject({ ID_CHARSET: 3 });
    const meta = temp('utf8-metadata');
    await writeParquet(
      `${meta}/ns/0.parquet`,
      DENSE(3, undefined, undefined, `'{"a":"ü' || i || '"}'`),
      'COMPRESSION uncompressed',
    );
    const other = readFileSync(`${meta}/ns/0.parquet`);
    for (let at = other.indexOf('"ü'); at >= 0; at = other.indexOf('"ü', at + 1)) other[at + 1] = 0x41;
    writeFileSync(`${meta}/ns/0.parquet`, other);
    expect(counted(await report(meta))).toEqual({ UTF8_INVALID: 3 });
  });

  it('counts all, keeps the first of each code, and gives up on a file that is all wrong', async () => {
    const bad = DENSE(20_000, `''`);
    const all = await check(bad, { maxFindings: 3 });
    expect(all.findings.map(({ row }) => row)).toEqual([0, 1, 2]);
    expect(counted(all)).toEqual({ ID_EMPTY: 20_000 });
    const some = await check(bad, { maxRejectedPerFile: 5000 });
    expect(counted(some)).toMatchObject({ FILE_ROWS_NOT_READ: 1 });
    expect(some.recordsChecked).toBeLessThan(20_000);
  });

  it('--allow-zero-vectors takes zeros', async () => {
    expect(await check(DENSE(9, undefined, '[0, 0, 0]::FLOAT[]'), { allowZeroVectors: true })).toMatchObject({
      valid: true,
    });
  });

  it('--dimension is held against every vector', async () => {
    expect(counted(await check(DENSE(9), { dimension: 4 }))).toEqual({ VALUES_DIMENSION: 9 });
  });

  it('the dimension is that of most vectors, not of the first', async () => {
    const select = DENSE(9, undefined, 'CASE WHEN i = 0 THEN [1] ELSE [1, 2] END::FLOAT[]');
    expect(await check(select)).toMatchObject({ dimension: 2, rejected: 1 });
  });

  it('vectors that are all null', async () => {
    const result = await check(DENSE(9, undefined, 'NULL::FLOAT[]'));
    expect(counted(result)).toEqual({ VALUES_MISSING: 9 });
    expect(result.findings[0]).toMatchObject({ expected: 'numbers', got: 'null' });
  });

  it('vectors longer than any index takes', async () => {
    const select = `SELECT 'a' AS id, range(20001)::FLOAT[] AS "values"`;
    expect(counted(await check(select))).toEqual({ DIMENSION_TOO_LARGE: 1 });
  });
});
