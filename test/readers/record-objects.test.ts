import { describe, expect, test } from 'vitest';
import { inferKind, RecordObjectReader, type VectorRecord } from '../../src/readers/record-objects.js';
import type { RecordBatch, VectorKind } from '../../src/records/batch.js';
import type { RuleCode } from '../../src/records/rule-codes.js';
import { checkBatch } from '../../src/records/rules/check-batch.js';

const text = (column: RecordBatch['ids'], row: number): string =>
  Buffer.from(column.bytes.subarray(column.offsets[row], column.offsets[row + 1])).toString();

/** Callers in plain JavaScript may hand over anything. */
const read = (records: readonly unknown[], kind: VectorKind = 'dense', dimension = kind === 'sparse' ? 0 : 2) => {
  const reader = new RecordObjectReader({ kind, dimension, keepRaw: true });
  for (const record of records) reader.add(record as VectorRecord);
  expect(reader.rows).toBe(records.length);
  const batch = reader.take();
  expect(reader.rows).toBe(0);
  checkBatch(batch);
  return batch;
};

test('records of every kind arrive as columns', () => {
  const batch = read(
    [
      {
        id: 'a',
        values: [0.1, -2],
        sparseValues: { indices: [4294967295, 0], values: [0.5, 1] },
        metadata: { t: 'x', u: undefined },
      },
      { id: 'b', values: new Float32Array([3, 4]), namespace: 'n', metadata: '{ "raw" :1}' },
      {
        id: 'c',
        values: new Float64Array([0.1, 6]),
        namespace: '',
        metadata: null,
        sparse_values: { indices: new Uint32Array([9]), values: new Float32Array([2]) },
      },
    ],
    'hybrid',
  );
  expect(batch.rejects).toEqual([]);
  expect([...batch.values!]).toEqual([Math.fround(0.1), -2, 3, 4, Math.fround(0.1), 6]);
  expect([0, 1, 2].map((row) => text(batch.ids, row))).toEqual(['a', 'b', 'c']);
  expect([0, 1, 2].map((row) => text(batch.metadata, row))).toEqual(['{"t":"x"}', '{ "raw" :1}', '']);
  expect([...batch.metadata.validity!]).toEqual([1, 1, 0]);
  expect([...batch.sparse!.offsets]).toEqual([0, 2, 2, 3]);
  expect([...batch.sparse!.indices]).toEqual([4294967295, 0, 9]);
  expect([...batch.sparse!.values]).toEqual([0.5, 1, 2]);
  expect([...batch.sparse!.validity!]).toEqual([1, 0, 1]);
  expect([...batch.namespaces.codes].map((code) => batch.namespaces.dictionary[code])).toEqual([
    '__default__',
    'n',
    '__default__',
  ]);
  expect(batch.origin.source).toBe('<records>');
  expect([...batch.origin.lines]).toEqual([1, 2, 3]);
});

