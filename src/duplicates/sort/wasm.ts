import { compileWasm, instantiateWasm, type WasmCode } from '../../base/wasm.js';

/** What the compiled module offers; assembly/index.ts says what each does. Addresses are offsets in `memory`. */
export interface SortExports {
  readonly memory: { readonly buffer: ArrayBuffer };
  heapBase(): number;
  reserve(end: number): void;
  configure(words: number, keyWords: number): void;
  sort(at: number, other: number, count: number): void;
  beginMerge(at: number, sources: number): void;
  setBlock(source: number, at: number, end: number): void;
  addSource(source: number): void;
  goOn(): void;
  dropSource(): void;
  sourcesLeft(): number;
  mergedTo(): number;
  merge(out: number, end: number): number;
}

let compiled: WasmCode | undefined;

/** A module with memory of its own, for records of `words` words that are sorted by the first `keyWords`. */
export function instantiateSort(words: number, keyWords: number): SortExports {
  compiled ??= compileWasm(new URL('./sort.wasm', import.meta.url));
  const instance = instantiateWasm<SortExports>(compiled, 'sort');
  instance.configure(words, keyWords);
  return instance;
}

/** The first address that is free, a multiple of 16. */
export function freeFrom(module: SortExports): number {
  return (module.heapBase() + 15) & ~15;
}
