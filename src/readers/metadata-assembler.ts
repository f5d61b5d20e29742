import { jsonNumberEnd } from './json/float32.js';
import { JsonText } from './json-text.js';
import { isSpace } from './number-text.js';
import type { MetadataColumnType } from './reader.js';

/** Stands between the texts of a `string-list` cell that is no JSON array. */
export const STRING_LIST_DELIMITER = '|';

/** A whole number of more than this magnitude stays text under `auto`: as a float64 it would lose digits. */
export const MAX_AUTO_INTEGER = Number.MAX_SAFE_INTEGER;

const HEX = '0123456789abcdef';
const encoder = new TextEncoder();
const decoder = new TextDecoder();
const LIST_DELIMITER = STRING_LIST_DELIMITER.charCodeAt(0);

/** The key of a metadata field, as JSON text with its colon. */
export const metadataKey = (name: string): Uint8Array => encoder.encode(`${JSON.stringify(name)}:`);

/**
 * Puts a JSON object together from fields, as bytes. Values are the input's own bytes wherever they are JSON already.
 * `addCell` returns what it expected when a cell is not of its type, and then the object is of no use.
 */
export class MetadataAssembler {
  bytes: Uint8Array<ArrayBuffer> = new Uint8Array(4096);
  end = 0;
  private readonly json = new JsonText();

  begin(): void {
    this.end = 0;
  }

  get isEmpty(): boolean {
    return this.end === 0;
  }

  /** Closes the object; it is `bytes[0 … end)`. */
  close(): void {
    this.push(0x7d);
  }

  /** @param key with its colon @param bytes the value's JSON text */
  addJson(key: Uint8Array, bytes: Uint8Array, start: number, end: number): void {
    this.addKey(key);
    this.append(bytes, start, end);
  }

  /** Adds text, valid UTF-8, as a JSON string. */
  addString(key: Uint8Array, bytes: Uint8Array, start: number, end: number): void {
    this.addKey(key);
    this.appendString(bytes, start, end);
  }

  /**
   * Adds a plain text that is not empty as a value of the type; what was expected if it is none. `bytes[end]` exists and is no part of a
   * number (a quote, a delimiter, a line feed).
   */
  addCell(
    key: Uint8Array,
    type: MetadataColumnType,
    bytes: Uint8Array,
    start: number,
    end: number,
  ): string | undefined {
    let from = start;
    let to = end;
    while (from < to && isSpace(bytes[from]!)) from++;
    while (to > from && isSpace(bytes[to - 1]!)) to--;
    switch (type) {
      case 'string':
        this.addString(key, bytes, start, end);
        return undefined;
      case 'number':
        if (!isFiniteNumber(bytes, from, to)) return 'a JSON number';
        this.addJson(key, bytes, from, to);
        return undefined;
      case 'boolean': {
        const truth = booleanText(bytes, from, to);
        if (truth === undefined) return 'true or false';
        this.addBoolean(key, truth);
        return undefined;
      }
      case 'json':
        if (!this.json.read(bytes, from, to, false)) return 'JSON';
        if (!this.json.isNull) this.addJson(key, this.json.bytes, this.json.start, this.json.end);
        return undefined;
      case 'string-list':
        return this.addStringList(key, bytes, from, to);
      case 'auto': {
        const truth = booleanText(bytes, start, end);
        if (truth !== undefined) this.addBoolean(key, truth);
        else if (isFiniteNumber(bytes, start, end) && !isLongInteger(bytes, start, end))
          this.addJson(key, bytes, start, end);
        else this.addString(key, bytes, start, end);
        return undefined;
      }
    }
  }

  private addBoolean(key: Uint8Array, truth: boolean): void {
    const text = truth ? TRUE : FALSE;
    this.addJson(key, text, 0, text.length);
  }

  private addStringList(key: Uint8Array, bytes: Uint8Array, start: number, end: number): string | undefined {
    if (bytes[start] === 0x5b) {
      if (!this.json.read(bytes, start, end, false)) return 'a JSON array of strings';
      this.addJson(key, this.json.bytes, this.json.start, this.json.end);
      return undefined;
    }
    this.addKey(key);
    this.push(0x5b);
    let from = start;
    for (let p = start; p <= end; p++) {
      if (p < end && bytes[p] !== LIST_DELIMITER) continue;
      if (from > start) this.push(0x2c);
      this.appendString(bytes, from, p);
      from = p + 1;
    }
    this.push(0x5d);
    return undefined;
  }

  private addKey(key: Uint8Array): void {
    this.push(this.end === 0 ? 0x7b : 0x2c);
    this.append(key, 0, key.length);
  }

  /** RFC 8259, section 7: a quote, a backslash and the control characters below U+0020 must be escaped, nothing else need be. */
  private appendString(bytes: Uint8Array, start: number, end: number): void {
    this.push(0x22);
    let from = start;
    for (let p = start; p < end; p++) {
      const c = bytes[p]!;
      if (c >= 0x20 && c !== 0x22 && c !== 0x5c) continue;
      this.append(bytes, from, p);
      from = p + 1;
      const short = SHORT_ESCAPES[c];
      const escape = short ?? `\\u00${HEX[c >> 4]!}${HEX[c & 15]!}`;
      for (let i = 0; i < escape.length; i++) this.push(escape.charCodeAt(i));
    }
    this.append(bytes, from, end);
    this.push(0x22);
  }

  private append(bytes: Uint8Array, start: number, end: number): void {
    this.reserve(end - start);
    this.bytes.set(bytes.subarray(start, end), this.end);
    this.end += end - start;
  }

  private push(byte: number): void {
    this.reserve(1);
    this.bytes[this.end++] = byte;
  }

  private reserve(more: number): void {
    if (this.end + more <= this.bytes.length) return;
    const grown = new Uint8Array(Math.max(2 * this.bytes.length, this.end + more));
    grown.set(this.bytes);
    this.bytes = grown;
  }
}

const TRUE = encoder.encode('true');
const FALSE = encoder.encode('false');

const SHORT_ESCAPES: Readonly<Record<number, string>> = {
  0x08: '\\b',
  0x09: '\\t',
  0x0a: '\\n',
  0x0c: '\\f',
  0x0d: '\\r',
  0x22: '\\"',
  0x5c: '\\\\',
};

function booleanText(bytes: Uint8Array, start: number, end: number): boolean | undefined {
  if (end - start < 4 || end - start > 5) return undefined;
  const text = decoder.decode(bytes.subarray(start, end));
  if (text === 'true' || text === 'True' || text === 'TRUE') return true;
  return text === 'false' || text === 'False' || text === 'FALSE' ? false : undefined;
}

/** A JSON number that fits a float64, which is what the service keeps. The byte at `end` is no part of a number. */
function isFiniteNumber(bytes: Uint8Array, start: number, end: number): boolean {
  const first = bytes[start]!;
  if (start === end || (first !== 0x2d && (first - 0x30) >>> 0 > 9)) return false;
  return jsonNumberEnd(bytes, start) === end && Number.isFinite(Number(decoder.decode(bytes.subarray(start, end))));
}

function isLongInteger(bytes: Uint8Array, start: number, end: number): boolean {
  if (end - start < 16) return false;
  const value = Number(decoder.decode(bytes.subarray(start, end)));
  return Number.isInteger(value) && Math.abs(value) > MAX_AUTO_INTEGER;
}
