import { tmpdir } from 'node:os';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RecordSorter } from '../../src/duplicates/record-sorter.js';
import { RecordMemory } from '../../src/duplicates/sort/record-memory.js';

/** Records as arrays, in the order that a stable sort by the first words gives. */
function expected(records: number[][], keyWords: number): number[][] {
  return [...records].sort((a, b) => {
    for (let k = 0; k < keyWords; k++) if (a[k] !== b[k]) return a[k]! - b[k]!;
    return 0;
  });
}

const split = (words: Uint32Array, size: number): number[][] =>
  Array.from({ length: words.length / size }, (_, i) => [...words.subarray(size * i, size * i + size)]);

/** Words among which many are the same, and words of all sizes. */
const word = fc.oneof(fc.constantFrom(0, 1, 2, 0x80000000, 0xffffffff), fc.integer({ min: 0, max: 0xffffffff }));

describe('sorting records', () => {
  it.each([10, 511, 512, 3_000])('sorts %i records by their first words and keeps the order of equal ones', (count) => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(word, word), { minLength: count, maxLength: count }),
        fc.constantFrom(1, 2),
        (pairs, keyWords) => {
          const records = pairs.map(([a, b], i) => [a, b, i]);
          const memory = new RecordMemory(3, keyWords, count);
          memory.upTo(count).set(records.flat());
          expect(split(memory.sorted(count), 3)).toEqual(expected(records, keyWords));
        },
      ),
      { numRuns: 20, seed: 11 },
    );
  });

  it.each([
    ['without a pattern', 0xffffffff],
    ['few of which differ', 0x3],
    ['that differ in the highest bits only', 0xe0000000],
    ['that differ in the middle', 0x00fff000],
  ])('sorts more records than a cache holds, of words %s', (_, mask) => {
    const count = 50_000;
    const memory = new RecordMemory(4, 2, count);
    let state = 7;
    const random = (): number => (state = (Math.imul(state, 0x2c1b3c6d) + 0x297a2d39) | 0) ^ (state >>> 15);
    const records = Array.from({ length: count }, (_, i) => [
      (random() & mask) >>> 0,
      (random() & mask) >>> 0,
      i,
      ~i >>> 0,
    ]);
    memory.upTo(count).set(records.flat());
    expect(split(memory.sorted(count), 4)).toEqual(expected(records, 2));
  });

  it.each([
    ['in memory', 10_000_000],
    ['in runs of 64 records', 1],
    ['in a few runs', 40_000],
  ])('gives the same order %s', async (_, memoryBytes) => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(word, word), { maxLength: 5_000, size: 'max' }), async (pairs) => {
        const records = pairs.map(([a, b], i) => [a, b, i]);
        const sorter = new RecordSorter({ words: 3, keyWords: 2, memoryBytes, directory: tmpdir() });
        try {
          for (const record of records) {
            if (sorter.isFull) await sorter.spill();
            sorter.push(...record);
          }
          const found: number[][] = [];
          for await (const block of sorter.sorted()) found.push(...split(block, 3));
          expect(sorter.total).toBe(records.length);
          expect(found).toEqual(expected(records, 2));
        } finally {
          await sorter.close();
        }
      }),
      { numRuns: 12, seed: 12 },
    );
  });

  it.each([
    ['in memory', 10_000_000],
    ['in runs', 40_000],
  ])('gives the same order in memory that other sorters have done with, %s', async (_, memoryBytes) => {
    const spare: RecordMemory[] = [];
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(word, word), { minLength: 1, maxLength: 3_000, size: 'max' }),
        async (pairs) => {
          const records = pairs.map(([a, b], i) => [a, b, i]);
          const handedOn = spare[0];
          const sorter = new RecordSorter({ words: 3, keyWords: 2, memoryBytes, directory: tmpdir(), spare });
          for (const record of records) {
            if (sorter.isFull) await sorter.spill();
            sorter.push(...record);
          }
          expect(spare).toEqual([]);
          const found: number[][] = [];
          for await (const block of sorter.sorted()) found.push(...split(block, 3));
          expect(found).toEqual(expected(records, 2));
          await sorter.close();
          expect(spare).toHaveLength(1);
          if (handedOn !== undefined) expect(spare[0]).toBe(handedOn);
        },
      ),
      { numRuns: 12, seed: 13 },
    );
  });
});
