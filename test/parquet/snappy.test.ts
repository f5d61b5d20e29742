import { createHash } from 'node:crypto';
import fc from 'fast-check';
import snappy from 'snappyjs';
import { describe, expect, it } from 'vitest';
import { snappyCompress } from '../../src/parquet/snappy/compress.js';

/** Undone by a decoder that is not ours. */
const undone = (compressed: Uint8Array): Buffer => Buffer.from(snappy.uncompress(compressed));

/** Bytes without a pattern, the same ones every time. */
function noise(length: number): Buffer {
  const blocks: Buffer[] = [];
  for (let i = 0; i * 32 < length; i++) blocks.push(createHash('sha256').update(String(i)).digest());
  return Buffer.concat(blocks).subarray(0, length);
}

describe('Snappy', () => {
  it('gives back what was compressed, however it repeats', () => {
    const part = fc.tuple(fc.uint8Array({ maxLength: 90 }), fc.integer({ min: 1, max: 400 }));
    fc.assert(
      fc.property(fc.array(part, { maxLength: 20 }), (parts) => {
        const bytes = Buffer.concat(parts.flatMap(([part, times]) => new Array<Uint8Array>(times).fill(part)));
        expect(undone(snappyCompress([bytes])).equals(bytes)).toBe(true);
      }),
      { numRuns: 300, seed: 21 },
    );
  });

  // Around the lengths at which a literal, a copy or a block is written in another way.
  it.each([
    0, 1, 4, 15, 16, 17, 59, 60, 61, 63, 64, 65, 67, 68, 69, 128, 255, 256, 257, 65_535, 65_536, 65_537, 200_000,
  ])('takes %i bytes, all the same or without a pattern', (length) => {
    for (const bytes of [Buffer.alloc(length, 7), noise(length), Buffer.concat([noise(40), Buffer.alloc(length)])]) {
      expect(undone(snappyCompress([bytes])).equals(bytes)).toBe(true);
    }
  });

  it.each([3, 4, 11, 12, 2_047, 2_048, 60_000])('finds what stood %i bytes before', (distance) => {
    const unit = noise(distance);
    for (const length of [4, 11, 12, 64, 67, 68, 1_000]) {
      const bytes = Buffer.concat([unit, unit.subarray(0, length), noise(20)]);
      expect(undone(snappyCompress([bytes])).equals(bytes)).toBe(true);
    }
  });

  it('compresses what repeats, and adds little to what does not', () => {
    const text = Buffer.from(
      Array.from({ length: 4_000 }, (_, i) => `{"title":"record ${i}","lang":"en","page":${i % 97}}`).join(''),
    );
    const compressed = snappyCompress([text]);
    expect(compressed.length / text.length).toBeLessThan(0.35);
    expect(compressed.length).toBeLessThanOrEqual(snappy.compress(text).length * 1.05);
    expect(snappyCompress([noise(300_000)]).length).toBeLessThan(300_000 * 1.001);
  });

  it('gives the same bytes however the pieces are cut', () => {
    const bytes = Buffer.concat([noise(1_000), Buffer.alloc(5_000, 'abcdefg'), noise(1_000)]);
    const whole = Buffer.from(snappyCompress([bytes]));
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: bytes.length }), { maxLength: 8 }), (cuts) => {
        const at = [0, ...cuts.sort((a, b) => a - b), bytes.length];
        const pieces = at.slice(1).map((end, i) => bytes.subarray(at[i], end));
        expect(whole.equals(snappyCompress(pieces))).toBe(true);
      }),
      { numRuns: 50, seed: 22 },
    );
  });
});
