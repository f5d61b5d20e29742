import { reserve } from '../../../base/assembly/memory';
import { copyBytes } from '../../../base/assembly/copy';
import { isPlainId } from '../../../records/plain/assembly/plain-id';
import { isPlainMetadata } from '../../../records/plain/assembly/plain-metadata';
import { countLines } from './lines';
import { setChunk } from './text';

/**
 * The chunk under way and the columns that it is turned into: one stretch of memory, laid out anew for every chunk. Only the
 * pages that are written to are ever taken from the system, so that generous bounds cost nothing.
 */

/** What JavaScript reads when a chunk is done; see kernel.ts there, which has the same order. */
const RESULT: usize = memory.data(32 * 4, 8);
export function resultAddress(): usize {
  return RESULT;
}

export let input: usize = 0;
export let inputEnd: usize = 0;

export let rows: u32 = 0;
export let lines: usize = 0; // f64 a row
export let byteOffsets: usize = 0; // f64 a row
export let ranges: usize = 0; // 2 u32 a row, from the chunk's start
export let idOffsets: usize = 0; // u32 a row, and one
export let metadataOffsets: usize = 0;
export let sparseOffsets: usize = 0;
export let namespaceCodes: usize = 0;
export let metadataValidity: usize = 0; // u8 a row
export let sparseValidity: usize = 0;
/** u8 a row, the bits of KNOWN_GOOD in records/batch.ts. */
export let knownGood: usize = 0;
/** u32 each: rows of which a vector that is there, metadata that is there or the id are not known to be good. */
let doubtful: usize = 0;
let doubtfulCount: u32 = 0;
/** Bytes of the longest texts. */
let longestId: u32 = 0;
let longestMetadata: u32 = 0;

export let ids: usize = 0;
export let idsEnd: usize = 0;
export let values: usize = 0;
export let valuesEnd: usize = 0;
export let sparseIndices: usize = 0;
export let sparseIndicesEnd: usize = 0;
export let sparseValues: usize = 0;
export let sparseValuesEnd: usize = 0;
export let metadata: usize = 0;
export let metadataEnd: usize = 0;

/** Different namespaces so far: text address and length of each, 2 u32. */
export let names: usize = 0;
export let nameCount: u32 = 0;
/** Texts that outlive their record: namespaces, and what problems speak of. */
let texts: usize = 0;
export let textsEnd: usize = 0;
/** Open addressing; code + 1, 0 = free. */
export let nameTable: usize = 0;
export let nameTableMask: u32 = 0;

/** Records that were not taken. */
export let problems: usize = 0;
export let problemCount: u32 = 0;
export const PROBLEM_BYTES: usize = 80;
/** As much of a text is kept for a message. */
export const MAX_TEXT: usize = 256;

/** Top-level fields of the record under way that nothing uses, 6 u32 each, and a table to find those that occur twice. */
export let rest: usize = 0;
export let restTable: usize = 0;

/** For the texts of one record that had to be unescaped. */
export let scratch: usize = 0;
export let scratchEnd: usize = 0;

/** Readable bytes before and behind every text. */
export const PADDING: usize = 64;

// @ts-ignore: decorator
@inline
function align(p: usize): usize {
  return (p + 63) & ~63;
}

/** The input has come: sees to it that it ends with a line feed, which is where `inputEnd` is from now on. */
export function closeInput(): void {
  if (inputEnd > input && load<u8>(inputEnd - 1) == 0x0a) inputEnd--;
  else store<u8>(inputEnd, 0x0a);
}

/** Room for `length` bytes of input at the returned address. `from`: first address behind the configuration. */
export function placeInput(from: usize, length: usize): usize {
  input = align(from + PADDING);
  inputEnd = input + length;
  reserve(inputEnd + 2 * PADDING);
  memory.fill(input - PADDING, 0, PADDING);
  memory.fill(inputEnd, 0, 2 * PADDING);
  return input;
}

