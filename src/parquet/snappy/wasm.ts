import { compileWasm, instantiateWasm } from '../../base/wasm.js';

/** What the compiled module offers; assembly/index.ts says what each does. */
export interface SnappyExports {
  readonly memory: { readonly buffer: ArrayBuffer };
  heapBase(): number;
  reserve(end: number): void;
  mostBytes(length: number): number;
  compress(source: number, length: number, out: number): number;
  decompress(at: number, end: number, out: number, outEnd: number): number;
}

let loaded: SnappyExports | undefined;

/** One for all, since nothing waits while it is used. */
export function snappy(): SnappyExports {
  loaded ??= instantiateWasm<SnappyExports>(compileWasm(new URL('./snappy.wasm', import.meta.url)), 'Snappy');
  return loaded;
}

/** Memory of a module never shrinks: after something large it is given back as a whole. */
export function forgetSnappy(): void {
  loaded = undefined;
}
