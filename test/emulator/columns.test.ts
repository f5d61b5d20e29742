import { mkdir, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';
import { dense, emulate, parquet, runToEnd, sparse, tempDir } from './support.js';

const SPARSE = `{'indices': [1]::UINTEGER[], 'values': [1]::FLOAT[]}`;
const SPARSE_TYPE = 'STRUCT<indices: LIST<UINT_32>, values: LIST<FLOAT>>';
const wrongType = (column: string, expected: string, given: string) =>
  `The expected data type for column "${column}" is "${expected}", but got "${given}"`;
const wrongMetadata = (given: string) =>
  `The expected data type for metadata is a JSON encoded string in UTF-8 format, but got "${given}"`;

describe('the columns of a file for a dense index', () => {
  it.each([
    [`SELECT [1, 2]::FLOAT[] AS values`, 'Missing required column "id"'],
    [`SELECT 'a' AS id`, 'Missing required column "values"'],
    [`SELECT 'a' AS ID, [1, 2]::FLOAT[] AS values`, 'Missing required column "id"'],
    [`SELECT 'a' AS id, [1, 2]::FLOAT[] AS values, 3 AS extra`, 'Unsupported column "extra"'],
    [
      `SELECT 'a' AS id, [1, 2]::FLOAT[] AS values, 0::BIGINT AS __index_level_0__`,
      'Unsupported column "__index_level_0__"',
    ],
    [`SELECT 1::INTEGER AS id, [1, 2]::FLOAT[] AS values`, wrongType('id', 'STRING', 'INT_32')],
    [`SELECT 'a'::BLOB AS id, [1, 2]::FLOAT[] AS values`, wrongType('id', 'STRING', 'BYTE_ARRAY')],
    [`SELECT 'a' AS id, '[1, 2]' AS values`, wrongType('values', 'LIST<FLOAT>', 'STRING')],
    [`SELECT 'a' AS id, [1, 2]::INTEGER[] AS values`, wrongType('values', 'LIST<FLOAT>', 'LIST<INT_32>')],
    [`SELECT 'a' AS id, [['x']] AS values`, wrongType('values', 'LIST<FLOAT>', 'LIST<LIST<STRING>>')],
    [`SELECT 'a' AS id, 1::FLOAT AS values`, wrongType('values', 'LIST<FLOAT>', 'FLOAT')],
    [`SELECT 'a' AS id, [1, 2]::FLOAT[] AS values, {'a': 1} AS metadata`, wrongMetadata('STRUCT<a: INT_32>')],
    [`SELECT 'a' AS id, [1, 2]::FLOAT[] AS values, MAP {'a': 'b'} AS metadata`, wrongMetadata('MAP')],
    [`SELECT 'a' AS id, [1, 2]::FLOAT[] AS values, '{}'::BLOB AS metadata`, wrongMetadata('BYTE_ARRAY')],
    [`SELECT 'a' AS id, [1, 2]::FLOAT[] AS values, 5::BIGINT AS metadata`, wrongMetadata('INT_64')],
    [
      `SELECT 'a' AS id, [1, 2]::FLOAT[] AS values, {'indices': [1]::BIGINT[], 'values': [1]::FLOAT[]} AS sparse_values`,
      wrongType('sparse_values', SPARSE_TYPE, 'STRUCT<indices: LIST<INT_64>, values: LIST<FLOAT>>'),
    ],
    [
      `SELECT 'a' AS id, [1, 2]::FLOAT[] AS values, [1]::FLOAT[] AS sparse_values`,
      wrongType('sparse_values', SPARSE_TYPE, 'LIST<FLOAT>'),
    ],
  ])('refuses %s in both modes', async (query, error) => {
    const { url } = await emulate();
    const uri = await parquet({ 'ns/0.parquet': query });
    for (const mode of ['abort', 'continue'] as const) {
      expect(await runToEnd(url, uri, mode)).toMatchObject({ status: 'Failed', error, recordsImported: 0 });
    }
  });

  it.each([
    ['no metadata column', `SELECT 'a' AS id, [1, 2]::FLOAT[] AS values`],
    ['float64 values', `SELECT 'a' AS id, [1, 2]::DOUBLE[] AS values`],
    ['columns in another order', `SELECT NULL::VARCHAR AS metadata, [1, 2]::FLOAT[] AS values, 'a' AS id`],
    ['metadata marked as JSON', `SELECT 'a' AS id, [1, 2]::FLOAT[] AS values, '{"a":1}'::JSON AS metadata`],
    ['sparse values, which are dropped', `SELECT 'a' AS id, [1, 2]::FLOAT[] AS values, ${SPARSE} AS sparse_values`],
  ])('takes %s', async (_, query) => {
    const { url } = await emulate();
    expect(await runToEnd(url, await parquet({ 'ns/0.parquet': query }))).toMatchObject({
      status: 'Completed',
      recordsImported: 1,
    });
  });

  it('ignores further columns when told to', async () => {
    const { url } = await emulate({ extraColumns: 'ignore' });
    const uri = await parquet({ 'ns/0.parquet': `SELECT 'a' AS id, [1, 2]::FLOAT[] AS values, 3 AS extra` });
    expect((await runToEnd(url, uri)).status).toBe('Completed');
  });

  it('looks at every file before it imports a record', async () => {
    const { url } = await emulate();
    const uri = await parquet({ 'a/0.parquet': dense(`('a', [1, 2], NULL)`), 'b/0.parquet': `SELECT 'b' AS id` });
    expect(await runToEnd(url, uri)).toMatchObject({ error: 'Missing required column "values"', recordsImported: 0 });
  });
});

describe('the columns of a file for a sparse index', () => {
  const indexes = [{ name: 'sparse', vectorType: 'sparse' as const }];

  it.each([
    [`SELECT 'a' AS id`, 'Missing required column "sparse_values"'],
    [`SELECT 'a' AS id, [1]::FLOAT[] AS values`, 'Missing required column "sparse_values"'],
    [
      `SELECT 'a' AS id, [1]::UINTEGER[] AS sparse_indices, [1]::FLOAT[] AS sparse_values`,
      'Unsupported column "sparse_indices"',
    ],
  ])('refuses %s', async (query, error) => {
    const { url } = await emulate({ indexes });
    expect((await runToEnd(url, await parquet({ 'ns/0.parquet': query }))).error).toBe(error);
  });

  it('takes records without a values column', async () => {
    const { url } = await emulate({ indexes });
    const uri = await parquet({ 'ns/0.parquet': sparse(`('a', NULL, [3], [1], NULL)`) });
    expect((await runToEnd(url, uri)).status).toBe('Completed');
  });
});

describe('a file that is no Parquet', () => {
  const BAD_FOOTER = 'Parquet footer could not be parsed. Are you sure this is valid parquet?';

  it.each([
    ['empty', ''],
    ['text', 'id,values\na,"[1,2]"\n'],
    ['marks without a footer', 'PAR1\u0000\u0000\u0000\u0000PAR1'],
    ['a footer length beyond the file', `PAR1xxxx\u00ff\u00ff\u00ff\u007fPAR1`],
  ])('is refused: %s', async (_, text) => {
    const { url } = await emulate();
    const root = await tempDir();
    await mkdir(join(root, 'ns'));
    await writeFile(join(root, 'ns', '0.parquet'), Buffer.from(text, 'latin1'));
    expect((await runToEnd(url, `${pathToFileURL(root).href}/`, 'continue')).error).toBe(BAD_FOOTER);
  });

  it('is refused when it was cut off', async () => {
    const { url } = await emulate();
    const uri = await parquet({ 'ns/0.parquet': dense(`('a', [1, 2], NULL)`) });
    await truncate(join(fileURLToPath(uri), 'ns/0.parquet'), 200);
    expect((await runToEnd(url, uri)).error).toBe(BAD_FOOTER);
  });
});

describe('compression', () => {
  const query = 'SELECT i::VARCHAR AS id, [i, 1]::FLOAT[] AS values, NULL::VARCHAR AS metadata FROM range(3000) t(i)';

  it.each(['uncompressed', 'snappy', 'gzip', 'zstd', 'brotli'])('%s is read', async (codec) => {
    const { url } = await emulate();
    const uri = await parquet({ 'ns/0.parquet': query }, `, COMPRESSION ${codec}, ROW_GROUP_SIZE 2048`);
    expect(await runToEnd(url, uri)).toMatchObject({ status: 'Completed', recordsImported: 3000 });
  });

  it('lz4 is not, and the error names it', async () => {
    const { url } = await emulate();
    const uri = await parquet({ 'ns/0.parquet': query }, ', COMPRESSION lz4_raw');
    const end = await runToEnd(url, uri);
    expect(end.status).toBe('Failed');
    expect(end.error).toMatch(/^User error: error reading record \(file "\/0\.parquet", row 0\): .*LZ4_RAW/);
  });
});
