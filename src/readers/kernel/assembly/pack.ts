import { reserve } from '../../../base/assembly/memory';
import * as columns from './columns';
import { copyBytes } from '../../../base/assembly/copy';
import { vectorHash } from '../../../records/fingerprint/assembly/vector-hash';

/**
 * The rows that are handed on, packed end to end, without those that JavaScript has rejected, so that what leaves the kernel is two stretches
 * of memory, of dense vectors and of all else, in which the rows of a namespace lie together.
 */

/** Ids and metadata go framed: each text with its length before it, as it is written to a file. */
const FRAME_BYTES: usize = 4;

/** Vectors from this length on are not packed: whoever takes them out of the kernel copies them one by one, which is all the copying then. */
const LONG_VECTOR_BYTES: usize = 2048;

let rejected: usize = 0;
/** Numbers of the rows, u32 each. */
let order: usize = 0;
/** They are all the rows as they came. */
let inOrder: bool = false;
let packed: usize = 0;

// @ts-ignore: decorator
@inline
function align(p: usize): usize {
  return (p + 63) & ~63;
}

/** Room for a byte for each row, 1 where it is rejected; JavaScript writes them there. */
export function placeRejected(): usize {
  rejected = align(columns.metadataEnd + columns.PADDING);
  reserve(rejected + (columns.rows as usize));
  return rejected;
}

/** Puts the rows in order: those of each namespace together, as they came. `some`: those at placeRejected's address are left out. Returns how many. */
export function orderRows(some: bool): u32 {
  const rows = columns.rows as usize;
  order = align(some ? rejected + rows : columns.metadataEnd + columns.PADDING);
  // Where the rows of each namespace begin.
  const places = align(order + (rows << 2));
  const names = columns.nameCount as usize;
  reserve(places + ((names + 1) << 2));
  memory.fill(places, 0, (names + 1) << 2);
  for (let row: usize = 0; row < rows; row++) {
    if (some && load<u8>(rejected + row) != 0) continue;
    const place = placeOf(places, row);
    store<u32>(place, load<u32>(place, 4) + 1, 4);
  }
  for (let place = places, end = places + (names << 2); place < end; place += 4) {
    store<u32>(place, load<u32>(place) + load<u32>(place, 4), 4);
  }
  for (let row: usize = 0; row < rows; row++) {
    if (some && load<u8>(rejected + row) != 0) continue;
    const place = placeOf(places, row);
    const at = load<u32>(place);
    store<u32>(place, at + 1);
    store<u32>(order + ((at as usize) << 2), row as u32);
  }
  // All that are there come before the end of the last name's.
  const count = names == 0 ? 0 : load<u32>(places + ((names - 1) << 2));
  inOrder = !some && names == 1;
  packed = align(order + ((count as usize) << 2));
  return count;
}

// @ts-ignore: decorator
@inline
function placeOf(places: usize, row: usize): usize {
  return places + ((load<u32>(columns.namespaceCodes + (row << 2)) as usize) << 2);
}

// @ts-ignore: decorator
@inline
function lengthAt(offsets: usize, row: u32): usize {
  const p = offsets + ((row as usize) << 2);
  return load<u32>(p, 4) - load<u32>(p);
}

/**
 * Packs the `count` rows that orderRows has left; a dense vector has `dimension` numbers, and a hash if they are `hashed`: see vectorHash.
 * Leaves at resultAddress where the stretch begins, its length, and the address of each column in it, in the order below (pack-batch.ts has
 * the same). The last two: where the vectors are, and 0 if they are in order; else, long ones, they are as they came, and this is where the
 * numbers of the rows are in their order, u32 each.
 */
