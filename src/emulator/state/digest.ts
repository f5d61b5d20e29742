import { hash } from 'node:crypto';

/** First 64 bits of the SHA-1 of some bytes, as two unsigned 32-bit words. Speed, not secrecy, is what it is for. */
export function digest(data: Uint8Array | string): { readonly high: number; readonly low: number } {
  const bytes = hash('sha1', data, 'buffer');
  return { high: bytes.readUInt32LE(0), low: bytes.readUInt32LE(4) };
}
