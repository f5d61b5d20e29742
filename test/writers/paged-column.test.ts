import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PagedColumn, PagePool } from '../../src/writers/paged-column.js';

describe('a column in pages', () => {
  it('gives back what was put in, row group after row group', () => {
    const appends = fc.array(fc.integer({ min: 0, max: 700 }), { maxLength: 12 });
    fc.assert(
      fc.property(fc.array(appends, { maxLength: 5 }), fc.boolean(), (groups, likeBefore) => {
        const pool = new PagePool(4 * 256);
        const held = { bytes: 0 };
        const column = new PagedColumn(Float32Array, pool, held);
        let next = 0;
        for (const group of groups) {
          const expected: number[] = [];
          for (const length of group) {
            const numbers = Float32Array.from({ length: length + 2 }, () => next++);
            column.append(numbers, 1, 1 + length);
            expected.push(...numbers.subarray(1, 1 + length));
          }
          expect(held.bytes).toBeGreaterThanOrEqual(4 * expected.length);
          const taken = column.take(likeBefore);
          expect(held.bytes).toBe(0);
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
    const held = { bytes: 0 };
    const column = new PagedColumn(Uint32Array, pool, held);
    column.append(new Uint32Array(10), 0, 10);
    expect(held.bytes).toBeLessThanOrEqual(512);
    column.append(new Uint32Array(5000), 0, 5000);
    const taken = column.take(false);
    const pages = new Set(taken.map(({ buffer }) => buffer).filter(({ byteLength }) => byteLength === 4096));
    pool.giveBack(taken);
    column.append(new Uint32Array(5000), 0, 5000);
    for (const { buffer } of column.take(false).slice(0, -1)) expect(pages.has(buffer)).toBe(true);
  });

  it('takes no more memory for what comes after, where there is plenty', () => {
    class Watched extends PagePool {
      readonly taken = new Set<ArrayBufferLike>();
      override take(bytes?: number): ArrayBufferLike {
        const memory = super.take(bytes);
        this.taken.add(memory);
        return memory;
      }
    }
    const pool = new Watched(170 * 6144, 2);
    const numbers = new Float32Array(23_000);
    // As one split of the input after the other does.
    const split = (): void => {
      const column = new PagedColumn(Float32Array, pool, { bytes: 0 });
      for (let count = 0; count < 600_000; count += numbers.length) column.append(numbers, 0, numbers.length);
      pool.giveBack(column.take(false));
    };
    split();
    const first = pool.taken.size;
    split();
    split();
    expect(pool.taken.size).toBe(first);
  });

  it('grows in small pages, then in one array, then in whole pages, and holds little more than it must', () => {
    const pool = new PagePool(1024 * 1024);
    const held = { bytes: 0 };
    const column = new PagedColumn(Float32Array, pool, held);
    const numbers = Float32Array.from({ length: 100 }, (_, i) => i);
    const sizes = new Set<number>();
    let count = 0;
    for (; count < 400_000; count += 100) {
      column.append(numbers, 0, 100);
      expect(held.bytes).toBeLessThanOrEqual(
        Math.max(512, 2 * 4 * (count + 100) + 4096, 4 * (count + 100) + 1024 * 1024),
      );
      sizes.add(held.bytes);
    }
    expect(sizes.size).toBeGreaterThan(15);
    const taken = column.take(false);
    expect(taken.slice(0, -1).every(({ byteLength }) => byteLength === 1024 * 1024)).toBe(true);
    let at = 0;
    for (const piece of taken) for (const number of piece) if (number !== at++ % 100) throw new Error(`number ${at}`);
    expect(at).toBe(count);
  });
});
