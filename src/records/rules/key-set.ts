import { C } from './json-cursor.js';

/** So many keys are compared one by one, which is quicker than making texts of them. */
const FEW_KEYS = 16;

/** The keys of one JSON object, to find one that occurs twice, however it is written. */
export class KeySet {
  #count = 0;
  readonly #starts = new Uint32Array(FEW_KEYS);
  readonly #ends = new Uint32Array(FEW_KEYS);
  readonly #hashes = new Int32Array(FEW_KEYS);
  /** All keys as texts, once there are many or one holds an escape. */
  #texts: Set<string> | undefined;

  /** @param text of the key, its quotes included, at `start` … `end` of the bytes under way */
  constructor(private readonly text: (start: number, end: number) => string) {}

  clear(): void {
    this.#count = 0;
    this.#texts = undefined;
  }

  /** Adds the key at `bytes[start … end)`; false if it is there already. The bytes must stay until `clear`. */
  add(bytes: Uint8Array, start: number, end: number): boolean {
    let hash = end - start;
    let hasEscape = false;
    for (let at = start; at < end; at++) {
      const c = bytes[at]!;
      if (c === C.BACKSLASH) hasEscape = true;
      hash = (Math.imul(hash, 31) + c) | 0;
    }
    if (this.#texts !== undefined || hasEscape || this.#count === FEW_KEYS) return this.#addText(start, end);
    for (let i = 0; i < this.#count; i++) {
      if (this.#hashes[i] === hash && this.#isSame(bytes, i, start, end)) return false;
    }
    const i = this.#count++;
    this.#starts[i] = start;
    this.#ends[i] = end;
    this.#hashes[i] = hash;
    return true;
  }

  #isSame(bytes: Uint8Array, key: number, start: number, end: number): boolean {
    const other = this.#starts[key]!;
    if (this.#ends[key]! - other !== end - start) return false;
    for (let i = 0; i < end - start; i++) if (bytes[other + i] !== bytes[start + i]) return false;
    return true;
  }

  #addText(start: number, end: number): boolean {
    if (this.#texts === undefined) {
      this.#texts = new Set();
      for (let i = 0; i < this.#count; i++) this.#texts.add(this.text(this.#starts[i]!, this.#ends[i]!));
    }
    const { size } = this.#texts;
    return this.#texts.add(this.text(start, end)).size > size;
  }
}
