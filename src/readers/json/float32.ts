import { exactFloat32 } from './float32-exact.js';

/**
 * Decimal text to float32, correctly rounded (nearest, ties to even) straight from the decimal. `Math.fround(Number(text))` is
 * not: it rounds twice, and goes wrong where the first rounding lands on the midpoint of two float32 values.
 *
 * How: the first 18 significant digits make a float64 `m` (two groups of nine, `head * 10^n + tail`: at most 2 roundings), which is
 * multiplied by a table's power of ten (1 rounding in the table, 1 in the product); digits past the 18th are dropped (a relative
 * error below 1e-17). Each rounding is off by at most 2^-53, so the true value lies within 4.1 · 2^-53 of the product, relatively.
 * Multiplied by `1 - 2^-50` and `1 + 2^-50` (one more rounding each) the product encloses it, and rounding to float32 is
 * monotone: where both ends round to the same float32, so does the true value. Where they do not, the product is within
 * 2^-50 of a midpoint (about one random value in eight million) and whole-number arithmetic decides.
 */
const BELOW = 1 - 2 ** -50;
const ABOVE = 1 + 2 ** -50;

/** Digits that an int32 group takes. */
const GROUP = 9;

/** The table runs from 10^-70 to 10^40; products of it with 18 digits neither over- nor underflow a float64. */
const MIN_POWER = -70;
const MAX_POWER = 40;
const POWERS = new Float64Array(MAX_POWER - MIN_POWER + 1);
for (let power = MIN_POWER; power <= MAX_POWER; power++) POWERS[power - MIN_POWER] = Number(`1e${power}`);

/**
 * Reads `dimension` JSON numbers from behind a `[` up to and with its `]`, into `out[base …]`. A line feed stops the scan, though
 * JSON has it for white space: the lines of a chunk end with one, so that no loop has to look for the end. There must be one before
 * the end of `bytes`.
 *
 * @returns the position behind the `]`; -1 for anything else than exactly `dimension` finite numbers, and then the caller finds out what
 * is wrong at leisure.
 */
export function scanFloat32Array(
  bytes: Uint8Array,
  start: number,
  out: Float32Array,
  base: number,
  dimension: number,
): number {
  const end = base + dimension;
  let p = start;
  let at = base;
  for (;;) {
    let c = bytes[p]!;
    while (c === 0x20 || c === 0x09 || c === 0x0d) c = bytes[++p]!;
    const numberStart = p;
    const negative = c === 0x2d;
    if (negative) c = bytes[++p]!;

    // Whole part: a single 0, or up to nine digits; more go to the exact path below.
    let head = 0;
    let significant = 0;
    let digit = c - 0x30;
    if (digit >>> 0 > 9) return -1;
    if (digit === 0) {
      c = bytes[++p]!;
    } else {
      const first = p;
      do {
        head = head * 10 + digit;
        c = bytes[++p]!;
        digit = c - 0x30;
      } while (digit >>> 0 <= 9 && p - first < GROUP);
      significant = p - first;
    }

    let mantissa = head;
    let power = 0;
    if (c === 0x2e) {
      c = bytes[++p]!;
      const pointEnd = p;
      if ((c - 0x30) >>> 0 > 9) return -1;
      if (significant === 0) while (c === 0x30) c = bytes[++p]!;
      const headEnd = p + GROUP - significant;
      digit = c - 0x30;
      while (digit >>> 0 <= 9 && p < headEnd) {
        head = head * 10 + digit;
        c = bytes[++p]!;
        digit = c - 0x30;
      }
      mantissa = head;
      power = pointEnd - p;
      if (digit >>> 0 <= 9) {
        const tailStart = p;
        const tailEnd = p + GROUP;
        let tail = 0;
        do {
          tail = tail * 10 + digit;
          c = bytes[++p]!;
          digit = c - 0x30;
        } while (digit >>> 0 <= 9 && p < tailEnd);
        mantissa = head * POWERS[p - tailStart - MIN_POWER]! + tail;
        power = pointEnd - p;
        while (digit >>> 0 <= 9) {
          c = bytes[++p]!;
          digit = c - 0x30;
        }
      }
    }
    if (c === 0x65 || c === 0x45) {
      c = bytes[++p]!;
      const minus = c === 0x2d;
      if (minus || c === 0x2b) c = bytes[++p]!;
      digit = c - 0x30;
      if (digit >>> 0 > 9) return -1;
      let exponent = 0;
      do {
        // Stays below 10^8 whatever follows: far outside the table, so the exact path reads it again in full.
        if (exponent < 1e7) exponent = exponent * 10 + digit;
        c = bytes[++p]!;
        digit = c - 0x30;
      } while (digit >>> 0 <= 9);
      power += minus ? -exponent : exponent;
    } else if ((c - 0x30) >>> 0 <= 9) {
      // A leading zero, or a whole part of ten digits and more.
      const numberEnd = jsonNumberEnd(bytes, numberStart);
      if (numberEnd < 0) return -1;
      p = numberEnd;
      c = bytes[p]!;
      power = MIN_POWER - 1;
    }

    let value: number;
    if (power < MIN_POWER || power > MAX_POWER) {
      value = exactFloat32(bytes, numberStart, p);
    } else {
      const product = mantissa * POWERS[power - MIN_POWER]!;
      value = Math.fround(product * BELOW);
      if (value !== Math.fround(product * ABOVE)) value = exactFloat32(bytes, numberStart, p);
      else if (negative) value = -value;
    }
    if (value - value !== 0) return -1;
    out[at++] = value;

    while (c === 0x20 || c === 0x09 || c === 0x0d) c = bytes[++p]!;
    if (c === 0x2c) {
      if (at === end) return -1;
      p++;
    } else {
      return c === 0x5d && at === end ? p + 1 : -1;
    }
  }
}

