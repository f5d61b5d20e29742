import { throwIfAborted } from '../base/abort.js';
import type { CheckedColumns, WorkerPool } from './threads/worker-pool.js';
import { giveBackChunkMemory } from '../readers/chunk-memory.js';
import type { Chunk, FileBlock, ReaderConfig } from '../readers/reader.js';
import type { RecordBatch } from '../records/batch.js';
import type { FileBlocks, RowBlocks } from './file-blocks.js';
import type { OpenedChunks } from './open-chunks.js';

/** How chunks become columns. */
export interface ReadBatchesOptions {
  readonly pool: WorkerPool;
  /** The mapping in force, asked once, with the first chunk. */
  readonly configOf: (first: Chunk) => ReaderConfig;
  /** Take the fingerprints of all good rows. Default false. */
  readonly fingerprints?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
}

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
  const { pool, configOf, fingerprints, signal } = options;
  const underWay = new UnderWay();
  let config: ReaderConfig | undefined;
  try {
    for await (const chunk of chunks) {
      throwIfAborted(signal);
      config ??= configOf(chunk);
      underWay.push(pool.read(config, await placed(chunk, rows), fingerprints));
      if (underWay.length >= (rows === undefined ? pool.width : pool.blocks))
        yield* underWay.next(({ batch }) => batch);
    }
    while (underWay.length > 0) yield* underWay.next(({ batch }) => batch);
    await rows?.finish();
  } finally {
    await underWay.settled();
    await rows?.close();
  }
}

/** A chunk, or where a thread finds it. */
async function placed(chunk: Chunk, rows: RowBlocks | undefined): Promise<Chunk | FileBlock> {
  if (rows === undefined || chunk.bytes.length === 0) return chunk;
  const block = await rows.blockOf(chunk);
  if (chunk.ownsMemory === true) giveBackChunkMemory(chunk.bytes.buffer as ArrayBuffer);
  return block;
}

/** Blocks are read by the threads themselves, which do not know what lies before them: the lines are counted here. */
async function* readBlocks(
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
      underWay.push(pool.read(config, block, fingerprints));
      if (underWay.length >= pool.blocks) yield* underWay.next(numbered);
    }
    while (underWay.length > 0) yield* underWay.next(numbered);
    await blocks.finish();
  } finally {
    await underWay.settled();
    await blocks.close();
  }
}

/** The batch, read as if it began at the source's first line, when `lines` come before it. */
function movedDown(batch: RecordBatch, lines: number): RecordBatch {
  if (lines === 0) return batch;
  const numbers = batch.origin.lines;
  for (let row = 0; row < numbers.length; row++) numbers[row]! += lines;
  return { ...batch, rejects: batch.rejects.map((reject) => ({ ...reject, line: reject.line + lines })) };
}

/** What the threads are at, in order. */
class UnderWay {
  readonly #reading: Promise<CheckedColumns>[] = [];

  get length(): number {
    return this.#reading.length;
  }

  push(reading: Promise<CheckedColumns>): void {
    // It is awaited when its turn comes; a failure until then must not end the process.
    reading.catch(() => undefined);
    this.#reading.push(reading);
  }

  /** The first one, when it is done. */
  async *next(batchOf: (read: CheckedColumns) => RecordBatch): AsyncGenerator<RecordBatch, void, undefined> {
    const read = await this.#reading.shift()!;
    yield batchOf(read);
    read.release();
  }

  async settled(): Promise<void> {
    await Promise.allSettled(this.#reading);
  }
}
