import { beforeAll, describe, expect, test } from 'vitest';
import { RecordObjectReader, type VectorRecord } from '../../src/readers/record-objects.js';
import type { VectorKind } from '../../src/records/batch.js';
import { RULES, type RuleCode } from '../../src/records/rule-codes.js';
import { checkAndMend } from '../../src/records/rules/check-batch.js';
import type { Emulator } from '../../src/emulator/index.js';
import { emulate, parquet, runToEnd } from '../emulator/support.js';
import { csv, jsonl, read } from '../readers/support.js';
import { useTempDir } from '../support/temp-dir.js';
import { report, writeParquet } from '../validate/support.js';

/**
 * One bad record, as each way in would have it. What cannot be said in a way (a column of floats holds no text) is left
 * out there.
 */
interface BadRecord {
  readonly code: RuleCode;
  readonly kind?: VectorKind;
  /** A line of JSONL. */
  readonly json: string;
  /** A row under the header `id,values,sparse_values,metadata,namespace`. */
  readonly csv?: string;
  /** Default: what the line says. */
  readonly record?: unknown;
  /** Of the columns: id, values, indices, weights, metadata. */
  readonly sql?: string;
  /** What the emulator answers; null: it takes the record, since only documented rules are its own. */
  readonly service?: RegExp | null;
}

const long = (n: number, c = 'x'): string => c.repeat(n);
const V = '"values":[1,2]';
const many = Array.from({ length: 2049 }, (_, i) => i);

