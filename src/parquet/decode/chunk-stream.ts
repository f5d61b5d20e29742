import { DEFAULT_WINDOW_BYTES } from './limits.js';
import type { RandomAccess } from './open-file.js';

/** Bytes that were read and not taken yet; `memory`: what they lie in, where it is ours to use again. */
interface Part {
  readonly bytes: Uint8Array;
  readonly memory: Uint8Array | undefined;
}

/**
 * Goes through a stretch of a file from front to back, window after window; the next window is fetched while the one at
 * hand is decoded. Holds two windows, or what was asked for at once. Bytes are copied only where a piece that is asked for
 * lies in several parts of what was read.
 *
 * What `peek` gave is good until the first `peek` after it was taken: then its memory may be read into again. New memory for
 * each window would cost more than reading a local file does.
 */
export class ChunkStream {
  /** `#at` is the place in the first of them, `#have` what all of them hold beyond it. */
  readonly #parts: Part[] = [];
  #at = 0;
  #have = 0;
  /** Where the next fetch begins. */
  #fetched: number;
  #next: Promise<readonly Part[]> | undefined;
  #nextLength = 0;
  /** Taken in full: free from the next peek on. */
  #taken: Uint8Array[] = [];
  readonly #free: Uint8Array[] = [];

  constructor(
    private readonly input: RandomAccess,
    start: number,
    private readonly end: number,
    private readonly windowBytes = DEFAULT_WINDOW_BYTES,
  ) {
    this.#fetched = start;
  }

  /** Bytes not taken yet. */
  get left(): number {
    return this.#have + (this.#next === undefined ? 0 : this.#nextLength) + this.end - this.#fetched;
  }

  /** The next `length` bytes without taking them; fewer at the end of the stretch. */
  async peek(length: number): Promise<Uint8Array> {
    this.#free.push(...this.#taken);
    this.#taken = [];
    const wanted = Math.min(length, this.left);
    while (this.#have < wanted) {
      const parts = await (this.#next ?? this.#fetch(wanted - this.#have));
      this.#next = undefined;
      for (const part of parts) {
        this.#parts.push(part);
        this.#have += part.bytes.length;
      }
      if (this.#have >= wanted && this.#fetched < this.end) {
        this.#next = this.#fetch(0);
        // Whoever awaits it gets the error; nobody may be left to.
        this.#next.catch(() => undefined);
      }
    }
    const first = this.#parts[0];
    if (first === undefined) return EMPTY;
    if (first.bytes.length - this.#at < wanted) this.#join(wanted);
    return this.#parts[0]!.bytes.subarray(this.#at, this.#at + wanted);
  }

  /** Passes over bytes that `peek` gave. */
  take(length: number): void {
    this.#at += length;
    this.#have -= length;
    while (this.#parts.length > 0 && this.#at >= this.#parts[0]!.bytes.length) {
      const { bytes, memory } = this.#parts.shift()!;
      this.#at -= bytes.length;
      if (memory !== undefined) this.#taken.push(memory);
    }
  }

  /** Puts the next `length` bytes, which are there, into one part. */
  #join(length: number): void {
    const memory = this.#memory(length);
    let filled = 0;
    while (filled < length) {
      const { bytes, memory: emptied } = this.#parts[0]!;
      const piece = bytes.subarray(this.#at, this.#at + length - filled);
      memory.set(piece, filled);
      filled += piece.length;
      this.#at += piece.length;
      if (this.#at === bytes.length) {
        this.#parts.shift();
        this.#at = 0;
        if (emptied !== undefined) this.#free.push(emptied);
      }
    }
    if (this.#at > 0) {
      const { bytes, memory: rest } = this.#parts[0]!;
      this.#parts[0] = { bytes: bytes.subarray(this.#at), memory: rest };
    }
    this.#parts.unshift({ bytes: memory.subarray(0, length), memory });
    this.#at = 0;
  }

  async #fetch(atLeast: number): Promise<readonly Part[]> {
    const start = this.#fetched;
    const end = Math.min(this.end, start + Math.max(atLeast, this.windowBytes));
    this.#fetched = end;
    this.#nextLength = end - start;
    const { input } = this;
    if (input.readInto === undefined) {
      return (await input.read(start, end)).map((bytes) => ({ bytes, memory: undefined }));
    }
    const memory = this.#memory(end - start);
    const bytes = memory.subarray(0, end - start);
    await input.readInto(bytes, start);
    return [{ bytes, memory }];
  }

  /** Memory that is free, else new one, not filled with zeros: all that is asked for is written. */
  #memory(length: number): Uint8Array {
    const at = this.#free.findIndex((memory) => memory.length >= length);
    if (at >= 0) return this.#free.splice(at, 1)[0]!;
    // None is large enough: they would only lie about.
    this.#free.length = 0;
    return new Uint8Array(Buffer.allocUnsafeSlow(length).buffer);
  }
}

const EMPTY = new Uint8Array(0);
