import type { RecordLimits } from '../limits.js';
import type { MetadataOptions } from './metadata-mend.js';

/** What the rules need to know besides the records. */
export interface RuleOptions {
  /** Dimension of the index or the run. Default: the batch's own. */
  readonly dimension?: number | undefined;
  /** Limits that are not the published ones. */
  readonly limits?: RecordLimits | undefined;
  /** What is done to metadata values that the service does not take. Default: the record is rejected. */
  readonly metadata?: MetadataOptions | undefined;
  /** Take dense vectors that hold only zeros. Default DEFAULT_ALLOW_ZERO_VECTORS. */
  readonly allowZeroVectors?: boolean | undefined;
  /** Only what the service is known to refuse: rules that are merely prudent are passed over. Default false. */
  readonly documentedOnly?: boolean | undefined;
  /** Longest directory name of the target in bytes. Default: not checked. */
  readonly maxPartBytes?: number | undefined;
  /** Longest key below the target's root in bytes. Default: not checked. */
  readonly maxKeyBytes?: number | undefined;
  /** Bytes of a file name in a namespace directory, with the `/` before it. Default DEFAULT_FILE_NAME_BYTES. */
  readonly fileNameBytes?: number | undefined;
}

/** Upsert refuses them, import most likely too. */
export const DEFAULT_ALLOW_ZERO_VECTORS = false;
/** Room that is kept for the file name in a key: `/part-00000-00000.parquet` and a margin. */
export const DEFAULT_FILE_NAME_BYTES = 48;
