import type { RawPage } from './pages.js';
import { snappyCompress } from './snappy/compress.js';
import { createInt64, serializeThrift, thrift, type SchemaField } from './vendor/parquetjs.js';

/** What the footer has to say of a column chunk that was written. */
export interface ColumnChunkInfo {
  readonly column: SchemaField;
  /** Offset of the first page header in the file. */
  readonly dataPageOffset: number;
  /** Pages with their headers, as stored. */
  readonly compressedBytes: number;
  /** Pages with their headers, as they would be without compression. */
  readonly uncompressedBytes: number;
  /** Levels, that is: values and nulls. */
  readonly levelCount: number;
  readonly nullCount: number;
}

/** The sections of a finished page, in file order, and its size before compression (header included). */
export interface EncodedPage {
  readonly sections: readonly Uint8Array[];
  readonly bytes: number;
  readonly uncompressedBytes: number;
}

/** Puts the header in front of a data page (v1) and compresses levels and values together, as v1 has it. */
export function encodePage(page: RawPage, column: SchemaField): EncodedPage {
  const { levels, values } = page;
  const plain = [levels.bytes, ...values];
  let uncompressed = 0;
  for (const part of plain) uncompressed += part.length;
  const body = column.compression === 'SNAPPY' ? [snappyCompress(plain)] : plain;
  let compressed = 0;
  for (const part of body) compressed += part.length;

  const header = serializeThrift(
    new thrift.PageHeader({
      type: thrift.PageType.DATA_PAGE,
      uncompressed_page_size: uncompressed,
      compressed_page_size: compressed,
      data_page_header: new thrift.DataPageHeader({
        num_values: levels.count,
        encoding: thrift.Encoding.PLAIN,
        definition_level_encoding: thrift.Encoding.RLE,
        repetition_level_encoding: thrift.Encoding.RLE,
      }),
    }),
  );
  return {
    sections: [header, ...body],
    bytes: header.length + compressed,
    uncompressedBytes: header.length + uncompressed,
  };
}

/** The column chunk's entry in the footer. Its only statistic is the number of nulls: it cannot grow with the data. */
export function columnChunkEntry(chunk: ColumnChunkInfo): object {
  const { column } = chunk;
  return new thrift.ColumnChunk({
    // parquet.thrift: deprecated, "modern writers should always set this field to 0".
    file_offset: createInt64(0),
    meta_data: new thrift.ColumnMetaData({
      type: thrift.Type[column.primitiveType!],
      encodings: [thrift.Encoding.PLAIN, thrift.Encoding.RLE],
      path_in_schema: column.path,
      codec: thrift.CompressionCodec[column.compression ?? 'UNCOMPRESSED'],
      num_values: createInt64(chunk.levelCount),
      total_uncompressed_size: createInt64(chunk.uncompressedBytes),
      total_compressed_size: createInt64(chunk.compressedBytes),
      data_page_offset: createInt64(chunk.dataPageOffset),
      statistics: new thrift.Statistics({ null_count: createInt64(chunk.nullCount) }),
    }),
  });
}
