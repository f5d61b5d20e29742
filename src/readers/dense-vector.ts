import { base64Length, decodeBase64 } from './base64.js';
import { jsonNumberEnd, parseFloat32, scanFloat32Array } from './json/float32.js';
import type { JsonScanner } from './json/scanner.js';
import { JsonText } from './json-text.js';
import { isNonFiniteText, isSpace, numberTextEnd } from './number-text.js';
import { count, describeJson, problem, shown, type Problem } from './problem.js';
import type { VectorEncoding } from './reader.js';

const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;

/**
 * Reads one dense vector into `out[base … base + dimension)`, however it is written. Every method returns undefined when it has, else
 * what is wrong with the vector (then `out` holds leavings there).
 */
export class DenseVectorReader {
  private readonly nested = new JsonText();
  private packed = new Uint8Array(0);

  /**
   * @param dimension numbers that a vector must have
   * @param field its name in messages
   * @param delimiter one ASCII character; white space separates as well
   */
  constructor(
    private readonly dimension: number,
    private readonly field: string,
    private readonly encoding: VectorEncoding,
    private readonly delimiter: number,
  ) {}

  get expected(): string {
    return count(this.dimension, 'number');
  }

  missing(got: string): Problem {
    return problem('VALUES_MISSING', this.field, this.expected, got);
  }

  notFinite(got: string): Problem {
    return problem('VALUES_NOT_FINITE', this.field, 'finite float32 numbers', got);
  }

  wrongCount(numbers: number): Problem {
    return problem('VALUES_DIMENSION', this.field, this.expected, count(numbers, 'number'));
  }

  private wrongType(expected: string, got: string): Problem {
    return problem('VALUES_TYPE', this.field, expected, got);
  }

  /**
   * A checked JSON value, as `scanner` passed over it; the fast path for plain arrays has been tried already.
   * @param escaped is it a string with escapes in it?
   */
  readJson(
    scanner: JsonScanner,
    start: number,
    end: number,
    escaped: boolean,
    out: Float32Array,
    base: number,
  ): Problem | undefined {
    const { bytes } = scanner;
    const first = bytes[start];
    if (first === OPEN_BRACKET) return this.readArray(scanner, start, out, base);
    if (first === 0x6e) return this.missing('null');
    if (first === 0x22) {
      // Escapes are rare (PHP writes "\/" in base64) and never needed in a vector.
      if (escaped) {
        const { text } = this.nested;
        text.unescape(bytes, start + 1, end - 1);
        return this.readText(text.bytes.slice(0, text.end + 1), 0, text.end, out, base);
      }
      return this.readText(bytes, start + 1, end - 1, out, base);
    }
    return this.wrongType(`an array of ${this.expected}`, describeJson(bytes, start, end));
  }

  /** The plain text of a cell or string; `bytes[end]` is a byte that no number goes on with. */
  readText(bytes: Uint8Array, start: number, end: number, out: Float32Array, base: number): Problem | undefined {
    let from = start;
    let to = end;
    while (from < to && isSpace(bytes[from]!)) from++;
    while (to > from && isSpace(bytes[to - 1]!)) to--;
    if (from === to) return this.missing('an empty text');
    switch (this.encoding) {
      case 'json':
        return this.readArrayText(bytes, from, to, out, base);
      case 'base64':
        return this.readBase64(bytes, from, to, out, base);
      case 'delimited':
        return this.readDelimited(bytes, from, to, out, base);
      case 'auto':
        if (bytes[from] === OPEN_BRACKET) return this.readArrayText(bytes, from, to, out, base);
        return this.looksLikeBase64(bytes, from, to)
          ? this.readBase64(bytes, from, to, out, base)
          : this.readDelimited(bytes, from, to, out, base);
    }
  }

  /** Base64 has neither delimiters nor points nor white space; of what could be both, a lone number is taken for a number. */
  private looksLikeBase64(bytes: Uint8Array, start: number, end: number): boolean {
    for (let p = start; p < end; p++) {
      const c = bytes[p]!;
      if (c === this.delimiter || c === 0x2e || isSpace(c)) return false;
    }
    if (this.dimension > 1 && base64Length(bytes, start, end) === 4 * this.dimension) return true;
    return numberTextEnd(bytes, start, end) !== end && !isNonFiniteText(bytes, start, end);
  }

  private readArrayText(
    bytes: Uint8Array,
    start: number,
    end: number,
    out: Float32Array,
    base: number,
  ): Problem | undefined {
    if (bytes[start] === OPEN_BRACKET && scanFloat32Array(bytes, start + 1, out, base, this.dimension) === end) {
      return undefined;
    }
    const { nested } = this;
    if (nested.read(bytes, start, end, true)) {
      if (nested.bytes[nested.start] === OPEN_BRACKET) return this.readArray(nested.scanner, nested.start, out, base);
    } else if (this.encoding === 'auto') {
      return this.readDelimited(bytes, start, end, out, base);
    }
    return this.wrongType(`a JSON array of ${this.expected}`, shown(bytes, start, end));
  }

