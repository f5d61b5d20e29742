import type { Utf8Column } from '../records/batch.js';
import type { GrowingArray } from './growing-array.js';

/** Texts shorter than this are copied byte by byte, which is quicker than making a view. */
const SHORT_TEXT_BYTES = 96;

/** Appends texts in PLAIN form: length in four bytes, little-endian, then the bytes. */
export function appendTexts(target: GrowingArray<Uint8Array>, column: Utf8Column, from: number, to: number): void {
  const { bytes, offsets, validity, framed } = column;
  if (framed === true) {
    const texts = bytes.subarray(offsets[from], offsets[to]);
    target.reserve(texts.length);
    target.array.set(texts, target.length);
    target.length += texts.length;
    return;
  }
  target.reserve(offsets[to]! - offsets[from]! + 4 * (to - from));
  const out = target.array;
  let at = target.length;
  for (let r = from; r < to; r++) {
    if (validity !== undefined && validity[r] === 0) continue;
    const start = offsets[r]!;
    const end = offsets[r + 1]!;
    const length = end - start;
    out[at] = length;
    out[at + 1] = length >>> 8;
    out[at + 2] = length >>> 16;
    out[at + 3] = length >>> 24;
    at += 4;
    if (length < SHORT_TEXT_BYTES) {
      for (let i = start; i < end; i++) out[at++] = bytes[i]!;
    } else {
      out.set(bytes.subarray(start, end), at);
      at += length;
    }
  }
  target.length = at;
}
