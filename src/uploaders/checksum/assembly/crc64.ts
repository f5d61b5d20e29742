import { BLOCK, FOLDED, TABLE_64, back, backTo } from './memory';

/** The generator 0xAD93D23594C93659 of CRC-64/NVME, bits in the order of the stream. NVM Command Set specification, 5.2.1.3.4 */
const GENERATOR: u64 = 0x9a6c9329ac4bc9b5;

// Folding, as in crc32c.ts, by B^1795 + B^1643 + B^1480 + B^990 + B^876 + B^725 + B^668 + 1.
const FAR: usize = 1795;

export function initCrc64(): void {
  for (let i: u32 = 0; i < 256; i++) {
    let crc: u64 = i;
    for (let bit = 0; bit < 8; bit++) crc = (crc >> 1) ^ (crc & 1 ? GENERATOR : 0);
    store<u64>(TABLE_64 + (i << 3), crc);
  }
  for (let slice: u32 = 1; slice < 8; slice++) {
    for (let i: u32 = 0; i < 256; i++) {
      const crc = load<u64>(TABLE_64 + ((slice - 1) << 11) + (i << 3));
      store<u64>(TABLE_64 + (slice << 11) + (i << 3), (crc >> 8) ^ look(0, crc));
    }
  }
}

/** Goes on from `crc` (before the last inversion) over the first `length` bytes of the block. */
export function crc64(crc: u64, length: usize): u64 {
  const whole = length & ~15;
  if (whole < 2 * FAR) return byTables(crc, BLOCK, BLOCK + length);
  const start = load<u64>(BLOCK);
  store<u64>(BLOCK, start ^ crc);
  const end = FOLDED + whole;
  for (let p = FOLDED; p < end; p += 16) {
    let bytes = v128.load(p - (FOLDED - BLOCK));
    bytes = v128.xor(bytes, v128.xor(back(p, 152), back(p, 315)));
    bytes = v128.xor(bytes, v128.xor(back(p, 805), back(p, 919)));
    bytes = v128.xor(bytes, v128.xor(back(p, 1070), back(p, 1127)));
    v128.store(p, v128.xor(bytes, back(p, 1795)));
  }
  store<u64>(BLOCK, start);
  const first = end - FAR;
  for (let p = end - 16; p + 16 > first; p -= 16) {
    let bytes = v128.load(p);
    bytes = v128.xor(bytes, v128.xor(backTo(first, p, 152), backTo(first, p, 315)));
    bytes = v128.xor(bytes, v128.xor(backTo(first, p, 805), backTo(first, p, 919)));
    bytes = v128.xor(bytes, v128.xor(backTo(first, p, 1070), backTo(first, p, 1127)));
    v128.store(p, bytes);
  }
  return byTables(byTables(0, first, end), BLOCK + whole, BLOCK + length);
}

// @ts-ignore: decorator
@inline
function look(slice: u32, byte: u64): u64 {
  return load<u64>(TABLE_64 + (slice << 11) + (<usize>(byte & 0xff) << 3));
}

/** Slicing by 8: one look-up per byte, eight of them independent of each other. Sixteen tables would fill the first-level cache. */
function byTables(crc: u64, p: usize, end: usize): u64 {
  for (; p + 8 <= end; p += 8) {
    const a = load<u64>(p) ^ crc;
    crc =
      look(7, a) ^ look(6, a >> 8) ^ look(5, a >> 16) ^ look(4, a >> 24) ^
      look(3, a >> 32) ^ look(2, a >> 40) ^ look(1, a >> 48) ^ look(0, a >> 56);
  }
  for (; p < end; p++) crc = (crc >> 8) ^ look(0, crc ^ load<u8>(p));
  return crc;
}