const BAD: Readonly<Record<string, BadRecord>> = {
  'no id': {
    code: 'ID_MISSING',
    json: `{${V}}`,
    sql: `(NULL, [1, 2], NULL, NULL, NULL)`,
    service: /missing required values in column "id"/,
  },
  'an empty id': {
    code: 'ID_EMPTY',
    json: `{"id":"",${V}}`,
    // An empty cell is an empty text: CSV knows no other kind of nothing.
    csv: ',"[1,2]",,,',
    sql: `('', [1, 2], NULL, NULL, NULL)`,
    service: /must not be empty/,
  },
  'an id that is no text': { code: 'ID_TYPE', json: `{"id":{"a":1},${V}}` },
  'an id that is too long': {
    code: 'ID_TOO_LONG',
    json: `{"id":"${long(513)}",${V}}`,
    csv: `${long(513)},"[1,2]",,,`,
    sql: `(repeat('x', 513), [1, 2], NULL, NULL, NULL)`,
    service: /513 characters/,
  },
  'an id that is not ASCII': {
    code: 'ID_CHARSET',
    json: `{"id":"é",${V}}`,
    csv: 'é,"[1,2]",,,',
    sql: `('é', [1, 2], NULL, NULL, NULL)`,
    service: /ASCII/,
  },
  'NUL in an id': {
    code: 'ID_CHARSET',
    json: `{"id":"a\\u0000b",${V}}`,
    csv: 'a\0b,"[1,2]",,,',
    service: /ASCII/,
  },
  'no vector': {
    code: 'VALUES_MISSING',
    json: `{"id":"a"}`,
    csv: 'a,,,,',
    sql: `('a', NULL, NULL, NULL, NULL)`,
    service: /missing required values in column "values"/,
  },
  'a vector that is null': {
    code: 'VALUES_MISSING',
    json: `{"id":"a","values":null}`,
    sql: `('a', NULL, NULL, NULL, NULL)`,
  },
  'null among the numbers': {
    code: 'VALUES_TYPE',
    json: `{"id":"a","values":[1,null]}`,
    csv: 'a,"[1,null]",,,',
    sql: `('a', [1, NULL], NULL, NULL, NULL)`,
    service: /missing required values in column "values"/,
  },
  'a text among the numbers': { code: 'VALUES_TYPE', json: `{"id":"a","values":[1,"x"]}`, csv: 'a,"[1,""x""]",,,' },
  'a vector that is too long': {
    code: 'VALUES_DIMENSION',
    json: `{"id":"a","values":[1,2,3]}`,
    csv: 'a,"[1,2,3]",,,',
    sql: `('a', [1, 2, 3], NULL, NULL, NULL)`,
    service: /Vector dimension 3/,
  },
  'an empty vector': {
    code: 'VALUES_DIMENSION',
    json: `{"id":"a","values":[]}`,
    csv: 'a,[],,,',
    sql: `('a', []::FLOAT[], NULL, NULL, NULL)`,
    service: /Vector dimension 0/,
  },
  'NaN in a vector': {
    code: 'VALUES_NOT_FINITE',
    json: `{"id":"a","values":[1,NaN]}`,
    csv: 'a,"[1,NaN]",,,',
    record: { id: 'a', values: [1, NaN] },
    sql: `('a', ['NaN'::FLOAT, 1], NULL, NULL, NULL)`,
    service: null,
  },
  'a number beyond float32': {
    code: 'VALUES_NOT_FINITE',
    json: `{"id":"a","values":[1,1e39]}`,
    csv: 'a,"[1,1e39]",,,',
    sql: `('a', ['inf'::FLOAT, 1], NULL, NULL, NULL)`,
  },
  'zeros only': {
    code: 'VALUES_ALL_ZERO',
    json: `{"id":"a","values":[0,-0.0]}`,
    csv: 'a,"[0,-0.0]",,,',
    sql: `('a', [0, 0], NULL, NULL, NULL)`,
    service: null,
  },
  'a sparse vector among dense records': {
    code: 'SPARSE_UNEXPECTED',
    json: `{"id":"a",${V},"sparse_values":{"indices":[1],"values":[1]}}`,
  },
  'a dense vector among sparse records': {
    code: 'VALUES_UNEXPECTED',
    kind: 'sparse',
    json: `{"id":"a",${V},"sparse_values":{"indices":[1],"values":[1]}}`,
  },
  'no sparse vector': {
    code: 'SPARSE_MISSING',
    kind: 'sparse',
    json: `{"id":"a"}`,
    csv: 'a,,,,',
    sql: `('a', NULL, NULL, NULL, NULL)`,
    service: /missing required values in column "sparse_values"/,
  },
  'a sparse vector that is null': {
    code: 'SPARSE_MISSING',
    kind: 'sparse',
    json: `{"id":"a","sparse_values":null}`,
    sql: `('a', NULL, NULL, NULL, NULL)`,
  },
  'an empty sparse vector': {
    code: 'SPARSE_EMPTY',
    kind: 'sparse',
    json: `{"id":"a","sparse_values":{"indices":[],"values":[]}}`,
    csv: 'a,,"{""indices"":[],""values"":[]}",,',
    sql: `('a', NULL, []::UINTEGER[], []::FLOAT[], NULL)`,
    service: null,
  },
  'a sparse vector without values': {
    code: 'SPARSE_TYPE',
    kind: 'sparse',
    json: `{"id":"a","sparse_values":{"indices":[1]}}`,
    csv: 'a,,"{""indices"":[1]}",,',
    sql: `('a', NULL, [1], NULL, NULL)`,
    service: /missing required values in column "sparse_values"/,
  },
  'more indices than values': {
    code: 'SPARSE_LENGTHS',
    kind: 'sparse',
    json: `{"id":"a","sparse_values":{"indices":[1,2],"values":[1]}}`,
    csv: 'a,,"{""indices"":[1,2],""values"":[1]}",,',
    sql: `('a', NULL, [1, 2], [1], NULL)`,
    service: /2 indices but 1 values/,
  },
  'an index below zero': {
    code: 'SPARSE_INDEX',
    kind: 'sparse',
    json: `{"id":"a","sparse_values":{"indices":[-1],"values":[1]}}`,
    csv: 'a,,"{""indices"":[-1],""values"":[1]}",,',
    sql: `('a', NULL, [-1], [1], NULL)`,
  },
  'an index twice': {
    code: 'SPARSE_DUPLICATE_INDEX',
    kind: 'sparse',
    json: `{"id":"a","sparse_values":{"indices":[7,1,7],"values":[1,2,3]}}`,
    csv: 'a,,"{""indices"":[7,1,7],""values"":[1,2,3]}",,',
    sql: `('a', NULL, [7, 1, 7], [1, 2, 3], NULL)`,
    service: null,
  },
  'too many entries': {
    code: 'SPARSE_TOO_MANY',
    kind: 'sparse',
    json: `{"id":"a","sparse_values":{"indices":[${many.join()}],"values":[${many.join()}]}}`,
    csv: `a,,"{""indices"":[${many.join()}],""values"":[${many.join()}]}",,`,
    sql: `('a', NULL, range(2049), range(2049), NULL)`,
    service: /2049 non-zero values/,
  },
  'NaN in a sparse vector': {
    code: 'SPARSE_NOT_FINITE',
    kind: 'sparse',
    json: `{"id":"a","sparse_values":{"indices":[1],"values":[NaN]}}`,
    csv: 'a,,"{""indices"":[1],""values"":[NaN]}",,',
    record: { id: 'a', sparseValues: { indices: [1], values: [NaN] } },
    sql: `('a', NULL, [1], ['NaN'::FLOAT], NULL)`,
    service: null,
  },
  'a sparse value beyond float32': {
    code: 'SPARSE_NOT_FINITE',
    kind: 'sparse',
    json: `{"id":"a","sparse_values":{"indices":[1],"values":[-1e39]}}`,
    csv: 'a,,"{""indices"":[1],""values"":[-1e39]}",,',
    sql: `('a', NULL, [1], ['-inf'::FLOAT], NULL)`,
  },
  'metadata that is a list': {
    code: 'METADATA_NOT_OBJECT',
    json: `{"id":"a",${V},"metadata":[1]}`,
    csv: 'a,"[1,2]",,[1],',
    sql: `('a', [1, 2], NULL, NULL, '[1]')`,
    service: /Failed to parse metadata/,
  },
  'metadata that is no JSON': {
    code: 'METADATA_NOT_OBJECT',
    json: `{"id":"a",${V},"metadata":"{\\"a\\":"}`,
    csv: 'a,"[1,2]",,"{""a"":",',
    sql: `('a', [1, 2], NULL, NULL, '{"a":')`,
    service: /Failed to parse metadata/,
  },
  'metadata over 40 KB': {
    code: 'METADATA_TOO_LARGE',
    json: `{"id":"a",${V},"metadata":{"a":"${long(41_000)}"}}`,
    csv: `a,"[1,2]",,"{""a"":""${long(41_000)}""}",`,
    sql: `('a', [1, 2], NULL, NULL, '{"a":"' || repeat('x', 41000) || '"}')`,
    service: /exceeds the limit of 40960/,
  },
  'a key with a dollar': {
    code: 'METADATA_KEY',
    json: `{"id":"a",${V},"metadata":{"$a":1}}`,
    csv: 'a,"[1,2]",,"{""$a"":1}",',
    sql: `('a', [1, 2], NULL, NULL, '{"$a":1}')`,
    service: /begins with '\$'/,
  },
  'a key twice': {
    code: 'METADATA_DUPLICATE_KEY',
    json: `{"id":"a",${V},"metadata":{"k":1,"k":2}}`,
    csv: 'a,"[1,2]",,"{""k"":1,""k"":2}",',
    record: { id: 'a', values: [1, 2], metadata: '{"k":1,"k":2}' },
    sql: `('a', [1, 2], NULL, NULL, '{"k":1,"k":2}')`,
    service: null,
  },
  'a number beyond float64 in metadata': {
    code: 'METADATA_VALUE',
    json: `{"id":"a",${V},"metadata":{"k":1e999}}`,
    csv: 'a,"[1,2]",,"{""k"":1e999}",',
    record: { id: 'a', values: [1, 2], metadata: '{"k":1e999}' },
    sql: `('a', [1, 2], NULL, NULL, '{"k":1e999}')`,
    service: /Metadata value must be .* got 'a number too large for a float64' for field 'k'/,
  },
  'half of a surrogate pair in metadata': {
    code: 'METADATA_VALUE',
    json: `{"id":"a",${V},"metadata":{"k":"\\ud800"}}`,
    csv: 'a,"[1,2]",,"{""k"":""\\ud800""}",',
    record: { id: 'a', values: [1, 2], metadata: '{"k":"\\ud800"}' },
    sql: `('a', [1, 2], NULL, NULL, '{"k":"\\ud800"}')`,
    service: /for field 'k'/,
  },
  ...Object.fromEntries(
    ['null', '{"b":1}', '[1]', '["x",null]'].map((value): [string, BadRecord] => [
      `a metadata value ${value}`,
      {
        code: 'METADATA_VALUE',
        json: `{"id":"a",${V},"metadata":{"a":${value}}}`,
        csv: `a,"[1,2]",,"{""a"":${value.replaceAll('"', '""')}}",`,
        sql: `('a', [1, 2], NULL, NULL, '{"a":${value}}')`,
        service: /Metadata value must be/,
      },
    ]),
  ),
  'a namespace that is no text': { code: 'NAMESPACE_TYPE', json: `{"id":"a",${V},"namespace":{"x":1}}` },
  'a namespace with a slash': {
    code: 'NAMESPACE_NAME',
    json: `{"id":"a",${V},"namespace":"a/b"}`,
    csv: 'a,"[1,2]",,,a/b',
  },
  'a namespace that leads up': {
    code: 'NAMESPACE_NAME',
    json: `{"id":"a",${V},"namespace":".."}`,
    csv: 'a,"[1,2]",,,..',
  },
  'a namespace that is too long': {
    code: 'NAMESPACE_TOO_LONG',
    json: `{"id":"a",${V},"namespace":"${long(513)}"}`,
    csv: `a,"[1,2]",,,${long(513)}`,
  },
};

