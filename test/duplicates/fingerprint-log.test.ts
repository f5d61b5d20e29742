import { tmpdir } from 'node:os';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FingerprintLog } from '../../src/duplicates/fingerprint-log.js';
import { ROW_WORDS } from '../../src/duplicates/fingerprint-rows.js';

const ENOUGH = 34_000_000;

/** Row `i` of any number of rows that all differ, in both fingerprints, in either half. */
function rowOf(i: number, seed = 1): number[] {
  const spread = (n: number): number => Math.imul(n + 1, 0x9e3779b1) ^ (seed * 0x85ebca6b);
  return [spread(i), spread(i + 7), spread(i + 1_000_000), spread(i + 2_000_000), i % 5, i, 3 * i];
}

/** Puts all in, as many at once as are told in turn. @returns whether the log says that all of them differ */
async function put(
  log: FingerprintLog,
  rows: readonly number[][],
  steps: readonly number[] = [5000],
): Promise<boolean> {
  let differ = true;
  for (let from = 0, i = 0; from < rows.length; i++) {
    const { words, at, room } = log.room();
    const some = rows.slice(from, from + Math.min(room, steps[i % steps.length]!));
    words.set(some.flat(), at);
    if (!(await log.taken(some.length))) {
      differ = false;
      // Rows that come after that are for others.
      return differ;
    }
    from += some.length;
  }
  return (await log.allDiffer()) && differ;
}

async function rowsOf(log: FingerprintLog): Promise<number[][]> {
  const rows: number[][] = [];
  for await (const block of log.rows()) {
    for (let at = 0; at < block.length; at += ROW_WORDS) rows.push([...block.subarray(at, at + ROW_WORDS)]);
  }
  return rows;
}

const made = (count: number): number[][] => Array.from({ length: count }, (_, i) => rowOf(i));

describe('the log of fingerprints', () => {
  it.each([0, 1, 16_383, 16_384, 16_385, 52_000, 120_000])(
    'tells that %i rows differ, and has them all',
    async (count) => {
      const log = new FingerprintLog({ memoryBytes: ENOUGH, directory: tmpdir() });
      const rows = made(count);
      expect(await put(log, rows, [1, 4000, 17_000])).toBe(true);
      expect(await rowsOf(log)).toEqual(rows);
      await log.close();
    },
  );

  it.each([
    ['an id', 'next to each other', 10, 11, 0],
    ['a vector', 'next to each other', 10, 11, 2],
    ['an id', 'in the first and the last row', 0, 119_999, 0],
    ['a vector', 'in the first and the last row', 0, 119_999, 2],
    ['an id', 'on both sides of where the table grows', 51_000, 68_000, 0],
    ['a vector', 'in two blocks', 1000, 20_000, 2],
    ['an id', 'in the last rows, which fill no block', 119_000, 119_500, 0],
  ])('finds %s that occurs twice, %s', async (_what, _where, first, second, word) => {
    for (const expectedRows of [undefined, () => 110_000, () => 5]) {
      const log = new FingerprintLog({ memoryBytes: ENOUGH, directory: tmpdir(), expectedRows });
      const rows = made(120_000);
      rows[second]![word] = rows[first]![word]!;
      rows[second]![word + 1] = rows[first]![word + 1]!;
      expect(await put(log, rows)).toBe(false);
      const kept = await rowsOf(log);
      expect(kept.length).toBeGreaterThan(second);
      expect(kept).toEqual(rows.slice(0, kept.length));
      await log.close();
    }
  });

  it('takes rows for different whose fingerprints share one half', async () => {
    const log = new FingerprintLog({ memoryBytes: ENOUGH, directory: tmpdir() });
    const rows = made(4000);
    // One low half, and high halves that are spread over the whole table.
    for (const [i, row] of rows.entries()) [row[0], row[1]] = [77, i * 1_000_000];
    expect(await put(log, rows)).toBe(true);
    // The other way round all go to one bucket, and those behind it.
    for (const [i, row] of rows.entries()) [row[0], row[1]] = [i + 1, 77];
    const other = new FingerprintLog({ memoryBytes: ENOUGH, directory: tmpdir() });
    expect(await put(other, rows.slice(0, 500))).toBe(true);
    await log.close();
    await other.close();
  });

  it('does not look long for room where fingerprints were chosen to share a bucket', async () => {
    const log = new FingerprintLog({ memoryBytes: ENOUGH, directory: tmpdir() });
    const rows = made(4000);
    for (const [i, row] of rows.entries()) [row[0], row[1]] = [i + 1, -1];
    expect(await put(log, rows)).toBe(false);
    expect(await rowsOf(log)).toEqual(rows);
    await log.close();
  });

  it.each([1, 3])('gives up where memory is too small for so many, and has them all; %i blocks more', async (more) => {
    const log = new FingerprintLog({ memoryBytes: 1_000_000, directory: tmpdir() });
    const rows = made(53_248 + 16_384 * more);
    expect(await put(log, rows)).toBe(false);
    const kept = await rowsOf(log);
    expect(kept.length).toBeGreaterThan(50_000);
    expect(kept).toEqual(rows.slice(0, kept.length));
    await log.close();
  });

  it('gives up early where far more rows are expected than memory can tell apart', async () => {
    const log = new FingerprintLog({ memoryBytes: ENOUGH, directory: tmpdir(), expectedRows: () => 5e6 });
    const rows = made(120_000);
    expect(await put(log, rows)).toBe(false);
    const kept = await rowsOf(log);
    expect(kept.length).toBeLessThan(70_000);
    expect(kept).toEqual(rows.slice(0, kept.length));
    await log.close();
  });

  it('says what a set says, whatever comes', async () => {
    const word = fc.oneof(fc.integer({ min: -2, max: 40 }), fc.integer({ min: -0x80000000, max: 0x7fffffff }));
    const half = fc.constantFrom(0, 1, -1, 0x7fffffff, -0x80000000, 5);
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(word, half, word, half), { maxLength: 60 }), async (some) => {
        const log = new FingerprintLog({ memoryBytes: ENOUGH, directory: tmpdir() });
        const rows = some.map((words, i) => [...words, 0, i, i]);
        const keys = some.flatMap(([a, b, c, d]) => [`${a} ${b}`, `${c} ${d}`]);
        const differ = await put(log, rows, [7]);
        // It may take for the same what is not, never the other way round.
        if (new Set(keys).size < keys.length) expect(differ).toBe(false);
        else if (!some.flat().some((n) => n === 0 || n === 1)) {
          const lows = some.flatMap(([a, , c]) => [a, c]);
          if (new Set(lows).size === lows.length) expect(differ).toBe(true);
        }
        await log.close();
      }),
      { numRuns: 300, seed: 5 },
    );
  });
});
