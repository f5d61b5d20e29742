/**
 * The float32 nearest to a decimal, by comparing exact rationals: a candidate and its neighbours, whichever is closest. Shares
 * no step with the code under test, which divides.
 */
export function nearestFloat32(text: string): number {
  const { negative, numerator, denominator } = rational(text);
  let low = 0;
  let high = 0x7f800000;
  // Greatest float32 (by bit pattern, which orders them) that is not above the magnitude.
  while (high - low > 1) {
    const middle = (low + high) >>> 1;
    if (compare(middle, numerator, denominator) <= 0) low = middle;
    else high = middle;
  }
  // Twice the magnitude against the sum of both neighbours, the one past the greatest being 2^128.
  const sum = scaled(low) + scaled(high);
  const twice = 2n * numerator * SCALE;
  const order = twice - sum * denominator;
  const bits = order > 0n || (order === 0n && low % 2 === 1) ? high : low;
  const magnitude = fromBits(bits);
  return negative ? -magnitude : magnitude;
}

const SCALE = 1n << 149n;

export function fromBits(bits: number): number {
  const view = new DataView(new ArrayBuffer(4));
  view.setUint32(0, bits);
  return view.getFloat32(0);
}

/** The value of a bit pattern times 2^149, exactly; 2^128 for infinity. */
export function scaled(bits: number): bigint {
  const exponent = bits >>> 23;
  const fraction = BigInt(bits & 0x7fffff);
  return exponent === 0 ? fraction : (fraction | 0x800000n) << BigInt(exponent - 1);
}

function compare(bits: number, numerator: bigint, denominator: bigint): number {
  const difference = scaled(bits) * denominator - numerator * SCALE;
  return difference < 0n ? -1 : difference > 0n ? 1 : 0;
}

function rational(text: string): { negative: boolean; numerator: bigint; denominator: bigint } {
  const match = /^([+-]?)(\d*)\.?(\d*)(?:[eE]([+-]?\d+))?$/.exec(text);
  if (match === null) throw new Error(`no decimal: ${text}`);
  const [, sign, whole, fraction, exponent] = match;
  const power = Number(exponent ?? 0) - fraction!.length;
  const digits = BigInt(whole! + fraction!);
  return {
    negative: sign === '-',
    numerator: power > 0 ? digits * 10n ** BigInt(power) : digits,
    denominator: power < 0 ? 10n ** BigInt(-power) : 1n,
  };
}

/** Exact decimal text of n / 2^149 (n ≥ 0). */
export function decimalOf(n: bigint, shift = 149): string {
  const digits = (n * 5n ** BigInt(shift)).toString().padStart(shift + 1, '0');
  return `${digits.slice(0, -shift)}.${digits.slice(-shift)}`;
}
