import * as code from './codes';
import * as columns from './columns';
import { copyBytes } from '../../../base/assembly/copy';
import { breachAt, breachCell, breachExpected, cells, innerLines, nonAscii, plainCell, scanRow, unclosed } from './csv-row';
import { readNumberCell, readVectorText } from './dense';
import { FIELD_BYTES, fieldEnd, fieldStart } from './field';
import { addCell, beginMetadata, closeMetadata, isJson, jsonEnd, jsonStart, takeMetadata } from './metadata';
import { internName } from './names';
import { readName } from './namespace';
import { clearWrong, isWrong, wrong, wrongNumbers } from './problem';
import { reject } from './reject';
import * as settings from './settings';
import { readSparseText } from './sparse';
import { setUtf8, UTF8_KNOWN } from './text';
import { isUtf8, utf8Length } from './utf8';

/**
 * Reads all rows of the input. `byteOffset` and `firstLine` are those of its first byte. False when there are more than there is room for.
 */
export function readCsv(byteOffset: f64, firstLine: f64): bool {
  const end = columns.inputEnd;
  return readRows(byteOffset, firstLine, end, <u32>(end - columns.input), true, true) != 0;
}

/**
 * Reads the rows that begin before `stop`; ends before one that has more than `maxBytes`, or is not whole.
 *
 * @param atEnd the source ends where the input does, so that the last row needs no line feed
 * @param all the input is whole rows: a quote that is still open at its end is that row's fault
 * @returns the address behind the last row's line feed; 0 when there are more rows than there is room for
 */
export function readRows(byteOffset: f64, firstLine: f64, stop: usize, maxBytes: u32, atEnd: bool, all: bool): usize {
  const end = columns.inputEnd;
  // Only cells are looked at that were checked with their row.
  setUtf8(UTF8_KNOWN);
  let line: u32 = 0;
  let count: u32 = 0;
  let start = columns.input;
  while (start < stop) {
    if (count++ == columns.capacity) return 0;
    const feed = scanRow(start, end);
    if (!all && ((feed >= end && (!atEnd || unclosed)) || ((feed - start) as u32) > maxBytes)) break;
    const rowEnd = feed > start && load<u8>(feed - 1) == 0x0d ? feed - 1 : feed;
    const rowLine = line;
    line += 1 + innerLines;
    if (rowEnd > start) readRow(byteOffset, firstLine, start, rowEnd, rowLine);
    start = feed + 1;
  }
  // Without a line feed behind it an empty line is at the end.
  columns.setLines(all && start == end ? line + 1 : line);
  return start;
}

function readRow(byteOffset: f64, firstLine: f64, start: usize, end: usize, line: u32): void {
  columns.beginRow();
  clearWrong();
  checkRow(start, end);
  const whole = !isWrong;
  let name = -1;
  if (whole) {
    for (let i: u32 = 0; i < settings.namePartCount; i++) {
      const field: usize = load<u32>(settings.nameParts + ((i * 12) as usize));
      if (field != 0) plainCell(field);
    }
    fillRow();
    name = readName();
    if (!isWrong) {
      columns.commitRow(
        firstLine + line, byteOffset + ((start - columns.input) as f64), start, end, internName(name as u32),
      );
      return;
    }
  }
  columns.rollback();
  // A row that is cut short has no id that could be told from the next cell.
  const readable = cells > idColumn() && (breachAt != 0 || cells == settings.fieldCount);
  if (readable) plainCell(settings.idField);
  reject(line, start, end, readable ? settings.idField : 0, name);
}

function idColumn(): u32 {
  return settings.fieldNumber(settings.idField) - code.FIELD_FIRST_NODE;
}

function checkRow(start: usize, end: usize): void {
  if (breachAt != 0) {
    const column = breachCell < settings.fieldCount ? code.FIELD_FIRST_NODE + breachCell : code.FIELD_NONE;
    wrongNumbers(code.CSV_SYNTAX, column, breachExpected, code.GOT_POSITION_IN_ROW, (breachAt - start) as u32, 0);
  } else if (cells != settings.fieldCount) {
    wrongNumbers(code.CSV_FIELD_COUNT, code.FIELD_NONE, code.EXPECT_FIELDS, code.GOT_FIELDS, cells, 0);
  } else if (nonAscii && !isUtf8(start, end) && !isUtf8Text(start, end)) {
    for (let i: u32 = 0; i < cells; i++) {
      const cell = settings.fields + (i as usize) * FIELD_BYTES;
      plainCell(cell);
      if (!isUtf8Text(fieldStart(cell), fieldEnd(cell))) {
        wrong(code.UTF8_INVALID, code.FIELD_FIRST_NODE + i, code.EXPECT_UTF8, code.GOT_SHOWN, fieldStart(cell), fieldEnd(cell));
        return;
      }
    }
    wrongNumbers(code.UTF8_INVALID, code.FIELD_NONE, code.EXPECT_UTF8, code.GOT_OTHER_BYTES, 0, 0);
  }
}

