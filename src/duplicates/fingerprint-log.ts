import { SpillFile } from '../base/spill-file.js';
import { ROW_BYTES, ROW_WORDS, type RoomForRows } from './fingerprint-rows.js';
import { instantiateSeen, type SeenExports } from './seen/wasm.js';

export interface FingerprintLogOptions {
  /** For the block that is being filled and the table of what has come. */
  readonly memoryBytes: number;
  /** For the temporary file. */
  readonly directory: string;
  /** How many rows there will be in all, as far as can be told; asked when there are many. */
  readonly expectedRows?: (() => number | undefined) | undefined;
}

/** Rows that are looked at together, then written to the temporary file. */
const BLOCK_ROWS = 16_384;
const BLOCK_BYTES = BLOCK_ROWS * ROW_BYTES;
/** A table of this size holds 52,000 rows, and fits a processor's second cache. */
const FIRST_TABLE_BYTES = 512 * 1024;
/** A full one is filled anew from the temporary file: by so much larger each time, hardly a row is taken more than twice. */
const TABLE_GROWTH = 4;
/** Where the number of rows is estimated, for so many times as many. */
const EXPECTED_SHARE = 1.06;
/** Where so many times as many are expected as can be told apart, that will hardly turn out wrong. */
const TOO_MANY = 1.25;
/** Of 16 slots of a bucket 13 may be taken on average: most fingerprints still find room in their own. */
const SLOT_BYTES = 4;
const LOAD = 13 / 16;

/**
 * Keeps rows in the order in which they come, and tells whether any of their fingerprints may have come twice: most often none has, and
 * then none of them need be put in order. What the table takes for the same may differ after all, once in a hundred runs over millions of
 * records.
 *
 *     const { words, at, room } = log.room();       // fill some of it
 *     if (!(await log.taken(count))) …              // the rows are in the log all the same
 */
export class FingerprintLog {
  readonly #module: SeenExports;
  readonly #base: number;
  readonly #file: SpillFile;
  readonly #maxTableBytes: number;
  /** Where the blocks that are full lie in the file. */
  readonly #blocks: number[] = [];
  #tableBytes = 0;
  /** Rows of full blocks. */
  #looked = 0;
  /** Rows of the block that is being filled. */
  #count = 0;
  #words: Int32Array;

  constructor(private readonly options: FingerprintLogOptions) {
    const { memoryBytes, directory } = options;
    this.#file = new SpillFile(directory);
    this.#module = instantiateSeen();
    this.#base = (this.#module.heapBase() + 63) & ~63;
    this.#maxTableBytes = Math.max(FIRST_TABLE_BYTES, (memoryBytes - BLOCK_BYTES) & ~63);
    this.#words = this.#begin(FIRST_TABLE_BYTES);
  }

  /** Memory that is taken, in bytes. */
  get heldBytes(): number {
    return BLOCK_BYTES + this.#tableBytes;
  }

  /** Where the next rows go; good until the next call of any method. */
  room(): RoomForRows {
    return { words: this.#words, at: this.#count * ROW_WORDS, room: BLOCK_ROWS - this.#count };
  }

  /**
   * So many rows were put into the room.
   *
   * @returns false: a fingerprint may have come twice, or they are more than the memory can tell apart
   */
  async taken(count: number): Promise<boolean> {
    this.#count += count;
    if (this.#count < BLOCK_ROWS) return true;
    this.#blocks.push(await this.#file.append([this.#bytes(BLOCK_BYTES)]));
    await this.#file.flush();
    this.#count = 0;
    this.#looked += BLOCK_ROWS;
    return this.#looked > rowsIn(this.#tableBytes) ? this.#grow(this.#looked) : this.#takeBlock(BLOCK_ROWS);
  }

  /** Looks at the last rows. @returns as `taken` does */
  async allDiffer(): Promise<boolean> {
    if (this.#count === 0) return true;
    if (this.#looked + this.#count <= rowsIn(this.#tableBytes)) return this.#takeBlock(this.#count);
    // Filling a larger table takes the room that they lie in.
    const last = this.#last();
    const grown = await this.#grow(this.#looked + this.#count);
    this.#words.set(last);
    return grown && this.#takeBlock(this.#count);
  }

  /** All rows in the order in which they came, once, in blocks. Nothing else may be called from here on but `close`. */
  async *rows(): AsyncGenerator<Int32Array, void, undefined> {
    const last = this.#last();
    for (const offset of this.#blocks) {
      const { buffer } = await this.#file.read(offset, BLOCK_BYTES);
      yield new Int32Array(buffer, 0, BLOCK_ROWS * ROW_WORDS);
    }
    if (last.length > 0) yield last;
  }

  /** Removes the temporary file. Never throws. */
  async close(): Promise<void> {
    await this.#file.close();
  }

  /** Do the block's first `count` rows differ from all before, and from each other? */
  #takeBlock(count: number): boolean {
    return this.#module.take(this.#base, count, ROW_BYTES) === 0;
  }

  /** A table for so many rows, with those of all full blocks. */
  async #grow(rows: number): Promise<boolean> {
    const expected = EXPECTED_SHARE * (this.options.expectedRows?.() ?? 0);
    // The sooner the better: what is in the log has to be read again.
    if (Math.max(rows, expected / TOO_MANY) > rowsIn(this.#maxTableBytes)) return false;
    const wanted = Math.max(bytesFor(rows), bytesFor(expected), TABLE_GROWTH * this.#tableBytes);
    this.#words = this.#begin(Math.min(this.#maxTableBytes, wanted));
    for (const offset of this.#blocks) {
      this.#bytes(BLOCK_BYTES).set(await this.#file.peek(offset, BLOCK_BYTES));
      if (!this.#takeBlock(BLOCK_ROWS)) return false;
    }
    return true;
  }

  /** An empty table. @returns the block, since memory that grows is another buffer */
  #begin(tableBytes: number): Int32Array {
    const table = this.#base + BLOCK_BYTES;
    this.#module.reserve(table + tableBytes);
    this.#module.begin(table, tableBytes);
    this.#tableBytes = tableBytes;
    return new Int32Array(this.#module.memory.buffer, this.#base, BLOCK_ROWS * ROW_WORDS);
  }

  /** A copy of the rows of the block that is being filled. */
  #last(): Int32Array {
    return this.#words.slice(0, this.#count * ROW_WORDS);
  }

  #bytes(length: number): Uint8Array {
    return new Uint8Array(this.#module.memory.buffer, this.#base, length);
  }
}

/** Rows that a table tells apart, each with two fingerprints. */
function rowsIn(tableBytes: number): number {
  return Math.floor(((tableBytes / SLOT_BYTES) * LOAD) / 2);
}

/** The least of such tables, in whole buckets. */
function bytesFor(rows: number): number {
  return Math.ceil((2 * rows * SLOT_BYTES) / LOAD / 64) * 64;
}
