import { initCrc32c } from './crc32c';
import { initCrc64 } from './crc64';
import { BLOCK, BLOCK_BYTES, initMasks, RESERVED_BYTES } from './memory';

/** What JavaScript calls; see wasm.ts there. */
export { crc32c } from './crc32c';
export { crc64 } from './crc64';

/** Where a block is put before its checksum is taken, and the longest one. */
export function blockAddress(): usize {
  return BLOCK;
}
export function blockBytes(): usize {
  return BLOCK_BYTES;
}

/** Once: makes room and fills the tables. */
export function init(): void {
  const pages = <i32>((RESERVED_BYTES + 0xffff) >> 16) - memory.size();
  if (pages > 0) memory.grow(pages);
  initMasks();
  initCrc64();
  initCrc32c();
}
