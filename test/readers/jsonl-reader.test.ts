import { describe, expect, it } from 'vitest';
import { createReader } from '../../src/readers/create-reader.js';
import { MAX_JSON_DEPTH } from '../../src/readers/reading-limits.js';
import type { ReaderConfig } from '../../src/readers/reader.js';
import { DEFAULT_MAX_REJECT_RAW_BYTES } from '../../src/records/raw-text.js';
import { base64, jsonl, read, readOne, rowsOf } from './support.js';

const V = '"values":[1,2]';

describe('JSONL rows', () => {
  const id = { id: 'a', values: [1, 2], metadata: null, namespace: '__default__' };
  const sparse = jsonl({ kind: 'sparse', dimension: 0, values: undefined, sparse: ['sparse_values'] });
  const hybrid = jsonl({ kind: 'hybrid', sparse: ['sparse_values'] });
  const nested = jsonl({
    id: ['custom_id'],
    values: { field: ['response', 'body', 'data', '0', 'embedding'] },
    metadata: { from: 'none' },
  });
  const fields = (types: readonly [string, 'auto' | 'string' | 'number' | 'boolean' | 'json' | 'string-list'][]) =>
    jsonl({
      metadata: {
        from: 'fields',
        fields: types.map(([path, type]) => {
          return { path: path.split('.'), name: path.split('.').at(-1)!, type };
        }),
      },
    });
  const rest = (types: Record<string, 'string' | 'number'> = {}) => jsonl({ metadata: { from: 'rest', types } });

  it.each<[string, ReaderConfig, string, object]>([
    ['plain', jsonl(), `{"id":"a",${V}}`, id],
    ['spaces, tabs and a carriage return', jsonl(), ` {\t"id" : "a" , "values" : [ 1 , 2 ] } \r`, id],
    ['nulls', jsonl(), `{"id":"a",${V},"metadata":null,"namespace":null}`, id],
    ['an empty namespace', jsonl(), `{"id":"a",${V},"namespace":""}`, id],
    ['a namespace', jsonl(), `{"id":"a",${V},"namespace":"n\\u00e9 1"}`, { ...id, namespace: 'né 1' }],
    ['a number as namespace', jsonl(), `{"id":"a",${V},"namespace":1e2}`, { ...id, namespace: '1e2' }],
    [
      'escapes in the id',
      jsonl(),
      `{"id":"\\"\\\\\\/\\b\\f\\n\\r\\t\\u0041\\ud83d\\ude00é",${V}}`,
      { ...id, id: '"\\/\b\f\n\r\tA😀é' },
    ],
    ['escapes in a key', jsonl(), `{"\\u0069d":"a","valu\\u0065s":[1,2]}`, id],
    ['an empty id is for the rules to refuse', jsonl(), `{"id":"",${V}}`, { ...id, id: '' }],
    [
      'metadata byte for byte',
      jsonl(),
      `{"id":"a",${V},"metadata": {"b" :1.0,  "a":"\\u00e9\\ud800" } }`,
      { ...id, metadata: '{"b" :1.0,  "a":"\\u00e9\\ud800" }' },
    ],
    [
      'metadata in a string',
      jsonl(),
      `{"id":"a",${V},"metadata":" {\\"a\\": [\\"\\\\n\\"]} "}`,
      { ...id, metadata: '{"a": ["\\n"]}' },
    ],
    ['null in a metadata string', jsonl(), `{"id":"a",${V},"metadata":"null"}`, id],
    ['an array in a string', jsonl(), `{"id":"a","values":"[1, 2.0]"}`, id],
    ['delimited numbers in a string', jsonl(), `{"id":"a","values":"1.,+2"}`, id],
    ['numpy text in a string', jsonl(), `{"id":"a","values":"[1.  2. ]"}`, id],
    ['base64', jsonl(), `{"id":"a","values":"${base64([1, 2])}"}`, id],
    [
      'base64 with escaped slashes',
      jsonl({ vectorEncoding: 'base64' }),
      `{"id":"a","values":"${base64([-1.9921875, 2]).replaceAll('/', '\\/')}"}`,
      { ...id, values: [-1.9921875, 2] },
    ],
    [
      'a nested path',
      nested,
      `{"custom_id":"a","response":{"status_code":200,"body":{"data":[{"embedding":[1,2],"index":0},{"embedding":[3,4]}]}},"error":null}`,
      id,
    ],
    [
      'a nested path in base64',
      nested,
      `{"custom_id":"a","response":{"body":{"data":[{"embedding":"${base64([1, 2])}"}]}}}`,
      id,
    ],
    [
      'fields that nothing uses, nested and strange',
      jsonl(),
      `{"x":[[],{},[{"id":"no"}]],"y":{"values":[9]},"id":"a","z":-0.0e-7,${V},"":true}`,
      id,
    ],
    [
      'named fields',
      fields([
        ['n', 'auto'],
        ['u.name', 'auto'],
        ['gone', 'auto'],
        ['nil', 'auto'],
      ]),
      `{"id":"a",${V},"nil":null,"u":{"name":"x\\u0001"},"n":1.50}`,
      { ...id, metadata: '{"n":1.50,"name":"x\\u0001"}' },
    ],
    ['no named field there', fields([['n', 'auto']]), `{"id":"a",${V}}`, id],
    [
      'types of named fields',
      fields([
        ['a', 'string'],
        ['b', 'number'],
        ['c', 'boolean'],
        ['d', 'json'],
        ['e', 'string-list'],
        ['f', 'string-list'],
        ['g', 'string'],
      ]),
      `{"id":"a",${V},"a":5,"b":"6.0","c":"True","d":"[1, 2]","e":"x|y\\"","f":["z"],"g":true}`,
      { ...id, metadata: '{"a":"5","b":6.0,"c":true,"d":[1, 2],"e":["x","y\\""],"f":["z"],"g":"true"}' },
    ],
    [
      'all the rest',
      rest(),
      `{"b":"\\u0062","id":"a","\\u0063":[1],${V},"nil":null,"namespace":"n"}`,
      { ...id, metadata: '{"b":"\\u0062","\\u0063":[1]}', namespace: 'n' },
    ],
    ['no rest', rest(), `{"id":"a",${V}}`, id],
    [
      'types of the rest',
      rest({ é: 'string', n: 'number' }),
      `{"id":"a",${V},"\\u00e9":1,"n":"2"}`,
      { ...id, metadata: '{"\\u00e9":"1","n":2}' },
    ],
    [
      'a template',
      jsonl({ namespace: ['t-', ['u', 'id'], '-r'] }),
      `{"id":"a",${V},"u":{"id":7}}`,
      { ...id, namespace: 't-7-r' },
    ],
    ['one field in two roles', jsonl({ namespace: [['id']] }), `{"id":"a",${V}}`, { ...id, namespace: 'a' }],
    [
      'sparse',
      sparse,
      `{"id":"a","sparse_values":{"x":1,"values":[0.5,-1],"\\u0069ndices":[4294967295, 7.0]}}`,
      { id: 'a', sparse: { indices: [4294967295, 7], values: [0.5, -1] } },
    ],
    [
      'sparse in a string',
      sparse,
      `{"id":"a","sparse_values":"{\\"indices\\":[1],\\"values\\":[2]}"}`,
      { sparse: { indices: [1], values: [2] } },
    ],
    [
      'an empty sparse vector is for the rules to refuse',
      sparse,
      `{"id":"a","sparse_values":{"indices":[],"values":[]}}`,
      { sparse: { indices: [], values: [] } },
    ],
    [
      'hybrid',
      hybrid,
      `{"id":"a",${V},"sparse_values":{"indices":[3],"values":[4]}}`,
      { ...id, sparse: { indices: [3], values: [4] } },
    ],
    ['hybrid without the sparse half', hybrid, `{"id":"a",${V},"sparse_values":null}`, { ...id, sparse: null }],
    [
      'an empty vector of the other kind',
      jsonl({ unexpectedVector: ['sparse_values'] }),
      `{"id":"a",${V},"sparse_values":{"indices":[],"values":[]}}`,
      id,
    ],
  ])('takes %s', (_, config, text, want) => {
    expect(readOne(config, text)).toMatchObject(want);
  });

  it('skips blank lines and counts them, with LF and CRLF and without a last line feed', () => {
    const text = `\n{"id":"a",${V}}\r\n \t\r\n{"id":"é",${V}}\n{"id":"c",${V}}`;
    const batch = read(jsonl({ keepRaw: true }), text, 10, 1000);
    expect(batch.rejects).toEqual([]);
    expect(rowsOf(batch).map(({ id: name, line, byteOffset, raw }) => [name, line, byteOffset, raw])).toEqual([
      ['a', 11, 1001, `{"id":"a",${V}}`],
      ['é', 13, 1032, `{"id":"é",${V}}`],
      ['c', 14, 1059, `{"id":"c",${V}}`],
    ]);
  });

  it('never reads on into the next line', () => {
    const batch = read(
      jsonl(),
      `{"id":"a","values":[1,\n2]}\n{"id":"b","values":[\n{"id":"c",${V}}\n{"id":"d","values":[1,2`,
    );
    expect(rowsOf(batch).map(({ id: name }) => name)).toEqual(['c']);
    expect(batch.rejects.map(({ line, code, got }) => [line, code, got])).toEqual([
      [1, 'JSON_SYNTAX', 'the end of the line at byte 23 of the line'],
      [2, 'JSON_SYNTAX', '"]" at byte 2 of the line'],
      [3, 'JSON_SYNTAX', 'the end of the line at byte 21 of the line'],
      [5, 'JSON_SYNTAX', 'the end of the line at byte 24 of the line'],
    ]);
  });

  it('gives columns of exact size, without validity where all is present', () => {
    const batch = read(hybrid, `{"id":"a",${V},"metadata":{},"sparse_values":{"indices":[1],"values":[1]}}\n`);
    expect(batch.metadata).toEqual({
      bytes: new Uint8Array([123, 125]),
      offsets: new Uint32Array([0, 2]),
      validity: undefined,
    });
    expect(batch.sparse?.validity).toBeUndefined();
    expect(batch.values).toEqual(new Float32Array([1, 2]));
    expect(batch.rejected).toEqual(new Uint8Array(1));
    expect(batch.origin.raw).toBeUndefined();
  });

  it('keeps nothing of a batch in the next, nor of a row that failed half way', () => {
    const text = (n: number): string =>
      `{"id":"bad","namespace":"x","metadata":{"a":1},"sparse_values":{"indices":[1,2],"values":[1,"2"]},${V}}\n` +
      `{"id":"b${n}",${V},"sparse_values":{"indices":[${n}],"values":[1]}}\n`.repeat(n);
    const config = jsonl({ kind: 'hybrid', sparse: ['sparse_values'] });
    const large = read(config, text(600));
    expect(large.rows).toBe(600);
    expect(large.rejects).toHaveLength(1);
    expect(large.namespaces.dictionary).toEqual(['__default__']);
    expect(rowsOf(large)[599]).toMatchObject({ id: 'b600', sparse: { indices: [600], values: [1] }, metadata: null });
  });
});

