import { throwIfAborted } from '../../base/abort.js';
import { PineloadError } from '../../base/errors.js';
import {
  ColumnPages,
  corrupt,
  DecodeBudget,
  DEFAULT_DECODE_LIMITS,
  FixedListSink,
  inFile,
  ListColumn,
  openParquet,
  ROW,
  type ParquetFile,
} from '../../parquet/decode/index.js';
import type { RecordBatch } from '../../records/batch.js';
import type { Reject } from '../../records/reject.js';
import { checkAndMend } from '../../records/rules/check-batch.js';
import { checkIds } from '../../records/rules/id.js';
import { Marker } from '../../records/rules/marker.js';
import type { RuleOptions } from '../../records/rules/options.js';
import type { Source } from '../../sources/source.js';
import { createReader } from '../create-reader.js';
import { count, fieldLabel } from '../problem.js';
import type { ChunkReader, ReaderConfig } from '../reader.js';
import { bindFile, type Binding } from './bind.js';
import { JsonOut } from './json-out.js';
import { RowTexts } from './row-texts.js';
import { sourceFile } from './source-file.js';

/** Vectors and texts of one batch, each: more do not fit the caches. */
export const BATCH_BYTES = 1024 * 1024;
export const MAX_BATCH_ROWS = 4096;
/** Share of the memory for gathered records that one page of a column may take, read and decompressed. */
const PAGE_SHARE = 0.5;
/** Pages of other writers are of 1 MiB, with little to spare; a smaller limit would help nobody. */
const MIN_PAGE_BYTES = 8 * 1024 * 1024;

export interface ReadParquetOptions {
  readonly config: ReaderConfig;
  readonly rules: RuleOptions;
  /** A longer row, its vector not counted, is rejected. */
  readonly maxRecordBytes: number;
  /** Memory for records; what of it a page of the file may take is decided by it. Default: DEFAULT_DECODE_LIMITS. */
  readonly maxBufferedBytes?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onRead?: ((bytes: number) => void) | undefined;
}

/**
 * The rows of a Parquet file as checked batches, in order; a row's line is its number in the file, from 1. Dense vectors go from pages
 * to the batch as columns; what else the mapping takes of a row becomes a line of JSON, so that every choice, type and rule is
 * that of JSONL. Row groups are read page by page.
 *
 * @throws PineloadError MAPPING_UNRESOLVED, INPUT_UNREADABLE, INPUT_CHANGED, PARQUET_CORRUPT, PARQUET_UNSUPPORTED, PARQUET_LIMIT
 */
export async function* readParquet(
  source: Source,
  options: ReadParquetOptions,
): AsyncGenerator<RecordBatch, void, undefined> {
  const { signal, onRead, maxBufferedBytes, config } = options;
  let read = 0;
  const input = sourceFile(source, {
    signal,
    onRead: (bytes) => {
      read += bytes;
      onRead?.(bytes);
    },
  });
  const file = await openParquet(input, limits(maxBufferedBytes));
  const rows = new FileRows(file, bindFile(file, config, source.name), source, options);
  let first = 0;
  try {
    for (let group = 0; group < file.metadata.rowGroups.length; group++) {
      for await (const batch of rows.group(group, first)) {
        throwIfAborted(signal);
        yield batch;
      }
      first += file.metadata.rowGroups[group]!.rows;
    }
  } catch (error) {
    throw withWayOut(error);
  }
  // Columns that nothing uses are not read: for progress, they are done too.
  onRead?.(Math.max(0, input.bytes - read));
}

/** What is too large for the memory of this run is not for that of another. */
function withWayOut(error: unknown): unknown {
  if (!(error instanceof PineloadError) || error.code !== 'PARQUET_LIMIT') return error;
  const { source, field, expected, got } = error;
  return new PineloadError('PARQUET_LIMIT', {
    message: 'a part of the file that is read at once is larger than the memory for it',
    ...Object.fromEntries(Object.entries({ source, field, expected, got }).filter(([, value]) => value !== undefined)),
    hint: 'Give more memory (--max-memory), or have the file written anew with smaller pages or row groups.',
    cause: error,
  });
}

