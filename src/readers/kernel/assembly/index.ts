import { initBase64 } from './base64';
import * as columns from './columns';
import { breachAt, breachExpected, cells, findRow as findCsvRow, innerLines, plainCell, scanRow } from './csv-row';
import { readCsv, readRows } from './csv';
import { initDecimal } from './decimal';
import { FIELD_BYTES } from './field';
import { readJsonl } from './jsonl';
import { checkKeys } from './metadata';
import { initNumberLanes } from './number-lanes';
import * as settings from './settings';

/** What JavaScript calls; see kernel.ts there. */
export { resultAddress, takeInput } from './columns';
export { orderRows, packRows, placeRejected } from './pack';
export { settingsAddress } from './settings';

export { heapBase, reserve } from '../../../base/assembly/memory';

/** Once: fills the tables. `powers`: see initDecimal. */
export function init(powers: usize): void {
  initDecimal(powers);
  initNumberLanes();
  initBase64();
}

/** Once: takes over the settings, which JavaScript has written. */
export function configure(): void {
  settings.loadSettings();
  checkKeys();
}

/** Room for `length` bytes of input; returns where they go. */
export function place(length: usize): usize {
  return columns.placeInput(settings.configEnd, length);
}

/** Turns the input into columns. `byteOffset` and `firstLine` are those of its first byte. */
export function read(isCsv: bool, byteOffset: f64, firstLine: f64): void {
  columns.closeInput();
  placeColumns(isCsv, columns.expectedRecords());
  if (!readInput(isCsv, byteOffset, firstLine)) {
    placeColumns(isCsv, columns.countedRecords());
    readInput(isCsv, byteOffset, firstLine);
  }
  columns.writeResult();
}

function readInput(isCsv: bool, byteOffset: f64, firstLine: f64): bool {
  return isCsv ? readCsv(byteOffset, firstLine) : readJsonl(byteOffset, firstLine);
}

/**
 * Turns the CSV rows of the input that begin before `stop` into columns, as far as they are whole and have no more than `maxBytes`. `atEnd`:
 * the file ends with the input. Returns the address behind the last row.
 */
export function readRowsUpTo(stop: usize, byteOffset: f64, firstLine: f64, maxBytes: u32, atEnd: bool): usize {
  columns.closeInput();
  placeColumns(true, columns.expectedRecords());
  let end = readRows(byteOffset, firstLine, stop, maxBytes, atEnd, false);
  if (end == 0) {
    placeColumns(true, columns.countedRecords());
    end = readRows(byteOffset, firstLine, stop, maxBytes, atEnd, false);
  }
  columns.writeResult();
  return end;
}

function placeColumns(isCsv: bool, records: u32): void {
  columns.placeColumns(
    records,
    settings.kind != settings.KIND_SPARSE,
    settings.kind != settings.KIND_DENSE,
    !isCsv && settings.metadataFrom == settings.METADATA_REST,
    settings.fieldCount,
    settings.nameFieldCount,
    settings.nameLiteralBytes,
  );
}

/** Address of the row that seems to begin in `from` … `to`, 0 for none; see csv-row.ts. `end`: of the bytes in place. */
export function findRow(from: usize, to: usize, end: usize): usize {
  // Every scan ends at a line feed.
  store<u8>(end, 0x0a);
  return findCsvRow(from, to, end);
}

/** For rows that are looked at one by one (a header, the first rows): lays out memory for the input in place. */
export function openRows(): void {
  columns.closeInput();
  columns.placeColumns(columns.countedRecords(), false, false, false, settings.fieldCount, 0, 0);
}

/**
 * Finds the cells of the row at `start`, all in plain text. Leaves at resultAddress: the row's end, number of cells, breach or 0, what was
 * expected there, line feeds inside. The fields hold the cells.
 */
export function scanCells(start: usize): void {
  columns.beginRow();
  const end = scanRow(start, columns.inputEnd);
  const kept = min(cells, settings.fieldCount);
  for (let i: u32 = 0; i < kept; i++) plainCell(settings.fields + (i as usize) * FIELD_BYTES);
  const result = columns.resultAddress();
  store<u32>(result, end as u32);
  store<u32>(result, cells, 4);
  store<u32>(result, breachAt as u32, 8);
  store<u32>(result, breachExpected, 12);
  store<u32>(result, innerLines, 16);
}
