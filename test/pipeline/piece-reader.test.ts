import { writeFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import {
  PieceReader,
  type OpenedPiece,
  type PieceReaderOptions,
  type ReadCount,
} from '../../src/pipeline/piece-reader.js';
import { planInput, type Plan, type SplitPiece } from '../../src/pipeline/plan.js';
import type { WorkerPool } from '../../src/pipeline/threads/pool.js';
import { listSources } from '../../src/sources/list-sources.js';
import type { Source } from '../../src/sources/source.js';
import { jsonl, rowsOf } from '../readers/support.js';
import { useTempDir } from '../support/temp-dir.js';
import { noStore, poolOf } from './rows-support.js';

const temp = useTempDir();
const RECORDS = 20;
const MAX_RECORD_BYTES = 8 * 1024 * 1024;

interface Opened {
  readonly reader: PieceReader;
  readonly source: Source;
  readonly whole: SplitPiece;
  readonly bytes: number;
  readonly reading: ReadCount;
}

/** A reader over one file of as many records. */
async function open(pool: WorkerPool): Promise<Opened> {
  const path = temp('in.jsonl');
  const text = Array.from({ length: RECORDS }, (_, i) => `{"id":"r${i}","values":[${i},1]}\n`).join('');
  await writeFile(path, text);
  const source = (await listSources([path], noStore))[0]!;
  const whole: SplitPiece = { input: 0 };
  const plan: Pick<Plan, 'mapping' | 'inputs' | 'output'> = {
    mapping: jsonl({ dimension: 2 }),
    inputs: [planInput(source)],
    output: {
      ...{ fileBytes: 1e9, rowGroupBytes: 1e6, maxRecordBytes: MAX_RECORD_BYTES, onError: 'fail' },
      ...{ maxFilesPerNamespace: 1, directSmallFiles: 1 },
    },
  };
  const reading = { bytes: 0 };
  const options = { pool, reading, settings: { maxRecordBytes: MAX_RECORD_BYTES } };
  const reader = new PieceReader(plan as Plan, options as unknown as PieceReaderOptions);
  return { reader, source, whole, bytes: text.length, reading };
}

async function idsOf({ batches }: OpenedPiece): Promise<string[]> {
  const ids: string[] = [];
  for await (const batch of batches) ids.push(...rowsOf(batch).map(({ id }) => id));
  return ids;
}

const ALL = Array.from({ length: RECORDS }, (_, i) => `r${i}`);

describe('a piece that was begun before it was asked for', () => {
  it('is read at once, and goes on for whoever opens it', async () => {
    const pool = poolOf(3);
    const { reader, source, whole, bytes, reading } = await open(pool);
    reader.begin(whole, source);
    await expect.poll(() => pool.asked.length).toBe(1);
    // Nobody has asked for it yet.
    expect(reading.bytes).toBe(0);
    expect(await idsOf(await reader.open(whole, source))).toEqual(ALL);
    expect(reading.bytes).toBe(bytes);
    expect(pool.asked).toHaveLength(1);
    // Begun once; another time it is read anew.
    expect(await idsOf(await reader.open(whole, source))).toEqual(ALL);
    expect(reading.bytes).toBe(2 * bytes);
    await reader.close();
  });

  it('is dropped where nobody does, and what is asked for instead is read', async () => {
    const pool = poolOf(3);
    const { reader, source, whole, bytes, reading } = await open(pool);
    reader.begin(whole, source);
    const from = bytes - '{"id":"r19","values":[19,1]}\n'.length;
    const opened = await reader.open({ input: 0, range: [from, bytes] }, source);
    expect(await idsOf(opened)).toEqual(['r19']);
    expect(opened.lineFeeds()).toBe(1);
    expect(reading.bytes).toBe(bytes - from);
    await reader.close();
    expect(reading.bytes).toBe(bytes - from);
  });

  it('fails for whoever opens it, and for nobody else', async () => {
    const failing: WorkerPool = { ...poolOf(3), read: () => Promise.reject(new Error('no thread')) };
    const { reader, source, whole } = await open(failing);
    reader.begin(whole, source);
    await expect(reader.open(whole, source).then(idsOf)).rejects.toThrow('no thread');
    reader.begin(whole, source);
    await reader.close();
  });
});
