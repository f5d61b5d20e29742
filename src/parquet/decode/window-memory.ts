/** Memory comes in multiples of this, so that what one window leaves fits another. */
const STEP_BYTES = 64 * 1024;
/** Kept for later, at most: the windows of some files that are read at once. */
const MAX_IDLE_BYTES = 16 * 1024 * 1024;

const idle: Uint8Array[] = [];
let idleBytes = 0;

/**
 * Memory for bytes that are read, whatever is in it. A file has a stretch for each column of each row group, and new memory
 * for each of them costs more than to read them from a local disk's cache.
 */
export function takeMemory(length: number): Uint8Array {
  // Of the ones that are large enough the smallest, and none that would mostly lie idle.
  let best = -1;
  for (let i = 0; i < idle.length; i++) {
    const bytes = idle[i]!.length;
    if (bytes >= length && bytes <= 4 * length + STEP_BYTES && (best < 0 || bytes < idle[best]!.length)) best = i;
  }
  if (best >= 0) {
    const [memory] = idle.splice(best, 1);
    idleBytes -= memory!.length;
    return memory!;
  }
  return new Uint8Array(Buffer.allocUnsafeSlow(Math.ceil(length / STEP_BYTES) * STEP_BYTES).buffer);
}

/** Nobody looks at it any more, and nothing is being read into it. */
export function giveMemory(memory: Uint8Array): void {
  if (idleBytes + memory.length > MAX_IDLE_BYTES) return;
  idle.push(memory);
  idleBytes += memory.length;
}
