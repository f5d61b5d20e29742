import { readFileSync } from 'node:fs';

/** Memory of a module. */
export interface WasmMemory<Buffer extends ArrayBufferLike = ArrayBuffer> {
  /** All of it; another one after it has grown. */
  readonly buffer: Buffer;
  /** By pages of 64 KiB. Throws a RangeError where there is no more. */
  grow(pages: number): number;
}

// The few declarations of the JavaScript API that are needed; Node's own types leave them to the DOM library.
declare const WebAssembly: {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object, imports: object) => { readonly exports: unknown };
  readonly Memory: new (limits: object) => object;
};

/** Code of a WebAssembly module, compiled; threads may share it. */
export type WasmCode = object;

/** Pages of 64 KiB that shared memory may have: 4 GiB. Memory is taken as it grows. */
const MAX_PAGES = 65_536;

export function compileWasm(file: URL): WasmCode {
  return new WebAssembly.Module(readFileSync(file));
}

/**
 * @param name for the error when it stops, which is a fault of ours
 * @param memory that it shares with others. Default: memory of its own
 */
export function instantiateWasm<Exports>(
  code: WasmCode,
  name: string,
  memory?: WasmMemory<SharedArrayBuffer>,
): Exports {
  const abort = (): never => {
    throw new Error(`the ${name} module has stopped`);
  };
  return new WebAssembly.Instance(code, { env: { abort, memory } }).exports as Exports;
}

/** Memory that modules on several threads may use, one page for a start. */
export function sharedWasmMemory(): WasmMemory<SharedArrayBuffer> {
  const limits = { initial: 1, maximum: MAX_PAGES, shared: true };
  return new WebAssembly.Memory(limits) as WasmMemory<SharedArrayBuffer>;
}
