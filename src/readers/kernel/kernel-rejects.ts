import { quote } from '../../base/errors.js';
import { rawText } from '../../records/raw-text.js';
import type { Reject } from '../../records/reject.js';
import type { RuleCode } from '../../records/rule-codes.js';
import { count, describeJson, fieldLabel, shown, SHOWN_BYTES } from '../problem.js';
import type { Chunk, ReaderConfig } from '../reader.js';
import { METADATA_TYPES } from './kernel-config.js';

/** Bytes of a problem in the kernel's memory: 20 u32, written by reject.ts there. */
export const PROBLEM_BYTES = 80;
const NONE = 0xffffffff;
/** An id in a reject is cut here: four bytes for each of the 512 characters that an id may have. */
const READABLE_ID_BYTES = 2048;

/** Rule codes in the order of codes.ts; the last one goes by the kind of the run. */
const CODES: readonly RuleCode[] = [
  'JSON_SYNTAX',
  'UTF8_INVALID',
  'JSON_DUPLICATE_KEY',
  'JSON_NOT_OBJECT',
  'CSV_SYNTAX',
  'CSV_FIELD_COUNT',
  'ID_MISSING',
  'ID_TYPE',
  'VALUES_MISSING',
  'VALUES_TYPE',
  'VALUES_DIMENSION',
  'VALUES_NOT_FINITE',
  'SPARSE_MISSING',
  'SPARSE_TYPE',
  'SPARSE_LENGTHS',
  'SPARSE_INDEX',
  'SPARSE_NOT_FINITE',
  'METADATA_NOT_OBJECT',
  'METADATA_VALUE',
  'NAMESPACE_TYPE',
  'NAMESPACE_MISSING',
  'NAMESPACE_NAME',
  'ID_CHARSET',
];
const UNEXPECTED = 23;

const LONE_SURROGATE = 'half of a surrogate pair, which no UTF-8 text can hold';
/** Number of the first field of the mapping among the fields of problems. */
const FIRST_FIELD = 16;
const GOT_POSITION_IN_LINE = 16;
const GOT_POSITION_IN_ROW = 17;

const EXPECT_TYPE = 37;

/** What was expected, by number; see codes.ts. The gaps depend on the mapping. */
const EXPECTED: Readonly<Record<number, string>> = {
  0: 'at most 512 levels of nesting',
  1: '"," or "}"',
  2: '"," or "]"',
  3: 'a key in quotes',
  4: '":"',
  5: 'the closing quote',
  6: 'no bare control character',
  7: 'an escape',
  8: 'four hexadecimal digits behind \\u',
  9: 'an escape of RFC 8259',
  10: 'a number of RFC 8259',
  11: 'a value',
  12: 'UTF-8',
  13: 'the field once',
  14: 'a JSON object',
  15: 'the end of the line',
  16: '{"indices": [whole numbers], "values": [numbers]}',
  17: 'an array',
  18: 'numbers',
  19: 'whole numbers from 0 to 4294967295',
  20: 'as many indices as values',
  26: 'finite float32 numbers',
  27: 'a number',
  28: 'a finite float32 number',
  29: 'the key once',
  30: 'a string',
  31: 'Unicode text',
  33: 'a JSON number',
  34: 'true or false',
  35: 'JSON',
  36: 'a JSON array of strings',
  38: 'a text for the namespace',
  39: 'a string or a number',
  41: 'a line feed behind the carriage return',
  42: 'a delimiter behind the closing quote',
  43: 'no quote inside of a field without quotes around it',
  44: 'a closing quote',
};

/** What was expected, where it does not depend on the mapping. */
export const fixedExpectation = (code: number): string => EXPECTED[code] ?? '';

/** Where a text came from: see Chunk. */
type TextPlace = Pick<Chunk, 'source' | 'firstLine' | 'byteOffset'>;

/** What the kernel has found wrong. */
interface ProblemTable {
  /** The kernel's. */
  readonly memory: ArrayBuffer;
  /** Address of the first problem. */
  readonly at: number;
  readonly problems: number;
}

/** Makes rejects of the problems that the kernel reports as numbers and texts. */
export class KernelRejects {
  private readonly expectations: ReadonlyMap<number, string>;
  private readonly fields: readonly (string | undefined)[];
  private words: Uint32Array = new Uint32Array(0);
  private memory: Uint8Array = new Uint8Array(0);

  constructor(
    private readonly config: ReaderConfig,
    private readonly labels: readonly string[],
  ) {
    const { values, metadata, dimension } = config;
    const valuesLabel = values !== undefined && 'field' in values ? fieldLabel(values.field) : undefined;
    const sparse = fieldLabel(config.sparse);
    const columns = values !== undefined && 'columns' in values ? values.columns : [];
    // In the order of codes.ts, like all lists here.
    this.fields = [
      undefined,
      fieldLabel(config.id),
      valuesLabel,
      sparse,
      `${sparse}.indices`,
      `${sparse}.values`,
      metadata.from === 'object' ? fieldLabel(metadata.field) : 'metadata',
      undefined,
      fieldLabel(config.unexpectedVector),
      `${columns[0]}…${columns.at(-1)}`,
    ];
    const numbers = count(dimension, 'number');
    const delimiter = quote(config.vectorDelimiter.charAt(0));
    const noVector =
      config.kind === 'sparse'
        ? 'no dense vector in a run of sparse records (vectorType)'
        : 'no sparse vector in a run of dense records (vectorType)';
    // Those that depend on the mapping.
    this.expectations = new Map([
      [21, numbers],
      [22, `an array of ${numbers}`],
      [23, `a JSON array of ${numbers}`],
      [24, `base64 of ${numbers} as little-endian float32`],
      [25, `${numbers} with ${delimiter} or white space between`],
      [32, noVector],
      [40, count(labels.length, 'field')],
    ]);
  }

