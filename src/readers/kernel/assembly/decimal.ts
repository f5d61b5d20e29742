import { compareDecimalWithMidpoint } from './exact';

/**
 * Decimal text to the nearest float32, ties to even, for every JSON number.
 *
 * Up to 19 significant digits are gathered in a u64 `w` and scaled by a power of ten in float64. That takes three
 * roundings at most (w to float64, the table entry, the product), each off by 2^-53 of the value or less; digits past the
 * 19th, which are cut off, add less than 2^-59. So the float64 is within 4 units in the last place of the true value, and
 * float64 has 29 bits more than float32: unless the true value may lie on the other side of the middle between two
 * float32 neighbours (about one value in 60 million), narrowing the float64 gives the correct rounding. Otherwise the
 * decimal digits are compared with that middle in whole-number arithmetic (exact.ts).
 */

/** The number that parseNumber has read. */
export let parsed: f32 = 0;

/** Powers of ten in float64, each the nearest to the true power: 10^-90 … 10^60. Filled by initDecimal. */
const POW10_MIN: i32 = -90;
const POW10_MAX: i32 = 60;
const POW10_F64: usize = memory.data(151 * 8, 8);

/** A value of this decimal magnitude (10^n ≤ value) is beyond float32, and of that one it rounds to zero. */
const OVERFLOW_MAGNITUDE: i64 = 39;
const UNDERFLOW_MAGNITUDE: i64 = -47;

