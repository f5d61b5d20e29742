import { DEFAULT_WINDOW_BYTES } from './limits.js';
import type { RandomAccess } from './open-file.js';

/**
 * Goes through a stretch of a file from front to back, window after window; the next window is fetched while the one at
 * hand is decoded. Holds two windows, or what was asked for at once. Bytes are copied only where a piece that is asked for
 * lies in several parts of what was read.
 */
export class ChunkStream {
  /** Read and not taken yet; `#at` is the place in the first of them, `#have` what all of them hold beyond it. */
  readonly #parts: Uint8Array[] = [];
  #at = 0;
  #have = 0;
  /** Where the next fetch begins. */
  #fetched: number;
  #next: Promise<readonly Uint8Array[]> | undefined;
  #nextLength = 0;

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
    const wanted = Math.min(length, this.left);
    while (this.#have < wanted) {
      const parts = await (this.#next ?? this.#fetch(wanted - this.#have));
      this.#next = undefined;
      for (const part of parts) {
        this.#parts.push(part);
        this.#have += part.length;
      }
      if (this.#have >= wanted && this.#fetched < this.end) {
        this.#next = this.#fetch(0);
        // Whoever awaits it gets the error; nobody may be left to.
        this.#next.catch(() => undefined);
      }
    }
    const first = this.#parts[0];
    if (first === undefined) return EMPTY;
    if (first.length - this.#at < wanted) this.#join(wanted);
    return this.#parts[0]!.subarray(this.#at, this.#at + wanted);
  }

  /** Passes over bytes that `peek` gave. */
  take(length: number): void {
    this.#at += length;
    this.#have -= length;
    while (this.#parts.length > 0 && this.#at >= this.#parts[0]!.length) this.#at -= this.#parts.shift()!.length;
  }

  /** Puts the next `length` bytes, which are there, into one part. */
  #join(length: number): void {
    // Not filled with zeros first: all of it is written.
    const joined = new Uint8Array(Buffer.allocUnsafeSlow(length).buffer);
    let filled = 0;
    while (filled < length) {
      const part = this.#parts[0]!;
      const piece = part.subarray(this.#at, this.#at + length - filled);
      joined.set(piece, filled);
      filled += piece.length;
      this.#at += piece.length;
      if (this.#at === part.length) {
        this.#parts.shift();
        this.#at = 0;
      }
    }
    if (this.#at > 0) this.#parts[0] = this.#parts[0]!.subarray(this.#at);
    this.#parts.unshift(joined);
    this.#at = 0;
  }

  #fetch(atLeast: number): Promise<readonly Uint8Array[]> {
    const start = this.#fetched;
    const end = Math.min(this.end, start + Math.max(atLeast, this.windowBytes));
    this.#fetched = end;
    this.#nextLength = end - start;
    return this.input.read(start, end);
  }
}

const EMPTY = new Uint8Array(0);
