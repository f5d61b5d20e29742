/**
 * What the decoder takes at most. Parquet names sizes and counts before the bytes they stand for, so a file of a few
 * bytes may claim anything; each claim is held against one of these, or against the file's own size, before memory is given.
 */
export interface DecodeLimits {
  /** Bytes of the metadata at the end of the file. */
  readonly footerBytes: number;
  /** Columns that hold data, nested ones counted. */
  readonly columns: number;
  /** Depth of the schema. */
  readonly schemaDepth: number;
  /** Column chunks of all row groups. */
  readonly chunks: number;
  /** Bytes of one page, stored or decompressed. */
  readonly pageBytes: number;
  /** Values (levels, strictly) of one page. */
  readonly pageValues: number;
  /** Pages of one column chunk that hold no value: dictionary, index and empty ones. */
  readonly emptyPages: number;
  /** Bytes of one page header, its statistics included. */
  readonly pageHeaderBytes: number;
  /** All that is decoded of one file, in bytes: `expansionBytes` and `expansionFactor` times the file's size. */
  readonly expansionBytes: number;
  readonly expansionFactor: number;
}

/** DuckDB ends pages at 100 MB, everyone else around 1 MiB; a footer of 64 MiB describes some 500,000 column chunks. */
export const DEFAULT_DECODE_LIMITS: DecodeLimits = {
  footerBytes: 64 * 1024 * 1024,
  columns: 10_000,
  schemaDepth: 32,
  chunks: 500_000,
  pageBytes: 256 * 1024 * 1024,
  pageValues: 32 * 1024 * 1024,
  emptyPages: 1000,
  pageHeaderBytes: 4 * 1024 * 1024,
  expansionBytes: 1024 * 1024 * 1024,
  expansionFactor: 1000,
};

/** Bytes read at once from a column chunk; the next ones are fetched while these are decoded. */
export const DEFAULT_WINDOW_BYTES = 4 * 1024 * 1024;
/** The same where a read costs little: what fits a processor's cache is taken from there instead of from memory. */
export const LOCAL_WINDOW_BYTES = 512 * 1024;
