import { SpillFile } from '../base/spill-file.js';
import { mergeSorted, type SortedSource } from './merge-sorted.js';
import { RecordMemory } from './sort/record-memory.js';

export interface RecordSorterOptions {
  /** Words of a record. */
  readonly words: number;
  /** Words it is sorted by, from the first; records that share them stay in the order in which they came. */
  readonly keyWords: number;
  /** What does not fit goes to a temporary file, sorted. The merge at the end holds as much, or 16 KiB of each such run. */
  readonly memoryBytes: number;
  /** For the temporary file. */
  readonly directory: string;
  readonly onSpill?: ((bytes: number) => void) | undefined;
  /**
   * Memory that sorters of the same words have done with: it is taken from here, if there is any, and put here in the end. Left to the garbage
   * collector, which does not see how large it is, it would stay for seconds.
   */
  readonly spare?: RecordMemory[] | undefined;
}

/** A run on disk: its blocks end to end. */
interface Run {
  offset: number;
  bytes: number;
}

const MIN_WINDOW_BYTES = 16 * 1024;
const MIN_RECORDS = 64;

/**
 * Sorts any number of records of a fixed number of 32-bit words in bounded memory.
 *
 *     if (sorter.isFull) await sorter.spill();
 *     sorter.push(a, b, c);
 *     for await (const block of sorter.sorted()) …      // once
 *     await sorter.close();
 */
export class RecordSorter {
  /** Records taken so far. */
  total = 0;
  readonly #capacity: number;
  readonly #spill: SpillFile;
  readonly #runs: Run[] = [];
  #memory: RecordMemory | undefined;
  #count = 0;

  constructor(private readonly options: RecordSorterOptions) {
    const { words, memoryBytes, directory } = options;
    // While it is written, a record is there once more.
    const bytes = RecordMemory.bytesPerRecord(words) + 4 * words;
    this.#capacity = Math.max(MIN_RECORDS, Math.floor(memoryBytes / bytes));
    this.#spill = new SpillFile(directory);
  }

  /** Memory that is taken, in bytes: what is on disk already is read again, all runs at once. */
  get heldBytes(): number {
    const { words, memoryBytes } = this.options;
    return this.#runs.length > 0 ? memoryBytes : this.#count * (RecordMemory.bytesPerRecord(words) + 4 * words);
  }

  /** Must be spilled before the next `push`. */
  get isFull(): boolean {
    return this.#count === this.#capacity;
  }

  /** Records that can be taken before it is full. */
  get room(): number {
    return this.#capacity - this.#count;
  }

  /** Takes a record. */
  push(...record: readonly number[]): void {
    this.pushFrom(record, 0);
  }

  /** Takes the record that begins at `source[at]`. */
  pushFrom(source: ArrayLike<number>, at: number): void {
    const { words } = this.options;
    const { to, records } = this.slots(1);
    for (let k = 0; k < words; k++) records[to + k] = source[at + k]!;
  }

  /**
   * Makes room for `count` records, no more than `room`, whose words the caller writes into `records` from `to` on, at once. They are
   * sorted as unsigned numbers all the same.
   */
  slots(count: number): { to: number; readonly records: Int32Array } {
    const { words, keyWords } = this.options;
    this.#memory ??= this.options.spare?.pop() ?? new RecordMemory(words, keyWords, this.#capacity);
    const to = this.#count * words;
    this.#count += count;
    this.total += count;
    return { to, records: this.#memory.upTo(this.#count) };
  }

  /** Sorts what is in memory and puts it on disk. */
  async spill(): Promise<void> {
    if (this.#count === 0) return;
    const sorted = this.#takeSorted();
    const offset = await this.#spill.append([new Uint8Array(sorted.buffer, sorted.byteOffset, sorted.byteLength)]);
    await this.#spill.flush();
    this.#runs.push({ offset, bytes: sorted.byteLength });
    this.options.onSpill?.(sorted.byteLength);
  }

  /** All records in order, in blocks that are good until the next one is asked for. */
  async *sorted(): AsyncGenerator<Uint32Array, void, undefined> {
    if (this.#runs.length === 0) {
      const { words } = this.options;
      const all = this.#takeSorted();
      const step = BLOCK_RECORDS * words;
      for (let at = 0; at < all.length; at += step) yield all.subarray(at, at + step);
      return;
    }
    await this.spill();
    this.#giveBack();
    const window = Math.max(MIN_WINDOW_BYTES, Math.floor(this.options.memoryBytes / this.#runs.length));
    const sources = this.#runs.map((run) => this.#source(run, window));
    yield* mergeSorted(sources, this.options.words, this.options.keyWords);
  }

  /** Removes the temporary file. Never throws. */
  async close(): Promise<void> {
    this.#giveBack();
    this.#count = 0;
    await this.#spill.close();
  }

  #giveBack(): void {
    if (this.#memory !== undefined) this.options.spare?.push(this.#memory);
    this.#memory = undefined;
  }

  #takeSorted(): Uint32Array {
    const sorted = this.#memory?.sorted(this.#count) ?? new Uint32Array(0);
    this.#count = 0;
    return sorted;
  }

  #source(run: Run, window: number): SortedSource {
    const recordBytes = 4 * this.options.words;
    const step = Math.max(1, Math.floor(window / recordBytes)) * recordBytes;
    return {
      next: async () => {
        if (run.bytes === 0) return undefined;
        const length = Math.min(step, run.bytes);
        const bytes = await this.#spill.read(run.offset, length);
        run.offset += length;
        run.bytes -= length;
        return new Uint32Array(bytes.buffer, bytes.byteOffset, length / 4);
      },
    };
  }
}

const BLOCK_RECORDS = 4096;
