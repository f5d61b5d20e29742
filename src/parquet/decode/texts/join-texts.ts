import { compileWasm, instantiateWasm } from '../../../base/wasm.js';
import { corrupt } from '../fault.js';

/** What the compiled module offers; assembly/index.ts says what each does. */
interface TextsExports {
  readonly memory: { readonly buffer: ArrayBuffer };
  heapBase(): number;
  reserve(end: number): void;
  join(at: number, end: number, count: number, out: number, offsets: number): bigint;
}

/** Texts end to end: text `i` is `bytes[offsets[i] … offsets[i + 1])`. */
export interface JoinedTexts {
  readonly bytes: Uint8Array;
  /** Length count + 1. */
  readonly offsets: Uint32Array;
  /** Bytes of the longest. */
  readonly longest: number;
}

let loaded: TextsExports | undefined;

/** The `count` texts of a page in encoding PLAIN, in memory of their own. */
export function joinTexts(page: Uint8Array, count: number): JoinedTexts {
  // Every text takes four bytes at least: a lie about their number is found before memory is given.
  if (count * 4 > page.length) throw fewer();
  const module = (loaded ??= instantiateWasm<TextsExports>(
    compileWasm(new URL('./texts.wasm', import.meta.url)),
    'texts',
  ));
  const offsets = (module.heapBase() + 15) & ~15;
  const at = (offsets + 4 * (count + 1) + 15) & ~15;
  const out = (at + page.length + 31) & ~15;
  module.reserve(out + page.length + 32);
  new Uint8Array(module.memory.buffer).set(page, at);
  const longest = Number(module.join(at, at + page.length, count, out, offsets));
  if (longest === -1) throw fewer();
  if (longest === -2) throw corrupt('a text is longer than its page');
  const ends = new Uint32Array(module.memory.buffer, offsets, count + 1).slice();
  return { bytes: new Uint8Array(module.memory.buffer, out, ends[count]!).slice(), offsets: ends, longest };
}

function fewer() {
  return corrupt('a page has fewer values than it says');
}
