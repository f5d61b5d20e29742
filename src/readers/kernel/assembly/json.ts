import { notPlain } from '../../../base/assembly/json-text';
import { numberEnd } from '../../../records/plain/assembly/number-end';
import * as code from './codes';
import { fail, feedIsSpace, isTextEnd, knowsAfterAnother, textEnd, utf8, UTF8_KNOWN } from './text';
import { utf8Length } from './utf8';

/** Objects and arrays may be nested this deep in a record; MAX_JSON_DEPTH on the JavaScript side. */
export const MAX_DEPTH: i32 = 512;

/** One byte for every open object (1) or array (0). */
const STACK: usize = memory.data(512);

/** Of the string passed over last: it holds an escape; it holds half a surrogate pair, which UTF-8 cannot express. */
export let escaped: bool = false;
export let loneSurrogate: bool = false;

/** `NaN`, `Infinity` and `-Infinity` pass for values, and are counted: see allowNonFinite on the JavaScript side. */
export let allowNonFinite: bool = false;
export let nonFiniteSeen: u32 = 0;

export function setAllowNonFinite(allow: bool): void {
  allowNonFinite = allow;
}
export function clearNonFiniteSeen(): void {
  nonFiniteSeen = 0;
}

// @ts-ignore: decorator
@inline
export function skipSpace(p: usize): usize {
  const c = load<u8>(p);
  if (c > 0x20) return p;
  return skipSpaces(p);
}

function skipSpaces(p: usize): usize {
  while (true) {
    const c = load<u8>(p);
    // A line feed at the end is the end, one before it white space (a JSON text in a CSV cell may have lines).
    if (c != 0x20 && c != 0x09 && c != 0x0d && (c != 0x0a || !feedIsSpace || p >= textEnd)) return p;
    p++;
  }
}

/** Passes over any value, checking all of it (RFC 8259). `depth`: how many objects and arrays are open already. */
export function skipValue(p: usize, depth: i32): usize {
  let open = depth;
  p = skipSpace(p);
  while (true) {
    // At the first byte of a value.
    const c: u32 = load<u8>(p);
    if (c == 0x22) {
      p = skipString(p);
    } else if (c == 0x7b || c == 0x5b) {
      if (open >= MAX_DEPTH) return fail(p, code.EXPECT_NESTING, code.JSON_SYNTAX);
      const isObject = c == 0x7b;
      const next = skipSpace(p + 1);
      if (load<u8>(next) != ((c + 2) as u8)) {
        store<u8>(STACK + open++, isObject as u8);
        p = isObject ? skipKey(next) : next;
        if (p == 0) return 0;
        continue;
      }
      p = next + 1;
    } else if (c == 0x2d || c - 0x30 < 10) {
      p = skipNumber(p);
    } else {
      p = skipWord(p);
    }
    if (p == 0) return 0;
    // Behind a value: close what it closes, up to the next value.
    while (true) {
      if (open == depth) return p;
      p = skipSpace(p);
      const after: u32 = load<u8>(p);
      const inObject = load<u8>(STACK + open - 1) != 0;
      if (after == 0x2c) {
        p = skipSpace(p + 1);
        if (inObject) {
          p = skipKey(p);
          if (p == 0) return 0;
        }
        break;
      }
      if (after != (inObject ? 0x7d : 0x5d)) {
        return fail(p, inObject ? code.EXPECT_COMMA_OR_BRACE : code.EXPECT_COMMA_OR_BRACKET, code.JSON_SYNTAX);
      }
      open--;
      p++;
    }
  }
}

/** Passed over by skipElements. */
export let elements: u32 = 0;

/** Passes over the elements of an array from the one at `p` on, and the `]`. */
export function skipElements(p: usize, depth: i32): usize {
  let seen: u32 = 0;
  while (true) {
    p = skipValue(p, depth);
    if (p == 0) return 0;
    seen++;
    p = skipSpace(p);
    const c = load<u8>(p);
    if (c == 0x5d) {
      elements = seen;
      return p + 1;
    }
    if (c != 0x2c) return fail(p, code.EXPECT_COMMA_OR_BRACKET, code.JSON_SYNTAX);
    p++;
  }
}

/** Passes over a key and its colon, up to the first byte of the value. */
export function skipKey(p: usize): usize {
  if (load<u8>(p) != 0x22) return fail(p, code.EXPECT_KEY, code.JSON_SYNTAX);
  p = skipString(p);
  return p == 0 ? 0 : skipColon(p);
}

export function skipColon(p: usize): usize {
  p = skipSpace(p);
  if (load<u8>(p) != 0x3a) return fail(p, code.EXPECT_COLON, code.JSON_SYNTAX);
  return skipSpace(p + 1);
}

/** Passes over the string whose opening quote is at `p`. */
export function skipString(p: usize): usize {
  escaped = false;
  loneSurrogate = false;
  p++;
  let known = utf8 == UTF8_KNOWN;
  while (true) {
    const bytes = v128.load(p);
    let found = notPlain(bytes);
    if (!known) found |= i8x16.bitmask(bytes);
    if (found == 0) {
      p += 16;
      continue;
    }
    p += ctz(found) as usize;
    const c = load<u8>(p);
    if (c == 0x22) {
      // The byte at the text's end may be a quote itself, and is no part of the text.
      return p < textEnd ? p + 1 : fail(p, code.EXPECT_CLOSING_QUOTE, code.JSON_SYNTAX);
    }
    if (c == 0x5c) {
      p = skipEscape(p);
      if (p == 0) return 0;
    } else if (c >= 0x80) {
      if (knowsAfterAnother()) {
        known = true;
        continue;
      }
      const length = utf8Length(p, textEnd);
      if (length == 0) return fail(p, code.EXPECT_UTF8, code.UTF8_INVALID);
      p += length;
    } else {
      return fail(p, isTextEnd(p) ? code.EXPECT_CLOSING_QUOTE : code.EXPECT_NO_CONTROL, code.JSON_SYNTAX);
    }
  }
}

