import { COMPACT, CompactWriter } from './compact-writer.js';
import type { RawPage } from './pages.js';
import { snappyCompress } from './snappy/compress.js';
import { thrift, type SchemaField } from './vendor/parquetjs.js';

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

  const header = pageHeader(uncompressed, compressed, levels.count);
  return {
    sections: [header, ...body],
    bytes: header.length + compressed,
    uncompressedBytes: header.length + uncompressed,
  };
}

const headerWriter = new CompactWriter();

/** parquet.thrift, PageHeader of a data page (v1). */
function pageHeader(uncompressed: number, compressed: number, values: number): Uint8Array {
  const writer = headerWriter;
  writer.number(1, COMPACT.I32, thrift.PageType.DATA_PAGE!);
  writer.number(2, COMPACT.I32, uncompressed);
  writer.number(3, COMPACT.I32, compressed);
  writer.begin(5);
  writer.number(1, COMPACT.I32, values);
  writer.number(2, COMPACT.I32, thrift.Encoding.PLAIN!);
  writer.number(3, COMPACT.I32, thrift.Encoding.RLE!);
  writer.number(4, COMPACT.I32, thrift.Encoding.RLE!);
  writer.end();
  writer.end();
  return writer.take();
}

/**
 * The column chunk's entry in the footer (parquet.thrift, ColumnChunk and ColumnMetaData). Its only statistic is the number of nulls: it
 * cannot grow with the data.
 */
export function writeColumnChunk(writer: CompactWriter, chunk: ColumnChunkInfo): void {
  const { column } = chunk;
  writer.beginElement();
  // parquet.thrift: deprecated, "modern writers should always set this field to 0".
  writer.number(2, COMPACT.I64, 0);
  writer.begin(3);
  writer.number(1, COMPACT.I32, thrift.Type[column.primitiveType!]!);
  writer.list(2, COMPACT.I32, 2);
  writer.numberElement(thrift.Encoding.PLAIN!);
  writer.numberElement(thrift.Encoding.RLE!);
  writer.list(3, COMPACT.BINARY, column.path.length);
  for (const part of column.path) writer.textElement(part);
  writer.number(4, COMPACT.I32, thrift.CompressionCodec[column.compression ?? 'UNCOMPRESSED']!);
  writer.number(5, COMPACT.I64, chunk.levelCount);
  writer.number(6, COMPACT.I64, chunk.uncompressedBytes);
  writer.number(7, COMPACT.I64, chunk.compressedBytes);
  writer.number(9, COMPACT.I64, chunk.dataPageOffset);
  writer.begin(12);
  writer.number(3, COMPACT.I64, chunk.nullCount);
  writer.end();
  writer.end();
  writer.end();
}
