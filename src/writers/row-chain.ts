import { totalBytes } from '../base/bytes.js';
import type { RowGroupColumns } from '../parquet/row-group.js';
import { HEADER_BYTES, writeHeader } from './block-header.js';
import { NO_ROWS, type ChainedRows, type RowTail } from './load-rows.js';
import type { Place, RowLog } from './row-log.js';
import { SECTION_COUNT, toSections } from './row-sections.js';

/**
 * Rows of one row group in the log. What is kept here is the last block's place and the sums alone, however many blocks there are.
 */
export class RowChain implements ChainedRows {
  rows = 0;
  readonly sizes = [...NO_ROWS.sizes];
  last: Place = NO_ROWS.last;
  /** Private to the language: a message to another thread, which has a log of its own, does not take it along. */
  readonly #log: RowLog;

  constructor(log: RowLog) {
    this.#log = log;
  }

  /** Appends rows, which are copied. */
  add(tail: RowTail): void {
    const { rows, lengths } = tail;
    let bytes = HEADER_BYTES;
    for (let i = 0; i < SECTION_COUNT; i++) {
      bytes += lengths[i]!;
      this.sizes[i]! += lengths[i]!;
    }
    const { segment, offset, bytes: taken, memory } = this.#log.reserve((bytes + 3) & ~3);
    writeHeader(memory.integers, offset / 4, { before: this.last, rows, lengths });
    this.last = { segment, offset, bytes: taken };
    this.rows += rows;
    let at = offset + HEADER_BYTES;
    const starts = lengths.map((length) => (length > 0 ? (at += length) - length : -1));
    tail.copyTo(memory.bytes, starts);
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
