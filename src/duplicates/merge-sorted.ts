import { freeFrom, instantiateSort, type SortExports } from './sort/wasm.js';

/** Sorted records, block after block; a block is good until the next one is asked for. Undefined at the end. */
export interface SortedSource {
  next(): Promise<Uint32Array | undefined>;
}

/** Records in a block that the merge hands out. */
const BLOCK_RECORDS = 4096;
/** Sources whose first blocks are asked for together. */
const FIRST_AT_ONCE = 16;
/** State of the merge for each source, in bytes: see assembly/index.ts. */
const SOURCE_BYTES = 12;

/**
 * Merges sorted sources into one, by the first `keyWords` of `words` words; of records with the same key, those of the earlier
 * source come first. Holds one block of each source. A block is good until the next one is asked for.
 */
export async function* mergeSorted(
  sources: readonly SortedSource[],
  words: number,
  keyWords: number,
): AsyncGenerator<Uint32Array, void, undefined> {
  if (sources.length === 1) {
    for (let block; (block = await nextBlock(sources[0]!)) !== undefined;) yield block;
    return;
  }
  const blocks = new Blocks(sources, words, keyWords);
  const { module } = blocks;
  // The first blocks may each be an answer of a store: they are waited for together, some at a time.
  for (let from = 0; from < sources.length; from += FIRST_AT_ONCE) {
    const some = sources.slice(from, from + FIRST_AT_ONCE).map((_, i) => from + i);
    const first = await Promise.all(some.map((source) => nextBlock(sources[source]!)));
    some.forEach((source, i) => blocks.take(source, first[i]) && module.addSource(source));
  }
  const out = blocks.place(4 * words * BLOCK_RECORDS);
  const end = out + 4 * words * BLOCK_RECORDS;
  let to = out;
  const merged = (): Uint32Array => new Uint32Array(module.memory.buffer, out, (to - out) / 4);
  while (module.sourcesLeft() > 0) {
    const source = module.merge(to, end);
    to = module.mergedTo();
    if (source >= 0) {
      if (await blocks.next(source)) module.goOn();
      else module.dropSource();
    }
    if (to < end) continue;
    yield merged();
    to = out;
  }
  if (to > out) yield merged();
}

/** The blocks of the sources in the module's memory, each in a place that its next ones take, too. */
class Blocks {
  readonly module: SortExports;
  readonly #places: { at: number; bytes: number }[];
  #free: number;

  constructor(
    private readonly sources: readonly SortedSource[],
    words: number,
    keyWords: number,
  ) {
    this.module = instantiateSort(words, keyWords);
    this.#free = freeFrom(this.module);
    this.module.beginMerge(this.place(SOURCE_BYTES * sources.length), sources.length);
    this.#places = sources.map(() => ({ at: 0, bytes: 0 }));
  }

  /** Memory for good. */
  place(bytes: number): number {
    const at = this.#free;
    this.#free = (at + bytes + 15) & ~15;
    this.module.reserve(this.#free);
    return at;
  }

  /** Takes the next block of a source. @returns whether there is one */
  async next(source: number): Promise<boolean> {
    return this.take(source, await nextBlock(this.sources[source]!));
  }

  /** The same of a block that is there already. */
  take(source: number, block: Uint32Array | undefined): boolean {
    if (block === undefined) return false;
    const place = this.#places[source]!;
    if (place.bytes < block.byteLength) {
      place.bytes = block.byteLength;
      place.at = this.place(place.bytes);
    }
    new Uint32Array(this.module.memory.buffer, place.at, block.length).set(block);
    this.module.setBlock(source, place.at, place.at + block.byteLength);
    return true;
  }
}

async function nextBlock(source: SortedSource): Promise<Uint32Array | undefined> {
  for (;;) {
    const block = await source.next();
    if (block === undefined || block.length > 0) return block;
  }
}