const cases = Object.entries(BAD).map(([name, bad]) => ({ name, ...bad }));
const with_ = (key: 'csv' | 'sql') => cases.filter((bad) => bad[key] !== undefined);

const config = (kind: VectorKind) => ({
  kind,
  dimension: kind === 'sparse' ? 0 : 2,
  values: kind === 'sparse' ? undefined : { field: ['values'] },
  sparse: kind === 'dense' ? undefined : ['sparse_values'],
  unexpectedVector: kind === 'dense' ? ['sparse_values'] : kind === 'sparse' ? ['values'] : undefined,
  metadata: { from: 'object', field: ['metadata'] } as const,
  namespace: [['namespace']],
});

const select = (sql: string, kind: VectorKind, indices: string): string =>
  kind === 'dense'
    ? `SELECT id::VARCHAR AS id, v::FLOAT[] AS "values", m::VARCHAR AS metadata FROM (VALUES ('good', [3, 4]::FLOAT[], NULL, NULL, NULL), ${sql}) t(id, v, i, w, m)`
    : `SELECT id::VARCHAR AS id, CASE WHEN i IS NULL THEN NULL ELSE {'indices': i::${indices}[], 'values': w::FLOAT[]} END AS sparse_values, m::VARCHAR AS metadata
       FROM (VALUES ('good', NULL, [3]::BIGINT[], [4]::FLOAT[], NULL), ${sql}) t(id, v, i, w, m)`;

