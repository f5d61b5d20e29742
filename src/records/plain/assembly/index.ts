// Which ids and metadata are surely as the rules want them. Addresses are offsets in memory, which JavaScript lays out; see
// known-texts.ts.

import { isPlainId } from './plain-id';
import { isPlainMetadata } from './plain-metadata';

export { heapBase, reserve } from '../../../base/assembly/memory';

/** Adds `bit` to `known[i]` where text `i` of `rows`, end to end at `bytes`, is not empty and all ASCII without NUL. 8 bytes behind the last one are read. */
export function plainIds(bytes: usize, offsets: usize, rows: u32, known: usize, bit: u32): void {
  for (let row: u32 = 0; row < rows; row++, offsets += 4) {
    const length = load<u32>(offsets, 4) - load<u32>(offsets);
    if (isPlainId(bytes + (load<u32>(offsets) as usize), length)) store<u8>(known + row, load<u8>(known + row) | bit);
  }
}

/** The same for metadata that the rules take, its length apart; behind the last text there must be 16 bytes, zeros. */
export function plainMetadata(bytes: usize, offsets: usize, rows: u32, known: usize, bit: u32): void {
  for (let row: u32 = 0; row < rows; row++, offsets += 4) {
    const start = bytes + (load<u32>(offsets) as usize);
    const end = bytes + (load<u32>(offsets, 4) as usize);
    if (start < end && isPlainMetadata(start, end)) store<u8>(known + row, load<u8>(known + row) | bit);
  }
}
