import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { base64Length, decodeBase64 } from '../../src/readers/base64.js';

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);

function decode(text: string): Uint8Array | -1 {
  const bytes = bytesOf(text);
  const out = new Uint8Array(Math.max(base64Length(bytes, 0, bytes.length), 0));
  const length = decodeBase64(bytes, 0, bytes.length, out);
  return length < 0 ? -1 : out.subarray(0, length);
}

describe('base64', () => {
  it('reads back what Node writes, in both alphabets, with and without padding', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
        const buffer = Buffer.from(bytes);
        const padded = buffer.toString('base64');
        for (const text of [padded, padded.replace(/=+$/, ''), buffer.toString('base64url')]) {
          expect(decode(text)).toEqual(bytes);
        }
      }),
    );
  });

  it.each(['A', 'AAAAA', 'AA=', 'A===', 'AAAA=', 'AAA==', '====', 'AA*A', 'AA A', 'AB==', 'AAB=', 'AA\u00e9', '=AAA'])(
    'refuses %j',
    (text) => {
      expect(decode(text)).toBe(-1);
    },
  );
});
