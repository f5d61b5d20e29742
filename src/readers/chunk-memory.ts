/** Chunks whose memory waits to be used again, at most: as many as are under way. */
const MAX_FREE = 16;

const free: ArrayBuffer[] = [];

/**
 * Memory for a chunk of `bytes` bytes: that of a chunk that has been read, if there is any of this size. Taking a megabyte from the system for
 * every chunk, and giving it back, costs more than reading it.
 */
export function takeChunkMemory(bytes: number): Buffer {
  const last = free.at(-1);
  if (last?.byteLength === bytes) {
    free.pop();
    return Buffer.from(last);
  }
  return Buffer.allocUnsafeSlow(bytes);
}

/** Nobody looks at it any more. */
export function giveBackChunkMemory(memory: ArrayBuffer): void {
  if (free.length === MAX_FREE) free.shift();
  free.push(memory);
}
