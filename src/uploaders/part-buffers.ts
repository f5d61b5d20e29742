/** Buffers that may stay small start at this size and double: 10,000 namespaces would not hold 16 MiB each. */
export const FIRST_BUFFER_BYTES = 64 * 1024;

/** Size of the buffer that holds so many bytes of a part: a power of two times FIRST_BUFFER_BYTES, or the whole part. */
export function bufferBytes(bytes: number, partBytes: number): number {
  let size = Math.min(FIRST_BUFFER_BYTES, partBytes);
  while (size < bytes && size < partBytes) size *= 2;
  return Math.min(size, partBytes);
}

/**
 * Buffers that are used again by all the writers of a store: new ones for every object cost more time, in page faults and garbage
 * collection, than all their bytes on the way. What lies ready never adds to what was in use at once.
 */
export class PartBuffers {
  readonly #free = new Map<number, Buffer[]>();

  constructor(readonly partBytes: number) {}

  /** A buffer for at least so many bytes, as far as a part goes. Its contents are left from earlier. */
  take(bytes: number): Buffer {
    const size = bufferBytes(bytes, this.partBytes);
    const ready = this.#free.get(size)?.pop();
    if (ready !== undefined) return ready;
    this.#drop(size);
    return Buffer.allocUnsafeSlow(size);
  }

  /** Nobody may use it any more: neither its writer nor a request. */
  giveBack(buffer: Buffer): void {
    const free = this.#free.get(buffer.length);
    if (free === undefined) this.#free.set(buffer.length, [buffer]);
    else free.push(buffer);
  }

  /** Lets go of `bytes` of what lies ready in other sizes, the largest first. */
  #drop(bytes: number): void {
    const sizes = [...this.#free.keys()].sort((a, b) => b - a);
    for (const size of sizes) {
      const free = this.#free.get(size)!;
      while (bytes > 0 && free.pop() !== undefined) bytes -= size;
    }
  }
}
