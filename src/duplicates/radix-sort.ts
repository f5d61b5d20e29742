/** Bits that one pass looks at: 2,048 counters stay in the nearest cache. */
const DIGIT_BITS = 11;
const RADIX = 1 << DIGIT_BITS;
/** Fewer records than this are sorted by comparing. */
const SMALL = 32;

/**
 * Sorts `count` records of `words` words each by their first `keyWords` words, as unsigned numbers, the first one the most
 * significant. Records with the same key keep their order. Takes time in proportion to `count`, whatever the keys are:
 * nobody can make it slow by choosing them. Returns a copy.
 */
export function sortRecords(records: Uint32Array, count: number, words: number, keyWords: number): Uint32Array {
  const order = new Sort(records, count, words, keyWords).run();
  const sorted = new Uint32Array(count * words);
  for (let i = 0, to = 0; i < count; i++) {
    for (let at = order[i]! * words, end = at + words; at < end; at++) sorted[to++] = records[at]!;
  }
  return sorted;
}

/** By the first word; those that share it, which are few among fingerprints, by the next. */
class Sort {
  readonly #order: Uint32Array;
  readonly #keys: Uint32Array;
  readonly #otherOrder: Uint32Array;
  readonly #otherKeys: Uint32Array;
  readonly #starts = new Uint32Array(RADIX);

  constructor(
    private readonly records: Uint32Array,
    count: number,
    private readonly words: number,
    private readonly keyWords: number,
  ) {
    this.#order = new Uint32Array(count);
    for (let i = 0; i < count; i++) this.#order[i] = i;
    this.#keys = new Uint32Array(count);
    this.#otherOrder = new Uint32Array(count);
    this.#otherKeys = new Uint32Array(count);
  }

  /** The numbers of the records in their order. */
  run(): Uint32Array {
    this.#range(0, this.#order.length, 0);
    return this.#order;
  }

  /** Sorts a stretch of the order, whose records share all words before `word`. */
  #range(from: number, to: number, word: number): void {
    if (to - from <= SMALL) {
      this.#byComparing(from, to, word);
      return;
    }
    this.#byDigits(from, to, word);
    if (word + 1 === this.keyWords) return;
    for (let start = from; start < to;) {
      const key = this.records[this.#order[start]! * this.words + word]!;
      let end = start + 1;
      while (end < to && this.records[this.#order[end]! * this.words + word] === key) end++;
      if (end - start > 1) this.#range(start, end, word + 1);
      start = end;
    }
  }

  /** From the least significant digit to the most; digits that all records share need no pass. */
  #byDigits(from: number, to: number, word: number): void {
    const starts = this.#starts;
    let [order, keys, nextOrder, nextKeys] = [this.#order, this.#keys, this.#otherOrder, this.#otherKeys];
    let varying = 0;
    const first = this.records[order[from]! * this.words + word]!;
    for (let i = from; i < to; i++) {
      const key = this.records[order[i]! * this.words + word]!;
      keys[i] = key;
      varying |= key ^ first;
    }
    for (let shift = 0; shift < 32; shift += DIGIT_BITS) {
      if (((varying >>> shift) & (RADIX - 1)) === 0) continue;
      starts.fill(0);
      for (let i = from; i < to; i++) starts[(keys[i]! >>> shift) & (RADIX - 1)]!++;
      for (let digit = 0, sum = from; digit < RADIX; digit++) {
        const here = starts[digit]!;
        starts[digit] = sum;
        sum += here;
      }
      for (let i = from; i < to; i++) {
        const key = keys[i]!;
        const place = starts[(key >>> shift) & (RADIX - 1)]!++;
        nextKeys[place] = key;
        nextOrder[place] = order[i]!;
      }
      [order, keys, nextOrder, nextKeys] = [nextOrder, nextKeys, order, keys];
    }
    if (order !== this.#order) this.#order.set(order.subarray(from, to), from);
  }

  #byComparing(from: number, to: number, word: number): void {
    const { records, words, keyWords } = this;
    const order = this.#order;
    for (let i = from + 1; i < to; i++) {
      const record = order[i]!;
      let hole = i;
      for (; hole > from; hole--) {
        const before = order[hole - 1]!;
        if (compareKeys(records, before * words + word, records, record * words + word, keyWords - word) <= 0) break;
        order[hole] = before;
      }
      order[hole] = record;
    }
  }
}

/** Below 0 when the key at `a[i]` comes first, 0 when they are the same. */
export function compareKeys(a: Uint32Array, i: number, b: Uint32Array, j: number, keyWords: number): number {
  for (let k = 0; k < keyWords; k++) {
    const x = a[i + k]!;
    const y = b[j + k]!;
    if (x !== y) return x < y ? -1 : 1;
  }
  return 0;
}
