import type { BatchBuilder } from '../records/batch-builder.js';
import { jsonNumberEnd, parseFloat32 } from './json/float32.js';
import { STRING_ESCAPED, type JsonScanner } from './json/scanner.js';
import { JsonText } from './json-text.js';
import { isNonFiniteText } from './number-text.js';
import { count, describeJson, problem, shown, type Problem } from './problem.js';
import { TextBuffer } from './text-buffer.js';

const EXPECTED = '{"indices": [whole numbers], "values": [numbers]}';
const MAX_INDEX = 0xffffffff;
const CLOSE_BRACKET = 0x5d;

/** Reads sparse vectors, `{"indices": […], "values": […]}`, into a builder's row. Other keys of the object are passed over. */
export class SparseVectorReader {
  private readonly nested = new JsonText();
  private readonly key = new TextBuffer();
  /** Value of the key `indices`, and of `values`, in the text at hand; -1 when it has none. */
  private indicesAt = -1;
  private valuesAt = -1;

  constructor(private readonly field: string) {}

  missing(got: string): Problem {
    return problem('SPARSE_MISSING', this.field, EXPECTED, got);
  }

  /** A checked JSON value other than null, or a string that holds one. */
  readJson(scanner: JsonScanner, start: number, end: number, builder: BatchBuilder): Problem | undefined {
    const { bytes } = scanner;
    if (bytes[start] === 0x7b) return this.readObject(scanner, start, builder);
    if (bytes[start] === 0x22) {
      const { nested } = this;
      if (nested.readString(bytes, start + 1, end - 1, true)) return this.readNested(builder);
    }
    return problem('SPARSE_TYPE', this.field, EXPECTED, describeJson(bytes, start, end));
  }

  /** The plain text of a cell that is not empty; null is told apart by `isNullText`. */
  readText(bytes: Uint8Array, start: number, end: number, builder: BatchBuilder): Problem | undefined {
    if (this.nested.read(bytes, start, end, true)) return this.readNested(builder);
    return problem('SPARSE_TYPE', this.field, EXPECTED, shown(bytes, start, end));
  }

  private readNested(builder: BatchBuilder): Problem | undefined {
    const { nested } = this;
    if (nested.isObject) {
      const wrong = this.readObject(nested.scanner, nested.start, builder);
      return wrong ?? (nested.scanner.nonFiniteSeen > 0 ? this.notFinite('NaN or an infinity') : undefined);
    }
    return problem('SPARSE_TYPE', this.field, EXPECTED, describeJson(nested.bytes, nested.start, nested.end));
  }

  private notFinite(got: string): Problem {
    return problem('VALUES_NOT_FINITE', `${this.field}.values`, 'finite float32 numbers', got);
  }

  private readObject(scanner: JsonScanner, start: number, builder: BatchBuilder): Problem | undefined {
    const { bytes } = scanner;
    const duplicate = this.findParts(scanner, start);
    if (duplicate !== undefined)
      return problem('JSON_DUPLICATE_KEY', `${this.field}.${duplicate}`, 'the key once', 'it twice');
    for (const [name, at] of [
      ['indices', this.indicesAt],
      ['values', this.valuesAt],
    ] as const) {
      if (at < 0) return problem('SPARSE_TYPE', this.field, EXPECTED, `an object without "${name}"`);
      if (bytes[at] !== 0x5b) {
        return problem(
          'SPARSE_TYPE',
          `${this.field}.${name}`,
          'an array',
          describeJson(bytes, at, scanner.skipValue(at, 0)),
        );
      }
    }
    builder.beginSparse();
    let i = scanner.skipSpace(this.indicesAt + 1);
    let v = scanner.skipSpace(this.valuesAt + 1);
    while (bytes[i] !== CLOSE_BRACKET && bytes[v] !== CLOSE_BRACKET) {
      const indexEnd = scanner.skipValue(i, 0);
      const index = wholeNumber(bytes, i, indexEnd);
      if (index < 0) {
        const got = describeJson(bytes, i, indexEnd);
        return problem('SPARSE_INDEX', `${this.field}.indices`, 'whole numbers from 0 to 4294967295', got);
      }
      const valueEnd = scanner.skipValue(v, 0);
      const isNumber = jsonNumberEnd(bytes, v) === valueEnd;
      if (!isNumber && !isNonFiniteText(bytes, v, valueEnd)) {
        return problem('SPARSE_TYPE', `${this.field}.values`, 'numbers', describeJson(bytes, v, valueEnd));
      }
      const value = isNumber ? parseFloat32(bytes, v, valueEnd) : NaN;
      if (!Number.isFinite(value)) return this.notFinite(describeJson(bytes, v, valueEnd));
      builder.appendSparse(index, value);
      i = nextElement(scanner, indexEnd);
      v = nextElement(scanner, valueEnd);
    }
    if (bytes[i] !== CLOSE_BRACKET || bytes[v] !== CLOSE_BRACKET) {
      const indices = countElements(scanner, this.indicesAt);
      const values = countElements(scanner, this.valuesAt);
      return problem(
        'SPARSE_LENGTHS',
        this.field,
        'as many indices as values',
        `${indices} and ${count(values, 'value')}`,
      );
    }
    return undefined;
  }

