import { describe, expect, it } from 'vitest';
import { PineloadError } from '../../src/base/errors.js';
import { resolveMapping } from '../../src/readers/mapping.js';
import type { MappingOptions, ResolvedMapping } from '../../src/readers/reader.js';
import { base64, read, rowsOf } from './support.js';

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);

const lines = (...records: (object | string)[]): Uint8Array =>
  bytesOf(records.map((record) => `${typeof record === 'string' ? record : JSON.stringify(record)}\n`).join(''));

const ofLines = (records: (object | string)[], options: MappingOptions = {}): ResolvedMapping =>
  resolveMapping(lines(...records), 'in.jsonl', 'jsonl', undefined, options);

const ofTable = (text: string, options: MappingOptions = {}, format: 'csv' | 'tsv' = 'csv'): ResolvedMapping => {
  const feed = text.indexOf('\n');
  return resolveMapping(bytesOf(text.slice(feed + 1)), 'in.csv', format, bytesOf(text.slice(0, feed)), options);
};

function failure(run: () => unknown): Record<string, unknown> {
  try {
    run();
  } catch (error) {
    expect(error).toBeInstanceOf(PineloadError);
    return (error as PineloadError).toJSON();
  }
  throw new Error('it did not fail');
}

const plain = { id: 'a', values: [1, 2] };
const sparse = { indices: [1], values: [2] };

