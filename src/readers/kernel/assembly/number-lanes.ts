import { copyBytes } from '../../../base/assembly/copy';
import {
  COMMON_LEAST, COMMON_ULPS_OFF, DIGIT_F64, DIGIT_FACTORS, digitsOf, distanceToComma, FIRST_16, HALF, LOW_BITS, othersAmong16,
  parseCommonNumber, parsed, parseNumber,
} from './decimal';

/**
 * Reads a vector in two lanes: the numbers from its next one on, and at the same time those from a comma further on.
 *
 * Of numbers read one after the other each waits for the end of the one before, for longer than all else about it takes. Here two go
 * through the same steps, without a branch between them, and neither waits for the other.
 *
 * The second lane may begin anywhere: in the middle of the vector, behind it, in a text that looks like numbers. What it reads goes to a place
 * of its own, and counts once the first lane has come to where it began: then these are the numbers that follow.
 */

/** Bytes that the first lane reads at most. */
const LANE_BYTES: usize = 8192;
/** With fewer numbers to come than this it is not worth it. */
const LEAST_NUMBERS: u32 = 24;

/** Numbers of the second lane. It reads no more than the first, whose numbers take two bytes at least (`1,`). */
const SECOND: usize = memory.data((8192 + 64) * 2, 16);

/** What pairs of numbers are read as. The shorter ones take fewer steps. A number that is longer is read by itself. */
const SHORT: i32 = 0; // Up to 8 digits behind the point.
const MEDIUM: i32 = 1; // Up to 12 in any case, and 16 characters.
const LONG: i32 = 2; // 16 digits count, up to 27 are looked at. Zero and what is close to it are read by themselves.

/** Characters of a number on average, its comma included, in sixteenths: with more the next form is taken. */
const MOST_SHORT: usize = 186;
const MOST_MEDIUM: usize = 15 << 4;

/** Average of the vector read last, of whatever input: it only decides what is tried, not what is read. */
let average: usize = MOST_SHORT;

/**
 * To read a number alone takes as long as some pairs do, since it comes as a surprise. Where more than one in so many of a lane have to be, once it
 * is more than a few of them, a longer form is tried; and behind the longest one numbers are read one after the other.
 */
const MOST_ALONE: u32 = 6;
const FEW: u32 = 8;
/** Numbers of the second lane, and those among them that were read alone. Halved from COUNTED on: what was read long ago counts less. */
let pairs: u32 = 0;
let alone: u32 = 0;
const COUNTED: u32 = 1024;

/** Shorter forms than this are not tried for as many calls. */
let leastForm: i32 = SHORT;
let leastFormFor: u32 = 0;
const LEAST_FORM_CALLS: u32 = 256;

/** Numbers before this address are read one after the other. */
export let lanesFrom: usize = 0;
/** So many vectors more are read that way; after every failure in a row twice as many, so that little is tried in vain. */
let vectorsToPass: u32 = 0;
let passed: u32 = 0;
const MOST_PASSED: u32 = 127;

/** Constants of the loop: see DIGIT_FACTORS. Filled by initNumberLanes. */
const MIDDLE: usize = memory.data(16, 16);
const NEAR: usize = memory.data(16, 16);
const NEAR_OR_SMALL: usize = memory.data(16, 16);
/** What eight digits behind the point count, and the eight behind these, for two numbers. */
const PLACES: usize = memory.data<f64>([1e-8, 1e-8, 1e-16, 1e-16], 16);

/** Fills the tables. */
export function initNumberLanes(): void {
  // Of the 29 bits that are rounded away, those that are all clear near the middle, once it is where they begin.
  v128.store(MIDDLE, i64x2.splat(LOW_BITS & ~(2 * COMMON_ULPS_OFF - 1)));
  v128.store(NEAR, i64x2.splat(HALF - COMMON_ULPS_OFF));
  // A power of two has none of the 29 bits: to subtract it as well changes nothing of them, and makes what is smaller negative.
  v128.store(NEAR_OR_SMALL, i64x2.splat(HALF - COMMON_ULPS_OFF + reinterpret<u64>(COMMON_LEAST)));
}

/** A vector begins at `p`. */
export function beginLanes(p: usize): void {
  lanesFrom = vectorsToPass == 0 ? p : usize.MAX_VALUE;
  if (vectorsToPass != 0) vectorsToPass--;
}

/** Behind the comma of the last number that readLanes has read. */
export let lanesEnd: usize = 0;

// Both lanes: the next character, and where the next number goes.
let first: usize = 0;
let firstOut: usize = 0;
let second: usize = 0;
let secondOut: usize = 0;

/**
 * Reads numbers from `p` on to `out`; the vector should end at `full`. Nothing from `limit` on goes on with it: the byte there is neither part of a
 * number nor a comma. Returns how many it has read, and leaves their end in lanesEnd, and in lanesFrom when to try again.
 */
