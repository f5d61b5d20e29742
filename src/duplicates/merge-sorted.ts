import { compareKeys } from './radix-sort.js';

/** Sorted records, block after block; a block is good until the next one is asked for. Undefined at the end. */
export interface SortedSource {
  next(): Promise<Uint32Array | undefined>;
}

/** Records in a block that the merge hands out. */
const BLOCK_RECORDS = 4096;

/**
 * Merges sorted sources into one, by the first `keyWords` of `words` words; of records with the same key, those of the earlier
 * source come first. Holds one block of each source. A block is good until the next one is asked for.
 */
export async function* mergeSorted(
  sources: readonly SortedSource[],
  words: number,
  keyWords: number,
): AsyncGenerator<Uint32Array, void, undefined> {
  const blocks: Uint32Array[] = [];
  const at = new Uint32Array(sources.length);
  /** A heap of sources: the one with the smallest record on top. */
  const heap = new Uint32Array(sources.length);
  let size = 0;

  const before = (a: number, b: number): boolean => {
    const order = compareKeys(blocks[a]!, at[a]!, blocks[b]!, at[b]!, keyWords);
    return order < 0 || (order === 0 && a < b);
  };
  const sink = (from: number): void => {
    const source = heap[from]!;
    let hole = from;
    for (;;) {
      let child = 2 * hole + 1;
      if (child >= size) break;
      if (child + 1 < size && before(heap[child + 1]!, heap[child]!)) child++;
      if (!before(heap[child]!, source)) break;
      heap[hole] = heap[child]!;
      hole = child;
    }
    heap[hole] = source;
  };

  for (let source = 0; source < sources.length; source++) {
    const block = await nextBlock(sources[source]!);
    if (block === undefined) continue;
    blocks[source] = block;
    heap[size++] = source;
  }
  for (let i = (size >>> 1) - 1; i >= 0; i--) sink(i);

  const out = new Uint32Array(BLOCK_RECORDS * words);
  let used = 0;
  while (size > 0) {
    const source = heap[0]!;
    const block = blocks[source]!;
    let from = at[source]!;
    for (let k = 0; k < words; k++) out[used++] = block[from++]!;
    at[source] = from;
    if (used === out.length) {
      yield out;
      used = 0;
    }
    if (from === block.length) {
      const next = await nextBlock(sources[source]!);
      at[source] = 0;
      if (next === undefined) heap[0] = heap[--size]!;
      else blocks[source] = next;
    }
    if (size > 0) sink(0);
  }
  if (used > 0) yield out.subarray(0, used);
}

async function nextBlock(source: SortedSource): Promise<Uint32Array | undefined> {
  for (;;) {
    const block = await source.next();
    if (block === undefined || block.length > 0) return block;
  }
}