describe('a mapping found in JSONL', () => {
  it('takes the usual spellings', () => {
    for (const [id, values] of [
      ['id', 'values'],
      ['_id', 'vector'],
      ['id', 'embedding'],
    ] as const) {
      const { config, chosen, unused } = ofLines([
        { x: 1, [id]: 'a', [values]: [1, 2, 3], metadata: {}, namespace: 'n' },
      ]);
      expect(config).toMatchObject({ kind: 'dense', dimension: 3, id: [id], values: { field: [values] } });
      expect(config.metadata).toEqual({ from: 'object', field: ['metadata'] });
      expect(config.namespace).toEqual([['namespace']]);
      expect(chosen).toEqual({ id, values, metadata: 'metadata', namespace: 'namespace' });
      expect(unused).toEqual(['x']);
    }
    expect(ofLines([plain]).chosen).toEqual({ id: 'id', values: 'values', metadata: 'none', namespace: '__default__' });
  });

  it('prefers the field that holds a vector', () => {
    expect(ofLines([{ id: 'a', values: 'some words here', embedding: [1, 2] }]).config.values).toEqual({
      field: ['embedding'],
    });
    expect(ofLines([{ id: 'a', values: null, vector: [1, 2] }]).config.values).toEqual({ field: ['vector'] });
  });

  it.each<[object[], MappingOptions, object]>([
    [[plain], {}, { kind: 'dense', dimension: 2, sparse: undefined, unexpectedVector: ['sparse_values'] }],
    [
      [{ id: 'a', sparse_values: sparse }],
      {},
      { kind: 'sparse', dimension: 0, values: undefined, sparse: ['sparse_values'], unexpectedVector: ['values'] },
    ],
    [
      [plain, { ...plain, sparseValues: sparse }],
      {},
      { kind: 'hybrid', dimension: 2, sparse: ['sparseValues'], unexpectedVector: undefined },
    ],
    [[plain, { id: 'b', sparse_values: sparse }], {}, { kind: 'dense', unexpectedVector: ['sparse_values'] }],
    [[{ ...plain, sparse_values: null }], {}, { kind: 'dense' }],
    [[{ ...plain, sparse_values: { indices: [], values: [] } }], {}, { kind: 'dense' }],
    [[{ id: 'a', values: [], sparse_values: sparse }], {}, { kind: 'sparse' }],
    [
      [{ ...plain, sparse_values: sparse }],
      { vectorType: 'dense' },
      { kind: 'dense', sparse: undefined, unexpectedVector: undefined },
    ],
    [
      [{ ...plain, sparse_values: sparse }],
      { vectorType: 'sparse' },
      { kind: 'sparse', dimension: 0, values: undefined, unexpectedVector: undefined },
    ],
    [[plain], { vectorType: 'hybrid' }, { kind: 'hybrid', sparse: ['sparse_values'] }],
    [[{ id: 'a', values: [] }, { id: 'b', values: [1, 2, 3, 4] }, plain], {}, { dimension: 4 }],
    [[plain], { dimension: 1536 }, { dimension: 1536 }],
    [[{ id: 'a', values: base64([1, 2, 3, 4]) }], {}, { dimension: 4, vectorEncoding: 'auto' }],
    [[{ id: 'a', values: '[1, 2, 3]' }], {}, { dimension: 3 }],
    [[{ id: 'a', values: '1;2;3' }], { vectorDelimiter: ';' }, { dimension: 3, vectorDelimiter: ';' }],
    [
      [{ key: 'a', v: { e: [1, 2] } }],
      { idField: 'key', valuesField: 'v.e' },
      { id: ['key'], values: { field: ['v', 'e'] } },
    ],
    [[{ 'a.id': 'a', a: { id: 1 }, values: [1] }], { idField: 'a.id' }, { id: ['a.id'] }],
    [[plain], { metadataField: 'm.x' }, { metadata: { from: 'object', field: ['m', 'x'] } }],
    [
      [{ ...plain, 'dc:t': 1 }],
      { metadataFields: ['u.name', 'n:number', 'dc:t'] },
      {
        metadata: {
          from: 'fields',
          fields: [
            { path: ['u', 'name'], name: 'name', type: 'auto' },
            { path: ['n'], name: 'n', type: 'number' },
            { path: ['dc:t'], name: 'dc:t', type: 'auto' },
          ],
        },
      },
    ],
    [
      [plain],
      { metadataRest: true, metadataFields: ['n:string'] },
      { metadata: { from: 'rest', types: { n: 'string' } } },
    ],
    [[plain], { namespace: 'n' }, { namespace: ['n'] }],
    [[plain], { namespace: '' }, { namespace: [''] }],
    [[plain], { namespace: 'a-{run}-{t.u}{v}-', runId: 'r1' }, { namespace: ['a-r1-', ['t', 'u'], ['v'], '-'] }],
    [[plain], { namespaceField: 'tenant' }, { namespace: [['tenant']] }],
  ])('from %j with %j', (records, options, want) => {
    expect(ofLines(records, options).config).toMatchObject(want);
  });

  it('passes over malformed lines', () => {
    expect(ofLines(['{"id":', '', '[1]', plain]).config.dimension).toBe(2);
  });

  it('reads the result of an OpenAI batch', () => {
    const line = (n: number): object => ({
      id: `batch_req_${n}`,
      custom_id: `doc-${n}`,
      response: {
        status_code: 200,
        request_id: 'r',
        body: { object: 'list', data: [{ object: 'embedding', index: 0, embedding: [0.25, n] }], model: 'm' },
      },
      error: null,
    });
    const options = { idField: 'custom_id', valuesField: 'response.body.data.0.embedding' };
    const { config, unused } = ofLines([line(1)], options);
    expect(unused).toEqual(['id', 'error']);
    const failed = { custom_id: 'doc-3', response: null, error: { code: 'server_error' } };
    const batch = read(config, lines(line(1), line(2), failed));
    expect(rowsOf(batch).map(({ id, values }) => [id, values])).toEqual([
      ['doc-1', [0.25, 1]],
      ['doc-2', [0.25, 2]],
    ]);
    expect(batch.rejects).toMatchObject([{ id: 'doc-3', code: 'VALUES_MISSING' }]);
    expect(failure(() => ofLines([{ ...line(1), id: 1 }]))).toMatchObject({
      code: 'MAPPING_UNRESOLVED',
      hint: expect.stringContaining('--values-field response.body.data.0.embedding') as string,
    });
  });
});

