import { corrupt, overLimit, unsupported } from './fault.js';
import {
  CODECS,
  CONVERTED_TYPES,
  ENCODINGS,
  LOGICAL_TYPES,
  REPETITIONS,
  TYPES,
  type Codec,
  type Encoding,
  type PhysicalType,
  type Repetition,
} from './format.js';
import type { DecodeLimits } from './limits.js';
import { T, ThriftReader } from './thrift.js';

/** A node of the schema as the footer lists it, depth first. */
export interface SchemaElement {
  readonly name: string;
  readonly type: PhysicalType | undefined;
  /** Bytes of FIXED_LEN_BYTE_ARRAY. */
  readonly typeLength: number;
  readonly repetition: Repetition;
  readonly children: number;
  /** What the bytes stand for: STRING, LIST, UINT_32, …; the logical type, else the converted one. */
  readonly annotation: string | undefined;
  /** DECIMAL: digits behind the point. */
  readonly scale: number;
  /** TIME and TIMESTAMP: what is counted, and whether in UTC. */
  readonly time: TimeFacts | undefined;
}

/** LogicalTypes.md, "Temporal Types". */
export interface TimeFacts {
  /** Ticks a second: 1e3, 1e6 or 1e9. */
  readonly ticks: number;
  /** False: a wall clock's time, of no time zone. */
  readonly utc: boolean;
}

/** The values of one column in one row group. */
export interface ColumnChunk {
  readonly type: PhysicalType;
  readonly codec: Codec;
  readonly encodings: readonly Encoding[];
  /** Levels: values and nulls. */
  readonly values: number;
  /** Undefined where the writer has not told. */
  readonly nulls?: number | undefined;
  readonly compressedBytes: number;
  readonly uncompressedBytes: number;
  /** Place of the chunk's pages in the file. */
  readonly start: number;
  readonly end: number;
}

export interface RowGroup {
  readonly rows: number;
  /** In the order of the schema's leaves. */
  readonly columns: readonly ColumnChunk[];
}

export interface FileMetadata {
  readonly version: number;
  readonly createdBy: string | undefined;
  readonly rows: number;
  readonly schema: readonly SchemaElement[];
  readonly rowGroups: readonly RowGroup[];
}

/**
 * Reads the metadata of a file.
 * @param dataEnd where the footer begins: no page lies beyond
 */
export function parseFileMetadata(bytes: Uint8Array, dataEnd: number, limits: DecodeLimits): FileMetadata {
  const reader = new ThriftReader(bytes);
  const schema: SchemaElement[] = [];
  const rowGroups: RowGroup[] = [];
  let version = 0;
  let rows = -1;
  let createdBy: string | undefined;
  let chunks = 0;
  reader.struct((id, type) => {
    switch (id) {
      case 1:
        version = reader.int(type);
        return true;
      case 2:
        reader.list(type, (elementType) => {
          if (elementType !== T.STRUCT) throw corrupt('the schema is no list of structures');
          // Groups take elements too; four a column is more than any list has.
          if (schema.length >= 4 * limits.columns) throw overLimit('columns', limits.columns, schema.length);
          schema.push(parseElement(reader));
        });
        return true;
      case 3:
        rows = reader.int(type);
        return true;
      case 4:
        reader.list(type, (elementType) => {
          if (elementType !== T.STRUCT) throw corrupt('the row groups are no list of structures');
          const group = parseRowGroup(reader, dataEnd);
          chunks += group.columns.length;
          if (chunks > limits.chunks) throw overLimit('column chunks', limits.chunks, chunks);
          rowGroups.push(group);
        });
        return true;
      case 6:
        createdBy = reader.text(type);
        return true;
      case 8:
        throw unsupported('the file is encrypted');
      default:
        return false;
    }
  });
  if (schema.length === 0) throw corrupt('the footer has no schema');
  if (!isCount(rows)) throw corrupt('the footer has no number of rows');
  const counted = rowGroups.reduce((sum, group) => sum + group.rows, 0);
  if (counted !== rows) {
    throw corrupt('the row groups do not add up to the rows of the file', {
      expected: `${rows} rows`,
      got: `${counted} rows`,
    });
  }
  return { version, createdBy, rows, schema, rowGroups };
}

function parseElement(reader: ThriftReader): SchemaElement {
  let name = '';
  let type: PhysicalType | undefined;
  let typeLength = 0;
  let repetition: Repetition = 'REQUIRED';
  let children = 0;
  let converted: string | undefined;
  let logical: LogicalType | undefined;
  let scale = 0;
  reader.struct((id, t) => {
    switch (id) {
      case 1:
        type = named(TYPES, reader.int(t), 'physical type');
        return true;
      case 2:
        typeLength = reader.int(t);
        return true;
      case 3:
        repetition = named(REPETITIONS, reader.int(t), 'repetition');
        return true;
      case 4:
        name = reader.text(t);
        return true;
      case 5:
        children = reader.int(t);
        return true;
      case 6:
        converted = CONVERTED_TYPES[reader.int(t)];
        return true;
      case 7:
        scale = reader.int(t);
        return true;
      case 10:
        if (t !== T.STRUCT) return false;
        logical = parseLogicalType(reader);
        return true;
      default:
        return false;
    }
  });
  return {
    name,
    type,
    typeLength,
    repetition,
    children,
    annotation: logical?.name ?? converted,
    scale: logical?.scale ?? scale,
    time: logical?.time ?? CONVERTED_TIMES[converted ?? ''],
  };
}

