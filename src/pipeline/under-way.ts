import type { Chunk, FileBlock, ReaderConfig } from '../readers/reader.js';
import type { RecordBatch } from '../records/batch.js';
import type { CheckedColumns, WorkerPool } from './threads/pool.js';

/** How chunks become columns. */
export interface ReadBatchesOptions {
  readonly pool: WorkerPool;
  /** The mapping in force, asked once, with the first chunk. */
  readonly configOf: (first: Chunk) => ReaderConfig;
  /** Take the fingerprints of all good rows. Default false. */
  readonly fingerprints?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
}

interface Reading<Input> {
  readonly input: Input;
  readonly columns: Promise<CheckedColumns>;
}

/** What the threads are at, in order. */
export class UnderWay<Input = Chunk | FileBlock> {
  readonly #reading: Reading<Input>[] = [];

  get length(): number {
    return this.#reading.length;
  }

  push(input: Input, columns: Promise<CheckedColumns>): void {
    // It is awaited when its turn comes; a failure until then must not end the process.
    columns.catch(() => undefined);
    this.#reading.push({ input, columns });
  }

  /** Takes the first one out. */
  shift(): Reading<Input> {
    return this.#reading.shift()!;
  }

  /** The first one, when it is done. */
  async *next(batchOf: (read: CheckedColumns) => RecordBatch): AsyncGenerator<RecordBatch, void, undefined> {
    const read = await this.shift().columns;
    yield batchOf(read);
    read.release();
  }

  async settled(): Promise<void> {
    await Promise.allSettled(this.#reading.map(({ columns }) => columns));
  }
}

/** The batch, read as if it began at the source's first line, when `lines` come before it. */
export function movedDown(batch: RecordBatch, lines: number): RecordBatch {
  if (lines === 0) return batch;
  const numbers = batch.origin.lines;
  for (let row = 0; row < numbers.length; row++) numbers[row]! += lines;
  for (const [i, reject] of batch.rejects.entries()) batch.rejects[i] = { ...reject, line: reject.line + lines };
  return batch;
}