  /** Finds `indices` and `values`; the name of one that occurs twice. */
  private findParts(scanner: JsonScanner, start: number): string | undefined {
    const { bytes } = scanner;
    this.indicesAt = -1;
    this.valuesAt = -1;
    let p = scanner.skipSpace(start + 1);
    while (bytes[p] !== 0x7d) {
      const keyEnd = scanner.skipString(p);
      const name = this.keyName(bytes, p + 1, keyEnd - 1, scanner.stringFlags);
      const at = scanner.skipColon(keyEnd);
      if (name === 'indices') {
        if (this.indicesAt >= 0) return name;
        this.indicesAt = at;
      } else if (name === 'values') {
        if (this.valuesAt >= 0) return name;
        this.valuesAt = at;
      }
      p = nextElement(scanner, scanner.skipValue(at, 0));
    }
    return undefined;
  }

  private keyName(bytes: Uint8Array, start: number, end: number, flags: number): 'indices' | 'values' | undefined {
    if ((flags & STRING_ESCAPED) !== 0) {
      this.key.unescape(bytes, start, end);
      return this.keyName(this.key.bytes, 0, this.key.end, 0);
    }
    if (isText(bytes, start, end, 'indices')) return 'indices';
    return isText(bytes, start, end, 'values') ? 'values' : undefined;
  }
}

function isText(bytes: Uint8Array, start: number, end: number, text: string): boolean {
  if (end - start !== text.length) return false;
  for (let i = 0; i < text.length; i++) if (bytes[start + i] !== text.charCodeAt(i)) return false;
  return true;
}

/** From behind an element of an array or object that is known to be valid, to the next one or the closing bracket. */
function nextElement(scanner: JsonScanner, end: number): number {
  const p = scanner.skipSpace(end);
  return scanner.bytes[p] === 0x2c ? scanner.skipSpace(p + 1) : p;
}

function countElements(scanner: JsonScanner, arrayAt: number): number {
  let elements = 0;
  let p = scanner.skipSpace(arrayAt + 1);
  while (scanner.bytes[p] !== CLOSE_BRACKET) {
    p = nextElement(scanner, scanner.skipValue(p, 0));
    elements++;
  }
  return elements;
}

/** A JSON number that is an index: digits, or digits and a fraction of zeros (`7.0`, as float columns are written). -1 otherwise. */
function wholeNumber(bytes: Uint8Array, start: number, end: number): number {
  let p = start;
  let value = 0;
  for (; p < end && (bytes[p]! - 0x30) >>> 0 <= 9; p++) {
    value = value * 10 + (bytes[p]! - 0x30);
    if (value > MAX_INDEX) return -1;
  }
  if (p === start) return -1;
  if (p < end && bytes[p] === 0x2e) {
    p++;
    while (p < end && bytes[p] === 0x30) p++;
  }
  return p === end ? value : -1;
}
