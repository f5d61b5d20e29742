/** Value of each letter of RFC 4648, section 4 (`+`, `/`) and section 5 (`-`, `_`); 255 for anything else. Filled by initBase64. */
const SEXTETS: usize = memory.data(256, 16);

export function initBase64(): void {
  memory.fill(SEXTETS, 255, 256);
  for (let i = 0; i < 26; i++) {
    store<u8>(SEXTETS + 0x41 + i, i);
    store<u8>(SEXTETS + 0x61 + i, 26 + i);
  }
  for (let i = 0; i < 10; i++) store<u8>(SEXTETS + 0x30 + i, 52 + i);
  store<u8>(SEXTETS + 0x2b, 62);
  store<u8>(SEXTETS + 0x2d, 62);
  store<u8>(SEXTETS + 0x2f, 63);
  store<u8>(SEXTETS + 0x5f, 63);
}

// @ts-ignore: decorator
@inline
function sextet(p: usize): u32 {
  return load<u8>(SEXTETS + load<u8>(p));
}

/** End of the letters in `start` … `end`: without the padding, which must be none or complete; 0 when it is neither. */
function lettersEnd(start: usize, end: usize): usize {
  let stop = end;
  while (stop > start && end - stop < 2 && load<u8>(stop - 1) == 0x3d) stop--;
  if (((stop - start) & 3) == 1) return 0;
  return stop == end || ((end - start) & 3) == 0 ? stop : 0;
}

/** How many bytes the base64 text `start` … `end` holds, by its length alone; -1 when no text has this length. */
export function base64Length(start: usize, end: usize): i64 {
  const stop = lettersEnd(start, end);
  return stop == 0 ? -1 : (((stop - start) as i64) * 3) / 4;
}

/**
 * Decodes base64, standard or URL-safe, padded or not, to `out`. False for a letter that is none, or bits left over that are not zero
 * (RFC 4648, 3.5). Up to 3 bytes behind the result are written as well.
 */
export function decodeBase64(start: usize, end: usize, out: usize): bool {
  const stop = lettersEnd(start, end);
  if (stop == 0) return false;
  const whole = stop - ((stop - start) & 3);
  let bad: u32 = 0;
  let p = start;
  for (; p < whole; p += 4) {
    const a = sextet(p);
    const b = sextet(p + 1);
    const c = sextet(p + 2);
    const d = sextet(p + 3);
    bad |= a | b | c | d;
    store<u32>(out, bswap<u32>((a << 26) | (b << 20) | (c << 14) | (d << 8)));
    out += 3;
  }
  const left = stop - p;
  if (left >= 2) {
    const a = sextet(p);
    const b = sextet(p + 1);
    const c = left == 3 ? sextet(p + 2) : 0;
    bad |= a | b | c;
    if ((left == 3 ? c & 3 : b & 15) != 0) return false;
    store<u32>(out, bswap<u32>((a << 26) | (b << 20) | (c << 14)));
  }
  return bad < 64;
}
