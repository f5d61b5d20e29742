/**
 * Finds where records end. A scanner is told of all bytes once, in order, piece by piece; it keeps what it must know
 * between pieces and no bytes.
 */
export interface RecordScanner {
  /** Looks on from `from`. Returns the place after the next record end, or -1 when there is none in these bytes. */
  next(bytes: Buffer, from: number): number;
  /** Line breaks met so far, those inside of quotes included. */
  readonly lines: number;
  /** Is a quote open? Then the input must not end here. */
  readonly open: boolean;
}

const LF = 0x0a;
const QUOTE = 0x22;

/** JSONL: a record ends at a line feed (a JSON text cannot hold a bare one inside of a string: RFC 8259, section 7). */
export class LineScanner implements RecordScanner {
  lines = 0;
  readonly open = false;

  next(bytes: Buffer, from: number): number {
    const at = bytes.indexOf(LF, from);
    if (at < 0) return -1;
    this.lines++;
    return at + 1;
  }
}

/**
 * CSV: a row ends at a line feed before which the number of quotes is even (RFC 4180, section 2, rules 6 and 7: a field
 * with line breaks is quoted, and a quote inside is doubled, which does not change even or odd).
 */
export class CsvRowScanner implements RecordScanner {
  lines = 0;
  open = false;
  /** The next quote of these bytes, kept between rows: where quotes are rare, each would be looked for row by row. */
  #bytes: Buffer | undefined;
  #quote = 0;

  next(bytes: Buffer, from: number): number {
    if (bytes !== this.#bytes || this.#quote < from) {
      this.#bytes = bytes;
      this.#quote = find(bytes, QUOTE, from);
    }
    let feed = find(bytes, LF, from);
    for (;;) {
      if (this.#quote < feed) {
        this.open = !this.open;
        this.#quote = find(bytes, QUOTE, this.#quote + 1);
      } else if (feed < bytes.length) {
        this.lines++;
        if (!this.open) return feed + 1;
        feed = find(bytes, LF, feed + 1);
      } else return -1;
    }
  }
}

/**
 * CSV of which it is said that no field holds a line break: a row ends at a line feed. That is the only way to begin in the middle of a
 * file, so it is checked: a line with an odd number of quotes is an error, not a guess.
 */
export class CsvLineScanner implements RecordScanner {
  lines = 0;
  open = false;

  /** @param broken makes the error for the line of that number, counted from the first byte on */
  constructor(private readonly broken: (line: number) => Error) {}

  next(bytes: Buffer, from: number): number {
    const feed = find(bytes, LF, from);
    for (let quote = find(bytes, QUOTE, from); quote < feed; quote = find(bytes, QUOTE, quote + 1)) {
      this.open = !this.open;
    }
    if (feed === bytes.length) return -1;
    this.lines++;
    if (this.open) throw this.broken(this.lines);
    return feed + 1;
  }
}

/** Place of a byte from `from` on, or the end. */
function find(bytes: Buffer, byte: number, from: number): number {
  const at = bytes.indexOf(byte, from);
  return at < 0 ? bytes.length : at;
}
