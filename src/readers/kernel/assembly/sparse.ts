import { numberEnd } from '../../../records/plain/assembly/number-end';
import * as code from './codes';
import { distanceToComma, parseCommonIndex, parsedIndex } from './decimal';
import * as columns from './columns';
import {
  clearNonFiniteSeen, elements, escaped, MAX_DEPTH, nonFiniteSeen, setAllowNonFinite, skipColon, skipElements, skipSpace, skipString, skipValue, unescape,
} from './json';
import { isNonFinite } from './number-text';
import { wrong, wrongNumbers } from './problem';
import { fail, setText } from './text';
import * as vector from './vector';

// What readSparse found. An address is 0 where there is nothing of the kind.
let indicesAt: usize = 0;
let indexCount: u32 = 0;
/** First element of `indices` that is none. */
let badIndexAt: usize = 0;
let badIndex: u32 = 0;
let valuesAt: usize = 0;
let valueCount: u32 = 0;
let strangeAt: usize = 0;
let strangeIndex: u32 = 0;
let infiniteAt: usize = 0;
let infiniteIndex: u32 = 0;
/** Field of the key that occurs twice, the first if both do; FIELD_NONE. */
let duplicate: u32 = 0;

// @ts-ignore: decorator
@inline
function isIndices(p: usize, length: usize): bool {
  return length == 7 && load<u32>(p) == 0x69646e69 && (load<u32>(p, 3) == 0x73656369);
}

// @ts-ignore: decorator
@inline
function isValues(p: usize, length: usize): bool {
  return length == 6 && load<u32>(p) == 0x756c6176 && load<u16>(p, 4) == 0x7365;
}

/** Reads the object with `indices` and `values` at `p` to the sparse columns. Returns the position behind it, 0 for a syntax error. */
export function readSparse(p: usize, depth: i32): usize {
  indicesAt = 0;
  indexCount = 0;
  badIndexAt = 0;
  valuesAt = 0;
  valueCount = 0;
  strangeAt = 0;
  infiniteAt = 0;
  duplicate = code.FIELD_NONE;
  if (depth >= MAX_DEPTH) return fail(p, code.EXPECT_NESTING, code.JSON_SYNTAX);
  p = skipSpace(p + 1);
  if (load<u8>(p) == 0x7d) return p + 1;
  while (true) {
    if (load<u8>(p) != 0x22) return fail(p, code.EXPECT_KEY, code.JSON_SYNTAX);
    const key = p;
    p = skipString(p);
    if (p == 0) return 0;
    let text = key + 1;
    let length = p - key - 2;
    if (escaped) {
      text = columns.scratchEnd;
      length = unescape(key + 1, p - 1, text) - text;
    }
    p = skipColon(p);
    if (p == 0) return 0;
    const first = load<u8>(p);
    if (isIndices(text, length)) {
      if (indicesAt != 0 && duplicate == 0) duplicate = code.FIELD_SPARSE_INDICES;
      indicesAt = p;
      p = first == 0x5b ? readIndices(p, depth + 1) : skipValue(p, depth + 1);
    } else if (isValues(text, length)) {
      if (valuesAt != 0 && duplicate == 0) duplicate = code.FIELD_SPARSE_VALUES;
      valuesAt = p;
      if (first == 0x5b) {
        p = vector.readNumbers(p, columns.sparseValuesEnd, depth + 1, indicesAt == 0 ? 0 : indexCount);
        valueCount = vector.count;
        strangeAt = vector.strangeAt;
        strangeIndex = vector.strangeIndex;
        infiniteAt = vector.infiniteAt;
        infiniteIndex = vector.infiniteIndex;
      } else {
        p = skipValue(p, depth + 1);
      }
    } else {
      p = skipValue(p, depth + 1);
    }
    if (p == 0) return 0;
    p = skipSpace(p);
    const c = load<u8>(p);
    if (c == 0x7d) return p + 1;
    if (c != 0x2c) return fail(p, code.EXPECT_COMMA_OR_BRACE, code.JSON_SYNTAX);
    p = skipSpace(p + 1);
  }
}

function readIndices(p: usize, depth: i32): usize {
  const start = columns.sparseIndicesEnd;
  let out = start;
  if (depth >= MAX_DEPTH) return fail(p, code.EXPECT_NESTING, code.JSON_SYNTAX);
  p = skipSpace(p + 1);
  if (load<u8>(p) == 0x5d) return p + 1;
  while (true) {
    const end = p + distanceToComma(p);
    if (parseCommonIndex(p, end)) {
      store<u32>(out, parsedIndex);
      out += 4;
      p = end + 1;
      continue;
    }
    p = skipSpace(p);
    const next = readIndex(p);
    if (next == 0) {
      badIndexAt = p;
      badIndex = ((out - start) >> 2) as u32;
      p = skipElements(p, depth + 1);
      indexCount = badIndex + elements;
      return p;
    }
    store<u32>(out, parsedWhole);
    out += 4;
    p = skipSpace(next);
    const c = load<u8>(p);
    if (c == 0x2c) {
      p++;
      continue;
    }
    indexCount = ((out - start) >> 2) as u32;
    return c == 0x5d ? p + 1 : fail(p, code.EXPECT_COMMA_OR_BRACKET, code.JSON_SYNTAX);
  }
}

