import { readFileSync } from 'node:fs';

// The few declarations of the JavaScript API that are needed; Node's own types leave them to the DOM library.
declare const WebAssembly: {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object, imports: object) => { readonly exports: unknown };
};

/** What the compiled module offers; assembly/index.ts says what each does. Addresses are offsets in `memory`. */
export interface FingerprintExports {
  readonly memory: { readonly buffer: ArrayBuffer };
  heapBase(): number;
  reserve(end: number): void;
  text(at: number, length: number, seed: bigint): bigint;
  texts(bytes: number, offsets: number, rows: number, codes: number, seeds: number, out: number): void;
  dense(values: number, dimension: number, rows: number, out: number, largest: number): void;
  sparse(offsets: number, indices: number, values: number, validity: number, rows: number, out: number): void;
  seal(rows: number, codes: number, seeds: number, out: number): void;
}

let module: object | undefined;

/** A module with memory of its own. */
export function instantiateFingerprints(): FingerprintExports {
  module ??= new WebAssembly.Module(readFileSync(new URL('./fingerprint.wasm', import.meta.url)));
  return new WebAssembly.Instance(module, {
    env: {
      abort: () => {
        throw new Error('the fingerprint module has stopped');
      },
    },
  }).exports as FingerprintExports;
}