describe('JSONL rejects', () => {
  const sparse = jsonl({ kind: 'sparse', dimension: 0, values: undefined, sparse: ['sv'] });
  const sv = (indices: string, values: string): string => `{"id":"a","sv":{"indices":${indices},"values":${values}}}`;
  const meta = jsonl({ metadata: { from: 'fields', fields: [{ path: ['n'], name: 'n', type: 'number' }] } });

  it.each<[string, ReaderConfig, string, object]>([
    [
      'half a line',
      jsonl(),
      `{"id":"a","values":[1,2`,
      { code: 'JSON_SYNTAX', id: 'a', got: 'the end of the line at byte 24 of the line' },
    ],
    ['no JSON', jsonl(), `hello`, { code: 'JSON_SYNTAX', expected: 'a value', got: '"hello" at byte 1 of the line' }],
    ['an array', jsonl(), `[1]`, { code: 'JSON_NOT_OBJECT', got: 'an array' }],
    ['a number', jsonl(), ` 12 `, { code: 'JSON_NOT_OBJECT', got: 'the number 12' }],
    ['a trailing comma', jsonl(), `{"id":"a",${V},}`, { code: 'JSON_SYNTAX', expected: 'a key in quotes' }],
    ['a trailing comma in a list', jsonl(), `{"id":"a","values":[1,2,]}`, { code: 'JSON_SYNTAX' }],
    [
      'a leading zero',
      jsonl(),
      `{"id":"a","values":[1,02]}`,
      { code: 'JSON_SYNTAX', expected: 'a number of RFC 8259' },
    ],
    ['rubbish behind', jsonl(), `{"id":"a",${V}} x`, { code: 'JSON_SYNTAX', expected: 'the end of the line' }],
    ['two records on a line', jsonl(), `{"id":"a",${V}}{"id":"b",${V}}`, { code: 'JSON_SYNTAX' }],
    [
      'a fault in what is not used',
      jsonl(),
      `{"id":"a",${V},"x":{"y":[tru]}}`,
      { code: 'JSON_SYNTAX', id: 'a', got: '"tru" at byte 36 of the line' },
    ],
    [
      'a bad escape',
      jsonl(),
      `{"id":"a",${V},"x":"\\x41"}`,
      { code: 'JSON_SYNTAX', expected: 'an escape of RFC 8259' },
    ],
    ['a short \\u', jsonl(), `{"id":"a",${V},"x":"\\u12g4"}`, { code: 'JSON_SYNTAX' }],
    [
      'a control character',
      jsonl(),
      `{"id":"a",${V},"x":"\t"}`,
      { code: 'JSON_SYNTAX', expected: 'no bare control character', got: '"\\t" at byte 31 of the line' },
    ],
    ['single quotes', jsonl(), `{'id':'a'}`, { code: 'JSON_SYNTAX' }],
    [
      'NaN where it is not looked for',
      jsonl(),
      `{"id":"a",${V},"x":NaN}`,
      { code: 'JSON_SYNTAX', got: '"NaN" at byte 30 of the line' },
    ],
    [
      'NaN in the vector',
      jsonl(),
      `{"id":"a","values":[1,NaN]}`,
      { code: 'VALUES_NOT_FINITE', id: 'a', field: 'values', got: 'NaN at position 1' },
    ],
    [
      'an infinity in the vector',
      jsonl(),
      `{"id":"a","values":[-Infinity,1]}`,
      { code: 'VALUES_NOT_FINITE', got: '-Infinity at position 0' },
    ],
    ['NaN somewhere in the vector field', jsonl(), `{"id":"a","values":{"x":NaN}}`, { code: 'VALUES_TYPE' }],
    [
      'a number past float32',
      jsonl(),
      `{"id":"a","values":[1,1e39]}`,
      { code: 'VALUES_NOT_FINITE', got: 'the number 1e39 at position 1' },
    ],
    [
      'NaN in base64',
      jsonl(),
      `{"id":"a","values":"${base64([1, NaN])}"}`,
      { code: 'VALUES_NOT_FINITE', got: 'NaN at position 1' },
    ],
    ['no id', jsonl(), `{${V}}`, { code: 'ID_MISSING', field: 'id', got: 'no such field' }],
    ['null for an id', jsonl(), `{"id":null,${V}}`, { code: 'ID_MISSING', got: 'null' }],
    [
      'a number for an id',
      jsonl(),
      `{"id":42,${V}}`,
      { code: 'ID_TYPE', id: '42', expected: 'a string', got: 'the number 42, which must be in quotes to be an id' },
    ],
    ['an object for an id', jsonl(), `{"id":{},${V}}`, { code: 'ID_TYPE', got: 'an object' }],
    ['half a surrogate pair in the id', jsonl(), `{"id":"\\ud800x",${V}}`, { code: 'ID_CHARSET' }],
    ['an id twice', jsonl(), `{"id":"a",${V},"id":"b"}`, { code: 'JSON_DUPLICATE_KEY', field: 'id' }],
    [
      'an id twice, once escaped',
      jsonl(),
      `{"id":"a",${V},"i\\u0064":"b"}`,
      { code: 'JSON_DUPLICATE_KEY', field: 'id' },
    ],
    ['values twice', jsonl(), `{"id":"a",${V},${V}}`, { code: 'JSON_DUPLICATE_KEY', field: 'values' }],
    [
      'a field twice when the rest is metadata',
      jsonl({ metadata: { from: 'rest', types: {} } }),
      `{"id":"a",${V},"x":1,"\\u0078":2}`,
      { code: 'JSON_DUPLICATE_KEY', field: 'x' },
    ],
    ['no vector', jsonl(), `{"id":"a"}`, { code: 'VALUES_MISSING', field: 'values', expected: '2 numbers' }],
    ['null for a vector', jsonl(), `{"id":"a","values":null}`, { code: 'VALUES_MISSING', got: 'null' }],
    ['an empty text for a vector', jsonl(), `{"id":"a","values":""}`, { code: 'VALUES_MISSING' }],
    [
      'an OpenAI error line',
      jsonl({ id: ['custom_id'], values: { field: ['response', 'body', 'data', '0', 'embedding'] } }),
      `{"custom_id":"r1","response":null,"error":{"code":"x"}}`,
      { code: 'VALUES_MISSING', id: 'r1', field: 'response.body.data.0.embedding' },
    ],
    [
      'a number too few',
      jsonl(),
      `{"id":"a","values":[1],"namespace":"n"}`,
      { code: 'VALUES_DIMENSION', expected: '2 numbers', got: '1 number', namespace: 'n' },
    ],
    ['a number too many', jsonl(), `{"id":"a","values":[1,2,3]}`, { code: 'VALUES_DIMENSION', got: '3 numbers' }],
    ['no number', jsonl(), `{"id":"a","values":[]}`, { code: 'VALUES_DIMENSION', got: '0 numbers' }],
    [
      'too few in base64',
      jsonl(),
      `{"id":"a","values":"${base64([1])}"}`,
      { code: 'VALUES_DIMENSION', got: '1 number' },
    ],
    ['too few in a text', jsonl(), `{"id":"a","values":"[1.5]"}`, { code: 'VALUES_DIMENSION', got: '1 number' }],
    [
      'base64 of no whole floats',
      jsonl({ vectorEncoding: 'base64' }),
      `{"id":"a","values":"AAAA"}`,
      { code: 'VALUES_TYPE', got: 'base64 of 3 bytes' },
    ],
    ['no base64', jsonl({ vectorEncoding: 'base64' }), `{"id":"a","values":"AAAA*AAA"}`, { code: 'VALUES_TYPE' }],
    [
      'a text among the numbers',
      jsonl(),
      `{"id":"a","values":[1,"2"]}`,
      { code: 'VALUES_TYPE', got: 'the string "2" at position 1' },
    ],
    [
      'null among the numbers',
      jsonl(),
      `{"id":"a","values":[null,2]}`,
      { code: 'VALUES_TYPE', got: 'null at position 0' },
    ],
    ['a list in the list', jsonl(), `{"id":"a","values":[[1,2]]}`, { code: 'VALUES_TYPE' }],
    [
      'an object for a vector',
      jsonl(),
      `{"id":"a","values":{"0":1}}`,
      { code: 'VALUES_TYPE', expected: 'an array of 2 numbers', got: 'an object' },
    ],
    [
      'words for a vector',
      jsonl(),
      `{"id":"a","values":"one, two"}`,
      { code: 'VALUES_TYPE', got: '"one" at position 0' },
    ],
    ['no sparse vector', sparse, `{"id":"a"}`, { code: 'SPARSE_MISSING', field: 'sv' }],
    ['a list for a sparse vector', sparse, `{"id":"a","sv":[1]}`, { code: 'SPARSE_TYPE', got: 'an array' }],
    [
      'no indices',
      sparse,
      `{"id":"a","sv":{"values":[1]}}`,
      { code: 'SPARSE_TYPE', got: 'an object without "indices"' },
    ],
    [
      'indices twice',
      sparse,
      `{"id":"a","sv":{"indices":[1],"values":[1],"indices":[2]}}`,
      { code: 'JSON_DUPLICATE_KEY', field: 'sv.indices' },
    ],
    ['null for values', sparse, sv('[1]', 'null'), { code: 'SPARSE_TYPE', field: 'sv.values', got: 'null' }],
    ['other lengths', sparse, sv('[1,2,3]', '[1]'), { code: 'SPARSE_LENGTHS', got: '3 and 1 value' }],
    [
      'a negative index',
      sparse,
      sv('[-1]', '[1]'),
      { code: 'SPARSE_INDEX', field: 'sv.indices', got: 'the number -1' },
    ],
    ['an index with a fraction', sparse, sv('[1.5]', '[1]'), { code: 'SPARSE_INDEX' }],
    ['an index of 2^32', sparse, sv('[4294967296]', '[1]'), { code: 'SPARSE_INDEX' }],
    ['a text for an index', sparse, sv('["1"]', '[1]'), { code: 'SPARSE_INDEX' }],
    ['NaN in a sparse vector', sparse, sv('[1]', '[NaN]'), { code: 'SPARSE_NOT_FINITE', field: 'sv.values' }],
    [
      'NaN beside a sparse vector',
      sparse,
      `{"id":"a","sv":{"indices":[1],"values":[1],"x":NaN}}`,
      { code: 'VALUES_NOT_FINITE' },
    ],
    ['a text in a sparse vector', sparse, sv('[1]', '["1"]'), { code: 'SPARSE_TYPE' }],
    [
      'a sparse vector among dense ones',
      jsonl({ unexpectedVector: ['sv'] }),
      `{"id":"a",${V},"sv":{"indices":[1],"values":[1]}}`,
      { code: 'SPARSE_UNEXPECTED', field: 'sv' },
    ],
    [
      'a dense vector among sparse ones',
      { ...sparse, unexpectedVector: ['values'] },
      `{"id":"a",${V},"sv":{"indices":[1],"values":[1]}}`,
      { code: 'VALUES_UNEXPECTED', field: 'values' },
    ],
    [
      'a list for metadata',
      jsonl(),
      `{"id":"a",${V},"metadata":[]}`,
      { code: 'METADATA_NOT_OBJECT', field: 'metadata', got: 'an array' },
    ],
    [
      'a text for metadata',
      jsonl(),
      `{"id":"a",${V},"metadata":"x"}`,
      { code: 'METADATA_NOT_OBJECT', got: 'the string "x"' },
    ],
    ['broken metadata in a text', jsonl(), `{"id":"a",${V},"metadata":"{\\"a\\":1"}`, { code: 'METADATA_NOT_OBJECT' }],
    ['a metadata value of another type', meta, `{"id":"a",${V},"n":[1]}`, { code: 'METADATA_VALUE', field: 'n' }],
    [
      'a metadata text of another type',
      meta,
      `{"id":"a",${V},"n":"01"}`,
      { code: 'METADATA_VALUE', field: 'n', expected: 'a JSON number' },
    ],
    [
      'a list for a namespace',
      jsonl(),
      `{"id":"a",${V},"namespace":[]}`,
      { code: 'NAMESPACE_TYPE', field: 'namespace' },
    ],
    [
      'half a namespace',
      jsonl({ namespace: [['t'], '-r'] }),
      `{"id":"a",${V}}`,
      { code: 'NAMESPACE_MISSING', field: 't' },
    ],
    [
      'half a namespace, empty',
      jsonl({ namespace: [['t'], '-r'] }),
      `{"id":"a",${V},"t":""}`,
      { code: 'NAMESPACE_MISSING', field: 't' },
    ],
  ])('refuses %s', (_, config, text, want) => {
    const reject = readOne(config, text);
    expect(reject).toMatchObject({ source: 'in', line: 1, byteOffset: 0, ...want });
    expect(reject).toHaveProperty('expected', expect.stringMatching(/./));
    expect(reject).toHaveProperty('got', expect.stringMatching(/./));
  });

  it('refuses bytes that are no UTF-8, wherever they stand', () => {
    for (const bad of ['80', 'c0af', 'c3', 'e08080', 'eda080', 'f4908080', 'f88888', 'ff', 'e282']) {
      const line = Buffer.concat([Buffer.from(`{"id":"a",${V},"x":"`), Buffer.from(bad, 'hex'), Buffer.from('"}')]);
      expect(readOne(jsonl(), line), bad).toMatchObject({ code: 'UTF8_INVALID', id: 'a' });
    }
    expect(readOne(jsonl(), Buffer.from('{é:1}'))).toMatchObject({
      code: 'JSON_SYNTAX',
      got: 'byte 0xc3 at byte 2 of the line',
    });
  });

  it('nests to the limit and not past it', () => {
    const nestedTo = (depth: number): string => `{"id":"a",${V},"x":${'['.repeat(depth - 1)}${']'.repeat(depth - 1)}}`;
    expect(readOne(jsonl(), nestedTo(MAX_JSON_DEPTH))).toMatchObject({ values: [1, 2] });
    expect(readOne(jsonl(), nestedTo(MAX_JSON_DEPTH + 1))).toMatchObject({ code: 'JSON_SYNTAX' });
    expect(readOne(jsonl(), `{"x":`.repeat(1_000_000))).toMatchObject({ code: 'JSON_SYNTAX' });
    expect(readOne(jsonl(), '['.repeat(1_000_000))).toMatchObject({ code: 'JSON_SYNTAX' });
  });

  it('gives places and texts of rejects, in input order with those of the chunker', () => {
    const text = `{"id":"ok",${V}}\n{"id":"b","values":[1]}\r\n\n{"id":"c"}`;
    const batch = read(jsonl({ keepRaw: true }), text, 5, 100);
    expect(batch.rejects.map(({ line, byteOffset, id, code, raw }) => [line, byteOffset, id, code, raw])).toEqual([
      [6, 127, 'b', 'VALUES_DIMENSION', '{"id":"b","values":[1]}'],
      [8, 153, 'c', 'VALUES_MISSING', '{"id":"c"}'],
    ]);
    expect(batch.rows).toBe(1);
    expect(read(jsonl(), text).rejects[0]).toHaveProperty('raw', undefined);

    const large = {
      source: 'in',
      line: 7,
      byteOffset: 140,
      code: 'RECORD_TOO_LARGE',
      expected: 'x',
      got: 'y',
    } as const;
    const chunk = { source: 'in', bytes: Buffer.from(text), firstLine: 5, byteOffset: 100, rejects: [large] };
    expect(
      createReader(jsonl())
        .read(chunk)
        .rejects.map(({ line }) => line),
    ).toEqual([6, 7, 8]);
  });

  it('cuts the text of a reject at whole characters', () => {
    const long = `{"id":"a","x":"${'€'.repeat(DEFAULT_MAX_REJECT_RAW_BYTES / 3)}"}`;
    const reject = readOne(jsonl({ keepRaw: true }), long);
    const { raw } = reject as { raw: string };
    expect(Buffer.byteLength(raw)).toBeLessThanOrEqual(DEFAULT_MAX_REJECT_RAW_BYTES);
    expect(long.startsWith(raw)).toBe(true);
    expect(Buffer.byteLength(raw)).toBeGreaterThan(DEFAULT_MAX_REJECT_RAW_BYTES - 3);
  });
});