/** As isUtf8, which is quicker by far, but may be misled by what stands behind `end`. */
function isUtf8Text(p: usize, end: usize): bool {
  while (p < end) {
    if (load<u8>(p) < 0x80) {
      p++;
      continue;
    }
    const length = utf8Length(p, end);
    if (length == 0) return false;
    p += length;
  }
  return true;
}

/** In the order of Pinecone's columns; the first problem is the row's. */
function fillRow(): void {
  const id = settings.idField;
  plainCell(id);
  const length = fieldEnd(id) - fieldStart(id);
  copyBytes(columns.idsEnd, fieldStart(id), length);
  columns.setIdsEnd(columns.idsEnd + length);
  fillDense();
  if (!isWrong) fillSparse();
  if (!isWrong) checkUnexpected();
  if (!isWrong) fillMetadata();
}

function fillDense(): void {
  const out = columns.valuesEnd;
  const cell = settings.valuesField;
  if (cell != 0) {
    plainCell(cell);
    readVectorText(fieldStart(cell), fieldEnd(cell), out);
  } else if (settings.valuesCellCount > 0) {
    fillDenseCells(out);
  } else {
    return;
  }
  columns.setValuesEnd(out + ((settings.dimension as usize) << 2));
}

function fillDenseCells(out: usize): void {
  const count = settings.valuesCellCount;
  for (let i: u32 = 0; i < count; i++) {
    const cell = valuesCell(i);
    plainCell(cell);
    readNumberCell(fieldStart(cell), fieldEnd(cell), out + ((i as usize) << 2), settings.fieldNumber(cell));
    if (!isWrong) continue;
    for (let k: u32 = 0; k < count; k++) if (!isEmpty(valuesCell(k))) return;
    clearWrong();
    wrongNumbers(
      code.VALUES_MISSING, code.FIELD_VALUES_CELLS, code.EXPECT_DIMENSION, code.GOT_EMPTY_FIELDS, 0, 0,
    );
    return;
  }
}

// @ts-ignore: decorator
@inline
function valuesCell(i: u32): usize {
  return load<u32>(settings.valuesCells + ((i as usize) << 2));
}

function isEmpty(cell: usize): bool {
  return fieldStart(cell) == fieldEnd(cell);
}

/** An empty cell, or the word null, which JSON columns are written with. */
function isAbsent(cell: usize): bool {
  if (isEmpty(cell)) return true;
  plainCell(cell);
  return fieldEnd(cell) - fieldStart(cell) == 4 && load<u32>(fieldStart(cell)) == 0x6c6c756e;
}

function fillSparse(): void {
  const cell = settings.sparseField;
  if (cell == 0) return;
  if (isAbsent(cell)) {
    if (settings.kind == settings.KIND_HYBRID) return;
    wrongNumbers(code.SPARSE_MISSING, code.FIELD_SPARSE, code.EXPECT_SPARSE, code.GOT_EMPTY_FIELD, 0, 0);
  } else if (!readSparseText(fieldStart(cell), fieldEnd(cell))) {
    wrong(code.SPARSE_TYPE, code.FIELD_SPARSE, code.EXPECT_SPARSE, code.GOT_SHOWN, fieldStart(cell), fieldEnd(cell));
  }
}

function checkUnexpected(): void {
  const cell = settings.unexpectedField;
  if (cell == 0 || isAbsent(cell)) return;
  wrong(code.UNEXPECTED, code.FIELD_UNEXPECTED, code.EXPECT_NO_VECTOR, code.GOT_SHOWN, fieldStart(cell), fieldEnd(cell));
}

function fillMetadata(): void {
  const from = settings.metadataFrom;
  if (from == settings.METADATA_OBJECT) {
    const cell = settings.metadataField;
    if (isEmpty(cell)) return;
    plainCell(cell);
    const valid = isJson(fieldStart(cell), fieldEnd(cell), true);
    const first: u32 = valid ? load<u8>(jsonStart) : 0;
    if (first == 0x7b) {
      takeMetadata(jsonStart, jsonEnd);
    } else if (first != 0x6e) {
      wrong(
        code.METADATA_NOT_OBJECT, settings.fieldNumber(cell), code.EXPECT_OBJECT, code.GOT_SHOWN, fieldStart(cell),
        fieldEnd(cell),
      );
    }
    return;
  }
  if (from == settings.METADATA_NONE) return;
  beginMetadata();
  for (let i: u32 = 0; i < settings.metadataFieldCount; i++) {
    const entry = settings.metadataFields + ((i << 4) as usize);
    const cell: usize = load<u32>(entry);
    if (isEmpty(cell)) continue;
    plainCell(cell);
    const start = fieldStart(cell);
    const end = fieldEnd(cell);
    const expected = addCell(load<u32>(entry, 4), load<u32>(entry, 8), load<u32>(entry, 12), start, end);
    if (expected != 0) {
      wrong(code.METADATA_VALUE, settings.fieldNumber(cell), expected, code.GOT_SHOWN, start, end);
      return;
    }
  }
  closeMetadata();
}
