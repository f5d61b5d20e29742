import { readDelta32, readDelta64 } from './delta.js';
import { corrupt, unsupported } from './fault.js';
import type { SchemaElement, TimeFacts } from './file-metadata.js';
import type { Encoding } from './format.js';
import { readCodes } from './hybrid.js';
import { joinStreams, readDictionaryCodes } from './number-values.js';
import { readTexts, type TextValues } from './text-values.js';

/** The values of a page, each to be had as JSON: texts as their bytes, everything else as its JSON text. */
export type JsonValues =
  | { readonly texts: TextValues }
  | { readonly json: (index: number) => string; readonly codes?: Uint32Array | undefined };

/** How the values of a leaf become JSON. */
export interface JsonType {
  /** Is the value a JSON string whose bytes are the file's own? */
  readonly isText: boolean;
  /** Is every value a whole number? */
  readonly isInteger: boolean;
  /** Values without a dictionary. @param maxBytes that texts built from shared prefixes may take */
  decode(encoding: Encoding, bytes: Uint8Array, count: number, maxBytes: number): JsonValues;
}

/** Values of a page, which may be codes of the chunk's dictionary. */
export function readJsonValues(
  type: JsonType,
  encoding: Encoding,
  bytes: Uint8Array,
  count: number,
  dictionary: { readonly values: JsonValues; readonly count: number } | undefined,
  maxBytes: number,
): JsonValues {
  if (encoding !== 'PLAIN_DICTIONARY' && encoding !== 'RLE_DICTIONARY') {
    return type.decode(encoding, bytes, count, maxBytes);
  }
  if (dictionary === undefined) {
    if (count > 0) throw corrupt('a page refers to a dictionary that is not there');
    return { json: () => 'null' };
  }
  const codes = count === 0 ? new Uint32Array(0) : readDictionaryCodes(bytes, count, dictionary.count);
  const { values } = dictionary;
  return 'texts' in values ? { texts: { ...values.texts, codes } } : { json: values.json, codes };
}

/**
 * Says how a leaf's values become JSON (LogicalTypes.md): texts as strings, numbers and decimals as numbers with every digit,
 * dates and times in the notation of ISO 8601, UUIDs in theirs. Bytes without an annotation count as text, since older writers
 * mark texts no other way. Throws `unsupported` for INTERVAL, BSON, VARIANT and what is not known.
 *
 * @param inList of a list, whose numbers are many: a float32 is written as the float64 that it is, not as the shortest text that leads back to it
 */
export function jsonType(element: SchemaElement, inList = false): JsonType {
  const { type, annotation, scale, time, typeLength } = element;
  switch (type) {
    case 'BOOLEAN':
      return scalar(readBooleans, (value) => (value === 1 ? 'true' : 'false'));
    case 'INT32': {
      if (annotation === 'DATE') return scalar(readInt32, (days) => `"${isoDate(days)}"`);
      if (annotation === 'DECIMAL') return scalar(readInt32, (digits) => decimal(BigInt(digits), scale));
      if (time !== undefined) return scalar(readInt32, (ticks) => `"${isoTime(BigInt(ticks), time)}"`);
      if (annotation === undefined || annotation === 'NULL' || /^INT_(8|16|32)$/.test(annotation)) {
        return scalar(readInt32, String, true);
      }
      if (/^UINT_(8|16|32)$/.test(annotation)) return scalar(readInt32, (value) => String(value >>> 0), true);
      break;
    }
    case 'INT64': {
      if (annotation === 'DECIMAL') return scalar(readInt64, (digits) => decimal(digits, scale));
      if (time !== undefined) {
        const stamp = annotation!.startsWith('TIMESTAMP') ? isoTimestamp : isoTime;
        return scalar(readInt64, (ticks) => `"${stamp(ticks, time)}"`);
      }
      if (annotation === undefined || annotation === 'INT_64') return scalar(readInt64, String, true);
      if (annotation === 'UINT_64') return scalar(readInt64, (value) => String(BigInt.asUintN(64, value)), true);
      break;
    }
    case 'INT96':
      return scalar(readInt96, (nanos) => `"${isoTimestamp(nanos, { ticks: 1e9, utc: true })}"`);
    case 'FLOAT':
      if (annotation === undefined) return scalar(readFloat, inList ? String : float32Text);
      break;
    case 'DOUBLE':
      if (annotation === undefined) return scalar(readDouble, String);
      break;
    case 'BYTE_ARRAY':
      if (annotation === 'DECIMAL') return fromBytes(readTexts, (bytes) => decimal(bigEndian(bytes), scale));
      if (annotation === undefined || ['STRING', 'ENUM', 'JSON'].includes(annotation)) return text(readTexts);
      break;
    case 'FIXED_LEN_BYTE_ARRAY': {
      const read = fixedTexts(typeLength);
      if (annotation === 'DECIMAL') return fromBytes(read, (bytes) => decimal(bigEndian(bytes), scale));
      if (annotation === 'UUID' && typeLength === 16) return fromBytes(read, (bytes) => `"${uuid(bytes)}"`);
      if (annotation === undefined) return text(read);
      break;
    }
    default:
      break;
  }
  throw unsupported('values of this type have no place in a record', {
    expected: 'texts, numbers, truth values, dates and times, UUIDs',
    got: annotation ?? type ?? 'a group',
  });
}

