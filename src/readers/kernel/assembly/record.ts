import { plainMetadataEnd } from '../../../records/plain/assembly/plain-metadata';
import * as code from './codes';
import { inputEnd, rest, scratchEnd } from './columns';
import { keepNumbers } from './dense';
import { DONE, ESCAPED, FIELD_BYTES, LONE_SURROGATE, PLAIN, setField, typeOf } from './field';
import {
  allowNonFinite, clearNonFiniteSeen, escaped, loneSurrogate, MAX_DEPTH, setAllowNonFinite, skipColon, skipSpace,
  skipString, skipValue, unescape,
} from './json';
import { dimension, fields, fieldCount, METADATA_OBJECT, metadataField, metadataFrom } from './settings';
import { readSparse } from './sparse';
import { fail, setText } from './text';
import { readNumbers } from './vector';

/**
 * One walk through a JSON record: checks all of its syntax, and notes where the fields are that the mapping names. These form a tree
 * of path parts; a node is 12 u32: what field.ts says (0–15), 16 key text, 20 its length, 24 array index that the key stands for or -1,
 * 28 first child, 32 next sibling, 36 role, 40 record in which it was met last.
 */
const KEY: usize = 16;
const KEY_LENGTH: usize = 20;
const ELEMENT: usize = 24;
const CHILD: usize = 28;
const SIBLING: usize = 32;
const ROLE: usize = 36;
const SEEN: usize = 40;

/** What a node's value is for, as bits. */
const ROLE_VALUES: u32 = 1;
const ROLE_SPARSE: u32 = 2;
/** NaN and infinities in it are no syntax error, but counted: the vector is told apart from a line that is broken. */
const ROLE_LOOSE: u32 = 4;

export const WALK_OK: u32 = 0;
/** See text.ts; fields before the error are known. */
export const WALK_SYNTAX: u32 = 1;
export const WALK_NOT_OBJECT: u32 = 2;
/** See `duplicate` or, if that is 0, `duplicateRest`. */
export const WALK_DUPLICATE: u32 = 3;

/** Node of a field that occurs twice. */
export let duplicate: usize = 0;

/** Top-level fields that nothing uses: 6 u32 each at columns.rest: key with quotes, its end, value, its end, flags of the key, of the value. */
export let restCount: u32 = 0;
export const REST_BYTES: usize = 24;

/** Number of the record; 0 is none. */
let record: u32 = 0;
let keepsRest: bool = false;
/** Where the numbers of the dense vector go. */
let denseOut: usize = 0;

/** Where there was no syntax error: end of the line, and of the value in it. */
export let walkEnd: usize = 0;
export let valueEnd: usize = 0;

/** Walks the record that begins at `p`, no white space. */
export function walk(p: usize, out: usize, keepRest: bool): u32 {
  setText(inputEnd, true);
  setAllowNonFinite(false);
  clearNonFiniteSeen();
  for (let node = fields, end = fields + (fieldCount as usize) * FIELD_BYTES; node < end; node += FIELD_BYTES) {
    store<u64>(node, 0, 8); // Absent, no flags.
  }
  if (record == 0xffffffff) {
    record = 0;
    for (let node = fields, end = fields + (fieldCount as usize) * FIELD_BYTES; node < end; node += FIELD_BYTES) {
      store<u32>(node, 0, SEEN);
    }
  }
  record++;
  restCount = 0;
  duplicate = 0;
  keepsRest = keepRest;
  denseOut = out;
  const isObject = load<u8>(p) == 0x7b;
  p = isObject ? walkObject(fields, p, 0) : skipValue(p, 0);
  if (p == 0) return WALK_SYNTAX;
  valueEnd = p;
  p = skipSpace(p);
  walkEnd = p;
  if (load<u8>(p) != 0x0a) {
    fail(p, code.EXPECT_END, code.JSON_SYNTAX);
    return WALK_SYNTAX;
  }
  if (!isObject) return WALK_NOT_OBJECT;
  return duplicate == 0 ? WALK_OK : WALK_DUPLICATE;
}

