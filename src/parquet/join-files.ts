import { PineloadError } from '../base/errors.js';
import type { ColumnChunkInfo } from './column-chunk.js';
import { openParquet } from './decode/index.js';
import { encodeFooter, type RowGroupInfo } from './footer.js';
import { DEFAULT_COMPRESSION, importSchema, leafColumns } from './schema.js';
import { SectionSink, type ByteSink } from './section-sink.js';
import type { ParquetFileOptions, ParquetFileSummary } from './parquet-file.js';

const MAGIC = Uint8Array.of(0x50, 0x41, 0x52, 0x31);

export interface ParquetJoinerOptions extends Pick<ParquetFileOptions, 'kind' | 'version' | 'compression'> {
  readonly sink: ByteSink;
}

/**
 * Joins Parquet files that pineload wrote into one: the pages of every row group are copied as they are, only the footer is made anew with
 * the places where they lie now. Nothing is decoded or encoded, so it costs what copying costs. Row groups stay as they are, small ones
 * too.
 */
export class ParquetJoiner {
  readonly #schema;
  readonly #columns;
  readonly #sections: SectionSink;
  readonly #groups: RowGroupInfo[] = [];
  #records = 0;

  constructor(private readonly options: ParquetJoinerOptions) {
    this.#schema = importSchema(options.kind, options.compression ?? DEFAULT_COMPRESSION);
    this.#columns = leafColumns(this.#schema);
    this.#sections = new SectionSink(options.sink);
  }

  /** Bytes of the file so far, without the footer. */
  get bytes(): number {
    return this.#sections.bytes;
  }

  get records(): number {
    return this.#records;
  }

  /**
   * Appends the row groups of a file, all of which is in memory.
   *
   * @param source names it in errors
   */
  async add(file: Uint8Array, source: string): Promise<void> {
    const { metadata } = await openParquet({
      source,
      bytes: file.length,
      read: (start, end) => Promise.resolve([file.subarray(start, end)]),
    });
    if (this.bytes === 0) await this.#append(MAGIC);
    for (const { rows, columns } of metadata.rowGroups) {
      if (columns.length !== this.#columns.length) {
        throw new PineloadError('PARQUET_CORRUPT', { source, message: 'a staged row group has other columns' });
      }
      const chunks: ColumnChunkInfo[] = [];
      for (const [i, chunk] of columns.entries()) {
        const column = this.#columns[i]!;
        chunks.push({
          column,
          dataPageOffset: this.bytes,
          compressedBytes: chunk.end - chunk.start,
          uncompressedBytes: chunk.uncompressedBytes,
          levelCount: chunk.values,
          nullCount: chunk.nulls ?? 0,
        });
        await this.#append(file.subarray(chunk.start, chunk.end));
      }
      this.#groups.push({ rows, chunks });
      this.#records += rows;
    }
  }

  /** Writes the footer and closes the sink. */
  async close(): Promise<ParquetFileSummary> {
    await this.#append(encodeFooter(this.#schema, this.#groups, `pineload version ${this.options.version}`));
    await this.#sections.flush();
    const stored = await this.options.sink.close();
    const { bytes } = this.#sections;
    if (stored.bytes !== bytes) {
      throw new PineloadError('CHECKSUM_MISMATCH', { expected: `${bytes} bytes`, got: `${stored.bytes} bytes` });
    }
    const { checksums } = stored;
    const summary = { records: this.#records, bytes, sha256: this.#sections.digest() };
    return checksums === undefined ? summary : { ...summary, checksums };
  }

  /** Drops the file. Never throws. */
  async abort(): Promise<void> {
    await this.options.sink.abort();
  }

  async #append(bytes: Uint8Array): Promise<void> {
    await this.#sections.append(bytes);
  }
}
