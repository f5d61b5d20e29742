import { corrupt } from './fault.js';
import { RawFloats, readNumbers, readNumbersInPlace, type Numbers, type NumberType } from './number-values.js';
import type { ColumnPages, DataPage } from './pages.js';

/** Definition levels at which the parts of a list are there. */
export interface ListLevels {
  /** The group the list lies in; 0 when it lies in the root. */
  readonly parent: number;
  readonly list: number;
  /** The repeated node: below it the list is empty. */
  readonly repeated: number;
  /** The element: below it the element is null. */
  readonly element: number;
}

/** What a row holds, besides its numbers. */
export const ROW = {
  PRESENT: 0,
  /** The group around the list is null. */
  PARENT_NULL: 1,
  LIST_NULL: 2,
  /** One of the elements is null. */
  ELEMENT_NULL: 3,
} as const;

/** Where the numbers of rows go. */
export interface ListSink {
  /** Elements `values[from … to)` of `row`, which may come in several pieces. */
  append(row: number, values: Numbers | RawFloats, from: number, to: number): void;
  /** The row is one of ROW, but not PRESENT. */
  mark(row: number, state: number): void;
  /** What was appended is about to go away: whatever was not copied must be. */
  flush(): void;
}

/**
 * A column of lists of numbers, row by row. Rows may begin in one page and end in another (v1 pages are free to), and the
 * elements go to a sink page by page as whole stretches.
 */
export class ListColumn {
  #page: DataPage | undefined;
  #values: Numbers | RawFloats = new Float32Array(0);
  #dictionary: Numbers | undefined;
  #level = 0;
  #value = 0;
  /** Rows of the page that were begun. */
  #begun = 0;

  constructor(
    private readonly pages: ColumnPages,
    private readonly type: NumberType,
    private readonly levels: ListLevels,
  ) {}

