import { numberEnd } from '../../../records/plain/assembly/number-end';
import { base64Length, decodeBase64 } from './base64';
import * as code from './codes';
import { setAllowNonFinite, skipSpace, skipValue } from './json';
import { parseCommonNumber, parsed, parseLooseNumber } from './decimal';
import { beginLanes, lanesEnd, lanesFrom, readLanes } from './number-lanes';
import { wrong, wrongNumbers } from './problem';
import { setText } from './text';
import { isNonFinite, isSpace } from './number-text';
import { dimension, encoding, vectorDelimiter as delimiter } from './settings';
import * as vector from './vector';

/** The dense vector of a record, however it is written. Whatever is wrong with it is noted in problem.ts. */

const AUTO: u32 = 0;
const JSON: u32 = 1;
const BASE64: u32 = 2;
const DELIMITED: u32 = 3;

export function missingValues(got: u32): void {
  wrongNumbers(code.VALUES_MISSING, code.FIELD_VALUES, code.EXPECT_DIMENSION, got, 0, 0);
}

function wrongCount(numbers: u32): void {
  wrongNumbers(code.VALUES_DIMENSION, code.FIELD_VALUES, code.EXPECT_DIMENSION, code.GOT_COUNT, numbers, 0);
}

// What readNumbers has found in the record's vector; its own notes are those of the array read last.
let count: u32 = 0;
let strangeAt: usize = 0;
let strangeIndex: u32 = 0;
let infiniteAt: usize = 0;
let infiniteIndex: u32 = 0;

/** Keeps what readNumbers has just found as that of the record's vector. */
export function keepNumbers(): void {
  count = vector.count;
  strangeAt = vector.strangeAt;
  strangeIndex = vector.strangeIndex;
  infiniteAt = vector.infiniteAt;
  infiniteIndex = vector.infiniteIndex;
}

/** Judges the array of numbers that was kept: the first thing wrong in it. */
export function checkNumbers(): void {
  if (infiniteAt != 0) {
    // It stands before anything strange, since reading ends there.
    wrong(
      code.VALUES_NOT_FINITE, code.FIELD_VALUES, code.EXPECT_FINITE, code.GOT_JSON, infiniteAt, numberEnd(infiniteAt),
      infiniteIndex,
    );
  } else if (strangeAt != 0) {
    setAllowNonFinite(true);
    const end = skipValue(strangeAt, 0);
    setAllowNonFinite(false);
    if (isNonFinite(strangeAt, end)) {
      wrong(code.VALUES_NOT_FINITE, code.FIELD_VALUES, code.EXPECT_FINITE, code.GOT_RAW, strangeAt, end, strangeIndex);
    } else {
      wrong(code.VALUES_TYPE, code.FIELD_VALUES, code.EXPECT_ARRAY_OF, code.GOT_JSON, strangeAt, end, strangeIndex);
    }
  } else if (count != dimension) {
    wrongCount(count);
  }
}

/** Reads the text of a cell or string to `out`. The byte at `end` can be written over, and no number goes on with it. */
export function readVectorText(start: usize, end: usize, out: usize): void {
  while (start < end && isSpace(load<u8>(start))) start++;
  while (end > start && isSpace(load<u8>(end - 1))) end--;
  if (start == end) {
    missingValues(code.GOT_EMPTY_TEXT);
  } else if (encoding == JSON) {
    readArrayText(start, end, out);
  } else if (encoding == BASE64) {
    readBase64(start, end, out);
  } else if (encoding == DELIMITED) {
    readDelimited(start, end, out);
  } else if (load<u8>(start) == 0x5b) {
    readArrayText(start, end, out);
  } else if (looksLikeBase64(start, end)) {
    readBase64(start, end, out);
  } else {
    readDelimited(start, end, out);
  }
}

/** Base64 has neither delimiters nor points nor white space; of what could be both, a lone number is taken for a number. */
function looksLikeBase64(start: usize, end: usize): bool {
  for (let p = start; p < end; p++) {
    const c: u32 = load<u8>(p);
    if (c == delimiter || c == 0x2e || isSpace(c as u8)) return false;
  }
  if (dimension > 1 && base64Length(start, end) == 4 * (dimension as i64)) return true;
  return parseLooseText(start, end) != end && !isNonFinite(start, end);
}

/** parseLooseNumber for a text that may be followed by anything. */
function parseLooseText(start: usize, end: usize): usize {
  const behind = load<u8>(end);
  store<u8>(end, 0);
  const p = parseLooseNumber(start);
  store<u8>(end, behind);
  return p;
}

