import { PineloadError } from '../base/errors.js';
import { encodePage, type ColumnChunkInfo } from './column-chunk.js';
import { encodeFooter, type RowGroupInfo } from './footer.js';
import { DEFAULT_PAGE_BYTES, denseListPages, sparseListPages, textPages, type RawPage } from './pages.js';
import { checkStored, type ParquetFile, type ParquetFileOptions, type ParquetFileSummary } from './parquet-file.js';
import { countOf } from './pieces.js';
import type { RowGroupColumns } from './row-group.js';
import { DEFAULT_COMPRESSION, importSchema, leafColumns, type LeafPath } from './schema.js';
import { SectionSink, type ByteSink } from './section-sink.js';
import { createEnvelope, type ParquetEnvelope, type ParquetSchema, type SchemaField } from './vendor/parquetjs.js';

export interface ParquetFileWriterOptions extends ParquetFileOptions {
  readonly sink: ByteSink;
}

// Float32Array and Uint32Array are written as they lie in memory; PLAIN is little-endian.
const LITTLE_ENDIAN = new Uint8Array(new Uint32Array([1]).buffer)[0] === 1;

/** Writes one Parquet file in the form Pinecone's import takes, row group after row group. The same columns give the same bytes. */
export class ParquetFileWriter implements ParquetFile {
  private readonly schema: ParquetSchema;
  private readonly columns: readonly SchemaField[];
  private readonly sections: SectionSink;
  private readonly envelope: ParquetEnvelope;
  private readonly groups: RowGroupInfo[] = [];
  private rowCount = 0;

  constructor(private readonly options: ParquetFileWriterOptions) {
    if (!LITTLE_ENDIAN) throw new PineloadError('PARQUET_WRITE', { message: 'this machine is not little-endian' });
    this.schema = importSchema(options.kind, options.compression ?? DEFAULT_COMPRESSION);
    this.columns = leafColumns(this.schema);
    this.sections = new SectionSink(options.sink);
    this.envelope = createEnvelope(this.schema, (bytes) => this.sections.append(bytes));
  }

  /** Rows written so far. */
  get records(): number {
    return this.rowCount;
  }

  get bytes(): number {
    return this.envelope.offset.valueOf();
  }

  async writeRowGroup(group: RowGroupColumns): Promise<void> {
    this.check(group);
    if (this.bytes === 0) await this.envelope.writeHeader();
    const chunks: ColumnChunkInfo[] = [];
    for (const column of this.columns) chunks.push(await this.writeChunk(column, this.pages(column, group)));
    this.groups.push({ rows: group.rows, chunks });
    this.rowCount += group.rows;
  }

  async close(): Promise<ParquetFileSummary> {
    if (this.groups.length === 0) throw new PineloadError('PARQUET_WRITE', { message: 'the file has no record' });
    const createdBy = `pineload version ${this.options.version}`;
    await this.envelope.writeSection(encodeFooter(this.schema, this.groups, createdBy));
    await this.sections.flush();
    const stored = await this.options.sink.close();
    const bytes = this.sections.bytes;
    checkStored(stored, bytes);
    const { checksums } = stored;
    const summary = { records: this.rowCount, bytes, sha256: this.sections.digest() };
    return checksums === undefined ? summary : { ...summary, checksums };
  }

  async abort(): Promise<void> {
    await this.options.sink.abort();
  }

  private async writeChunk(column: SchemaField, pages: Iterable<RawPage>): Promise<ColumnChunkInfo> {
    const dataPageOffset = this.bytes;
    let uncompressedBytes = 0;
    let levelCount = 0;
    let nullCount = 0;
    for (const raw of pages) {
      const page = encodePage(raw, column);
      // Waiting only when the sink was written to keeps thousands of small sections off the microtask queue.
      for (const section of page.sections) {
        const written = this.envelope.writeSection(section);
        if (written !== undefined) await written;
      }
      uncompressedBytes += page.uncompressedBytes;
      levelCount += raw.levels.count;
      nullCount += raw.levels.nulls;
    }
    const compressedBytes = this.bytes - dataPageOffset;
    return { column, dataPageOffset, compressedBytes, uncompressedBytes, levelCount, nullCount };
  }

  private pages(column: SchemaField, group: RowGroupColumns): Iterable<RawPage> {
    const { rows, sparse } = group;
    const pageBytes = this.options.pageBytes ?? DEFAULT_PAGE_BYTES;
    switch (column.path.join('.') as LeafPath) {
      case 'id':
        return textPages(group.ids, rows, pageBytes);
      case 'values.list.element':
        return denseListPages(group.values!, rows, this.options.dimension, pageBytes);
      case 'sparse_values.indices.list.element':
        return sparseListPages(sparse!.indices, sparse!.lengths, sparse!.validity, rows, pageBytes);
      case 'sparse_values.values.list.element':
        return sparseListPages(sparse!.values, sparse!.lengths, sparse!.validity, rows, pageBytes);
      case 'metadata':
        return textPages(group.metadata, rows, pageBytes);
    }
  }

  private check(group: RowGroupColumns): void {
    const { kind, dimension } = this.options;
    const { rows, values, sparse } = group;
    const fault = (message: string): PineloadError => new PineloadError('PARQUET_WRITE', { message });
    if (rows < 1) throw fault('a row group needs a record');
    if (kind !== 'sparse') {
      if (!Number.isInteger(dimension) || dimension < 1) throw fault('the dimension is not a positive whole number');
      if (values === undefined || countOf(values) !== rows * dimension)
        throw fault('dense vectors and records differ in number');
    }
    if (kind !== 'dense') {
      if (sparse?.lengths.length !== rows) throw fault('sparse vectors and records differ in number');
      let entries = 0;
      for (const length of sparse.lengths) entries += length;
      if (countOf(sparse.indices) !== entries || countOf(sparse.values) !== entries) {
        throw fault('sparse vectors and their lengths differ');
      }
    }
    for (const texts of [group.ids, group.metadata]) {
      if (texts.validity !== undefined && texts.validity.length !== rows) {
        throw fault('texts and records differ in number');
      }
    }
  }
}
