import type { Held } from './paged-column.js';

type Column = Uint8Array | Uint32Array | Float32Array;

/**
 * A typed array that grows at its end. It doubles, but never beyond `maxCapacity` unless a single append needs it, so that
 * a full row group does not cost twice its size.
 */
export class GrowingArray<T extends Column> {
  /** Valid up to `length`; replaced when it grows. */
  array: T;
  length = 0;
  private hint = 0;

  /**
   * @param maxCapacity in elements
   * @param drop takes what it has grown out of. Default: the garbage collector
   */
  constructor(
    private readonly create: (length: number) => T,
    private readonly maxCapacity: number,
    private readonly held: Held,
    private readonly drop: (array: T) => void = () => undefined,
  ) {
    this.array = create(0);
  }

  /** Makes room for `extra` more elements. */
  reserve(extra: number): void {
    const needed = this.length + extra;
    const capacity = this.array.length;
    if (needed <= capacity) return;
    const doubled = Math.min(Math.max(capacity * 2, this.hint, 64), this.maxCapacity);
    const larger = this.create(Math.max(needed, doubled));
    if (this.length > 0) larger.set(this.array.subarray(0, this.length));
    this.held.bytes += larger.byteLength - this.array.byteLength;
    this.drop(this.array);
    this.array = larger;
  }

  /** Gives the elements away and begins anew; with `keepSize` the next array is made as large at once. */
  take(keepSize: boolean): T {
    const taken = this.array.subarray(0, this.length) as T;
    this.hint = keepSize ? this.length : 0;
    this.held.bytes -= this.array.byteLength;
    this.array = this.create(0);
    this.length = 0;
    return taken;
  }
}