/** For n = 0 … 31: a mask of the first n among 16 characters, of all from 16 on. Filled by initDecimal. */
export const FIRST_16: usize = memory.data(32 * 16, 16);
/** For n = 0 … 16: a mask of the last n among 16 characters. Filled by initDecimal. */
const LAST_16: usize = memory.data(17 * 16, 16);
/** 0 … 9 in float64: loading one is quicker than converting it. */
export const DIGIT_F64: usize = memory.data<f64>([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);

/** Float64 values below this may be subnormal as float32, where the neighbours are evenly spaced. */
const MIN_NORMAL: f64 = 1.1754943508222875e-38;
/** 2^149: the number of float32 subnormal steps in 1. */
const SUBNORMAL_STEPS: f64 = reinterpret<f64>((1023 + 149) << 52);
/** Half of the 29 bits by which float64 is more precise than float32. */
export const HALF: u64 = 0x10000000;
export const LOW_BITS: u64 = 0x1fffffff;
const ULPS_OFF: u64 = 4;

/** Fills the tables. `powers`: address of 151 float64 values 10^-90 … 10^60, as JavaScript reads them. */
export function initDecimal(powers: usize): void {
  memory.copy(POW10_F64, powers, 151 * 8);
  for (let n: i32 = 0; n < 32; n++) {
    store<f64>(LEAST + n * 8, n > 16 ? COMMON_LEAST : 0);
    for (let i: i32 = 0; i < 16; i++) store<u8>(FIRST_16 + n * 16 + i, i < n ? 0xff : 0);
  }
  for (let n: i32 = 0; n <= 16; n++) {
    for (let i: i32 = 0; i < 16; i++) store<u8>(LAST_16 + n * 16 + i, i >= 16 - n ? 0xff : 0);
  }
}

/**
 * Constants of the loop over numbers. V8 makes a constant vector anew in three or four instructions wherever one is used; a load is one.
 */
export const DIGIT_FACTORS: usize = memory.data<u8>([
  // 2561 in lanes of 16 bits.
  1, 10, 1, 10, 1, 10, 1, 10, 1, 10, 1, 10, 1, 10, 1, 10,
  // 100, 1 in lanes of 16 bits.
  100, 0, 1, 0, 100, 0, 1, 0, 100, 0, 1, 0, 100, 0, 1, 0,
  // 10000, 1 in lanes of 16 bits.
  0x10, 0x27, 1, 0, 0x10, 0x27, 1, 0, 0x10, 0x27, 1, 0, 0x10, 0x27, 1, 0,
], 16);
const PARTS: usize = memory.data<f64>([1e-8, 1e-16], 16);
const ZEROS: usize = memory.data<u8>([
  0x30, 0x30, 0x30, 0x30, 0x30, 0x30, 0x30, 0x30, 0x30, 0x30, 0x30, 0x30, 0x30, 0x30, 0x30, 0x30,
], 16);
/** Added to a digit, this stays below 0x80. */
const NO_DIGITS: usize = memory.data<u8>([
  0x76, 0x76, 0x76, 0x76, 0x76, 0x76, 0x76, 0x76, 0x76, 0x76, 0x76, 0x76, 0x76, 0x76, 0x76, 0x76,
], 16);

/** 16 bytes that hold digits (not characters), most significant first: the values of the first 8 and the last 8, as i32 in lanes 0 and 1. */
// @ts-ignore: decorator
@inline
function eightDigitsTwice(digits: v128): v128 {
  // In each 16-bit lane x + 256 y, times 2561 = 10 * 256 + 1: the upper byte becomes 10 x + y, the lower one x.
  const pairs = i16x8.shr_u(i16x8.mul(digits, v128.load(DIGIT_FACTORS)), 8);
  const quads = i32x4.dot_i16x8_s(pairs, v128.load(DIGIT_FACTORS, 16));
  return i32x4.dot_i16x8_s(i16x8.narrow_i32x4_u(quads, quads), v128.load(DIGIT_FACTORS, 32));
}

/** Whether narrowing `d` could round to the wrong side: see the top of this file. */
// @ts-ignore: decorator
@inline
function nearMidpoint(d: f64): bool {
  return ((reinterpret<u64>(d) - HALF + ULPS_OFF) & LOW_BITS) <= 2 * ULPS_OFF;
}

/** One bit for each of 16 characters at `p`: it is no digit. */
// @ts-ignore: decorator
@inline
export function othersAmong16(p: usize): u32 {
  return i8x16.bitmask(i8x16.add_sat_u(digitsOf(v128.load(p)), v128.load(NO_DIGITS))) as u32;
}

/** 16 characters as digits; what is no digit becomes more than 9. */
// @ts-ignore: decorator
@inline
export function digitsOf(text: v128): v128 {
  return i8x16.sub(text, v128.load(ZEROS));
}

/**
 * parseCommonNumber looks at 16 digits behind the point; what is cut off is less than 10^-16. From COMMON_LEAST on, that is less than
 * COMMON_ULPS_OFF units in the last place of a float64, the few units of the roundings (see the top of this file) included.
 */
export const COMMON_LEAST: f64 = 1.52587890625e-5; // 2^-16
/** For n digits behind the point (0 … 31): 0 where none is cut off, else COMMON_LEAST. Filled by initDecimal. */
const LEAST: usize = memory.data(32 * 8, 8);
export const COMMON_ULPS_OFF: u64 = 1 << 16;

/**
 * Reads the number at `p`, if it is written as embeddings are: an optional space, an optional sign, one digit, a point, 1 to 27 digits,
 * and a comma or a closing bracket. Writes it to `out` and returns the address of what ends it; 0 where it is written in another way, or too
 * near to the middle between two float32 neighbours for this.
 */
// @ts-ignore: decorator
@inline
export function parseCommonNumber(p: usize, out: usize): usize {
  // The bit on top ends the digits: what lies behind was not looked at.
  let others = othersAmong16(p) | (othersAmong16(p + 16) << 16) | 0x80000000;
  if (load<u8>(p) == 0x20) {
    p++;
    others >>= 1;
  }
  const negative: u32 = (load<u8>(p) == 0x2d) as u32;
  p += negative as usize;
  others >>= negative;
  // A digit, none, a digit; the rest of the digits ends at a comma.
  if ((others & 7) != 2) return 0;
  if (load<u8>(p, 1) != 0x2e) return 0;
  const n = ctz(others >> 2);
  const end = p + 2 + (n as usize);
  const behind: u32 = load<u8>(end);
  if (behind != 0x2c && behind != 0x5d) return 0;
  const digits = v128.and(digitsOf(v128.load(p, 2)), v128.load(FIRST_16 + ((n as usize) << 4)));
  const parts = f64x2.mul(f64x2.convert_low_i32x4_s(eightDigitsTwice(digits)), v128.load(PARTS));
  const d =
    load<f64>(DIGIT_F64 - 0x30 * 8 + ((load<u8>(p) as usize) << 3)) +
    (f64x2.extract_lane(parts, 0) + f64x2.extract_lane(parts, 1));
  if (((reinterpret<u64>(d) - HALF + COMMON_ULPS_OFF) & LOW_BITS) <= 2 * COMMON_ULPS_OFF) return 0;
  if (d < load<f64>(LEAST + ((n as usize) << 3))) return 0;
  store<u32>(out, reinterpret<u32>(d as f32) | (negative << 31));
  return end;
}

/** Distance from `p` to the next comma; 32 if it is not among the next 32 bytes. */
// @ts-ignore: decorator
@inline
export function distanceToComma(p: usize): usize {
  const comma = i8x16.splat(0x2c);
  const low = i8x16.bitmask(i8x16.eq(v128.load(p), comma));
  const high = i8x16.bitmask(i8x16.eq(v128.load(p, 16), comma));
  return ctz((low | (high << 16)) as u32) as usize;
}

/**
 * Reads a JSON number in any form at `p`. Returns the address behind it, or 0 if there is none.
 * The value is left in `parsed`: an infinity where it is beyond float32.
 */
export function parseNumber(p: usize): usize {
  return parseDecimal(p, true);
}

/**
 * As parseNumber, for numbers in cells, which come from many hands: a leading `+`, leading zeros, no digits on one side of the point (`1.`,
 * as numpy prints it, `.5`) are taken as well.
 */
export function parseLooseNumber(p: usize): usize {
  return parseDecimal(p, false);
}

// @ts-ignore: decorator
@inline
function parseDecimal(start: usize, strict: bool): usize {
  let p = start;
  const negative = load<u8>(p) == 0x2d;
  p += (negative || (!strict && load<u8>(p) == 0x2b)) as usize;
  let c: u32 = (load<u8>(p) as u32) - 0x30;
  if (strict) {
    // RFC 8259, section 6: a digit first, and no leading zeros.
    if (c > 9 || (c == 0 && (load<u8>(p, 1) as u32) - 0x30 < 10)) return 0;
  }
  const digits = p;
  let w: u64 = 0;
  // Significant digits in w, and the power of ten that w is to be multiplied by.
  let taken: i32 = 0;
  let scale: i64 = 0;
  while (c < 10) {
    if (taken < 19) {
      w = w * 10 + c;
      taken += (w != 0) as i32; // Zeros before the first other digit do not count.
    } else {
      scale++;
    }
    p++;
    c = (load<u8>(p) as u32) - 0x30;
  }
  let digitCount = p - digits;
  if (load<u8>(p) == 0x2e) {
    p++;
    const fraction = p;
    c = (load<u8>(p) as u32) - 0x30;
    if (strict && c > 9) return 0;
    while (c < 10) {
      if (taken < 19) {
        w = w * 10 + c;
        taken += (w != 0) as i32;
        scale--;
      }
      p++;
      c = (load<u8>(p) as u32) - 0x30;
    }
    digitCount += p - fraction;
  }
  if (!strict && digitCount == 0) return 0;
  const digitsEnd = p;
  let exponent: i64 = 0;
  if ((load<u8>(p) | 0x20) == 0x65) {
    p++;
    c = load<u8>(p);
    const down = c == 0x2d;
    if (down || c == 0x2b) p++;
    c = (load<u8>(p) as u32) - 0x30;
    if (c > 9) return 0;
    do {
      // Far beyond any record's length, so that no number of zeros in the digits can bring the value back.
      if (exponent < 1000000000000) exponent = exponent * 10 + c;
      p++;
      c = (load<u8>(p) as u32) - 0x30;
    } while (c < 10);
    if (down) exponent = -exponent;
  }
  const f = nearest(w, taken, scale + exponent, digits, digitsEnd, exponent);
  parsed = negative ? -f : f;
  return p;
}

/** Float32 nearest to `w` * 10^q, where w holds the first `taken` significant digits of the text. */
function nearest(w: u64, taken: i32, q: i64, digits: usize, digitsEnd: usize, exponent: i64): f32 {
  if (w == 0) return 0;
  const magnitude = q + taken - 1;
  if (magnitude >= OVERFLOW_MAGNITUDE) return f32.POSITIVE_INFINITY;
  if (magnitude < UNDERFLOW_MAGNITUDE) return 0;
  // q is now -47 - 18 … 39: inside the table.
  const d = (w as f64) * load<f64>(POW10_F64 + (((q as i32) - POW10_MIN) << 3));
  let lower: u32; // Bits of the float32 neighbour below.
  if (d >= MIN_NORMAL) {
    if (!nearMidpoint(d)) return d as f32;
    // The upper bits of d are those of the neighbour below, but for the offset of the exponent.
    lower = ((reinterpret<u64>(d) >> 29) - ((1023 - 127) << 23)) as u32;
  } else {
    const steps = d * SUBNORMAL_STEPS;
    const whole = floor(steps);
    const fraction = steps - whole;
    lower = whole as u32;
    // steps is below 2^23 and its relative error below 2^-50, so 2^-20 is far more than it can be off.
    if (abs(fraction - 0.5) > 1e-6) return reinterpret<f32>(lower + ((fraction > 0.5) as u32));
  }
  const order = compareDecimalWithMidpoint(digits, digitsEnd, exponent, lower);
  return reinterpret<f32>(order > 0 || (order == 0 && (lower & 1) == 1) ? lower + 1 : lower);
}

/** The number that parseIndex has read. */
export let parsedIndex: u32 = 0;

/** Reads a whole number of 1 to 10 digits that fits 32 bits, a space before it or not, if it is all that stands between `p` and `end`. */
// @ts-ignore: decorator
@inline
export function parseCommonIndex(p: usize, end: usize): bool {
  p += (load<u8>(p) == 0x20) as usize;
  const n = (end - p) as u32;
  // A leading zero is left to the thorough way, which refuses it but for the zero itself.
  if (n - 1 > 9 || load<u8>(p) == 0x30) return false;
  const digits = v128.and(i8x16.sub(v128.load(end - 16), i8x16.splat(0x30)), v128.load(LAST_16 + (n << 4)));
  if (i8x16.bitmask(i8x16.add_sat_u(digits, i8x16.splat(0x76)))) return false;
  const eights = i64x2.extract_lane(eightDigitsTwice(digits), 0) as u64;
  const value = (eights & 0xffffffff) * 100000000 + (eights >> 32);
  parsedIndex = value as u32;
  return value <= 0xffffffff;
}
