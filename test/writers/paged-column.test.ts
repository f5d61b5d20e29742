import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PagedColumn, PagePool } from '../../src/writers/paged-column.js';

describe('a column in pages', () => {
  it('gives back what was put in, row group after row group', () => {
    const appends = fc.array(fc.integer({ min: 0, max: 700 }), { maxLength: 12 });
    fc.assert(
      fc.property(fc.array(appends, { maxLength: 5 }), fc.boolean(), (groups, likeBefore) => {
        const pool = new PagePool(4 * 256);
        const column = new PagedColumn(Float32Array, pool);
        let next = 0;
        for (const group of groups) {
          const expected: number[] = [];
          for (const length of group) {
            const numbers = Float32Array.from({ length: length + 2 }, () => next++);
            column.append(numbers, 1, 1 + length);
            expected.push(...numbers.subarray(1, 1 + length));
          }
          expect(column.capacityBytes).toBeGreaterThanOrEqual(4 * expected.length);
          const taken = column.take(likeBefore);
          expect(taken.flatMap((piece) => [...piece])).toStrictEqual(expected);
          for (const piece of taken.slice(0, -1)) expect(piece.length).toBe(256);
          pool.giveBack(taken);
          for (const piece of taken) piece.fill(NaN);
        }
      }),
      { numRuns: 100, seed: 5 },
    );
  });

  it('uses pages again, and takes little for little', () => {
    const pool = new PagePool(4096);
    const column = new PagedColumn(Uint32Array, pool);
    column.append(new Uint32Array(10), 0, 10);
    expect(column.capacityBytes).toBeLessThan(512);
    column.append(new Uint32Array(5000), 0, 5000);
    const taken = column.take(false);
    const pages = new Set(taken.map(({ buffer }) => buffer).filter(({ byteLength }) => byteLength === 4096));
    pool.giveBack(taken);
    column.append(new Uint32Array(5000), 0, 5000);
    for (const { buffer } of column.take(false).slice(0, -1)) expect(pages.has(buffer)).toBe(true);
  });
});
