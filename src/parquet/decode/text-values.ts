import { readDelta32 } from './delta.js';
import { corrupt, overLimit, unsupported } from './fault.js';
import type { Encoding } from './format.js';
import { readDictionaryCodes } from './number-values.js';

/** Texts of a page: value `i` is `bytes[starts[k] … ends[k])` with `k` being `codes[i]`, or `i` without codes. */
export interface TextValues {
  readonly bytes: Uint8Array;
  readonly starts: Uint32Array;
  readonly ends: Uint32Array;
  readonly codes?: Uint32Array | undefined;
}

/** The `count` texts of a page. @param maxBytes that texts built from shared prefixes may take */
export function readTexts(
  encoding: Encoding,
  bytes: Uint8Array,
  count: number,
  dictionary: TextValues | undefined,
  maxBytes: number,
): TextValues {
  switch (encoding) {
    case 'PLAIN':
      return plain(bytes, count);
    case 'PLAIN_DICTIONARY':
    case 'RLE_DICTIONARY': {
      if (count === 0) return { bytes, starts: new Uint32Array(0), ends: new Uint32Array(0) };
      if (dictionary === undefined) throw corrupt('a page refers to a dictionary that is not there');
      return { ...dictionary, codes: readDictionaryCodes(bytes, count, dictionary.starts.length) };
    }
    case 'DELTA_LENGTH_BYTE_ARRAY': {
      const cursor = { bytes, at: 0, end: bytes.length };
      return placed(readDelta32(cursor, count), bytes, cursor.at);
    }
    case 'DELTA_BYTE_ARRAY':
      return prefixed(bytes, count, maxBytes);
    default:
      throw unsupported(`encoding ${encoding} of texts is not read`);
  }
}

/** Four bytes of length before each text. */
function plain(bytes: Uint8Array, count: number): TextValues {
  // Every text takes four bytes at least: a lie about their number is found before memory is given.
  if (count * 4 > bytes.length) throw fewer();
  const starts = new Uint32Array(count);
  const ends = new Uint32Array(count);
  let at = 0;
  for (let i = 0; i < count; i++) {
    if (at + 4 > bytes.length) throw fewer();
    const length = (bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)) >>> 0;
    at += 4;
    if (length > bytes.length - at) throw corrupt('a text is longer than its page');
    starts[i] = at;
    at += length;
    ends[i] = at;
  }
  return { bytes, starts, ends };
}

function placed(lengths: Int32Array, bytes: Uint8Array, from: number): TextValues {
  const starts = new Uint32Array(lengths.length);
  const ends = new Uint32Array(lengths.length);
  let at = from;
  for (let i = 0; i < lengths.length; i++) {
    const length = lengths[i]!;
    if (length < 0 || length > bytes.length - at) throw corrupt('a text is longer than its page');
    starts[i] = at;
    at += length;
    ends[i] = at;
  }
  return { bytes, starts, ends };
}

/** DELTA_BYTE_ARRAY: how much each text shares with the one before, then the rest of it. */
function prefixed(bytes: Uint8Array, count: number, maxBytes: number): TextValues {
  const cursor = { bytes, at: 0, end: bytes.length };
  const shared = readDelta32(cursor, count);
  const suffixes = placed(readDelta32(cursor, count), bytes, cursor.at);
  const starts = new Uint32Array(count);
  const ends = new Uint32Array(count);
  let total = 0;
  let before = 0;
  for (let i = 0; i < count; i++) {
    const prefix = shared[i]!;
    if (prefix < 0 || prefix > before) throw corrupt('a text shares more with the one before than that has');
    before = prefix + suffixes.ends[i]! - suffixes.starts[i]!;
    starts[i] = total;
    total += before;
    if (total > maxBytes) throw overLimit('texts of one page', maxBytes, total);
    ends[i] = total;
  }
  const out = new Uint8Array(total);
  for (let i = 0; i < count; i++) {
    const to = starts[i]!;
    const prefix = shared[i]!;
    if (prefix > 0) out.copyWithin(to, starts[i - 1]!, starts[i - 1]! + prefix);
    out.set(bytes.subarray(suffixes.starts[i]!, suffixes.ends[i]!), to + prefix);
  }
  return { bytes: out, starts, ends };
}

function fewer() {
  return corrupt('a page has fewer values than it says');
}
