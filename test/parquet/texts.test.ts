import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { snappyDecompress } from '../../src/parquet/decode/block-codecs.js';
import { DecodeFault } from '../../src/parquet/decode/fault.js';
import { joinTexts } from '../../src/parquet/decode/texts/join-texts.js';
import { snappyCompress } from '../../src/parquet/snappy/compress.js';

/** Encoding PLAIN. */
function plain(texts: readonly Uint8Array[]): Buffer {
  return Buffer.concat(
    texts.flatMap((text) => {
      const length = Buffer.alloc(4);
      length.writeUInt32LE(text.length);
      return [length, text];
    }),
  );
}

const texts = fc.array(
  fc.oneof(fc.uint8Array({ maxLength: 40 }), fc.uint8Array({ minLength: 250, maxLength: 600, size: 'max' })),
  { maxLength: 60, size: 'max' },
);

describe('texts of a PLAIN page', () => {
  it('come out end to end', () => {
    fc.assert(
      fc.property(texts, fc.uint8Array({ maxLength: 5 }), (list, behind) => {
        const { bytes, offsets, longest } = joinTexts(Buffer.concat([plain(list), behind]), list.length);
        expect(Buffer.from(bytes).equals(Buffer.concat(list))).toBe(true);
        expect(longest).toBe(Math.max(0, ...list.map(({ length }) => length)));
        let at = 0;
        expect([...offsets]).toEqual([0, ...list.map(({ length }) => (at += length))]);
      }),
      { numRuns: 300, seed: 51 },
    );
  });

  it.each([
    ['more texts than bytes', plain([Buffer.from('a')]), 2, /fewer values/],
    ['a text that is longer than the page', Buffer.from([9, 0, 0, 0, 1]), 1, /longer than its page/],
    ['a length with its highest bit', Buffer.from([0xff, 0xff, 0xff, 0xff, 1]), 1, /longer than its page/],
    ['a length that is cut off', Buffer.concat([plain([Buffer.from('abcd')]), Buffer.from([1, 0])]), 2, /fewer values/],
    ['no bytes', Buffer.alloc(0), 1, /fewer values/],
  ])('%s: an error', (_, page, count, message) => {
    expect(() => joinTexts(page, count)).toThrow(message);
    expect(() => joinTexts(page, count)).toThrow(DecodeFault);
  });
});

describe('damaged Snappy', () => {
  const text = Buffer.from(Array.from({ length: 200 }, (_, i) => `{"n":${i},"t":"abcabcabc"}`).join(''));
  const good = snappyCompress([text]);

  it('is an error or some other bytes, never more than were asked for, and leaves nothing behind', () => {
    let refused = 0;
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(good.length - 1), fc.nat(255)), { minLength: 1, maxLength: 4 }),
        (changes) => {
          const bytes = good.slice();
          for (const [at, byte] of changes) bytes[at] = byte;
          try {
            expect(snappyDecompress(bytes, text.length)).toHaveLength(text.length);
          } catch (error) {
            expect(error).toBeInstanceOf(DecodeFault);
            refused++;
          }
          expect(text.equals(snappyDecompress(good, text.length))).toBe(true);
        },
      ),
      { numRuns: 1_500, seed: 52 },
    );
    expect(refused).toBeGreaterThan(500);
  });

  it.each([
    ['a literal that takes all 32 bits', [4, 63 << 2, 0xff, 0xff, 0xff, 0xff, 1, 2, 3, 4]],
    ['a literal longer than the rest', [4, 3 << 2, 1, 2]],
    ['a literal whose length is cut off', [4, 61 << 2, 3]],
    ['a copy from before the beginning', [8, 3 << 2, 1, 2, 3, 4, 1, 5]],
    ['a copy of offset 0', [8, 3 << 2, 1, 2, 3, 4, 1, 0]],
    ['a copy with a huge offset', [8, 3 << 2, 1, 2, 3, 4, (3 << 2) | 3, 0xff, 0xff, 0xff, 0xff]],
    ['a copy that is cut off', [8, 3 << 2, 1, 2, 3, 4, (3 << 2) | 2, 1]],
    ['a copy beyond the end', [5, 3 << 2, 1, 2, 3, 4, 1, 4]],
    ['too little', [8, 3 << 2, 1, 2, 3, 4]],
  ])('%s: an error', (_, bytes) => {
    expect(() => snappyDecompress(Uint8Array.from(bytes), bytes[0]!)).toThrow(/damaged or cut off/);
  });

  it('copies that reach into what they write repeat it', () => {
    for (let offset = 1; offset <= 40; offset++) {
      const unit = Uint8Array.from({ length: offset }, (_, i) => i + 1);
      const bytes = Uint8Array.from([offset + 64, (offset - 1) << 2, ...unit, (63 << 2) | 2, offset, 0]);
      const wanted = Array.from({ length: offset + 64 }, (_, i) => (i % offset) + 1);
      expect([...snappyDecompress(bytes, offset + 64)]).toEqual(wanted);
    }
  });
});