  /** Reads exactly `rows` rows. */
  async read(rows: number, sink: ListSink): Promise<void> {
    let row = -1;
    for (;;) {
      if (this.#page === undefined || this.#level === this.#page.count) {
        sink.flush();
        if (!(await this.#nextPage())) {
          if (row + 1 < rows) throw corrupt('the column has fewer rows than its row group');
          return;
        }
      }
      const { count, definition } = this.#page!;
      const starts = this.#page!.rowStarts!;
      while (this.#level < count) {
        if (starts[this.#begun] === this.#level) {
          // The last row ends where the next begins, which may be in another page.
          if (row === rows - 1) {
            sink.flush();
            return;
          }
          row++;
          this.#begun++;
        } else if (row < 0) {
          throw corrupt('a row group begins in the middle of a list');
        }
        const next = starts[this.#begun] ?? count;
        if (definition === undefined) {
          const length = next - this.#level;
          sink.append(row, this.#values, this.#value, this.#value + length);
          this.#value += length;
        } else {
          this.#stretch(row, definition, this.#level, next, sink);
        }
        this.#level = next;
      }
    }
  }

  /** Has every row been read? */
  async atEnd(): Promise<boolean> {
    if (this.#page !== undefined && this.#level < this.#page.count) return false;
    return !(await this.#nextPage());
  }

  /** A stretch of one row in which not everything is there. */
  #stretch(row: number, definition: Uint8Array, from: number, to: number, sink: ListSink): void {
    const { parent, list, repeated, element } = this.levels;
    let run = 0;
    const flush = (): void => {
      if (run > 0) sink.append(row, this.#values, this.#value, this.#value + run);
      this.#value += run;
      run = 0;
    };
    for (let i = from; i < to; i++) {
      const level = definition[i]!;
      if (level === element) {
        run++;
        continue;
      }
      flush();
      if (level < parent) sink.mark(row, ROW.PARENT_NULL);
      else if (level < list) sink.mark(row, ROW.LIST_NULL);
      else if (level >= repeated) sink.mark(row, ROW.ELEMENT_NULL);
    }
    flush();
  }

  async #nextPage(): Promise<boolean> {
    const page = await this.pages.next();
    if (page === undefined) return false;
    const { dictionary } = this.pages;
    if (this.#dictionary === undefined && dictionary !== undefined) {
      this.#dictionary = readNumbers(this.type, 'PLAIN', dictionary.bytes, dictionary.count, undefined);
    }
    this.#values = readNumbersInPlace(this.type, page.encoding, page.values, page.present, this.#dictionary);
    this.#page = page;
    this.#level = 0;
    this.#value = 0;
    this.#begun = 0;
    return true;
  }
}

/**
 * Vectors of one length, end to end: shape [rows, dimension]. Lists of other lengths are measured, not kept: what lies in
 * their rows means nothing. `memory`, of as many numbers or more, is used for the vectors where it is given.
 */
export class FixedListSink implements ListSink {
  readonly values: Float32Array<ArrayBuffer>;
  readonly lengths: Float64Array;
  readonly states: Uint8Array;
  readonly #bytes: Uint8Array;
  // Rows that lie end to end in the page lie so here, too: they are copied in one go.
  #from: Numbers | RawFloats | undefined;
  #start = 0;
  #end = 0;
  #to = 0;

  constructor(
    rows: number,
    private readonly dimension: number,
    memory?: Float32Array<ArrayBuffer>,
  ) {
    this.values = memory?.subarray(0, rows * dimension) ?? new Float32Array(rows * dimension);
    this.#bytes = new Uint8Array(this.values.buffer, this.values.byteOffset, this.values.byteLength);
    this.lengths = new Float64Array(rows);
    this.states = new Uint8Array(rows);
  }

  append(row: number, values: Numbers | RawFloats, from: number, to: number): void {
    const before = this.lengths[row]!;
    this.lengths[row] = before + to - from;
    const kept = Math.min(to - from, this.dimension - before);
    if (kept <= 0) return;
    const at = row * this.dimension + before;
    if (values === this.#from && from === this.#end && at === this.#to + this.#end - this.#start) {
      this.#end += kept;
      return;
    }
    this.flush();
    this.#from = values;
    this.#start = from;
    this.#end = from + kept;
    this.#to = at;
  }

  mark(row: number, state: number): void {
    this.states[row] = state;
  }

  flush(): void {
    if (this.#from === undefined) return;
    const from = this.#from;
    if (from instanceof RawFloats) this.#bytes.set(from.bytes.subarray(4 * this.#start, 4 * this.#end), 4 * this.#to);
    else this.values.set(from.subarray(this.#start, this.#end), this.#to);
    this.#from = undefined;
  }
}

/** Lists of any length, end to end; of each at most `cap` elements are kept. */
export class CappedListSink<A extends Float32Array | Float64Array> implements ListSink {
  readonly lengths: Float64Array;
  readonly states: Uint8Array;
  /** Where each row's elements begin; rows come in order. Length rows + 1 after `finish`. */
  readonly offsets: Uint32Array;
  #values: A;
  #used = 0;
  #row = -1;
  #raw: RawFloats | undefined;
  #numbers: Float32Array<ArrayBuffer> | undefined;

  constructor(
    rows: number,
    private readonly cap: number,
    private readonly make: (length: number) => A,
  ) {
    this.lengths = new Float64Array(rows);
    this.states = new Uint8Array(rows);
    this.offsets = new Uint32Array(rows + 1);
    this.#values = make(1024);
  }

  append(row: number, values: Numbers | RawFloats, from: number, to: number): void {
    this.#begin(row);
    const before = this.lengths[row]!;
    this.lengths[row] = before + to - from;
    const kept = Math.min(to - from, this.cap - before);
    if (kept <= 0) return;
    if (this.#used + kept > this.#values.length) {
      const larger = this.make(Math.max(2 * this.#values.length, this.#used + kept));
      larger.set(this.#values.subarray(0, this.#used));
      this.#values = larger;
    }
    const numbers = values instanceof RawFloats ? this.#decoded(values) : values;
    this.#values.set(numbers.subarray(from, from + kept), this.#used);
    this.#used += kept;
  }

  mark(row: number, state: number): void {
    this.#begin(row);
    this.states[row] = state;
  }

  /** All is copied at once. */
  flush(): void {}

  finish(): A {
    this.#begin(this.lengths.length);
    return this.#values.subarray(0, this.#used) as A;
  }

  /** Lists of all lengths go through here piece by piece: the page is made numbers of once. */
  #decoded(raw: RawFloats): Float32Array<ArrayBuffer> {
    if (this.#raw !== raw) {
      this.#raw = raw;
      this.#numbers = raw.toNumbers();
    }
    return this.#numbers!;
  }

  #begin(row: number): void {
    while (this.#row < row) this.offsets[++this.#row] = this.#used;
  }
}
