import { corrupt, unsupported } from './fault.js';
import { ENCODINGS, PAGE_TYPES, type Encoding, type PageType } from './format.js';
import { T, ThriftReader } from './thrift.js';

export interface PageHeader {
  readonly type: PageType;
  readonly uncompressedBytes: number;
  readonly compressedBytes: number;
  readonly crc: number | undefined;
  /** Levels of a data page, entries of a dictionary. */
  readonly values: number;
  readonly encoding: Encoding;
  /** v1: how the levels are encoded. v2 has RLE always. */
  readonly levelEncodings: readonly Encoding[];
  /** v2: bytes of the levels, which lie uncompressed in front of the values. */
  readonly v2:
    { readonly definitionBytes: number; readonly repetitionBytes: number; readonly compressed: boolean } | undefined;
  /** Bytes of the header itself. */
  readonly headerBytes: number;
}

/** Reads a page header. Throws ThriftEnd when `bytes` end before it does. */
export function parsePageHeader(bytes: Uint8Array): PageHeader {
  const reader = new ThriftReader(bytes);
  const top = new Map<number, number>();
  // Fields of whichever of the page's own headers there is, by number of that header.
  const own = new Map<number, Map<number, number>>();
  reader.struct((id, type) => {
    if (id >= 1 && id <= 4) {
      top.set(id, reader.int(type));
      return true;
    }
    if ((id !== 5 && id !== 7 && id !== 8) || type !== T.STRUCT) return false;
    const fields = new Map<number, number>();
    reader.struct((field, t) => {
      if (t === T.STRUCT) return false;
      if (t === T.TRUE || t === T.FALSE) fields.set(field, reader.bool(t) ? 1 : 0);
      else fields.set(field, reader.int(t));
      return true;
    });
    own.set(id, fields);
    return true;
  });
  const type = PAGE_TYPES[top.get(1) ?? -1];
  if (type === undefined) throw unsupported(`page type ${top.get(1) ?? 'none'} is not known`);
  const size = (n: number | undefined, what: string): number => {
    if (n === undefined || !Number.isSafeInteger(n) || n < 0)
      throw corrupt(`a page has no valid ${what}`, { got: String(n) });
    return n;
  };
  const encodingOf = (n: number | undefined): Encoding => {
    const encoding = ENCODINGS[n ?? -1];
    if (encoding === undefined) throw unsupported(`encoding ${n ?? 'none'} is not known`);
    return encoding;
  };
  const shared = {
    type,
    uncompressedBytes: size(top.get(2), 'uncompressed size'),
    compressedBytes: size(top.get(3), 'size'),
    crc: top.get(4),
    headerBytes: reader.position,
  };
  const fields = own.get(type === 'DATA_PAGE' ? 5 : type === 'DATA_PAGE_V2' ? 8 : 7);
  if (type === 'INDEX_PAGE') return { ...shared, values: 0, encoding: 'PLAIN', levelEncodings: [], v2: undefined };
  if (fields === undefined) throw corrupt('a page lacks the header of its type');
  const values = size(fields.get(1), 'number of values');
  if (type === 'DATA_PAGE_V2') {
    const v2 = {
      definitionBytes: size(fields.get(5), 'size of definition levels'),
      repetitionBytes: size(fields.get(6), 'size of repetition levels'),
      compressed: fields.get(7) !== 0,
    };
    if (v2.definitionBytes + v2.repetitionBytes > Math.min(shared.compressedBytes, shared.uncompressedBytes)) {
      throw corrupt('the levels of a page are larger than the page');
    }
    return { ...shared, values, encoding: encodingOf(fields.get(4)), levelEncodings: [], v2 };
  }
  const levelEncodings = type === 'DATA_PAGE' ? [encodingOf(fields.get(3)), encodingOf(fields.get(4))] : [];
  return { ...shared, values, encoding: encodingOf(fields.get(2)), levelEncodings, v2: undefined };
}
