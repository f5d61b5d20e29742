import { corrupt } from './fault.js';

/** The bytes a reader goes through, with its place. */
export interface Cursor {
  readonly bytes: Uint8Array;
  at: number;
  readonly end: number;
}

/** ULEB128 of at most 53 bits. */
export function readVarint(cursor: Cursor): number {
  let value = 0;
  let factor = 1;
  for (let i = 0; i < 8; i++) {
    if (cursor.at >= cursor.end) break;
    const byte = cursor.bytes[cursor.at++]!;
    value += (byte & 0x7f) * factor;
    if (byte < 0x80) return value;
    factor *= 128;
  }
  throw corrupt('a number in a page is cut off or too long');
}

/**
 * Levels in the RLE / bit-packed hybrid (parquet-format, Encodings.md, "RLE = 3"), one byte each. Undefined when every level
 * is `max`: the usual case for definition levels, a single run that need not be written out.
 */
export function readLevels(cursor: Cursor, bitWidth: number, count: number, max: number): Uint8Array | undefined {
  let levels: Uint8Array | undefined;
  let done = 0;
  let allMax = true;
  const materialise = (): Uint8Array => {
    if (levels === undefined) {
      levels = new Uint8Array(count);
      levels.fill(max, 0, done);
    }
    return levels;
  };
  while (done < count) {
    const head = readVarint(cursor);
    if (head % 2 === 0) {
      const run = Math.min(head / 2, count - done);
      if (run === 0) throw corrupt('a run of levels is empty');
      const value = readFixed(cursor, bitWidth);
      if (value > max) throw corrupt(`a level is beyond ${max}`, { got: String(value) });
      if (value !== max) allMax = false;
      if (!allMax || levels !== undefined) materialise().fill(value, done, done + run);
      done += run;
    } else {
      const run = Math.min(((head - 1) / 2) * 8, count - done);
      const bytes = Math.ceil((run * bitWidth) / 8);
      if (run === 0 || bytes > cursor.end - cursor.at) throw corrupt('levels are cut off');
      const out = materialise();
      const reached = unpackLevels(cursor.bytes, cursor.at, bitWidth, out, done, run);
      if (reached > max) throw corrupt(`a level is beyond ${max}`, { got: String(reached) });
      allMax = false;
      done += run;
      cursor.at += Math.min(((head - 1) / 2) * bitWidth, cursor.end - cursor.at);
    }
  }
  return allMax ? undefined : levels;
}

/**
 * Repetition levels of lists that lie in no other list, which are 0 where a row begins and 1 where it goes on: the places
 * of the zeros. The levels themselves, one for every number of every vector, are not written out: a row of 1536 numbers is
 * a few bytes of runs.
 */
export function readRowStarts(cursor: Cursor, count: number): Uint32Array {
  let starts = new Uint32Array(Math.min(count, 256));
  let used = 0;
  const begin = (at: number): void => {
    if (used === starts.length) {
      const larger = new Uint32Array(Math.min(count, 2 * used));
      larger.set(starts);
      starts = larger;
    }
    starts[used++] = at;
  };
  let done = 0;
  while (done < count) {
    const head = readVarint(cursor);
    if (head % 2 === 0) {
      const run = Math.min(head / 2, count - done);
      if (run === 0) throw corrupt('a run of levels is empty');
      const value = readFixed(cursor, 1);
      if (value > 1) throw corrupt('a level is beyond 1', { got: String(value) });
      if (value === 0) for (let i = done; i < done + run; i++) begin(i);
      done += run;
    } else {
      const groups = (head - 1) / 2;
      const run = Math.min(groups * 8, count - done);
      if (run === 0 || Math.ceil(run / 8) > cursor.end - cursor.at) throw corrupt('levels are cut off');
      const end = done + run;
      for (let at = cursor.at; done < end; at++, done += 8) {
        // Bits that are not set are where rows begin; in long lists nearly every byte has none.
        for (let clear = ~cursor.bytes[at]! & 0xff; clear !== 0; clear &= clear - 1) {
          const level = done + 31 - Math.clz32(clear & -clear);
          if (level < end) begin(level);
        }
      }
      done = end;
      cursor.at += Math.min(groups, cursor.end - cursor.at);
    }
  }
  return starts.subarray(0, used);
}

