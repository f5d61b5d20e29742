import { giveMemory, takeMemory } from './window-memory.js';
import { DEFAULT_WINDOW_BYTES, LOCAL_WINDOW_BYTES } from './limits.js';
import type { RandomAccess } from './open-file.js';

/** Bytes that were read: those from `at` on are not taken yet; nobody looks at what lies before. */
interface Part {
  bytes: Uint8Array;
  at: number;
  /** What they lie in, where it is ours to use again. */
  readonly memory: Uint8Array | undefined;
}

/** Pages larger than this are not waited for with windows of whole pages. */
const MAX_STRIDE_BYTES = 4 * 1024 * 1024;
/** What a window holds of the page after its last one: enough for its header, so that this need not be waited for. */
const LOOK_AHEAD_BYTES = 1024;

/**
 * Goes through a stretch of a file from front to back, window after window; the next window is fetched while the one at
 * hand is decoded. Holds two windows, or what was asked for at once.
 *
 * Bytes are copied only where a piece that is asked for lies in several windows. Where the length of the next pages can be told,
 * windows end shortly behind a page, and what is left of one is put in front of the next, so that hardly any are.
 *
 * What `peek` gave is good until the first `peek` after it was taken: then its memory may be read into again. New memory for
 * each window would cost more than reading a local file does.
 */
export class ChunkStream {
  readonly #parts: Part[] = [];
  /** Bytes of all parts that are not taken. */
  #have = 0;
  /** Where the next fetch begins. */
  #fetched: number;
  #next: Promise<readonly Part[]> | undefined;
  #nextLength = 0;
  /** Taken in full: free from the next peek on. */
  #taken: Uint8Array[] = [];
  readonly #free: Uint8Array[] = [];
  /** From one page to the next; 0: not known. */
  #stride = 0;

  constructor(
    private readonly input: RandomAccess,
    start: number,
    private readonly end: number,
    private readonly windowBytes = input.readInto === undefined ? DEFAULT_WINDOW_BYTES : LOCAL_WINDOW_BYTES,
  ) {
    this.#fetched = start;
  }

  /** Bytes not taken yet. */
  get left(): number {
    return this.#have + (this.#next === undefined ? 0 : this.#nextLength) + this.end - this.#fetched;
  }

  /** The next pages are likely to take as many bytes each, their headers included. */
  expect(pageBytes: number): void {
    this.#stride = pageBytes > MAX_STRIDE_BYTES ? 0 : pageBytes;
  }

  /** The next `length` bytes without taking them; fewer at the end of the stretch. @param last they end a page */
  async peek(length: number, last = false): Promise<Uint8Array> {
    this.#free.push(...this.#taken);
    this.#taken = [];
    const wanted = Math.min(length, this.left);
    while (this.#have < wanted) {
      const parts = await (this.#next ?? this.#fetch(wanted - this.#have, last ? this.#have - wanted : this.#have));
      this.#next = undefined;
      for (const part of parts) {
        this.#parts.push(part);
        this.#have += part.bytes.length - part.at;
      }
      if (this.#have >= wanted && this.#fetched < this.end) {
        this.#next = this.#fetch(0, last ? this.#have - wanted : this.#have);
        // Whoever awaits it gets the error; nobody may be left to.
        this.#next.catch(() => undefined);
      }
    }
    if (this.#parts.length === 0) return EMPTY;
    while (this.#parts[0]!.bytes.length - this.#parts[0]!.at < wanted) this.#join(wanted);
    const { bytes, at } = this.#parts[0]!;
    return bytes.subarray(at, at + wanted);
  }

  /** Passes over bytes that `peek` gave. */
  take(length: number): void {
    this.#have -= length;
    let left = length;
    while (this.#parts.length > 0) {
      const first = this.#parts[0]!;
      const here = first.bytes.length - first.at;
      if (left < here) {
        first.at += left;
        return;
      }
      left -= here;
      this.#parts.shift();
      if (first.memory !== undefined) this.#taken.push(first.memory);
    }
  }

  /** Puts the first two parts into one, or the next `length` bytes, which are there, into memory of their own. */
  #join(length: number): void {
    const [first, second] = this.#parts as [Part, Part];
    const head = first.bytes.subarray(first.at);
    if (second.memory !== undefined && head.length <= second.at) {
      second.at -= head.length;
      second.bytes.set(head, second.at);
      this.#parts.shift();
      if (first.memory !== undefined) this.#free.push(first.memory);
      return;
    }
    const memory = this.#memory(length);
    let filled = 0;
    while (filled < length) {
      const part = this.#parts[0]!;
      const piece = part.bytes.subarray(part.at, part.at + length - filled);
      memory.set(piece, filled);
      filled += piece.length;
      part.at += piece.length;
      if (part.at < part.bytes.length) break;
      this.#parts.shift();
      if (part.memory !== undefined) this.#free.push(part.memory);
    }
    this.#parts.unshift({ bytes: memory.subarray(0, length), at: 0, memory });
  }

  /** @param beyond bytes held from the beginning of the next page on; below zero: so many are missing of the one at hand */
  async #fetch(atLeast: number, beyond: number): Promise<readonly Part[]> {
    const start = this.#fetched;
    const end = Math.min(this.end, start + Math.max(atLeast, this.#windowLength(beyond)));
    this.#fetched = end;
    this.#nextLength = end - start;
    const { input } = this;
    if (input.readInto === undefined) {
      return (await input.read(start, end)).map((bytes) => ({ bytes, at: 0, memory: undefined }));
    }
    // What will be left of the windows before this one is put in front of it.
    const room = beyond < 0 ? this.#have : beyond;
    const memory = this.#memory(room + end - start);
    const bytes = memory.subarray(0, room + end - start);
    await input.readInto(bytes.subarray(room), start);
    return [{ bytes, at: room, memory }];
  }

  /** So many bytes that whole pages and the next header lie in what is held and the window. */
  #windowLength(beyond: number): number {
    if (this.#stride === 0) return this.windowBytes;
    const pages = Math.max(1, Math.ceil((this.windowBytes + beyond - LOOK_AHEAD_BYTES) / this.#stride));
    return Math.max(LOOK_AHEAD_BYTES, pages * this.#stride + LOOK_AHEAD_BYTES - beyond);
  }

  /** To be called when all was taken and nobody looks at it any more: what it lay in is used for other stretches. */
  release(): void {
    for (const memory of [...this.#taken, ...this.#free]) giveMemory(memory);
    this.#taken = [];
    this.#free.length = 0;
  }

  /** Memory that is free, whatever is in it: all that is asked for is written. */
  #memory(length: number): Uint8Array {
    const at = this.#free.findIndex((memory) => memory.length >= length);
    if (at >= 0) return this.#free.splice(at, 1)[0]!;
    // None is large enough: they would only lie about.
    for (const memory of this.#free.splice(0)) giveMemory(memory);
    return takeMemory(length);
  }
}

const EMPTY = new Uint8Array(0);
