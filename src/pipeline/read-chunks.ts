import { throwIfAborted } from '../base/abort.js';
import { giveBackChunkMemory } from '../readers/chunk-memory.js';
import type { Chunk, FileBlock, ReaderConfig } from '../readers/reader.js';
import type { RecordBatch } from '../records/batch.js';
import type { RowBlocks } from './file-blocks.js';
import type { CheckedColumns } from './threads/pool.js';
import { movedDown, UnderWay, type ReadBatchesOptions } from './under-way.js';

/**
 * Chunks are cut before they are read.
 *
 * @param rows the file in which the threads read them by themselves
 * @param linesBefore lines that come before those that the chunks are counted from. Default 0
 */
export async function* readChunks(
  chunks: AsyncIterable<Chunk>,
  rows: RowBlocks | undefined,
  { pool, configOf, fingerprints, signal }: ReadBatchesOptions,
  linesBefore = 0,
): AsyncGenerator<RecordBatch, void, undefined> {
  const underWay = new UnderWay();
  const width = (): number => (rows === undefined ? pool.width : pool.blocks);
  const batchOf = ({ batch }: CheckedColumns): RecordBatch => movedDown(batch, linesBefore);
  let config: ReaderConfig | undefined;
  try {
    for await (const chunk of chunks) {
      throwIfAborted(signal);
      config ??= configOf(chunk);
      const input = await placed(chunk, rows);
      underWay.push(input, pool.read(config, input, fingerprints));
      while (underWay.length >= width()) yield* underWay.next(batchOf);
    }
    while (underWay.length > 0) yield* underWay.next(batchOf);
  } finally {
    await underWay.settled();
  }
}

/** A chunk, or where a thread finds it. */
export async function placed(chunk: Chunk, rows: RowBlocks | undefined): Promise<Chunk | FileBlock> {
  if (rows === undefined || chunk.bytes.length === 0) return chunk;
  const block = await rows.blockOf(chunk);
  if (chunk.ownsMemory === true) giveBackChunkMemory(chunk.bytes.buffer as ArrayBuffer);
  return block;
}
