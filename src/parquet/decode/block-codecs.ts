import { snappyUndo } from '../snappy/decompress.js';
import { corrupt } from './fault.js';

/**
 * Undoes Snappy's raw format (google/snappy, format_description.txt) into exactly `size` bytes. The length in front must say
 * the same, so that a lie costs no memory.
 */
export function snappyDecompress(input: Uint8Array, size: number): Uint8Array {
  let at = 0;
  let claimed = 0;
  for (let shift = 0; ; shift += 7) {
    const byte = input[at++];
    if (byte === undefined || shift > 28) throw corrupt('Snappy data has no valid length');
    claimed += (byte & 0x7f) * 2 ** shift;
    if (byte < 0x80) break;
  }
  if (claimed !== size) throw sizeDiffers('Snappy', size, claimed);
  const out = snappyUndo(input, at, size);
  if (out === undefined) throw cutOff('Snappy');
  return out;
}

/** Undoes one LZ4 block (lz4/lz4, doc/lz4_Block_format.md), which is what Parquet calls LZ4_RAW, into exactly `size` bytes. */
export function lz4Decompress(input: Uint8Array, size: number): Uint8Array {
  const out = new Uint8Array(size);
  let at = 0;
  let to = 0;
  const more = (): number => {
    let sum = 0;
    for (;;) {
      const byte = input[at++];
      if (byte === undefined) throw cutOff('LZ4');
      sum += byte;
      if (byte !== 255) return sum;
    }
  };
  while (at < input.length) {
    const token = input[at++]!;
    let length = token >> 4;
    if (length === 15) length += more();
    if (length > input.length - at || length > size - to) throw cutOff('LZ4');
    literal(input, at, out, to, length);
    at += length;
    to += length;
    // The last sequence is literals only.
    if (at === input.length) break;
    const offset = input[at]! | ((input[at + 1] ?? 0) << 8);
    at += 2;
    length = (token & 15) + 4;
    if (length === 19) length += more();
    if (at > input.length || offset === 0 || offset > to || length > size - to) throw cutOff('LZ4');
    repeat(out, to, offset, length);
    to += length;
  }
  if (to !== size) throw sizeDiffers('LZ4', size, to);
  return out;
}

/** Below this many bytes a plain loop beats a call. */
const SHORT = 24;

function literal(from: Uint8Array, at: number, out: Uint8Array, to: number, length: number): void {
  if (length > SHORT) out.set(from.subarray(at, at + length), to);
  else for (let i = 0; i < length; i++) out[to + i] = from[at + i]!;
}

/** Copies from `offset` bytes back; where the two overlap, what was just written is copied again. */
function repeat(out: Uint8Array, to: number, offset: number, length: number): void {
  if (length > SHORT && offset >= length) out.copyWithin(to, to - offset, to - offset + length);
  else for (let i = 0; i < length; i++) out[to + i] = out[to - offset + i]!;
}

function cutOff(codec: string) {
  return corrupt(`${codec} data is damaged or cut off`);
}

export function sizeDiffers(codec: string, expected: number, got: number) {
  return corrupt(`${codec} data has another size than its page says`, {
    expected: `${expected} bytes`,
    got: `${got} bytes`,
  });
}