/** Passes over the object at `p`. `depth`: how many objects and arrays are open already. */
function walkObject(node: usize, p: usize, depth: i32): usize {
  if (depth >= MAX_DEPTH) return fail(p, code.EXPECT_NESTING, code.JSON_SYNTAX);
  p = skipSpace(p + 1);
  if (load<u8>(p) == 0x7d) return p + 1;
  while (true) {
    if (load<u8>(p) != 0x22) return fail(p, code.EXPECT_KEY, code.JSON_SYNTAX);
    const key = p;
    const keyEnd = skipString(p);
    if (keyEnd == 0) return 0;
    let child: usize;
    const keyFlags: u32 = escaped ? ESCAPED : 0;
    if (escaped) {
      const text = scratchEnd;
      child = findKey(node, text, unescape(key + 1, keyEnd - 1, text) - text);
    } else {
      child = findKey(node, key + 1, keyEnd - key - 2);
    }
    p = skipColon(keyEnd);
    if (p == 0) return 0;
    if (child != 0) {
      p = walkField(child, p, depth + 1);
      if (p == 0) return 0;
    } else {
      const value = p;
      p = skipValue(p, depth + 1);
      if (p == 0) return 0;
      if (depth == 0 && keepsRest) {
        const entry = rest + (restCount++ as usize) * REST_BYTES;
        store<u32>(entry, key as u32);
        store<u32>(entry, keyEnd as u32, 4);
        store<u32>(entry, value as u32, 8);
        store<u32>(entry, p as u32, 12);
        // `loneSurrogate` is that of the value where it is a string.
        store<u32>(entry, keyFlags, 16);
        store<u32>(entry, load<u8>(value) == 0x22 && loneSurrogate ? LONE_SURROGATE : 0, 20);
      }
    }
    p = skipSpace(p);
    const c = load<u8>(p);
    if (c == 0x7d) return p + 1;
    if (c != 0x2c) return fail(p, code.EXPECT_COMMA_OR_BRACE, code.JSON_SYNTAX);
    p = skipSpace(p + 1);
  }
}

function walkArray(node: usize, p: usize, depth: i32): usize {
  if (depth >= MAX_DEPTH) return fail(p, code.EXPECT_NESTING, code.JSON_SYNTAX);
  p = skipSpace(p + 1);
  if (load<u8>(p) == 0x5d) return p + 1;
  let index: u32 = 0;
  while (true) {
    let child: usize = load<u32>(node, CHILD);
    while (child != 0 && load<u32>(child, ELEMENT) != index) child = load<u32>(child, SIBLING);
    p = child != 0 ? walkField(child, p, depth + 1) : skipValue(p, depth + 1);
    if (p == 0) return 0;
    p = skipSpace(p);
    const c = load<u8>(p);
    if (c == 0x5d) return p + 1;
    if (c != 0x2c) return fail(p, code.EXPECT_COMMA_OR_BRACKET, code.JSON_SYNTAX);
    p = skipSpace(p + 1);
    index++;
  }
}

/** Passes over the value at `p`, which belongs to `node`, and notes it and what is inside of it. */
function walkField(node: usize, p: usize, depth: i32): usize {
  if (load<u32>(node, SEEN) == record) duplicate = node;
  store<u32>(node, record, SEEN);
  const first: u32 = load<u8>(p);
  const role = load<u32>(node, ROLE);
  const loose = allowNonFinite;
  if (role & ROLE_LOOSE) setAllowNonFinite(true);
  let end: usize;
  let flags: u32 = 0;
  if (load<u32>(node, CHILD) != 0 && (first == 0x7b || first == 0x5b)) {
    end = first == 0x7b ? walkObject(node, p, depth) : walkArray(node, p, depth);
  } else if (role & ROLE_VALUES && first == 0x5b) {
    end = readNumbers(p, denseOut, depth, dimension);
    keepNumbers();
    flags = DONE;
  } else if (role & ROLE_SPARSE && first == 0x7b) {
    end = readSparse(p, depth);
    flags = DONE;
  } else if (first == 0x7b && node == metadataField && metadataFrom == METADATA_OBJECT) {
    end = skipMetadata(p, depth);
    if (plainSkipped) flags = PLAIN;
  } else {
    end = skipValue(p, depth);
    if (first == 0x22) flags = (escaped ? ESCAPED : 0) | (loneSurrogate ? LONE_SURROGATE : 0);
  }
  setAllowNonFinite(loose);
  if (end == 0) {
    // Broken off inside of the value: the field is not known.
    setField(node, 0, 0, 0, 0);
    return 0;
  }
  setField(node, p, end, typeOf(first), flags);
  return end;
}

/** What skipMetadata passed over last is metadata that the rules take. */
let plainSkipped: bool = false;
/** How often metadata may be found not to be plain, before it is looked for in some records only. */
const MOST_TRUST: i32 = 8;
let trust: i32 = MOST_TRUST;
/** Without trust it is looked for in each of so many records, a power of two. */
const SOME: u32 = 32;

/** Passes over the object at `p`. Where metadata is plain, as it mostly is, it is looked at but once. */
function skipMetadata(p: usize, depth: i32): usize {
  // An object, and lists in it.
  const isTried = (trust > 0 || (record & (SOME - 1)) == 0) && depth < MAX_DEPTH - 1;
  const end = isTried ? plainMetadataEnd(p) : 0;
  plainSkipped = end != 0;
  if (isTried) trust = plainSkipped ? min(trust + 1, MOST_TRUST) : max(trust - 1, 0);
  return plainSkipped ? end : skipValue(p, depth);
}

function findKey(node: usize, text: usize, length: usize): usize {
  let child: usize = load<u32>(node, CHILD);
  while (child != 0) {
    if (load<u32>(child, KEY_LENGTH) == (length as u32) && memory.compare(text, load<u32>(child, KEY), length) == 0) {
      return child;
    }
    child = load<u32>(child, SIBLING);
  }
  return 0;
}
