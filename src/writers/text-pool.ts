/** What is smaller is not kept: thousands of namespaces have a little of it each. */
const LEAST_BYTES = 64 * 1024;
/** So many bytes of each size wait to be used again, at most. */
const MOST_FREE_BYTES = 16 * 1024 * 1024;

/**
 * Memory for columns of texts that grow. Sizes are powers of two: what one row group has used serves the next ones, whose texts are as long
 * or nearly so, and the garbage collector has nothing to do with it.
 */
export class TextPool {
  readonly #free = new Map<number, ArrayBufferLike[]>();

  /** @param shared other threads may read it, without its being moved there and back. Default false */
  constructor(private readonly shared = false) {}

  /** Room for at least so many bytes. */
  take(bytes: number): Uint8Array {
    if (bytes < LEAST_BYTES) return new Uint8Array(bytes);
    const size = 2 ** Math.ceil(Math.log2(bytes));
    const free = this.#free.get(size)?.pop();
    return new Uint8Array(free ?? (this.shared ? new SharedArrayBuffer(size) : new ArrayBuffer(size)));
  }

  /** Takes back what `take` gave, or a part of it; nobody may look at it any more. */
  giveBack({ buffer }: Uint8Array): void {
    const size = buffer.byteLength;
    if (size < LEAST_BYTES) return;
    const free = this.#free.get(size) ?? [];
    this.#free.set(size, free);
    if (free.length * size < MOST_FREE_BYTES) free.push(buffer);
  }

  /** Drops what waits. */
  clear(): void {
    this.#free.clear();
  }
}