function skipEscape(p: usize): usize {
  escaped = true;
  switch (load<u8>(p, 1)) {
    case 0x22: // "
      // The quote behind a backslash at the very end may be the byte at the text's end.
      return p + 1 < textEnd ? p + 2 : fail(p + 1, code.EXPECT_ESCAPE, code.JSON_SYNTAX);
    case 0x5c: // \
    case 0x2f: // /
    case 0x62: // b
    case 0x66: // f
    case 0x6e: // n
    case 0x72: // r
    case 0x74: // t
      return p + 2;
    case 0x75: {
      const unit = hex4(p + 2);
      if (unit < 0) return fail(p, code.EXPECT_HEX, code.JSON_SYNTAX);
      if (unit >= 0xd800 && unit <= 0xdfff) {
        const low = unit < 0xdc00 && load<u16>(p, 6) == 0x755c ? hex4(p + 8) : -1;
        if (low >= 0xdc00 && low <= 0xdfff) return p + 12;
        loneSurrogate = true;
      }
      return p + 6;
    }
    default:
      return fail(p, code.EXPECT_ESCAPE_OF_RFC, code.JSON_SYNTAX);
  }
}

/** The four hexadecimal digits at `p` as a number, -1 when they are none. */
export function hex4(p: usize): i32 {
  let value: i32 = 0;
  for (let i: usize = 0; i < 4; i++) {
    const c: i32 = load<u8>(p + i);
    let digit = c - 0x30;
    if ((digit as u32) > 9) {
      digit = (c | 0x20) - 0x57;
      if (digit < 10 || digit > 15) return -1;
    }
    value = (value << 4) | digit;
  }
  return value;
}

export function skipNumber(start: usize): usize {
  const p = numberEnd(start);
  if (p != 0) return p;
  if (allowNonFinite && load<u8>(start) == 0x2d && isInfinity(start + 1)) {
    nonFiniteSeen++;
    return start + 9;
  }
  return fail(start, code.EXPECT_NUMBER, code.JSON_SYNTAX);
}

function isInfinity(p: usize): bool {
  return load<u64>(p) == 0x7974696e69666e49; // Infinity
}

function skipWord(p: usize): usize {
  const word = load<u32>(p);
  if (word == 0x65757274 || word == 0x6c6c756e) return p + 4; // true, null
  if (word == 0x736c6166 && load<u8>(p, 4) == 0x65) return p + 5; // false
  if (allowNonFinite) {
    const length: usize = (word & 0xffffff) == 0x4e614e ? 3 : isInfinity(p) ? 8 : 0;
    if (length > 0) {
      nonFiniteSeen++;
      return p + length;
    }
  }
  return fail(p, code.EXPECT_VALUE, code.JSON_SYNTAX);
}

/**
 * Writes the text of the string content `start` … `end`, checked before, as UTF-8 to `out`. Half a surrogate pair comes out as three
 * bytes that are no UTF-8; callers refuse it beforehand. Returns the address behind the last byte written.
 */
export function unescape(p: usize, end: usize, out: usize): usize {
  while (p < end) {
    const c: u32 = load<u8>(p);
    if (c != 0x5c) {
      store<u8>(out++, c as u8);
      p++;
      continue;
    }
    const letter: u32 = load<u8>(p, 1);
    if (letter != 0x75) {
      let meaning: u32 = letter;
      if (letter == 0x62) meaning = 0x08;
      else if (letter == 0x66) meaning = 0x0c;
      else if (letter == 0x6e) meaning = 0x0a;
      else if (letter == 0x72) meaning = 0x0d;
      else if (letter == 0x74) meaning = 0x09;
      store<u8>(out++, meaning as u8);
      p += 2;
      continue;
    }
    let point: u32 = hex4(p + 2) as u32;
    p += 6;
    if (point - 0xd800 < 0x400 && p + 6 <= end && load<u16>(p) == 0x755c) {
      const low = hex4(p + 2);
      if (low >= 0xdc00 && low <= 0xdfff) {
        point = 0x10000 + ((point - 0xd800) << 10) + ((low as u32) - 0xdc00);
        p += 6;
      }
    }
    if (point < 0x80) {
      store<u8>(out++, point as u8);
    } else if (point < 0x800) {
      store<u8>(out, (0xc0 | (point >> 6)) as u8);
      store<u8>(out + 1, (0x80 | (point & 0x3f)) as u8);
      out += 2;
    } else if (point < 0x10000) {
      store<u8>(out, (0xe0 | (point >> 12)) as u8);
      store<u8>(out + 1, (0x80 | ((point >> 6) & 0x3f)) as u8);
      store<u8>(out + 2, (0x80 | (point & 0x3f)) as u8);
      out += 3;
    } else {
      store<u8>(out, (0xf0 | (point >> 18)) as u8);
      store<u8>(out + 1, (0x80 | ((point >> 12) & 0x3f)) as u8);
      store<u8>(out + 2, (0x80 | ((point >> 6) & 0x3f)) as u8);
      store<u8>(out + 3, (0x80 | (point & 0x3f)) as u8);
      out += 4;
    }
  }
  return out;
}
