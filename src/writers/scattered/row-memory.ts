import { sharedWasmMemory, type WasmMemory } from '../../base/wasm.js';

/** A piece of the memory. */
export interface RowPiece {
  /** A multiple of 64 KiB. */
  readonly at: number;
  readonly bytes: number;
}

/** 4 MiB: some batches of rows. */
export const DEFAULT_SEGMENT_BYTES = 4 * 1024 * 1024;
/** A page of WebAssembly memory, by which it grows. */
export const MIN_SEGMENT_BYTES = 64 * 1024;
/** Nothing lies in the first page: 0 is no address. */
const FIRST = MIN_SEGMENT_BYTES;

/** The next place that lies in words of eight bytes as `like` does: of shared memory only what lies alike in them is copied by words. */
export const placeLike = (at: number, like: number): number => at + ((like - at) & 7);

interface Views {
  readonly buffer: SharedArrayBuffer;
  readonly bytes: Uint8Array;
  readonly integers: Uint32Array;
  readonly floats: Float32Array;
}

/**
 * Memory for scattered rows, which modules of several threads read. It grows piece by piece and does not shrink, so what has come back is used
 * again: by the next rows, and those of the next split.
 */
export class RowMemory {
  #memory: WasmMemory<SharedArrayBuffer> | undefined;
  /** What is behind was never in use. */
  #end = FIRST;
  readonly #free = new Map<number, RowPiece[]>();
  #freeBytes = 0;
  #views: Views | undefined;

  /** Bytes of a piece that takes rows. */
  readonly segmentBytes: number;

  /** @param segmentBytes at most so many. Default DEFAULT_SEGMENT_BYTES */
  constructor(segmentBytes = DEFAULT_SEGMENT_BYTES) {
    this.segmentBytes = Math.max(MIN_SEGMENT_BYTES, 2 ** Math.floor(Math.log2(segmentBytes)));
  }

  get memory(): WasmMemory<SharedArrayBuffer> {
    return (this.#memory ??= sharedWasmMemory());
  }

  /** All of it. Good until the next `take`. */
  get bytes(): Uint8Array {
    return this.#viewed.bytes;
  }

  get integers(): Uint32Array {
    return this.#viewed.integers;
  }

  get floats(): Float32Array {
    return this.#viewed.floats;
  }

  /** Bytes that wait to be used again. */
  get freeBytes(): number {
    return this.#freeBytes;
  }

  /** At least so many bytes: a power of two. What is in them is anyone's. */
  take(wanted: number): RowPiece {
    const bytes = Math.max(MIN_SEGMENT_BYTES, 2 ** Math.ceil(Math.log2(wanted)));
    const free = this.#free.get(bytes)?.pop();
    if (free !== undefined) {
      this.#freeBytes -= bytes;
      return free;
    }
    const at = this.#end;
    const missing = at + bytes - this.memory.buffer.byteLength;
    if (missing > 0) this.memory.grow(missing / MIN_SEGMENT_BYTES);
    this.#end += bytes;
    return { at, bytes };
  }

  giveBack(piece: RowPiece): void {
    const free = this.#free.get(piece.bytes);
    if (free === undefined) this.#free.set(piece.bytes, [piece]);
    else free.push(piece);
    this.#freeBytes += piece.bytes;
  }

  /** Leaves the memory to the garbage collector, where nothing of it is in use. */
  clear(): void {
    if (this.#end - FIRST > this.#freeBytes) return;
    this.#memory = undefined;
    this.#views = undefined;
    this.#end = FIRST;
    this.#free.clear();
    this.#freeBytes = 0;
  }

  get #viewed(): Views {
    const { buffer } = this.memory;
    if (this.#views?.buffer !== buffer) {
      const [bytes, integers, floats] = [new Uint8Array(buffer), new Uint32Array(buffer), new Float32Array(buffer)];
      this.#views = { buffer, bytes, integers, floats };
    }
    return this.#views;
  }
}
