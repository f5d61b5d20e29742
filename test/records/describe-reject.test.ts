import { expect, test } from 'vitest';
import { describeReject, rejectToJson } from '../../src/records/describe-reject.js';
import type { Reject } from '../../src/records/reject.js';

const reject: Reject = {
  source: 'words.jsonl',
  line: 812,
  byteOffset: 99,
  code: 'VALUES_DIMENSION',
  expected: '1536 numbers',
  got: '1535 numbers',
};

test.each<[Partial<Reject>, string]>([
  [
    { id: 'a-9', field: 'values' },
    'words.jsonl:812: id "a-9": "values": the dense vector has a wrong length (expected 1536 numbers, got 1535 numbers)',
  ],
  [
    { id: '', field: 'id', code: 'ID_EMPTY', expected: 'a', got: 'b' },
    'words.jsonl:812: "id": the id is empty (expected a, got b)',
  ],
  [{}, 'words.jsonl:812: the dense vector has a wrong length (expected 1536 numbers, got 1535 numbers)'],
])('%j', (more, sentence) => {
  expect(describeReject({ ...reject, ...more })).toBe(sentence);
});

test('nothing that a terminal would obey comes through', () => {
  const escape = '\u001b[2J\u009b\u202e';
  const sentence = describeReject({
    ...reject,
    source: escape,
    id: escape,
    field: escape,
    expected: escape,
    got: escape,
  });
  expect(sentence).not.toMatch(/[\u001b\u009b\u202e]/);
});

test('a line of the rejects file: one line, keys in order, nothing for what is not known', () => {
  const line = rejectToJson({ ...reject, raw: '{"a"\n', id: 'x', namespace: 'n', field: 'values' });
  expect(line).not.toContain('\n');
  expect(Object.keys(JSON.parse(line))).toEqual([
    ...['code', 'source', 'line', 'byteOffset', 'id', 'namespace', 'field', 'expected', 'got', 'raw'],
  ]);
  expect(Object.keys(JSON.parse(rejectToJson(reject)))).toEqual([
    'code',
    'source',
    'line',
    'byteOffset',
    'expected',
    'got',
  ]);
});
