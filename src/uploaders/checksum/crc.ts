import { crcModule } from './wasm.js';

/**
 * The checksums that object stores keep of whole objects and that can be put together from those of parts. Both begin with all bits
 * set and end inverted.
 *
 * - `crc64nvme`: S3's own, and Azure's "CRC64", which has the same polynomial
 * - `crc32c`: Google Cloud Storage's
 */
export type CrcName = 'crc64nvme' | 'crc32c';

/** Bits of the checksum, and its generator with the bits in the order of the stream (the highest power is the lowest bit). */
const KINDS = {
  crc64nvme: { bits: 64, generator: 0x9a6c9329ac4bc9b5n },
  crc32c: { bits: 32, generator: 0x82f63b78n },
} as const;

/** The checksum of bytes that come one after the other. */
export class Crc {
  /** Bytes taken so far. */
  length = 0;
  #crc64 = 0xffff_ffff_ffff_ffffn;
  #crc32 = 0xffff_ffff;

  constructor(readonly name: CrcName) {}

  update(bytes: Uint8Array): void {
    Crc.updateAll([this], bytes);
  }

  /** Takes the same bytes into several checksums, which are copied for it once. */
  static updateAll(crcs: readonly Crc[], bytes: Uint8Array): void {
    if (crcs.length === 0) return;
    const { block } = crcModule();
    for (let at = 0; at < bytes.length; at += block.length) {
      const piece = bytes.subarray(at, at + block.length);
      block.set(piece);
      for (const crc of crcs) crc.#goOn(piece.length);
    }
  }

  /** Over so many bytes of the block. */
  #goOn(length: number): void {
    const { crc64, crc32c } = crcModule();
    if (this.name === 'crc64nvme') this.#crc64 = crc64(this.#crc64, length);
    else this.#crc32 = crc32c(this.#crc32, length);
    this.length += length;
  }

  /** Lower-case hex, most significant byte first. */
  hex(): string {
    if (this.name === 'crc64nvme') return BigInt.asUintN(64, ~this.#crc64).toString(16).padStart(16, '0');
    return (~this.#crc32 >>> 0).toString(16).padStart(8, '0');
  }
}

/** The checksum of no bytes at all. */
export function emptyCrc(name: CrcName): string {
  return ''.padStart(KINDS[name].bits / 4, '0');
}

/**
 * The checksum of one piece of bytes followed by another, from those of both. Shifting a checksum by n bytes is multiplying it by
 * x^(8n) modulo the generator, and the rest is addition.
 *
 * @param length of the second piece, in bytes
 */
export function joinCrc(name: CrcName, first: string, second: string, length: number): string {
  const { bits } = KINDS[name];
  const joined = multiply(name, BigInt(`0x${first}`), shiftBy(name, length)) ^ BigInt(`0x${second}`);
  return joined.toString(16).padStart(bits / 4, '0');
}

/** x^(8 length); the parts of an object have one length, so the last one asked for is kept. */
function shiftBy(name: CrcName, length: number): bigint {
  const kept = lastShift.get(name);
  if (kept?.length === length) return kept.factor;
  const { bits } = KINDS[name];
  const one = 1n << BigInt(bits - 1);
  let factor = one;
  let power = one >> 8n;
  for (let rest = BigInt(length); rest > 0n; rest >>= 1n) {
    if (rest & 1n) factor = multiply(name, factor, power);
    power = multiply(name, power, power);
  }
  lastShift.set(name, { length, factor });
  return factor;
}

const lastShift = new Map<CrcName, { readonly length: number; readonly factor: bigint }>();

/** The product of two polynomials modulo the generator, bits in the order of the stream. */
function multiply(name: CrcName, a: bigint, b: bigint): bigint {
  const { bits, generator } = KINDS[name];
  let product = 0n;
  for (let bit = 1n << BigInt(bits - 1); bit > 0n; bit >>= 1n) {
    if (a & bit) product ^= b;
    b = b & 1n ? (b >> 1n) ^ generator : b >> 1n;
  }
  return product;
}

/** Hex to base64, as S3 and GCS write checksums in headers: most significant byte first. */
export function base64OfHex(hex: string): string {
  return Buffer.from(hex, 'hex').toString('base64');
}

/** Base64 to hex; undefined for anything that is not a checksum of so many bytes, such as S3's checksums of checksums (`…-3`). */
export function hexOfBase64(text: string | undefined, bytes: number): string | undefined {
  if (text === undefined || !/^[A-Za-z0-9+/]+={0,2}$/.test(text)) return undefined;
  const decoded = Buffer.from(text, 'base64');
  return decoded.length === bytes ? decoded.toString('hex') : undefined;
}
