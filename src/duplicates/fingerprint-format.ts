/**
 * The fingerprints of a split, as its object in the state has them, little-endian:
 *
 *     origins     per record, in the order in which they came: line and byte offset, counted from those of its batch (2 words)
 *     ids         per record, sorted by fingerprint: fingerprint (high, low), row, number in that order (4 words)
 *     vectors     the same for vectors
 *     batches     per batch: number of its first record, index of its source, line, byte offset (4 float64)
 *     buckets     for ids, then vectors: BUCKETS + 1 words, how many records come before each bucket
 *     details     JSON: names of the namespaces with their number of records, names of the sources, whether no fingerprint occurs twice
 *     footer      number of records, of batches, bytes of the details (3 float64), magic
 *
 * A row is a record's place in the split's files: namespaces in the order in which they first came, and in each the records of all its
 * files, end to end. Buckets follow from the first bits of the fingerprint, so that a share of all fingerprints is one
 * stretch of every split's object.
 *
 * Of a conversion's only split, in which no fingerprint occurs twice, there are only the details, which name nothing, and the footer, with
 * another magic: nobody will look for any record of it.
 */
export const FINGERPRINTS_MAGIC = 0x31504650_4c50;
export const DISTINCT_MAGIC = 0x31504644_4c50;
export const FOOTER_BYTES = 32;
export const ORIGIN_WORDS = 2;
export const ENTRY_WORDS = 4;
export const BATCH_NUMBERS = 4;
export const BUCKET_BITS = 10;
export const BUCKETS = 1 << BUCKET_BITS;
export const BUCKET_BYTES = 2 * 4 * (BUCKETS + 1);

/** What the details hold. */
export interface FingerprintDetails {
  readonly namespaces: readonly (readonly [name: string, records: number])[];
  readonly sources: readonly string[];
  /** No two records of the split share a fingerprint: a conversion of one split need not look for any that do. */
  readonly distinct?: true;
}

export interface FingerprintSections {
  /** There are no entries, since there is no other split and all records of this one differ. */
  readonly distinct: boolean;
  readonly records: number;
  readonly batches: number;
  readonly origins: number;
  readonly ids: number;
  readonly vectors: number;
  readonly batchesAt: number;
  readonly buckets: number;
  readonly details: number;
  readonly footer: number;
}

/** Of an object with details and footer only. */
export function distinctSections(records: number, detailsBytes: number): FingerprintSections {
  return {
    distinct: true,
    records,
    batches: 0,
    origins: 0,
    ids: 0,
    vectors: 0,
    batchesAt: 0,
    buckets: 0,
    details: 0,
    footer: detailsBytes,
  };
}

/** Where each section begins. */
export function sectionsOf(records: number, batches: number, detailsBytes: number): FingerprintSections {
  const ids = 4 * ORIGIN_WORDS * records;
  const vectors = ids + 4 * ENTRY_WORDS * records;
  const batchesAt = vectors + 4 * ENTRY_WORDS * records;
  const buckets = batchesAt + 8 * BATCH_NUMBERS * batches;
  const details = buckets + BUCKET_BYTES;
  return {
    distinct: false,
    records,
    batches,
    origins: 0,
    ids,
    vectors,
    batchesAt,
    buckets,
    details,
    footer: details + detailsBytes,
  };
}

/** Splits are numbered as in the names of their files. */
export const FINGERPRINTS_PREFIX = 'fingerprints/';
export const fingerprintsKey = (split: number): string =>
  `${FINGERPRINTS_PREFIX}split-${String(split).padStart(5, '0')}.bin`;
