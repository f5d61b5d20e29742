import type { Reject } from '../records/reject.js';

const LF = 0x0a;

/**
 * The bytes of a chunk, ending with a line feed: the scans stop on it, so that no loop has to look for the end. Only the last chunk of
 * a source may lack it, and is copied then. Always a plain Uint8Array, since Buffers mixed in would slow the hot loops down.
 */
export function terminated(bytes: Uint8Array): Uint8Array {
  const { length } = bytes;
  if (length === 0 || bytes[length - 1] === LF) return new Uint8Array(bytes.buffer, bytes.byteOffset, length);
  const copy = new Uint8Array(length + 1);
  copy.set(bytes);
  copy[length] = LF;
  return copy;
}

/** Adds the chunker's rejects to the reader's, in input order. */
export function mergeRejects(rejects: Reject[], earlier: readonly Reject[]): void {
  if (earlier.length === 0) return;
  rejects.push(...earlier);
  rejects.sort((a, b) => a.byteOffset - b.byteOffset);
}
