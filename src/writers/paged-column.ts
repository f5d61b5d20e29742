type Numbers = Float32Array | Uint32Array;
type NumbersConstructor<T extends Numbers> = new (buffer: ArrayBuffer, byteOffset: number, length: number) => T;

/** Pages that wait to be used again, at most. */
const MAX_FREE_PAGES = 256;

/**
 * Memory for columns of numbers, page by page. Pages come back when their rows are written and serve the next ones, so that neither the
 * system nor the garbage collector has to do with them.
 */
export class PagePool {
  private readonly free: ArrayBuffer[] = [];

  /** @param bytes of a page, a multiple of 4 */
  constructor(readonly bytes: number) {}

  take(): ArrayBuffer {
    return this.free.pop() ?? new ArrayBuffer(this.bytes);
  }

  /** Takes back what lies in pages of this pool; nobody may look at it any more. */
  giveBack(pieces: Iterable<Numbers>): void {
    for (const { buffer } of pieces) {
      if (buffer.byteLength === this.bytes && this.free.length < MAX_FREE_PAGES) this.free.push(buffer as ArrayBuffer);
    }
  }
}

/** The least that is set aside for a column. */
const MIN_NUMBERS = 64;

/** A column of numbers that grows at its end, in pages: nothing is copied when it grows but a first page that is still small. */
export class PagedColumn<T extends Numbers> {
  private readonly full: T[] = [];
  private last: T;
  private used = 0;
  private readonly pageNumbers: number;
  /** Begin with a whole page. */
  private large = false;

  constructor(
    private readonly kind: NumbersConstructor<T>,
    private readonly pool: PagePool,
  ) {
    this.pageNumbers = pool.bytes / 4;
    this.last = this.make(0);
  }

  /** Memory held, in bytes. */
  get capacityBytes(): number {
    return this.full.length * this.pool.bytes + this.last.byteLength;
  }

  /** Copies `numbers[from … to)`. */
  append(numbers: T, from: number, to: number): void {
    for (let at = from; at < to;) {
      if (this.used === this.last.length) this.grow(to - at);
      const count = Math.min(to - at, this.last.length - this.used);
      this.last.set(numbers.subarray(at, at + count), this.used);
      this.used += count;
      at += count;
    }
  }

  /** Gives the numbers away and begins anew; `likeBefore`: with room for as many, as far as pages go. */
  take(likeBefore: boolean): T[] {
    const taken = this.full.splice(0);
    this.large = likeBefore && taken.length > 0;
    if (this.used > 0) taken.push(this.last.subarray(0, this.used) as T);
    this.last = this.make(0);
    this.used = 0;
    return taken;
  }

  /** Makes room behind the last number. */
  private grow(wanted: number): void {
    const { last, pageNumbers } = this;
    if (last.length === pageNumbers) this.full.push(last);
    const beginning = this.full.length === 0 && !this.large;
    const size = beginning ? Math.max(2 * last.length, this.used + wanted, MIN_NUMBERS) : pageNumbers;
    const larger = this.make(Math.min(size, pageNumbers));
    if (last.length === pageNumbers) {
      this.used = 0;
    } else {
      larger.set(last);
    }
    this.last = larger;
  }

  private make(numbers: number): T {
    const buffer = numbers === this.pageNumbers ? this.pool.take() : new ArrayBuffer(numbers * 4);
    return new this.kind(buffer, 0, numbers);
  }
}