  /** Element by element: for arrays that the fast path would not take, mostly to find out why. */
  private readArray(scanner: JsonScanner, start: number, out: Float32Array, base: number): Problem | undefined {
    const { bytes } = scanner;
    let wrong: Problem | undefined;
    let numbers = 0;
    let p = scanner.skipSpace(start + 1);
    while (bytes[p] !== CLOSE_BRACKET) {
      const end = scanner.skipValue(p, 0);
      if (jsonNumberEnd(bytes, p) === end) {
        const value = parseFloat32(bytes, p, end);
        if (!Number.isFinite(value)) wrong ??= this.notFinite(`${describeJson(bytes, p, end)} ${at(numbers)}`);
        if (numbers < this.dimension) out[base + numbers] = value;
      } else if (isNonFiniteText(bytes, p, end)) {
        wrong ??= this.notFinite(`${shownWord(bytes, p, end)} ${at(numbers)}`);
      } else {
        wrong ??= this.wrongType(`an array of ${this.expected}`, `${describeJson(bytes, p, end)} ${at(numbers)}`);
      }
      numbers++;
      p = scanner.skipSpace(end);
      if (bytes[p] === 0x2c) p = scanner.skipSpace(p + 1);
    }
    return wrong ?? (numbers === this.dimension ? undefined : this.wrongCount(numbers));
  }

  private readDelimited(
    bytes: Uint8Array,
    start: number,
    end: number,
    out: Float32Array,
    base: number,
  ): Problem | undefined {
    let p = start;
    let to = end;
    if (bytes[p] === OPEN_BRACKET && bytes[to - 1] === CLOSE_BRACKET) {
      p++;
      to--;
    }
    let wrong: Problem | undefined;
    let numbers = 0;
    for (;;) {
      while (p < to && isSpace(bytes[p]!)) p++;
      if (p === to && numbers === 0) break;
      const from = p;
      while (p < to && bytes[p] !== this.delimiter && !isSpace(bytes[p]!)) p++;
      if (numberTextEnd(bytes, from, p) === p) {
        const value = parseFloat32(bytes, from, p);
        if (!Number.isFinite(value)) wrong ??= this.notFinite(`${shown(bytes, from, p)} ${at(numbers)}`);
        if (numbers < this.dimension) out[base + numbers] = value;
      } else if (isNonFiniteText(bytes, from, p)) {
        wrong ??= this.notFinite(`${shown(bytes, from, p)} ${at(numbers)}`);
      } else {
        wrong ??= this.wrongType(
          `${this.expected} with ${shown(Uint8Array.of(this.delimiter), 0, 1)} or white space between`,
          `${shown(bytes, from, p)} ${at(numbers)}`,
        );
      }
      numbers++;
      while (p < to && isSpace(bytes[p]!)) p++;
      if (p === to) break;
      if (bytes[p] === this.delimiter) p++;
    }
    return wrong ?? (numbers === this.dimension ? undefined : this.wrongCount(numbers));
  }

  private readBase64(
    bytes: Uint8Array,
    start: number,
    end: number,
    out: Float32Array,
    base: number,
  ): Problem | undefined {
    const length = base64Length(bytes, start, end);
    if (length > this.packed.length) this.packed = new Uint8Array(length);
    if (length < 0 || decodeBase64(bytes, start, end, this.packed) < 0) {
      return this.wrongType(`base64 of ${this.expected} as little-endian float32`, shown(bytes, start, end));
    }
    if (length % 4 !== 0) {
      return this.wrongType(
        `base64 of ${this.expected} as little-endian float32`,
        `base64 of ${count(length, 'byte')}`,
      );
    }
    if (length !== 4 * this.dimension) return this.wrongCount(length / 4);
    const view = new DataView(this.packed.buffer);
    for (let i = 0; i < this.dimension; i++) {
      const value = view.getFloat32(4 * i, true);
      if (!Number.isFinite(value)) return this.notFinite(`${value} ${at(i)}`);
      out[base + i] = value;
    }
    return undefined;
  }

  /** One number in a cell of its own, the `i`-th of the vector. */
  readNumber(
    column: string,
    bytes: Uint8Array,
    start: number,
    end: number,
    out: Float32Array,
    at: number,
  ): Problem | undefined {
    let from = start;
    let to = end;
    while (from < to && isSpace(bytes[from]!)) from++;
    while (to > from && isSpace(bytes[to - 1]!)) to--;
    if (from < to && numberTextEnd(bytes, from, to) === to) {
      const value = parseFloat32(bytes, from, to);
      out[at] = value;
      if (Number.isFinite(value)) return undefined;
    } else if (!isNonFiniteText(bytes, from, to)) {
      return problem('VALUES_TYPE', column, 'a number', from === to ? 'an empty field' : shown(bytes, from, to));
    }
    return problem('VALUES_NOT_FINITE', column, 'a finite float32 number', shown(bytes, from, to));
  }
}

/** `at position 17`, counted from 0 as in the languages that wrote the vector. */
const at = (index: number): string => `at position ${index}`;

const shownWord = (bytes: Uint8Array, start: number, end: number): string =>
  String.fromCharCode(...bytes.subarray(start, end));
