// Which ids and metadata are surely as the rules want them. Addresses are offsets in memory, which JavaScript lays out; see
// known-texts.ts.

import { isPlainMetadata } from './plain-metadata';

const ONES: u64 = 0x0101010101010101;
const HIGH_BITS: u64 = 0x8080808080808080;

export { heapBase, reserve } from '../../../base/assembly/memory';

/** Adds `bit` to `known[i]` where text `i` of `rows`, end to end at `bytes`, is not empty and all ASCII without NUL. 8 bytes behind the last one are read. */
export function plainIds(bytes: usize, offsets: usize, rows: u32, known: usize, bit: u32): void {
  for (let row: u32 = 0; row < rows; row++, offsets += 4) {
    const length = load<u32>(offsets, 4) - load<u32>(offsets);
    if (length != 0 && isAscii(bytes + (load<u32>(offsets) as usize), length)) {
      store<u8>(known + row, load<u8>(known + row) | bit);
    }
  }
}

/** A byte shows its highest bit if it is beyond ASCII, and one less than it does if it is zero. */
function isAscii(at: usize, length: u32): bool {
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

/** The same for metadata that the rules take, its length apart; behind the last text there must be 16 bytes, zeros. */
export function plainMetadata(bytes: usize, offsets: usize, rows: u32, known: usize, bit: u32): void {
  for (let row: u32 = 0; row < rows; row++, offsets += 4) {
    const start = bytes + (load<u32>(offsets) as usize);
    const end = bytes + (load<u32>(offsets, 4) as usize);
    if (start < end && isPlainMetadata(start, end)) store<u8>(known + row, load<u8>(known + row) | bit);
  }
}
