/**
 * The parts of `@dsnp/parquetjs` (pinned: 1.8.8) that pineload stands on, and nothing else: the schema with its repetition
 * and definition levels, the envelope (magic bytes, running offset), and the Thrift structures of the file format.
 * The build bundles this one module with what it imports, so users never install parquetjs; the interfaces below
 * are our own so that no published type mentions it.
 */
import parquetTypes from '@dsnp/parquetjs/dist/gen-nodejs/parquet_types.js';
import { ParquetSchema as Schema } from '@dsnp/parquetjs/dist/lib/schema.js';
import { serializeThrift as serialize } from '@dsnp/parquetjs/dist/lib/util.js';
import { ParquetEnvelopeWriter as EnvelopeWriter } from '@dsnp/parquetjs/dist/lib/writer.js';
import Int64Impl from 'node-int64';

/** A node of the schema as it is declared. */
export interface FieldDeclaration {
  type?: 'UTF8' | 'FLOAT' | 'UINT_32' | 'LIST';
  optional?: boolean;
  repeated?: boolean;
  compression?: 'UNCOMPRESSED' | 'SNAPPY';
  fields?: Record<string, FieldDeclaration>;
}

/** A node of the schema in depth-first order, levels worked out. */
export interface SchemaField {
  readonly name: string;
  readonly path: readonly string[];
  readonly primitiveType?: 'BYTE_ARRAY' | 'FLOAT' | 'INT32';
  readonly originalType?: 'UTF8' | 'UINT_32' | 'LIST';
  readonly repetitionType: 'REQUIRED' | 'OPTIONAL' | 'REPEATED';
  readonly compression?: 'UNCOMPRESSED' | 'SNAPPY';
  readonly rLevelMax: number;
  readonly dLevelMax: number;
  readonly isNested?: boolean;
  readonly fieldCount?: number;
}

export interface ParquetSchema {
  readonly fields: Readonly<Record<string, SchemaField>>;
  readonly fieldList: readonly SchemaField[];
}

/** A 64-bit integer of the Thrift structures; exact up to 2^53 as far as pineload is concerned. */
export interface Int64 {
  valueOf(): number;
  setValue(value: number): void;
}

/** Anything Thrift can serialise. Fields that are null or undefined are left out. */
export type ThriftStruct = Record<string, unknown>;

/** The file's sections in the order they are written: header, pages, footer. Keeps the offset. */
export interface ParquetEnvelope {
  readonly offset: Int64;
  writeHeader(): Promise<void> | void;
  writeSection(bytes: Uint8Array): Promise<void> | void;
}

interface ThriftTypes {
  readonly Type: Readonly<Record<string, number>>;
  readonly ConvertedType: Readonly<Record<string, number>>;
  readonly FieldRepetitionType: Readonly<Record<string, number>>;
  readonly Encoding: Readonly<Record<string, number>>;
  readonly CompressionCodec: Readonly<Record<string, number>>;
  readonly PageType: Readonly<Record<string, number>>;
  readonly PageHeader: new (fields: object) => ThriftStruct;
  readonly DataPageHeader: new (fields: object) => ThriftStruct;
  readonly Statistics: new (fields: object) => ThriftStruct;
  readonly SchemaElement: new (fields: object) => ThriftStruct;
  readonly ColumnMetaData: new (fields: object) => ThriftStruct;
  readonly ColumnChunk: new (fields: object) => ThriftStruct;
  readonly RowGroup: new (fields: object) => ThriftStruct;
  readonly FileMetaData: new (fields: object) => ThriftStruct;
}

/** Structures and enumerations of parquet.thrift. */
export const thrift = parquetTypes as unknown as ThriftTypes;

export function createSchema(fields: Record<string, FieldDeclaration>): ParquetSchema {
  return new Schema(fields) as unknown as ParquetSchema;
}

/** `write` is called for each section in order; a promise it returns is what `writeSection` returns. */
export function createEnvelope(
  schema: ParquetSchema,
  write: (bytes: Uint8Array) => Promise<void> | void,
): ParquetEnvelope {
  const options = { useDataPageV2: false, pageIndex: false };
  const nothing = (): void => undefined;
  return new EnvelopeWriter(
    schema as unknown as Schema,
    write as (bytes: Uint8Array) => void,
    nothing,
    new Int64Impl(0),
    options,
  );
}

/** A Thrift structure in the compact protocol. */
export function serializeThrift(struct: ThriftStruct): Uint8Array {
  return serialize(struct as never);
}

export function createInt64(value: number): Int64 {
  return new Int64Impl(value);
}
