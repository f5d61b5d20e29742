import { snappy } from './wasm.js';

/** Pieces that follow one another in Snappy's raw format: the same bytes on every machine, however the pieces are cut. */
export function snappyCompress(pieces: readonly Uint8Array[]): Uint8Array {
  const module = snappy();
  const source = (module.heapBase() + 15) & ~15;
  let length = 0;
  for (const piece of pieces) length += piece.length;
  const out = source + length;
  module.reserve(out + module.mostBytes(length));
  const bytes = new Uint8Array(module.memory.buffer);
  let at = source;
  for (const piece of pieces) {
    bytes.set(piece, at);
    at += piece.length;
  }
  return bytes.slice(out, out + module.compress(source, length, out));
}
