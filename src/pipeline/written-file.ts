import {
  parquetMetadataAsync,
  parquetReadObjects,
  type AsyncBuffer,
  type FileMetaData,
  type RowGroup,
} from 'hyparquet';
import { parquetHeader } from 'hyparquet/src/column.js';
import { decompressPage, readDataPage } from 'hyparquet/src/datapage.js';
import { getSchemaPath } from 'hyparquet/src/schema.js';
import type { SampleRecord } from '../importer/sample.js';
import type { ObjectStore } from '../uploaders/object-store.js';
import type { ManifestFile } from '../writers/manifest.js';

/** At most this much of the vectors of a row group is read for a sample, in bytes; rows beyond it are not in any. */
export const MAX_SAMPLE_CHUNK_BYTES = 64 * 1024 * 1024;

type SparseColumn = { readonly indices: ArrayLike<number>; readonly values: ArrayLike<number> };

/**
 * A Parquet file that pineload wrote, read back by ranges: by hyparquet, not by our own code, so that a fault of the writer
 * is not repeated by the reader.
 */
export class WrittenFile {
  private constructor(
    private readonly file: ManifestFile,
    private readonly buffer: AsyncBuffer,
    private readonly metadata: FileMetaData,
  ) {}

  static async open(store: ObjectStore, file: ManifestFile, signal?: AbortSignal): Promise<WrittenFile> {
    const buffer: AsyncBuffer = {
      byteLength: file.bytes,
      slice: (start, end = file.bytes) => readRange(store, file.path, start, end, signal),
    };
    return new WrittenFile(file, buffer, await parquetMetadataAsync(buffer, { geoparquet: false }));
  }

  get rowGroups(): number {
    return this.metadata.row_groups.length;
  }

  /** Ids of a row group, in order. */
  async ids(group: number): Promise<string[]> {
    const { first, rows } = this.#place(group);
    const read = await this.#columns(['id'], first, first + rows);
    return read.map(({ id }) => id as string);
  }

  /** How many rows of the group a sample may be taken of. */
  sampleRows(group: number, dimension: number): number {
    const { rows } = this.#place(group);
    return dimension === 0 ? rows : Math.min(rows, Math.floor(MAX_SAMPLE_CHUNK_BYTES / (dimension * 4)));
  }

  /** Records of a row group. @param rows ascending, 0-based within the group; below `sampleRows` */
  async records(group: number, rows: readonly number[], dimension: number): Promise<SampleRecord[]> {
    if (rows.length === 0) return [];
    const { first } = this.#place(group);
    const rowGroup = this.metadata.row_groups[group]!;
    const names = new Set(rowGroup.columns.map(({ meta_data }) => meta_data?.path_in_schema[0]));
    const others = ['id', 'metadata', ...(names.has('sparse_values') ? ['sparse_values'] : [])];
    const [from, to] = [rows[0]!, rows.at(-1)! + 1];
    const read = await this.#columns(others, first + from, first + to);
    const vectors = dimension > 0 ? await this.#vectors(rowGroup, rows, dimension) : undefined;
    return rows.map((row, i): SampleRecord => {
      const {
        id,
        metadata,
        sparse_values: sparse,
      } = read[row - from]! as {
        id: string;
        metadata?: string | null;
        sparse_values?: SparseColumn | null;
      };
      const values = vectors?.[i];
      return {
        id,
        namespace: this.file.namespace,
        ...(values === undefined ? {} : { values }),
        // hyparquet gives UINT_32 beyond 2^31 as it should; -0 and the like stay as they are.
        ...(sparse === undefined || sparse === null ? {} : { sparse }),
        ...(metadata === undefined || metadata === null ? {} : { metadata }),
      };
    });
  }

  /** Dense vectors of the first `sampleRows` rows of a row group, in order. */
  async vectors(group: number, dimension: number): Promise<Float32Array[]> {
    const rows = Array.from({ length: this.sampleRows(group, dimension) }, (_, row) => row);
    return this.#vectors(this.metadata.row_groups[group]!, rows, dimension);
  }

  #place(group: number): { readonly first: number; readonly rows: number } {
    let first = 0;
    for (const before of this.metadata.row_groups.slice(0, group)) first += Number(before.num_rows);
    return { first, rows: Number(this.metadata.row_groups[group]!.num_rows) };
  }

  async #columns(columns: string[], rowStart: number, rowEnd: number): Promise<Record<string, unknown>[]> {
    const { buffer: file, metadata } = this;
    return (await parquetReadObjects({ file, metadata, columns, rowStart, rowEnd, geoparquet: false })) as Record<
      string,
      unknown
    >[];
  }

  /** Only the pages that hold one of the rows are decoded: a whole row group as nested arrays would take ten times its size. */
  async #vectors(rowGroup: RowGroup, rows: readonly number[], dimension: number): Promise<Float32Array[]> {
    const column = rowGroup.columns.find(({ meta_data }) => meta_data?.path_in_schema[0] === 'values')?.meta_data;
    if (column === undefined) throw new Error('there is no column "values"');
    const begin = Number(column.data_page_offset);
    const length = Math.min(Number(column.total_compressed_size), MAX_SAMPLE_CHUNK_BYTES + 1024 * 1024);
    const chunk = await this.buffer.slice(begin, begin + length);
    const reader = { view: new DataView(chunk), offset: 0 };
    const schemaPath = getSchemaPath(this.metadata.schema, column.path_in_schema);
    const found: Float32Array[] = [];
    let first = 0;
    while (found.length < rows.length) {
      const header = parquetHeader(reader);
      const page = new Uint8Array(chunk, reader.offset, header.compressed_page_size);
      reader.offset += header.compressed_page_size;
      const { data_page_header: data } = header;
      // Our vectors are all of one length and pages end with a record.
      if (data === undefined || data.num_values % dimension !== 0)
        throw new Error('a page is not as pineload writes it');
      const pageRows = data.num_values / dimension;
      if (rows[found.length]! < first + pageRows) {
        const plain = decompressPage(page, header.uncompressed_page_size, column.codec, undefined);
        const { dataPage } = readDataPage(plain, data, {
          pathInSchema: column.path_in_schema,
          schemaPath,
          element: schemaPath.at(-1)!.element,
          type: column.type,
          codec: column.codec,
        } as Parameters<typeof readDataPage>[2]);
        while (found.length < rows.length && rows[found.length]! < first + pageRows) {
          const at = (rows[found.length]! - first) * dimension;
          found.push(Float32Array.from(dataPage.slice(at, at + dimension) as ArrayLike<number>));
        }
      }
      first += pageRows;
    }
    return found;
  }
}

async function readRange(
  store: ObjectStore,
  key: string,
  start: number,
  end: number,
  signal: AbortSignal | undefined,
): Promise<ArrayBuffer> {
  const bytes = new Uint8Array(end - start);
  let filled = 0;
  for await (const part of store.read(key, { start, end, signal })) {
    bytes.set(part, filled);
    filled += part.length;
  }
  if (filled !== bytes.length) throw new Error(`${key}: ${filled} bytes instead of ${bytes.length}`);
  return bytes.buffer;
}