/** Converted types are always of UTC (LogicalTypes.md, "TIMESTAMP", compatibility). */
const CONVERTED_TIMES: Readonly<Record<string, TimeFacts>> = {
  TIME_MILLIS: { ticks: 1e3, utc: true },
  TIME_MICROS: { ticks: 1e6, utc: true },
  TIMESTAMP_MILLIS: { ticks: 1e3, utc: true },
  TIMESTAMP_MICROS: { ticks: 1e6, utc: true },
};

interface LogicalType {
  readonly name: string | undefined;
  readonly scale?: number;
  readonly time?: TimeFacts;
}

/** Fields of the union LogicalType that hold more than their name. */
const DECIMAL_FIELD = 5;
const TIME_FIELDS: readonly number[] = [7, 8];
const INTEGER_FIELD = 10;

function parseLogicalType(reader: ThriftReader): LogicalType | undefined {
  let found: LogicalType | undefined;
  reader.struct((id, t) => {
    found = { name: LOGICAL_TYPES[id] };
    if (t !== T.STRUCT) return false;
    const numbers = new Map<number, number>();
    let yes = id === INTEGER_FIELD;
    let unit = 0;
    if (id !== DECIMAL_FIELD && id !== INTEGER_FIELD && !TIME_FIELDS.includes(id)) return false;
    reader.struct((field, type) => {
      if (type === T.TRUE || type === T.FALSE) yes = reader.bool(type);
      else if (type >= T.BYTE && type <= T.I64) numbers.set(field, reader.int(type));
      else if (type === T.STRUCT) {
        reader.struct((member) => {
          unit = member;
          return false;
        });
      } else return false;
      return true;
    });
    if (id === INTEGER_FIELD) found = { name: `${yes ? 'INT' : 'UINT'}_${numbers.get(1) ?? 0}` };
    else if (id === DECIMAL_FIELD) found = { name: LOGICAL_TYPES[id], scale: numbers.get(1) ?? 0 };
    else found = { name: LOGICAL_TYPES[id], time: { ticks: 1000 ** unit, utc: yes } };
    return true;
  });
  return found;
}

function parseRowGroup(reader: ThriftReader, dataEnd: number): RowGroup {
  const columns: ColumnChunk[] = [];
  let rows = -1;
  reader.struct((id, type) => {
    if (id === 1) reader.list(type, () => void columns.push(parseChunk(reader, dataEnd)));
    else if (id === 3) rows = reader.int(type);
    else return false;
    return true;
  });
  if (!isCount(rows)) throw corrupt('a row group has no number of rows');
  return { rows, columns };
}

function parseChunk(reader: ThriftReader, dataEnd: number): ColumnChunk {
  let chunk: ColumnChunk | undefined;
  reader.struct((id, type) => {
    if (id === 1 && reader.text(type) !== '') throw unsupported('a column lies in another file');
    if (id === 8 || id === 9) throw unsupported('a column is encrypted');
    if (id !== 3 || type !== T.STRUCT) return id === 1;
    chunk = parseColumnMetadata(reader, dataEnd);
    return true;
  });
  if (chunk === undefined) throw corrupt('a column chunk has no metadata');
  return chunk;
}

/** parquet.thrift: Statistics.null_count. */
const NULL_COUNT = 3;

function parseColumnMetadata(reader: ThriftReader, dataEnd: number): ColumnChunk {
  let type: PhysicalType | undefined;
  let codec: Codec | undefined;
  const encodings = new Set<Encoding>();
  const numbers = new Map<number, number>();
  let nulls: number | undefined;
  reader.struct((id, t) => {
    switch (id) {
      case 1:
        type = named(TYPES, reader.int(t), 'physical type');
        return true;
      case 2:
        // What an encoding is called matters when a page has it; unknown ones are left to that.
        reader.list(t, (et) => {
          const encoding = ENCODINGS[reader.int(et)];
          if (encoding !== undefined) encodings.add(encoding);
        });
        return true;
      case 4:
        codec = named(CODECS, reader.int(t), 'compression codec');
        return true;
      case 5:
      case 6:
      case 7:
      case 9:
      case 11:
        numbers.set(id, reader.int(t));
        return true;
      case 12:
        if (t !== T.STRUCT) return false;
        reader.struct((field, type) => {
          if (field !== NULL_COUNT) return false;
          nulls = reader.int(type);
          return true;
        });
        return true;
      default:
        return false;
    }
  });
  const count = (id: number, what: string): number => {
    const n = numbers.get(id);
    if (!isCount(n)) throw corrupt(`a column chunk has no valid ${what}`, { got: String(n) });
    return n;
  };
  if (type === undefined || codec === undefined) throw corrupt('a column chunk has no type or codec');
  const dataPage = count(9, 'place');
  const dictionary = numbers.get(11);
  // Some writers say 0 for "no dictionary"; the four bytes of PAR1 lie there.
  const start = dictionary !== undefined && dictionary >= 4 && dictionary < dataPage ? dictionary : dataPage;
  const compressedBytes = count(7, 'size');
  const end = start + compressedBytes;
  if (start < 4 || end > dataEnd) {
    throw corrupt('a column chunk lies outside the data', {
      expected: `bytes 4 to ${dataEnd}`,
      got: `bytes ${start} to ${end}`,
    });
  }
  return {
    type,
    codec,
    encodings: [...encodings],
    values: count(5, 'number of values'),
    nulls,
    compressedBytes,
    uncompressedBytes: count(6, 'uncompressed size'),
    start,
    end,
  };
}

function named<N>(names: readonly N[], number: number, what: string): N {
  const name = names[number];
  if (name === undefined) throw unsupported(`${what} ${number} is not known`);
  return name;
}

function isCount(n: number | undefined): n is number {
  return n !== undefined && Number.isSafeInteger(n) && n >= 0;
}