describe('the same code, whichever way a bad record comes in', () => {
  test.each(cases)('JSONL: $name', ({ json, code, kind = 'dense' }) => {
    const checked = checkAndMend(read(jsonl(config(kind)), `${json}\n`));
    expect(checked.rejects.map((reject) => reject.code)).toEqual([code]);
  });

  test.each(with_('csv'))('CSV: $name', ({ csv: row, code, kind = 'dense' }) => {
    const header = 'id,values,sparse_values,metadata,namespace';
    const checked = checkAndMend(read(csv(header, config(kind)), `${row}\n`));
    expect(checked.rejects.map((reject) => reject.code)).toEqual([code]);
  });

  test.each(cases)('a record in memory: $name', ({ json, record, code, kind = 'dense' }) => {
    const reader = new RecordObjectReader({ kind, dimension: kind === 'sparse' ? 0 : 2, keepRaw: false });
    reader.add((record ?? JSON.parse(json)) as VectorRecord);
    expect(checkAndMend(reader.take()).rejects.map((reject) => reject.code)).toEqual([code]);
  });

  const temp = useTempDir();
  test.each(with_('sql'))('Parquet under validate: $name', async ({ name, sql, code, kind = 'dense' }) => {
    const root = temp(name.replace(/\W/g, '-'));
    const indices = code === 'SPARSE_INDEX' ? 'BIGINT' : 'UINTEGER';
    await writeParquet(`${root}/ns/0.parquet`, select(sql!, kind, indices));
    const { findings } = await report(root, { dimension: kind === 'dense' ? 2 : undefined });
    const errors = findings.filter(({ severity }) => severity === 'error');
    expect(errors.map((finding) => [finding.code, finding.row])).toEqual([[code, 1]]);
  });
});

describe('the emulator keeps to the documented rules, and to no other', () => {
  const emulators = new Map<VectorKind, Emulator>();
  beforeAll(async () => {
    emulators.set('dense', await emulate());
    emulators.set(
      'sparse',
      await emulate({ indexes: [{ name: 'sparse', vectorType: 'sparse', metric: 'dotproduct' }] }),
    );
  });

  test.each(cases.filter((bad) => bad.sql !== undefined && bad.service !== undefined))(
    '$name',
    async ({ name, sql, code, kind = 'dense', service }) => {
      const { url } = emulators.get(kind)!;
      const namespace = name.replace(/\W/g, '-');
      const uri = await parquet({ [`${namespace}/0.parquet`]: select(sql!, kind, 'UINTEGER') });
      const { status, error } = (await runToEnd(url, uri, 'abort')) as { status: string; error?: string };
      expect(RULES[code].basis).toBe(service === null ? 'prudent' : 'documented');
      expect(status).toBe(service === null ? 'Completed' : 'Failed');
      if (service) expect(error).toMatch(service);
    },
  );
});

test('every rule of a record is met by some case, but for those of one way in alone and those between records', () => {
  const oneWay: RuleCode[] = [
    'JSON_SYNTAX',
    'JSON_NOT_OBJECT',
    'JSON_DUPLICATE_KEY',
    'UTF8_INVALID',
    'CSV_SYNTAX',
    'CSV_FIELD_COUNT',
    'RECORD_TOO_LARGE',
    'NAMESPACE_MISSING',
  ];
  const met = new Set<string>([...cases.map(({ code }) => code), ...oneWay]);
  expect(Object.keys(RULES).filter((code) => !met.has(code) && !code.startsWith('DUPLICATE_'))).toEqual([]);
});
