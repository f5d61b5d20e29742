import { compileWasm, instantiateWasm, type WasmCode, type WasmMemory } from '../../base/wasm.js';

/** What the compiled module offers; assembly/index.ts says what each does. Addresses are offsets in the memory. */
export interface ScatteredExports {
  configure(blocks: number, places: number, dimension: number, sparse: boolean): void;
  measure(from: number, to: number, room: number, any: boolean): number;
  measuredBytes(): number;
  measuredIds(): number;
  measuredMetadata(): number;
  measuredEntries(): number;
  measuredNullMetadata(): number;
  measuredNullSparse(): number;
  largestRow(): number;
  gather(
    from: number,
    to: number,
    values: number,
    lengths: number,
    indices: number,
    sparseValues: number,
    ids: number,
    metadata: number,
    sparseValidity: number,
    metadataValidity: number,
  ): void;
}

let code: WasmCode | undefined;

/** A module that works on this memory. */
export function instantiateScattered(memory: WasmMemory<SharedArrayBuffer>): ScatteredExports {
  code ??= compileWasm(new URL('./scattered.wasm', import.meta.url));
  return instantiateWasm(code, 'scattered rows', memory);
}
