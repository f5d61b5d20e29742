import { compileWasm, instantiateWasm, type WasmCode } from '../../base/wasm.js';

/** What the compiled module offers; assembly/index.ts says what each does. Addresses are offsets in `memory`. */
export interface FingerprintExports {
  readonly memory: { readonly buffer: ArrayBuffer };
  heapBase(): number;
  reserve(end: number): void;
  texts(bytes: number, offsets: number, frame: number, rows: number, codes: number, seeds: number, out: number): void;
  dense(values: number, dimension: number, rows: number, out: number, largest: number): void;
  sparse(offsets: number, indices: number, values: number, validity: number, rows: number, out: number): void;
  seal(rows: number, codes: number, seeds: number, out: number): void;
}

let code: WasmCode | undefined;

/** A module with memory of its own. */
export function instantiateFingerprints(): FingerprintExports {
  code ??= compileWasm(new URL('./fingerprint.wasm', import.meta.url));
  return instantiateWasm(code, 'fingerprint');
}
