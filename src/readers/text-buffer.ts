import { unescapeString } from './json/unescape.js';

/**
 * Memory for one text that is not in the input as such: a string without its escapes, a cell without its doubled quotes. The byte
 * behind it is a line feed, on which every scan stops.
 */
export class TextBuffer {
  bytes: Uint8Array<ArrayBuffer> = new Uint8Array(1024);
  end = 0;

  copy(bytes: Uint8Array, start: number, end: number): void {
    this.reserve(end - start);
    this.bytes.set(bytes.subarray(start, end));
    this.close(end - start);
  }

  /** @param start of the string's text, behind its quote; `end` at its closing quote */
  unescape(bytes: Uint8Array, start: number, end: number): void {
    this.reserve(end - start);
    this.close(unescapeString(bytes, start, end, this.bytes, 0));
  }

  /** Copies a quoted CSV field's text, each doubled quote as one (RFC 4180, rule 7). */
  undouble(bytes: Uint8Array, start: number, end: number): void {
    this.reserve(end - start);
    let q = 0;
    let p = start;
    while (p < end) {
      const quote = bytes.indexOf(0x22, p);
      const stop = quote < 0 || quote >= end ? end : quote + 1;
      this.bytes.set(bytes.subarray(p, stop), q);
      q += stop - p;
      p = stop === end ? end : stop + 1;
    }
    this.close(q);
  }

  private reserve(length: number): void {
    if (this.bytes.length <= length) this.bytes = new Uint8Array(2 * length + 1);
  }

  private close(end: number): void {
    this.end = end;
    this.bytes[end] = 0x0a;
  }
}
