import { compileWasm, instantiateWasm } from '../../base/wasm.js';
import { KNOWN_GOOD, type Utf8Column } from '../batch.js';

/** What the compiled module offers; assembly/index.ts says what each does. */
interface PlainExports {
  readonly memory: { readonly buffer: ArrayBuffer };
  heapBase(): number;
  reserve(end: number): void;
  plainIds(bytes: number, offsets: number, rows: number, known: number, bit: number): void;
  plainMetadata(bytes: number, offsets: number, rows: number, known: number, bit: number): void;
}

/** Behind the texts: what the module may read of it is zero. */
const ZEROS = 32;

let loaded: PlainExports | undefined;

/**
 * Adds to `known`, one byte a row, KNOWN_GOOD.id and KNOWN_GOOD.metadata where that is surely so. Nearly all texts are of the
 * usual form and need no rule to look at them, which takes longer by far.
 */
export function markKnownTexts(known: Uint8Array, ids: Utf8Column, metadata: Utf8Column | undefined): void {
  const module = (loaded ??= instantiateWasm<PlainExports>(
    compileWasm(new URL('./plain.wasm', import.meta.url)),
    'plain texts',
  ));
  const rows = known.length;
  const place = ({ bytes, offsets }: Utf8Column): { flags: number; offsets: number; bytes: number } => {
    const flagsAt = (module.heapBase() + 15) & ~15;
    const offsetsAt = (flagsAt + rows + 15) & ~15;
    const bytesAt = offsetsAt + 4 * (rows + 1);
    const end = bytesAt + bytes.length;
    module.reserve(end + ZEROS);
    const memory = new Uint8Array(module.memory.buffer);
    memory.set(known, flagsAt);
    new Uint32Array(module.memory.buffer, offsetsAt, rows + 1).set(offsets.subarray(0, rows + 1));
    memory.set(bytes, bytesAt);
    memory.fill(0, end, end + ZEROS);
    return { flags: flagsAt, offsets: offsetsAt, bytes: bytesAt };
  };
  const take = (flags: number): void => known.set(new Uint8Array(module.memory.buffer, flags, rows));
  let at = place(ids);
  module.plainIds(at.bytes, at.offsets, rows, at.flags, KNOWN_GOOD.id);
  take(at.flags);
  if (metadata === undefined || metadata.bytes.length === 0) return;
  at = place(metadata);
  module.plainMetadata(at.bytes, at.offsets, rows, at.flags, KNOWN_GOOD.metadata);
  take(at.flags);
}
