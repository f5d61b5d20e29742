/** Seeded random numbers, so that the same command makes the same bytes on every machine. */

/**
 * sfc32 (Chris Doty-Humphrey's Small Fast Counter), 32 bits a call.
 *
 * @param {number} seed any 32-bit integer
 * @returns {() => number} integers in 0 … 2³² − 1
 */
export function randomBits(seed) {
  let a = 0x9e3779b9;
  let b = 0x243f6a88;
  let c = seed | 0;
  let counter = 1;
  const next = () => {
    const sum = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = ((c << 21) | (c >>> 11)) + sum;
    c |= 0;
    return sum >>> 0;
  };
  for (let i = 0; i < 16; i++) next(); // the seed reaches every bit of the state
  return next;
}

/**
 * About normally distributed: the sum of four uniform numbers (Irwin–Hall), which is what an embedding's floats look like.
 *
 * @param {() => number} bits
 * @param {number} deviation standard deviation
 */
export function nearNormal(bits, deviation) {
  const sum = bits() + bits() + bits() + bits();
  return (sum / 2 ** 32 - 2) * Math.sqrt(3) * deviation;
}
