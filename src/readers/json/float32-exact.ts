/**
 * Significant decimal digits that can decide between two float32 values. A midpoint between neighbours is a whole number of
 * at most 25 bits times 2^-150 or more, and has at most 112 significant digits; whatever follows in the text can only break
 * a tie, so a single digit 1 stands for it.
 */
const DECISIVE_DIGITS = 128;

/** Decimal exponents past which any value is an infinity or a zero in float32 (max 3.4e38, half the smallest 7e-46). */
const OVERFLOW_EXPONENT = 40;
const UNDERFLOW_EXPONENT = -47;

const MANTISSA_BITS = 24;
const MIN_EXPONENT = -149;
const MAX_EXPONENT = 104;

const ZERO = 0x30;
const NINE = 0x39;

/**
 * The float32 nearest to the decimal number in `bytes[start … end)`, ties to even, by whole-number arithmetic: slow, and exact
 * for any number of digits and any exponent. An overflow gives an infinity, an underflow a zero of the text's sign.
 *
 * The text is a JSON number, or one with a leading `+` or without digits on one side of the point; it is not checked here.
 */
export function exactFloat32(bytes: Uint8Array, start: number, end: number): number {
  let p = start;
  const negative = bytes[p] === 0x2d;
  if (negative || bytes[p] === 0x2b) p++;

  let digits = '';
  let exponent = 0;
  let pointSeen = false;
  let dropped = false;
  for (; p < end; p++) {
    const c = bytes[p]!;
    if (c === 0x2e) {
      pointSeen = true;
    } else if (c < ZERO || c > NINE) {
      break;
    } else if (digits.length < DECISIVE_DIGITS) {
      if (digits.length > 0 || c !== ZERO) digits += String.fromCharCode(c);
      if (pointSeen) exponent--;
    } else {
      dropped ||= c !== ZERO;
      if (!pointSeen) exponent++;
    }
  }
  if (p < end) exponent += exponentOf(bytes, p + 1, end);
  if (digits === '') return negative ? -0 : 0;
  if (dropped) {
    digits += '1';
    exponent--;
  }
  const magnitude = decimalToFloat32(digits, exponent);
  return negative ? -magnitude : magnitude;
}

/** The whole number after `e`; saturates where every mantissa over- or underflows anyway (texts stay far below 2^31 digits). */
function exponentOf(bytes: Uint8Array, start: number, end: number): number {
  let p = start;
  const negative = bytes[p] === 0x2d;
  if (negative || bytes[p] === 0x2b) p++;
  let value = 0;
  for (; p < end && value < 1e10; p++) value = value * 10 + (bytes[p]! - ZERO);
  return negative ? -value : value;
}

/** digits × 10^exponent, `digits` beginning with a digit other than 0. */
function decimalToFloat32(digits: string, exponent: number): number {
  const magnitude = digits.length + exponent;
  if (magnitude > OVERFLOW_EXPONENT) return Infinity;
  if (magnitude < UNDERFLOW_EXPONENT) return 0;

  let numerator = BigInt(digits);
  let denominator = 1n;
  if (exponent >= 0) numerator *= 10n ** BigInt(exponent);
  else denominator = 10n ** BigInt(-exponent);

  // Scale so that the quotient has 24 or 25 bits, but no bit below 2^-149; then round it by its remainder.
  let binary = bitLength(numerator) - bitLength(denominator) - MANTISSA_BITS;
  if (binary < MIN_EXPONENT) binary = MIN_EXPONENT;
  if (binary >= 0) denominator <<= BigInt(binary);
  else numerator <<= BigInt(-binary);
  let quotient = numerator / denominator;
  let remainder = numerator % denominator;
  if (quotient >> BigInt(MANTISSA_BITS) !== 0n) {
    // 25 bits: the last one belongs to the remainder.
    remainder += (quotient & 1n) * denominator;
    quotient >>= 1n;
    denominator <<= 1n;
    binary++;
  }
  const twice = 2n * remainder;
  if (twice > denominator || (twice === denominator && (quotient & 1n) === 1n)) quotient += 1n;
  if (quotient >> BigInt(MANTISSA_BITS) !== 0n) {
    quotient >>= 1n;
    binary++;
  }
  if (binary > MAX_EXPONENT) return Infinity;
  return Number(quotient) * 2 ** binary;
}

function bitLength(value: bigint): number {
  return value.toString(2).length;
}
