import { forgetSnappy, snappy } from './wasm.js';

/** What may be read and written behind the bytes. */
const SPARE_BYTES = 32;
/** So much may stay in use for the next time. */
const KEPT_BYTES = 32 * 1024 * 1024;

/**
 * Undoes Snappy's raw format (google/snappy, format_description.txt) into exactly `size` bytes; undefined when that is not what
 * it is. @param from where the length, which is in front, ends
 */
export function snappyUndo(input: Uint8Array, from: number, size: number): Uint8Array | undefined {
  const module = snappy();
  const at = (module.heapBase() + 15) & ~15;
  const end = at + input.length - from;
  const out = (end + SPARE_BYTES + 15) & ~15;
  module.reserve(out + size + SPARE_BYTES);
  new Uint8Array(module.memory.buffer).set(from === 0 ? input : input.subarray(from), at);
  if (out + size > KEPT_BYTES) forgetSnappy();
  if (module.decompress(at, end, out, out + size) === 0) return undefined;
  return new Uint8Array(module.memory.buffer, out, size).slice();
}