type ReadTexts = typeof readTexts;

/** Any array of numbers of one kind. */
interface Values<V> {
  readonly length: number;
  readonly [index: number]: V;
}

function scalar<V>(
  read: (encoding: Encoding, bytes: Uint8Array, count: number) => Values<V>,
  toJson: (value: V) => string,
  isInteger = false,
): JsonType {
  return {
    isText: false,
    isInteger,
    decode(encoding, bytes, count) {
      const values = read(encoding, bytes, count);
      return { json: (index) => toJson(values[index]!) };
    },
  };
}

function text(read: ReadTexts): JsonType {
  return {
    isText: true,
    isInteger: false,
    decode: (encoding, bytes, count, maxBytes) => ({ texts: read(encoding, bytes, count, undefined, maxBytes) }),
  };
}

function fromBytes(read: ReadTexts, toJson: (bytes: Uint8Array) => string): JsonType {
  return {
    isText: false,
    isInteger: false,
    decode(encoding, bytes, count, maxBytes) {
      const texts = read(encoding, bytes, count, undefined, maxBytes);
      return { json: (index) => toJson(texts.bytes.subarray(texts.starts[index]!, texts.ends[index]!)) };
    },
  };
}

/** PLAIN values of one length, end to end without their lengths. */
function fixedTexts(length: number): ReadTexts {
  return (encoding, bytes, count, dictionary, maxBytes) => {
    if (encoding !== 'PLAIN' && encoding !== 'BYTE_STREAM_SPLIT') {
      return readTexts(encoding, bytes, count, dictionary, maxBytes);
    }
    const whole = encoding === 'PLAIN' ? bytes : joinStreams(bytes, count, length);
    if (count * length > whole.length) throw corrupt('a page has fewer values than it says');
    const starts = Uint32Array.from({ length: count }, (_, i) => i * length);
    return { bytes: whole, starts, ends: starts.map((start) => start + length) };
  };
}

/** PLAIN values of `width` bytes, at an address that suits any array of numbers. */
function plain(encoding: Encoding, bytes: Uint8Array, count: number, width: number): ArrayBuffer {
  if (encoding === 'BYTE_STREAM_SPLIT') return joinStreams(bytes, count, width).slice().buffer;
  if (encoding !== 'PLAIN') throw unsupported(`encoding ${encoding} of numbers is not read`);
  if (count * width > bytes.length) throw corrupt('a page has fewer values than it says');
  return Uint8Array.from(bytes.subarray(0, count * width)).buffer;
}

function readBooleans(encoding: Encoding, bytes: Uint8Array, count: number): Values<number> {
  // Data page v2: four bytes of length, then the hybrid of one bit each.
  if (encoding === 'RLE') return readCodes({ bytes, at: 4, end: bytes.length }, 1, count, 2);
  if (encoding !== 'PLAIN') throw unsupported(`encoding ${encoding} of truth values is not read`);
  if (count > 8 * bytes.length) throw corrupt('a page has fewer values than it says');
  return Uint8Array.from({ length: count }, (_, i) => (bytes[i >> 3]! >> (i & 7)) & 1);
}

function readInt32(encoding: Encoding, bytes: Uint8Array, count: number): Int32Array {
  if (encoding === 'DELTA_BINARY_PACKED') return readDelta32({ bytes, at: 0, end: bytes.length }, count);
  return new Int32Array(plain(encoding, bytes, count, 4));
}

