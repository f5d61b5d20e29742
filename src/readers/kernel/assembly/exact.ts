/** Whole-number arithmetic for the few decimals that are too close to the middle of two float32 neighbours. */

/** Room for one number: 64 limbs of 32 bits, least significant first. The largest one here takes 41. */
const LIMBS: i32 = 64;
const A: usize = memory.data(64 * 4, 8);
const B: usize = memory.data(64 * 4, 8);

/**
 * Significant digits that matter: the middle of two float32 neighbours has at most 113 (2^-150 has 105 digits), so that
 * of all further digits only whether one is not zero counts.
 */
const MAX_DIGITS: i32 = 120;

/** Number of limbs in use of A and B. */
let aLength: i32 = 0;
let bLength: i32 = 0;

/** x = x * factor + carry; returns the new length. */
function multiplyAdd(x: usize, length: i32, factor: u32, carry: u32): i32 {
  let over: u64 = carry;
  for (let i: i32 = 0; i < length; i++) {
    over += (load<u32>(x + (i << 2)) as u64) * factor;
    store<u32>(x + (i << 2), over as u32);
    over >>= 32;
  }
  if (over != 0) store<u32>(x + (length++ << 2), over as u32);
  return length;
}

function multiplyByPowerOfFive(x: usize, length: i32, exponent: i32): i32 {
  while (exponent >= 13) {
    length = multiplyAdd(x, length, 1220703125, 0); // 5^13, the largest in 32 bits.
    exponent -= 13;
  }
  while (exponent-- > 0) length = multiplyAdd(x, length, 5, 0);
  return length;
}

function shiftLeft(x: usize, length: i32, bits: i32): i32 {
  const limbs = bits >> 5;
  if (limbs > 0) {
    memory.copy(x + (limbs << 2), x, length << 2);
    memory.fill(x, 0, limbs << 2);
    length += limbs;
  }
  return multiplyAdd(x, length, (1 as u32) << (bits & 31), 0);
}

function compare(): i32 {
  if (aLength != bLength) return aLength < bLength ? -1 : 1;
  for (let i = aLength - 1; i >= 0; i--) {
    const a = load<u32>(A + (i << 2));
    const b = load<u32>(B + (i << 2));
    if (a != b) return a < b ? -1 : 1;
  }
  return 0;
}

/**
 * Compares a decimal with the middle between the positive float32 of bits `lower` and the next one.
 * The decimal: digits with or without a point at `start` … `end`, times 10^exponent. It is not zero, and near that middle.
 * Returns -1, 0 or 1.
 */
export function compareDecimalWithMidpoint(start: usize, end: usize, exponent: i64, lower: u32): i32 {
  // Decimal: A * 10^q.
  aLength = 0;
  let count: i32 = 0;
  let q = exponent;
  let behindPoint = false;
  let more = false;
  for (let p = start; p < end; p++) {
    const c = (load<u8>(p) as u32) - 0x30;
    if (c > 9) {
      behindPoint = true;
      continue;
    }
    if (count < MAX_DIGITS) {
      if (c != 0 || count > 0) {
        aLength = multiplyAdd(A, aLength, 10, c);
        count++;
      }
      if (behindPoint) q--;
    } else {
      more = more || c != 0;
      if (!behindPoint) q++;
    }
  }
  if (more) {
    // One more digit, 1: between the digits kept and the next ones, as the true number is.
    aLength = multiplyAdd(A, aLength, 10, 1);
    q--;
  }
  // Middle: B * 2^e.
  const biased = lower >> 23;
  const mantissa = biased == 0 ? lower : (lower & 0x7fffff) | 0x800000;
  let e: i32 = (biased == 0 ? -149 : (biased as i32) - 150) - 1;
  store<u32>(B, 2 * mantissa + 1);
  bLength = 1;
  // A * 5^q * 2^q against B * 2^e, all exponents made positive.
  const five = q as i32;
  if (five >= 0) aLength = multiplyByPowerOfFive(A, aLength, five);
  else bLength = multiplyByPowerOfFive(B, bLength, -five);
  e -= five;
  if (e >= 0) bLength = shiftLeft(B, bLength, e);
  else aLength = shiftLeft(A, aLength, -e);
  return compare();
}
