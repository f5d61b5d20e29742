import type { Place } from './row-log.js';
import { SECTION_COUNT } from './row-sections.js';

/** What stands before the sections of a block in the log, in numbers of four bytes: see `writeHeader`. */
export interface BlockHeader {
  /** The block before; of no bytes: there is none. */
  readonly before: Place;
  readonly rows: number;
  /** Bytes of each section. */
  readonly lengths: ArrayLike<number>;
}

const LENGTHS_AT = 4;
const HEADER_NUMBERS = LENGTHS_AT + SECTION_COUNT;
export const HEADER_BYTES = HEADER_NUMBERS * 4;

/** @param at in numbers */
export function writeHeader(target: Uint32Array, at: number, { before, rows, lengths }: BlockHeader): void {
  target[at] = before.segment;
  target[at + 1] = before.offset;
  target[at + 2] = before.bytes;
  target[at + 3] = rows;
  for (let i = 0; i < SECTION_COUNT; i++) target[at + LENGTHS_AT + i] = lengths[i]!;
}

/** @param block on a multiple of four bytes or not */
export function readHeader(block: Uint8Array): BlockHeader {
  const numbers = new Uint32Array(HEADER_NUMBERS);
  new Uint8Array(numbers.buffer).set(block.subarray(0, HEADER_BYTES));
  return {
    before: { segment: numbers[0]!, offset: numbers[1]!, bytes: numbers[2]! },
    rows: numbers[3]!,
    lengths: numbers.subarray(LENGTHS_AT),
  };
}
