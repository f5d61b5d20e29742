import type { PineloadError } from '../../base/errors.js';
import type { RecordBatch } from '../../records/batch.js';
import type { RuleOptions } from '../../records/rules/options.js';
import type { Chunk, ReaderConfig } from '../reader.js';

/** To a reading thread: a chunk, and once per mapping the mapping itself. */
export interface ReadRequest {
  readonly job: number;
  /** Number of the mapping in force. */
  readonly mapping: number;
  /** With the first chunk of that mapping that this thread gets. */
  readonly config?: ReaderConfig | undefined;
  readonly rules: RuleOptions;
  readonly chunk: Chunk;
}

/** From a reading thread: the checked columns, or what was thrown. */
export type ReadResponse =
  | { readonly job: number; readonly batch: RecordBatch }
  | { readonly job: number; readonly error: { readonly message: string; readonly fields?: PineloadErrorFields } };

/** What of a PineloadError crosses a thread. */
export type PineloadErrorFields = Pick<
  PineloadError,
  'code' | 'source' | 'line' | 'id' | 'field' | 'expected' | 'got' | 'hint'
>;
