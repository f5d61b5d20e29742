import { GrowingArray } from './growing-array.js';
import type { Held } from './paged-column.js';

/** Which rows of a column have a value, in the order in which they came. One byte a row: 0 where it has none. */
export class ScatteredValidity {
  readonly #flags: GrowingArray<Uint8Array>;
  #nulls = false;

  constructor(mostBytes: number, held: Held) {
    this.#flags = new GrowingArray<Uint8Array>((length) => new Uint8Array(length), mostBytes, held);
  }

  get usedBytes(): number {
    return this.#flags.length;
  }

  /** @param validity of the column that rows `from … to` come from; undefined where all have a value */
  append(validity: Uint8Array | undefined, from: number, to: number, rowsBefore: number): void {
    this.#flags.reserve(to - from);
    if (validity === undefined) {
      this.#flags.array.fill(1, rowsBefore, rowsBefore + to - from);
    } else {
      this.#flags.array.set(validity.subarray(from, to), rowsBefore);
      this.#nulls = true;
    }
    this.#flags.length += to - from;
  }

  /** As a batch has it. */
  column(rows: number): Uint8Array | undefined {
    return this.#nulls ? this.#flags.array.subarray(0, rows) : undefined;
  }

  hasNulls(order: Uint32Array, from: number, to: number): boolean {
    if (!this.#nulls) return false;
    const flags = this.#flags.array;
    for (let i = from; i < to; i++) if (flags[order[i]!] === 0) return true;
    return false;
  }

  /** Copies the flags of rows `order[from … to)`. Returns the place behind them. */
  copyTo(target: Uint8Array, place: number, order: Uint32Array, from: number, to: number): number {
    const flags = this.#flags.array;
    let at = place;
    for (let i = from; i < to; i++) target[at++] = flags[order[i]!]!;
    return at;
  }

  /** Drops the memory too. */
  free(): void {
    this.#flags.take(false);
  }

  clear(): void {
    this.#flags.length = 0;
    this.#nulls = false;
  }
}
