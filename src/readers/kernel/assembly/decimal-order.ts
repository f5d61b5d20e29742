/**
 * The least number that as float64 is infinite: the middle between the largest float64 and 2^1024, which a tie rounds up to.
 * 309 digits before the point.
 */
const INFINITE: usize = memory.data<u8>([
  1, 7, 9, 7, 6, 9, 3, 1, 3, 4, 8, 6, 2, 3, 1, 5, 8, 0, 7, 9, 3, 7, 2, 8, 9, 7, 1, 4, 0, 5, 3, 0, 3, 4, 1, 5, 0, 7,
  9, 9, 3, 4, 1, 3, 2, 7, 1, 0, 0, 3, 7, 8, 2, 6, 9, 3, 6, 1, 7, 3, 7, 7, 8, 9, 8, 0, 4, 4, 4, 9, 6, 8, 2, 9, 2, 7,
  6, 4, 7, 5, 0, 9, 4, 6, 6, 4, 9, 0, 1, 7, 9, 7, 7, 5, 8, 7, 2, 0, 7, 0, 9, 6, 3, 3, 0, 2, 8, 6, 4, 1, 6, 6, 9, 2,
  8, 8, 7, 9, 1, 0, 9, 4, 6, 5, 5, 5, 5, 4, 7, 8, 5, 1, 9, 4, 0, 4, 0, 2, 6, 3, 0, 6, 5, 7, 4, 8, 8, 6, 7, 1, 5, 0,
  5, 8, 2, 0, 6, 8, 1, 9, 0, 8, 9, 0, 2, 0, 0, 0, 7, 0, 8, 3, 8, 3, 6, 7, 6, 2, 7, 3, 8, 5, 4, 8, 4, 5, 8, 1, 7, 7,
  1, 1, 5, 3, 1, 7, 6, 4, 4, 7, 5, 7, 3, 0, 2, 7, 0, 0, 6, 9, 8, 5, 5, 5, 7, 1, 3, 6, 6, 9, 5, 9, 6, 2, 2, 8, 4, 2,
  9, 1, 4, 8, 1, 9, 8, 6, 0, 8, 3, 4, 9, 3, 6, 4, 7, 5, 2, 9, 2, 7, 1, 9, 0, 7, 4, 1, 6, 8, 4, 4, 4, 3, 6, 5, 5, 1,
  0, 7, 0, 4, 3, 4, 2, 7, 1, 1, 5, 5, 9, 6, 9, 9, 5, 0, 8, 0, 9, 3, 0, 4, 2, 8, 8, 0, 1, 7, 7, 9, 0, 4, 1, 7, 4, 4,
  9, 7, 7, 9, 2,
]);
/** 9007199254740991.5: from here on a float64 is 2^53 or more, where not every whole number has one of its own. */
const UNSAFE: usize = memory.data<u8>([9, 0, 0, 7, 1, 9, 9, 2, 5, 4, 7, 4, 0, 9, 9, 1, 5]);

/** Compares the magnitude of the JSON number `start` … `end` with INFINITE or UNSAFE: -1, 0 or 1. */
export function compareWithConstant(start: usize, end: usize, infinite: bool): i32 {
  const digits = infinite ? INFINITE : UNSAFE;
  const count: i64 = infinite ? 309 : 17;
  const wholeDigits: i64 = infinite ? 309 : 16;
  // First, the exponent: 10^exponent times the digits as they stand.
  let digitsEnd = start;
  while (digitsEnd < end && (load<u8>(digitsEnd) | 0x20) != 0x65) digitsEnd++;
  let exponent: i64 = 0;
  if (digitsEnd < end) {
    let p = digitsEnd + 1;
    const sign = load<u8>(p);
    if (sign == 0x2d || sign == 0x2b) p++;
    for (; p < end; p++) if (exponent < 1000000000000) exponent = exponent * 10 + (load<u8>(p) - 0x30);
    if (sign == 0x2d) exponent = -exponent;
  }
  // Then the number of digits before the point, as if the number were written without exponent and leading zeros.
  let whole: i64 = exponent;
  let behindPoint = false;
  let p = load<u8>(start) == 0x2d ? start + 1 : start;
  let first: usize = 0;
  for (let q = p; q < digitsEnd; q++) {
    const c = load<u8>(q);
    if (c == 0x2e) {
      behindPoint = true;
      continue;
    }
    if (first == 0 && c != 0x30) first = q;
    if (first == 0) {
      if (behindPoint) whole--;
    } else if (!behindPoint) {
      whole++;
    }
  }
  if (first == 0) return -1; // Zero.
  if (whole != wholeDigits) return whole < wholeDigits ? -1 : 1;
  let i: i64 = 0;
  for (p = first; p < digitsEnd; p++) {
    const c = load<u8>(p);
    if (c == 0x2e) continue;
    const digit = c - 0x30;
    const other: u8 = i < count ? load<u8>(digits + (i as usize)) : 0;
    if (digit != other) return digit < other ? -1 : 1;
    i++;
  }
  while (i < count) if (load<u8>(digits + (i++ as usize)) != 0) return -1;
  return 0;
}
