import { PineloadError } from '../base/errors.js';
import type { VectorKind } from '../records/batch.js';
import type { RowGroupColumns } from './row-group.js';
import type { CompressionOptions } from './schema.js';
import type { FileChecksums } from './section-sink.js';

// What is to be known of a file that is written, without what encodes it.

/** What decides how a file is encoded. */
export interface ParquetFileOptions {
  readonly kind: VectorKind;
  /** Numbers per dense vector; ignored for kind `sparse`. */
  readonly dimension: number;
  /** pineload's version, for `created_by`. */
  readonly version: string;
  readonly compression?: CompressionOptions | undefined;
  /** Bytes of values after which a page ends. Default DEFAULT_PAGE_BYTES. */
  readonly pageBytes?: number | undefined;
}

/** A file being written. Call `writeRowGroup` for each row group, one at a time, then `close`; or `abort` at any time. */
export interface ParquetFile {
  /** Bytes of the file so far, without the footer. */
  readonly bytes: number;
  /**
   * Encodes and writes a row group; its memory must not be changed meanwhile, and what of it is not shared memory may be gone afterwards.
   * Resolves when the file can take more.
   */
  writeRowGroup(group: RowGroupColumns): Promise<void>;
  /** Writes the footer and closes the sink. A file without a row group is an error. */
  close(): Promise<ParquetFileSummary>;
  /** Drops the file. Never throws. */
  abort(): Promise<void>;
}

/** A file that was written. */
export interface ParquetFileSummary {
  readonly records: number;
  readonly bytes: number;
  /** Lower-case hex. */
  readonly sha256: string;
  /** As far as the sink computes any. */
  readonly checksums?: FileChecksums;
}

/** Has the store all bytes of the file? */
export function checkStored(stored: { readonly bytes: number }, bytes: number): void {
  if (stored.bytes === bytes) return;
  throw new PineloadError('CHECKSUM_MISMATCH', { expected: `${bytes} bytes`, got: `${stored.bytes} bytes` });
}
