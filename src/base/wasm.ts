import { readFileSync } from 'node:fs';

// The few declarations of the JavaScript API that are needed; Node's own types leave them to the DOM library.
declare const WebAssembly: {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object, imports: object) => { readonly exports: unknown };
};

/** Code of a WebAssembly module, compiled; threads may share it. */
export type WasmCode = object;

export function compileWasm(file: URL): WasmCode {
  return new WebAssembly.Module(readFileSync(file));
}

/** A module with memory of its own. @param name for the error when it stops, which is a fault of ours */
export function instantiateWasm<Exports>(code: WasmCode, name: string): Exports {
  const abort = (): never => {
    throw new Error(`the ${name} module has stopped`);
  };
  return new WebAssembly.Instance(code, { env: { abort } }).exports as Exports;
}
