import type { JsonValues } from '../../parquet/decode/index.js';

/** JSON text under way, as UTF-8 in memory that grows and is used again. */
export class JsonOut {
  #bytes = new Uint8Array(64 * 1024);
  /** Bytes written; may be set back to drop what was written last. */
  length = 0;

  /** @param options nonFinite: how NaN and the infinities are written, for which JSON has no notation */
  constructor(private readonly options: { readonly nonFinite: 'null' | 'name' } = { nonFinite: 'name' }) {}

  /** What was written; good until more is. */
  get written(): Uint8Array {
    return this.#bytes.subarray(0, this.length);
  }

  /** One ASCII character. */
  byte(byte: number): void {
    this.#room(1);
    this.#bytes[this.length++] = byte;
  }

  /** Bytes as they are. */
  raw(bytes: Uint8Array): void {
    this.#room(bytes.length);
    this.#bytes.set(bytes, this.length);
    this.length += bytes.length;
  }

  ascii(text: string): void {
    this.#room(text.length);
    for (let i = 0; i < text.length; i++) this.#bytes[this.length++] = text.charCodeAt(i);
  }

  /** Value `index` of a page. */
  value(values: JsonValues, index: number): void {
    if ('texts' in values) {
      const { bytes, starts, ends, codes } = values.texts;
      const k = codes === undefined ? index : codes[index]!;
      this.string(bytes, starts[k]!, ends[k]!);
    } else {
      const json = values.json(values.codes === undefined ? index : values.codes[index]!);
      this.ascii(this.options.nonFinite === 'null' && NON_FINITE.test(json) ? 'null' : json);
    }
  }

  /** `bytes[start … end)` as a JSON string: RFC 8259, section 7. Whether it is UTF-8 is for the reader of the text to say. */
  string(bytes: Uint8Array, start: number, end: number): void {
    // Every byte may take six.
    this.#room(6 * (end - start) + 2);
    const out = this.#bytes;
    let at = this.length;
    out[at++] = QUOTE;
    for (let i = start; i < end; i++) {
      const byte = bytes[i]!;
      if (byte === QUOTE || byte === BACKSLASH) {
        out[at++] = BACKSLASH;
        out[at++] = byte;
      } else if (byte >= 0x20) {
        out[at++] = byte;
      } else {
        const escape = SHORT_ESCAPES[byte];
        if (escape === undefined) {
          const hex = byte.toString(16).padStart(4, '0');
          out[at++] = BACKSLASH;
          out[at++] = 0x75;
          for (let h = 0; h < 4; h++) out[at++] = hex.charCodeAt(h);
        } else {
          out[at++] = BACKSLASH;
          out[at++] = escape.charCodeAt(0);
        }
      }
    }
    out[at++] = QUOTE;
    this.length = at;
  }

  #room(more: number): void {
    if (this.length + more <= this.#bytes.length) return;
    const larger = new Uint8Array(Math.max(2 * this.#bytes.length, this.length + more));
    larger.set(this.written);
    this.#bytes = larger;
  }
}

const NON_FINITE = /^(?:NaN|-?Infinity)$/;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const SHORT_ESCAPES: Readonly<Record<number, string>> = { 8: 'b', 9: 't', 10: 'n', 12: 'f', 13: 'r' };
