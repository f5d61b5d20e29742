/** Memory comes in multiples of this. */
const STEP_BYTES = 64 * 1024;
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
    const size = Math.max(1, Math.ceil(bytes / STEP_BYTES)) * STEP_BYTES;
    const length = size > MAX_KEPT_BYTES ? bytes : size;
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
