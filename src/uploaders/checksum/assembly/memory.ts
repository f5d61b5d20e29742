/** Look-up tables: eight of 256 entries of 8 bytes, sixteen of 256 entries of 4 bytes. */
export const TABLE_64: usize = 1024;
export const TABLE_32: usize = TABLE_64 + 8 * 256 * 8;
/** Sixteen bytes 0x00, sixteen bytes 0xFF. */
const MASKS: usize = TABLE_32 + 16 * 256 * 4;

/** The bytes to be looked at. They and their folded copy stay in the second-level cache. */
export const BLOCK_BYTES: usize = 128 * 1024;
export const BLOCK: usize = MASKS + 32;

/** The folded copy. What lies before it is never written: folding looks back there and finds zeros. */
export const FOLDED: usize = BLOCK + BLOCK_BYTES + 4096;

export const RESERVED_BYTES: usize = FOLDED + BLOCK_BYTES;

export function initMasks(): void {
  memory.fill(MASKS + 16, 0xff, 16);
}

/** The 16 bytes `distance` before `p`. */
// @ts-ignore: decorator
@inline
export function back(p: usize, distance: usize): v128 {
  return v128.load(p - distance);
}

/** The same, those before `first` taken for zeros. */
// @ts-ignore: decorator
@inline
export function backTo(first: usize, p: usize, distance: usize): v128 {
  const q = p - distance;
  if (q >= first) return v128.load(q);
  const missing = first - q;
  if (missing >= 16) return i64x2.splat(0);
  return v128.and(v128.load(q), v128.load(MASKS + 16 - missing));
}
