import { quote } from '../../base/errors.js';
import { MAX_METADATA_BYTES } from '../limits.js';
import type { RuleCode } from '../rule-codes.js';
import { textOf, type Marker } from './marker.js';
import type { RuleOptions } from './options.js';

/** Why a metadata text cannot be taken. */
export interface MetadataFault {
  readonly code: Extract<RuleCode, `METADATA_${string}`>;
  /** Key of the value that is at fault. */
  readonly key?: string | undefined;
  readonly expected: string;
  readonly got: string;
}

/** Metadata: null, or a flat JSON object of at most 40 KB. */
export function checkMetadata(marker: Marker, options: RuleOptions): void {
  const { rows, metadata } = marker.batch;
  const { bytes, offsets, validity } = metadata;
  const walker = new MetadataWalker(options.maxMetadataBytes ?? MAX_METADATA_BYTES);
  for (let row = 0; row < rows; row++) {
    if (marker.isRejected(row) || validity?.[row] === 0) continue;
    const fault = walker.check(bytes, offsets[row]!, offsets[row + 1]!);
    if (fault === undefined) continue;
    const field = fault.key === undefined ? 'metadata' : `metadata.${fault.key}`;
    marker.reject(row, fault.code, field, fault.expected, fault.got);
  }
}

const VALUES = 'a string, a number, true, false or a list of strings';
const OBJECT = 'a JSON object';

