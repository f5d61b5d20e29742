import { readSync } from 'node:fs';
import { PineloadError } from '../../base/errors.js';
import { rawText } from '../../records/raw-text.js';
import type { Reject } from '../../records/reject.js';
import { byteOrderMark, OVERSIZE_SAMPLE_BYTES, oversizeReject } from '../chunks.js';
import type { FileBlock } from '../reader.js';
import type { KernelExports } from './wasm.js';

/** So much is read beyond a block at first, where the last of its lines goes on. */
export const TAIL_BYTES = 64 * 1024;
const LF = 0x0a;

/** The records of a block in the kernel's memory. */
export interface PlacedBlock {
  /** Address of the first byte. */
  readonly at: number;
  readonly length: number;
  /** Offset of the first byte in the file. */
  readonly byteOffset: number;
  /** The line behind them, if it is too large. */
  readonly oversize?: Omit<Reject, 'source' | 'line'> | undefined;
}

/** Reads a block of a file straight into the kernel's memory. */
export function placeBlock(kernel: KernelExports, block: FileBlock): PlacedBlock {
  const { cut, start, end } = block;
  if (cut === 'lines') return placeLines(kernel, block);
  const at = kernel.place(end - start);
  return { at, length: read(kernel, block, at, end - start, start), byteOffset: start };
}

/**
 * A line belongs to the block in which its first byte lies, so this begins behind the first line feed at `start - 1` or later, and ends
 * with the line that reaches the block's end.
 */
function placeLines(kernel: KernelExports, block: FileBlock): PlacedBlock {
  const { start, end, fileBytes, maxRecordBytes, source } = block;
  const from = Math.max(0, start - 1);
  let length = Math.min(end + TAIL_BYTES, fileBytes) - from;
  const at = kernel.place(length);
  let filled = read(kernel, block, at, length, from);
  let bytes = Buffer.from(kernel.memory.buffer, at, filled);
  const none: PlacedBlock = { at, length: 0, byteOffset: from };
  const feedBefore = bytes.subarray(0, end - 1 - from).indexOf(LF);
  if (start > 0 && feedBefore < 0) return taken(kernel, none);
  const begin = start > 0 ? feedBefore + 1 : byteOrderMark(bytes, source);
  const lastBegin = Math.max(begin, bytes.subarray(0, end - 1 - from).lastIndexOf(LF) + 1);
  let scanned = Math.max(begin, end - 1 - from);
  for (;;) {
    const feed = bytes.indexOf(LF, scanned);
    const atEnd = filled < length || from + filled >= fileBytes;
    const stop = feed >= 0 ? feed + 1 : filled;
    if (feed >= 0 || atEnd || filled - lastBegin > maxRecordBytes) {
      const known = stop - lastBegin - (feed >= 0 ? 1 : 0);
      const placed: PlacedBlock = { at: at + begin, length: stop - begin, byteOffset: from + begin };
      if (known <= maxRecordBytes) return taken(kernel, placed);
      const lineBytes = feed >= 0 || atEnd ? known : known + bytesToFeed(block, from + filled);
      const sample = Math.min(OVERSIZE_SAMPLE_BYTES, maxRecordBytes);
      const oversize = {
        byteOffset: from + lastBegin,
        ...oversizeReject(maxRecordBytes, lineBytes, rawText(bytes, lastBegin, stop, sample)),
      };
      return taken(kernel, { ...placed, length: lastBegin - begin, oversize });
    }
    // The line goes on: as much again, up to what shows that it is too large.
    scanned = filled;
    length = Math.min(filled + Math.max(filled, TAIL_BYTES), lastBegin + maxRecordBytes + TAIL_BYTES, fileBytes - from);
    kernel.place(length);
    filled += read(kernel, block, at + filled, length - filled, from + filled);
    bytes = Buffer.from(kernel.memory.buffer, at, filled);
  }
}

function taken(kernel: KernelExports, placed: PlacedBlock): PlacedBlock {
  kernel.takeInput(placed.at, placed.at + placed.length);
  return placed;
}

/** Reads up to `length` bytes to an address of the kernel's memory; fewer only where the file ends. */
export function read(
  kernel: KernelExports,
  { fd, source }: FileBlock,
  at: number,
  length: number,
  position: number,
): number {
  const memory = new Uint8Array(kernel.memory.buffer);
  return readFully(fd, source, memory, at, length, position);
}

function readFully(
  fd: number,
  source: string,
  memory: Uint8Array,
  at: number,
  length: number,
  position: number,
): number {
  let done = 0;
  try {
    while (done < length) {
      const count = readSync(fd, memory, at + done, length - done, position + done);
      if (count === 0) break;
      done += count;
    }
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw new PineloadError('INPUT_UNREADABLE', { source, got: code ?? message, cause: error });
  }
  return done;
}

/** Bytes from `position` to the next line feed or the file's end. */
function bytesToFeed({ fd, source }: FileBlock, position: number): number {
  const buffer = Buffer.allocUnsafeSlow(TAIL_BYTES);
  for (let passed = 0; ;) {
    const count = readFully(fd, source, buffer, 0, buffer.length, position + passed);
    const feed = buffer.subarray(0, count).indexOf(LF);
    if (feed >= 0) return passed + feed;
    passed += count;
    if (count < buffer.length) return passed;
  }
}
