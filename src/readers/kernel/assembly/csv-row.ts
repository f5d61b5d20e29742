import * as code from './codes';
import { PADDING, scratchEnd, setScratchEnd } from './columns';
import { FIELD_BYTES, fieldEnd, fieldFlags, fieldStart, setField, TEXT } from './field';
import { delimiter, fieldCount, fields } from './settings';

/**
 * Finds the cells of CSV rows, strictly by RFC 4180: a quote opens a cell only as its first byte, is doubled inside, and behind the
 * closing one comes a delimiter or the line's end. Both LF and CRLF end a row.
 */

/** The cell holds doubled quotes, and stands in the input still. */
const DOUBLED: u32 = 1;

/** Cells of the row; all are counted, those with a place kept. */
export let cells: u32 = 0;
/** A breach of the rules, 0 for none, the cell that it is in, and what should have been there. */
export let breachAt: usize = 0;
export let breachCell: u32 = 0;
export let breachExpected: u32 = 0;
/** Line feeds in the row but its last one. */
export let innerLines: u32 = 0;
/** There may be a character beyond ASCII in the row. */
export let nonAscii: bool = false;
/** A quote is open at the end of the input, so that the row has not ended there. */
export let unclosed: bool = false;
/** A breach is enough to know: nobody asks where the broken row ends. */
let trying: bool = false;

/** Finds the cells of the row at `start`. Returns the position of the line feed that ends it, at `end` at the latest. */
export function scanRow(start: usize, end: usize): usize {
  cells = 0;
  breachAt = 0;
  innerLines = 0;
  unclosed = false;
  const quote = i8x16.splat(0x22);
  const feed = i8x16.splat(0x0a);
  const between = i8x16.splat(delimiter as i8);
  let seen = i8x16.splat(0);
  let place = fields;
  let p = start;
  while (true) {
    let from = p;
    let to: usize;
    let flags: u32 = 0;
    const quoted = load<u8>(p) == 0x22;
    if (quoted) {
      from = ++p;
      // To the closing quote.
      while (true) {
        const bytes = v128.load(p);
        seen = v128.or(seen, bytes);
        const quotes = i8x16.bitmask(i8x16.eq(bytes, quote));
        let feeds = i8x16.bitmask(i8x16.eq(bytes, feed));
        if (quotes == 0) {
          innerLines += popcnt(feeds);
          p += 16;
          if (p >= end) return breach(start, end, end, cells, code.EXPECT_QUOTE_CLOSED);
          continue;
        }
        const at = ctz(quotes);
        innerLines += popcnt(feeds & ((1 << at) - 1));
        p += at as usize;
        if (p >= end) return breach(start, end, end, cells, code.EXPECT_QUOTE_CLOSED);
        if (load<u8>(p, 1) != 0x22) break;
        flags = DOUBLED;
        p += 2;
      }
      to = p++;
    } else {
      while (true) {
        const bytes = v128.load(p);
        seen = v128.or(seen, bytes);
        // What ends a cell without quotes: LF, CR, a quote, the delimiter. CR and LF are few enough to look at all below 0x0e.
        const stops = i8x16.bitmask(
          v128.or(
            v128.or(i8x16.eq(bytes, quote), i8x16.eq(bytes, between)),
            v128.or(i8x16.eq(bytes, feed), i8x16.eq(bytes, i8x16.splat(0x0d))),
          ),
        );
        if (stops != 0) {
          p += ctz(stops) as usize;
          break;
        }
        p += 16;
      }
      to = p;
      if (load<u8>(p) == 0x22) return breach(start, end, p, cells, code.EXPECT_NO_QUOTE);
    }
    if (cells < fieldCount) {
      setField(place, from, to, TEXT, flags);
      place += FIELD_BYTES;
    }
    cells++;
    const c: u32 = load<u8>(p);
    if (c == delimiter) {
      p++;
    } else if (c == 0x0a) {
      nonAscii = i8x16.bitmask(seen) != 0;
      return p;
    } else if (c == 0x0d && load<u8>(p, 1) == 0x0a) {
      nonAscii = i8x16.bitmask(seen) != 0;
      return p + 1;
    } else {
      return breach(start, end, p, cells - 1, quoted ? code.EXPECT_DELIMITER : code.EXPECT_LINE_FEED);
    }
  }
}

/**
 * Where a broken row ends: at the line feed before which the quotes are even, as the chunker has it, so that what follows does not
 * depend on where chunks were cut.
 */
function breach(start: usize, end: usize, at: usize, cell: u32, expected: u32): usize {
  breachAt = at;
  breachCell = cell;
  breachExpected = expected;
  innerLines = 0;
  if (trying) return at;
  let open = false;
  for (let p = start; p < end; p++) {
    const c = load<u8>(p);
    if (c == 0x22) {
      open = !open;
    } else if (c == 0x0a) {
      if (!open) return p;
      innerLines++;
    }
  }
  unclosed = open;
  return end;
}

/**
 * Where a row seems to begin at or behind `from`: behind a line feed, if what follows is a whole row that breaks no rule and has as many
 * cells as there are columns, and so has the next row, if it is there. That may be wrong, inside of a quoted cell: whether it is right can
 * only be told by who knows where the row before ends. Looks at as many bytes as there are between `from` and `to` and gives up.
 *
 * @returns its address; 0 for none that begins before `to`
 */
export function findRow(from: usize, to: usize, end: usize): usize {
  const feed = i8x16.splat(0x0a);
  let left = (to - from) as isize;
  trying = true;
  let found: usize = 0;
  for (let p = from; p < to && left > 0; ) {
    const feeds = i8x16.bitmask(i8x16.eq(v128.load(p), feed));
    if (feeds == 0) {
      p += 16;
      left -= 16;
      continue;
    }
    p += (ctz(feeds) as usize) + 1;
    if (p >= to) break;
    const first = scanRow(p, end);
    left -= (first - p) as isize;
    if (first >= end || breachAt != 0 || cells != fieldCount) continue;
    const second = scanRow(first + 1, end);
    left -= (second - first) as isize;
    if (second < end && (breachAt != 0 || cells != fieldCount)) continue;
    found = p;
    break;
  }
  trying = false;
  return found;
}

/** Takes doubled quotes out of a cell: from then on its text stands elsewhere. */
export function plainCell(cell: usize): void {
  if (fieldFlags(cell) != DOUBLED) return;
  const quote = i8x16.splat(0x22);
  const text = scratchEnd;
  let out = text;
  let p = fieldStart(cell);
  const end = fieldEnd(cell);
  while (p < end) {
    const bytes = v128.load(p);
    v128.store(out, bytes);
    const quotes = i8x16.bitmask(i8x16.eq(bytes, quote));
    if (quotes == 0) {
      p += 16;
      out += 16;
      continue;
    }
    // The first of two quotes was written; the second is passed over. The quote at the end is not one of two.
    const at = ctz(quotes) as usize;
    if (p + at >= end) break;
    p += at + 2;
    out += at + 1;
  }
  // Blocks take no heed of the end.
  out = p < end ? out + (end - p) : out - (p - end);
  setScratchEnd(out + PADDING);
  setField(cell, text, out, TEXT, 0);
}