describe('a mapping found in CSV', () => {
  it.each<[string, MappingOptions, object]>([
    [
      'id,values\na,"[1,2]"\n',
      {},
      { format: 'csv', kind: 'dense', dimension: 2, namespace: [''], metadata: { from: 'rest', types: {} } },
    ],
    [
      '_id,embedding,namespace,metadata\na,1 2 3,n,{}\n',
      {},
      { id: ['_id'], dimension: 3, namespace: [['namespace']], metadata: { from: 'object', field: ['metadata'] } },
    ],
    ['id,sparse_values\na,"{""indices"":[1],""values"":[1]}"\n', {}, { kind: 'sparse', sparse: ['sparse_values'] }],
    ['id,values,sparse_values\na,1 2,"{""indices"":[1],""values"":[1]}"\n', {}, { kind: 'hybrid' }],
    ['id,values,sparse_values\na,1 2,\n', {}, { kind: 'dense', unexpectedVector: ['sparse_values'] }],
    [
      'id,d10,d2,d1,d3,d4,d5,d6,d7,d8,d9\na,1,2,3,4,5,6,7,8,9,0\n',
      { valuesColumns: 'd' },
      { dimension: 10, values: { columns: ['d1', 'd2', 'd3', 'd4', 'd5', 'd6', 'd7', 'd8', 'd9', 'd10'] } },
    ],
    ['id,x,y,z\na,1,2,3\n', { valuesColumns: 'x..z' }, { dimension: 3, values: { columns: ['x', 'y', 'z'] } }],
    ['id;values\na;[1,2]\n', { delimiter: ';' }, { csv: { header: ['id', 'values'], delimiter: ';' } }],
    [
      'id,values,a.b\na,1 2,3\n',
      { metadataFields: ['a.b:number'] },
      { metadata: { from: 'fields', fields: [{ path: ['a.b'], name: 'a.b', type: 'number' }] } },
    ],
    ['id,values,t\na,1 2,3\n', { namespace: 'n-{t}' }, { namespace: ['n-', ['t']] }],
  ])('%j with %j', (text, options, want) => {
    expect(ofTable(text, options).config).toMatchObject(want);
  });

  it('takes tabs for TSV, and names what is left behind', () => {
    const { config, unused, chosen } = ofTable('id\tvalues\tmetadata\tx\na\t[1,2]\t{}\t3\n', {}, 'tsv');
    expect(config.csv).toEqual({ header: ['id', 'values', 'metadata', 'x'], delimiter: '\t' });
    expect(unused).toEqual(['x']);
    expect(chosen).toEqual({ id: 'id', values: 'values', metadata: 'metadata', namespace: '__default__' });
    expect(ofTable('id,d0,d1\na,1,2\n', { valuesColumns: 'd' }).chosen['values']).toBe('d0…d1 (2 columns)');
  });
});

