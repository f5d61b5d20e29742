import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { RecordBatch } from '../../src/records/batch.js';
import { MAX_ID_LENGTH, MAX_METADATA_BYTES } from '../../src/records/limits.js';
import { checkBatch } from '../../src/records/rules/check-batch.js';
import { createReader } from '../../src/readers/create-reader.js';
import { jsonl, read, rowsOf } from './support.js';
import { expectSameVerdicts } from './verdicts.js';

const id = fc.oneof(
  { weight: 30, arbitrary: fc.string({ minLength: 1, maxLength: 20, unit: 'grapheme-ascii' }) },
  {
    weight: 1,
    arbitrary: fc.constantFrom('', 'é', 'a\0b', '日本', 'x'.repeat(MAX_ID_LENGTH), 'x'.repeat(MAX_ID_LENGTH + 1)),
  },
);
const values = fc.oneof(
  { weight: 30, arbitrary: fc.constantFrom([1, 2], [0, 1e-40], [-1.5, 0]) },
  { weight: 1, arbitrary: fc.constantFrom([0, 0], [-0, 0], [1e-60, 0]) },
);
const LARGE = 'x'.repeat(MAX_METADATA_BYTES - 8);
const metadata = fc.oneof(
  { weight: 30, arbitrary: fc.constantFrom(undefined, { a: 1 }, { a: 'é', b: ['x'] }, {}) },
  { weight: 1, arbitrary: fc.constantFrom({ a: null }, { a: { b: 1 } }, { a: LARGE }, { a: `${LARGE}x` }) },
);
const record = fc.record({ id, values, metadata });

const batchOf = (records: readonly object[]): RecordBatch =>
  read(jsonl(), records.map((each) => JSON.stringify(each)).join('\n'));

describe('what is known of all rows', () => {
  it('changes nothing in what the rules reject', () => {
    const seen = { all: 0, rejected: 0 };
    fc.assert(
      fc.property(fc.array(record, { minLength: 1, maxLength: 12 }), (records) => {
        const quick = batchOf(records);
        if (quick.knownOfAll!.doubtful.length === 0) seen.all++;
        expectSameVerdicts(quick, batchOf(records));
        seen.rejected += quick.rejects.length;
      }),
      { numRuns: 600, seed: 3, endOnFailure: true },
    );
    expect(seen.all).toBeGreaterThan(100);
    expect(seen.rejected).toBeGreaterThan(200);
  });

  it('is which of them may be wrong, and how long the longest texts are', () => {
    const batch = batchOf([
      { id: 'abc', values: [1, 0] },
      { id: 'a', values: [0, 2], metadata: { k: 'v' } },
    ]);
    expect(batch.knownOfAll).toEqual({ doubtful: Uint32Array.of(), longestId: 3, longestMetadata: 9 });
    const mixed = batchOf([
      { id: 'é', values: [1, 2] },
      { id: 'a', values: [1, 2], metadata: { k: 1 } },
      { id: 'a', values: [0, -0] },
      { id: 'a', values: [1, 2], metadata: { k: null } },
      { id: 'a', values: [1, 2] },
    ]);
    expect([...mixed.knownOfAll!.doubtful]).toEqual([0, 2, 3]);
  });
});

describe('rows that are handed on', () => {
  const row = fc.record({
    id: fc.constantFrom('a', 'é', ''),
    namespace: fc.constantFrom('x', 'yy', 'z', '__default__'),
  });

  it('are those that are not rejected, each namespace together and in order', () => {
    fc.assert(
      fc.property(fc.array(row, { maxLength: 60 }), (rows) => {
        const reader = createReader(jsonl());
        const lines = rows.map((each, i) => JSON.stringify({ ...each, values: [i + 1, 2] }));
        const bytes = Buffer.from(lines.join('\n'));
        const { batch } = reader.view({ source: 'in', bytes, firstLine: 1, byteOffset: 0, rejects: [] });
        checkBatch(batch);
        const packed = rowsOf(reader.pack(batch));
        const good = rows.flatMap((each, i) => (each.id === 'a' ? [{ line: i + 1, namespace: each.namespace }] : []));
        const names = [...new Set(rows.map(({ namespace }) => namespace))];
        expect(packed.map(({ line, namespace }) => ({ line, namespace }))).toEqual(
          names.flatMap((name) => good.filter(({ namespace }) => namespace === name)),
        );
        for (const { line, values } of packed) expect(values).toEqual([line, 2]);
      }),
      { numRuns: 300, seed: 11, endOnFailure: true },
    );
  });
});
