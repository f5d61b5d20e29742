/** White space of JSON, which is also what separates numbers in a cell. */
// @ts-ignore: decorator
@inline
export function isSpace(c: u8): bool {
  return c == 0x20 || c == 0x09 || c == 0x0a || c == 0x0d;
}

/** Is the text one of the spellings of NaN or an infinity: `nan`, `inf`, `infinity` in any case, with or without a sign? */
export function isNonFinite(start: usize, end: usize): bool {
  const first = start < end ? load<u8>(start) : 0;
  if (first == 0x2b || first == 0x2d) start++;
  const length = end - start;
  if (length == 3) {
    const word = (load<u16>(start) | ((load<u8>(start, 2) as u32) << 16)) | 0x202020;
    return word == 0x6e616e || word == 0x666e69;
  }
  return length == 8 && (load<u64>(start) | 0x2020202020202020) == 0x7974696e69666e69;
}
