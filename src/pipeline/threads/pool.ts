import type { Chunk, FileBlock, ReadColumns, ReaderConfig } from '../../readers/reader.js';
import type { RecordBatch } from '../../records/batch.js';
import type { FileEncoders } from '../../writers/namespace-files.js';

/** The columns of a chunk, checked. */
export interface CheckedColumns extends ReadColumns {
  /** Says that the columns are not needed any more: their memory serves another chunk. */
  release(): void;
}

/** Turns chunks into checked columns and row groups into files, on this thread or on others. What comes out does not depend on which. */
export interface WorkerPool {
  /** Chunks that may be under way at once; whoever has more waits for the first. */
  readonly width: number;
  /** The same for blocks of files, which take no memory before they are read; more or fewer by the size of those that were read last. */
  readonly blocks: number;
  /**
   * A chunk's bytes belong to the pool from here on.
   *
   * @param fingerprints take those of the good rows. Default false
   */
  read(config: ReaderConfig, chunk: Chunk | FileBlock, fingerprints?: boolean): Promise<CheckedColumns>;
  /** Encode files on the threads; undefined without any. */
  readonly encoders?: FileEncoders | undefined;
  close(): Promise<void>;
}

/** The one memory in which all columns of a packed batch lie. */
export const memoryOf = (batch: RecordBatch): ArrayBufferLike => batch.ids.bytes.buffer;
