import { describe, expect, it } from 'vitest';
import { call, counts, dense, emulate, hybrid, parquet, runToEnd } from './support.js';

const GOOD = `('good', [9, 9], NULL)`;
const at = (row: number, reason: string) =>
  `User error: error reading record (file "/0.parquet", row ${row}): ${reason}`;

describe('a bad record in a dense index', () => {
  it.each([
    [`(NULL, [1, 2], NULL)`, 'missing required values in column "id"'],
    [`('', [1, 2], NULL)`, 'the record id must not be empty'],
    [`(repeat('x', 513), [1, 2], NULL)`, 'the record id has 513 characters, the limit is 512'],
    [`('é', [1, 2], NULL)`, 'the record id must hold ASCII characters only, and no NUL'],
    [`('a', NULL, NULL)`, 'missing required values in column "values"'],
    [`('a', [1, NULL], NULL)`, 'missing required values in column "values"'],
    [`('a', [], NULL)`, 'Vector dimension 0 does not match the dimension of the index 2'],
    [`('a', [1, 2, 3], NULL)`, 'Vector dimension 3 does not match the dimension of the index 2'],
    [`('a', [1, 2], '{"a":')`, /^Failed to parse metadata: ./],
    [`('a', [1, 2], '')`, /^Failed to parse metadata: ./],
    [`('a', [1, 2], '[1]')`, 'Failed to parse metadata: expected a JSON object'],
    [`('a', [1, 2], '{"$a":1}')`, `Failed to parse metadata: the key '$a' begins with '$'`],
    [
      `('a', [1, 2], '{"a":null}')`,
      `Metadata value must be a string, number, boolean or list of strings, got 'null' for field 'a'`,
    ],
    [
      `('a', [1, 2], '{"a":{"b":1}}')`,
      `Metadata value must be a string, number, boolean or list of strings, got '{"b":1}' for field 'a'`,
    ],
    [
      `('a', [1, 2], '{"a":[1]}')`,
      `Metadata value must be a string, number, boolean or list of strings, got '[1]' for field 'a'`,
    ],
    [
      `('a', [1, 2], '{"a":"' || repeat('x', 41000) || '"}')`,
      'Metadata size is 41008 bytes, which exceeds the limit of 40960 bytes per vector',
    ],
    [`('a', [9, 9], NULL)`, 'duplicate vector: another record of this import has identical vector values'],
  ])('%s fails the import under abort and is skipped under continue', async (row, reason) => {
    const { url } = await emulate();
    const uri = await parquet({ 'ns/0.parquet': dense(`${GOOD}, ${row}, ('last', [8, 8], NULL)`) });
    const aborted = await runToEnd(url, uri, 'abort');
    expect(aborted).toMatchObject({ status: 'Failed', recordsImported: 1 });
    if (typeof reason === 'string') expect(aborted.error).toBe(at(1, reason));
    else expect(aborted.error.slice(at(1, '').length)).toMatch(reason);

    // Nothing is rolled back: what was imported stays and has to be deleted before another try.
    expect(await counts(url)).toEqual({ ns: 1 });
    expect((await runToEnd(url, uri, 'continue')).error).toContain('The namespace "ns" already exists.');
    await call(url, 'DELETE', '/namespaces/ns');

    const skipped = await runToEnd(url, uri, 'continue');
    expect(skipped).toMatchObject({ status: 'Completed', recordsImported: 2, percentComplete: 100 });
    expect(skipped).not.toHaveProperty('error');
    const { body } = await call(url, 'GET', '/vectors/list?namespace=ns');
    expect(body.vectors).toEqual([{ id: 'good' }, { id: 'last' }]);
  });

  it('aborts when no error mode is sent', async () => {
    const { url } = await emulate();
    const uri = await parquet({ 'ns/0.parquet': dense(`('a', [1, 2], NULL), ('b', [1], NULL)`) });
    expect((await runToEnd(url, uri)).status).toBe('Failed');
  });

  it('fails under continue when every row of a namespace was skipped', async () => {
    const { url } = await emulate();
    const uri = await parquet({
      'a-good/0.parquet': dense(GOOD),
      'example-namespace/0.parquet': dense(`('a', [1], NULL), ('b', [2], NULL)`),
    });
    expect(await runToEnd(url, uri, 'continue')).toMatchObject({
      status: 'Failed',
      error: 'User error: No vectors added, all rows were skipped for namespace: example-namespace',
      recordsImported: 1,
    });
    expect(await counts(url)).toEqual({ 'a-good': 1 });
  });

  it('names the row within its file across row groups', async () => {
    const { url } = await emulate();
    const query = `SELECT i::VARCHAR AS id, (CASE WHEN i = 4100 THEN [1] ELSE [i, 1] END)::FLOAT[] AS values FROM range(5000) t(i)`;
    const uri = await parquet({ 'ns/7.parquet': query }, ', ROW_GROUP_SIZE 2048');
    const { error, recordsImported } = await runToEnd(url, uri);
    expect(error).toBe(
      'User error: error reading record (file "/7.parquet", row 4100): ' +
        'Vector dimension 1 does not match the dimension of the index 2',
    );
    expect(recordsImported).toBe(4100);
  });

  it('finds duplicates across the files of a namespace, but not across namespaces', async () => {
    const { url } = await emulate();
    const uri = await parquet({
      'ns/0.parquet': dense(`('a', [1, 2], NULL), ('b', [3, 4], NULL)`),
      'ns/1.parquet': dense(`('c', [1, 2], '{"other":"metadata"}')`),
      'other/0.parquet': dense(`('a', [1, 2], NULL)`),
    });
    expect(await runToEnd(url, uri, 'continue')).toMatchObject({ status: 'Completed', recordsImported: 3 });
    expect(await counts(url)).toEqual({ ns: 2, other: 1 });
  });

  it('takes 0 and -0 for the same value', async () => {
    const { url } = await emulate();
    const uri = await parquet({ 'ns/0.parquet': dense(`('a', [0, 1], NULL), ('b', ['-0'::FLOAT, 1], NULL)`) });
    expect(await runToEnd(url, uri, 'continue')).toMatchObject({ status: 'Completed', recordsImported: 1 });
  });

  it('keeps the later of two records with one id, as an upsert does', async () => {
    const { url } = await emulate();
    const uri = await parquet({ 'ns/0.parquet': dense(`('a', [1, 2], NULL), ('a', [3, 4], NULL)`) });
    expect(await runToEnd(url, uri)).toMatchObject({ status: 'Completed', recordsImported: 2 });
    expect(await counts(url)).toEqual({ ns: 1 });
    const { body } = await call(url, 'GET', '/vectors/fetch?ids=a&namespace=ns');
    expect(body.vectors.a.values).toEqual([3, 4]);
  });
});

