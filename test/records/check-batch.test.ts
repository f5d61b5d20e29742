import { describe, expect, test } from 'vitest';
import type { VectorKind } from '../../src/records/batch.js';
import { MAX_SPARSE_ENTRIES } from '../../src/records/limits.js';
import { checkBatch, rulesCatalogue } from '../../src/records/rules/check-batch.js';
import { namespaceCollisions } from '../../src/records/rules/namespace.js';
import type { RuleOptions } from '../../src/records/rules/options.js';
import type { RuleCode } from '../../src/records/rule-codes.js';
import { batchOf, type Row } from './batches.js';

interface Case {
  readonly name: string;
  readonly row: Row;
  /** Undefined: the row is taken. */
  readonly code?: RuleCode;
  readonly got?: string | undefined;
  readonly kind?: VectorKind;
  readonly options?: RuleOptions;
}

const good = (name: string, row: Row, more: Partial<Case> = {}): Case => ({ name, row, ...more });
const bad = (name: string, row: Row, code: RuleCode, got?: string, more: Partial<Case> = {}): Case => ({
  name,
  row,
  code,
  got,
  ...more,
});
const range = (length: number): number[] => Array.from({ length }, (_, i) => i);
const ones = (length: number): number[] => new Array<number>(length).fill(1);
const sparse = { kind: 'sparse' } as const;
const hybrid = { kind: 'hybrid' } as const;

const CASES: readonly Case[] = [
  good('an id of one character', { id: '0' }),
  good('an id with control characters: the service takes all of ASCII but NUL', { id: 'a\u0001\u007f' }),
  good('an id of 512', { id: 'x'.repeat(512) }),
  bad('an id of 513', { id: 'x'.repeat(513) }, 'ID_TOO_LONG', '513 characters'),
  bad('an empty id', { id: '' }, 'ID_EMPTY'),
  bad('an id with NUL', { id: 'a\0b' }, 'ID_CHARSET', '"\\u0000"'),
  bad('an id beyond ASCII', { id: 'caf\u00e9' }, 'ID_CHARSET', '"é"'),
  bad('an id whose characters have four bytes', { id: 'x😀' }, 'ID_CHARSET', '"😀"'),
  bad('400 characters in 800 bytes are not too long', { id: 'é'.repeat(400) }, 'ID_CHARSET'),
  bad('513 characters of two bytes', { id: 'é'.repeat(513) }, 'ID_TOO_LONG', '513 characters'),

  good('negative zero and one', { values: [-0, 1] }),
  good('the largest and the smallest float32', { values: [3.4028234663852886e38, 1.401298464324817e-45] }),
  good('the smallest alone', { values: [1.401298464324817e-45, 0] }),
  bad('NaN', { values: [1, NaN] }, 'VALUES_NOT_FINITE', 'NaN at position 1'),
  bad('infinity', { values: [-Infinity, 1] }, 'VALUES_NOT_FINITE', '-Infinity at position 0'),
  bad('too large for a float32', { values: [1, 3.5e38] }, 'VALUES_NOT_FINITE', 'Infinity at position 1'),
  bad('zeros', { values: [0, -0] }, 'VALUES_ALL_ZERO', '2 zeros'),
  bad('too small for a float32', { values: [1e-50, 0] }, 'VALUES_ALL_ZERO'),
  good('zeros when they are allowed', { values: [0, 0] }, { options: { allowZeroVectors: true } }),
  bad('another dimension than the index', {}, 'VALUES_DIMENSION', '2 numbers', { options: { dimension: 3 } }),

  good(
    'unsorted indices up to the largest',
    {
      sparse: [
        [4294967295, 0, 7],
        [1, 2, 3],
      ],
    },
    sparse,
  ),
  good('a hybrid record without a sparse vector', { sparse: null }, hybrid),
  good('2048 entries', { sparse: [range(MAX_SPARSE_ENTRIES), ones(MAX_SPARSE_ENTRIES)] }, sparse),
  bad('2049 entries', { sparse: [range(2049), ones(2049)] }, 'SPARSE_TOO_MANY', '2049 entries', sparse),
  bad('a sparse record without a vector', { sparse: null }, 'SPARSE_MISSING', 'none', sparse),
  bad('a sparse vector without entries', { sparse: [[], []] }, 'SPARSE_EMPTY', 'none', hybrid),
  bad(
    'an index twice',
    {
      sparse: [
        [9, 3, 9],
        [1, 2, 3],
      ],
    },
    'SPARSE_DUPLICATE_INDEX',
    'index 9 twice',
    sparse,
  ),
  bad(
    'an index twice in a row',
    {
      sparse: [
        [3, 3],
        [1, 2],
      ],
    },
    'SPARSE_DUPLICATE_INDEX',
    'index 3 twice',
    hybrid,
  ),
  bad(
    'a sparse NaN',
    {
      sparse: [
        [3, 5],
        [1, NaN],
      ],
    },
    'SPARSE_NOT_FINITE',
    'NaN at index 5',
    sparse,
  ),
  bad('a hybrid record with a bad dense vector', { values: [0, 0] }, 'VALUES_ALL_ZERO', undefined, hybrid),

  good('no metadata', { metadata: null }),
  good('metadata that just fits', { metadata: '{"k":"v"}' }, { options: { limits: { metadataBytes: 9 } } }),
  bad('metadata one byte too large', { metadata: '{"k":"v"}' }, 'METADATA_TOO_LARGE', '9 bytes', {
    options: { limits: { metadataBytes: 8 } },
  }),
  good('40 KB of metadata', { metadata: `{"k":"${'x'.repeat(40 * 1024 - 8)}"}` }),
  bad('40 KB and a byte', { metadata: `{"k":"${'x'.repeat(40 * 1024 - 7)}"}` }, 'METADATA_TOO_LARGE', '40961 bytes'),
  bad('a nested object', { metadata: '{"a":{}}' }, 'METADATA_VALUE', 'an object'),

  good('the default namespace', { namespace: '' }),
  good('a namespace like a file', { namespace: 'a.parquet' }),
  good('a namespace with punctuation', { namespace: 'team a:b*?<>|"\'%20' }),
  good('a namespace of 512', { namespace: 'n'.repeat(512) }),
  bad('a namespace of 513', { namespace: 'n'.repeat(513) }, 'NAMESPACE_TOO_LONG', '513 characters'),
  bad('a slash', { namespace: 'a/b' }, 'NAMESPACE_NAME', '"a/b"'),
  bad('a backslash', { namespace: 'a\\b' }, 'NAMESPACE_NAME'),
  bad('here', { namespace: '.' }, 'NAMESPACE_NAME', '"."'),
  bad('up', { namespace: '..' }, 'NAMESPACE_NAME', '".."'),
  bad('up and away', { namespace: '../../etc' }, 'NAMESPACE_NAME'),
  bad('a line break', { namespace: 'a\nb' }, 'NAMESPACE_NAME', '"\\n" in "a\\nb"'),
  bad('DEL', { namespace: 'a\u007f' }, 'NAMESPACE_NAME'),
  bad('a letter beyond ASCII', { namespace: 'münchen' }, 'NAMESPACE_NAME', '"ü" in "münchen"'),
  bad('a leading space', { namespace: ' a' }, 'NAMESPACE_NAME'),
  bad('a trailing space', { namespace: 'a ' }, 'NAMESPACE_NAME'),
  good('a name that just fits', { namespace: 'n'.repeat(20) }, { options: { maxPartBytes: 20 } }),
  bad('a name longer than a part', { namespace: 'n'.repeat(21) }, 'NAMESPACE_TOO_LONG', '21 bytes', {
    options: { maxPartBytes: 20 },
  }),
  good('a key that just fits', { namespace: 'n'.repeat(20) }, { options: { maxKeyBytes: 50, fileNameBytes: 30 } }),
  bad('a key too long', { namespace: 'n'.repeat(21) }, 'NAMESPACE_TOO_LONG', '21 bytes', {
    options: { maxKeyBytes: 50, fileNameBytes: 30 },
  }),
];

