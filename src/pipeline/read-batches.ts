import type { RecordBatch } from '../records/batch.js';
import type { OpenedChunks } from './open-chunks.js';
import { readBlocks } from './read-blocks.js';
import { readChunks } from './read-chunks.js';
import { readRows } from './read-rows.js';
import type { ReadBatchesOptions } from './under-way.js';

/**
 * Reads on all threads; the columns come in the order of the chunks, whichever thread is done first. A batch is good until the next one
 * is asked for.
 */
export async function* readBatches(
  { chunks, blocks, rows }: OpenedChunks,
  options: ReadBatchesOptions,
): AsyncGenerator<RecordBatch, void, undefined> {
  if (blocks !== undefined) {
    yield* readBlocks(blocks, options);
    return;
  }
  try {
    yield* rows?.chunksFrom === undefined ? readChunks(chunks, rows, options) : readRows(chunks, rows, options);
    await rows?.finish();
  } finally {
    await rows?.close();
  }
}
