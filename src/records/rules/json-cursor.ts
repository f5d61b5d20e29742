import { textOf } from './marker.js';

/** JSON's characters (RFC 8259, section 2). */
export const C = {
  TAB: 0x09,
  LF: 0x0a,
  CR: 0x0d,
  SPACE: 0x20,
  QUOTE: 0x22,
  DOLLAR: 0x24,
  PLUS: 0x2b,
  COMMA: 0x2c,
  MINUS: 0x2d,
  DOT: 0x2e,
  ZERO: 0x30,
  NINE: 0x39,
  COLON: 0x3a,
  E: 0x45,
  OPEN_LIST: 0x5b,
  BACKSLASH: 0x5c,
  CLOSE_LIST: 0x5d,
  E_SMALL: 0x65,
  U_SMALL: 0x75,
  OPEN: 0x7b,
  CLOSE: 0x7d,
} as const;

/** The letters that may follow a backslash, `u` aside. */
const ESCAPES = new Set([...'"\\/bfnrt'].map((c) => c.charCodeAt(0)));

/** Digits of a number beyond which its size has to be looked at: the largest float64 has 309. */
const MANY_DIGITS = 300;

/** Goes over the bytes of a JSON text as strictly as JSON.parse, without making anything of it. */
export class JsonCursor {
  protected bytes: Uint8Array = new Uint8Array(0);
  protected at = 0;
  protected end = 0;

  /** Passes over a string, its quotes included. */
  protected string(): 'syntax' | 'surrogate' | undefined {
    const bytes = this.bytes;
    const end = this.end;
    let at = this.at + 1;
    for (; at < end; at++) {
      const c = bytes[at]!;
      if (c === C.QUOTE) {
        this.at = at + 1;
        return undefined;
      }
      if (c < C.SPACE) break;
      if (c !== C.BACKSLASH) continue;
      const escape = bytes[++at];
      if (at < end && escape === C.U_SMALL) {
        const unit = this.#hex4(at + 1);
        if (unit < 0) break;
        at += 4;
        if (unit < 0xd800 || unit > 0xdfff) continue;
        // A high surrogate must be followed by a low one: half a character cannot be stored as UTF-8.
        const paired = bytes[at + 1] === C.BACKSLASH && bytes[at + 2] === C.U_SMALL ? this.#hex4(at + 3) : -1;
        if (unit > 0xdbff || paired < 0xdc00 || paired > 0xdfff) return 'surrogate';
        at += 6;
      } else if (at >= end || !ESCAPES.has(escape!)) break;
    }
    this.at = Math.min(at, end);
    return 'syntax';
  }

  /** Four hex digits as a number; -1 where they are none. */
  #hex4(at: number): number {
    if (at + 4 > this.end) return -1;
    let value = 0;
    for (let i = at; i < at + 4; i++) {
      const digit = HEX[this.bytes[i]!]!;
      if (digit < 0) return -1;
      value = 16 * value + digit;
    }
    return value;
  }

  /** Passes over a number (RFC 8259, section 6). */
  protected number(): boolean {
    if (this.peek() === C.MINUS) this.at++;
    if (this.peek() === C.ZERO) this.at++;
    else if (!this.#digits()) return false;
    if (this.peek() === C.DOT) {
      this.at++;
      if (!this.#digits()) return false;
    }
    if (this.peek() === C.E || this.peek() === C.E_SMALL) {
      this.at++;
      if (this.peek() === C.PLUS || this.peek() === C.MINUS) this.at++;
      if (!this.#digits()) return false;
    }
    return true;
  }

  #digits(): boolean {
    const start = this.at;
    while (this.at < this.end && this.bytes[this.at]! >= C.ZERO && this.bytes[this.at]! <= C.NINE) this.at++;
    return this.at > start;
  }

  /** Numbers are stored as float64; `1e999` would not be one. */
  protected isFiniteNumber(start: number): boolean {
    let mayBeLarge = this.at - start > MANY_DIGITS;
    for (let i = start; i < this.at; i++) if ((this.bytes[i]! | 0x20) === C.E_SMALL) mayBeLarge = true;
    return !mayBeLarge || Number.isFinite(Number(textOf(this.bytes, start, this.at)));
  }

  protected word(word: string): boolean {
    if (this.at + word.length > this.end) return false;
    for (let i = 0; i < word.length; i++) if (this.bytes[this.at + i] !== word.charCodeAt(i)) return false;
    this.at += word.length;
    return true;
  }

  protected skipSpace(): void {
    for (; this.at < this.end; this.at++) {
      const c = this.bytes[this.at];
      if (c !== C.SPACE && c !== C.LF && c !== C.CR && c !== C.TAB) return;
    }
  }

  /** The byte here, -1 at the end. */
  protected peek(): number {
    return this.at < this.end ? this.bytes[this.at]! : -1;
  }

  protected next(): number {
    const c = this.peek();
    this.at++;
    return c;
  }

  /** A string, quotes included, as text. */
  protected text(start: number, end: number): string {
    return String(JSON.parse(textOf(this.bytes, start, end)));
  }

  /** What begins here, for people; undefined when it is no JSON value. */
  protected describe(): string | undefined {
    const c = this.peek();
    if (c === C.QUOTE) return 'a string';
    if (c === C.OPEN) return 'an object';
    if (c === C.OPEN_LIST) return 'a list';
    if (c === C.MINUS || (c >= C.ZERO && c <= C.NINE)) return 'a number';
    for (const word of ['true', 'false', 'null']) if (this.word(word)) return word;
    return undefined;
  }
}

/** Value of a hex digit by its byte, -1 for other bytes. */
const HEX = new Int8Array(256).fill(-1);
for (let i = 0; i < 10; i++) HEX[C.ZERO + i] = i;
for (let i = 0; i < 6; i++) HEX[0x41 + i] = HEX[0x61 + i] = 10 + i;
