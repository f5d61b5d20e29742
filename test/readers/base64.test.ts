import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { base64Length } from '../../src/readers/base64.js';
import { createReader } from '../../src/readers/create-reader.js';
import { jsonl } from './support.js';

/** The bytes of the vector that the text holds, -1 if it is refused. */
function decode(text: string, dimension = 1): Uint8Array | -1 {
  const reader = createReader(jsonl({ dimension, vectorEncoding: 'base64' }));
  const bytes = new TextEncoder().encode(`{"id":"a","values":"${text}"}`);
  const { values } = reader.read({ source: 'in', bytes, firstLine: 1, byteOffset: 0, rejects: [] });
  return values!.length === 0 ? -1 : new Uint8Array(values!.buffer, values!.byteOffset, values!.byteLength);
}

describe('base64', () => {
  it('reads back what Node writes, in both alphabets, with and without padding', () => {
    fc.assert(
      fc.property(
        fc.array(fc.float({ noNaN: true, noDefaultInfinity: true }), { minLength: 1, maxLength: 10 }),
        (numbers) => {
          const buffer = Buffer.from(Float32Array.from(numbers).buffer);
          const bytes = new Uint8Array(buffer);
          const padded = buffer.toString('base64');
          for (const text of [padded, padded.replace(/=+$/, ''), buffer.toString('base64url')]) {
            expect(decode(text, numbers.length)).toEqual(bytes);
            expect(base64Length(Buffer.from(text), 0, text.length)).toBe(bytes.length);
          }
        },
      ),
    );
  });

  it.each(['A', 'AAAAA', 'AA=', 'A===', 'AAAA=', 'AAA==', '====', 'AA*A', 'AA A', 'AB==', 'AAB=', 'AA\u00e9', '=AAA'])(
    'refuses %j',
    (text) => {
      expect(decode(text)).toBe(-1);
      // Behind a good part as well.
      expect(decode(`AACAPwAAgD8AAIA/${text}`, 4)).toBe(-1);
    },
  );
});