describe('a bad record in a sparse or hybrid index', () => {
  const indexes = [
    { name: 'sparse', vectorType: 'sparse' as const },
    { name: 'hybrid', dimension: 2, metric: 'dotproduct' as const },
  ];

  it.each([
    ['sparse', `('a', [1, 2], [1], [1], NULL)`, 'Upserting dense vectors is not supported for sparse indexes'],
    ['sparse', `('a', NULL, NULL, NULL, NULL)`, 'missing required values in column "sparse_values"'],
    ['sparse', `('a', NULL, [1], NULL, NULL)`, 'missing required values in column "sparse_values"'],
    ['sparse', `('a', NULL, [1, 2], [1], NULL)`, 'the sparse vector has 2 indices but 1 values'],
    [
      'sparse',
      `('a', NULL, range(2049), range(2049), NULL)`,
      'the sparse vector has 2049 non-zero values, the limit is 2048',
    ],
    ['hybrid', `('a', NULL, [1], [1], NULL)`, 'missing required values in column "values"'],
    ['hybrid', `('a', [1, 2], [1, NULL], [1, 2], NULL)`, 'missing required values in column "sparse_values"'],
  ])('%s: %s', async (index, row, reason) => {
    const emulator = await emulate({ indexes });
    const uri = await parquet({ 'ns/0.parquet': hybrid(row) });
    const host = emulator.indexHost(index)!;
    expect((await runToEnd(host, uri, 'abort')).error).toBe(at(0, reason));
    expect((await runToEnd(host, uri, 'continue')).error).toBe(
      'User error: No vectors added, all rows were skipped for namespace: ns',
    );
  });

  it('compares the sparse part of hybrid records too before it calls them duplicates', async () => {
    const emulator = await emulate({ indexes });
    const uri = await parquet({
      'ns/0.parquet': hybrid(
        `('a', [1, 2], [1], [1], NULL), ('b', [1, 2], [2], [1], NULL), ('c', [1, 2], NULL, NULL, NULL)`,
      ),
    });
    expect((await runToEnd(emulator.indexHost('hybrid')!, uri)).status).toBe('Completed');
  });

  it('takes the entries of a sparse vector in any order', async () => {
    const emulator = await emulate({ indexes });
    const uri = await parquet({
      'ns/0.parquet': hybrid(`('a', [1, 2], [1, 9], [1, 2], NULL), ('b', [1, 2], [9, 1], [2, 1], NULL)`),
    });
    const end = await runToEnd(emulator.indexHost('hybrid')!, uri, 'continue');
    expect(end).toMatchObject({ status: 'Completed', recordsImported: 1 });
  });
});