describe('faults have the codes that text has', () => {
  const v = [1, 2];
  const s = { indices: [1], values: [1] };
  const circle: Record<string, unknown> = {};
  circle.self = circle;
  test.each<[string, unknown, RuleCode, string, VectorKind?]>([
    ['no object', null, 'JSON_NOT_OBJECT', 'none'],
    ['a list', [1], 'JSON_NOT_OBJECT', 'a list of 1'],
    ['no id', { values: v }, 'ID_MISSING', 'none'],
    ['an id that is a number', { id: 5, values: v }, 'ID_TYPE', '5'],
    ['an empty id', { id: '', values: v }, 'ID_EMPTY', 'an empty text'],
    ['an id with half a character', { id: '\ud800', values: v }, 'ID_CHARSET', '"\ufffd"'],
    ['no vector', { id: 'a' }, 'VALUES_MISSING', 'none'],
    ['a vector that is a text', { id: 'a', values: '1,2' }, 'VALUES_TYPE', '"1,2"'],
    ['a text in a vector', { id: 'a', values: [1, '2'] }, 'VALUES_TYPE', '"2" at position 1'],
    ['a hole in a vector', { id: 'a', values: Object.assign([1], { length: 2 }) }, 'VALUES_TYPE', 'none at position 1'],
    ['BigInts', { id: 'a', values: new BigInt64Array(2) }, 'VALUES_TYPE', 'a bigint at position 0'],
    ['a wrong dimension', { id: 'a', values: [1, 2, 3] }, 'VALUES_DIMENSION', '3 numbers'],
    ['an empty vector', { id: 'a', values: [] }, 'VALUES_DIMENSION', '0 numbers'],
    ['NaN', { id: 'a', values: [NaN, 1] }, 'VALUES_NOT_FINITE', 'NaN at position 0'],
    ['zeros', { id: 'a', values: [0, 0] }, 'VALUES_ALL_ZERO', '2 zeros'],
    ['a sparse vector too many', { id: 'a', values: v, sparseValues: s }, 'SPARSE_UNEXPECTED', 'an object'],
    ['a dense vector too many', { id: 'a', values: v, sparseValues: s }, 'VALUES_UNEXPECTED', 'a list of 2', 'sparse'],
    ['no sparse vector', { id: 'a' }, 'SPARSE_MISSING', 'none', 'sparse'],
    [
      'a sparse vector without values',
      { id: 'a', sparseValues: { indices: [1] } },
      'SPARSE_TYPE',
      'an object',
      'sparse',
    ],
    [
      'another number of values',
      { id: 'a', sparseValues: { indices: [1], values: [] } },
      'SPARSE_LENGTHS',
      '1 indices and 0 values',
      'sparse',
    ],
    [
      'a negative index',
      { id: 'a', sparseValues: { indices: [-1], values: [1] } },
      'SPARSE_INDEX',
      '-1 at position 0',
      'sparse',
    ],
    [
      'an index too large',
      { id: 'a', sparseValues: { indices: [4294967296], values: [1] } },
      'SPARSE_INDEX',
      '4294967296 at position 0',
      'sparse',
    ],
    [
      'half an index',
      { id: 'a', sparseValues: { indices: [0.5], values: [1] } },
      'SPARSE_INDEX',
      '0.5 at position 0',
      'sparse',
    ],
    [
      'a sparse value that is none',
      { id: 'a', sparseValues: { indices: [1], values: [null] } },
      'SPARSE_TYPE',
      'none at position 0',
      'sparse',
    ],
    [
      'an index twice',
      { id: 'a', sparseValues: { indices: [1, 1], values: [1, 2] } },
      'SPARSE_DUPLICATE_INDEX',
      'index 1 twice',
      'sparse',
    ],
    ['metadata that is a list', { id: 'a', values: v, metadata: [] }, 'METADATA_NOT_OBJECT', 'a list of 0'],
    ['a Map', { id: 'a', values: v, metadata: new Map([['a', 1]]) }, 'METADATA_NOT_OBJECT', 'an object'],
    [
      'metadata text that is no JSON',
      { id: 'a', values: v, metadata: '{"a"' },
      'METADATA_NOT_OBJECT',
      'a text that is no JSON at byte 4',
    ],
    [
      'metadata text with half a character',
      { id: 'a', values: v, metadata: '{"a":"\ud800"}' },
      'UTF8_INVALID',
      'half of a surrogate pair',
    ],
    [
      'a metadata value with half a character',
      { id: 'a', values: v, metadata: { a: '\ud800' } },
      'METADATA_VALUE',
      'half of a surrogate pair',
    ],
    ['null in metadata', { id: 'a', values: v, metadata: { a: null } }, 'METADATA_VALUE', 'null'],
    ['NaN in metadata', { id: 'a', values: v, metadata: { a: NaN } }, 'METADATA_VALUE', 'null'],
    [
      'a circle',
      { id: 'a', values: v, metadata: circle },
      'METADATA_VALUE',
      expect.stringContaining('circular') as string,
    ],
    [
      'a BigInt in metadata',
      { id: 'a', values: v, metadata: { a: 1n } },
      'METADATA_VALUE',
      expect.stringContaining('BigInt') as string,
    ],
    ['a dollar', { id: 'a', values: v, metadata: { $a: 1 } }, 'METADATA_KEY', '"$a"'],
    ['a namespace that is a number', { id: 'a', values: v, namespace: 1 }, 'NAMESPACE_TYPE', '1'],
    ['a namespace that leads up', { id: 'a', values: v, namespace: '..' }, 'NAMESPACE_NAME', '".."'],
  ])('%s', (_, record, code, got, kind) => {
    const fine = kind === 'sparse' ? { id: 'ok', sparseValues: s } : { id: 'ok', values: v };
    const batch = read([fine, record, fine], kind);
    expect(batch.rejects).toHaveLength(1);
    expect(batch.rejects[0]).toMatchObject({ source: '<records>', line: 2, code, got });
    const taken = [...batch.rejected.keys()].filter((row) => batch.rejected[row] === 0);
    expect(taken.map((row) => batch.origin.lines[row])).toEqual([1, 3]);
  });
});

