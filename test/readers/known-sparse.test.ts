import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { KNOWN_GOOD, type RecordBatch } from '../../src/records/batch.js';
import { checkBatch } from '../../src/records/rules/check-batch.js';
import { jsonl, read as readText } from './support.js';
import { expectSameVerdicts } from './verdicts.js';

const CONFIG = jsonl({ kind: 'sparse', dimension: 0, values: undefined, sparse: ['sv'] });
/** So that the upper half of u32 counts, and steps of one do. */
const index = fc.oneof(fc.integer({ min: 0, max: 60 }), fc.integer({ min: 0x7ffffff0, max: 0xffffffff }));
const ascending = fc.uniqueArray(index, { maxLength: 40 }).map((all) => all.sort((a, b) => a - b));
/** Ascending but for one entry, which is another's copy or has changed places with it. */
const nearly = fc.tuple(ascending, fc.nat(), fc.nat(), fc.boolean()).map(([all, first, second, copies]) => {
  const [a, b] = [first % all.length, second % all.length];
  return all.map((each, i) => (i === a ? all[b]! : i === b && !copies ? all[a]! : each));
});

const read = (rows: readonly (readonly number[])[]): RecordBatch =>
  readText(
    CONFIG,
    rows
      .map((indices, i) => JSON.stringify({ id: `r${i}`, sv: { indices, values: indices.map((_, k) => k + 0.5) } }))
      .join('\n'),
  );

describe('sparse vectors that the kernel knows to be good', () => {
  it('are those with ascending indices, and never what the rules reject', () => {
    const seen = { known: 0, rejected: 0 };
    fc.assert(
      fc.property(fc.array(fc.oneof(ascending, nearly), { minLength: 1, maxLength: 8 }), (rows) => {
        const quick = read(rows);
        rows.forEach((indices, row) => {
          const known = (quick.knownGood![row]! & KNOWN_GOOD.sparse) !== 0;
          expect(known).toBe(indices.every((each, i) => i === 0 || each > indices[i - 1]!));
          if (known && indices.length > 0) seen.known++;
        });
        expectSameVerdicts(quick, read(rows));
        seen.rejected += quick.rejects.filter(({ code }) => code === 'SPARSE_DUPLICATE_INDEX').length;
      }),
      // Each look at a smaller case makes a kernel: it would take minutes.
      { numRuns: 1_000, seed: 17, endOnFailure: true },
    );
    expect(seen.known).toBeGreaterThan(1_000);
    expect(seen.rejected).toBeGreaterThan(300);
  });

  it('are still counted', () => {
    const indices = Array.from({ length: 2049 }, (_, i) => i);
    const batch = read([indices, [], indices.slice(1)]);
    expect([...batch.knownGood!].map((known) => known & KNOWN_GOOD.sparse)).toEqual([8, 8, 8]);
    checkBatch(batch);
    expect(batch.rejects.map(({ code }) => code)).toEqual(['SPARSE_TOO_MANY', 'SPARSE_EMPTY']);
  });

  it('is none with a number that no float32 holds', () => {
    const rows = ['1e39', '-1e400', '3.4028236e38'].map(
      (weight, i) => `{"id":"r${i}","sv":{"indices":[1,2],"values":[0.5,${weight}]}}`,
    );
    const batch = readText(CONFIG, rows.join('\n'));
    expect(batch.rows).toBe(0);
    expect(batch.rejects.map(({ code }) => code)).toEqual(Array(3).fill('SPARSE_NOT_FINITE'));
  });
});