let parsedWhole: u32 = 0;

/**
 * Reads a JSON number that is an index: digits, or digits and a fraction of zeros (`7.0`, as float columns are written). Returns the position
 * behind it, 0 if it is none.
 */
function readIndex(p: usize): usize {
  const end = numberEnd(p);
  if (end == 0 || load<u8>(p) == 0x2d) return 0;
  let value: u64 = 0;
  for (; p < end; p++) {
    const digit = (load<u8>(p) as u32) - 0x30;
    if (digit > 9) break;
    value = value * 10 + digit;
    if (value > 0xffffffff) return 0;
  }
  if (p < end && load<u8>(p) == 0x2e) {
    p++;
    while (p < end && load<u8>(p) == 0x30) p++;
  }
  parsedWhole = value as u32;
  return p == end ? end : 0;
}

/** Judges what readSparse has read, and puts it into the record if nothing is wrong with it. */
export function takeSparse(): void {
  if (duplicate != 0) {
    wrongNumbers(code.JSON_DUPLICATE_KEY, duplicate, code.EXPECT_KEY_ONCE, code.GOT_TWICE, 0, 0);
  } else if (indicesAt == 0) {
    wrongNumbers(code.SPARSE_TYPE, code.FIELD_SPARSE, code.EXPECT_SPARSE, code.GOT_NO_INDICES, 0, 0);
  } else if (load<u8>(indicesAt) != 0x5b) {
    wrongJson(code.SPARSE_TYPE, code.FIELD_SPARSE_INDICES, code.EXPECT_ARRAY, indicesAt);
  } else if (valuesAt == 0) {
    wrongNumbers(code.SPARSE_TYPE, code.FIELD_SPARSE, code.EXPECT_SPARSE, code.GOT_NO_VALUES, 0, 0);
  } else if (load<u8>(valuesAt) != 0x5b) {
    wrongJson(code.SPARSE_TYPE, code.FIELD_SPARSE_VALUES, code.EXPECT_ARRAY, valuesAt);
  } else {
    takePairs();
  }
}

/** The first pair in which something is wrong counts, and only then whether there are as many indices as values. */
function takePairs(): void {
  const pairs = min(indexCount, valueCount);
  const firstBad = badIndexAt != 0 ? badIndex : u32.MAX_VALUE;
  const valueAt = infiniteAt != 0 ? infiniteAt : strangeAt;
  const firstValue = infiniteAt != 0 ? infiniteIndex : strangeAt != 0 ? strangeIndex : u32.MAX_VALUE;
  if (firstBad < pairs && firstBad <= firstValue) {
    wrongJson(code.SPARSE_INDEX, code.FIELD_SPARSE_INDICES, code.EXPECT_INDICES, badIndexAt);
  } else if (firstValue < pairs) {
    if (infiniteAt != 0 || isNonFinite(valueAt, endOf(valueAt))) {
      wrongJson(code.SPARSE_NOT_FINITE, code.FIELD_SPARSE_VALUES, code.EXPECT_FINITE, valueAt);
    } else {
      wrongJson(code.SPARSE_TYPE, code.FIELD_SPARSE_VALUES, code.EXPECT_NUMBERS, valueAt);
    }
  } else if (indexCount != valueCount) {
    wrongNumbers(code.SPARSE_LENGTHS, code.FIELD_SPARSE, code.EXPECT_LENGTHS, code.GOT_LENGTHS, indexCount, valueCount);
  } else {
    columns.addSparse(pairs);
  }
}

function endOf(value: usize): usize {
  setAllowNonFinite(true);
  const end = skipValue(value, 0);
  setAllowNonFinite(false);
  return end;
}

function wrongJson(rule: u32, field: u32, expected: u32, value: usize): void {
  wrong(rule, field, expected, code.GOT_JSON, value, endOf(value));
}

/**
 * Reads a sparse vector from a text of its own, a cell or the content of a string. The byte at `end` can be written over. False, and nothing
 * noted, when the text is no JSON.
 */
export function readSparseText(start: usize, end: usize): bool {
  const behind = load<u8>(end);
  store<u8>(end, 0x0a);
  setText(end, false);
  setAllowNonFinite(true);
  clearNonFiniteSeen();
  const value = skipSpace(start);
  const isObject = load<u8>(value) == 0x7b;
  const stop = isObject ? readSparse(value, 0) : skipValue(value, 0);
  const valid = stop != 0 && skipSpace(stop) == end;
  const seen = nonFiniteSeen;
  setAllowNonFinite(false);
  if (valid && isObject) {
    takeSparse();
    if (seen > 0) {
      wrongNumbers(code.SPARSE_NOT_FINITE, code.FIELD_SPARSE_VALUES, code.EXPECT_FINITE, code.GOT_NON_FINITE, 0, 0);
    }
  } else if (valid) {
    wrong(code.SPARSE_TYPE, code.FIELD_SPARSE, code.EXPECT_SPARSE, code.GOT_JSON, value, stop);
  }
  store<u8>(end, behind);
  return valid;
}
