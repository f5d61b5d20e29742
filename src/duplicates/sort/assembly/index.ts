// Sorts and merges records of a fixed number of 32-bit words by their first words, as unsigned numbers, the first one the most
// significant. Records with the same key keep their order. Addresses are offsets in memory, which JavaScript lays out.

/** Bits that one pass looks at: 2,048 counters stay in the nearest cache. */
const DIGIT_BITS: u32 = 11;
const RADIX: u32 = 1 << DIGIT_BITS;
/** Fewer records than this are sorted by comparing. */
const SMALL: u32 = 24;

const STARTS: usize = memory.data(RADIX * 4, 16);

/** What surely fits a processor's second cache, and the digit that more is spread by before it is sorted. */
const CACHE_BYTES: usize = 512 * 1024;
const SPREAD_BITS: u32 = 11;
const SPREAD: usize = memory.data((1 << SPREAD_BITS) * 4, 16);

let recordBytes: usize = 0;
let keyBytes: usize = 0;

export { heapBase, reserve } from '../../../base/assembly/memory';

/** To be called before anything else: what a record is. */
export function configure(words: u32, keyWords: u32): void {
  recordBytes = (words as usize) << 2;
  keyBytes = (keyWords as usize) << 2;
}

/**
 * Sorts `count` records at `at`; as much memory at `other` is written over, and room for one record behind it. Takes time in
 * proportion to `count`, whatever the keys are: nobody can make it slow by choosing them.
 */
export function sort(at: usize, other: usize, count: u32): void {
  sortFrom(at, other, count, 0);
}

/** Sorts records that share all of their key before `key` (in bytes). */
function sortFrom(at: usize, other: usize, count: u32, key: usize): void {
  if (count <= SMALL) {
    sortSmall(at, other, count, key);
    return;
  }
  sortByWord(at, other, count, key);
  if (key + 4 == keyBytes) return;
  const end = at + (count as usize) * recordBytes;
  for (let start = at; start < end;) {
    const word = load<u32>(start + key);
    let next = start + recordBytes;
    while (next < end && load<u32>(next + key) == word) next += recordBytes;
    const same = ((next - start) / recordBytes) as u32;
    if (same > 1) sortFrom(start, other, same, key + 4);
    start = next;
  }
}

/**
 * More records than fit a processor's cache are first spread by their highest digit, so that every other pass finds them there:
 * to write a record to one of 2,048 places all over the memory costs several times what it costs within the cache.
 */
function sortByWord(at: usize, other: usize, count: u32, key: usize): void {
  const varying = varyingBits(at, count, key);
  const bits: u32 = 32 - (clz(varying) as u32);
  if ((count as usize) * recordBytes <= CACHE_BYTES || bits <= SPREAD_BITS) {
    sortByDigits(at, other, count, key, varying);
    return;
  }
  const shift = bits - SPREAD_BITS;
  const mask: u32 = (1 << SPREAD_BITS) - 1;
  spread(at, other, count, key, shift, mask, SPREAD);
  const rest = varying & (((1 as u32) << shift) - 1);
  let start: usize = 0;
  for (let i: u32 = 0; i <= mask; i++) {
    // Where the next one would go is where the bucket ends.
    const end = (load<u32>(SPREAD + ((i as usize) << 2)) as usize) - other;
    if (end == start) continue;
    memory.copy(at + start, other + start, end - start);
    const many = ((end - start) / recordBytes) as u32;
    if (many <= SMALL) sortSmall(at + start, other + start, many, key);
    else sortByDigits(at + start, other + start, many, key, rest);
    start = end;
  }
}

/** The bits in which the words of the records differ. */
function varyingBits(at: usize, count: u32, key: usize): u32 {
  const first = load<u32>(at + key);
  let varying: u32 = 0;
  for (let p = at, end = at + (count as usize) * recordBytes; p < end; p += recordBytes) {
    varying |= load<u32>(p + key) ^ first;
  }
  return varying;
}

/** From the least significant digit to the most; digits that all records share need no pass. */
function sortByDigits(at: usize, other: usize, count: u32, key: usize, varying: u32): void {
  let from = at;
  let to = other;
  for (let shift: u32 = 0; shift < 32; shift += DIGIT_BITS) {
    if (((varying >> shift) & (RADIX - 1)) == 0) continue;
    spread(from, to, count, key, shift, RADIX - 1, STARTS);
    const swap = from;
    from = to;
    to = swap;
  }
  if (from != at) memory.copy(at, from, (count as usize) * recordBytes);
}

/** Puts records in the order of one digit, those that share it in the order in which they were. Leaves in `counters` where each digit's records end. */
function spread(from: usize, to: usize, count: u32, key: usize, shift: u32, mask: u32, counters: usize): void {
  const end = from + (count as usize) * recordBytes;
  const last = counters + ((mask as usize) << 2);
  memory.fill(counters, 0, last + 4 - counters);
  for (let p = from; p < end; p += recordBytes) {
    const counter = counters + ((((load<u32>(p + key) >> shift) & mask) as usize) << 2);
    store<u32>(counter, load<u32>(counter) + (recordBytes as u32));
  }
  let sum = to as u32;
  for (let counter = counters; counter <= last; counter += 4) {
    const here = load<u32>(counter);
    store<u32>(counter, sum);
    sum += here;
  }
  for (let p = from; p < end; p += recordBytes) {
    const counter = counters + ((((load<u32>(p + key) >> shift) & mask) as usize) << 2);
    const place = load<u32>(counter);
    store<u32>(counter, place + (recordBytes as u32));
    copyRecord(place as usize, p);
  }
}

