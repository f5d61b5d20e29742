import { compileWasm, instantiateWasm, type WasmCode } from '../../base/wasm.js';

/** What the compiled module offers; assembly/index.ts says what each does. Addresses are offsets in `memory`. */
export interface SeenExports {
  readonly memory: { readonly buffer: ArrayBuffer };
  heapBase(): number;
  reserve(end: number): void;
  begin(at: number, bytes: number): void;
  take(rows: number, count: number, rowBytes: number): number;
}

let compiled: WasmCode | undefined;

/** A module with memory of its own. */
export function instantiateSeen(): SeenExports {
  compiled ??= compileWasm(new URL('./seen.wasm', import.meta.url));
  return instantiateWasm<SeenExports>(compiled, 'seen');
}
