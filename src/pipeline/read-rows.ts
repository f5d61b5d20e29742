import { throwIfAborted } from '../base/abort.js';
import type { Chunks } from '../readers/chunks.js';
import type { Chunk, FileBlock, ReaderConfig } from '../readers/reader.js';
import type { RecordBatch } from '../records/batch.js';
import type { RowBlocks } from './file-blocks.js';
import { placed, readChunks } from './read-chunks.js';
import type { CheckedColumns } from './threads/pool.js';
import { movedDown, UnderWay, type ReadBatchesOptions } from './under-way.js';

/** When more blocks than this, and more than half of them, had rows elsewhere than they seemed to be, nobody guesses any more. */
export const MAX_WRONG_GUESSES = 8;

/**
 * CSV whose rows the threads find by themselves. Each begins where a row seems to begin in its block; whether it does is known when the
 * block before has been read to its last row's end. Where it does not (inside of a quoted cell that looks like rows), the block is read
 * again from there. A row that no block holds, being too large or without an end, is left to the chunker, and all that follows it.
 */
export async function* readRows(
  chunks: Chunks,
  rows: RowBlocks,
  options: ReadBatchesOptions,
): AsyncGenerator<RecordBatch, void, undefined> {
  let reading: RowReading;
  try {
    const first = await chunks.next();
    if (first.done === true) return;
    if (first.value.rejects.length > 0 || first.value.bytes.length === 0) {
      yield* readChunks(withFirst(first.value, chunks), rows, options);
      return;
    }
    reading = new RowReading(rows, options, options.configOf(first.value));
    await reading.begin(first.value);
  } finally {
    await chunks.return();
  }
  try {
    yield* reading.batches();
  } finally {
    await reading.settled();
  }
  if (reading.done) return;
  const rest = rows.chunksFrom!(reading.end);
  yield* readChunks(rest, rows, { ...options, configOf: () => reading.config }, rows.lines);
}

async function* withFirst(chunk: Chunk, chunks: Chunks): Chunks {
  yield chunk;
  yield* chunks;
}

class RowReading {
  /** Offset behind the last row that was given. */
  end = 0;
  readonly #underWay = new UnderWay<FileBlock>();
  /** Where the next block begins, and a place where a row is known to begin whatever comes before. */
  #next = 0;
  #rowStart = 0;
  #blocks = 0;
  #wrong = 0;

  constructor(
    private readonly rows: RowBlocks,
    private readonly options: ReadBatchesOptions,
    readonly config: ReaderConfig,
  ) {}

  get done(): boolean {
    return this.end >= this.rows.end;
  }

  /** The first chunk was looked at already, to find the mapping: where its rows are is known. */
  async begin(chunk: Chunk): Promise<void> {
    const { byteOffset, firstLine, bytes } = chunk;
    this.end = byteOffset;
    this.rows.lines = firstLine - 1;
    this.#next = this.#rowStart = byteOffset + bytes.length;
    // Lines of all blocks are counted from their first row.
    this.#push((await placed({ ...chunk, firstLine: 1 }, this.rows)) as FileBlock);
  }

  /** Ends when all is read, or at a row that must be left to others. */
  async *batches(): AsyncGenerator<RecordBatch, void, undefined> {
    const { pool, signal } = this.options;
    while (!this.done) {
      throwIfAborted(signal);
      while (this.#underWay.length < pool.blocks && this.#next < this.rows.end) await this.#pushNext();
      const { input: block, columns: read } = this.#underWay.shift();
      const columns = await this.#checked(block, await read);
      if (columns === undefined) continue;
      yield movedDown(columns.batch, this.rows.lines!);
      this.rows.lines! += columns.lines;
      this.end = placeOf(block, columns)[1];
      columns.release();
      if (this.end < block.end || this.#guessedTooOften) return;
      if (this.#underWay.length === 0) this.#next = this.#rowStart = this.end;
    }
  }

  settled(): Promise<void> {
    return this.#underWay.settled();
  }

  async #pushNext(): Promise<void> {
    const block = await this.rows.blockAt(this.#next, this.#next === this.#rowStart ? 'rows-from' : 'rows-near');
    this.#next = block.end;
    this.#push(block);
  }

  #push(block: FileBlock): void {
    this.#underWay.push(block, this.#read(block));
  }

  #read(block: FileBlock): Promise<CheckedColumns> {
    return this.options.pool.read(this.config, block, this.options.fingerprints);
  }

  /** The block's columns from `end` on; undefined when a row that began before it goes on to its end. */
  async #checked(block: FileBlock, columns: CheckedColumns): Promise<CheckedColumns | undefined> {
    if (this.end >= block.end) {
      columns.release();
      return undefined;
    }
    this.#blocks++;
    const [start, end] = placeOf(block, columns);
    const sure = block.cut !== 'rows-near';
    if (sure || (start === this.end && end >= block.end)) return columns;
    this.#wrong++;
    columns.release();
    return this.#read({ ...block, cut: 'rows-from', start: this.end });
  }

  get #guessedTooOften(): boolean {
    return this.#wrong > MAX_WRONG_GUESSES && 2 * this.#wrong > this.#blocks;
  }
}

/** Offsets of the first row and behind the last one; never those of a row where none was found. */
function placeOf({ cut, start, end }: FileBlock, { place }: CheckedColumns): readonly [start: number, end: number] {
  return cut === 'rows' ? [start, end] : (place ?? [-1, -1]);
}
