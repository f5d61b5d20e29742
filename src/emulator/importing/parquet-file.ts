import {
  type AsyncBuffer,
  type DecodedArray,
  type FileMetaData,
  type RowGroup,
  type SchemaTree,
  parquetMetadataAsync,
  parquetScan,
  parquetSchema,
} from 'hyparquet';
import { DEFAULT_PARSERS } from 'hyparquet/src/convert.js';
import { getTreePath } from 'hyparquet/src/schema.js';
import type { ObjectStore } from '../../uploaders/object-store.js';
import type { ColumnName } from '../rules/columns.js';
import { ImportFailure } from '../rules/import-failure.js';
import type { ImportFile } from '../rules/layout.js';
import type { Row, SparseRow } from '../rules/record.js';
import { BAD_FOOTER } from '../rules/texts.js';
import { COMPRESSORS } from './codecs.js';
import { type FloatList, floatLists } from './float-lists.js';

/** A row with its place in the file. */
export interface NumberedRow {
  /** 0-based, from the beginning of the file. */
  readonly number: number;
  readonly row: Row;
}

const decoder = new TextDecoder();
/** JSON-annotated text is to stay text, checked here and not by the reader. */
const PARSERS = { jsonFromBytes: (bytes: Uint8Array | undefined) => bytes && decoder.decode(bytes) };

/**
 * A Parquet file in the store, read by ranges through hyparquet: on purpose not by pineload's own decoder, so that a fault
 * in our writer cannot hide behind the same fault in our reader.
 */
export class ParquetFile {
  readonly #buffer: AsyncBuffer;
  readonly #metadata: FileMetaData;
  readonly schema: SchemaTree;

  private constructor(buffer: AsyncBuffer, metadata: FileMetaData) {
    this.#buffer = buffer;
    this.#metadata = metadata;
    this.schema = parquetSchema(metadata);
  }

  /** Reads the footer. Throws an ImportFailure when there is none that can be read. */
  static async open(store: ObjectStore, file: ImportFile, signal: AbortSignal): Promise<ParquetFile> {
    const buffer: AsyncBuffer = {
      byteLength: file.bytes,
      slice: (start, end = file.bytes) => readRange(store, file.key, start, end, signal),
    };
    // The least there can be: magic, footer length, magic.
    if (file.bytes < 12) throw new ImportFailure(BAD_FOOTER, file.key);
    let failed: Error | undefined;
    const watched: AsyncBuffer = {
      ...buffer,
      slice: async (start, end) => {
        try {
          return await buffer.slice(start, end);
        } catch (error) {
          failed = error instanceof Error ? error : new Error(String(error));
          throw failed;
        }
      },
    };
    try {
      const metadata = await parquetMetadataAsync(watched, { geoparquet: false });
      for (const element of metadata.schema) addConvertedType(element);
      return new ParquetFile(buffer, metadata);
    } catch (error) {
      // A store that does not answer is not a bad footer.
      if (failed !== undefined) throw failed;
      throw new ImportFailure(BAD_FOOTER, `${file.key}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }

  get rows(): number {
    return Number(this.#metadata.num_rows);
  }

  /** All rows, one row group in memory at a time. */
  async *read(columns: readonly ColumnName[]): AsyncGenerator<NumberedRow> {
    let first = 0;
    for (const group of this.#metadata.row_groups) {
      const rows = Number(group.num_rows);
      if (rows > 0) yield* await this.#readGroup(group, columns, first, first + rows);
      first += rows;
    }
  }

  async #readGroup(
    group: RowGroup,
    columns: readonly ColumnName[],
    rowStart: number,
    rowEnd: number,
  ): Promise<Iterable<NumberedRow>> {
    const others: Partial<Record<ColumnName, DecodedArray>> = {};
    for (const column of columns) {
      if (column === 'values') continue;
      // One scan per column: a scan keeps what it decoded.
      const scan = await parquetScan({
        file: this.#buffer,
        metadata: this.#metadata,
        columns: [column],
        compressors: COMPRESSORS,
        parsers: PARSERS,
        geoparquet: false,
        useOffsetIndex: false,
      });
      const data = await scan.readColumn({ column, rowStart, rowEnd });
      if (data.length !== rowEnd - rowStart) throw wrongRows(column, data.length, rowEnd - rowStart);
      others[column] = data;
    }
    const values = columns.includes('values') ? await this.#readValues(group) : undefined;
    return numbered(others, values, rowStart, rowEnd - rowStart);
  }

  async #readValues(group: RowGroup): Promise<Generator<FloatList>> {
    const chunk = group.columns.find((each) => each.meta_data?.path_in_schema[0] === 'values')?.meta_data;
    if (!chunk) throw new Error('column "values" has no data');
    const schemaPath = getTreePath(this.schema, chunk.path_in_schema);
    const start = Number(chunk.dictionary_page_offset || chunk.data_page_offset);
    const bytes = await this.#buffer.slice(start, start + Number(chunk.total_compressed_size));
    return floatLists(bytes, {
      pathInSchema: chunk.path_in_schema,
      schemaPath,
      element: schemaPath.at(-1)!.element,
      type: chunk.type,
      codec: chunk.codec,
      parsers: DEFAULT_PARSERS,
      compressors: COMPRESSORS,
    });
  }
}

function* numbered(
  others: Partial<Record<ColumnName, DecodedArray>>,
  values: Generator<FloatList> | undefined,
  first: number,
  count: number,
): Generator<NumberedRow> {
  const at = <T>(column: ColumnName, i: number): T | null | undefined => others[column]?.[i] as T | null | undefined;
  for (let i = 0; i < count; i++) {
    const list = values?.next();
    if (list?.done === true) throw wrongRows('values', i, count);
    yield {
      number: first + i,
      row: {
        id: at<string>('id', i),
        values: list?.value,
        sparse: at<SparseRow>('sparse_values', i),
        metadata: at<string>('metadata', i),
      },
    };
  }
  if (values && values.next().done !== true) throw wrongRows('values', count + 1, count);
}

function wrongRows(column: string, got: number, expected: number): Error {
  return new Error(`column "${column}" has ${got} rows or more, expected ${expected}`);
}

/**
 * Writers may leave the older annotation out where the newer one is given (LogicalTypes.md, "Compatibility"); hyparquet and
 * the column rules go by the older.
 */
function addConvertedType(element: FileMetaData['schema'][number]): void {
  if (element.converted_type !== undefined || element.logical_type === undefined) return;
  const logical = element.logical_type;
  if (logical.type === 'LIST') element.converted_type = 'LIST';
  if (logical.type === 'MAP') element.converted_type = 'MAP';
  if (logical.type === 'STRING') element.converted_type = 'UTF8';
  if (logical.type === 'JSON') element.converted_type = 'JSON';
  if (logical.type === 'INTEGER' && logical.bitWidth === 32 && !logical.isSigned) element.converted_type = 'UINT_32';
}

async function readRange(
  store: ObjectStore,
  key: string,
  start: number,
  end: number,
  signal: AbortSignal,
): Promise<ArrayBuffer> {
  const bytes = new Uint8Array(end - start);
  let filled = 0;
  for await (const part of store.read(key, { start, end, signal })) {
    if (filled + part.length > bytes.length) throw new Error(`more bytes than asked for in ${key}`);
    bytes.set(part, filled);
    filled += part.length;
  }
  if (filled < bytes.length) throw new Error(`the file ${key} ended early`);
  return bytes.buffer;
}