/** By insertion; `other` holds the record that is on its way. */
function sortSmall(at: usize, other: usize, count: u32, key: usize): void {
  const end = at + (count as usize) * recordBytes;
  for (let p = at + recordBytes; p < end; p += recordBytes) {
    let hole = p;
    while (hole > at && isBefore(p, hole - recordBytes, key)) hole -= recordBytes;
    if (hole == p) continue;
    copyRecord(other, p);
    memory.copy(hole + recordBytes, hole, p - hole);
    copyRecord(hole, other);
  }
}

// @ts-ignore: decorator
@inline
function copyRecord(to: usize, from: usize): void {
  let i: usize = 0;
  for (; i + 16 <= recordBytes; i += 16) v128.store(to + i, v128.load(from + i));
  for (; i < recordBytes; i += 4) store<u32>(to + i, load<u32>(from + i));
}

/** Does the key at `a` come before that at `b`, from `key` on? */
// @ts-ignore: decorator
@inline
function isBefore(a: usize, b: usize, key: usize): bool {
  for (; key < keyBytes; key += 4) {
    const x = load<u32>(a + key);
    const y = load<u32>(b + key);
    if (x != y) return x < y;
  }
  return false;
}

// The merge: a heap of sources, that with the smallest record on top. Of each source the block in memory, 8 bytes a source: where its
// next record is, and its end.
let blocks: usize = 0;
let heap: usize = 0;
let size: u32 = 0;
/** Where the last run of the merge has ended in its output. */
let mergedEnd: usize = 0;

/** Begins a merge of up to `sources` sources; its state takes 12 bytes a source at `at`. */
export function beginMerge(at: usize, sources: u32): void {
  blocks = at;
  heap = at + ((sources as usize) << 3);
  size = 0;
}

/** The next block of a source; must hold a record. */
export function setBlock(source: u32, at: usize, end: usize): void {
  store<u32>(blocks + ((source as usize) << 3), at as u32);
  store<u32>(blocks + ((source as usize) << 3), end as u32, 4);
}

/** Takes a source, whose first block is set, into the merge. */
export function addSource(source: u32): void {
  let hole = size++;
  while (hole > 0) {
    const parent = (hole - 1) >> 1;
    const above = load<u32>(heap + ((parent as usize) << 2));
    if (!sourceBefore(source, above)) break;
    store<u32>(heap + ((hole as usize) << 2), above);
    hole = parent;
  }
  store<u32>(heap + ((hole as usize) << 2), source);
}

/** After a run that ended with a source: it has its next block now. */
export function goOn(): void {
  sink(load<u32>(heap));
}

/** After a run that ended with a source: it has no further block. */
export function dropSource(): void {
  size--;
  if (size > 0) sink(load<u32>(heap + ((size as usize) << 2)));
}

/** How many sources are left. */
export function sourcesLeft(): u32 {
  return size;
}

export function mergedTo(): usize {
  return mergedEnd;
}

/**
 * Merges to `out` until `end` is reached (returns -1) or a source's block is used up (returns that source, which is to be given its next
 * block, or dropped). Of records with the same key those of the source with the smaller number come first.
 */
export function merge(out: usize, end: usize): i32 {
  while (out < end) {
    const source = load<u32>(heap);
    const entry = blocks + ((source as usize) << 3);
    let at = load<u32>(entry) as usize;
    copyRecord(out, at);
    out += recordBytes;
    at += recordBytes;
    store<u32>(entry, at as u32);
    if (at == (load<u32>(entry, 4) as usize)) {
      mergedEnd = out;
      return source as i32;
    }
    sink(source);
  }
  mergedEnd = out;
  return -1;
}

// @ts-ignore: decorator
@inline
function sourceBefore(a: u32, b: u32): bool {
  const x = load<u32>(blocks + ((a as usize) << 3)) as usize;
  const y = load<u32>(blocks + ((b as usize) << 3)) as usize;
  for (let key: usize = 0; key < keyBytes; key += 4) {
    const p = load<u32>(x + key);
    const q = load<u32>(y + key);
    if (p != q) return p < q;
  }
  return a < b;
}

/** Puts a source in the place of the one on top, and it down to where it belongs. */
function sink(source: u32): void {
  let hole: u32 = 0;
  while (true) {
    let child: u32 = 2 * hole + 1;
    if (child >= size) break;
    let below = load<u32>(heap + ((child as usize) << 2));
    if (child + 1 < size) {
      const other = load<u32>(heap + ((child as usize) << 2), 4);
      if (sourceBefore(other, below)) {
        child++;
        below = other;
      }
    }
    if (!sourceBefore(below, source)) break;
    store<u32>(heap + ((hole as usize) << 2), below);
    hole = child;
  }
  store<u32>(heap + ((hole as usize) << 2), source);
}
