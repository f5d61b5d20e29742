import type { Utf8Column } from '../records/batch.js';
import type { Pieces } from './pieces.js';

/**
 * Texts in Parquet's PLAIN encoding of BYTE_ARRAY: for every present value its length as 4 bytes little-endian, then its
 * bytes. Null rows take no bytes.
 */
export interface PlainTexts {
  readonly plain: Uint8Array;
  /** One byte a row, 1 = present, 0 = null. Absent: every row is present. */
  readonly validity?: Uint8Array | undefined;
}

/** Sparse vectors of many rows; entries end to end. */
export interface SparseVectors {
  /** Entries of each row; 0 for null rows. */
  readonly lengths: Uint32Array;
  readonly indices: Pieces<Uint32Array>;
  readonly values: Pieces<Float32Array>;
  /** One byte a row, 1 = present, 0 = null. Absent: every row is present. */
  readonly validity?: Uint8Array | undefined;
}

/** The rows of one row group, column by column, close to how they lie in the file. */
export interface RowGroupColumns {
  readonly rows: number;
  readonly ids: PlainTexts;
  /** Shape [rows, dimension], row-major. */
  readonly values?: Pieces<Float32Array> | undefined;
  readonly sparse?: SparseVectors | undefined;
  readonly metadata: PlainTexts;
}

/** Copies texts into PLAIN form. */
export function toPlainTexts(column: Utf8Column, rows: number): PlainTexts {
  const { bytes, offsets, validity } = column;
  let size = 0;
  for (let r = 0; r < rows; r++) if (validity?.[r] !== 0) size += 4 + offsets[r + 1]! - offsets[r]!;
  const plain = new Uint8Array(size);
  const view = new DataView(plain.buffer);
  let at = 0;
  for (let r = 0; r < rows; r++) {
    if (validity?.[r] === 0) continue;
    const start = offsets[r]!;
    const end = offsets[r + 1]!;
    view.setUint32(at, end - start, true);
    plain.set(bytes.subarray(start, end), at + 4);
    at += 4 + end - start;
  }
  return { plain, validity };
}
