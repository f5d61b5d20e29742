import type { PineloadError } from '../../base/errors.js';
import type { RuleOptions } from '../../records/rules/options.js';
import type { Chunk, FileBlock, ReadColumns, ReaderConfig } from '../reader.js';

/** What a reading thread is started with. */
export interface ReadingThreadData {
  /** The kernel's code, compiled. */
  readonly kernel: object;
}

/** To a reading thread: a chunk, and once per mapping the mapping itself with the rules. */
export interface ReadRequest {
  readonly job: number;
  /** Number of the mapping in force. */
  readonly mapping: number;
  /** With the first chunk of that mapping that this thread gets. */
  readonly config?: { readonly mapping: ReaderConfig; readonly rules: RuleOptions } | undefined;
  readonly chunk: Chunk | FileBlock;
  /** Take the fingerprints of the good rows. */
  readonly fingerprints: boolean;
  /** For the columns: memory that came back from an earlier job. */
  readonly memory?: ArrayBuffer | undefined;
}

/** From a reading thread: the checked columns, or what was thrown. */
export type ReadResponse =
  | {
      readonly job: number;
      readonly read: ReadColumns;
      /** The chunk's memory, if it was moved. */
      readonly input?: ArrayBuffer | undefined;
    }
  | { readonly job: number; readonly error: { readonly message: string; readonly fields?: PineloadErrorFields } };

/** What of a PineloadError crosses a thread. */
export type PineloadErrorFields = Pick<
  PineloadError,
  'code' | 'source' | 'line' | 'id' | 'field' | 'expected' | 'got' | 'hint'
>;
