import { JsonScanner } from './json/scanner.js';
import { TextBuffer } from './text-buffer.js';

/** A JSON text inside of another one or of a CSV cell: copied out, checked, and open to be read. */
export class JsonText {
  readonly text = new TextBuffer();
  readonly scanner = new JsonScanner();
  /** The value in `text.bytes`, white space around it left out. */
  start = 0;
  end = 0;

  /** Checks `bytes[start … end)`, UTF-8; false when it is no JSON text. */
  read(bytes: Uint8Array, start: number, end: number, allowNonFinite: boolean): boolean {
    this.text.copy(bytes, start, end);
    return this.check(allowNonFinite);
  }

  /** The same for the text of a JSON string. */
  readString(bytes: Uint8Array, start: number, end: number, allowNonFinite: boolean): boolean {
    this.text.unescape(bytes, start, end);
    return this.check(allowNonFinite);
  }

  get bytes(): Uint8Array {
    return this.text.bytes;
  }

  get isObject(): boolean {
    return this.text.bytes[this.start] === 0x7b;
  }

  get isNull(): boolean {
    return this.text.bytes[this.start] === 0x6e;
  }

  private check(allowNonFinite: boolean): boolean {
    const { scanner, text } = this;
    scanner.begin(text.bytes, text.end);
    scanner.allowNonFinite = allowNonFinite;
    this.start = scanner.skipSpace(0);
    this.end = scanner.skipValue(this.start, 0);
    return this.end >= 0 && scanner.skipSpace(this.end) === text.end;
  }
}
