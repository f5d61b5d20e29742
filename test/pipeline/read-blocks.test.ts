import { truncate, writeFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { BLOCK_BYTES, FileBlocks, RowBlocks } from '../../src/pipeline/file-blocks.js';
import { readBlocks } from '../../src/pipeline/read-blocks.js';
import { readChunks } from '../../src/pipeline/read-chunks.js';
import type { WorkerPool } from '../../src/pipeline/threads/pool.js';
import type { Chunk } from '../../src/readers/reader.js';
import type { RecordBatch } from '../../src/records/batch.js';
import { listSources } from '../../src/sources/list-sources.js';
import type { Source } from '../../src/sources/source.js';
import { csv, jsonl, read } from '../readers/support.js';
import { useTempDir } from '../support/temp-dir.js';
import { noStore } from './rows-support.js';

const temp = useTempDir();
const BLOCKS = 30;
const RECORD = '{"id":"a","values":[1,2]}\n';

async function sourceOf(name: string): Promise<Source> {
  const path = temp(name);
  await writeFile(path, '');
  await truncate(path, BLOCKS * BLOCK_BYTES);
  return (await listSources([path], noStore))[0]!;
}

/** Nothing is read: a batch for whatever comes. Tells how many are under way. */
function poolOf(): { readonly pool: WorkerPool; blocks: number; asked: number } {
  const told = { blocks: 7, asked: 0 };
  const pool: WorkerPool = {
    width: 1,
    get blocks() {
      return told.blocks;
    },
    read: () => {
      told.asked++;
      return Promise.resolve({ batch: read(jsonl(), RECORD), lines: 1, place: undefined, release: () => undefined });
    },
    close: () => Promise.resolve(),
  };
  return Object.assign(told, { pool });
}

async function* chunks(): AsyncGenerator<Chunk, void, undefined> {
  const bytes = Buffer.from('a,"1,2"\n');
  for (let i = 0; i < BLOCKS; i++) {
    yield await Promise.resolve({ source: 'in', bytes, firstLine: i + 1, byteOffset: 8 * i, rejects: [] });
  }
}

it.each([
  [
    'blocks of JSONL',
    async (pool: WorkerPool): Promise<AsyncIterable<RecordBatch>> => {
      const blocks = FileBlocks.of(await sourceOf('in.jsonl'), { maxRecordBytes: BLOCK_BYTES })!;
      return readBlocks(blocks, { pool, configOf: () => jsonl() });
    },
  ],
  [
    'chunks of CSV that the threads read by themselves',
    async (pool: WorkerPool): Promise<AsyncIterable<RecordBatch>> => {
      const rows = RowBlocks.of(await sourceOf('in.csv'), { maxRecordBytes: BLOCK_BYTES });
      return readChunks(chunks(), rows, { pool, configOf: () => csv('id,values') });
    },
  ],
])('%s: as many are under way as may be, which changes', async (_, open) => {
  const told = poolOf();
  const underWay: number[] = [];
  let batches = 0;
  for await (const batch of await open(told.pool)) {
    expect(batch.rows).toBe(1);
    // What is looked at here is not under way any more.
    underWay.push(told.asked - ++batches);
    if (batches === 8) told.blocks = 3;
    if (batches === 18) told.blocks = 5;
  }
  expect(batches).toBe(BLOCKS);
  expect(Math.max(...underWay.slice(0, 8))).toBe(6);
  expect(Math.max(...underWay.slice(12, 18))).toBe(2);
  expect(Math.max(...underWay.slice(20))).toBe(4);
});