/** Makes `start` … `end` of what was placed the input. The bytes around it are lost. */
export function takeInput(start: usize, end: usize): void {
  input = start;
  inputEnd = end;
  memory.fill(start - PADDING, 0, PADDING);
  memory.fill(end, 0, 2 * PADDING);
}

/** Lines of the input, or of the rows that were read of it; an empty one counts as one. */
let lineCount: u32 = 0;
/** Bytes that they were read of. */
let lineBytes: usize = 0;
/** So many records there is room for, taken and not taken. */
export let capacity: u32 = 0;

export function setLines(lines: u32): void {
  lineCount = lines;
  lineBytes = inputEnd - input;
}

/** Room is made for more than so many records, some 180 MB of addresses, only when they were counted. */
const MAX_EXPECTED: u64 = 0x40000;
/** Room is made for a multiple of so many. */
const CAPACITY_STEP: u32 = 4096;

/**
 * Records that the input may have, by those before it: to count its lines beforehand would take a twentieth of the time that reading them does.
 * Without any before they are counted, as they are when there were more.
 */
export function expectedRecords(): u32 {
  if (lineBytes == 0) return countedRecords();
  const alike = ((lineCount as u64) * ((inputEnd - input) as u64)) / (lineBytes as u64);
  const expected = alike + (alike >> 2) + 64;
  return expected > MAX_EXPECTED ? countedRecords() : (expected as u32);
}

export function countedRecords(): u32 {
  return countLines(input, inputEnd) + 1;
}

/**
 * Lays out the columns for the input in place and up to `records` records or some more. A number takes two bytes of text at least and becomes
 * four, hence `2 * length`; `nameParts` and `nameLiterals` say how many fields and how many bytes of its own the namespace template puts into
 * one name. Inputs that are about as large get the same layout, so that they touch the same pages.
 */
export function placeColumns(
  records: u32, dense: bool, sparse: bool, keepRest: bool, nodes: u32, nameParts: u32, nameLiterals: u32,
): void {
  const length = (inputEnd - input + 0xffff) & ~0xffff;
  capacity = (records + CAPACITY_STEP - 1) & ~(CAPACITY_STEP - 1);
  const max = capacity as usize;
  setChunk(input, inputEnd);
  let at = align(input + length + PADDING);
  lines = at;
  at = byteOffsets = align(at + max * 8);
  at = ranges = align(at + max * 8);
  at = idOffsets = align(at + max * 8);
  at = metadataOffsets = align(at + max * 4 + 4);
  at = sparseOffsets = align(at + max * 4 + 4);
  at = namespaceCodes = align(at + max * 4 + 4);
  at = metadataValidity = align(at + max * 4);
  at = sparseValidity = align(at + max);
  at = knownGood = align(at + max);
  at = doubtful = align(at + max);
  at = problems = align(at + max * 4);
  at = names = align(at + max * PROBLEM_BYTES);
  at = nameTable = align(at + max * 8);
  let slots: u32 = 16;
  while (slots < 2 * capacity) slots <<= 1;
  nameTableMask = slots - 1;
  at = texts = align(at + (slots as usize) * 4);
  // Name, id, field and value of a problem: the last two cut at MAX_TEXT.
  at = ids = align(at + length * ((nameParts as usize) + 1) + max * ((nameLiterals as usize) + 2 * MAX_TEXT) + PADDING);
  at = scratch = align(at + length + PADDING);
  at = values = align(at + length + ((nodes as usize) + 8) * 2 * PADDING);
  at = rest = align(at + (dense ? 2 * length + PADDING : 0));
  // A field takes 5 bytes of text at least (`"":0,`); the table has up to 4 places for each.
  at = restTable = align(at + (keepRest ? 5 * length + PADDING : 0));
  at = sparseIndices = align(at + (keepRest ? 4 * length + PADDING : 0));
  at = sparseValues = align(at + (sparse ? 2 * length + PADDING : 0));
  at = metadata = align(at + (sparse ? 2 * length + PADDING : 0));
  reserve(at + 65536);
  memory.fill(nameTable, 0, (slots as usize) * 4);
  rows = 0;
  doubtfulCount = 0;
  longestId = 0;
  longestMetadata = 0;
  idsEnd = ids;
  valuesEnd = values;
  sparseIndicesEnd = sparseIndices;
  sparseValuesEnd = sparseValues;
  metadataEnd = metadata;
  nameCount = 0;
  textsEnd = texts;
  problemCount = 0;
  scratchEnd = scratch;
  store<u32>(idOffsets, 0);
  store<u32>(metadataOffsets, 0);
  store<u32>(sparseOffsets, 0);
}