function readInt64(encoding: Encoding, bytes: Uint8Array, count: number): BigInt64Array {
  if (encoding === 'DELTA_BINARY_PACKED') return readDelta64({ bytes, at: 0, end: bytes.length }, count);
  return new BigInt64Array(plain(encoding, bytes, count, 8));
}

/** Nanoseconds since 1970: eight bytes of the time of day, four of the Julian day. */
function readInt96(encoding: Encoding, bytes: Uint8Array, count: number): BigInt64Array {
  const view = new DataView(plain(encoding, bytes, count, 12));
  return BigInt64Array.from({ length: count }, (_, i) => {
    const day = BigInt(view.getUint32(12 * i + 8, true) - JULIAN_1970);
    return day * NANOS_A_DAY + view.getBigUint64(12 * i, true);
  });
}

const JULIAN_1970 = 2_440_588;
const NANOS_A_DAY = 86_400_000_000_000n;

const readFloat = (encoding: Encoding, bytes: Uint8Array, count: number): Float32Array =>
  new Float32Array(plain(encoding, bytes, count, 4));

const readDouble = (encoding: Encoding, bytes: Uint8Array, count: number): Float64Array =>
  new Float64Array(plain(encoding, bytes, count, 8));

/** The shortest decimal that is this float32 and no other: 0.1, not 0.10000000149011612. */
function float32Text(value: number): string {
  if (!Number.isFinite(value) || Number.isInteger(value)) return String(value);
  for (let digits = 6; digits < 9; digits++) {
    const short = Number(value.toPrecision(digits));
    if (Math.fround(short) === value) return String(short);
  }
  return String(Number(value.toPrecision(9)));
}

/** `1234` of scale 2 is 12.34; the zeros behind the point stay. */
function decimal(digits: bigint, scale: number): string {
  if (scale <= 0) return String(digits * 10n ** BigInt(Math.min(-scale, MAX_SCALE)));
  if (scale > MAX_SCALE) throw unsupported('a decimal of so many digits is not read', { got: String(scale) });
  const sign = digits < 0n ? '-' : '';
  const text = String(digits < 0n ? -digits : digits).padStart(scale + 1, '0');
  return `${sign}${text.slice(0, -scale)}.${text.slice(-scale)}`;
}

const MAX_SCALE = 1000;

/** Two's complement, most significant byte first. */
function bigEndian(bytes: Uint8Array): bigint {
  let value = 0n;
  for (const byte of bytes) value = (value << 8n) | BigInt(byte);
  return BigInt.asIntN(8 * bytes.length, value);
}

function uuid(bytes: Uint8Array): string {
  const hex = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('hex');
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

function isoDate(days: number): string {
  const date = new Date(days * 86_400_000);
  if (Number.isNaN(date.getTime())) throw corrupt('a date lies outside of the calendar', { got: `day ${days}` });
  return date.toISOString().slice(0, -14);
}

/** `2024-05-01T12:34:56.789Z`; without the Z where the time is of no time zone. As many digits as the file counts, if any is not 0. */
function isoTimestamp(ticks: bigint, { ticks: perSecond, utc }: TimeFacts): string {
  const day = BigInt(perSecond) * 86_400n;
  const time = ((ticks % day) + day) % day;
  return `${isoDate(Number((ticks - time) / day))}T${clock(time, perSecond)}${utc ? 'Z' : ''}`;
}

function isoTime(ticks: bigint, { ticks: perSecond, utc }: TimeFacts): string {
  if (ticks < 0n || ticks >= BigInt(perSecond) * 86_400n) {
    throw corrupt('a time lies outside of the day', { got: String(ticks) });
  }
  return `${clock(ticks, perSecond)}${utc ? 'Z' : ''}`;
}

function clock(ticks: bigint, perSecond: number): string {
  const whole = Number(ticks / BigInt(perSecond));
  const part = Number(ticks % BigInt(perSecond));
  const two = (n: number): string => String(n).padStart(2, '0');
  const fraction = part === 0 ? '' : `.${String(part).padStart(Math.log10(perSecond), '0')}`;
  return `${two(Math.floor(whole / 3600))}:${two(Math.floor(whole / 60) % 60)}:${two(whole % 60)}${fraction}`;
}