test('a rejected record keeps its text, vectors as lists; one that has no text goes without', () => {
  const batch = read([
    { id: 'a', values: new Float32Array([1, 2, 3]) },
    { id: 'b', values: [1n, 2] },
  ]);
  expect(batch.rejects.map(({ raw }) => raw)).toEqual(['{"id":"a","values":[1,2,3]}', undefined]);
});

test('what is like nothing is taken as nothing', () => {
  const sparse = read(
    [{ id: 'a', values: [], sparseValues: { indices: [1], values: [1] }, metadata: ' null ' }],
    'sparse',
  );
  expect(sparse.rejects).toEqual([]);
  expect([...sparse.metadata.validity!]).toEqual([0]);
  const dense = read([{ id: 'a', values: [1, 2], sparseValues: null, namespace: null, metadata: {} }]);
  expect(dense.rejects).toEqual([]);
  expect(text(dense.metadata, 0)).toBe('{}');
});

test('numbers of records go on from batch to batch, and a record may be changed after it was added', () => {
  const reader = new RecordObjectReader({ kind: 'dense', dimension: 2, keepRaw: false });
  const values = [1, 2];
  reader.add({ id: 'a', values });
  values[0] = 9;
  const first = reader.take();
  reader.add({ id: 'b', values });
  reader.add({ id: 'c', values: [1] });
  const second = reader.take();
  expect([...first.values!]).toEqual([1, 2]);
  expect([...second.origin.lines]).toEqual([2]);
  expect(second.rejects[0]).toMatchObject({ line: 3, id: 'c' });
  expect(second.rejects[0]).not.toHaveProperty('raw');
});

test('a key named __proto__ is a key like others', () => {
  const metadata = JSON.parse('{"__proto__":"x","a":1}') as Record<string, string>;
  const batch = read([{ id: 'a', values: [1, 2], metadata }]);
  expect(batch.rejects).toEqual([]);
  expect(text(batch.metadata, 0)).toBe('{"__proto__":"x","a":1}');
  expect(({} as { x?: unknown }).x).toBeUndefined();
});

test.each<[Partial<VectorRecord>, VectorKind]>([
  [{ values: [1] }, 'dense'],
  [{ values: new Float32Array(2) }, 'dense'],
  [{ values: [1], sparseValues: { indices: [1], values: [1] } }, 'hybrid'],
  [{ values: [], sparseValues: { indices: [1], values: [1] } }, 'sparse'],
  [{ sparseValues: { indices: [1], values: [1] } }, 'sparse'],
  [{}, 'dense'],
])('kind of %j', (record, kind) => {
  expect(inferKind({ id: 'a', ...record })).toBe(kind);
});
