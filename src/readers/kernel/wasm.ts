import { compileWasm, instantiateWasm, type WasmCode } from '../../base/wasm.js';

/** What the compiled kernel offers; assembly/index.ts says what each does. Addresses are offsets in `memory`. */
export interface KernelExports {
  readonly memory: { readonly buffer: ArrayBuffer };
  heapBase(): number;
  reserve(end: number): void;
  init(powers: number): void;
  settingsAddress(): number;
  resultAddress(): number;
  configure(): void;
  place(length: number): number;
  openRows(): void;
  scanCells(start: number): void;
  takeInput(start: number, end: number): void;
  read(isCsv: boolean, byteOffset: number, firstLine: number): void;
  readRowsUpTo(stop: number, byteOffset: number, firstLine: number, maxBytes: number, atEnd: boolean): number;
  findRow(from: number, to: number, end: number): number;
  placeRejected(): number;
  orderRows(some: boolean): number;
  packRows(count: number, dimension: number, hashed: boolean): void;
}

/** The range of decimal exponents that decimal.ts has powers of ten for. */
const MIN_POWER = -90;
const MAX_POWER = 60;

let compiled: WasmCode | undefined;

/** The kernel's code, compiled once. Threads may share it: see useKernelCode. */
export function kernelCode(): WasmCode {
  compiled ??= compileWasm(new URL('./kernel.wasm', import.meta.url));
  return compiled;
}

/** Takes over code that another thread has compiled, so that this one need not. */
export function useKernelCode(code: WasmCode): void {
  compiled = code;
}

/** A kernel with memory of its own. */
export function instantiateKernel(): KernelExports {
  const kernel = instantiateWasm<KernelExports>(kernelCode(), 'kernel');
  const powers = alignUp(kernel.heapBase());
  const count = MAX_POWER - MIN_POWER + 1;
  kernel.reserve(powers + 8 * count);
  const table = new Float64Array(kernel.memory.buffer, powers, count);
  // What JavaScript reads is the float64 nearest to the power.
  for (let i = 0; i < count; i++) table[i] = Number(`1e${MIN_POWER + i}`);
  kernel.init(powers);
  return kernel;
}

/** The next multiple of 64. */
export const alignUp = (address: number): number => (address + 63) & ~63;