  /** @param text that was read */
  read(place: TextPlace, text: Uint8Array, { memory, at, problems }: ProblemTable): Reject[] {
    const rejects: Reject[] = [];
    this.memory = new Uint8Array(memory);
    for (let i = 0; i < problems; i++) {
      this.words = new Uint32Array(memory, at + PROBLEM_BYTES * i, PROBLEM_BYTES / 4);
      rejects.push(this.reject(place, text));
    }
    return rejects;
  }

  private reject(place: TextPlace, text: Uint8Array): Reject {
    const [code, , , , , , , , , , id, idLength, name, nameLength, , , start, end, line] = this
      .words as unknown as number[];
    const unexpected = this.config.kind === 'sparse' ? 'VALUES_UNEXPECTED' : 'SPARSE_UNEXPECTED';
    return {
      source: place.source,
      line: place.firstLine + line!,
      byteOffset: place.byteOffset + start!,
      id: idLength === NONE ? undefined : rawText(this.memory, id!, id! + idLength!, READABLE_ID_BYTES),
      namespace: nameLength === NONE ? undefined : rawText(this.memory, name!, name! + nameLength!),
      code: code === UNEXPECTED ? unexpected : CODES[code!]!,
      field: this.field(),
      expected: this.expected(),
      got: this.got(text, start!, end!),
      raw: this.config.keepRaw ? rawText(text, start!, end!) : undefined,
    };
  }

  private field(): string | undefined {
    const number = this.words[1]!;
    if (number >= FIRST_FIELD) return this.labels[number - FIRST_FIELD];
    const at = this.words[14]!;
    return number === FIELD_TEXT ? rawText(this.memory, at, at + this.words[15]!) : this.fields[number];
  }

  private expected(): string {
    const number = this.words[2]!;
    const code = number & 0xff;
    if (code === EXPECT_TYPE) return `a value of type ${METADATA_TYPES[number >> 8]}`;
    return this.expectations.get(code) ?? fixedExpectation(code);
  }

  private got(bytes: Uint8Array, start: number, end: number): string {
    const [, , , kind, , , , a, b, position] = this.words as unknown as number[];
    if (kind === GOT_POSITION_IN_LINE) {
      const what = b === 1 ? 'the end of the line' : foundAt(bytes, start + a!, end);
      return `${what} at byte ${a! + 1} of the line`;
    }
    if (kind === GOT_POSITION_IN_ROW) {
      if (start + a! >= end) return 'the end of the row';
      return `${shown(bytes, start + a!, start + a! + 1)} at byte ${a! + 1} of the row`;
    }
    const got = this.gotText(kind!, a!, b!);
    return position === NONE ? got : `${got} at position ${position}`;
  }

  private gotText(kind: number, a: number, b: number): string {
    switch (kind) {
      case 0:
        return this.describe();
      case 1:
        return this.shownText();
      case 2:
        return this.rawText();
      case 3:
        return count(a, 'number');
      case 4:
        return `base64 of ${count(a, 'byte')}`;
      case 5:
        return `${a} and ${count(b, 'value')}`;
      case 6:
        return String(new Float32Array(Uint32Array.of(a).buffer)[0]);
      case 18:
        return count(a, 'field');
      default:
        return GOT_TEXTS[kind] ?? '';
    }
  }

  /** The text that a problem is about, of which the kernel keeps the beginning; longer than what is shown of it if it is cut. */
  private text(): Uint8Array {
    const [, , , , at, length] = this.words as unknown as number[];
    return this.memory.subarray(at, at! + length!);
  }

  private rawText(): string {
    const text = this.text();
    return rawText(text, 0, text.length, SHOWN_BYTES);
  }

  private shownText(): string {
    const text = this.text();
    return shown(text, 0, text.length);
  }

  private describe(): string {
    const text = this.text();
    const whole = this.words[6]! === text.length;
    // Without its end a string would lose a byte of its text for the quote.
    const string =
      !whole && text[0] === 0x22 ? `the string ${shown(text, 1, text.length)}` : describeJson(text, 0, text.length);
    const isId = this.words[0] === CODES.indexOf('ID_TYPE');
    const isNumber = text[0] === 0x2d || (text[0]! - 0x30) >>> 0 <= 9;
    return isId && isNumber ? `${string}, which must be in quotes to be an id` : string;
  }
}

const FIELD_TEXT = 7;

const GOT_TEXTS: Readonly<Record<number, string>> = {
  7: 'it twice',
  8: 'an object without "indices"',
  9: 'an object without "values"',
  10: 'NaN or an infinity',
  11: 'an empty text',
  12: 'an empty field',
  13: 'null',
  14: 'no such field',
  15: LONE_SURROGATE,
  19: 'empty fields',
  20: 'none',
  21: 'other bytes',
};

/** What stands at a syntax error: the word or character there. */
function foundAt(bytes: Uint8Array, at: number, end: number): string {
  let to = at + 1;
  if (/[A-Za-z]/.test(String.fromCharCode(bytes[at]!))) {
    while (to < end && to - at < 12 && /[A-Za-z]/.test(String.fromCharCode(bytes[to]!))) to++;
  }
  // A bare byte of a character beyond ASCII says more as a number.
  if (bytes[at]! >= 0x80) return `byte 0x${bytes[at]!.toString(16)}`;
  return shown(bytes, at, to);
}
