// 64-bit fingerprints of ids and vectors. Addresses are offsets in memory, which JavaScript lays out; see fingerprints.ts.

/** Odd numbers without a pattern: fractional parts of square roots of primes. */
const K1: u64 = 0x6a09e667f3bcc909;
const K2: u64 = 0xbb67ae8584caa73b;
const K3: u64 = 0x3c6ef372fe94f82b;
const K4: u64 = 0xa54ff53a5f1d36f1;
/** Of a record without a sparse vector among hybrid ones. */
const NO_SPARSE: u64 = 0x510e527fade682d1;

export { heapBase, reserve } from '../../../base/assembly/memory';

/** Every bit of the result depends on every bit of `x`, and no two have the same result. */
// @ts-ignore: decorator
@inline
function mix(x: u64): u64 {
  x = (x ^ (x >> 32)) * K2;
  x = (x ^ (x >> 29)) * K3;
  return x ^ (x >> 32);
}

/**
 * Texts end to end, text `i` from `offsets[i]` on, counted from the first: `out[i]` is its fingerprint under the seed
 * `seeds[codes[i]]`. `frame`: bytes before each that do not belong to it.
 */
export function texts(bytes: usize, offsets: usize, frame: u32, rows: u32, codes: usize, seeds: usize, out: usize): void {
  const first = load<u32>(offsets);
  for (let row: u32 = 0; row < rows; row++, offsets += 4, codes += 4, out += 8) {
    const at = bytes + ((load<u32>(offsets) - first + frame) as usize);
    const length = load<u32>(offsets, 4) - load<u32>(offsets) - frame;
    store<u64>(out, text(at, length, load<u64>(seeds + ((load<u32>(codes) as usize) << 3))));
  }
}

/** The fingerprint of one text; of a namespace's name it is the seed of everything in it. */
function text(at: usize, length: u32, seed: u64): u64 {
  let h = seed ^ ((length as u64) * K4);
  let left = length;
  for (; left >= 8; left -= 8, at += 8) {
    h = (h ^ load<u64>(at)) * K1;
    h ^= h >> 31;
  }
  let rest: u64 = 0;
  for (let i: u32 = 0; i < left; i++) rest |= (load<u8>(at + i) as u64) << (8 * i);
  return mix((h ^ rest) * K1);
}

/**
 * Dense vectors end to end: `out[i]` stands for row `i`, +0 and -0 being the same number; `largest[i]` is the largest of its
 * numbers by magnitude, as the bits of a float32 without its sign: 0 where all are zero, above 0x7f7fffff where one is NaN or
 * an infinity (IEEE 754, binary32). Both in one pass, since this goes over every number of an import.
 */
export function dense(values: usize, dimension: u32, rows: u32, out: usize, largest: usize): void {
  const bytes = (dimension as usize) << 2;
  for (let row: u32 = 0; row < rows; row++, values += bytes, out += 8, largest += 4) {
    vector(values, dimension, out, largest);
  }
}

/**
 * Eight numbers at a time: pairs of words, each plus a key of its place, are multiplied to 64 bits and summed up (the NH
 * family of UMAC, RFC 4418). The words themselves are added too, so that a factor that happens to be zero hides nothing.
 */
function vector(at: usize, words: u32, out: usize, largest: usize): void {
  // Adding zero makes +0 of -0 and leaves every other number as it is.
  const zero = f32x4.splat(0);
  const magnitude = i32x4.splat(0x7fffffff);
  const step = i32x4(0x428a2f98, 0x71374491, 0x59f111f1, 0x3956c25b);
  let key0 = i32x4(0x243f6a88, 0x13198a2e, 0x299f31d0, 0x452821e6);
  let key1 = i32x4(0x3f84d5b5, 0x1d8d0ec4, 0x7801f2e2, 0x3574c9a1);
  let low = i64x2(0x36ac4e2d9f8b1c57, 0x1fd42b67c83a90e5);
  let high = i64x2(0x5b1e8c0374d92fa6, 0x2c97f3a05be4d618);
  let most = i32x4.splat(0);
  let left = words;
  for (; left >= 8; left -= 8, at += 32) {
    const first = v128.load(at);
    const second = v128.load(at, 16);
    most = i32x4.max_s(most, i32x4.max_s(v128.and(first, magnitude), v128.and(second, magnitude)));
    const a = f32x4.add(first, zero);
    const b = f32x4.add(second, zero);
    const x = i32x4.add(a, key0);
    const y = i32x4.add(b, key1);
    low = i64x2.add(i64x2.add(low, b), i64x2.extmul_low_i32x4_u(x, y));
    high = i64x2.add(i64x2.add(high, a), i64x2.extmul_high_i32x4_u(x, y));
    key0 = i32x4.add(key0, step);
    key1 = i32x4.sub(key1, step);
  }
  let h = mix((words as u64) ^ i64x2.extract_lane(low, 0));
  h = mix(h ^ i64x2.extract_lane(high, 1));
  h = mix(h ^ i64x2.extract_lane(low, 1));
  h = mix(h ^ i64x2.extract_lane(high, 0));
  let top = max(
    max(i32x4.extract_lane(most, 0), i32x4.extract_lane(most, 1)),
    max(i32x4.extract_lane(most, 2), i32x4.extract_lane(most, 3)),
  );
  for (; left > 0; left--, at += 4) {
    top = max(top, load<i32>(at) & 0x7fffffff);
    h = (h ^ (bits(at) as u64)) * K1;
    h ^= h >> 29;
  }
  store<u64>(out, h);
  store<i32>(largest, top);
}

/** A number's bits; those of +0 for -0. */
// @ts-ignore: decorator
@inline
function bits(at: usize): u32 {
  const word = load<u32>(at);
  return word == 0x80000000 ? 0 : word;
}

/**
 * Adds sparse vectors to the fingerprints in `out`: entries of row `i` from `offsets[i]` on, counted from the first. The
 * order of a row's entries makes no difference. `validity`: one byte a row, or 0 when every row has one.
 */
export function sparse(offsets: usize, indices: usize, values: usize, validity: usize, rows: u32, out: usize): void {
  for (let row: u32 = 0; row < rows; row++, offsets += 4, out += 8) {
    let sum = NO_SPARSE;
    if (validity == 0 || load<u8>(validity + row) != 0) {
      const count = load<u32>(offsets, 4) - load<u32>(offsets);
      sum = (count as u64) * K4;
      for (let i: u32 = 0; i < count; i++, indices += 4, values += 4) {
        sum += mix((((bits(values) as u64) << 32) | (load<u32>(indices) as u64)) + K3);
      }
    }
    store<u64>(out, mix(load<u64>(out) ^ mix(sum)));
  }
}

/** The last step of vectors: `out[i]` under the seed `seeds[codes[i]]`. */
export function seal(rows: u32, codes: usize, seeds: usize, out: usize): void {
  for (let row: u32 = 0; row < rows; row++, codes += 4, out += 8) {
    store<u64>(out, mix(load<u64>(out) ^ load<u64>(seeds + ((load<u32>(codes) as usize) << 3))));
  }
}
