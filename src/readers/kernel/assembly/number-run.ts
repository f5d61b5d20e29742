import { COMMON_ULPS_OFF, DIGIT_FACTORS, FIRST_16, HALF, LOW_BITS } from './decimal';

/**
 * Reads many numbers of a vector at once, if they are written as embeddings are: an optional sign, one digit, a point, 1 to 16 digits, a
 * comma, and behind it one space everywhere or nowhere.
 *
 * Of numbers read one after the other each waits for the end of the one before. Here the points are found first, which say where every number
 * begins and ends; then two numbers at a time go through the same steps without a branch. What is wrong with any of them is gathered
 * and looked at in the end: then none of them counts, and the caller reads them one by one. (Numbers with more digits gain nothing.)
 */

/** Bytes of text in which points are looked for. One number in another form is enough to read all in them twice. */
export const RUN_BYTES: usize = 512;

/** Behind the numbers that it returns, readRun may write over this many bytes: four for each point in the text that it looks at. */
export const RUN_SLACK: usize = 4 * (RUN_BYTES + 64);

/** Fewer numbers than this are never read here. */
const LEAST_RUN: u32 = 3;

/** Numbers before this address are read one by one, since others near them could not be read at once. */
export let careful: usize = 0;

/** How many bytes are read one by one after a failure: doubled by each in a row, so that little is tried in vain. */
let distrust: usize = 0;
const MOST_DISTRUST: usize = 128 * RUN_BYTES;

/** A vector begins at `p`. */
export function beginRuns(p: usize): void {
  distrust >>= 1;
  careful = distrust < RUN_BYTES ? p : p + distrust;
}

/** Addresses of the points found, u32 each, and room for those of one more step. */
const POINTS: usize = memory.data((512 + 2 * 64) * 4, 16);

/** The value of a first digit as float64, by its character. What is no digit makes a number far below zero. */
const LEAD: usize = memory.data(256 * 8, 8);
const NO_DIGIT: f64 = -1e9;

/** What eight digits behind the point count, and the eight behind these, for two numbers. */
const PLACES: usize = memory.data<f64>([1e-8, 1e-8, 1e-16, 1e-16], 16);

/** Fills the table. */
export function initNumberRun(): void {
  for (let c: u32 = 0; c < 256; c++) store<f64>(LEAD + ((c as usize) << 3), c - 0x30 < 10 ? ((c - 0x30) as f64) : NO_DIGIT);
}

/** Behind the comma of the last number that readRun has read. */
export let runEnd: usize = 0;

/**
 * Reads numbers from `p` on to `out`; the vector should end at `full`. Returns how many it has read, and leaves their end in runEnd; 0 where
 * not all that it looked at are in the common form: `careful` says then when to try again.
 */
export function readRun(p: usize, out: usize, full: usize): u32 {
  const most: u32 = out < full ? ((full - out) >> 2) as u32 : 0;
  if (most < LEAST_RUN) {
    careful = usize.MAX_VALUE;
    return 0;
  }
  const read = tryRun(p, out, most);
  distrust = read != 0 ? 0 : min(max(2 * distrust, RUN_BYTES), MOST_DISTRUST);
  careful = p + distrust;
  return read;
}

function tryRun(p: usize, out: usize, most: u32): u32 {
  const points = findPoints(p, most);
  if (points < LEAST_RUN) return 0;
  const first: usize = load<u32>(POINTS);
  const start = first - 1 - signAt(first);
  if (start != p && (start != p + 1 || load<u8>(p) != 0x20)) return 0;
  // The end of a number shows at the point of the next one.
  const count = (points - 1) & ~1;
  const second: usize = load<u32>(POINTS, 4);
  const behindComma = second - 2 - signAt(second);
  if (behindComma - first > 20) return 0; // Too many digits, as a rule in all of them.
  return load<u8>(behindComma) == 0x20 ? readPairs(count, out, 1) : readPairs(count, out, 0);
}

/** Finds up to `most` points from `p` on. Returns how many. */
// @ts-ignore: decorator
@inline
function findPoints(p: usize, most: u32): u32 {
  const end = p + RUN_BYTES;
  const stop = POINTS + ((most as usize) << 2);
  let at = POINTS;
  do {
    let found: u64 = pointsAmong16(p) | (pointsAmong16(p + 16) << 16) | (pointsAmong16(p + 32) << 32) | (pointsAmong16(p + 48) << 48);
    const count = popcnt(found) as usize;
    // As a rule there are not more than six; what is written too much is written over. A loop takes twice the time.
    store<u32>(at, (p + (ctz(found) as usize)) as u32);
    found &= found - 1;
    store<u32>(at, (p + (ctz(found) as usize)) as u32, 4);
    found &= found - 1;
    store<u32>(at, (p + (ctz(found) as usize)) as u32, 8);
    found &= found - 1;
    store<u32>(at, (p + (ctz(found) as usize)) as u32, 12);
    found &= found - 1;
    store<u32>(at, (p + (ctz(found) as usize)) as u32, 16);
    found &= found - 1;
    store<u32>(at, (p + (ctz(found) as usize)) as u32, 20);
    for (let i: usize = 6; i < count; i++) {
      found &= found - 1;
      store<u32>(at + (i << 2), (p + (ctz(found) as usize)) as u32);
    }
    at += count << 2;
    p += 64;
  } while (p < end && at < stop);
  return min(((at - POINTS) >> 2) as u32, most);
}