export function packRows(count: u32, dimension: u32, hashed: bool): void {
  let idBytes: usize = 0;
  let metadataBytes: usize = 0;
  let entries: usize = 0;
  for (let i: u32 = 0; i < count; i++) {
    const row = load<u32>(order + ((i as usize) << 2));
    idBytes += lengthAt(columns.idOffsets, row) + FRAME_BYTES;
    metadataBytes += lengthAt(columns.metadataOffsets, row) + FRAME_BYTES * (load<u8>(columns.metadataValidity + row) as usize);
    entries += lengthAt(columns.sparseOffsets, row);
  }
  const n = count as usize;
  const rowBytes = (dimension as usize) << 2;
  // Widest first, so that each is aligned.
  const lines = packed;
  const byteOffsets = lines + (n << 3);
  const hashes = byteOffsets + (n << 3);
  const sparseIndices = hashes + (hashed ? n << 3 : 0);
  const sparseValues = sparseIndices + (entries << 2);
  const idOffsets = sparseValues + (entries << 2);
  const metadataOffsets = idOffsets + ((n + 1) << 2);
  const sparseOffsets = metadataOffsets + ((n + 1) << 2);
  const codes = sparseOffsets + ((n + 1) << 2);
  const metadataValidity = codes + (n << 2);
  const sparseValidity = metadataValidity + n;
  const ids = sparseValidity + n;
  const metadata = ids + idBytes;
  const end = metadata + metadataBytes;
  reserve(end + columns.PADDING);
  const asTheyCame = inOrder || rowBytes == 0 || rowBytes >= LONG_VECTOR_BYTES;
  const values = asTheyCame ? columns.values : packValues(rowBytes, n, align(end));
  const valuesOrder = inOrder || !asTheyCame ? 0 : order;
  if (hashed) hashVectors(hashes, values, valuesOrder, dimension, n);

  let idsAt = ids;
  let metadataAt = metadata;
  let entry: usize = 0;
  store<u32>(idOffsets, 0);
  store<u32>(metadataOffsets, 0);
  store<u32>(sparseOffsets, 0);
  for (let i: usize = 0; i < n; i++) {
    const row = load<u32>(order + (i << 2)) as usize;
    store<f64>(lines + (i << 3), load<f64>(columns.lines + (row << 3)));
    store<f64>(byteOffsets + (i << 3), load<f64>(columns.byteOffsets + (row << 3)));
    store<u32>(codes + (i << 2), load<u32>(columns.namespaceCodes + (row << 2)));
    store<u8>(metadataValidity + i, load<u8>(columns.metadataValidity + row));
    store<u8>(sparseValidity + i, load<u8>(columns.sparseValidity + row));

    const idLength = lengthAt(columns.idOffsets, row as u32);
    store<u32>(idsAt, idLength as u32);
    copyBytes(idsAt + FRAME_BYTES, columns.ids + load<u32>(columns.idOffsets + (row << 2)), idLength);
    idsAt += FRAME_BYTES + idLength;
    store<u32>(idOffsets + (i << 2), (idsAt - ids) as u32, 4);

    const metadataLength = lengthAt(columns.metadataOffsets, row as u32);
    if (load<u8>(columns.metadataValidity + row) != 0) {
      store<u32>(metadataAt, metadataLength as u32);
      metadataAt += FRAME_BYTES;
    }
    copyBytes(metadataAt, columns.metadata + load<u32>(columns.metadataOffsets + (row << 2)), metadataLength);
    metadataAt += metadataLength;
    store<u32>(metadataOffsets + (i << 2), (metadataAt - metadata) as u32, 4);

    const from = (load<u32>(columns.sparseOffsets + (row << 2)) as usize) << 2;
    const rowEntries = lengthAt(columns.sparseOffsets, row as u32);
    copyBytes(sparseIndices + (entry << 2), columns.sparseIndices + from, rowEntries << 2);
    copyBytes(sparseValues + (entry << 2), columns.sparseValues + from, rowEntries << 2);
    entry += rowEntries;
    store<u32>(sparseOffsets + (i << 2), entry as u32, 4);
  }

  const result = columns.resultAddress();
  store<u32>(result, packed as u32);
  store<u32>(result, (end - packed) as u32, 4);
  store<u32>(result, lines as u32, 8);
  store<u32>(result, byteOffsets as u32, 12);
  store<u32>(result, hashes as u32, 16);
  store<u32>(result, sparseIndices as u32, 20);
  store<u32>(result, sparseValues as u32, 24);
  store<u32>(result, idOffsets as u32, 28);
  store<u32>(result, metadataOffsets as u32, 32);
  store<u32>(result, sparseOffsets as u32, 36);
  store<u32>(result, codes as u32, 40);
  store<u32>(result, metadataValidity as u32, 44);
  store<u32>(result, sparseValidity as u32, 48);
  store<u32>(result, ids as u32, 52);
  store<u32>(result, metadata as u32, 56);
  store<u32>(result, values as u32, 60);
  store<u32>(result, valuesOrder as u32, 64);
}

function hashVectors(to: usize, values: usize, valuesOrder: usize, dimension: u32, count: usize): void {
  const rowBytes = (dimension as usize) << 2;
  for (let i: usize = 0; i < count; i++) {
    const row = valuesOrder == 0 ? i : (load<u32>(valuesOrder + (i << 2)) as usize);
    store<u64>(to + (i << 3), vectorHash(values + row * rowBytes, dimension));
  }
}

/**
 * Copies the vectors in the order in which they lie, which is how a processor fetches ahead: they are most of all there is, and more than its
 * nearer caches hold. `scratch` is free from there on. Returns where they are.
 */
function packValues(rowBytes: usize, count: usize, scratch: usize): usize {
  const rows = columns.rows as usize;
  const values = align(scratch + (rows << 2));
  reserve(values + count * rowBytes + columns.PADDING);
  // Where each row goes, from 1 on.
  memory.fill(scratch, 0, rows << 2);
  for (let i: usize = 0; i < count; i++) {
    store<u32>(scratch + ((load<u32>(order + (i << 2)) as usize) << 2), (i + 1) as u32);
  }
  for (let row: usize = 0; row < rows; row++) {
    const place = load<u32>(scratch + (row << 2)) as usize;
    if (place != 0) copyBytes(values + (place - 1) * rowBytes, columns.values + row * rowBytes, rowBytes);
  }
  return values;
}
