import { totalBytes } from '../base/bytes.js';
import type { RowGroupColumns } from '../parquet/row-group.js';
import type { VectorKind } from '../records/batch.js';
import type { Place, Room, RowLog } from './row-log.js';
import { SECTION_COUNT, fromSections, isValidity, toSections } from './row-sections.js';

/** Header of a block: place of the block before (no bytes: there is none), rows, length of each section; numbers of four bytes. */
const HEADER_NUMBERS = 4 + SECTION_COUNT;
const HEADER_BYTES = HEADER_NUMBERS * 4;

/**
 * Rows of one row group in the log: a chain of blocks, each of which knows the one before it. What is kept here is the last
 * block's place and the sums alone, however many blocks there are.
 */
export class RowChain {
  #rows = 0;
  readonly #sizes = new Array<number>(SECTION_COUNT).fill(0);
  #last: Place = { segment: 0, offset: 0, bytes: 0 };

  constructor(
    private readonly log: RowLog,
    private readonly kind: VectorKind,
  ) {}

  /** Appends rows, which are copied. Returns the bytes they take. */
  add(columns: RowGroupColumns): number {
    const sections = toSections(columns);
    const room = this.reserve(columns.rows, sections.map(totalBytes));
    let at = room.offset + HEADER_BYTES;
    for (const piece of sections.flat()) {
      room.memory.bytes.set(piece, at);
      at += piece.length;
    }
    return room.bytes;
  }

  /** Room for a block of rows: the sections follow one another from `sectionsOf(room)` on. To be filled before anything is awaited. */
  reserve(rows: number, lengths: readonly number[]): Room {
    let bytes = HEADER_BYTES;
    lengths.forEach((length, i) => {
      bytes += length;
      this.#sizes[i]! += length;
    });
    const room = this.log.reserve((bytes + 3) & ~3);
    const { integers } = room.memory;
    const { segment, offset, bytes: before } = this.#last;
    const header = room.offset / 4;
    integers[header] = segment;
    integers[header + 1] = offset;
    integers[header + 2] = before;
    integers[header + 3] = rows;
    for (let i = 0; i < SECTION_COUNT; i++) integers[header + 4 + i] = lengths[i]!;
    this.#last = { segment: room.segment, offset: room.offset, bytes: room.bytes };
    this.#rows += rows;
    return room;
  }

  /** All rows in order, `tail` after those of the chain, which is empty afterwards. @param take gives the memory for them */
  async load(tail: RowGroupColumns | undefined, take: (bytes: number) => ArrayBufferLike): Promise<RowGroupColumns> {
    const rows = this.#rows + (tail?.rows ?? 0);
    const tailSections = tail === undefined ? undefined : toSections(tail);
    const lengths = this.#sizes.map((size, i) => {
      const total = size + (tailSections === undefined ? 0 : totalBytes(tailSections[i]!));
      // A block without nulls brings no validity; its rows count as present.
      return isValidity(i) && total > 0 ? rows : total;
    });
    const memory = take(lengths.reduce((sum, length) => sum + length, 0));
    const whole = new Uint8Array(memory);
    /** Where what is still to come of each section ends. */
    const ends: number[] = [];
    let end = 0;
    for (const [i, length] of lengths.entries()) {
      ends.push((end += length));
      if (isValidity(i)) whole.fill(1, end - length, end);
    }
    if (tail !== undefined) {
      tailSections!.forEach((section, i) => {
        ends[i]! -= isValidity(i) && lengths[i]! > 0 ? tail.rows : totalBytes(section);
        let at = ends[i]!;
        for (const piece of section) {
          whole.set(piece, at);
          at += piece.length;
        }
      });
    }
    for (let place = this.#last; place.bytes > 0;) {
      const read = this.log.read(place);
      const block = read instanceof Uint8Array ? read : await read;
      const header = new DataView(block.buffer, block.byteOffset, HEADER_BYTES);
      const number = (i: number): number => header.getUint32(i * 4, true);
      const blockRows = number(3);
      let at = HEADER_BYTES;
      for (let i = 0; i < SECTION_COUNT; i++) {
        const length = number(4 + i);
        ends[i]! -= isValidity(i) && lengths[i]! > 0 ? blockRows : length;
        if (length > 0) whole.set(block.subarray(at, at + length), ends[i]);
        at += length;
      }
      const before = { segment: number(0), offset: number(1), bytes: number(2) };
      this.log.release(place);
      place = before;
    }
    this.#last = { segment: 0, offset: 0, bytes: 0 };
    return fromSections(memory, lengths, rows, this.kind);
  }
}

/** Where the sections of a block begin, in bytes of its segment; a multiple of four. */
export const sectionsOf = (room: Room): number => room.offset + HEADER_BYTES;
