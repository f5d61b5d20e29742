import { totalBytes } from '../base/bytes.js';
import type { RowGroupColumns } from '../parquet/row-group.js';
import { HEADER_BYTES, NO_ROWS, type ChainedRows, type RowTail } from './load-rows.js';
import type { Place, RowLog } from './row-log.js';
import { SECTION_COUNT, toSections } from './row-sections.js';

/**
 * Rows of one row group in the log. What is kept here is the last block's place and the sums alone, however many blocks there are.
 */
export class RowChain implements ChainedRows {
  rows = 0;
  readonly sizes = [...NO_ROWS.sizes];
  last: Place = NO_ROWS.last;

  constructor(private readonly log: RowLog) {}

  /** Appends rows, which are copied. */
  add(tail: RowTail): void {
    const { rows, lengths } = tail;
    let bytes = HEADER_BYTES;
    const starts: number[] = [];
    for (let i = 0; i < SECTION_COUNT; i++) {
      const length = lengths[i]!;
      starts.push(length > 0 ? bytes : -1);
      bytes += length;
      this.sizes[i]! += length;
    }
    const room = this.log.reserve((bytes + 3) & ~3);
    const { integers } = room.memory;
    const header = room.offset / 4;
    integers[header] = this.last.segment;
    integers[header + 1] = this.last.offset;
    integers[header + 2] = this.last.bytes;
    integers[header + 3] = rows;
    for (let i = 0; i < SECTION_COUNT; i++) {
      integers[header + 4 + i] = lengths[i]!;
      if (lengths[i]! > 0) starts[i]! += room.offset;
    }
    this.last = { segment: room.segment, offset: room.offset, bytes: room.bytes };
    this.rows += rows;
    tail.copyTo(room.memory.bytes, starts);
  }
}

/** Columns behind those of a chain. */
export function tailOf(columns: RowGroupColumns): RowTail {
  const sections = toSections(columns);
  return {
    rows: columns.rows,
    lengths: sections.map(totalBytes),
    copyTo: (target, starts) => {
      for (const [i, pieces] of sections.entries()) {
        let at = starts[i]!;
        if (at < 0) continue;
        for (const piece of pieces) {
          target.set(piece, at);
          at += piece.length;
        }
      }
    },
  };
}
