import * as code from './codes';
import * as columns from './columns';
import { copyBytes } from '../../../base/assembly/copy';
import { checkNumbers, keepNumbers, missingValues, readVectorText } from './dense';
import {
  ARRAY, DONE, ESCAPED, fieldEnd, fieldFlags, fieldStart, fieldType, LONE_SURROGATE, NULL, OBJECT, STRING,
} from './field';
import { nonFiniteSeen, setAllowNonFinite, skipSpace, unescape } from './json';
import { addValue, beginMetadata, closeMetadata, takeMetadataField } from './metadata';
import { internName } from './names';
import { readName } from './namespace';
import { clearWrong, isWrong, wrong, wrongNumbers } from './problem';
import {
  duplicate, valueEnd, walk, WALK_DUPLICATE, WALK_NOT_OBJECT, WALK_OK, WALK_SYNTAX, walkEnd,
} from './record';
import { reject, syntaxError } from './reject';
import { addRest, checkRestNames } from './rest';
import * as settings from './settings';
import { readSparse, readSparseText, takeSparse } from './sparse';
import { errorAt, setText } from './text';
import { readNumbers } from './vector';

/** NaN and infinities that were let pass in the record. */
let looseSeen: u32 = 0;

/**
 * Reads all lines of the input. `byteOffset` and `firstLine` are those of its first byte. False when there are more than there is room for.
 */
export function readJsonl(byteOffset: f64, firstLine: f64): bool {
  const keepRest = settings.metadataFrom == settings.METADATA_REST;
  const end = columns.inputEnd;
  let line: u32 = 0;
  setText(end, true);
  let start = columns.input;
  for (; start < end; line++) {
    if (line == columns.capacity) return false;
    const p = skipSpace(start);
    if (load<u8>(p) == 0x0a) {
      start = p + 1;
      continue;
    }
    columns.beginRow();
    clearWrong();
    let result = walk(p, columns.valuesEnd, keepRest);
    let lineEnd = walkEnd;
    looseSeen = nonFiniteSeen;
    if (result == WALK_OK && keepRest) {
      checkRestNames();
      if (isWrong) result = WALK_DUPLICATE;
    }
    if (result == WALK_OK) {
      fillRecord();
      setText(end, true);
      if (!isWrong) {
        const name = readName();
        if (!isWrong) {
          const namespace = internName(name as u32);
          columns.commitRow(firstLine + line, byteOffset + ((start - columns.input) as f64), start, rawEnd(lineEnd), namespace);
          start = lineEnd + 1;
          continue;
        }
      }
    } else if (result == WALK_SYNTAX) {
      lineEnd = feedFrom(errorAt);
      syntaxError(start);
    } else if (result == WALK_NOT_OBJECT) {
      wrong(code.JSON_NOT_OBJECT, code.FIELD_NONE, code.EXPECT_OBJECT, code.GOT_JSON, p, valueEnd);
    } else if (duplicate != 0) {
      wrongNumbers(
        code.JSON_DUPLICATE_KEY, settings.fieldNumber(duplicate), code.EXPECT_FIELD_ONCE, code.GOT_TWICE, 0, 0,
      );
    }
    columns.rollback();
    // Behind a syntax error the record may have had a namespace that was not seen.
    const known = result == WALK_OK || result == WALK_DUPLICATE;
    reject(line, start, rawEnd(lineEnd), settings.idField, known ? readName() : -1);
    start = lineEnd + 1;
  }
  // Without a line feed behind it an empty line is at the end.
  columns.setLines(line + ((start == end) as u32));
  return true;
}

/** The text of a line goes without its carriage return. */
function rawEnd(feed: usize): usize {
  return load<u8>(feed - 1) == 0x0d && feed > columns.input ? feed - 1 : feed;
}

function feedFrom(p: usize): usize {
  const feed = i8x16.splat(0x0a);
  while (true) {
    const found = i8x16.bitmask(i8x16.eq(v128.load(p), feed));
    if (found != 0) return p + (ctz(found) as usize);
    p += 16;
  }
}

/** Everything but syntax, in the order of Pinecone's columns; the first problem is the record's. */
function fillRecord(): void {
  fillId();
  if (!isWrong) fillDense();
  if (!isWrong) fillSparse();
  if (!isWrong) checkUnexpected();
  if (!isWrong) fillMetadata();
}

function fillId(): void {
  const field = settings.idField;
  const type = fieldType(field);
  const start = fieldStart(field);
  const end = fieldEnd(field);
  const flags = fieldFlags(field);
  if (type == 0 || type == NULL) {
    wrongNumbers(code.ID_MISSING, code.FIELD_ID, code.EXPECT_STRING, type == 0 ? code.GOT_ABSENT : code.GOT_NULL, 0, 0);
  } else if (type != STRING) {
    wrong(code.ID_TYPE, code.FIELD_ID, code.EXPECT_STRING, code.GOT_JSON, start, end);
  } else if (flags & LONE_SURROGATE) {
    wrongNumbers(code.ID_CHARSET, code.FIELD_ID, code.EXPECT_UNICODE, code.GOT_LONE_SURROGATE, 0, 0);
  } else if (flags & ESCAPED) {
    columns.setIdsEnd(unescape(start + 1, end - 1, columns.idsEnd));
  } else {
    const length = end - start - 2;
    copyBytes(columns.idsEnd, start + 1, length);
    columns.setIdsEnd(columns.idsEnd + length);
  }
}

