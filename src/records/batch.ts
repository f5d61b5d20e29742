import type { Reject } from './reject.js';
import type { MetadataChanges } from './rules/metadata-mend.js';

/** Texts of many rows end to end: row `r` is `bytes[offsets[r] … offsets[r + 1])`. */
export interface Utf8Column {
  readonly bytes: Uint8Array;
  /** Length rows + 1. */
  readonly offsets: Uint32Array;
  /** One byte a row, 1 = present, 0 = null. Absent: every row is present. */
  readonly validity?: Uint8Array | undefined;
  /** Before each text that is present stands its length in four bytes, little-endian, as Parquet's PLAIN has it; row `r` begins with it. */
  readonly framed?: boolean | undefined;
}

/** Sparse vectors end to end: row `r` owns entries `offsets[r] … offsets[r + 1])` of both arrays. */
export interface SparseColumn {
  /** Length rows + 1, counted in entries. */
  readonly offsets: Uint32Array;
  readonly indices: Uint32Array;
  readonly values: Float32Array;
  /** One byte a row, 1 = present, 0 = null. Absent: every row is present. */
  readonly validity?: Uint8Array | undefined;
}

/** Namespaces as a dictionary: row `r` belongs to `dictionary[codes[r]]`. The default namespace is `__default__`. */
export interface NamespaceColumn {
  readonly dictionary: readonly string[];
  readonly codes: Uint32Array;
}

/** Which vectors the records of a run hold. One kind a run: a Pinecone index takes one kind. */
export type VectorKind = 'dense' | 'sparse' | 'hybrid';

/** What a reader can know of a row. */
export const KNOWN_GOOD = {
  /** Its dense vector is finite and not all zero. */
  values: 1,
  /** Its metadata is an object as the rules want it; how long it is has not been looked at. */
  metadata: 2,
  /** Its id is there and all ASCII without NUL; how long it is has not been looked at. */
  id: 4,
  /** Its sparse vector, if it has one, is finite, and its indices ascend; how many they are has not been looked at. */
  sparse: 8,
} as const;

/** What a reader can know of all rows of a batch, so that few of them need to be looked at. Who gives it another column drops it. */
export interface KnownOfAll {
  /** The only rows in which id, dense vector or metadata may be wrong, texts that are too long apart; ascending. */
  readonly doubtful: Uint32Array;
  /** Bytes of the longest of them. */
  readonly longestId: number;
  readonly longestMetadata: number;
}

/**
 * Records as columns: what flows between readers, rules and writers. A vector never becomes an array of JavaScript
 * numbers on this way.
 *
 * A rejected row keeps its place; `rejected[r]` is 1 and writers pass over it. Rows that could not even be put into
 * columns (a syntax error, a wrong dimension) are not in the columns at all, only in `rejects`.
 */
export interface RecordBatch {
  readonly rows: number;
  /** Numbers per dense vector; 0 when the run has no dense vectors. */
  readonly dimension: number;
  readonly ids: Utf8Column;
  /** Shape [rows, dimension], row-major. Undefined for kind `sparse`. */
  readonly values: Float32Array | undefined;
  /** One byte a row, KNOWN_GOOD bits: what no rule need look at again. */
  readonly knownGood?: Uint8Array | undefined;
  readonly knownOfAll?: KnownOfAll | undefined;
  /** 64 bits of each dense vector, taken when it was read: see KnownVectors. */
  readonly vectorHashes?: Uint32Array | undefined;
  /** Undefined for kind `dense`. */
  readonly sparse: SparseColumn | undefined;
  /** JSON texts, the input's own bytes wherever the input holds the object as such. */
  readonly metadata: Utf8Column;
  readonly namespaces: NamespaceColumn;
  /** Where each row came from. */
  readonly origin: Origin;
  /** By which equal ids and vectors are found; where nobody looks for duplicates there are none. */
  readonly fingerprints?: Fingerprints | undefined;
  /** What was changed in the metadata of the rows, where the options ask for it. */
  readonly metadataChanges?: MetadataChanges | undefined;
  /** One byte a row, 1 = rejected. Set by the rules. */
  readonly rejected: Uint8Array;
  /** Everything rejected in this batch, by the reader or by the rules, in input order. */
  readonly rejects: Reject[];
}

/**
 * 64-bit numbers that equal things share: row `r` has words `[2r]` (low) and `[2r + 1]` (high) of each. Different things share one
 * by chance, so what they find are candidates. Those of rejected rows mean nothing.
 */
export interface Fingerprints {
  /** Of namespace and id, byte for byte. */
  readonly ids: Uint32Array;
  /**
   * Of namespace and vector. Dense: the float32 numbers in order, +0 and -0 the same. Sparse: the set of index and value
   * pairs, in any order. Hybrid: both parts, or that there is no sparse one.
   */
  readonly vectors: Uint32Array;
}

/** Where the rows of a batch came from. */
export interface Origin {
  /** File or URI; `<stdin>`; `<records>` for records from the library's writer. */
  readonly source: string;
  /** 1-based line of each row's first byte (for library records: its 1-based number). */
  readonly lines: Float64Array;
  /** Offset of each row's first byte in the (decompressed) source. */
  readonly byteOffsets: Float64Array;
  /** The bytes that the rows were read from, with `rawOffsets[2r]…rawOffsets[2r+1]` the text of row r; for the rejects file. */
  readonly raw?: { readonly bytes: Uint8Array; readonly ranges: Uint32Array } | undefined;
}