/** Takes back what the record under way has written. */
export function rollback(): void {
  idsEnd = ids + load<u32>(idOffsets + (rows << 2));
  valuesEnd = rowValues;
  sparseIndicesEnd = sparseIndices + (load<u32>(sparseOffsets + (rows << 2)) << 2);
  sparseValuesEnd = sparseValues + (load<u32>(sparseOffsets + (rows << 2)) << 2);
  metadataEnd = metadata + load<u32>(metadataOffsets + (rows << 2));
}

/** Where the record's dense vector begins. */
export let rowValues: usize = 0;

export function beginRow(): void {
  rowValues = valuesEnd;
  scratchEnd = scratch;
  metadataPlain = false;
  store<u8>(metadataValidity + rows, 0);
  store<u8>(sparseValidity + rows, 0);
}

export function commitRow(line: f64, byteOffset: f64, start: usize, end: usize, namespaceCode: u32): void {
  const row = rows;
  const id = ids + (load<u32>(idOffsets + (row << 2)) as usize);
  const idLength = (idsEnd - id) as u32;
  store<f64>(lines + (row << 3), line);
  store<f64>(byteOffsets + (row << 3), byteOffset);
  store<u32>(ranges + (row << 3), (start - input) as u32);
  store<u32>(ranges + (row << 3), (end - input) as u32, 4);
  store<u32>(namespaceCodes + (row << 2), namespaceCode);
  store<u32>(idOffsets + (row << 2), (idsEnd - ids) as u32, 4);
  store<u32>(metadataOffsets + (row << 2), (metadataEnd - metadata) as u32, 4);
  store<u32>(sparseOffsets + (row << 2), ((sparseIndicesEnd - sparseIndices) >> 2) as u32, 4);
  const metadataStart = metadata + load<u32>(metadataOffsets + (row << 2));
  // A line feed ends every scan of a text that is not what it seems.
  reserve(metadataEnd + PADDING);
  store<u8>(metadataEnd, 0x0a);
  const plain = metadataEnd > metadataStart && (metadataPlain || isPlainMetadata(metadataStart, metadataEnd));
  const ascending = areAscending(sparseIndices + (load<u32>(sparseOffsets + (row << 2)) << 2), sparseIndicesEnd);
  // Numbers that are not finite never come as far as here.
  const nonZero = anyNonZero(rowValues, valuesEnd);
  const plainId = isPlainId(id, idLength);
  store<u8>(
    knownGood + row,
    (nonZero as u8) | ((plain as u8) << 1) | ((plainId as u8) << 2) | ((ascending as u8) << 3),
  );
  if (!(plainId && (nonZero || valuesEnd == rowValues) && (plain || load<u8>(metadataValidity + row) == 0))) {
    store<u32>(doubtful + ((doubtfulCount++ as usize) << 2), row);
  }
  longestId = max(longestId, idLength);
  longestMetadata = max(longestMetadata, (metadataEnd - metadataStart) as u32);
  rows = row + 1;
}

/** Is each of the indices at `from` … `to` larger than the one before? */
function areAscending(from: usize, to: usize): bool {
  let p = from;
  for (; p + 20 <= to; p += 16) if (!i32x4.all_true(i32x4.lt_u(v128.load(p), v128.load(p, 4)))) return false;
  for (; p + 8 <= to; p += 4) if (load<u32>(p) >= load<u32>(p, 4)) return false;
  return true;
}