/**
 * The float32 nearest to the one number in `bytes[start … end)`: a JSON number, or one with a leading `+` or without digits on
 * one side of the point. The grammar is not checked here. Infinite when it overflows.
 */
export function parseFloat32(bytes: Uint8Array, start: number, end: number): number {
  let p = start;
  const negative = bytes[p] === 0x2d;
  if (negative || bytes[p] === 0x2b) p++;
  let head = 0;
  let tail = 0;
  let significant = 0;
  let power = 0;
  let pointSeen = false;
  for (; p < end; p++) {
    const c = bytes[p]!;
    if (c === 0x2e) {
      pointSeen = true;
      continue;
    }
    const digit = c - 0x30;
    if (digit >>> 0 > 9) break;
    if (significant < 2 * GROUP) {
      if (significant > 0 || digit !== 0) significant++;
      if (significant <= GROUP) head = head * 10 + digit;
      else tail = tail * 10 + digit;
      if (pointSeen) power--;
    } else if (!pointSeen) {
      power++;
    }
  }
  const mantissa = significant <= GROUP ? head : head * POWERS[significant - GROUP - MIN_POWER]! + tail;
  if (p < end) {
    p++;
    const minus = bytes[p] === 0x2d;
    if (minus || bytes[p] === 0x2b) p++;
    let exponent = 0;
    for (; p < end && exponent < 1e7; p++) exponent = exponent * 10 + (bytes[p]! - 0x30);
    power += minus ? -exponent : exponent;
  }
  if (power < MIN_POWER || power > MAX_POWER) return exactFloat32(bytes, start, end);
  const product = mantissa * POWERS[power - MIN_POWER]!;
  const value = Math.fround(product * BELOW);
  if (value !== Math.fround(product * ABOVE)) return exactFloat32(bytes, start, end);
  return negative ? -value : value;
}

/**
 * Where the JSON number that begins at `start` ends (RFC 8259, section 6); -1 when there is none. A byte that is no part of a number must
 * follow it before the array's end.
 */
export function jsonNumberEnd(bytes: Uint8Array, start: number): number {
  let p = start;
  let c = bytes[p]!;
  if (c === 0x2d) c = bytes[++p]!;
  if (c === 0x30) {
    c = bytes[++p]!;
    if ((c - 0x30) >>> 0 <= 9) return -1;
  } else {
    if ((c - 0x30) >>> 0 > 9) return -1;
    while ((c - 0x30) >>> 0 <= 9) c = bytes[++p]!;
  }
  if (c === 0x2e) {
    c = bytes[++p]!;
    if ((c - 0x30) >>> 0 > 9) return -1;
    while ((c - 0x30) >>> 0 <= 9) c = bytes[++p]!;
  }
  if (c === 0x65 || c === 0x45) {
    c = bytes[++p]!;
    if (c === 0x2d || c === 0x2b) c = bytes[++p]!;
    if ((c - 0x30) >>> 0 > 9) return -1;
    while ((c - 0x30) >>> 0 <= 9) c = bytes[++p]!;
  }
  return p;
}
