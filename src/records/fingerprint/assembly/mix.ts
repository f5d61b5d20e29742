/** Odd numbers without a pattern: fractional parts of square roots of primes. */
export const K1: u64 = 0x6a09e667f3bcc909;
export const K2: u64 = 0xbb67ae8584caa73b;
export const K3: u64 = 0x3c6ef372fe94f82b;
export const K4: u64 = 0xa54ff53a5f1d36f1;

/** Every bit of the result depends on every bit of `x`, and no two have the same result. */
// @ts-ignore: decorator
@inline
export function mix(x: u64): u64 {
  x = (x ^ (x >> 32)) * K2;
  x = (x ^ (x >> 29)) * K3;
  return x ^ (x >> 32);
}
