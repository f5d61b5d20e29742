import { compileWasm, instantiateWasm } from '../../base/wasm.js';

/** What assembly/index.ts offers. */
interface CrcExports {
  readonly memory: { readonly buffer: ArrayBuffer };
  init(): void;
  blockAddress(): number;
  blockBytes(): number;
  readonly crc32c: (crc: number, length: number) => number;
  readonly crc64: (crc: bigint, length: number) => bigint;
}

export interface CrcModule {
  /** Bytes are put here; at most its length at a time. */
  readonly block: Uint8Array;
  readonly crc32c: CrcExports['crc32c'];
  readonly crc64: CrcExports['crc64'];
}

let loaded: CrcModule | undefined;

/** The one instance of this thread: it keeps nothing between two calls. */
export function crcModule(): CrcModule {
  if (loaded !== undefined) return loaded;
  const exports = instantiateWasm<CrcExports>(compileWasm(new URL('./crc.wasm', import.meta.url)), 'checksum');
  exports.init();
  const block = new Uint8Array(exports.memory.buffer, exports.blockAddress(), exports.blockBytes());
  loaded = { block, crc32c: exports.crc32c, crc64: exports.crc64 };
  return loaded;
}