function readArrayText(start: usize, end: usize, out: usize): void {
  // A line feed behind the text, on which every scan stops.
  const behind = load<u8>(end);
  store<u8>(end, 0x0a);
  setText(end, false);
  setAllowNonFinite(true);
  let valid = false;
  let isArray = load<u8>(start) == 0x5b;
  const p = isArray ? vector.readNumbers(start, out, 0, dimension) : skipValue(start, 0);
  if (p != 0) valid = skipSpace(p) == end;
  if (valid && isArray) {
    keepNumbers();
    checkNumbers();
  }
  setAllowNonFinite(false);
  store<u8>(end, behind);
  if (valid && isArray) return;
  if (!valid && encoding == AUTO) {
    readDelimited(start, end, out);
  } else {
    wrong(code.VALUES_TYPE, code.FIELD_VALUES, code.EXPECT_JSON_ARRAY_OF, code.GOT_SHOWN, start, end);
  }
}

function readDelimited(start: usize, end: usize, out: usize): void {
  if (load<u8>(start) == 0x5b && load<u8>(end - 1) == 0x5d) {
    start++;
    end--;
  }
  const behind = load<u8>(end);
  store<u8>(end, 0);
  let numbers: u32 = 0;
  let p = start;
  const commas = delimiter == 0x2c;
  const full = out + ((dimension as usize) << 2);
  beginLanes(p);
  while (true) {
    if (commas) {
      const read = p >= lanesFrom ? readLanes(p, out, full, end) : 0;
      if (read != 0) {
        out += (read as usize) << 2;
        numbers += read;
        p = lanesEnd;
        continue;
      }
      const comma = parseCommonNumber(p, out);
      if (comma != 0 && load<u8>(comma) == 0x2c) {
        out += 4;
        numbers++;
        p = comma;
        if (++p < end) continue;
        // Behind the last comma: an empty number, as below.
      }
    }
    while (p < end && isSpace(load<u8>(p))) p++;
    if (p == end && numbers == 0) break;
    const from = p;
    let next = parseLooseNumber(p);
    if (next == 0 || (next < end && load<u8>(next) != (delimiter as u8) && !isSpace(load<u8>(next)))) {
      next = 0;
      while (p < end && load<u8>(p) != (delimiter as u8) && !isSpace(load<u8>(p))) p++;
      if (isNonFinite(from, p)) {
        wrong(code.VALUES_NOT_FINITE, code.FIELD_VALUES, code.EXPECT_FINITE, code.GOT_SHOWN, from, p, numbers);
      } else {
        wrong(code.VALUES_TYPE, code.FIELD_VALUES, code.EXPECT_DELIMITED, code.GOT_SHOWN, from, p, numbers);
      }
    } else {
      p = next;
      if (abs(parsed) == f32.POSITIVE_INFINITY) {
        wrong(code.VALUES_NOT_FINITE, code.FIELD_VALUES, code.EXPECT_FINITE, code.GOT_SHOWN, from, p, numbers);
      }
      store<f32>(out, parsed);
      out += 4;
    }
    numbers++;
    while (p < end && isSpace(load<u8>(p))) p++;
    if (p == end) break;
    if (load<u8>(p) == (delimiter as u8)) p++;
  }
  store<u8>(end, behind);
  if (numbers != dimension) wrongCount(numbers); // Unless something else is wrong already.
}

function readBase64(start: usize, end: usize, out: usize): void {
  const length = base64Length(start, end);
  if (length < 0 || !decodeBase64(start, end, out)) {
    wrong(code.VALUES_TYPE, code.FIELD_VALUES, code.EXPECT_BASE64_OF, code.GOT_SHOWN, start, end);
  } else if ((length & 3) != 0) {
    wrongNumbers(code.VALUES_TYPE, code.FIELD_VALUES, code.EXPECT_BASE64_OF, code.GOT_BASE64_BYTES, length as u32, 0);
  } else if (length != 4 * (dimension as i64)) {
    wrongCount((length >> 2) as u32);
  } else {
    for (let i: u32 = 0; i < dimension; i++) {
      const bits = load<u32>(out + ((i as usize) << 2));
      // Exponent of all ones: NaN or an infinity.
      if ((bits & 0x7f800000) == 0x7f800000) {
        wrongNumbers(code.VALUES_NOT_FINITE, code.FIELD_VALUES, code.EXPECT_FINITE, code.GOT_FLOAT, bits, 0, i);
        return;
      }
    }
  }
}

/** One number in a cell of its own, number `index` of the vector. */
export function readNumberCell(start: usize, end: usize, out: usize, field: u32): void {
  while (start < end && isSpace(load<u8>(start))) start++;
  while (end > start && isSpace(load<u8>(end - 1))) end--;
  if (start < end && parseLooseText(start, end) == end) {
    store<f32>(out, parsed);
    if (abs(parsed) == f32.POSITIVE_INFINITY) {
      wrong(code.VALUES_NOT_FINITE, field, code.EXPECT_A_FINITE, code.GOT_SHOWN, start, end);
    }
  } else if (isNonFinite(start, end)) {
    wrong(code.VALUES_NOT_FINITE, field, code.EXPECT_A_FINITE, code.GOT_SHOWN, start, end);
  } else {
    wrong(code.VALUES_TYPE, field, code.EXPECT_A_NUMBER, start == end ? code.GOT_EMPTY_FIELD : code.GOT_SHOWN, start, end);
  }
}