/** Is there a float32 at `from` … `to` that is not zero? As a rule the first ones tell. */
function anyNonZero(from: usize, to: usize): bool {
  // Without the sign bit: -0 is zero too.
  const magnitude = i32x4.splat(0x7fffffff);
  let p = from;
  for (; p + 16 <= to; p += 16) if (v128.any_true(v128.and(v128.load(p), magnitude))) return true;
  for (; p < to; p += 4) if ((load<u32>(p) & 0x7fffffff) != 0) return true;
  return false;
}

export function writeResult(): void {
  store<u32>(RESULT, rows);
  store<u32>(RESULT, lines as u32, 4);
  store<u32>(RESULT, byteOffsets as u32, 8);
  store<u32>(RESULT, ranges as u32, 12);
  store<u32>(RESULT, idOffsets as u32, 16);
  store<u32>(RESULT, metadataOffsets as u32, 20);
  store<u32>(RESULT, sparseOffsets as u32, 24);
  store<u32>(RESULT, namespaceCodes as u32, 28);
  store<u32>(RESULT, metadataValidity as u32, 32);
  store<u32>(RESULT, sparseValidity as u32, 36);
  store<u32>(RESULT, ids as u32, 40);
  store<u32>(RESULT, values as u32, 44);
  store<u32>(RESULT, sparseIndices as u32, 48);
  store<u32>(RESULT, sparseValues as u32, 52);
  store<u32>(RESULT, metadata as u32, 56);
  store<u32>(RESULT, names as u32, 60);
  store<u32>(RESULT, nameCount, 64);
  store<u32>(RESULT, problems as u32, 68);
  store<u32>(RESULT, problemCount, 72);
  store<u32>(RESULT, knownGood as u32, 76);
  store<u32>(RESULT, lineCount, 80);
  store<u32>(RESULT, doubtful as u32, 84);
  store<u32>(RESULT, doubtfulCount, 88);
  store<u32>(RESULT, longestId, 92);
  store<u32>(RESULT, longestMetadata, 96);
}

/** The text at `textsEnd` becomes the next name. */
export function keepName(length: u32): void {
  store<u32>(names + (nameCount << 3), textsEnd as u32);
  store<u32>(names + (nameCount << 3), length, 4);
  nameCount++;
  textsEnd += length;
}

export function setScratchEnd(end: usize): void {
  scratchEnd = end;
}
export function setIdsEnd(end: usize): void {
  idsEnd = end;
}
export function setValuesEnd(end: usize): void {
  valuesEnd = end;
}
export function addSparse(entries: u32): void {
  sparseIndicesEnd += (entries << 2) as usize;
  sparseValuesEnd += (entries << 2) as usize;
  store<u8>(sparseValidity + rows, 1);
}

/** Adds text to the record's metadata. */
export function addMetadata(text: usize, length: usize): void {
  reserve(metadataEnd + length + PADDING);
  copyBytes(metadataEnd, text, length);
  metadataEnd += length;
}
export function addMetadataByte(byte: u8): void {
  reserve(metadataEnd + PADDING);
  store<u8>(metadataEnd++, byte);
}
export function setMetadataPresent(): void {
  store<u8>(metadataValidity + rows, 1);
}

/** The record's metadata is known to be as the rules want it, its length apart. */
let metadataPlain: bool = false;

export function setMetadataPlain(): void {
  metadataPlain = true;
}

/** Room for the next problem. */
export function addProblem(): usize {
  return problems + (problemCount++ as usize) * PROBLEM_BYTES;
}

/** Keeps a text that the record under way had put at `textsEnd`. */
export function keepText(length: usize): void {
  textsEnd += length;
}

/** Copies a text of up to MAX_TEXT bytes to the texts; of longer ones the beginning. Returns its address. */
export function copyText(from: usize, to: usize): usize {
  const at = textsEnd;
  const length = min(to - from, MAX_TEXT);
  memory.copy(at, from, length);
  textsEnd += length;
  return at;
}

export function setTextsEnd(end: usize): void {
  textsEnd = end;
}