function fillDense(): void {
  const field = settings.valuesField;
  if (field == 0) return;
  const type = fieldType(field);
  const start = fieldStart(field);
  const end = fieldEnd(field);
  const out = columns.valuesEnd;
  if (type == ARRAY) {
    if (!(fieldFlags(field) & DONE)) {
      setAllowNonFinite(true);
      readNumbers(start, out, 0, settings.dimension);
      setAllowNonFinite(false);
      keepNumbers();
    }
    checkNumbers();
  } else if (type == 0 || type == NULL) {
    missingValues(type == 0 ? code.GOT_ABSENT : code.GOT_NULL);
  } else if (type == STRING) {
    if (fieldFlags(field) & ESCAPED) {
      // Escapes are rare (PHP writes "\/" in base64) and never needed in a vector.
      const text = columns.scratchEnd;
      const textEnd = unescape(start + 1, end - 1, text);
      columns.setScratchEnd(textEnd + columns.PADDING);
      readVectorText(text, textEnd, out);
    } else {
      readVectorText(start + 1, end - 1, out);
    }
  } else {
    wrong(code.VALUES_TYPE, code.FIELD_VALUES, code.EXPECT_ARRAY_OF, code.GOT_JSON, start, end);
  }
  columns.setValuesEnd(out + ((settings.dimension as usize) << 2));
}

function fillSparse(): void {
  const field = settings.sparseField;
  if (field == 0) return;
  const type = fieldType(field);
  if (type == 0 || type == NULL) {
    // In a hybrid index the sparse vector may be null, in a sparse one it is all there is.
    if (settings.kind == settings.KIND_HYBRID) return;
    wrongNumbers(code.SPARSE_MISSING, code.FIELD_SPARSE, code.EXPECT_SPARSE, type == 0 ? code.GOT_ABSENT : code.GOT_NULL, 0, 0);
    return;
  }
  const start = fieldStart(field);
  const end = fieldEnd(field);
  const flags = fieldFlags(field);
  if (type == OBJECT) {
    setText(columns.inputEnd, true);
    if (!(flags & DONE)) {
      setAllowNonFinite(true);
      readSparse(start, 0);
      setAllowNonFinite(false);
    }
    takeSparse();
    return;
  }
  if (type == STRING) {
    let text = start + 1;
    let textEnd = end - 1;
    if (flags & ESCAPED) {
      text = columns.scratchEnd;
      textEnd = unescape(start + 1, end - 1, text);
      columns.setScratchEnd(textEnd + columns.PADDING);
    }
    // Half a surrogate pair is no text that UTF-8 could hold.
    if (!(flags & LONE_SURROGATE) && readSparseText(text, textEnd)) return;
  }
  wrong(code.SPARSE_TYPE, code.FIELD_SPARSE, code.EXPECT_SPARSE, code.GOT_JSON, start, end);
}

function checkUnexpected(): void {
  const field = settings.unexpectedField;
  if (field != 0 && fieldType(field) != 0 && holdsVector(fieldStart(field), fieldEnd(field))) {
    wrong(
      code.UNEXPECTED, code.FIELD_UNEXPECTED, code.EXPECT_NO_VECTOR, code.GOT_JSON, fieldStart(field), fieldEnd(field),
    );
  }
  // Inside of a vector's field, but not where a number was looked for.
  if (looseSeen > 0) {
    wrongNumbers(code.VALUES_NOT_FINITE, code.FIELD_NONE, code.EXPECT_FINITE, code.GOT_NON_FINITE, 0, 0);
  }
}

/**
 * Would something be lost with this JSON value? Null, `[]` and `{"indices": [], "values": []}` are how some tools write that there is no
 * vector: no digit in them.
 */
function holdsVector(start: usize, end: usize): bool {
  const first = load<u8>(start);
  if (first != 0x5b && first != 0x7b) return first != 0x6e && end - start > 2;
  for (let p = start; p < end; p++) if ((load<u8>(p) as u32) - 0x30 < 10) return true;
  return false;
}

function fillMetadata(): void {
  const from = settings.metadataFrom;
  if (from == settings.METADATA_NONE) return;
  if (from == settings.METADATA_OBJECT) {
    takeMetadataField(settings.metadataField);
    return;
  }
  beginMetadata();
  if (from == settings.METADATA_REST) {
    addRest();
  } else {
    for (let i: u32 = 0; i < settings.metadataFieldCount && !isWrong; i++) {
      const entry = settings.metadataFields + ((i << 4) as usize);
      const field: usize = load<u32>(entry);
      if (fieldType(field) == 0) continue;
      addValue(
        load<u32>(entry, 4), load<u32>(entry, 8), load<u32>(entry, 12), fieldStart(field), fieldEnd(field),
        fieldFlags(field), settings.fieldNumber(field),
      );
    }
  }
  if (!isWrong) closeMetadata();
}
