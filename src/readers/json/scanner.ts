import type { RuleCode } from '../../records/rule-codes.js';
import { jsonNumberEnd } from './float32.js';

/**
 * Objects and arrays may be nested this deep in a record. No vector record comes near it, and a line of a million `[` must not
 * take more than a look.
 */
export const MAX_JSON_DEPTH = 512;

/** What `skipString` saw in the string it passed over; bits of `stringFlags`. */
export const STRING_ESCAPED = 1;
/** An escape such as `\ud800` without its other half: valid JSON text, but no text that UTF-8 can hold. */
export const STRING_LONE_SURROGATE = 2;

// What a byte means inside of a string.
const PLAIN = 0;
const QUOTE = 1;
const BACKSLASH = 2;
const CONTROL = 3;
const NON_ASCII = 4;

const STRING_CLASS = new Uint8Array(256);
STRING_CLASS.fill(CONTROL, 0, 0x20);
STRING_CLASS.fill(NON_ASCII, 0x80);
STRING_CLASS[0x22] = QUOTE;
STRING_CLASS[0x5c] = BACKSLASH;

const IN_ARRAY = 0;
const IN_OBJECT = 1;

/**
 * Passes over JSON text strictly by RFC 8259, checking all of it, without making anything of it. All positions are indices of
 * `bytes`; a method returns the position behind what it passed over, or -1 after noting the error in `errorAt` and
 * `errorExpected`.
 *
 * `bytes[end]` must exist and be a byte that cannot go on a JSON text (a line feed, a quote): no loop looks at `end` for every byte.
 */
export class JsonScanner {
  bytes: Uint8Array = new Uint8Array(1);
  end = 0;

  /** Of the string passed over last. */
  stringFlags = 0;

  errorCode: RuleCode = 'JSON_SYNTAX';
  errorAt = -1;
  errorExpected = '';

  /**
   * Takes `NaN`, `Infinity` and `-Infinity` for values, as Python and others write them against the RFC, and counts them in
   * `nonFiniteSeen`: a vector that holds one is to be told apart from a line that is broken.
   */
  allowNonFinite = false;
  nonFiniteSeen = 0;

  private readonly stack = new Uint8Array(MAX_JSON_DEPTH + 1);

  begin(bytes: Uint8Array, end: number): void {
    this.bytes = bytes;
    this.end = end;
    this.errorAt = -1;
    this.allowNonFinite = false;
    this.nonFiniteSeen = 0;
  }

  fail(at: number, expected: string, code: RuleCode = 'JSON_SYNTAX'): -1 {
    this.errorCode = code;
    this.errorAt = at;
    this.errorExpected = expected;
    return -1;
  }

  skipSpace(start: number): number {
    const bytes = this.bytes;
    let p = start;
    let c = bytes[p]!;
    // A line feed at `end` is the end, one before it is white space (a JSON text in a CSV cell may have lines).
    while (c === 0x20 || c === 0x09 || c === 0x0d || (c === 0x0a && p < this.end)) c = bytes[++p]!;
    return p;
  }

  /** Passes over any value. @param depth how many objects and arrays are open already */
  skipValue(start: number, depth: number): number {
    const bytes = this.bytes;
    const stack = this.stack;
    let open = depth;
    let p = this.skipSpace(start);
    for (;;) {
      // At the first byte of a value.
      const c = bytes[p]!;
      if (c === 0x22) {
        p = this.skipString(p);
      } else if (c === 0x7b || c === 0x5b) {
        if (open >= MAX_JSON_DEPTH) return this.fail(p, `at most ${MAX_JSON_DEPTH} levels of nesting`);
        const isObject = c === 0x7b;
        const next = this.skipSpace(p + 1);
        if (bytes[next] !== (isObject ? 0x7d : 0x5d)) {
          stack[open++] = isObject ? IN_OBJECT : IN_ARRAY;
          p = isObject ? this.skipKey(next) : next;
          if (p < 0) return -1;
          continue;
        }
        p = next + 1;
      } else if (c === 0x2d || (c - 0x30) >>> 0 <= 9) {
        p = this.skipNumber(p);
      } else {
        p = this.skipWord(p);
      }
      if (p < 0) return -1;
      // Behind a value: close what it closes, up to the next value.
      for (;;) {
        if (open === depth) return p;
        p = this.skipSpace(p);
        const after = bytes[p]!;
        const inObject = stack[open - 1] === IN_OBJECT;
        if (after === 0x2c) {
          p = this.skipSpace(p + 1);
          if (inObject) {
            p = this.skipKey(p);
            if (p < 0) return -1;
          }
          break;
        }
        if (after !== (inObject ? 0x7d : 0x5d)) return this.fail(p, inObject ? '"," or "}"' : '"," or "]"');
        open--;
        p++;
      }
    }
  }

  /** Passes over a key and its colon, up to the first byte of the value. */
  skipKey(start: number): number {
    if (this.bytes[start] !== 0x22) return this.fail(start, 'a key in quotes');
    const keyEnd = this.skipString(start);
    return keyEnd < 0 ? -1 : this.skipColon(keyEnd);
  }

