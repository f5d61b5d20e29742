// Which 64-bit fingerprints have come before. Of each one its low half is kept, in a bucket that follows from its high half: two that share
// both look the same, by chance about once in 2^32 comparisons. Addresses are offsets in memory, which JavaScript lays out.

/** A line of a processor's cache, which is all that is fetched for most fingerprints: 16 slots, filled from the first; 0 is free. */
const BUCKET_BYTES: usize = 64;

/** So many full ones, one after the other, are not there by chance: rather than go on, the fingerprint counts as seen. */
const MAX_PROBES: u32 = 64;

/** Words of a row that are not fingerprints stand behind them; see fingerprint-rows.ts. */
const ID: usize = 0;
const VECTOR: usize = 8;

/** The buckets of so many rows are looked at before the first of them is needed, so that they are fetched side by side. */
const AHEAD: usize = 32;

/** Somewhere for what was looked at to go: a compiler leaves out what goes nowhere. */
let lastTouched: u32 = 0;

let table: usize = 0;
let buckets: u64 = 0;

export { heapBase, reserve } from '../../../base/assembly/memory';

/**
 * The table, empty, from here on: `bytes`, a multiple of 64, at `at`. New memory is 0 as it is, but a page of it that is read before it is
 * written costs two page faults, and the second one stops every thread of the process (10 ms for 60,000 rows).
 */
export function begin(at: usize, bytes: usize): void {
  memory.fill(at, 0, bytes);
  table = at;
  buckets = (bytes / BUCKET_BYTES) as u64;
}

/**
 * Takes id and vector of each row. There must be room for twice as many fingerprints as rows.
 *
 * @returns how many look as if they had come before; nobody can make that slow by choosing them
 */
export function take(rows: usize, count: u32, rowBytes: usize): u32 {
  let seen: u32 = 0;
  let touched: u32 = 0;
  const end = rows + (count as usize) * rowBytes;
  for (let group = rows; group < end; group += AHEAD * rowBytes) {
    const groupEnd = min(end, group + AHEAD * rowBytes);
    for (let row = group; row < groupEnd; row += rowBytes) {
      touched |= load<u32>(bucketOf(load<u32>(row + ID + 4))) | load<u32>(bucketOf(load<u32>(row + VECTOR + 4)));
    }
    for (let row = group; row < groupEnd; row += rowBytes) {
      seen += insert(load<u32>(row + ID), bucketOf(load<u32>(row + ID + 4)));
      seen += insert(load<u32>(row + VECTOR), bucketOf(load<u32>(row + VECTOR + 4)));
    }
  }
  lastTouched = touched;
  return seen;
}

// @ts-ignore: decorator
@inline
function bucketOf(high: u32): usize {
  return table + ((((high as u64) * buckets) >> 32) as usize) * BUCKET_BYTES;
}

// @ts-ignore: decorator
@inline
function insert(low: u32, bucket: usize): u32 {
  // 0 and 1 are one then.
  const tag = max<u32>(low, 1);
  const wanted = i32x4.splat(tag as i32);
  const free = i32x4.splat(0);
  let at = bucket;
  for (let probe: u32 = 0; probe < MAX_PROBES; probe++) {
    const a = v128.load(at);
    const b = v128.load(at, 16);
    const c = v128.load(at, 32);
    const d = v128.load(at, 48);
    const same = v128.or(
      v128.or(i32x4.eq(a, wanted), i32x4.eq(b, wanted)),
      v128.or(i32x4.eq(c, wanted), i32x4.eq(d, wanted)),
    );
    if (v128.any_true(same)) return 1;
    const frees = i16x8.narrow_i32x4_s(i32x4.eq(a, free), i32x4.eq(b, free));
    const others = i16x8.narrow_i32x4_s(i32x4.eq(c, free), i32x4.eq(d, free));
    const mask = i8x16.bitmask(i8x16.narrow_i16x8_s(frees, others));
    if (mask != 0) {
      store<u32>(at + ((ctz(mask) as usize) << 2), tag);
      return 0;
    }
    // Full: in the next one, the first after the last.
    at += BUCKET_BYTES;
    if (at == table + (buckets as usize) * BUCKET_BYTES) at = table;
  }
  return 1;
}
