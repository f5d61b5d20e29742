import { notPlain } from '../../../base/assembly/json-text';
import { numberEnd } from '../../../records/plain/assembly/number-end';
import * as code from './codes';
import * as columns from './columns';
import {
  ARRAY, ESCAPED, FALSE, fieldEnd, fieldFlags, fieldStart, fieldType, LONE_SURROGATE, NULL, NUMBER, OBJECT, PLAIN, STRING,
  TRUE, typeOf,
} from './field';
import { compareWithConstant } from './decimal-order';
import { setAllowNonFinite, skipSpace, skipValue, unescape } from './json';
import { isSpace } from './number-text';
import { nameWrongField, wrong, wrongNumbers } from './problem';
import { delimiter, metadataFieldCount, metadataFields } from './settings';
import { isUtf8Known, setText, setUtf8, utf8, UTF8_CHECK, UTF8_KNOWN } from './text';

/** The metadata of the record under way, put together at the end of its column. JSON values are the input's own bytes. */

// Types of metadata fields, in the order of kernel-config.ts.
const TYPE_STRING: u32 = 0;
const TYPE_NUMBER: u32 = 1;
const TYPE_BOOLEAN: u32 = 2;
const TYPE_JSON: u32 = 3;
const TYPE_STRING_LIST: u32 = 4;
export const TYPE_AUTO: u32 = 5;

/** Between the texts of a `string-list` that is no JSON array: `|`. */
const LIST_DELIMITER: u8 = 0x7c;

let begin: usize = 0;

/** So far it is metadata that the rules take, its length apart. */
let plain: bool = false;

export function beginMetadata(): void {
  begin = columns.metadataEnd;
  plain = keysArePlain;
}

/** CSV: the keys of the metadata are different, and none begins with `$`: see isPlainMetadata. Of JSONL it is not known. */
let keysArePlain: bool = false;

/** With more keys every record is looked at. */
const MAX_PLAIN_KEYS: u32 = 32;

/** To be called when the settings are loaded. */
export function checkKeys(): void {
  keysArePlain = delimiter != 0 && metadataFieldCount <= MAX_PLAIN_KEYS;
  if (!keysArePlain) return;
  for (let i: u32 = 0; i < metadataFieldCount; i++) {
    const key = keyAt(i);
    const length = keyLengthAt(i);
    if (load<u8>(key, 1) == 0x24) keysArePlain = false;
    for (let p = key; p < key + (length as usize); p++) if (load<u8>(p) == 0x5c) keysArePlain = false;
    for (let k: u32 = 0; k < i; k++) {
      if (keyLengthAt(k) == length && memory.compare(keyAt(k), key, length) == 0) keysArePlain = false;
    }
  }
}

/** With its quotes and colon. */
function keyAt(i: u32): usize {
  return load<u32>(metadataFields + ((i << 4) as usize), 4);
}

function keyLengthAt(i: u32): u32 {
  return load<u32>(metadataFields + ((i << 4) as usize), 8);
}

/** Closes the object, if it holds anything; without a field there is no metadata. */
export function closeMetadata(): void {
  if (columns.metadataEnd == begin) return;
  columns.addMetadataByte(0x7d);
  columns.setMetadataPresent();
  if (plain) columns.setMetadataPlain();
}

/** Takes a text as the whole of the metadata. */
export function takeMetadata(start: usize, end: usize): void {
  columns.addMetadata(start, end - start);
  columns.setMetadataPresent();
}

/** The JSON value that isJson has found in its text, white space left out. */
export let jsonStart: usize = 0;
export let jsonEnd: usize = 0;

/** Is the text JSON? The byte at `end` can be written over. `known`: it is valid UTF-8. */
export function isJson(start: usize, end: usize, known: bool): bool {
  const before = utf8;
  const behind = load<u8>(end);
  store<u8>(end, 0x0a);
  setUtf8(known ? UTF8_KNOWN : UTF8_CHECK);
  setText(end, false);
  setAllowNonFinite(false);
  jsonStart = skipSpace(start);
  jsonEnd = skipValue(jsonStart, 0);
  const valid = jsonEnd != 0 && skipSpace(jsonEnd) == end;
  setUtf8(before);
  store<u8>(end, behind);
  return valid;
}

