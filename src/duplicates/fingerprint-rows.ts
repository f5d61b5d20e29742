import type { RecordBatch } from '../records/batch.js';

/**
 * Words of a row, a record with all that is noted of it: id (low, high), vector (low, high), number of its namespace, line, byte offset; the
 * last two are counted from those of its batch.
 */
export const ROW_WORDS = 7;
export const ROW_BYTES = 4 * ROW_WORDS;

/** Where rows go: `room` of them from word `at` on. */
export interface RoomForRows {
  /** Signed, since V8 has quick ways for whole numbers that are. */
  readonly words: Int32Array;
  readonly at: number;
  readonly room: number;
}

/** Where the good rows of a batch lie; they may have been put together by namespace, so the first of them need not come first. */
export interface RowsOrigin {
  /** Where the first one begins. */
  readonly line: number;
  readonly byteOffset: number;
  /** Bytes from there to where the last one begins. */
  readonly spannedBytes: number;
}

/** Undefined where there is no good row. */
export function originOf({ rows, rejected, origin }: RecordBatch): RowsOrigin | undefined {
  const { lines, byteOffsets } = origin;
  let [line, byteOffset, last] = [Infinity, Infinity, 0];
  for (let row = 0; row < rows; row++) {
    if (rejected[row] !== 0) continue;
    line = Math.min(line, lines[row]!);
    byteOffset = Math.min(byteOffset, byteOffsets[row]!);
    last = Math.max(last, byteOffsets[row]!);
  }
  return line === Infinity ? undefined : { line, byteOffset, spannedBytes: last - byteOffset };
}

/**
 * Makes rows of the batch's good ones, beginning with number `from`, as far as there is room.
 *
 * @param numbers of the namespaces, by code
 * @returns the row of the batch to go on with, and how many were made
 */
export function packRows(
  { rows, rejected, fingerprints, origin: { lines, byteOffsets }, namespaces: { codes } }: RecordBatch,
  from: number,
  numbers: Uint32Array,
  first: RowsOrigin,
  { words, at, room }: RoomForRows,
): { readonly next: number; readonly made: number } {
  const ids = signed(fingerprints!.ids);
  const vectors = signed(fingerprints!.vectors);
  const end = at + room * ROW_WORDS;
  let to = at;
  let row = from;
  for (; row < rows && to < end; row++) {
    if (rejected[row] !== 0) continue;
    words[to] = ids[2 * row]!;
    words[to + 1] = ids[2 * row + 1]!;
    words[to + 2] = vectors[2 * row]!;
    words[to + 3] = vectors[2 * row + 1]!;
    words[to + 4] = numbers[codes[row]!]!;
    words[to + 5] = lines[row]! - first.line;
    words[to + 6] = byteOffsets[row]! - first.byteOffset;
    to += ROW_WORDS;
  }
  return { next: row, made: (to - at) / ROW_WORDS };
}

/** The same words, for loops that write or compare them: see RoomForRows. */
export function signed(words: Uint32Array): Int32Array {
  return new Int32Array(words.buffer, words.byteOffset, words.length);
}
