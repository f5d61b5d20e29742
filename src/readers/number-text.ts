/**
 * Where the number that begins at `start` ends; -1 when there is none. More is taken than JSON allows, since numbers in cells come
 * from many hands: a leading `+`, `1.` (as numpy prints it), `.5`, leading zeros.
 */
export function numberTextEnd(bytes: Uint8Array, start: number, end: number): number {
  let p = start;
  if (p < end && (bytes[p] === 0x2d || bytes[p] === 0x2b)) p++;
  const whole = p;
  p = digitsEnd(bytes, p, end);
  let digits = p - whole;
  if (p < end && bytes[p] === 0x2e) {
    const fraction = p + 1;
    p = digitsEnd(bytes, fraction, end);
    digits += p - fraction;
  }
  if (digits === 0) return -1;
  if (p < end && (bytes[p] === 0x65 || bytes[p] === 0x45)) {
    p++;
    if (p < end && (bytes[p] === 0x2d || bytes[p] === 0x2b)) p++;
    const exponent = p;
    p = digitsEnd(bytes, p, end);
    if (p === exponent) return -1;
  }
  return p;
}

function digitsEnd(bytes: Uint8Array, start: number, end: number): number {
  let p = start;
  while (p < end && (bytes[p]! - 0x30) >>> 0 <= 9) p++;
  return p;
}

const NON_FINITE = /^[+-]?(nan|inf|infinity)$/i;

/** Is `bytes[start … end)` one of the spellings of NaN or an infinity? */
export function isNonFiniteText(bytes: Uint8Array, start: number, end: number): boolean {
  if (end - start > 9) return false;
  return NON_FINITE.test(String.fromCharCode(...bytes.subarray(start, end)));
}

/** White space of JSON, which is also what separates numbers in a cell. */
export function isSpace(c: number): boolean {
  return c === 0x20 || c === 0x09 || c === 0x0a || c === 0x0d;
}