/** Metadata from one field of a JSON record. */
export function takeMetadataField(field: usize): void {
  const type = fieldType(field);
  if (type == 0 || type == NULL) return;
  const start = fieldStart(field);
  const end = fieldEnd(field);
  if (type == OBJECT) {
    takeMetadata(start, end);
    if (fieldFlags(field) & PLAIN) columns.setMetadataPlain();
    return;
  }
  if (type == STRING && stringIsJson(start, end, fieldFlags(field))) {
    const first = load<u8>(jsonStart);
    if (first == 0x6e) return;
    if (first == 0x7b) {
      takeMetadata(jsonStart, jsonEnd);
      return;
    }
  }
  wrong(code.METADATA_NOT_OBJECT, code.FIELD_METADATA, code.EXPECT_OBJECT, code.GOT_JSON, start, end);
}

/** Is what the JSON string `start` … `end`, quotes included, says JSON itself? */
function stringIsJson(start: usize, end: usize, flags: u32): bool {
  if (!(flags & ESCAPED)) return isJson(start + 1, end - 1, isUtf8Known());
  const text = columns.scratchEnd;
  const textEnd = unescape(start + 1, end - 1, text);
  columns.setScratchEnd(textEnd + columns.PADDING);
  return isJson(text, textEnd, isUtf8Known() && !(flags & LONE_SURROGATE));
}

/** Adds a value of a JSON record; it stays as it is unless a type asks for another. `name`: number of the field in messages, or FIELD_TEXT later. */
export function addValue(key: usize, keyLength: u32, type: u32, start: usize, end: usize, flags: u32, name: u32): void {
  const is = typeOf(load<u8>(start));
  if (is == NULL) return;
  const fits =
    type == TYPE_AUTO ||
    (type == TYPE_STRING && is == STRING) ||
    (type == TYPE_NUMBER && is == NUMBER) ||
    (type == TYPE_BOOLEAN && (is == TRUE || is == FALSE)) ||
    (type == TYPE_STRING_LIST && is == ARRAY) ||
    (type == TYPE_JSON && is != STRING);
  if (fits) {
    addJson(key, keyLength, start, end);
  } else if (type == TYPE_STRING && (is == NUMBER || is == TRUE || is == FALSE)) {
    addString(key, keyLength, start, end);
  } else if (is != STRING) {
    wrong(code.METADATA_VALUE, name, code.EXPECT_TYPE + (type << 8), code.GOT_JSON, start, end);
  } else if (flags & LONE_SURROGATE) {
    wrongNumbers(code.METADATA_VALUE, name, code.EXPECT_UNICODE, code.GOT_LONE_SURROGATE, 0, 0);
  } else if (end - start > 2) {
    const text = columns.scratchEnd;
    const textEnd = unescape(start + 1, end - 1, text);
    columns.setScratchEnd(textEnd + columns.PADDING);
    const expected = addCell(key, keyLength, type, text, textEnd);
    if (expected != 0) wrong(code.METADATA_VALUE, name, expected, code.GOT_JSON, start, end);
  }
}

/**
 * Adds a plain text that is not empty as a value of the type. Returns what was expected if it is none, else 0. The byte at `end` can be
 * written over.
 */
export function addCell(key: usize, keyLength: u32, type: u32, start: usize, end: usize): u32 {
  let from = start;
  let to = end;
  if (type == TYPE_STRING) {
    addString(key, keyLength, start, end);
    return 0;
  }
  if (type == TYPE_AUTO) {
    if (isBoolean(start, end)) addBoolean(key, keyLength, start);
    else if (isFiniteNumber(start, end) && !isLongInteger(start, end)) addAsIs(key, keyLength, start, end);
    else addString(key, keyLength, start, end);
    return 0;
  }
  while (from < to && isSpace(load<u8>(from))) from++;
  while (to > from && isSpace(load<u8>(to - 1))) to--;
  if (type == TYPE_NUMBER) {
    if (!isFiniteNumber(from, to)) return code.EXPECT_JSON_NUMBER;
    addAsIs(key, keyLength, from, to);
  } else if (type == TYPE_BOOLEAN) {
    if (!isBoolean(from, to)) return code.EXPECT_BOOLEAN;
    addBoolean(key, keyLength, from);
  } else if (type == TYPE_JSON) {
    if (!isJson(from, to, isUtf8Known())) return code.EXPECT_JSON;
    if (load<u8>(jsonStart) != 0x6e) addJson(key, keyLength, jsonStart, jsonEnd);
  } else {
    if (load<u8>(from) == 0x5b && from < to) {
      if (!isJson(from, to, isUtf8Known())) return code.EXPECT_JSON_STRINGS;
      addJson(key, keyLength, jsonStart, jsonEnd);
    } else {
      addStringList(key, keyLength, from, to);
    }
  }
  return 0;
}

