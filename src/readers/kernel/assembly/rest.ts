import * as code from './codes';
import * as columns from './columns';
import { ESCAPED } from './field';
import { unescape } from './json';
import { addValue, TYPE_AUTO } from './metadata';
import { isWrong, nameWrongField, wrongNumbers } from './problem';
import { REST_BYTES, restCount } from './record';
import { metadataFieldCount, metadataFields } from './settings';

/** Top-level fields of a JSON record that nothing else uses, and that become metadata; they stand at columns.rest, see record.ts. */

// Name of an entry, unescaped: in place of the key's flags and of nothing.
let nameAt: usize = 0;
let nameLength: usize = 0;

function readRestName(entry: usize): void {
  const start: usize = load<u32>(entry) + 1;
  const end: usize = load<u32>(entry, 4) - 1;
  if (!(load<u32>(entry, 16) & ESCAPED)) {
    nameAt = start;
    nameLength = end - start;
    return;
  }
  nameAt = columns.scratchEnd;
  nameLength = unescape(start, end, nameAt) - nameAt;
}

/** Since all of the rest is used, no name may occur twice in it. Notes the first one that does. */
export function checkRestNames(): void {
  const count = restCount;
  if (count < 2) return;
  // Open addressing: number of the field + 1, 0 = free.
  let capacity: u32 = 16;
  while (capacity < 2 * count) capacity <<= 1;
  const mask = capacity - 1;
  const table = columns.restTable;
  memory.fill(table, 0, capacity << 2);
  for (let i: u32 = 0; i < count; i++) {
    readRestName(columns.rest + (i as usize) * REST_BYTES);
    const name = nameAt;
    const length = nameLength;
    const held = columns.scratchEnd;
    // The name may stand at the end of the scratch: those that it is compared with go behind it.
    columns.setScratchEnd(name == held ? held + length : held);
    let hash: u32 = 0x811c9dc5;
    for (let c: usize = 0; c < length; c++) hash = (hash ^ load<u8>(name + c)) * 0x01000193;
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const other = load<u32>(table + (slot << 2));
      if (other == 0) {
        store<u32>(table + (slot << 2), i + 1);
        break;
      }
      readRestName(columns.rest + ((other - 1) as usize) * REST_BYTES);
      if (nameLength == length && memory.compare(nameAt, name, length) == 0) {
        wrongNumbers(code.JSON_DUPLICATE_KEY, code.FIELD_TEXT, code.EXPECT_FIELD_ONCE, code.GOT_TWICE, 0, 0);
        nameWrongField(name, name + length);
        return;
      }
    }
    columns.setScratchEnd(held);
  }
}

/** Adds the rest to the metadata. */
export function addRest(): void {
  for (let i: u32 = 0; i < restCount; i++) {
    const entry = columns.rest + (i as usize) * REST_BYTES;
    const value: usize = load<u32>(entry, 8);
    if (load<u8>(value) == 0x6e) continue;
    const type = metadataFieldCount == 0 ? TYPE_AUTO : typeOfRest(entry);
    // The key is the input's own, with its escapes as they are.
    const key: usize = load<u32>(entry);
    const keyLength = load<u32>(entry, 4) - (key as u32);
    const keyText = columns.scratchEnd;
    memory.copy(keyText, key, keyLength);
    store<u8>(keyText + keyLength, 0x3a);
    columns.setScratchEnd(keyText + keyLength + 1);
    addValue(keyText, keyLength + 1, type, value, load<u32>(entry, 12), load<u32>(entry, 20), code.FIELD_TEXT);
    if (isWrong) {
      readRestName(entry);
      nameWrongField(nameAt, nameAt + nameLength);
      return;
    }
    columns.setScratchEnd(keyText);
  }
}

function typeOfRest(entry: usize): u32 {
  readRestName(entry);
  for (let i: u32 = 0; i < metadataFieldCount; i++) {
    const field = metadataFields + ((i << 4) as usize);
    if (load<u32>(field, 8) == (nameLength as u32) && memory.compare(load<u32>(field, 4), nameAt, nameLength) == 0) {
      return load<u32>(field, 12);
    }
  }
  return TYPE_AUTO;
}
