const ONES: u64 = 0x0101010101010101;
const HIGH_BITS: u64 = 0x8080808080808080;

/**
 * Is the text of `length` bytes not empty and all ASCII without NUL? Up to 8 bytes behind it are read. A byte shows its highest bit if it is
 * beyond ASCII, and one less than it does if it is zero.
 */
export function isPlainId(at: usize, length: u32): bool {
  if (length == 0) return false;
  let found: u64 = 0;
  let left = length;
  for (; left >= 8; left -= 8, at += 8) {
    const word = load<u64>(at);
    found |= word | (word - ONES);
  }
  if (left > 0) {
    const mask: u64 = ((1 as u64) << (left << 3)) - 1;
    const word = (load<u64>(at) & mask) | (ONES & ~mask);
    found |= word | (word - ONES);
  }
  return (found & HIGH_BITS) == 0;
}
