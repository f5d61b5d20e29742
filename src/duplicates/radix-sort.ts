/** Bits that one pass looks at: 2,048 counters stay in the nearest cache. */
const DIGIT_BITS = 11;
const RADIX = 1 << DIGIT_BITS;
/** Fewer records than this are sorted by comparing. */
const SMALL = 512;

/**
 * Sorts `count` records of `words` words each by their first `keyWords` words, as unsigned numbers, the first one the most
 * significant. Records with the same key keep their order. Takes time in proportion to `count`, whatever the keys are:
 * nobody can make it slow by choosing them. Returns a copy.
 */
export function sortRecords(records: Uint32Array, count: number, words: number, keyWords: number): Uint32Array {
  const order =
    count < SMALL ? orderByComparing(records, count, words, keyWords) : orderByRadix(records, count, words, keyWords);
  const sorted = new Uint32Array(count * words);
  for (let i = 0, to = 0; i < count; i++) {
    for (let at = order[i]! * words, end = at + words; at < end; at++) sorted[to++] = records[at]!;
  }
  return sorted;
}

function orderByComparing(records: Uint32Array, count: number, words: number, keyWords: number): Uint32Array {
  const order = new Uint32Array(count).map((_, i) => i);
  // Typed arrays are sorted stably, too.
  return order.sort((a, b) => compareKeys(records, a * words, records, b * words, keyWords));
}

/** From the least significant digit to the most; digits that all records share need no pass. */
function orderByRadix(records: Uint32Array, count: number, words: number, keyWords: number): Uint32Array {
  let order = new Uint32Array(count).map((_, i) => i);
  let next = new Uint32Array(count);
  const starts = new Uint32Array(RADIX);
  const keys = new Uint32Array(count);
  for (let word = keyWords - 1; word >= 0; word--) {
    let varying = 0;
    for (let i = 0, at = word; i < count; i++, at += words) {
      const key = records[at]!;
      keys[i] = key;
      varying |= key ^ keys[0]!;
    }
    for (let shift = 0; shift < 32; shift += DIGIT_BITS) {
      if (((varying >>> shift) & (RADIX - 1)) === 0) continue;
      starts.fill(0);
      for (let i = 0; i < count; i++) starts[(keys[i]! >>> shift) & (RADIX - 1)]!++;
      for (let digit = 0, sum = 0; digit < RADIX; digit++) {
        const here = starts[digit]!;
        starts[digit] = sum;
        sum += here;
      }
      for (let i = 0; i < count; i++) {
        const record = order[i]!;
        next[starts[(keys[record]! >>> shift) & (RADIX - 1)]!++] = record;
      }
      [order, next] = [next, order];
    }
  }
  return order;
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
