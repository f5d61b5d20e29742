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

/** Powers of ten in a u64: 10^0 … 10^19, and a zero in place of 10^20, which does not fit. */
const POW10_U64: usize = memory.data<u64>([
  1, 10, 100, 1000, 10000, 100000, 1000000, 10000000, 100000000, 1000000000, 10000000000, 100000000000, 1000000000000,
  10000000000000, 100000000000000, 1000000000000000, 10000000000000000, 100000000000000000, 1000000000000000000,
  10000000000000000000, 0,
]);

/** Powers of ten in float64, each the nearest to the true power: 10^-90 … 10^60. Filled by initDecimal. */
const POW10_MIN: i32 = -90;
const POW10_MAX: i32 = 60;
const POW10_F64: usize = memory.data(151 * 8, 8);

/** A value of this decimal magnitude (10^n ≤ value) is beyond float32, and of that one it rounds to zero. */
const OVERFLOW_MAGNITUDE: i64 = 39;
const UNDERFLOW_MAGNITUDE: i64 = -47;

/** For n digits behind the point (0 … 20): mask of those among the last 16 characters, and among the 4 before them. Filled by initDecimal. */
const LAST_16: usize = memory.data(21 * 16, 16);
const BEFORE: usize = memory.data(21 * 4, 4);

/** Float64 values below this may be subnormal as float32, where the neighbours are evenly spaced. */
const MIN_NORMAL: f64 = 1.1754943508222875e-38;
/** 2^149: the number of float32 subnormal steps in 1. */
const SUBNORMAL_STEPS: f64 = reinterpret<f64>((1023 + 149) << 52);
/** Half of the 29 bits by which float64 is more precise than float32. */
const HALF: u64 = 0x10000000;
const LOW_BITS: u64 = 0x1fffffff;
const ULPS_OFF: u64 = 4;

/** Fills the tables. `powers`: address of 151 float64 values 10^-90 … 10^60, as JavaScript reads them. */
export function initDecimal(powers: usize): void {
  memory.copy(POW10_F64, powers, 151 * 8);
  for (let n: i32 = 0; n <= 20; n++) {
    for (let i: i32 = 0; i < 16; i++) store<u8>(LAST_16 + n * 16 + i, i >= 16 - n ? 0xff : 0);
    for (let i: i32 = 0; i < 4; i++) store<u8>(BEFORE + n * 4 + i, i >= 4 - (n - 16) ? 0xff : 0);
  }
}

/** Value of 16 bytes that hold digits (not characters), most significant first. */
// @ts-ignore: decorator
@inline
function sixteenDigits(digits: v128): u64 {
  // Pairs: 10 * even byte + odd byte, in 8 lanes of 16 bits.
  const pairs = i16x8.add(
    i16x8.mul(v128.and(digits, i16x8.splat(0xff)), i16x8.splat(10)),
    i16x8.shr_u(digits, 8),
  );
  const quads = i32x4.dot_i16x8_s(pairs, i16x8(100, 1, 100, 1, 100, 1, 100, 1));
  const halves = i32x4.dot_i16x8_s(i16x8.narrow_i32x4_u(quads, quads), i16x8(10000, 1, 10000, 1, 10000, 1, 10000, 1));
  const both = i64x2.extract_lane(halves, 0) as u64;
  return (both & 0xffffffff) * 100000000 + (both >> 32);
}

/** Whether narrowing `d` could round to the wrong side: see the top of this file. */
// @ts-ignore: decorator
@inline
function nearMidpoint(d: f64): bool {
  return ((reinterpret<u64>(d) - HALF + ULPS_OFF) & LOW_BITS) <= 2 * ULPS_OFF;
}

/**
 * Reads the number between `p` and `end`, if it is written as embeddings are: an optional space, an optional sign, one digit, a
 * point, 1 to 20 digits, and nothing else. Returns false, and reads nothing, where it is written in another way.
 */
// @ts-ignore: decorator
@inline
export function parseCommonNumber(p: usize, end: usize): bool {
  p += (load<u8>(p) == 0x20) as usize;
  const negative = load<u8>(p) == 0x2d;
  p += negative as usize;
  const first = (load<u8>(p) as u32) - 0x30;
  const n = (end - p - 2) as u32;
  if (first > 9 || load<u8>(p, 1) != 0x2e || n - 1 > 19) return false;
  // The last 16 digits, and the four before them; what is not behind the point is masked out.
  const last = v128.and(i8x16.sub(v128.load(end - 16), i8x16.splat(0x30)), v128.load(LAST_16 + (n << 4)));
  const before = (load<u32>(end - 20) ^ 0x30303030) & load<u32>(BEFORE + (n << 2));
  if (i8x16.bitmask(i8x16.add_sat_u(last, i8x16.splat(0x76))) || (((before + 0x76767676) | before) & 0x80808080) != 0) {
    return false;
  }
  const twos = before * 10 + (before >> 8);
  const high = (twos & 0xff) * 100 + ((twos >> 16) & 0xff);
  if (high > 900 || (first != 0 && n > 18)) return false; // More digits than w holds.
  const w =
    (first as u64) * load<u64>(POW10_U64 + (n << 3)) + (high as u64) * 10000000000000000 + sixteenDigits(last);
  // 19 digits may not fit a signed number, whose conversion is the fast one.
  if ((w as i64) < 0) return false;
  const d = (w as i64 as f64) * load<f64>(POW10_F64 - POW10_MIN * 8 - (n << 3));
  if (nearMidpoint(d) || d < MIN_NORMAL) return false;
  parsed = reinterpret<f32>(reinterpret<u32>(d as f32) | ((negative as u32) << 31));
  return true;
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

/** As parseCommonNumber, for a whole number of 1 to 10 digits that fits 32 bits. */
// @ts-ignore: decorator
@inline
export function parseCommonIndex(p: usize, end: usize): bool {
  p += (load<u8>(p) == 0x20) as usize;
  const n = (end - p) as u32;
  // A leading zero is left to the thorough way, which refuses it but for the zero itself.
  if (n - 1 > 9 || load<u8>(p) == 0x30) return false;
  const digits = v128.and(i8x16.sub(v128.load(end - 16), i8x16.splat(0x30)), v128.load(LAST_16 + (n << 4)));
  if (i8x16.bitmask(i8x16.add_sat_u(digits, i8x16.splat(0x76)))) return false;
  const value = sixteenDigits(digits);
  parsedIndex = value as u32;
  return value <= 0xffffffff;
}