function limits(maxBufferedBytes: number | undefined): typeof DEFAULT_DECODE_LIMITS {
  if (maxBufferedBytes === undefined) return DEFAULT_DECODE_LIMITS;
  const pageBytes = Math.max(MIN_PAGE_BYTES, Math.floor(PAGE_SHARE * maxBufferedBytes));
  return { ...DEFAULT_DECODE_LIMITS, pageBytes: Math.min(DEFAULT_DECODE_LIMITS.pageBytes, pageBytes) };
}

/** Rows of one file. */
class FileRows {
  readonly #budget: DecodeBudget;
  readonly #reader: ChunkReader;
  readonly #out = new JsonOut();
  readonly #label: string;

  constructor(
    private readonly file: ParquetFile,
    private readonly binding: Binding,
    private readonly source: Source,
    private readonly options: ReadParquetOptions,
  ) {
    const { config } = options;
    this.#budget = new DecodeBudget(file.input.bytes, file.limits);
    this.#label = config.values !== undefined && 'field' in config.values ? fieldLabel(config.values.field) : 'values';
    // Where the vectors take their own way, the line is that of a record that may have a sparse one and need not have any.
    const line: ReaderConfig =
      binding.vector === undefined ? config : { ...config, kind: 'hybrid', dimension: 0, values: undefined };
    this.#reader = createReader({ ...line, format: 'jsonl' });
  }

  async *group(group: number, firstRow: number): AsyncGenerator<RecordBatch, void, undefined> {
    const { file, binding } = this;
    const total = file.metadata.rowGroups[group]!.rows;
    if (total === 0) return;
    const texts = new RowTexts(file, group, { leaves: binding.leaves, quoted: binding.id }, this.#budget);
    const vectors = this.#vectors(group);
    const most = this.#rowsAhead(group);
    for (let done = 0; done < total;) {
      const wanted = Math.min(total - done, most);
      await texts.ensure(wanted);
      const { rows, tooLarge } = this.#write(texts, wanted, firstRow + done + 1);
      const sink = vectors && (await this.#read(vectors, rows));
      yield this.#batch(firstRow + done, rows, sink, tooLarge);
      done += rows;
    }
    await texts.finish();
    if (vectors !== undefined && !(await vectors.atEnd())) {
      throw this.#fault(corrupt('the column has more rows than its row group'));
    }
  }

  /** Rows whose texts and vectors are about as large as a batch, by what the footer says of the row group. */
  #rowsAhead(group: number): number {
    const { columns, rows } = this.file.metadata.rowGroups[group]!;
    const bytes = [...this.binding.leaves].reduce((sum, leaf) => sum + columns[leaf.leaf]!.uncompressedBytes, 0);
    const each = Math.max(bytes / rows, this.binding.vector === undefined ? 1 : 4 * this.options.config.dimension);
    return Math.max(1, Math.min(MAX_BATCH_ROWS, Math.floor(BATCH_BYTES / each)));
  }

  /** Writes up to `wanted` lines, fewer once they are as large as a batch. A row that is too large leaves an empty line. */
  #write(texts: RowTexts, wanted: number, firstLine: number): { readonly rows: number; readonly tooLarge: Reject[] } {
    const { maxRecordBytes } = this.options;
    const tooLarge: Reject[] = [];
    const out = this.#out;
    out.length = 0;
    let rows = 0;
    for (; rows < wanted && out.length < BATCH_BYTES; rows++) {
      const start = out.length;
      texts.write(out);
      const bytes = out.length - start - 1;
      if (bytes <= maxRecordBytes) continue;
      out.length = start;
      out.byte(0x0a);
      tooLarge.push({
        source: this.source.name,
        line: firstLine + rows,
        byteOffset: 0,
        code: 'RECORD_TOO_LARGE',
        expected: `at most ${maxRecordBytes} bytes`,
        got: `${bytes} bytes without the vector`,
      });
    }
    return { rows, tooLarge };
  }