export function readLanes(p: usize, out: usize, full: usize, limit: usize): u32 {
  const most: u32 = out < full ? ((full - out) >> 2) as u32 : 0;
  if (most < LEAST_NUMBERS) {
    lanesFrom = usize.MAX_VALUE;
    return 0;
  }
  const near = p + min(LANE_BYTES, (((most >> 1) as usize) * average) >> 4);
  const start = near < limit ? near + distanceToComma(near) + 1 : limit;
  if (start >= limit || load<u8>(start - 1) != 0x2c) {
    giveUp();
    return 0;
  }
  first = p;
  firstOut = out;
  second = start;
  secondOut = SECOND;
  const worthIt = readBoth(start);
  // If the second lane came to an end it is that of the vector, as a rule.
  while (first < start && firstAlone()) {}
  if (first == start) {
    const bytes = secondOut - SECOND;
    copyBytes(firstOut, SECOND, bytes);
    firstOut += bytes;
    first = second;
  }
  const numbers = ((firstOut - out) >> 2) as u32;
  const enough = numbers >= LEAST_NUMBERS >> 1;
  if (enough) average = ((first - p) << 4) / (numbers as usize);
  if (enough && worthIt) {
    lanesFrom = first;
    passed = 0;
  } else {
    giveUp();
  }
  lanesEnd = first;
  return numbers;
}

function giveUp(): void {
  passed = min(2 * passed + 1, MOST_PASSED);
  vectorsToPass = passed;
  lanesFrom = usize.MAX_VALUE;
}

/**
 * Reads both lanes until the first has come to `start`, or one of them cannot go on. False where it ended before that, since too many numbers had
 * to be read alone.
 */
function readBoth(start: usize): bool {
  const spaced = load<u8>(start) == 0x20;
  let form = formToTry();
  let counted = SECOND;
  while (true) {
    if (load<u8>(first) == 0x20 ? spaced && load<u8>(second) == 0x20 : !spaced) readPairs(form, spaced, start);
    if (first >= start || !firstAlone() || !secondAlone()) break;
    alone++;
    pairs += ((secondOut - counted) >> 2) as u32;
    counted = secondOut;
    if (alone <= FEW || alone * MOST_ALONE <= pairs) continue;
    alone = 0;
    pairs = 0;
    if (form == LONG) return false;
    form++;
    leastForm = form;
    leastFormFor = LEAST_FORM_CALLS;
  }
  pairs += ((secondOut - counted) >> 2) as u32;
  if (pairs > COUNTED) {
    pairs >>= 1;
    alone >>= 1;
  }
  return true;
}

function formToTry(): i32 {
  if (leastFormFor > 0 && --leastFormFor == 0) leastForm = SHORT;
  return max(leastForm, average <= MOST_SHORT ? SHORT : average <= MOST_MEDIUM ? MEDIUM : LONG);
}

function firstAlone(): bool {
  const end = numberAlone(first, firstOut);
  if (end == 0) return false;
  first = end + 1;
  firstOut += 4;
  return true;
}

function secondAlone(): bool {
  const end = numberAlone(second, secondOut);
  if (end == 0) return false;
  second = end + 1;
  secondOut += 4;
  return true;
}

/** Reads the number at `p` in any form that JSON has, a space before it or not, if a comma follows. Returns the comma's address, otherwise 0. */
function numberAlone(p: usize, out: usize): usize {
  let end = parseCommonNumber(p, out);
  if (end == 0) {
    end = parseNumber(p + ((load<u8>(p) == 0x20) as usize));
    if (end == 0 || abs(parsed) == f32.POSITIVE_INFINITY) return 0;
    store<f32>(out, parsed);
  }
  return load<u8>(end) == 0x2c ? end : 0;
}

/** Reads pairs of numbers, until one of them is in another form or the first lane is at `stop`. `spaced`: one space stands before each. */
function readPairs(form: i32, spaced: bool, stop: usize): void {
  if (form == SHORT) {
    if (spaced) shortSpaced(stop);
    else short(stop);
  } else if (form == MEDIUM) {
    if (spaced) mediumSpaced(stop);
    else medium(stop);
  } else if (spaced) {
    longSpaced(stop);
  } else {
    long(stop);
  }
}

// Each a function of its own: several such loops in one take V8 more registers than there are.
function short(stop: usize): void {
  readForm(SHORT, 0, stop);
}
function shortSpaced(stop: usize): void {
  readForm(SHORT, 1, stop);
}
function medium(stop: usize): void {
  readForm(MEDIUM, 0, stop);
}
function mediumSpaced(stop: usize): void {
  readForm(MEDIUM, 1, stop);
}
function long(stop: usize): void {
  readForm(LONG, 0, stop);
}
function longSpaced(stop: usize): void {
  readForm(LONG, 1, stop);
}

/** othersAmong16 for as many characters as numbers of the form may have. The bit on top ends the digits: what lies behind was not looked at. */
// @ts-ignore: decorator
@inline
function othersOf(form: i32, p: usize): u32 {
  return form == LONG ? othersAmong16(p) | (othersAmong16(p + 16) << 16) | 0x80000000 : othersAmong16(p) | 0x10000;
}

