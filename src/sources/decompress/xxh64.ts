/**
 * XXH64 with seed 0, of which a Zstandard frame keeps the low 32 bits (RFC 8878, section 3.1.1). JavaScript has no 64-bit
 * integers that are quick, so every number is a pair of 32-bit halves; a product of two is put together from 16-bit parts.
 */

const P1_HI = 0x9e3779b1;
const P1_LO = 0x85ebca87;
const P2_HI = 0xc2b2ae3d;
const P2_LO = 0x27d4eb4f;
const P3_HI = 0x165667b1;
const P3_LO = 0x9e3779f9;
const P4_HI = 0x85ebca77;
const P4_LO = 0xc2b2ae63;
const P5_HI = 0x27d4eb2f;
const P5_LO = 0x165667c5;

const STRIPE = 32;

/** High half of the product of two unsigned 32-bit numbers. */
function mulHigh(a: number, b: number): number {
  const a0 = a & 0xffff;
  const a1 = a >>> 16;
  const b0 = b & 0xffff;
  const b1 = b >>> 16;
  const p01 = Math.imul(a0, b1);
  const p10 = Math.imul(a1, b0);
  const mid = (Math.imul(a0, b0) >>> 16) + (p01 & 0xffff) + (p10 & 0xffff);
  return (Math.imul(a1, b1) + (p01 >>> 16) + (p10 >>> 16) + (mid >>> 16)) | 0;
}

/** Takes bytes as they come; `digestLow32` may be asked once, at the end. */
export class Xxh64 {
  /** The four accumulators, low and high half in turn. */
  readonly #acc = new Int32Array(8);
  readonly #tail = new Uint8Array(STRIPE);
  #tailLength = 0;
  #total = 0;

  constructor() {
    // acc1 = P1 + P2, acc2 = P2, acc3 = 0, acc4 = -P1, all mod 2^64.
    const sum = (P1_LO + P2_LO) >>> 0;
    this.#acc.set([sum, P1_HI + P2_HI + (sum < P1_LO ? 1 : 0), P2_LO, P2_HI, 0, 0, -P1_LO, ~P1_HI]);
  }

  update(bytes: Uint8Array): void {
    let from = 0;
    this.#total += bytes.length;
    if (this.#tailLength > 0) {
      from = Math.min(STRIPE - this.#tailLength, bytes.length);
      this.#tail.set(bytes.subarray(0, from), this.#tailLength);
      this.#tailLength += from;
      if (this.#tailLength < STRIPE) return;
      this.#stripes(this.#tail, 0, STRIPE);
      this.#tailLength = 0;
    }
    const whole = from + Math.floor((bytes.length - from) / STRIPE) * STRIPE;
    if (whole > from) this.#stripes(bytes, from, whole);
    if (whole < bytes.length) {
      this.#tail.set(bytes.subarray(whole));
      this.#tailLength = bytes.length - whole;
    }
  }

  /** Each lane: acc = rotl(acc + lane * P2, 31) * P1. */
  #stripes(b: Uint8Array, from: number, to: number): void {
    for (let lane = 0; lane < 4; lane++) {
      let lo = this.#acc[2 * lane]!;
      let hi = this.#acc[2 * lane + 1]!;
      for (let i = from + 8 * lane; i < to; i += STRIPE) {
        const inLo = b[i]! | (b[i + 1]! << 8) | (b[i + 2]! << 16) | (b[i + 3]! << 24);
        const inHi = b[i + 4]! | (b[i + 5]! << 8) | (b[i + 6]! << 16) | (b[i + 7]! << 24);
        const addLo = Math.imul(inLo, P2_LO);
        const addHi = (mulHigh(inLo, P2_LO) + Math.imul(inLo, P2_HI) + Math.imul(inHi, P2_LO)) | 0;
        const sumLo = (lo + addLo) | 0;
        const sumHi = (hi + addHi + (sumLo >>> 0 < addLo >>> 0 ? 1 : 0)) | 0;
        const rotLo = (sumLo << 31) | (sumHi >>> 1);
        const rotHi = (sumHi << 31) | (sumLo >>> 1);
        lo = Math.imul(rotLo, P1_LO);
        hi = (mulHigh(rotLo, P1_LO) + Math.imul(rotLo, P1_HI) + Math.imul(rotHi, P1_LO)) | 0;
      }
      this.#acc[2 * lane] = lo;
      this.#acc[2 * lane + 1] = hi;
    }
  }

  /** The low 32 bits of the hash. The end is short, so it is written for the reader and not for speed. */
  digestLow32(): number {
    const mask = (1n << 64n) - 1n;
    const big = (hi: number, lo: number): bigint => (BigInt(hi >>> 0) << 32n) | BigInt(lo >>> 0);
    const rotl = (x: bigint, r: bigint): bigint => ((x << r) | (x >> (64n - r))) & mask;
    const [p1, p2, p3] = [big(P1_HI, P1_LO), big(P2_HI, P2_LO), big(P3_HI, P3_LO)];
    const [p4, p5] = [big(P4_HI, P4_LO), big(P5_HI, P5_LO)];
    const round = (acc: bigint, lane: bigint): bigint => (rotl((acc + lane * p2) & mask, 31n) * p1) & mask;

    let hash = p5;
    if (this.#total >= STRIPE) {
      const acc = [0, 2, 4, 6].map((i) => big(this.#acc[i + 1]!, this.#acc[i]!));
      hash = (rotl(acc[0]!, 1n) + rotl(acc[1]!, 7n) + rotl(acc[2]!, 12n) + rotl(acc[3]!, 18n)) & mask;
      for (const a of acc) hash = ((hash ^ round(0n, a)) * p1 + p4) & mask;
    }
    hash = (hash + BigInt(this.#total)) & mask;
    const tail = new DataView(this.#tail.buffer, 0, this.#tailLength);
    let i = 0;
    for (; i + 8 <= this.#tailLength; i += 8) {
      hash = (rotl(hash ^ round(0n, tail.getBigUint64(i, true)), 27n) * p1 + p4) & mask;
    }
    for (; i + 4 <= this.#tailLength; i += 4) {
      hash = (rotl(hash ^ ((BigInt(tail.getUint32(i, true)) * p1) & mask), 23n) * p2 + p3) & mask;
    }
    for (; i < this.#tailLength; i++) {
      hash = (rotl(hash ^ ((BigInt(tail.getUint8(i)) * p5) & mask), 11n) * p1) & mask;
    }
    hash = ((hash ^ (hash >> 33n)) * p2) & mask;
    hash = ((hash ^ (hash >> 29n)) * p3) & mask;
    hash ^= hash >> 32n;
    return Number(hash & 0xffffffffn);
  }
}
