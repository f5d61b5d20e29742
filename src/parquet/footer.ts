import { columnChunkEntry, type ColumnChunkInfo } from './column-chunk.js';
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
  const metadata = serializeThrift(
    new thrift.FileMetaData({
      version: FORMAT_VERSION,
      schema: [
        new thrift.SchemaElement({ name: 'schema', num_children: Object.keys(schema.fields).length }),
        ...schema.fieldList.map(schemaElement),
      ],
      num_rows: createInt64(rows),
      row_groups: groups.map(rowGroupEntry),
      created_by: createdBy,
    }),
  );
  const footer = new Uint8Array(metadata.length + 8);
  footer.set(metadata);
  new DataView(footer.buffer).setUint32(metadata.length, metadata.length, true);
  footer.set([0x50, 0x41, 0x52, 0x31], metadata.length + 4);
  return footer;
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

function rowGroupEntry(group: RowGroupInfo): object {
  let compressed = 0;
  let uncompressed = 0;
  for (const chunk of group.chunks) {
    compressed += chunk.compressedBytes;
    uncompressed += chunk.uncompressedBytes;
  }
  return new thrift.RowGroup({
    columns: group.chunks.map(columnChunkEntry),
    total_byte_size: createInt64(uncompressed),
    num_rows: createInt64(group.rows),
    file_offset: createInt64(group.chunks[0]!.dataPageOffset),
    total_compressed_size: createInt64(compressed),
  });
}