/** JSON's characters (RFC 8259, section 2). */
const C = {
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

/**
 * Walks over the bytes of a metadata text without making objects of it. The shape that is allowed is flat, so one pass
 * without recursion reads all of it as strictly as JSON.parse would; it stops at the first thing that is not allowed.
 */
export class MetadataWalker {
  #bytes: Uint8Array = new Uint8Array(0);
  #at = 0;
  #end = 0;
  #start = 0;

  constructor(private readonly maxBytes: number) {}

  /** Looks at `bytes[start … end)`. Undefined: nothing wrong. */
  check(bytes: Uint8Array, start: number, end: number): MetadataFault | undefined {
    if (end - start > this.maxBytes) {
      const expected = `at most ${this.maxBytes} bytes of JSON text`;
      return { code: 'METADATA_TOO_LARGE', expected, got: `${end - start} bytes` };
    }
    this.#bytes = bytes;
    this.#start = start;
    this.#at = start;
    this.#end = end;
    this.#skipSpace();
    if (this.#peek() !== C.OPEN) return this.#notObject(this.#describe());
    this.#at++;
    this.#skipSpace();
    if (this.#peek() === C.CLOSE) this.#at++;
    else {
      for (;;) {
        const fault = this.#member();
        if (fault !== undefined) return fault;
        this.#skipSpace();
        const c = this.#next();
        if (c === C.CLOSE) break;
        if (c !== C.COMMA) return this.#syntax();
        this.#skipSpace();
      }
    }
    this.#skipSpace();
    return this.#at === this.#end ? undefined : this.#syntax();
  }

  #member(): MetadataFault | undefined {
    if (this.#peek() !== C.QUOTE) return this.#syntax();
    const keyStart = this.#at;
    const keyFault = this.#string();
    if (keyFault !== undefined) return this.#stringFault(keyFault, undefined);
    const keyEnd = this.#at;
    const first = this.#bytes[keyStart + 1];
    // `$` may be written as \u0024; keys with an escape in front are rare, so they are read in full.
    if (first === C.DOLLAR || (first === C.BACKSLASH && this.#text(keyStart, keyEnd).startsWith('$'))) {
      const got = quote(this.#text(keyStart, keyEnd));
      return { code: 'METADATA_KEY', expected: 'keys that do not begin with "$"', got };
    }
    this.#skipSpace();
    if (this.#next() !== C.COLON) return this.#syntax();
    this.#skipSpace();
    return this.#value(keyStart, keyEnd);
  }

  #value(keyStart: number, keyEnd: number): MetadataFault | undefined {
    const key = (): string => this.#text(keyStart, keyEnd);
    const c = this.#peek();
    if (c === C.QUOTE) {
      const fault = this.#string();
      return fault === undefined ? undefined : this.#stringFault(fault, key());
    }
    if (c === C.OPEN_LIST) return this.#list(key);
    if (c === C.MINUS || (c >= C.ZERO && c <= C.NINE)) {
      const start = this.#at;
      if (!this.#number()) return this.#syntax();
      if (this.#isFiniteNumber(start)) return undefined;
      return this.#bad(key(), 'a number too large for a float64');
    }
    if (this.#word('true') || this.#word('false')) return undefined;
    if (this.#word('null')) return this.#bad(key(), 'null');
    if (c === C.OPEN) return this.#bad(key(), 'an object');
    return this.#syntax();
  }

  #list(key: () => string): MetadataFault | undefined {
    this.#at++;
    this.#skipSpace();
    if (this.#peek() === C.CLOSE_LIST) {
      this.#at++;
      return undefined;
    }
    for (;;) {
      if (this.#peek() !== C.QUOTE) {
        const got = this.#describe();
        return got === undefined ? this.#syntax() : this.#bad(key(), `a list with ${got} in it`);
      }
      const fault = this.#string();
      if (fault !== undefined) return this.#stringFault(fault, key());
      this.#skipSpace();
      const c = this.#next();
      if (c === C.CLOSE_LIST) return undefined;
      if (c !== C.COMMA) return this.#syntax();
      this.#skipSpace();
    }
  }

  /** Passes over a string, its quotes included. */
  #string(): 'syntax' | 'surrogate' | undefined {
    const bytes = this.#bytes;
    const end = this.#end;
    let at = this.#at + 1;
    for (; at < end; at++) {
      const c = bytes[at]!;
      if (c === C.QUOTE) {
        this.#at = at + 1;
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
    this.#at = Math.min(at, end);
    return 'syntax';
  }

  /** Four hex digits as a number; -1 where they are none. */
  #hex4(at: number): number {
    if (at + 4 > this.#end) return -1;
    let value = 0;
    for (let i = at; i < at + 4; i++) {
      const digit = HEX[this.#bytes[i]!]!;
      if (digit < 0) return -1;
      value = 16 * value + digit;
    }
    return value;
  }

  /** Passes over a number (RFC 8259, section 6). */
  #number(): boolean {
    if (this.#peek() === C.MINUS) this.#at++;
    if (this.#peek() === C.ZERO) this.#at++;
    else if (!this.#digits()) return false;
    if (this.#peek() === C.DOT) {
      this.#at++;
      if (!this.#digits()) return false;
    }
    if (this.#peek() === C.E || this.#peek() === C.E_SMALL) {
      this.#at++;
      if (this.#peek() === C.PLUS || this.#peek() === C.MINUS) this.#at++;
      if (!this.#digits()) return false;
    }
    return true;
  }

  #digits(): boolean {
    const start = this.#at;
    while (this.#at < this.#end && this.#bytes[this.#at]! >= C.ZERO && this.#bytes[this.#at]! <= C.NINE) this.#at++;
    return this.#at > start;
  }

  /** Numbers are stored as float64; `1e999` would not be one. */
  #isFiniteNumber(start: number): boolean {
    let mayBeLarge = this.#at - start > MANY_DIGITS;
    for (let i = start; i < this.#at; i++) if ((this.#bytes[i]! | 0x20) === C.E_SMALL) mayBeLarge = true;
    return !mayBeLarge || Number.isFinite(Number(textOf(this.#bytes, start, this.#at)));
  }

  #word(word: string): boolean {
    if (this.#at + word.length > this.#end) return false;
    for (let i = 0; i < word.length; i++) if (this.#bytes[this.#at + i] !== word.charCodeAt(i)) return false;
    this.#at += word.length;
    return true;
  }

  #skipSpace(): void {
    for (; this.#at < this.#end; this.#at++) {
      const c = this.#bytes[this.#at];
      if (c !== C.SPACE && c !== C.LF && c !== C.CR && c !== C.TAB) return;
    }
  }

  /** The byte here, -1 at the end. */
  #peek(): number {
    return this.#at < this.#end ? this.#bytes[this.#at]! : -1;
  }

  #next(): number {
    const c = this.#peek();
    this.#at++;
    return c;
  }

  /** A string, quotes included, as text. */
  #text(start: number, end: number): string {
    return String(JSON.parse(textOf(this.#bytes, start, end)));
  }

  /** What begins here, for people; undefined when it is no JSON value. */
  #describe(): string | undefined {
    const c = this.#peek();
    if (c === C.QUOTE) return 'a string';
    if (c === C.OPEN) return 'an object';
    if (c === C.OPEN_LIST) return 'a list';
    if (c === C.MINUS || (c >= C.ZERO && c <= C.NINE)) return 'a number';
    for (const word of ['true', 'false', 'null']) if (this.#word(word)) return word;
    return undefined;
  }

  #bad(key: string, got: string): MetadataFault {
    return { code: 'METADATA_VALUE', key, expected: VALUES, got };
  }

  #stringFault(fault: 'syntax' | 'surrogate', key: string | undefined): MetadataFault {
    if (fault === 'syntax') return this.#syntax();
    return { code: 'METADATA_VALUE', key, expected: 'valid Unicode', got: 'half of a surrogate pair' };
  }

  #notObject(got: string | undefined): MetadataFault {
    return got === undefined ? this.#syntax() : { code: 'METADATA_NOT_OBJECT', expected: OBJECT, got };
  }

  #syntax(): MetadataFault {
    const at = Math.min(this.#at, this.#end) - this.#start;
    return { code: 'METADATA_NOT_OBJECT', expected: OBJECT, got: `a text that is no JSON at byte ${at}` };
  }
}

/** Value of a hex digit by its byte, -1 for other bytes. */
const HEX = new Int8Array(256).fill(-1);
for (let i = 0; i < 10; i++) HEX[C.ZERO + i] = i;
for (let i = 0; i < 6; i++) HEX[0x41 + i] = HEX[0x61 + i] = 10 + i;
