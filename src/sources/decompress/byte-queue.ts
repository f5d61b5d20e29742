/** Takes bytes from a stream in pieces of a wanted length. Copies only pieces that span two buffers of the stream. */
export class ByteQueue {
  readonly #iterator: AsyncIterator<Uint8Array>;
  #bytes: Uint8Array = new Uint8Array(0);
  #position = 0;

  constructor(input: AsyncIterable<Uint8Array>) {
    this.#iterator = input[Symbol.asyncIterator]();
  }

  /** Bytes taken so far. */
  get position(): number {
    return this.#position;
  }

  /** Looks at up to `length` bytes without taking them; fewer only at the end of the stream. */
  async peek(length: number): Promise<Uint8Array> {
    while (this.#bytes.length < length) {
      const next = await this.#iterator.next();
      if (next.done === true) break;
      this.#bytes = this.#bytes.length === 0 ? next.value : Buffer.concat([this.#bytes, next.value]);
    }
    return this.#bytes.subarray(0, length);
  }

  /** Takes `length` bytes; undefined if the stream ends before. */
  async take(length: number): Promise<Uint8Array | undefined> {
    const bytes = await this.peek(length);
    if (bytes.length < length) return undefined;
    this.#drop(length);
    return bytes;
  }

  /** Passes over `length` bytes; false if the stream ends before. */
  async skip(length: number): Promise<boolean> {
    for (let left = length; left > 0;) {
      const some = await this.peek(1);
      if (some.length === 0) return false;
      const step = Math.min(left, this.#bytes.length);
      this.#drop(step);
      left -= step;
    }
    return true;
  }

  /** Closes the stream. */
  async close(): Promise<void> {
    await this.#iterator.return?.();
  }

  #drop(length: number): void {
    this.#bytes = this.#bytes.subarray(length);
    this.#position += length;
  }
}
