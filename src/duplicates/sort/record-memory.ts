import { freeFrom, instantiateSort, type SortExports } from './wasm.js';

/** Records that room is made for at first: most have little to sort. */
const FIRST_RECORDS = 1024;

/** Records of a fixed number of 32-bit words in memory of their own, sorted where they lie. */
export class RecordMemory {
  readonly #module: SortExports;
  readonly #base: number;
  #room = 0;
  #words: Int32Array;

  /** @param capacity records at most */
  constructor(
    private readonly words: number,
    keyWords: number,
    private readonly capacity: number,
  ) {
    this.#module = instantiateSort(words, keyWords);
    this.#base = freeFrom(this.#module);
    this.#words = this.#reserve(Math.min(FIRST_RECORDS, capacity), 0);
  }

  /** Bytes that sorting takes for each record: it moves them between two places. */
  static bytesPerRecord(words: number): number {
    return 2 * 4 * words;
  }

  /**
   * Room for the records up to number `count`, as words. Good until the next call of any method. Signed, since V8 has quick ways for
   * whole numbers that are: to sorting, the words are unsigned.
   */
  upTo(count: number): Int32Array {
    if (count > this.#room) this.#words = this.#reserve(Math.max(count, Math.min(2 * this.#room, this.capacity)), 0);
    return this.#words;
  }

  /** Sorts the first `count` records. They are good until the next call. */
  sorted(count: number): Uint32Array {
    const bytes = 4 * this.words * count;
    // One more for a record that is on its way.
    this.#words = this.#reserve(this.#room, 2 * bytes + 4 * this.words);
    this.#module.sort(this.#base, this.#base + bytes, count);
    return new Uint32Array(this.#module.memory.buffer, this.#base, this.words * count);
  }

  #reserve(room: number, bytes: number): Int32Array {
    this.#room = room;
    const own = 4 * this.words * room;
    this.#module.reserve(this.#base + Math.max(own, bytes));
    return new Int32Array(this.#module.memory.buffer, this.#base, this.words * room);
  }
}
