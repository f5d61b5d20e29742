import type { RowGroupColumns } from '../parquet/row-group.js';
import type { VectorKind } from '../records/batch.js';
import { HEADER_BYTES, readHeader } from './block-header.js';
import type { GroupMemory } from './group-memory.js';
import type { BlockSource, Place } from './row-log.js';
import { SECTION_COUNT, fromSections, isValidity } from './row-sections.js';

/** Rows in a log: a chain of blocks, each of which knows the one before it. */
export interface ChainedRows {
  readonly rows: number;
  /** Bytes of each section, all blocks together. */
  readonly sizes: readonly number[];
  /** The last block; of no bytes: there is none. */
  readonly last: Place;
}

export const NO_ROWS: ChainedRows = {
  rows: 0,
  sizes: new Array<number>(SECTION_COUNT).fill(0),
  last: { segment: 0, offset: 0, bytes: 0 },
};

/** Rows that are still to be copied behind others. */
export interface RowTail {
  readonly rows: number;
  /** Bytes of each section. Those of validity: only where a row has no value. */
  readonly lengths: readonly number[];
  /** @param starts in bytes, where each section goes; -1 where there is nothing to copy */
  copyTo(target: Uint8Array, starts: readonly number[]): void;
}

export interface LoadedRows {
  readonly columns: RowGroupColumns;
  /** In which they lie, to be given back. */
  readonly memory: ArrayBufferLike;
}

/**
 * Puts rows together: those of a chain in order, then `tail`.
 *
 * @param groups gives the memory for them
 */
export async function loadRows(
  log: BlockSource,
  { rows: chained, sizes, last }: ChainedRows,
  tail: RowTail | undefined,
  kind: VectorKind,
  groups: Pick<GroupMemory, 'take'>,
): Promise<LoadedRows> {
  const rows = chained + (tail?.rows ?? 0);
  const lengths = new Array<number>(SECTION_COUNT).fill(0);
  /** Where what is still to come of each section ends. */
  const ends = new Array<number>(SECTION_COUNT).fill(0);
  let bytes = 0;
  for (let i = 0; i < SECTION_COUNT; i++) {
    const length = sizes[i]! + (tail === undefined ? 0 : tail.lengths[i]!);
    // A block without nulls brings no validity; its rows count as present.
    lengths[i] = isValidity(i) && length > 0 ? rows : length;
    ends[i] = bytes += lengths[i]!;
  }
  const memory = groups.take(bytes);
  const whole = new Uint8Array(memory);
  for (let i = 0; i < SECTION_COUNT; i++) if (isValidity(i)) whole.fill(1, ends[i]! - lengths[i]!, ends[i]);
  const part = (i: number, length: number, partRows: number): number =>
    isValidity(i) && lengths[i]! > 0 ? partRows : length;
  if (tail !== undefined) {
    const starts = new Array<number>(SECTION_COUNT).fill(-1);
    for (let i = 0; i < SECTION_COUNT; i++) {
      const length = tail.lengths[i]!;
      ends[i]! -= part(i, length, tail.rows);
      if (length > 0) starts[i] = ends[i]!;
    }
    tail.copyTo(whole, starts);
  }
  for (let place = last; place.bytes > 0;) {
    const read = log.read(place);
    const block = read instanceof Uint8Array ? read : await read;
    const header = readHeader(block);
    let at = HEADER_BYTES;
    for (let i = 0; i < SECTION_COUNT; i++) {
      const length = header.lengths[i]!;
      ends[i]! -= part(i, length, header.rows);
      if (length > 0) whole.set(block.subarray(at, at + length), ends[i]);
      at += length;
    }
    log.release(place, block);
    place = header.before;
  }
  return { columns: fromSections(memory, lengths, rows, kind), memory };
}
