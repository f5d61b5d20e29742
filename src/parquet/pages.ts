import { fixedListLevels, optionalLevels, structListLevels, type Levels } from './levels.js';
import type { PlainTexts } from './row-group.js';

/** 1 MiB: pages end after the row that reaches it. What most writers use; small enough to read a page at a time. */
export const DEFAULT_PAGE_BYTES = 1024 * 1024;

/** A page before compression: levels and PLAIN values. It begins and ends with a record. */
export interface RawPage {
  readonly levels: Levels;
  readonly values: Uint8Array;
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
      yield { levels: optionalLevels(validity, fromRow, r + 1), values: plain.subarray(from, at) };
      fromRow = r + 1;
      from = at;
    }
  }
}

/** Pages of `values`: the array's own bytes, which are the PLAIN encoding of FLOAT on little-endian machines. */
export function* denseListPages(
  values: Float32Array,
  rows: number,
  dimension: number,
  pageBytes: number,
): Generator<RawPage> {
  const rowBytes = dimension * 4;
  const bytes = new Uint8Array(values.buffer, values.byteOffset, rows * rowBytes);
  const rowsPerPage = Math.max(1, Math.ceil(pageBytes / rowBytes));
  const fullPage = rows > rowsPerPage ? fixedListLevels(rowsPerPage, dimension) : undefined;
  for (let r = 0; r < rows; r += rowsPerPage) {
    const pageRows = Math.min(rowsPerPage, rows - r);
    const levels = fullPage !== undefined && pageRows === rowsPerPage ? fullPage : fixedListLevels(pageRows, dimension);
    yield { levels, values: bytes.subarray(r * rowBytes, (r + pageRows) * rowBytes) };
  }
}

/** Pages of `sparse_values.indices` or `sparse_values.values`: both have entries of 4 bytes, whose own bytes are PLAIN. */
export function* sparseListPages(
  entries: Uint32Array | Float32Array,
  lengths: Uint32Array,
  validity: Uint8Array | undefined,
  rows: number,
  pageBytes: number,
): Generator<RawPage> {
  const bytes = new Uint8Array(entries.buffer, entries.byteOffset, entries.byteLength);
  let fromRow = 0;
  let from = 0;
  let at = 0;
  for (let r = 0; r < rows; r++) {
    at += lengths[r]! * 4;
    // Rows without entries take level bytes only; without the second bound a page of them would never end.
    if (at - from >= pageBytes || r - fromRow + 1 >= pageBytes || r === rows - 1) {
      yield { levels: structListLevels(lengths, validity, fromRow, r + 1), values: bytes.subarray(from, at) };
      fromRow = r + 1;
      from = at;
    }
  }
}
