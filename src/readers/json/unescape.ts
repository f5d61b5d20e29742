import { hex4 } from './scanner.js';

/** What the letter behind a backslash stands for; 0 for letters that are no escape. */
const ESCAPES = new Uint8Array(256);
for (const [letter, meaning] of ['""', '\\\\', '//', 'b\b', 'f\f', 'n\n', 'r\r', 't\t'].map((pair) => [...pair])) {
  ESCAPES[letter!.charCodeAt(0)] = meaning!.charCodeAt(0);
}

/**
 * Writes the text of a JSON string, `bytes[start … end)` without its quotes and checked before, as UTF-8 to `out` from `at` on. A
 * lone surrogate comes out as the three bytes that are no UTF-8 (ED Ax xx), which equal no text; callers refuse it beforehand.
 *
 * @param out takes at least `end - start` bytes: an escape is never shorter than its character
 * @returns the position behind the last byte written
 */
export function unescapeString(bytes: Uint8Array, start: number, end: number, out: Uint8Array, at: number): number {
  let p = start;
  let q = at;
  while (p < end) {
    const c = bytes[p]!;
    if (c !== 0x5c) {
      out[q++] = c;
      p++;
      continue;
    }
    const letter = bytes[p + 1]!;
    if (letter !== 0x75) {
      out[q++] = ESCAPES[letter]!;
      p += 2;
      continue;
    }
    let code = hex4(bytes, p + 2);
    p += 6;
    if (code >= 0xd800 && code < 0xdc00 && p + 6 <= end && bytes[p] === 0x5c && bytes[p + 1] === 0x75) {
      const low = hex4(bytes, p + 2);
      if (low >= 0xdc00 && low <= 0xdfff) {
        code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
        p += 6;
      }
    }
    if (code < 0x80) {
      out[q++] = code;
    } else if (code < 0x800) {
      out[q++] = 0xc0 | (code >> 6);
      out[q++] = 0x80 | (code & 0x3f);
    } else if (code < 0x10000) {
      out[q++] = 0xe0 | (code >> 12);
      out[q++] = 0x80 | ((code >> 6) & 0x3f);
      out[q++] = 0x80 | (code & 0x3f);
    } else {
      out[q++] = 0xf0 | (code >> 18);
      out[q++] = 0x80 | ((code >> 12) & 0x3f);
      out[q++] = 0x80 | ((code >> 6) & 0x3f);
      out[q++] = 0x80 | (code & 0x3f);
    }
  }
  return q;
}
