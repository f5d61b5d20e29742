import { fixedListLevels, optionalLevels, structListLevels, type Levels } from './levels.js';
import { bytesOf, PieceReader, type Pieces } from './pieces.js';
import type { PlainTexts } from './row-group.js';

/** 1 MiB: pages end after the row that reaches it. What most writers use; small enough to read a page at a time. */
export const DEFAULT_PAGE_BYTES = 1024 * 1024;

/** A page before compression: levels and PLAIN values. It begins and ends with a record. */
export interface RawPage {
  readonly levels: Levels;
  /** In pieces that follow one another. */
  readonly values: readonly Uint8Array[];
}

/** Pages of `id` or `metadata`. */
export function* textPages(texts: PlainTexts, rows: number, pageBytes: number): Generator<RawPage> {
  const { plain, validity } = texts;
  const view = new DataView(plain.buffer, plain.byteOffset, plain.byteLength);
  let fromRow = 0;
  let from = 0;
  let at = 0;
  for (let r = 0; r < rows; r++) {
    if (validity === undefined || validity[r] !== 0) at += 4 + view.getUint32(at, true);
    if (at - from >= pageBytes || r === rows - 1) {
      yield { levels: optionalLevels(validity, fromRow, r + 1), values: [plain.subarray(from, at)] };
      fromRow = r + 1;
      from = at;
    }
  }
}

/** Rows of `dimension` numbers in a page. */
export function denseRowsPerPage(dimension: number, pageBytes: number): number {
  return Math.max(1, Math.ceil(pageBytes / (dimension * 4)));
}

/** Pages of `values`: the array's own bytes, which are the PLAIN encoding of FLOAT on little-endian machines. */
export function* denseListPages(
  values: Pieces<Float32Array>,
  rows: number,
  dimension: number,
  pageBytes: number,
): Generator<RawPage> {
  const bytes = new PieceReader(bytesOf(values));
  const rowsPerPage = denseRowsPerPage(dimension, pageBytes);
  const fullPage = rows > rowsPerPage ? fullPageLevels(rowsPerPage, dimension) : undefined;
  for (let r = 0; r < rows; r += rowsPerPage) {
    const pageRows = Math.min(rowsPerPage, rows - r);
    const levels = fullPage !== undefined && pageRows === rowsPerPage ? fullPage : fixedListLevels(pageRows, dimension);
    yield { levels, values: bytes.take(pageRows * dimension * 4) };
  }
}

/** Levels of the full pages, the same for all row groups of a run. */
let lastFull: { readonly rows: number; readonly dimension: number; readonly levels: Levels } | undefined;

function fullPageLevels(rows: number, dimension: number): Levels {
  if (lastFull?.rows !== rows || lastFull.dimension !== dimension) {
    lastFull = { rows, dimension, levels: fixedListLevels(rows, dimension) };
  }
  return lastFull.levels;
}

/** Pages of `sparse_values.indices` or `sparse_values.values`: both have entries of 4 bytes, whose own bytes are PLAIN. */
export function* sparseListPages(
  entries: Pieces<Uint32Array | Float32Array>,
  lengths: Uint32Array,
  validity: Uint8Array | undefined,
  rows: number,
  pageBytes: number,
): Generator<RawPage> {
  const bytes = new PieceReader(bytesOf(entries));
  let fromRow = 0;
  let from = 0;
  let at = 0;
  for (let r = 0; r < rows; r++) {
    at += lengths[r]! * 4;
    // Rows without entries take level bytes only; without the second bound a page of them would never end.
    if (at - from >= pageBytes || r - fromRow + 1 >= pageBytes || r === rows - 1) {
      yield { levels: structListLevels(lengths, validity, fromRow, r + 1), values: bytes.take(at - from) };
      fromRow = r + 1;
      from = at;
    }
  }
}