/** The digits behind the point of a number whose first digit is at `lead` and whose end is `behind` characters further; zeros behind them. */
// @ts-ignore: decorator
@inline
function fraction(lead: usize, behind: usize): v128 {
  return v128.and(digitsOf(v128.load(lead, 2)), v128.load(FIRST_16 - 32 + (behind << 4)));
}

/** `spaced`: 0 or 1. It is a constant where this is inlined, as `form` is. See parseCommonNumber and eightDigitsTwice in decimal.ts for the steps. */
// @ts-ignore: decorator
@inline
function readForm(form: i32, spaced: usize, stop: usize): void {
  let p = first + spaced;
  let q = second + spaced;
  let pOut = firstOut;
  let qOut = secondOut;
  while (p < stop) {
    const pNegative = (load<u8>(p) == 0x2d) as u32;
    const qNegative = (load<u8>(q) == 0x2d) as u32;
    const pOthers = othersOf(form, p) >> pNegative;
    const qOthers = othersOf(form, q) >> qNegative;
    const pLead = p + (pNegative as usize);
    const qLead = q + (qNegative as usize);
    const pBehind = ctz(pOthers & ~3) as usize;
    const qBehind = ctz(qOthers & ~3) as usize;
    const pEnd = pLead + pBehind;
    const qEnd = qLead + qBehind;
    // A digit, a point, a digit; the rest of the digits ends at a comma. What is wrong with any of it makes this other than 0.
    let strange: u32 = ((pOthers ^ 2) | (qOthers ^ 2)) & 7;
    strange |= (load<u8>(pLead, 1) ^ 0x2e) | (load<u8>(qLead, 1) ^ 0x2e);
    if (spaced) strange |= (load<u16>(pEnd) ^ 0x202c) | (load<u16>(qEnd) ^ 0x202c);
    else strange |= (load<u8>(pEnd) ^ 0x2c) | (load<u8>(qEnd) ^ 0x2c);
    if (form == SHORT) strange |= ((pBehind - 3) | (qBehind - 3)) >> 3;

    const lead = v128.load64_lane(
      DIGIT_F64 - 0x30 * 8 + ((load<u8>(qLead) as usize) << 3),
      v128.load64_zero(DIGIT_F64 - 0x30 * 8 + ((load<u8>(pLead) as usize) << 3)),
      1,
    );
    const tens = v128.load(DIGIT_FACTORS);
    const hundreds = v128.load(DIGIT_FACTORS, 16);
    const thousands = v128.load(DIGIT_FACTORS, 32);
    let d: v128;
    if (form == SHORT) {
      const text = v128.load64_lane(qLead + 2, v128.load64_zero(pLead + 2), 1);
      const mask = v128.load64_lane(
        FIRST_16 - 32 + (qBehind << 4), v128.load64_zero(FIRST_16 - 32 + (pBehind << 4)), 1,
      );
      const digits = v128.and(digitsOf(text), mask);
      const fours = i32x4.dot_i16x8_s(i16x8.shr_u(i16x8.mul(digits, tens), 8), hundreds);
      const eights = i32x4.dot_i16x8_s(i16x8.narrow_i32x4_u(fours, fours), thousands);
      d = f64x2.add(lead, f64x2.mul(f64x2.convert_low_i32x4_s(eights), v128.load(PLACES)));
    } else {
      const fours = i16x8.narrow_i32x4_u(
        i32x4.dot_i16x8_s(i16x8.shr_u(i16x8.mul(fraction(pLead, pBehind), tens), 8), hundreds),
        i32x4.dot_i16x8_s(i16x8.shr_u(i16x8.mul(fraction(qLead, qBehind), tens), 8), hundreds),
      );
      const eights = i32x4.dot_i16x8_s(fours, thousands);
      const upper = f64x2.convert_low_i32x4_s(v128.shuffle<i32>(eights, eights, 0, 2, 0, 2));
      const lower = f64x2.convert_low_i32x4_s(v128.shuffle<i32>(eights, eights, 1, 3, 1, 3));
      d = f64x2.add(lead, f64x2.add(f64x2.mul(upper, v128.load(PLACES)), f64x2.mul(lower, v128.load(PLACES, 16))));
    }
    const moved = i64x2.sub(d, form == LONG ? v128.load(NEAR_OR_SMALL) : v128.load(NEAR));
    const nearMiddle = i64x2.eq(v128.and(moved, v128.load(MIDDLE)), i64x2.splat(0));
    strange |= i64x2.bitmask(form == LONG ? v128.or(nearMiddle, moved) : nearMiddle) as u32;
    if (strange != 0) break;

    const bits = i64x2.extract_lane(f32x4.demote_f64x2_zero(d), 0) as u64;
    store<u32>(pOut, (bits as u32) | (pNegative << 31));
    store<u32>(qOut, ((bits >> 32) as u32) | (qNegative << 31));
    p = pEnd + 1 + spaced;
    q = qEnd + 1 + spaced;
    pOut += 4;
    qOut += 4;
  }
  first = p - spaced;
  second = q - spaced;
  firstOut = pOut;
  secondOut = qOut;
}
