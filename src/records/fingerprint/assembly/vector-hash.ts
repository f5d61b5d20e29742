import { K1, mix } from './mix';

/**
 * Of the vector that was looked at last: the largest of its numbers by magnitude, as the bits of a float32 without its sign. 0 where all are
 * zero, above 0x7f7fffff where one is NaN or an infinity (IEEE 754, binary32).
 */
export let largest: i32 = 0;

/**
 * Eight numbers at a time: pairs of words, each plus a key of its place, are multiplied to 64 bits and summed up (the NH
 * family of UMAC, RFC 4418). The words themselves are added too, so that a factor that happens to be zero hides nothing.
 *
 * @param words numbers of the vector
 */
export function vectorHash(at: usize, words: u32): u64 {
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
  largest = top;
  return h;
}

/** A number's bits; those of +0 for -0. */
// @ts-ignore: decorator
@inline
export function bits(at: usize): u32 {
  const word = load<u32>(at);
  return word == 0x80000000 ? 0 : word;
}
