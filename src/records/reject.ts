import type { RuleCode } from './rule-codes.js';

/** A record that was not taken, as data: one line of `rejects.jsonl`. */
export interface Reject {
  readonly source: string;
  /** 1-based. */
  readonly line: number;
  /** Offset of the record's first byte in the (decompressed) source. */
  readonly byteOffset: number;
  /** As far as it could be read. */
  readonly id?: string | undefined;
  /** As far as it could be read. */
  readonly namespace?: string | undefined;
  readonly code: RuleCode;
  /** Name of the field in the input, or of the Pinecone field. */
  readonly field?: string | undefined;
  readonly expected: string;
  readonly got: string;
  /** The record's own text (JSONL line or CSV row), cut at DEFAULT_MAX_REJECT_RAW_BYTES. */
  readonly raw?: string | undefined;
}