describe('one row', () => {
  test.each(CASES)('$name: $code', ({ row, code, got, kind, options }) => {
    // Between good rows, so that a rule that looks at a neighbour is found out.
    const batch = batchOf([{}, row, {}], kind);
    const neighboursFail = options?.dimension !== undefined;
    checkBatch(batch, options);
    const rejects = batch.rejects.filter((reject) => reject.line === 20);
    if (code === undefined) {
      expect(rejects).toEqual([]);
      expect([...batch.rejected]).toEqual([0, 0, 0]);
      return;
    }
    expect(rejects).toHaveLength(1);
    expect(rejects[0]).toMatchObject({ source: 'in.jsonl', line: 20, byteOffset: 100, code, raw: '123' });
    expect(rejects[0]!.id).toBe(row.id ?? 'r1');
    if (got !== undefined) expect(rejects[0]!.got).toBe(got);
    expect([...batch.rejected]).toEqual(neighboursFail ? [1, 1, 1] : [0, 1, 0]);
  });
});

test('a row is rejected once, for its first fault; rejects are in input order, the reader’s among them', () => {
  const batch = batchOf([{}, { values: [0, 0], id: '' }, {}, { metadata: '{"a":null}' }, { id: '' }, {}]);
  const reader = { source: 'in.jsonl', byteOffset: 0, code: 'JSON_SYNTAX', expected: 'JSON', got: 'none' } as const;
  batch.rejects.push({ ...reader, line: 35 }, { ...reader, line: 5 });
  batch.rejected[5] = 1;
  checkBatch(batch);
  expect(batch.rejects.map(({ line, code }) => `${line} ${code}`)).toEqual([
    '5 JSON_SYNTAX',
    '20 ID_EMPTY',
    '35 JSON_SYNTAX',
    '40 METADATA_VALUE',
    '50 ID_EMPTY',
  ]);
  expect([...batch.rejected]).toEqual([0, 1, 0, 1, 1, 1]);
  checkBatch(batch);
  expect(batch.rejects).toHaveLength(5);
});

test('an id that is null, as Parquet may have it', () => {
  const batch = batchOf([{}, {}]);
  const ids = { ...batch.ids, validity: Uint8Array.of(1, 0) };
  const nullable = { ...batch, ids };
  checkBatch(nullable);
  expect(nullable.rejects).toMatchObject([{ code: 'ID_MISSING', line: 20 }]);
  expect(nullable.rejects[0]).not.toHaveProperty('id');
});

test('namespaces that differ only in case are found', () => {
  expect(namespaceCollisions(['b', 'A', 'c', 'B', 'a', 'a'])).toEqual([
    ['b', 'B'],
    ['A', 'a'],
  ]);
});

test('the catalogue lists every rule with its source', () => {
  const rules = rulesCatalogue();
  expect(rules.length).toBeGreaterThan(30);
  expect(new Set(rules.map(({ code }) => code)).size).toBe(rules.length);
  for (const { title, source, basis } of rules) expect([title, source, basis].every((text) => text !== '')).toBe(true);
});