describe('mappings that cannot be', () => {
  it.each<[(object | string)[], MappingOptions, object]>([
    [[{ key: 'a', values: [1] }], {}, { code: 'MAPPING_UNRESOLVED', field: 'id', got: 'the fields "key", "values"' }],
    [[plain], { idField: 'key' }, { code: 'MAPPING_UNRESOLVED', expected: 'an id: the field "key"' }],
    [
      [{ id: 'a', v: { e: [1, 2] } }],
      {},
      { code: 'MAPPING_UNRESOLVED', hint: '"v.e" looks like a vector: name it with valuesField (--values-field).' },
    ],
    [[plain], { valuesField: 'emb' }, { code: 'MAPPING_UNRESOLVED', field: 'valuesField' }],
    [[{ id: 'a', values: 'words' }], {}, { code: 'MAPPING_UNRESOLVED', expected: 'a dense vector in "values"' }],
    [[plain], { vectorType: 'sparse' }, { code: 'MAPPING_UNRESOLVED', field: 'sparseValuesField' }],
    [
      ['{"id":'],
      {},
      { code: 'RECORD_REJECTED', message: expect.stringContaining('JSON_SYNTAX') as string, expected: 'a JSON object' },
    ],
    [
      [plain],
      { namespace: '{run}' },
      { code: 'OPTION_INVALID', field: 'namespace', hint: 'Give one with runId (--run-id).' },
    ],
    [[plain], { namespace: 'a{b' }, { code: 'OPTION_INVALID', field: 'namespace' }],
    [[plain], { namespace: 'a}b' }, { code: 'OPTION_INVALID' }],
    [[plain], { namespace: '{}' }, { code: 'OPTION_INVALID' }],
    [
      [plain],
      { namespace: 'a', namespaceField: 'b' },
      { code: 'OPTION_INVALID', expected: 'either namespace or namespaceField' },
    ],
    [[plain], { metadataField: 'a', metadataRest: true }, { code: 'OPTION_INVALID' }],
    [[plain], { metadataField: 'a', metadataFields: ['b'] }, { code: 'OPTION_INVALID' }],
    [[plain], { metadataFields: ['a.n', 'b.n'] }, { code: 'OPTION_INVALID', got: '"n" twice' }],
    [[plain], { metadataFields: ['n:date'] }, { code: 'OPTION_INVALID' }],
    [[plain], { metadataRest: true, metadataFields: ['a.b:number'] }, { code: 'OPTION_INVALID' }],
    [[plain], { valuesColumns: 'd' }, { code: 'OPTION_INVALID', expected: 'CSV input' }],
    [[plain], { valuesField: 'a..b' }, { code: 'OPTION_INVALID' }],
    [[plain], { dimension: 0 }, { code: 'OPTION_INVALID' }],
    [[plain], { dimension: 20_001 }, { code: 'OPTION_INVALID' }],
    [[plain], { dimension: 2, vectorType: 'sparse' }, { code: 'OPTION_INVALID' }],
    [[plain], { vectorDelimiter: '0' }, { code: 'OPTION_INVALID', field: 'vectorDelimiter' }],
    [[{ id: 'a', values: Array(20_001).fill(1) }], {}, { code: 'LIMIT_EXCEEDED', got: '20001 in the first vector' }],
  ])('JSONL %# with %j', (records, options, want) => {
    expect(failure(() => ofLines(records, options))).toMatchObject(want);
  });

  it.each<[string, MappingOptions, object]>([
    [
      'id,dim_0,dim_1\na,1,2\n',
      {},
      { code: 'MAPPING_UNRESOLVED', hint: expect.stringContaining('--values-columns dim_') as string },
    ],
    ['id,values\na,1 2\n', { metadataFields: ['x'] }, { code: 'MAPPING_UNRESOLVED', expected: 'the column "x"' }],
    ['id,values\na,1 2\n', { namespace: '{x}' }, { code: 'MAPPING_UNRESOLVED' }],
    ['id,values\na,1 2\n', { vectorType: 'hybrid' }, { code: 'MAPPING_UNRESOLVED' }],
    ['id,d0,d2\na,1,2\n', { valuesColumns: 'd' }, { code: 'OPTION_INVALID', got: '"d2" behind "d0"' }],
    ['id,d5,d6\na,1,2\n', { valuesColumns: 'd' }, { code: 'OPTION_INVALID', got: '"d5" first' }],
    ['id,x,y\na,1,2\n', { valuesColumns: 'y..x' }, { code: 'OPTION_INVALID' }],
    ['id,d0,d1\na,1,2\n', { valuesColumns: 'd', dimension: 3 }, { code: 'OPTION_INVALID', field: 'dimension' }],
    ['id,values\na,1 2\n', { delimiter: '"' }, { code: 'OPTION_INVALID', field: 'delimiter' }],
    ['id,id\na,1 2\n', {}, { code: 'CSV_HEADER_INVALID' }],
  ])('CSV %j with %j', (text, options, want) => {
    expect(failure(() => ofTable(text, options))).toMatchObject(want);
  });

  it('never shows raw control characters', () => {
    const error = failure(() => ofLines([{ '\u001b[31mred': 1 }]));
    expect(JSON.stringify(error['message'])).not.toContain('\u001b');
    expect(String(error['message'])).toContain('\\u001b');
  });
});
