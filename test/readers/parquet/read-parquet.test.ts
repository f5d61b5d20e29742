import { describe, expect, it } from 'vitest';
import { duckdb } from '../../support/duckdb.js';
import { useTempDir } from '../../support/temp-dir.js';
import { readAll } from './support.js';

const temp = useTempDir();
let files = 0;

/** A file that DuckDB writes of a query. */
async function written(select: string, options = ''): Promise<string> {
  const path = temp(`${files++}.parquet`);
  await duckdb(`COPY (${select}) TO '${path}' (FORMAT parquet${options})`);
  return path;
}

const VECTOR = '[i + 1, i * 0.1, 5 - i]::FLOAT[]';

describe('rows of other tools', () => {
  it('takes id, vector and metadata by their usual names', async () => {
    const path = await written(
      `SELECT 'r' || i AS id, ${VECTOR} AS embedding, '{"n":' || i || '}' AS metadata, 'ns' || i % 2 AS namespace FROM range(3) t(i)`,
    );
    const { rows, mapping } = await readAll(path);
    expect(mapping.config).toMatchObject({ format: 'parquet', kind: 'dense', dimension: 3 });
    expect(mapping.chosen).toEqual({
      id: 'id',
      values: 'embedding',
      metadata: 'metadata',
      namespace: 'namespace',
    });
    expect(rows).toEqual(
      [0, 1, 2].map((i) => ({
        line: i + 1,
        id: `r${i}`,
        values: [i + 1, Math.fround(i * 0.1), 5 - i],
        sparse: undefined,
        metadata: `{"n":${i}}`,
        namespace: `ns${i % 2}`,
      })),
    );
  });

  it.each([
    ['FLOAT[]', [0.1, -2.5e-8, 3e38].map(Math.fround)],
    ['DOUBLE[]', [0.1, -2.5e-8, 3e38].map(Math.fround)],
    ['FLOAT[3]', [0.1, -2.5e-8, 3e38].map(Math.fround)],
    ['DOUBLE[3]', [0.1, -2.5e-8, 3e38].map(Math.fround)],
  ])('rounds %s to float32', async (type, expected) => {
    const { rows } = await readAll(await written(`SELECT 'a' AS id, [0.1, -2.5e-8, 3e38]::${type} AS vector`));
    expect(rows[0]!.values).toEqual(expected);
  });

  it.each(['INTEGER[]', 'BIGINT[]', 'SMALLINT[3]', 'UTINYINT[]', 'UINTEGER[]'])('takes vectors of %s', async (type) => {
    const { rows } = await readAll(await written(`SELECT 'a' AS id, [1, 0, 100]::${type} AS vector`));
    expect(rows[0]!.values).toEqual([1, 0, 100]);
  });

  it('takes whole numbers and UUIDs as ids, in their one notation', async () => {
    for (const [type, expected] of [
      ['BIGINT', '9007199254740993'],
      ['UBIGINT', '9007199254740993'],
      ['HUGEINT::VARCHAR', '9007199254740993'],
    ]) {
      const { rows } = await readAll(
        await written(`SELECT 9007199254740993::${type} AS _id, ${VECTOR} AS v FROM range(1) t(i)`),
        {
          valuesField: 'v',
        },
      );
      expect(rows[0]!.id).toBe(expected);
    }
    const uuid = '0b5f4f5e-6c1c-4a7e-9a3a-0123456789ab';
    const { rows } = await readAll(await written(`SELECT '${uuid}'::UUID AS id, [1]::FLOAT[] AS values`));
    expect(rows[0]!.id).toBe(uuid);
  });

  it('rejects ids that are no whole number as JSONL does', async () => {
    const { rejects } = await readAll(await written(`SELECT 1.5::DOUBLE AS id, [1]::FLOAT[] AS values`));
    expect(rejects).toMatchObject([{ code: 'ID_TYPE', line: 1, field: 'id' }]);
  });

  it('makes metadata of columns, by type', async () => {
    const path =
      await written(`SELECT 'a' AS id, [1, 2]::FLOAT[] AS values, 'x"\\\n' || chr(1) || 'é' AS text, 3::BIGINT AS big,
      9007199254740993 AS huge, 0.1::FLOAT AS f, 0.1::DOUBLE AS d, true AS yes, ['p', 'q'] AS tags, []::VARCHAR[] AS none,
      DATE '2024-02-29' AS day, TIMESTAMP '2024-05-01 12:34:56.789' AS wall, TIMESTAMPTZ '2024-05-01 12:34:56+00' AS utc,
      TIMESTAMP_NS '1969-12-31 23:59:59.999999999' AS nano, TIME '01:02:03.5' AS clock, 12.50::DECIMAL(9, 2) AS price,
      -0.05::DECIMAL(18, 2) AS small, 12345678901234567890.25::DECIMAL(38, 2) AS large, NULL::VARCHAR AS nothing,
      'sad'::ENUM ('sad', 'ok') AS mood, 255::UTINYINT AS tiny, 4294967295::UINTEGER AS wide`);
    const { rows, rejects } = await readAll(path, { metadataRest: true });
    expect(rejects).toEqual([]);
    // The text itself, since JSON.parse would round.
    expect(rows[0]!.metadata).toBe(
      '{"text":"x\\"\\\\\\n\\u0001é","big":3,"huge":9007199254740993,"f":0.1,"d":0.1,"yes":true,"tags":["p","q"],"none":[],' +
        '"day":"2024-02-29","wall":"2024-05-01T12:34:56.789000","utc":"2024-05-01T12:34:56Z",' +
        '"nano":"1969-12-31T23:59:59.999999999","clock":"01:02:03.500000","price":12.50,"small":-0.05,' +
        '"large":12345678901234567890.25,"mood":"sad","tiny":255,"wide":4294967295}',
    );
  });

  it('takes named columns with types, members of structs, and namespaces from a template', async () => {
    const path = await written(`SELECT i::VARCHAR AS id, {'vec': ${VECTOR}, 'model': 'm'} AS emb, i AS year,
      {'title': 't' || i, 'by': {'name': 'n'}} AS doc, 'T' || i % 2 AS tenant FROM range(4) t(i)`);
    const { rows, mapping } = await readAll(path, {
      valuesField: 'emb.vec',
      metadataFields: ['doc.title', 'year:string', 'doc.by.name', 'emb.model'],
      namespace: '{tenant}-{run}',
      runId: '7',
    });
    expect(mapping.chosen).toMatchObject({ values: 'emb.vec', namespace: '{tenant}-7' });
    expect(rows[3]).toMatchObject({
      id: '3',
      values: [4, Math.fround(0.3), 2],
      metadata: '{"title":"t3","year":"3","name":"n","model":"m"}',
      namespace: 'T1-7',
    });
  });

  it('takes a struct as the metadata object, nulls left out', async () => {
    const path = await written(
      `SELECT i::VARCHAR AS id, [1]::FLOAT[] AS values, {'a': CASE WHEN i = 1 THEN NULL ELSE i END, 'tags': ['x', 'y']} AS metadata FROM range(2) t(i)`,
    );
    const { rows } = await readAll(path);
    expect(rows.map(({ metadata }) => metadata)).toEqual(['{"a":0,"tags":["x","y"]}', '{"tags":["x","y"]}']);
  });

  it('takes sparse and hybrid records, and lists that are null, empty or hold nulls', async () => {
    const path = await written(`SELECT * FROM (VALUES
      ('a', [1, 2]::FLOAT[], {'indices': [7, 4294967295]::UINTEGER[], 'values': [0.5, 0.1]::FLOAT[]}),
      ('b', [3, 4]::FLOAT[], NULL), ('c', NULL, NULL), ('d', [5, NULL]::FLOAT[], NULL), ('e', [6]::FLOAT[], NULL),
      ('f', []::FLOAT[], NULL), ('g', [7, 8]::FLOAT[], {'indices': [1]::UINTEGER[], 'values': []::FLOAT[]})
      ) t(id, values, sparse_values)`);
    const { rows, rejects } = await readAll(path);
    expect(rows).toMatchObject([
      {
        id: 'a',
        values: [1, 2],
        sparse: [
          [7, 0.5],
          [4294967295, Math.fround(0.1)],
        ],
      },
      { id: 'b', values: [3, 4], sparse: undefined },
    ]);
    expect(rejects.map(({ line, id, code, got }) => [line, id, code, got])).toEqual([
      [3, 'c', 'VALUES_MISSING', 'null'],
      [4, 'd', 'VALUES_TYPE', 'a null among them'],
      [5, 'e', 'VALUES_DIMENSION', '1 number'],
      [6, 'f', 'VALUES_DIMENSION', '0 numbers'],
      [7, 'g', 'SPARSE_LENGTHS', '1 and 0 values'],
    ]);
    const sparse = await readAll(path, { vectorType: 'sparse' });
    expect(sparse.rows).toMatchObject([{ id: 'a', values: undefined }]);
  });

  it('rejects what does not fit float32, NaN and infinities', async () => {
    const path = await written(
      `SELECT * FROM (VALUES ('a', [1e39]::DOUBLE[], 1.0), ('b', ['nan']::DOUBLE[], 1.0), ('c', ['-inf']::DOUBLE[], 1.0), ('d', [0.0]::DOUBLE[], 1.0),
       ('e', [1.0]::DOUBLE[], 'nan'::DOUBLE), ('f', [1.0]::DOUBLE[], 2.5::DOUBLE)) t(id, values, score)`,
    );
    const { rows, rejects } = await readAll(path, { metadataFields: ['score'] });
    expect(rejects.map(({ id, line, code }) => [id, line, code])).toEqual([
      ['a', 1, 'VALUES_NOT_FINITE'],
      ['b', 2, 'VALUES_NOT_FINITE'],
      ['c', 3, 'VALUES_NOT_FINITE'],
      ['d', 4, 'VALUES_ALL_ZERO'],
      ['e', 5, 'METADATA_VALUE'],
    ]);
    expect(rows).toMatchObject([{ id: 'f', metadata: '{"score":2.5}' }]);
  });

  it('reads vectors that are texts or bytes', async () => {
    const base64 = Buffer.from(new Float32Array([1.5, -2]).buffer).toString('base64');
    const path = await written(`SELECT 'a' AS id, '[1.5, -2]' AS values, '${base64}' AS b64`);
    expect((await readAll(path)).rows).toMatchObject([{ values: [1.5, -2] }]);
    expect((await readAll(path, { valuesField: 'b64' })).rows).toMatchObject([{ values: [1.5, -2] }]);
  });

  it('keeps rows and vectors together across row groups, pages, dictionaries, nulls and rejects', async () => {
    const count = 30_000;
    const path = await written(
      `SELECT CASE WHEN i % 1000 = 7 THEN NULL ELSE 'id-' || i END AS id,
        CASE WHEN i % 997 = 5 THEN [1.0::FLOAT] ELSE [i, i + 0.5, 1]::FLOAT[] END AS values,
        CASE WHEN i % 3 = 0 THEN NULL ELSE 'word' || i % 10 END AS word,
        CASE WHEN i % 5 = 0 THEN NULL WHEN i % 5 = 1 THEN [] ELSE ['a' || i, 'b'] END AS tags FROM range(${count}) t(i)`,
      ', ROW_GROUP_SIZE 5000, COMPRESSION zstd',
    );
    const { rows, rejects, batches } = await readAll(path, { metadataRest: true });
    expect(batches).toBeGreaterThan(6);
    expect(rows.length + rejects.length).toBe(count);
    expect(rejects.filter(({ code }) => code === 'ID_MISSING')).toHaveLength(30);
    expect(rejects.filter(({ code }) => code === 'VALUES_DIMENSION').length).toBeGreaterThan(29);
    for (const { line, id, values, metadata } of rows) {
      const i = line - 1;
      const expected = {
        ...(i % 3 === 0 ? {} : { word: `word${i % 10}` }),
        ...(i % 5 === 0 ? {} : { tags: i % 5 === 1 ? [] : [`a${i}`, 'b'] }),
      };
      if (id !== `id-${i}` || values![0] !== i || values![1] !== i + 0.5) throw new Error(`row ${line} has ${id}`);
      const text = JSON.stringify(expected);
      if (metadata !== (text === '{}' ? undefined : text)) throw new Error(`row ${line}: ${metadata}`);
    }
  });

  it('tells of columns that are not there, and of types that no record can hold', async () => {
    const path = await written(
      `SELECT 'a' AS name, [1, 2]::FLOAT[] AS emb, INTERVAL 1 DAY AS span, [[1], [2]] AS deep`,
    );
    await expect(readAll(path)).rejects.toMatchObject({ code: 'MAPPING_UNRESOLVED', field: 'id' });
    await expect(readAll(path, { idField: 'name' })).rejects.toMatchObject({
      code: 'MAPPING_UNRESOLVED',
      hint: expect.stringContaining('"emb" looks like a vector') as string,
    });
    const named = { idField: 'name', valuesField: 'emb' };
    await expect(readAll(path, { ...named, metadataFields: ['titel'] })).rejects.toMatchObject({
      code: 'MAPPING_UNRESOLVED',
    });
    expect((await readAll(path, named)).mapping.unused).toEqual(['span', 'deep']);
    for (const field of ['span', 'deep']) {
      await expect(readAll(path, { ...named, metadataFields: [field] })).rejects.toMatchObject({
        code: 'PARQUET_UNSUPPORTED',
        field: expect.stringContaining(field) as string,
      });
    }
  });

  it('rejects a row that is too large, not the file, and a page that is too large with the way out', async () => {
    const path = await written(
      `SELECT i::VARCHAR AS id, [1]::FLOAT[] AS values, {'t': repeat('x', CASE WHEN i = 1 THEN 5000 ELSE 5 END)} AS metadata FROM range(3) t(i)`,
    );
    const { rows, rejects } = await readAll(path, {}, { maxRecordBytes: 1000 });
    expect(rows.map(({ id, line }) => [id, line])).toEqual([
      ['0', 1],
      ['2', 3],
    ]);
    expect(rejects).toMatchObject([{ code: 'RECORD_TOO_LARGE', line: 2 }]);
    const large = await written(
      `SELECT i::VARCHAR AS id, list_transform(range(1000), x -> random() + i)::FLOAT[] AS values FROM range(6000) t(i)`,
    );
    await expect(
      readAll(large, {}, { maxBufferedBytes: 1000 }).then(({ rows: all }) => all.length),
    ).rejects.toMatchObject({
      code: 'PARQUET_LIMIT',
      hint: expect.stringContaining('--max-memory') as string,
    });
  });
});
