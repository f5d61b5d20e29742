import { writeColumnChunk, type ColumnChunkInfo } from './column-chunk.js';
import { COMPACT, CompactWriter } from './compact-writer.js';
import { createInt64, serializeThrift, thrift, type ParquetSchema, type SchemaField } from './vendor/parquetjs.js';

export interface RowGroupInfo {
  readonly rows: number;
  readonly chunks: readonly ColumnChunkInfo[];
}

/** Format version 1: UTF8, LIST and UINT_32 all belong to it, and every reader takes it. */
const FORMAT_VERSION = 1;

/**
 * The end of a Parquet file: metadata, its length, `PAR1`. Written here and not by parquetjs, whose footer names itself as
 * the writer and knows converted types only; readers of today look for logical types, older ones for converted types.
 *
 * @param createdBy `<application> version <version>`, the form parquet.thrift asks for.
 */
export function encodeFooter(schema: ParquetSchema, groups: readonly RowGroupInfo[], createdBy: string): Uint8Array {
  let rows = 0;
  for (const group of groups) rows += group.rows;
  const writer = new CompactWriter();
  // parquet.thrift, FileMetaData.
  writer.continue(schemaFields(schema), 2);
  writer.number(3, COMPACT.I64, rows);
  writer.list(4, COMPACT.STRUCT, groups.length);
  for (const group of groups) writeRowGroup(writer, group);
  writer.text(6, createdBy);
  writer.end();
  const metadata = writer.take();
  const footer = new Uint8Array(metadata.length + 8);
  footer.set(metadata);
  new DataView(footer.buffer).setUint32(metadata.length, metadata.length, true);
  footer.set([0x50, 0x41, 0x52, 0x31], metadata.length + 4);
  return footer;
}

const schemas = new WeakMap<ParquetSchema, Uint8Array>();

/** The first two fields of FileMetaData, version and schema, which are those of every file of a run. */
function schemaFields(schema: ParquetSchema): Uint8Array {
  let fields = schemas.get(schema);
  if (fields === undefined) {
    const metadata = new thrift.FileMetaData({
      version: FORMAT_VERSION,
      schema: [
        new thrift.SchemaElement({ name: 'schema', num_children: Object.keys(schema.fields).length }),
        ...schema.fieldList.map(schemaElement),
      ],
      num_rows: createInt64(0),
      row_groups: [],
    });
    // Without those two fields, two bytes each, and the byte that ends the structure.
    fields = serializeThrift(metadata).slice(0, -5);
    schemas.set(schema, fields);
  }
  return fields;
}

function schemaElement(field: SchemaField): object {
  const { originalType } = field;
  return new thrift.SchemaElement({
    name: field.name,
    repetition_type: thrift.FieldRepetitionType[field.repetitionType],
    ...(field.isNested === true ? { num_children: field.fieldCount } : { type: thrift.Type[field.primitiveType!] }),
    ...(originalType === undefined
      ? {}
      : { converted_type: thrift.ConvertedType[originalType], logicalType: LOGICAL_TYPES[originalType] }),
  });
}

/** LogicalTypes.md: the counterpart of each converted type in use. */
const LOGICAL_TYPES = {
  UTF8: { STRING: {} },
  LIST: { LIST: {} },
  UINT_32: { INTEGER: { bitWidth: 32, isSigned: false } },
} as const;

function writeRowGroup(writer: CompactWriter, group: RowGroupInfo): void {
  let compressed = 0;
  let uncompressed = 0;
  for (const chunk of group.chunks) {
    compressed += chunk.compressedBytes;
    uncompressed += chunk.uncompressedBytes;
  }
  writer.beginElement();
  writer.list(1, COMPACT.STRUCT, group.chunks.length);
  for (const chunk of group.chunks) writeColumnChunk(writer, chunk);
  writer.number(2, COMPACT.I64, uncompressed);
  writer.number(3, COMPACT.I64, group.rows);
  writer.number(5, COMPACT.I64, group.chunks[0]!.dataPageOffset);
  writer.number(6, COMPACT.I64, compressed);
  writer.end();
}