/** Gives the largest level that was met. */
function unpackLevels(
  bytes: Uint8Array,
  at: number,
  bitWidth: number,
  out: Uint8Array,
  from: number,
  count: number,
): number {
  const end = from + count;
  let all = 0;
  if (bitWidth === 1) {
    for (let to = from; to < end; at++) {
      const byte = bytes[at]!;
      const stop = Math.min(end, to + 8);
      if (byte === 0xff) {
        while (to < stop) out[to++] = 1;
      } else {
        for (let bit = 0; to < stop; bit++) out[to++] = (byte >> bit) & 1;
      }
      all |= byte;
    }
    return all === 0 ? 0 : 1;
  }
  const mask = (1 << bitWidth) - 1;
  let most = 0;
  let bit = 0;
  for (let to = from; to < end; to++) {
    const byte = at + (bit >> 3);
    const value = ((bytes[byte]! | ((bytes[byte + 1] ?? 0) << 8)) >> (bit & 7)) & mask;
    if (value > most) most = value;
    out[to] = value;
    bit += bitWidth;
  }
  return most;
}

/** Codes of a dictionary, each below `limit`. */
export function readCodes(cursor: Cursor, bitWidth: number, count: number, limit: number): Uint32Array {
  if (bitWidth > 32) throw corrupt('dictionary codes are wider than 32 bits');
  const codes = new Uint32Array(count);
  let done = 0;
  while (done < count) {
    // Width 0 is said by some writers of a dictionary of one entry, with or without a run.
    if (bitWidth === 0 && cursor.at >= cursor.end) break;
    const head = readVarint(cursor);
    if (head % 2 === 0) {
      const run = Math.min(head / 2, count - done);
      if (run === 0) throw corrupt('a run of dictionary codes is empty');
      codes.fill(readFixed(cursor, bitWidth), done, done + run);
      done += run;
    } else {
      const groups = (head - 1) / 2;
      const run = Math.min(groups * 8, count - done);
      if (run === 0 || Math.ceil((run * bitWidth) / 8) > cursor.end - cursor.at) {
        throw corrupt('dictionary codes are cut off');
      }
      unpack32(cursor.bytes, cursor.at, bitWidth, codes, done, run);
      done += run;
      cursor.at += Math.min(groups * bitWidth, cursor.end - cursor.at);
    }
  }
  for (let i = 0; i < count; i++) {
    if (codes[i]! >= limit) {
      throw corrupt('a dictionary code is beyond the dictionary', {
        expected: `below ${limit}`,
        got: String(codes[i]),
      });
    }
  }
  return codes;
}

/** Unpacks numbers of `bitWidth` bits, least significant bit first. */
export function unpack32(
  bytes: Uint8Array,
  at: number,
  bitWidth: number,
  out: Uint32Array | Int32Array,
  from: number,
  count: number,
): void {
  const end = from + count;
  if (bitWidth === 0) {
    out.fill(0, from, end);
  } else if (bitWidth === 8) {
    for (let to = from; to < end; to++) out[to] = bytes[at++]!;
  } else if (bitWidth <= 24) {
    // 24 bits and up to 7 in front of them fit into one 32-bit word.
    const mask = (1 << bitWidth) - 1;
    let bit = 0;
    for (let to = from; to < end; to++) {
      const b = at + (bit >>> 3);
      const word = bytes[b]! | (bytes[b + 1]! << 8) | (bytes[b + 2]! << 16) | (bytes[b + 3]! << 24);
      out[to] = (word >>> (bit & 7)) & mask;
      bit += bitWidth;
    }
  } else {
    let bit = 0;
    for (let to = from; to < end; to++) {
      const b = at + Math.floor(bit / 8);
      const shift = bit % 8;
      const low = (bytes[b]! | (bytes[b + 1]! << 8) | (bytes[b + 2]! << 16) | (bytes[b + 3]! << 24)) >>> 0;
      const whole = low + (bytes[b + 4] ?? 0) * 2 ** 32;
      out[to] = Math.floor(whole / 2 ** shift) % 2 ** bitWidth;
      bit += bitWidth;
    }
  }
}

/** A number in as many bytes as its bits need, little-endian. */
function readFixed(cursor: Cursor, bitWidth: number): number {
  const bytes = Math.ceil(bitWidth / 8);
  if (cursor.at + bytes > cursor.end) throw corrupt('a run is cut off');
  let value = 0;
  for (let i = 0; i < bytes; i++) value += cursor.bytes[cursor.at + i]! * 256 ** i;
  cursor.at += bytes;
  return value;
}
