import { DEFAULT_WINDOW_BYTES } from './limits.js';
import type { RandomAccess } from './open-file.js';

/**
 * Goes through a stretch of a file from front to back, window after window; the next window is fetched while the one at
 * hand is decoded. Holds two windows, or what was asked for at once.
 */
export class ChunkStream {
  #bytes: Uint8Array = new Uint8Array(0);
  #at = 0;
  /** Where the next fetch begins. */
  #fetched: number;
  #next: Promise<Uint8Array> | undefined;

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
    return this.#bytes.length - this.#at + this.#pending();
  }

  /** The next `length` bytes without taking them; fewer at the end of the stretch. */
  async peek(length: number): Promise<Uint8Array> {
    const wanted = Math.min(length, this.left);
    if (this.#bytes.length - this.#at < wanted) {
      const parts = [this.#bytes.subarray(this.#at)];
      let have = parts[0]!.length;
      while (have < wanted) {
        const part = await (this.#next ?? this.#fetch(wanted - have));
        this.#next = undefined;
        parts.push(part);
        have += part.length;
      }
      this.#bytes = parts.length === 2 && parts[0]!.length === 0 ? parts[1]! : concat(parts, have);
      this.#at = 0;
      if (this.#fetched < this.end) {
        this.#next = this.#fetch(0);
        // Whoever awaits it gets the error; nobody may be left to.
        this.#next.catch(() => undefined);
      }
    }
    return this.#bytes.subarray(this.#at, this.#at + wanted);
  }

  /** Passes over bytes that `peek` gave. */
  take(length: number): void {
    this.#at += length;
  }

  #pending(): number {
    return this.end - this.#fetched + (this.#next === undefined ? 0 : this.#nextLength);
  }

  #nextLength = 0;

  #fetch(atLeast: number): Promise<Uint8Array> {
    const start = this.#fetched;
    const end = Math.min(this.end, start + Math.max(atLeast, this.windowBytes));
    this.#fetched = end;
    this.#nextLength = end - start;
    return this.input.read(start, end);
  }
}

function concat(parts: readonly Uint8Array[], length: number): Uint8Array {
  const whole = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
