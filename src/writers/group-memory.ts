/** Memory comes in this size, twice that, and so on: no more than twice of what its rows take. */
const MIN_BYTES = 4 * 1024;
/** Larger memory is made when it is needed, and left to the garbage collector. */
const MAX_KEPT_BYTES = 1024 * 1024;

/**
 * Memory in which rows of a group are put together before they are written. Thousands of small groups take the same few pieces: new ones would
 * be a load on the garbage collector, which goes through all objects for every few megabytes of them.
 */
export class GroupMemory {
  readonly #free = new Map<number, ArrayBufferLike[]>();

  /** @param shared other threads write what lies in it */
  constructor(private readonly shared: boolean) {}

  /** Of so many bytes or more; what is in it is anyone's. */
  take(bytes: number): ArrayBufferLike {
    let length = MIN_BYTES;
    while (length < bytes) length *= 2;
    if (length > MAX_KEPT_BYTES) length = bytes;
    return this.#free.get(length)?.pop() ?? (this.shared ? new SharedArrayBuffer(length) : new ArrayBuffer(length));
  }

  /** Nobody looks at it any more. */
  giveBack(memory: ArrayBufferLike): void {
    const { byteLength } = memory;
    if (byteLength === 0 || byteLength > MAX_KEPT_BYTES) return;
    const free = this.#free.get(byteLength);
    if (free === undefined) this.#free.set(byteLength, [memory]);
    else free.push(memory);
  }
}