function addStringList(key: usize, keyLength: u32, start: usize, end: usize): void {
  addKey(key, keyLength);
  columns.addMetadataByte(0x5b);
  let from = start;
  for (let p = start; p <= end; p++) {
    if (p < end && load<u8>(p) != LIST_DELIMITER) continue;
    if (from > start) columns.addMetadataByte(0x2c);
    addText(from, p);
    from = p + 1;
  }
  columns.addMetadataByte(0x5d);
}

function addBoolean(key: usize, keyLength: u32, start: usize): void {
  addKey(key, keyLength);
  const isTrue = (load<u8>(start) | 0x20) == 0x74;
  if (!isTrue) columns.addMetadataByte(0x66); // false
  if (!isTrue) columns.addMetadataByte(0x61);
  if (!isTrue) columns.addMetadataByte(0x6c);
  if (!isTrue) columns.addMetadataByte(0x73);
  if (isTrue) columns.addMetadataByte(0x74); // true
  if (isTrue) columns.addMetadataByte(0x72);
  if (isTrue) columns.addMetadataByte(0x75);
  columns.addMetadataByte(0x65);
}

function addKey(key: usize, length: u32): void {
  columns.addMetadataByte(columns.metadataEnd == begin ? 0x7b : 0x2c);
  columns.addMetadata(key, length);
}

/** `key`: with its quotes and colon. The rules have to look at the value, which may be anything. */
function addJson(key: usize, keyLength: u32, start: usize, end: usize): void {
  plain = false;
  addAsIs(key, keyLength, start, end);
}

function addAsIs(key: usize, keyLength: u32, start: usize, end: usize): void {
  addKey(key, keyLength);
  columns.addMetadata(start, end - start);
}

function addString(key: usize, keyLength: u32, start: usize, end: usize): void {
  addKey(key, keyLength);
  addText(start, end);
}

/** RFC 8259, section 7: a quote, a backslash and the control characters below U+0020 must be escaped, nothing else need be. */
function addText(start: usize, end: usize): void {
  columns.addMetadataByte(0x22);
  let from = start;
  for (let p = toEscape(start, end); p < end; p = toEscape(from, end)) {
    plain = false; // As isPlainMetadata has it.
    columns.addMetadata(from, p - from);
    from = p + 1;
    addEscaped(load<u8>(p));
  }
  columns.addMetadata(from, end - from);
  columns.addMetadataByte(0x22);
}

/** The first character from `p` on that must be escaped; `end` or a place behind it if there is none. */
function toEscape(p: usize, end: usize): usize {
  for (; p < end; p += 16) {
    const bytes = v128.load(p);
    const found = notPlain(bytes);
    if (found != 0) return p + (ctz(found) as usize);
  }
  return p;
}

function addEscaped(c: u8): void {
  columns.addMetadataByte(0x5c);
  if (c == 0x22 || c == 0x5c) columns.addMetadataByte(c);
  else if (c == 0x08) columns.addMetadataByte(0x62);
  else if (c == 0x09) columns.addMetadataByte(0x74);
  else if (c == 0x0a) columns.addMetadataByte(0x6e);
  else if (c == 0x0c) columns.addMetadataByte(0x66);
  else if (c == 0x0d) columns.addMetadataByte(0x72);
  else {
    columns.addMetadataByte(0x75);
    columns.addMetadataByte(0x30);
    columns.addMetadataByte(0x30);
    columns.addMetadataByte(0x30 + (c >> 4));
    const low = c & 15;
    columns.addMetadataByte(low < 10 ? 0x30 + low : 0x57 + low);
  }
}

/** `true`, `True`, `TRUE` and the same of `false`. */
function isBoolean(start: usize, end: usize): bool {
  const word = load<u32>(start);
  if (end - start == 4) return word == 0x65757274 || word == 0x65757254 || word == 0x45555254;
  if (end - start != 5) return false;
  const last = load<u8>(start, 4);
  return ((word == 0x736c6166 || word == 0x736c6146) && last == 0x65) || (word == 0x534c4146 && last == 0x45);
}

/** A JSON number that fits a float64, which is what the service keeps. */
function isFiniteNumber(start: usize, end: usize): bool {
  const first: u32 = load<u8>(start);
  if (start == end || (first != 0x2d && first - 0x30 > 9)) return false;
  const behind = load<u8>(end);
  store<u8>(end, 0);
  const stop = numberEnd(start);
  const fits = stop == end && compareWithConstant(start, end, true) < 0;
  store<u8>(end, behind);
  return fits;
}

/** A whole number that a float64 does not hold exactly stays text under `auto`: it would lose digits. */
function isLongInteger(start: usize, end: usize): bool {
  return end - start >= 16 && compareWithConstant(start, end, false) >= 0;
}
