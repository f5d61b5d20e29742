// Rows that lie scattered over memory, gone through in a given order: by row-blocks.ts, blocks of rows in a table, and the order as a list of
// places. The memory is shared with other threads; nothing of the module's own lies in it. Addresses are offsets in it.

import { copyBytes } from '../../../base/assembly/copy';

/** Numbers of a block in the table, in bytes from its begin. The same as in row-blocks.ts. */
const VALUES: usize = 8;
const IDS: usize = 12;
const METADATA: usize = 16;
const SPARSE: usize = 20;
const SPARSE_ENTRIES: usize = 24;
const METADATA_VALIDITY: usize = 28;
const SPARSE_VALIDITY: usize = 32;
const BLOCK_BYTES: usize = 36;

const ROW_BITS: u32 = 16;
const ROW_MASK: u32 = 0xffff;

let table: usize = 0;
let order: usize = 0;
/** Bytes of a dense vector; 0: there are none. */
let vectorBytes: usize = 0;
let isSparse: bool = false;

/** Of the rows that were measured last. */
let rowBytes: u64 = 0;
let idBytes: u32 = 0;
let metadataBytes: u32 = 0;
let entries: u32 = 0;
let hasNullMetadata: bool = false;
let hasNullSparse: bool = false;
/** Of all that were ever measured. */
let largest: u32 = 0;

/** @param blocks the table of blocks @param places of the rows, in order */
export function configure(blocks: usize, places: usize, dimension: u32, sparse: bool): void {
  table = blocks;
  order = places;
  vectorBytes = (dimension as usize) << 2;
  isSparse = sparse;
}

/**
 * Sums up rows `from … to` of the order as far as their sizes come to no more than `room`: values as PLAIN, without levels.
 *
 * @param any take the first row whatever its size
 * @returns the first row that does not fit
 */
export function measure(from: u32, to: u32, room: f64, any: bool): u32 {
  const most = room as u64;
  let sum: u64 = 0;
  let ids: u32 = 0;
  let metadata: u32 = 0;
  let pairs: u32 = 0;
  let nullMetadata = false;
  let nullSparse = false;
  let at = from;
  for (; at < to; at++) {
    const place = placeAt(at);
    const block = blockAt(place);
    const row = rowAt(place);
    const id = lengthAt(block + IDS, row);
    const text = lengthAt(block + METADATA, row);
    let size = (vectorBytes as u32) + id + text;
    let count: u32 = 0;
    if (isSparse) {
      count = lengthAt(block + SPARSE, row) >> 2;
      size += 4 + (count << 3);
    }
    if (sum + size > most && !(any && at == from)) break;
    if (size > largest) largest = size;
    sum += size;
    ids += id;
    metadata += text;
    pairs += count;
    if (isNull(block + METADATA_VALIDITY, row)) nullMetadata = true;
    if (isSparse && isNull(block + SPARSE_VALIDITY, row)) nullSparse = true;
  }
  rowBytes = sum;
  idBytes = ids;
  metadataBytes = metadata;
  entries = pairs;
  hasNullMetadata = nullMetadata;
  hasNullSparse = nullSparse;
  return at;
}

export function measuredBytes(): f64 {
  return rowBytes as f64;
}

export function measuredIds(): u32 {
  return idBytes;
}

export function measuredMetadata(): u32 {
  return metadataBytes;
}

export function measuredEntries(): u32 {
  return entries;
}

export function measuredNullMetadata(): bool {
  return hasNullMetadata;
}

export function measuredNullSparse(): bool {
  return hasNullSparse;
}

export function largestRow(): u32 {
  return largest;
}

/** Copies rows `from … to` of the order, column by column, to where they are wanted; validity only where it is not 0. */
export function gather(
  from: u32,
  to: u32,
  values: usize,
  lengths: usize,
  indices: usize,
  sparseValues: usize,
  ids: usize,
  metadata: usize,
  sparseValidity: usize,
  metadataValidity: usize,
): void {
  for (let at = from; at < to; at++) {
    const place = placeAt(at);
    const block = blockAt(place);
    const row = rowAt(place);
    if (vectorBytes > 0) {
      copyBytes(values, (load<u32>(block + VALUES) as usize) + row * vectorBytes, vectorBytes);
      values += vectorBytes;
    }
    if (isSparse) {
      const length = lengthAt(block + SPARSE, row) as usize;
      const start = offsetAt(block + SPARSE, row);
      store<u32>(lengths, (length as u32) >> 2);
      copyBytes(indices, start, length);
      copyBytes(sparseValues, start + ((load<u32>(block + SPARSE_ENTRIES) as usize) << 2), length);
      lengths += 4;
      indices += length;
      sparseValues += length;
      if (sparseValidity != 0) store<u8>(sparseValidity++, isNull(block + SPARSE_VALIDITY, row) ? 0 : 1);
    }
    const id = lengthAt(block + IDS, row) as usize;
    copyBytes(ids, offsetAt(block + IDS, row), id);
    ids += id;
    const text = lengthAt(block + METADATA, row) as usize;
    copyBytes(metadata, offsetAt(block + METADATA, row), text);
    metadata += text;
    if (metadataValidity != 0) store<u8>(metadataValidity++, isNull(block + METADATA_VALIDITY, row) ? 0 : 1);
  }
}

@inline
function placeAt(at: u32): u32 {
  return load<u32>(order + ((at as usize) << 2));
}

@inline
function blockAt(place: u32): usize {
  return table + ((place >> ROW_BITS) as usize) * BLOCK_BYTES;
}

@inline
function rowAt(place: u32): usize {
  return (place & ROW_MASK) as usize;
}

/** The number of a row in one of its block's columns of offsets. @param column where the table says where that is */
@inline
function offsetAt(column: usize, row: usize): usize {
  return load<u32>((load<u32>(column) as usize) + (row << 2)) as usize;
}

@inline
function lengthAt(column: usize, row: usize): u32 {
  const at = (load<u32>(column) as usize) + (row << 2);
  return load<u32>(at, 4) - load<u32>(at);
}

@inline
function isNull(column: usize, row: usize): bool {
  const validity = load<u32>(column) as usize;
  return validity != 0 && load<u8>(validity + row) == 0;
}
