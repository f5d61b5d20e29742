import { writeFile } from 'node:fs/promises';
import { RowBlocks } from '../../src/pipeline/file-blocks.js';
import { readChunks } from '../../src/pipeline/read-chunks.js';
import { readRows } from '../../src/pipeline/read-rows.js';
import type { WorkerPool } from '../../src/pipeline/threads/pool.js';
import { openWorkerPool } from '../../src/pipeline/threads/worker-pool.js';
import { csvChunks, csvRowChunks, type Chunks } from '../../src/readers/chunks.js';
import type { FileBlock, ReaderConfig } from '../../src/readers/reader.js';
import type { RecordBatch } from '../../src/records/batch.js';
import type { Reject } from '../../src/records/reject.js';
import { listSources } from '../../src/sources/list-sources.js';
import type { Source } from '../../src/sources/source.js';
import { rowsOf, type Row } from '../readers/support.js';

export const noStore = { openStore: () => Promise.reject(new Error('no store')) };
export interface Outcome {
  readonly rows: Row[];
  readonly rejects: Reject[];
}

async function gathered(batches: AsyncIterable<RecordBatch>): Promise<Outcome> {
  const rows: Row[] = [];
  const rejects: Reject[] = [];
  for await (const batch of batches) {
    rows.push(...rowsOf(batch));
    rejects.push(...batch.rejects);
  }
  return { rows, rejects };
}

/** Reads as one thread does, but has several blocks under way, as many threads have; keeps what it was asked. */
export function poolOf(blocks: number): WorkerPool & { readonly asked: FileBlock[] } {
  const pool = openWorkerPool(1, {});
  const asked: FileBlock[] = [];
  return {
    asked,
    width: pool.width,
    blocks,
    read: (mapping, chunk, fingerprints) => {
      if ('fd' in chunk) asked.push(chunk);
      return pool.read(mapping, chunk, fingerprints);
    },
    close: () => pool.close(),
  };
}

export interface Cut {
  readonly chunkBytes: number;
  readonly blockBytes: number;
  readonly maxRecordBytes: number;
}

/** By blocks whose rows the reader finds, and by chunks that are cut before. */
export async function bothWays(
  /** The file is made there. */
  path: string,
  text: Buffer,
  config: ReaderConfig,
  { chunkBytes, blockBytes, maxRecordBytes }: Cut,
): Promise<{ found: Outcome; cut: Outcome; asked: FileBlock[]; readTo: number }> {
  await writeFile(path, text);
  const [source] = (await listSources([path], noStore)) as [Source];
  const options = { source: source.name, maxRecordBytes, chunkBytes };
  const reading = { configOf: () => config };
  const open = async (): Promise<Chunks> => (await csvChunks(source.open(), options)).chunks;
  const cut = await gathered(readChunks(await open(), undefined, { pool: poolOf(1), ...reading }));

  let readTo = 0;
  const rows = RowBlocks.of(source, {
    maxRecordBytes,
    blockBytes,
    chunksFrom: (offset) =>
      csvRowChunks(source.openRange!(offset, text.length), { ...options, byteOffset: () => offset }),
    onReadTo: (offset) => (readTo = Math.max(readTo, offset)),
  })!;
  const pool = poolOf(4);
  try {
    return {
      cut,
      found: await gathered(readRows(await open(), rows, { pool, ...reading })),
      asked: pool.asked,
      readTo,
    };
  } finally {
    await rows.close();
  }
}
