import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { HybridEncoder } from '../../src/parquet/hybrid-encoder.js';
import { fixedListLevels } from '../../src/parquet/levels.js';
import { decodeHybrid } from './page-walk.js';

type Runs = readonly (readonly [value: number, count: number])[];

function encode(bitWidth: 1 | 2 | 3 | 4, runs: Runs): Uint8Array {
  const encoder = new HybridEncoder(bitWidth);
  for (const [value, count] of runs) encoder.push(value, count);
  return encoder.finish();
}

const flat = (runs: Runs): number[] => runs.flatMap(([value, count]) => new Array<number>(count).fill(value));

describe('HybridEncoder', () => {
  const CASES: readonly (readonly [string, 1 | 2 | 3, Runs, string])[] = [
    ['nothing', 1, [], ''],
    ['a long run', 1, [[1, 1000]], 'd00f01'],
    ['eight equal values', 2, [[3, 8]], '1003'],
    ['seven equal values', 1, [[1, 7]], '037f'],
    // The example of Encodings.md: 0 to 7 in three bits each.
    ['0 to 7', 3, [0, 1, 2, 3, 4, 5, 6, 7].map((v) => [v, 1] as const), '0388c6fa'],
    [
      'runs that meet',
      1,
      [
        [1, 4],
        [1, 4],
      ],
      '1001',
    ],
    [
      'empty runs between',
      1,
      [
        [1, 4],
        [0, 0],
        [1, 4],
      ],
      '1001',
    ],
    [
      'a row of a list',
      1,
      [
        [0, 1],
        [1, 1535],
      ],
      '03fef017' + '01',
    ],
  ];
  it.each(CASES)('%s', (_, bitWidth, runs, hex) => {
    const bytes = encode(bitWidth, runs);
    expect(Buffer.from(bytes).toString('hex')).toBe(hex);
    expect(decodeHybrid(bytes, bitWidth, flat(runs).length)).toStrictEqual(flat(runs));
  });

  it('gives every sequence back', () => {
    const widths = fc.constantFrom(1 as const, 2 as const, 3 as const, 4 as const);
    const input = widths.chain((width) =>
      fc.tuple(
        fc.constant(width),
        fc.array(fc.tuple(fc.nat((1 << width) - 1), fc.oneof(fc.nat(3), fc.nat(20), fc.nat(1000))), { maxLength: 200 }),
      ),
    );
    fc.assert(
      fc.property(input, ([width, runs]) => {
        expect(decodeHybrid(encode(width, runs), width, flat(runs).length)).toStrictEqual(flat(runs));
      }),
      { numRuns: 300, seed: 1 },
    );
  });

  it('keeps packed runs within one header byte', () => {
    const values = Array.from({ length: 5000 }, (_, i) => [i % 2, 1] as const);
    const bytes = encode(1, values);
    expect(decodeHybrid(bytes, 1, 5000)).toStrictEqual(flat(values));
    expect(bytes.length).toBeLessThan(5000 / 8 + 20);
  });
});

describe('levels of lists of a fixed length', () => {
  it('are those that are encoded row by row, whatever the length', () => {
    for (let dimension = 1; dimension <= 70; dimension++) {
      for (const rows of [1, 2, 3, 7, 8, 9, 63, 64, 130]) {
        const encoder = new HybridEncoder(1);
        for (let row = 0; row < rows; row++) {
          encoder.push(0, 1);
          encoder.push(1, dimension - 1);
        }
        const { bytes, count, nulls } = fixedListLevels(rows, dimension);
        const length = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
        expect(bytes.subarray(4, 4 + length), `${rows} of ${dimension}`).toEqual(encoder.finish());
        expect([count, nulls]).toEqual([rows * dimension, 0]);
      }
    }
  });
});
