import { corrupt } from './fault.js';
import { readVarint, unpack32, type Cursor } from './hybrid.js';

/** Values of a block: 128 in every writer known; a multiple of it in the specification. */
const MAX_BLOCK_VALUES = 1 << 20;

interface DeltaHeader {
  readonly miniblocks: number;
  readonly perMiniblock: number;
  readonly count: number;
}

function readHeader(cursor: Cursor, expected: number): DeltaHeader {
  const blockValues = readVarint(cursor);
  const miniblocks = readVarint(cursor);
  const count = readVarint(cursor);
  if (blockValues === 0 || blockValues > MAX_BLOCK_VALUES || miniblocks === 0 || miniblocks > blockValues) {
    throw corrupt('the blocks of delta-encoded values have no valid size');
  }
  const perMiniblock = blockValues / miniblocks;
  if (!Number.isInteger(perMiniblock) || perMiniblock % 8 !== 0) {
    throw corrupt('the miniblocks of delta-encoded values have no valid size');
  }
  if (count !== expected) {
    throw corrupt('delta-encoded values are of another number than the page says', {
      expected: String(expected),
      got: String(count),
    });
  }
  return { miniblocks, perMiniblock, count };
}

/** DELTA_BINARY_PACKED of INT32 (Encodings.md); sums wrap around at 32 bits, as the specification has it. */
export function readDelta32(cursor: Cursor, expected: number): Int32Array {
  const { miniblocks, perMiniblock, count } = readHeader(cursor, expected);
  const out = new Int32Array(count);
  let value = zigzag(readVarint(cursor)) | 0;
  if (count > 0) out[0] = value;
  let done = 1;
  const deltas = new Uint32Array(perMiniblock);
  while (done < count) {
    const least = zigzag(readVarint(cursor)) | 0;
    const widths = cursor.at;
    cursor.at += miniblocks;
    if (cursor.at > cursor.end) throw corrupt('delta-encoded values are cut off');
    // Miniblocks after the last value have no bytes, whatever their widths say.
    for (let m = 0; m < miniblocks && done < count; m++) {
      const width = cursor.bytes[widths + m]!;
      if (width > 32) throw corrupt('deltas of INT32 are wider than 32 bits');
      const run = Math.min(perMiniblock, count - done);
      takeMiniblock(cursor, width, perMiniblock, run);
      unpack32(cursor.bytes, cursor.at - miniblockBytes(width, perMiniblock), width, deltas, 0, run);
      for (let i = 0; i < run; i++) {
        value = (value + least + deltas[i]!) | 0;
        out[done++] = value;
      }
    }
  }
  return out;
}

/** DELTA_BINARY_PACKED of INT64. Slow and exact: such columns are rare and short. */
export function readDelta64(cursor: Cursor, expected: number): BigInt64Array<ArrayBuffer> {
  const { miniblocks, perMiniblock, count } = readHeader(cursor, expected);
  const out = new BigInt64Array(count);
  let value = BigInt.asIntN(64, bigZigzag(cursor));
  if (count > 0) out[0] = value;
  let done = 1;
  while (done < count) {
    const least = bigZigzag(cursor);
    const widths = cursor.at;
    cursor.at += miniblocks;
    if (cursor.at > cursor.end) throw corrupt('delta-encoded values are cut off');
    for (let m = 0; m < miniblocks && done < count; m++) {
      const width = cursor.bytes[widths + m]!;
      if (width > 64) throw corrupt('deltas of INT64 are wider than 64 bits');
      const run = Math.min(perMiniblock, count - done);
      const start = cursor.at;
      takeMiniblock(cursor, width, perMiniblock, run);
      for (let i = 0; i < run; i++) {
        let delta = 0n;
        for (let b = 0; b < width; b++) {
          const bit = i * width + b;
          if (((cursor.bytes[start + (bit >> 3)]! >> (bit & 7)) & 1) === 1) delta |= 1n << BigInt(b);
        }
        value = BigInt.asIntN(64, value + least + delta);
        out[done++] = value;
      }
    }
  }
  return out;
}

const miniblockBytes = (width: number, values: number): number => (width * values) / 8;

/** A miniblock is stored whole even where only some of its values count. */
function takeMiniblock(cursor: Cursor, width: number, values: number, _run: number): void {
  cursor.at += miniblockBytes(width, values);
  if (cursor.at > cursor.end) throw corrupt('delta-encoded values are cut off');
}

function zigzag(n: number): number {
  return n % 2 === 0 ? n / 2 : -(n + 1) / 2;
}

function bigZigzag(cursor: Cursor): bigint {
  let value = 0n;
  for (let shift = 0n; shift < 70n; shift += 7n) {
    if (cursor.at >= cursor.end) break;
    const byte = cursor.bytes[cursor.at++]!;
    value |= BigInt(byte & 0x7f) << shift;
    if (byte < 0x80) return (value & 1n) === 0n ? value >> 1n : -((value + 1n) >> 1n);
  }
  throw corrupt('a number in a page is cut off or too long');
}
