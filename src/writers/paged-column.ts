import { RowMemory } from './scattered/row-memory.js';
import { TextPool } from './text-pool.js';

type Numbers = Float32Array | Uint32Array;
type NumbersConstructor<T extends Numbers> = new (buffer: ArrayBufferLike, byteOffset: number, length: number) => T;

/** Whole pages that wait to be used again, at most. */
const MAX_FREE_PAGES = 256;
/** The first numbers of a column: of thousands of namespaces many have a record or two. */
const TINY_PAGE_BYTES = 512;
/** Then columns go on in pages of 4 KiB, and from 64 KiB on in a whole page; where too many are in use, in one array that grows to one. */
const SMALL_PAGE_BYTES = 4096;
const MAX_SMALL_BYTES = 64 * 1024;
/** 32 MiB of small pages wait to be used again, at most. */
const MAX_FREE_SMALL_PAGES = (32 * 1024 * 1024) / SMALL_PAGE_BYTES;

/** What the columns of a namespace hold of memory, in bytes: counted as they grow, since it is asked for with every row. */
export interface Held {
  bytes: number;
}

/**
 * Memory for columns of numbers, page by page. Pages come back when their rows are written and serve the next ones, so that neither the
 * system nor the garbage collector has to do with them.
 */
export class PagePool {
  /** For the other columns. */
  readonly texts: TextPool;
  /** For rows of very many namespaces. */
  readonly rows: RowMemory;
  readonly tinyBytes: number;
  readonly smallBytes: number;
  /** Of all small pages of one column, a multiple of one. */
  readonly maxSmallBytes: number;
  /** Pages that wait, by their size. */
  private readonly free = new Map<number, { readonly pages: ArrayBufferLike[]; readonly most: number }>();
  /** Whole pages in use. */
  private used = 0;

  /**
   * @param bytes of a page, a multiple of 4
   * @param plenty while fewer whole pages are in use, a column that outgrows its small pages gets one at once. Default 0
   * @param shared whole pages may be read by other threads, without being moved there and back. Default false
   * @param segmentBytes of the memory for scattered rows, at most. Default DEFAULT_SEGMENT_BYTES
   */
  constructor(
    readonly bytes: number,
    private readonly plenty = 0,
    private readonly shared = false,
    segmentBytes?: number,
  ) {
    this.texts = new TextPool(shared);
    this.rows = new RowMemory(segmentBytes);
    this.smallBytes = Math.min(SMALL_PAGE_BYTES, bytes);
    this.tinyBytes = Math.min(TINY_PAGE_BYTES, bytes);
    const room = Math.min(MAX_SMALL_BYTES, bytes);
    this.maxSmallBytes = room - (room % this.smallBytes);
    for (const size of [this.tinyBytes, this.smallBytes]) {
      this.free.set(size, { pages: [], most: MAX_FREE_SMALL_PAGES });
    }
    this.free.set(bytes, { pages: [], most: MAX_FREE_PAGES });
  }

  /** What columns grow through on their way to a whole page is garbage afterwards, as much again as the page. */
  get hasPlenty(): boolean {
    return this.used < this.plenty;
  }

  take(bytes = this.bytes): ArrayBufferLike {
    if (bytes === this.bytes) this.used++;
    const page = this.free.get(bytes)?.pages.pop();
    if (page !== undefined) return page;
    return this.shared && bytes === this.bytes ? new SharedArrayBuffer(bytes) : new ArrayBuffer(bytes);
  }

  /** Drops the pages that wait, texts, and memory for rows that nobody uses. */
  clear(): void {
    this.texts.clear();
    this.rows.clear();
    for (const { pages } of this.free.values()) pages.length = 0;
  }

  /** Takes back what lies in pages of this pool; nobody may look at it any more. */
  giveBack(pieces: Iterable<Numbers>): void {
    for (const { buffer } of pieces) {
      if (buffer.byteLength === this.bytes) this.used--;
      const free = this.free.get(buffer.byteLength);
      if (free !== undefined && free.pages.length < free.most) free.pages.push(buffer);
    }
  }
}

/** Fewer numbers than this are copied one by one, which is quicker than making a view. */
const SHORT_COPY = 128;

/**
 * A column of numbers that grows at its end: in small pages, then in one array of which a whole page becomes, then in whole pages. Little
 * is copied when it grows.
 */
export class PagedColumn<T extends Numbers> {
  /** Small pages, or whole ones; never both. */
  private full: T[] = [];
  private last: T;
  private used = 0;
  private readonly pageNumbers: number;
  private readonly tinyNumbers: number;
  private readonly smallNumbers: number;
  /** Begin with a whole page. */
  private large = false;

  constructor(
    private readonly kind: NumbersConstructor<T>,
    private readonly pool: PagePool,
    private readonly held: Held,
  ) {
    this.pageNumbers = pool.bytes / 4;
    this.tinyNumbers = pool.tinyBytes / 4;
    this.smallNumbers = pool.smallBytes / 4;
    this.last = new kind(new ArrayBuffer(0), 0, 0);
  }

  /** Copies `numbers[from … to)`. */
  append(numbers: T, from: number, to: number): void {
    for (let at = from; at < to;) {
      if (this.used === this.last.length) this.grow(to - at);
      const { last, used } = this;
      const count = Math.min(to - at, last.length - used);
      if (count < SHORT_COPY) for (let i = 0; i < count; i++) last[used + i] = numbers[at + i]!;
      else last.set(numbers.subarray(at, at + count), used);
      this.used = used + count;
      at += count;
    }
  }

  /** Gives the numbers away and begins anew; `likeBefore`: with room for as many, as far as pages go. */
  take(likeBefore: boolean): T[] {
    const taken = this.full;
    this.large = likeBefore && taken.length > 0 && taken[0]!.length === this.pageNumbers;
    for (const { byteLength } of taken) this.held.bytes -= byteLength;
    this.held.bytes -= this.last.byteLength;
    if (this.used > 0) taken.push(this.last.subarray(0, this.used) as T);
    this.full = [];
    this.last = this.last.subarray(0, 0) as T;
    this.used = 0;
    return taken;
  }

  /** Makes room behind the last number. */
  private grow(wanted: number): void {
    const { last, full, pool, pageNumbers, smallNumbers, tinyNumbers } = this;
    if (last.length === pageNumbers || (last.length === 0 && this.large)) {
      if (last.length > 0) full.push(last);
      this.begin(pool.bytes);
    } else if (last.length === 0) {
      this.begin(wanted <= tinyNumbers ? pool.tinyBytes : pool.smallBytes);
    } else if (last.length === tinyNumbers) {
      this.gather(smallNumbers);
    } else {
      const numbers = full.length * smallNumbers + last.length;
      if (last.length === smallNumbers && (numbers + Math.min(wanted, smallNumbers)) * 4 <= pool.maxSmallBytes) {
        full.push(last);
        this.begin(pool.smallBytes);
      } else {
        this.gather(pool.hasPlenty ? pageNumbers : Math.min(Math.max(2 * numbers, numbers + wanted), pageNumbers));
      }
    }
  }

  /** Puts all there is, less than a page, into one array of that size. */
  private gather(numbers: number): void {
    const pieces = [...this.full, this.last];
    this.full = [];
    this.begin(numbers * 4);
    for (const piece of pieces) {
      this.last.set(piece, this.used);
      this.used += piece.length;
      this.held.bytes -= piece.byteLength;
    }
    this.pool.giveBack(pieces);
  }

  private begin(bytes: number): void {
    this.held.bytes += bytes;
    this.last = new this.kind(this.pool.take(bytes), 0, bytes / 4);
    this.used = 0;
  }
}
