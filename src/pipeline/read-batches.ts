import { throwIfAborted } from '../base/abort.js';
import type { ReaderPool } from '../readers/pool/reader-pool.js';
import type { Chunk, ReaderConfig } from '../readers/reader.js';
import type { RecordBatch } from '../records/batch.js';
import type { OpenedChunks } from './open-chunks.js';

/** How chunks become columns. */
export interface ReadBatchesOptions {
  readonly pool: ReaderPool;
  /** The mapping in force, asked once, with the first chunk. */
  readonly configOf: (first: Chunk) => ReaderConfig;
  readonly signal?: AbortSignal | undefined;
}

/** Reads on all threads; the columns come in the order of the chunks, whichever thread is done first. */
export async function* readBatches(
  { chunks }: OpenedChunks,
  { pool, configOf, signal }: ReadBatchesOptions,
): AsyncGenerator<RecordBatch, void, undefined> {
  let config: ReaderConfig | undefined;
  const underWay: Promise<RecordBatch>[] = [];
  try {
    for await (const chunk of chunks) {
      throwIfAborted(signal);
      config ??= configOf(chunk);
      const reading = pool.read(config, chunk);
      // It is awaited when its turn comes; a failure until then must not end the process.
      reading.catch(() => undefined);
      underWay.push(reading);
      if (underWay.length >= pool.width) yield await underWay.shift()!;
    }
    while (underWay.length > 0) yield await underWay.shift()!;
  } finally {
    await Promise.allSettled(underWay);
  }
}
