import { notPlain } from '../../../base/assembly/json-text';
import { numberEnd } from './number-end';

/** Longer numbers are left to the rules, which look whether they fit a float64. */
const MAX_NUMBER_LENGTH: usize = 24;

/** Metadata with more keys is left to the rules, too. */
const MAX_KEYS: u32 = 32;
/** The keys so far, without their quotes: address and length, 2 u32 each. */
const KEYS: usize = memory.data(32 * 8, 8);

/**
 * Is the JSON text `p` … `end` surely metadata that the rules take, its length apart: a flat object whose keys are different and do not begin with `$`,
 * of strings, numbers, true, false and lists of strings? `false` means that the rules have to look: escapes and exponents, for instance, are
 * left to them. Only metadata of the usual form is worth a second way, since it is nearly all there is. That strings are UTF-8 is not looked at.
 *
 * Bytes behind `end` may be read: a text that is cut off is found to be none when `}` does not stand at its end. The walk stops at the first
 * byte that no JSON of this form has there, a zero for one.
 */
export function isPlainMetadata(p: usize, end: usize): bool {
  return plainEnd(p, false) == end;
}

/**
 * Where such metadata ends that begins at `p` in a line, and is all ASCII: a valid JSON object then, of which nothing else need be looked at. 0 where
 * that is not sure.
 */
export function plainMetadataEnd(p: usize): usize {
  return plainEnd(p, true);
}

/** `inLine`: no bytes beyond ASCII, and no line feeds. */
function plainEnd(p: usize, inLine: bool): usize {
  if (load<u8>(p) != 0x7b) return 0;
  p = skipSpace(p + 1, inLine);
  if (load<u8>(p) == 0x7d) return p + 1;
  for (let keys: u32 = 0; keys < MAX_KEYS; keys++) {
    if (load<u8>(p) != 0x22 || load<u8>(p, 1) == 0x24) return 0;
    const key = p + 1;
    p = plainStringEnd(p, inLine);
    if (p == 0 || !isNewKey(key, (p - key - 1) as u32, keys)) return 0;
    p = skipSpace(p, inLine);
    if (load<u8>(p) != 0x3a) return 0;
    p = plainValueEnd(skipSpace(p + 1, inLine), inLine);
    if (p == 0) return 0;
    p = skipSpace(p, inLine);
    const c = load<u8>(p);
    if (c == 0x7d) return p + 1;
    if (c != 0x2c) return 0;
    p = skipSpace(p + 1, inLine);
  }
  return 0;
}

/** Notes key number `count`. False: it was there before. */
function isNewKey(key: usize, length: u32, count: u32): bool {
  const end = KEYS + ((count as usize) << 3);
  for (let known = KEYS; known < end; known += 8) {
    if (load<u32>(known, 4) == length && memory.compare(load<u32>(known), key, length) == 0) return false;
  }
  store<u32>(end, key as u32);
  store<u32>(end, length, 4);
  return true;
}

// @ts-ignore: decorator
@inline
function skipSpace(p: usize, inLine: bool): usize {
  return load<u8>(p) > 0x20 ? p : skipSpaces(p, inLine);
}

function skipSpaces(p: usize, inLine: bool): usize {
  while (true) {
    const c = load<u8>(p);
    if (c != 0x20 && c != 0x09 && c != 0x0d && (c != 0x0a || inLine)) return p;
    p++;
  }
}

function plainValueEnd(p: usize, inLine: bool): usize {
  const c: u32 = load<u8>(p);
  if (c == 0x22) return plainStringEnd(p, inLine);
  if (c == 0x2d || c - 0x30 < 10) {
    const end = numberEnd(p);
    if (end == 0 || end - p > MAX_NUMBER_LENGTH) return 0;
    for (let at = p; at < end; at++) if ((load<u8>(at) | 0x20) == 0x65) return 0;
    return end;
  }
  if (c == 0x5b) {
    p = skipSpace(p + 1, inLine);
    if (load<u8>(p) == 0x5d) return p + 1;
    while (true) {
      if (load<u8>(p) != 0x22) return 0;
      p = plainStringEnd(p, inLine);
      if (p == 0) return 0;
      p = skipSpace(p, inLine);
      const after = load<u8>(p);
      if (after == 0x5d) return p + 1;
      if (after != 0x2c) return 0;
      p = skipSpace(p + 1, inLine);
    }
  }
  const word = load<u32>(p);
  if (word == 0x65757274) return p + 4; // true
  return word == 0x736c6166 && load<u8>(p, 4) == 0x65 ? p + 5 : 0; // false
}

/** The end of the string at `p`, 0 where it holds an escape or a byte that no string may hold; `ascii`: or one beyond ASCII. */
function plainStringEnd(p: usize, ascii: bool): usize {
  p++;
  while (true) {
    const bytes = v128.load(p);
    let found = notPlain(bytes);
    if (ascii) found |= i8x16.bitmask(bytes);
    if (found != 0) {
      p += ctz(found) as usize;
      return load<u8>(p) == 0x22 ? p + 1 : 0;
    }
    p += 16;
  }
}