// @ts-ignore: decorator
@inline
function pointsAmong16(p: usize): u64 {
  return i8x16.bitmask(i8x16.eq(v128.load(p), i8x16.splat(0x2e))) as u64;
}

/** 1 if the number with its point at `point` has a sign. */
// @ts-ignore: decorator
@inline
function signAt(point: usize): usize {
  return (load<u8>(point - 2) == 0x2d) as usize;
}

/** Reads `count` numbers (even) of which the points are known. `space`: 1 if one stands behind each comma; a constant where this is inlined. */
// @ts-ignore: decorator
@inline
function readPairs(count: u32, out: usize, space: usize): u32 {
  const zero = i8x16.splat(0x30);
  const bias = i64x2.splat(HALF - COMMON_ULPS_OFF);
  const middle = i64x2.splat(LOW_BITS & ~(2 * COMMON_ULPS_OFF - 1));
  let strange: u32 = 0;
  let largestDigit = i8x16.splat(0);
  let nearMidpoint = i64x2.splat(0);
  let negative = i64x2.splat(0);

  let a: usize = load<u32>(POINTS);
  let signA = signAt(a);
  const stop = POINTS + ((count as usize) << 2);
  const toOut = out - POINTS;
  for (let at = POINTS; at < stop; at += 8) {
    const b: usize = load<u32>(at, 4);
    const c: usize = load<u32>(at, 8);
    const signB = signAt(b);
    const signC = signAt(c);
    const endA = b - signB - (2 + space);
    const endB = c - signC - (2 + space);
    strange |= (load<u8>(endA) ^ 0x2c) | (load<u8>(endB) ^ 0x2c);
    if (space) strange |= (load<u8>(endA, 1) ^ 0x20) | (load<u8>(endB, 1) ^ 0x20);
    const lengthA = endA - a - 1;
    const lengthB = endB - b - 1;
    strange |= (((lengthA - 1) | (lengthB - 1)) >> 4) as u32;
    const digitsA = v128.and(i8x16.sub(v128.load(a, 1), zero), v128.load(FIRST_16 + ((lengthA & 31) << 4)));
    const digitsB = v128.and(i8x16.sub(v128.load(b, 1), zero), v128.load(FIRST_16 + ((lengthB & 31) << 4)));
    largestDigit = i8x16.max_u(largestDigit, i8x16.max_u(digitsA, digitsB));

    // As eightDigitsTwice in decimal.ts, for both.
    const tens = v128.load(DIGIT_FACTORS);
    const hundreds = v128.load(DIGIT_FACTORS, 16);
    const fours = i16x8.narrow_i32x4_u(
      i32x4.dot_i16x8_s(i16x8.shr_u(i16x8.mul(digitsA, tens), 8), hundreds),
      i32x4.dot_i16x8_s(i16x8.shr_u(i16x8.mul(digitsB, tens), 8), hundreds),
    );
    const eights = i32x4.dot_i16x8_s(fours, v128.load(DIGIT_FACTORS, 32));
    const upper = f64x2.convert_low_i32x4_s(v128.shuffle<i32>(eights, eights, 0, 2, 0, 2));
    const lower = f64x2.convert_low_i32x4_s(v128.shuffle<i32>(eights, eights, 1, 3, 1, 3));
    const lead = v128.load64_lane(
      LEAD + ((load<u8>(b - 1) as usize) << 3),
      v128.load64_zero(LEAD + ((load<u8>(a - 1) as usize) << 3)),
      1,
    );
    const d = f64x2.add(lead, f64x2.add(f64x2.mul(upper, v128.load(PLACES)), f64x2.mul(lower, v128.load(PLACES, 16))));
    negative = v128.or(negative, d);
    // None of the upper ones of the 29 bits that are rounded away is set, once the middle is where they begin: see decimal.ts.
    nearMidpoint = v128.or(nearMidpoint, i64x2.eq(v128.and(i64x2.sub(d, bias), middle), i64x2.splat(0)));
    store<u64>(
      at + toOut,
      (i64x2.extract_lane(f32x4.demote_f64x2_zero(d), 0) as u64) | ((signA as u64) << 31) | ((signB as u64) << 63),
    );
    a = c;
    signA = signC;
  }
  runEnd = a - signA - 1;
  const wrong = v128.or(nearMidpoint, i8x16.gt_u(largestDigit, i8x16.splat(9)));
  return strange != 0 || v128.any_true(wrong) || i64x2.bitmask(negative) != 0 ? 0 : count;
}
