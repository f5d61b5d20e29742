import { corrupt, unsupported } from './fault.js';
import { readDelta32, readDelta64 } from './delta.js';
import type { Encoding, PhysicalType } from './format.js';
import { readCodes } from './hybrid.js';

/** Types of numbers that are read: as float32, or as float64 that hold every integer of 32 bits. */
export type NumberType = 'FLOAT' | 'DOUBLE' | 'FLOAT16' | 'INT32' | 'INT64' | 'UINT_32';

/** Numbers that were decoded. */
export type Numbers = Float32Array<ArrayBuffer> | Float64Array<ArrayBuffer>;

/** PLAIN floats where they lie, at any address: to be copied once, to where they belong. */
export class RawFloats {
  constructor(
    readonly bytes: Uint8Array,
    readonly length: number,
  ) {}

  toNumbers(): Float32Array<ArrayBuffer> {
    const copy = new Uint8Array(4 * this.length);
    copy.set(this.bytes.subarray(0, copy.length));
    return new Float32Array(copy.buffer);
  }
}

const WIDTH: Readonly<Record<NumberType, number>> = { FLOAT: 4, DOUBLE: 8, FLOAT16: 2, INT32: 4, INT64: 8, UINT_32: 4 };

/** Which numbers a leaf holds; undefined when it holds none that are read. */
export function numberType(
  type: PhysicalType | undefined,
  annotation: string | undefined,
  typeLength: number,
): NumberType | undefined {
  if (type === 'FLOAT' || type === 'DOUBLE') return annotation === undefined ? type : undefined;
  if (type === 'FIXED_LEN_BYTE_ARRAY') return annotation === 'FLOAT16' && typeLength === 2 ? 'FLOAT16' : undefined;
  if (type === 'INT32') {
    if (annotation === 'UINT_32') return 'UINT_32';
    return annotation === undefined || /^U?INT_(8|16|32)$/.test(annotation) ? 'INT32' : undefined;
  }
  if (type === 'INT64') return annotation === undefined || /^U?INT_64$/.test(annotation) ? 'INT64' : undefined;
  return undefined;
}

/** Floats come out as float32, integers as float64. */
export function emptyNumbers(type: NumberType, length: number): Numbers {
  return type === 'FLOAT' || type === 'DOUBLE' || type === 'FLOAT16'
    ? new Float32Array(length)
    : new Float64Array(length);
}

/**
 * The `count` numbers of a page.
 * @param dictionary the chunk's dictionary, decoded
 */
export function readNumbers(
  type: NumberType,
  encoding: Encoding,
  bytes: Uint8Array,
  count: number,
  dictionary: Numbers | undefined,
): Numbers {
  switch (encoding) {
    case 'PLAIN':
      return plain(type, bytes, count);
    case 'PLAIN_DICTIONARY':
    case 'RLE_DICTIONARY': {
      const out = emptyNumbers(type, count);
      if (count === 0) return out;
      if (dictionary === undefined) throw corrupt('a page refers to a dictionary that is not there');
      const codes = readDictionaryCodes(bytes, count, dictionary.length);
      for (let i = 0; i < count; i++) out[i] = dictionary[codes[i]!]!;
      return out;
    }
    case 'BYTE_STREAM_SPLIT':
      return plain(type, joinStreams(bytes, count, WIDTH[type]), count);
    case 'DELTA_BINARY_PACKED': {
      const cursor = { bytes, at: 0, end: bytes.length };
      if (type === 'INT64') return Float64Array.from(readDelta64(cursor, count), Number);
      if (type === 'INT32') return Float64Array.from(readDelta32(cursor, count));
      if (type === 'UINT_32') return Float64Array.from(new Uint32Array(readDelta32(cursor, count).buffer));
      break;
    }
    default:
      break;
  }
  throw unsupported(`encoding ${encoding} of ${type} is not read`);
}

/** As `readNumbers`, but PLAIN floats are left where they are. */
export function readNumbersInPlace(
  type: NumberType,
  encoding: Encoding,
  bytes: Uint8Array,
  count: number,
  dictionary: Numbers | undefined,
): Numbers | RawFloats {
  if (type !== 'FLOAT' || encoding !== 'PLAIN') return readNumbers(type, encoding, bytes, count, dictionary);
  if (bytes.length < 4 * count) throw fewer(4 * count, bytes.length);
  return new RawFloats(bytes, count);
}

/** One byte for the width of the codes, then the hybrid. */
export function readDictionaryCodes(bytes: Uint8Array, count: number, entries: number): Uint32Array {
  if (bytes.length === 0) throw corrupt('dictionary codes are missing');
  return readCodes({ bytes, at: 1, end: bytes.length }, bytes[0]!, count, entries);
}

function plain(type: NumberType, bytes: Uint8Array, count: number): Numbers {
  const size = count * WIDTH[type];
  if (bytes.length < size) {
    throw fewer(size, bytes.length);
  }
  // A copy is aligned; the page's own place in the file hardly ever is. PLAIN is little-endian, as the machine is.
  const copy = new Uint8Array(size);
  copy.set(bytes.subarray(0, size));
  switch (type) {
    case 'FLOAT':
      return new Float32Array(copy.buffer);
    case 'DOUBLE':
      return new Float32Array(new Float64Array(copy.buffer));
    case 'FLOAT16':
      return Float32Array.from(new Uint16Array(copy.buffer), half);
    case 'INT32':
      return Float64Array.from(new Int32Array(copy.buffer));
    case 'UINT_32':
      return Float64Array.from(new Uint32Array(copy.buffer));
    case 'INT64': {
      const words = new DataView(copy.buffer);
      const out = new Float64Array(count);
      for (let i = 0; i < count; i++) {
        out[i] = words.getInt32(8 * i + 4, true) * 2 ** 32 + words.getUint32(8 * i, true);
      }
      return out;
    }
  }
}

/** BYTE_STREAM_SPLIT: first bytes of all values, then second bytes, and so on. */
export function joinStreams(bytes: Uint8Array, count: number, width: number): Uint8Array {
  if (bytes.length < count * width) throw corrupt('a page has fewer values than it says');
  const out = new Uint8Array(count * width);
  for (let b = 0; b < width; b++) {
    const stream = b * count;
    for (let i = 0; i < count; i++) out[i * width + b] = bytes[stream + i]!;
  }
  return out;
}

/** IEEE 754 binary16. */
function half(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 31) return fraction === 0 ? sign * Infinity : NaN;
  return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

function fewer(expected: number, got: number) {
  return corrupt('a page has fewer values than it says', { expected: `${expected} bytes`, got: `${got} bytes` });
}