  #vectors(group: number): ListColumn | undefined {
    const { file, binding } = this;
    if (binding.vector === undefined) return undefined;
    const { node, type, levels } = binding.vector;
    const chunk = file.metadata.rowGroups[group]!.columns[node.leaf]!;
    return new ListColumn(new ColumnPages(file, node, chunk, this.#budget), type, levels);
  }

  async #read(vectors: ListColumn, rows: number): Promise<FixedListSink> {
    const sink = new FixedListSink(rows, this.options.config.dimension);
    try {
      await vectors.read(rows, sink);
    } catch (error) {
      throw this.#fault(error);
    }
    return sink;
  }

  #fault(error: unknown) {
    return inFile(error, this.source.name, this.binding.vector?.node.path.join('.'));
  }

  /** The lines written last, mapped, with their vectors, every rule applied. */
  #batch(before: number, rows: number, sink: FixedListSink | undefined, tooLarge: readonly Reject[]): RecordBatch {
    const { config, rules } = this.options;
    const bytes = this.#out.written;
    const lines = this.#reader.read({
      source: this.source.name,
      bytes,
      firstLine: before + 1,
      byteOffset: 0,
      rejects: [],
    });
    // Offsets in the lines, which are nowhere to be found in the file.
    lines.origin.byteOffsets.fill(0);
    const rejects = [...lines.rejects.map(ofRow), ...tooLarge];
    let batch: RecordBatch = { ...lines, rejects };
    if (sink !== undefined) {
      batch = {
        ...batch,
        // The vectors were in none of the lines.
        knownOfAll: undefined,
        dimension: config.dimension,
        values: placed(lines, before, rows, sink.values, config.dimension),
        sparse: config.kind === 'dense' ? undefined : lines.sparse,
      };
      this.#mark(batch, before, sink);
    }
    const checked = checkAndMend(batch, rules);
    return { ...checked, origin: { ...checked.origin, raw: undefined } };
  }

  /** Rejects rows whose vector is none, or has a wrong length. */
  #mark(batch: RecordBatch, before: number, { states, lengths }: FixedListSink): void {
    const { dimension } = this.options.config;
    let marker: Marker | undefined;
    for (let row = 0; row < batch.rows; row++) {
      const at = batch.origin.lines[row]! - before - 1;
      const state = states[at];
      const length = lengths[at]!;
      if (state === ROW.PRESENT && length === dimension) continue;
      if (marker === undefined) checkIds((marker = new Marker(batch)));
      const numbers = count(dimension, 'number');
      if (state === ROW.ELEMENT_NULL) marker.reject(row, 'VALUES_TYPE', this.#label, 'numbers', 'a null among them');
      else if (state !== ROW.PRESENT) marker.reject(row, 'VALUES_MISSING', this.#label, numbers, 'null');
      else marker.reject(row, 'VALUES_DIMENSION', this.#label, numbers, count(length, 'number'));
    }
  }
}

/** A reject of a line as one of the row it was written of. All that the lines hold that is no JSON are NaN and the infinities. */
function ofRow(reject: Reject): Reject {
  const row = { ...reject, byteOffset: 0 };
  if (reject.code !== 'JSON_SYNTAX') return row;
  return { ...row, code: 'METADATA_VALUE', expected: 'finite numbers', got: 'NaN or an infinity' };
}

/** Vectors of the rows that were kept; those of rows that could not be put into columns are closed up. */
function placed(
  { rows, origin }: RecordBatch,
  before: number,
  read: number,
  values: Float32Array<ArrayBuffer>,
  dimension: number,
): Float32Array {
  if (rows === read) return values;
  for (let row = 0; row < rows; row++) {
    const at = origin.lines[row]! - before - 1;
    if (at !== row) values.copyWithin(row * dimension, at * dimension, (at + 1) * dimension);
  }
  return values.subarray(0, rows * dimension);
}
