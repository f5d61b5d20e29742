import { TextBuffer } from '../text-buffer.js';

const LF = 0x0a;
const CR = 0x0d;
const QUOTE = 0x22;

// How a field is quoted.
const PLAIN = 0;
const QUOTED = 1;
/** Quoted, with doubled quotes inside. */
const DOUBLED = 2;

/**
 * Finds the fields of CSV rows, strictly by RFC 4180: a quote opens a field only as its first byte, is doubled inside, and behind the
 * closing one comes a delimiter or the line's end. Both LF and CRLF end a row.
 */
export class CsvRow {
  /** Fields of the row; all are counted, `capacity` of them kept. */
  fields = 0;
  /** Position of a breach of the rules, -1 for none, the field that it is in, and what should have been there. */
  errorAt = -1;
  errorField = 0;
  errorExpected = '';
  /** Line feeds in the row but its last one. */
  innerLines = 0;
  /** The text read last by `text()`. */
  textBytes: Uint8Array = new Uint8Array(0);
  textStart = 0;
  textEnd = 0;

  private bytes: Uint8Array = new Uint8Array(0);
  private readonly starts: Int32Array;
  private readonly ends: Int32Array;
  private readonly quoting: Uint8Array;
  private readonly plain = new TextBuffer();
  /** Bytes that end a run of plain ones in an unquoted field. */
  private readonly stops = new Uint8Array(256);

  constructor(
    private readonly delimiter: number,
    private readonly capacity: number,
  ) {
    this.starts = new Int32Array(capacity);
    this.ends = new Int32Array(capacity);
    this.quoting = new Uint8Array(capacity);
    for (const stop of [LF, CR, QUOTE, delimiter]) this.stops[stop] = 1;
  }

  /**
   * Finds the fields of the row at `start`; the last byte of `bytes` is a line feed.
   * @returns the position of the line feed that ends the row
   */
  scan(bytes: Uint8Array, start: number): number {
    this.bytes = bytes;
    this.fields = 0;
    this.errorAt = -1;
    this.innerLines = 0;
    const { delimiter, stops } = this;
    let p = start;
    for (;;) {
      let kind: number = PLAIN;
      let from = p;
      let to: number;
      if (bytes[p] === QUOTE) {
        kind = QUOTED;
        from = p + 1;
        to = bytes.indexOf(QUOTE, from);
        while (to >= 0 && bytes[to + 1] === QUOTE) {
          kind = DOUBLED;
          to = bytes.indexOf(QUOTE, to + 2);
        }
        if (to < 0) return this.fail(start, bytes.length - 1, this.fields, 'a closing quote');
        p = to + 1;
      } else {
        while (stops[bytes[p]!] === 0) p++;
        to = p;
        if (bytes[p] === QUOTE)
          return this.fail(start, p, this.fields, 'no quote inside of a field without quotes around it');
      }
      if (this.fields < this.capacity) {
        this.starts[this.fields] = from;
        this.ends[this.fields] = to;
        this.quoting[this.fields] = kind;
      }
      this.fields++;
      if (kind !== PLAIN) this.innerLines += countLines(bytes, from, to);
      const c = bytes[p]!;
      if (c === delimiter) {
        p++;
      } else if (c === LF) {
        return p;
      } else if (c === CR && bytes[p + 1] === LF) {
        return p + 1;
      } else {
        return this.fail(
          start,
          p,
          this.fields - 1,
          kind === PLAIN ? 'a line feed behind the carriage return' : 'a delimiter behind the closing quote',
        );
      }
    }
  }

  /** Takes the text of a field to `textBytes`, without quotes. `textBytes[textEnd]` exists and is no part of it. */
  text(field: number): void {
    const start = this.starts[field]!;
    const end = this.ends[field]!;
    if (this.quoting[field] === DOUBLED) {
      this.plain.undouble(this.bytes, start, end);
      this.textBytes = this.plain.bytes;
      this.textStart = 0;
      this.textEnd = this.plain.end;
    } else {
      this.textBytes = this.bytes;
      this.textStart = start;
      this.textEnd = end;
    }
  }

  isEmpty(field: number): boolean {
    return this.starts[field] === this.ends[field];
  }

  /**
   * Where a broken row ends: at the line feed before which the quotes are even, as the chunker has it, so that what follows does not
   * depend on where chunks were cut.
   */
  private fail(start: number, at: number, field: number, expected: string): number {
    this.errorAt = at;
    this.errorField = field;
    this.errorExpected = expected;
    this.innerLines = 0;
    const { bytes } = this;
    let open = false;
    for (let p = start; p < bytes.length; p++) {
      const c = bytes[p];
      if (c === QUOTE) {
        open = !open;
      } else if (c === LF) {
        if (!open) return p;
        this.innerLines++;
      }
    }
    this.innerLines--;
    return bytes.length - 1;
  }
}

function countLines(bytes: Uint8Array, start: number, end: number): number {
  let lines = 0;
  for (let p = bytes.indexOf(LF, start); p >= 0 && p < end; p = bytes.indexOf(LF, p + 1)) lines++;
  return lines;
}