  skipColon(start: number): number {
    const p = this.skipSpace(start);
    if (this.bytes[p] !== 0x3a) return this.fail(p, '":"');
    return this.skipSpace(p + 1);
  }

  /** @param start at the opening quote */
  skipString(start: number): number {
    const bytes = this.bytes;
    this.stringFlags = 0;
    let p = start + 1;
    for (;;) {
      let kind = STRING_CLASS[bytes[p]!]!;
      while (kind === PLAIN) kind = STRING_CLASS[bytes[++p]!]!;
      if (kind === QUOTE) {
        // The byte at `end` may be a quote itself, and is no part of the text.
        return p < this.end ? p + 1 : this.fail(p, 'the closing quote');
      }
      if (kind === BACKSLASH) {
        p = this.skipEscape(p);
      } else if (kind === NON_ASCII) {
        const length = utf8Length(bytes, p, this.end);
        if (length === 0) return this.fail(p, 'UTF-8', 'UTF8_INVALID');
        p += length;
      } else {
        return this.fail(p, p < this.end ? 'no bare control character' : 'the closing quote');
      }
      if (p < 0) return -1;
    }
  }

  private skipEscape(start: number): number {
    const bytes = this.bytes;
    this.stringFlags |= STRING_ESCAPED;
    const c = bytes[start + 1]!;
    switch (c) {
      case 0x22: // "
        // The quote behind a backslash at the very end may be the byte at `end`.
        return start + 1 < this.end ? start + 2 : this.fail(start + 1, 'an escape');
      case 0x5c: // \
      case 0x2f: // /
      case 0x62: // b
      case 0x66: // f
      case 0x6e: // n
      case 0x72: // r
      case 0x74: // t
        return start + 2;
      case 0x75: {
        const unit = hex4(bytes, start + 2);
        if (unit < 0) return this.fail(start, 'four hexadecimal digits behind \\u');
        if (unit >= 0xd800 && unit <= 0xdfff) {
          const low =
            unit < 0xdc00 && bytes[start + 6] === 0x5c && bytes[start + 7] === 0x75 ? hex4(bytes, start + 8) : -1;
          if (low >= 0xdc00 && low <= 0xdfff) return start + 12;
          this.stringFlags |= STRING_LONE_SURROGATE;
        }
        return start + 6;
      }
      default:
        return this.fail(start, 'an escape of RFC 8259');
    }
  }

  private skipNumber(start: number): number {
    const p = jsonNumberEnd(this.bytes, start);
    if (p >= 0) return p;
    if (this.bytes[start] === 0x2d && this.allowNonFinite && this.isWord(start + 1, 'Infinity')) {
      this.nonFiniteSeen++;
      return start + 9;
    }
    return this.fail(start, 'a number of RFC 8259');
  }

  private skipWord(start: number): number {
    if (this.isWord(start, 'true') || this.isWord(start, 'null')) return start + 4;
    if (this.isWord(start, 'false')) return start + 5;
    if (this.allowNonFinite) {
      const length = this.isWord(start, 'NaN') ? 3 : this.isWord(start, 'Infinity') ? 8 : 0;
      if (length > 0) {
        this.nonFiniteSeen++;
        return start + length;
      }
    }
    return this.fail(start, 'a value');
  }

  private isWord(start: number, word: string): boolean {
    for (let i = 0; i < word.length; i++) if (this.bytes[start + i] !== word.charCodeAt(i)) return false;
    return true;
  }
}

/** The four hexadecimal digits at `start` as a number, -1 when they are none. */
export function hex4(bytes: Uint8Array, start: number): number {
  let value = 0;
  for (let p = start; p < start + 4; p++) {
    const c = bytes[p]!;
    let digit = c - 0x30;
    if (digit >>> 0 > 9) {
      digit = (c | 0x20) - 0x57;
      if (digit < 10 || digit > 15) return -1;
    }
    value = (value << 4) | digit;
  }
  return value;
}

/**
 * Length of the UTF-8 sequence of a character beyond ASCII at `start`, 0 when it is none (RFC 3629: no overlong form, no
 * surrogate, nothing above U+10FFFF).
 */
export function utf8Length(bytes: Uint8Array, start: number, end: number): number {
  const c = bytes[start]!;
  const length = c < 0xc2 ? 0 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : c < 0xf5 ? 4 : 0;
  if (length === 0 || start + length > end) return 0;
  const second = bytes[start + 1]!;
  let low = 0x80;
  let high = 0xbf;
  if (c === 0xe0) low = 0xa0;
  else if (c === 0xed) high = 0x9f;
  else if (c === 0xf0) low = 0x90;
  else if (c === 0xf4) high = 0x8f;
  if (second < low || second > high) return 0;
  for (let p = start + 2; p < start + length; p++) if ((bytes[p]! & 0xc0) !== 0x80) return 0;
  return length;
}
