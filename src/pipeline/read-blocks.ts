import { throwIfAborted } from '../base/abort.js';
import type { ReaderConfig } from '../readers/reader.js';
import type { RecordBatch } from '../records/batch.js';
import type { FileBlocks } from './file-blocks.js';
import type { CheckedColumns } from './threads/pool.js';
import { movedDown, UnderWay, type ReadBatchesOptions } from './under-way.js';

/** Blocks are read by the threads themselves, which do not know what lies before them: the lines are counted here. */
export async function* readBlocks(
  blocks: FileBlocks,
  { pool, configOf, fingerprints, signal }: ReadBatchesOptions,
): AsyncGenerator<RecordBatch, void, undefined> {
  const underWay = new UnderWay();
  let config: ReaderConfig | undefined;
  const numbered = ({ batch, lines }: CheckedColumns): RecordBatch => {
    const before = blocks.lines;
    blocks.lines += lines;
    return movedDown(batch, before);
  };
  try {
    for await (const block of blocks.blocks()) {
      throwIfAborted(signal);
      config ??= configOf(blocks.sampleOf(block));
      underWay.push(block, pool.read(config, block, fingerprints));
      while (underWay.length >= pool.blocks) yield* underWay.next(numbered);
    }
    while (underWay.length > 0) yield* underWay.next(numbered);
    await blocks.finish();
  } finally {
    await underWay.settled();
    await blocks.close();
  }
}
