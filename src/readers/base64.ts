/** Value of each letter of RFC 4648, section 4 (`+`, `/`) and section 5 (`-`, `_`); 255 for anything else. */
const SEXTETS = new Uint8Array(256).fill(255);
const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
for (let value = 0; value < LETTERS.length; value++) SEXTETS[LETTERS.charCodeAt(value)] = value;
SEXTETS[0x2d] = 62;
SEXTETS[0x5f] = 63;

const PADDING = 0x3d;

/** End of the letters in `bytes[start … end)`: without the padding, which must be none or complete; -1 when it is neither. */
function lettersEnd(bytes: Uint8Array, start: number, end: number): number {
  let stop = end;
  while (stop > start && end - stop < 2 && bytes[stop - 1] === PADDING) stop--;
  if ((stop - start) % 4 === 1) return -1;
  return stop === end || (end - start) % 4 === 0 ? stop : -1;
}

/** How many bytes the base64 text in `bytes[start … end)` holds, by its length alone; -1 when no text has this length. */
export function base64Length(bytes: Uint8Array, start: number, end: number): number {
  const stop = lettersEnd(bytes, start, end);
  return stop < 0 ? -1 : Math.floor(((stop - start) * 3) / 4);
}

/**
 * Decodes base64, standard or URL-safe, padded or not, from `bytes[start … end)` to `out`.
 * @param out takes at least `base64Length` bytes
 * @returns the number of bytes written; -1 for a letter that is none, or bits left over that are not zero (RFC 4648, 3.5)
 */
export function decodeBase64(bytes: Uint8Array, start: number, end: number, out: Uint8Array): number {
  const stop = lettersEnd(bytes, start, end);
  if (stop < 0) return -1;
  const whole = stop - ((stop - start) % 4);
  let q = 0;
  let p = start;
  let bad = 0;
  for (; p < whole; p += 4) {
    const a = SEXTETS[bytes[p]!]!;
    const b = SEXTETS[bytes[p + 1]!]!;
    const c = SEXTETS[bytes[p + 2]!]!;
    const d = SEXTETS[bytes[p + 3]!]!;
    bad |= a | b | c | d;
    out[q] = (a << 2) | (b >> 4);
    out[q + 1] = (b << 4) | (c >> 2);
    out[q + 2] = (c << 6) | d;
    q += 3;
  }
  if (stop - p >= 2) {
    const a = SEXTETS[bytes[p]!]!;
    const b = SEXTETS[bytes[p + 1]!]!;
    const c = stop - p === 3 ? SEXTETS[bytes[p + 2]!]! : 0;
    bad |= a | b | c;
    out[q++] = (a << 2) | (b >> 4);
    if (stop - p === 3) {
      out[q++] = (b << 4) | (c >> 2);
      if ((c & 3) !== 0) return -1;
    } else if ((b & 15) !== 0) {
      return -1;
    }
  }
  return bad > 63 ? -1 : q;
}
