import type { Utf8Column } from '../records/batch.js';
import type { GrowingArray } from './growing-array.js';

/** Texts shorter than this are copied byte by byte, which is quicker than making a view. */
const SHORT_TEXT_BYTES = 96;

/** The most that rows `from … to` take in PLAIN form. */
export function plainBytes({ offsets, framed }: Utf8Column, from: number, to: number): number {
  return offsets[to]! - offsets[from]! + (framed === true ? 0 : 4 * (to - from));
}

/** Appends texts in PLAIN form: length in four bytes, little-endian, then the bytes. */
export function appendTexts(target: GrowingArray<Uint8Array>, column: Utf8Column, from: number, to: number): void {
  target.reserve(plainBytes(column, from, to));
  target.length = copyTexts(target.array, target.length, column, from, to);
}

/**
 * Copies texts in PLAIN form. Returns the place behind them.
 *
 * @param ends takes, from `firstEnd` on, the place of the first text and those behind each of them
 */
export function copyTexts(
  out: Uint8Array,
  place: number,
  column: Utf8Column,
  from: number,
  to: number,
  ends?: Uint32Array,
  firstEnd = 0,
): number {
  const { bytes, offsets, validity, framed } = column;
  let at = place;
  if (framed === true) {
    const texts = bytes.subarray(offsets[from], offsets[to]);
    out.set(texts, at);
    if (ends !== undefined) {
      const shift = place - offsets[from]!;
      for (let r = from; r <= to; r++) ends[firstEnd + r - from] = offsets[r]! + shift;
    }
    return at + texts.length;
  }
  if (ends !== undefined) ends[firstEnd] = at;
  for (let r = from; r < to; r++) {
    if (validity === undefined || validity[r] !== 0) {
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
    if (ends !== undefined) ends[firstEnd + r + 1 - from] = at;
  }
  return at;
}
