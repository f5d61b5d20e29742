import { openParquet, type ParquetFile, type RandomAccess } from '../parquet/decode/index.js';
import type { RecordBatch, VectorKind } from '../records/batch.js';
import { DEFAULT_NAMESPACE, MAX_DIMENSION } from '../records/limits.js';
import { checkBatch } from '../records/rules/check-batch.js';
import type { RuleOptions } from '../records/rules/options.js';
import { throwIfAborted } from '../base/abort.js';
import { bindColumns, type ImportColumns } from './columns.js';
import type { FindingLog } from './findings.js';
import type { ImportFile } from './layout.js';
import { firstLengths, readBatches } from './read-batches.js';

/** A file whose footer and schema were looked at. */
export interface CheckedFile {
  readonly entry: ImportFile;
  readonly file: ParquetFile;
  /** Undefined: the schema is refused, the rows cannot be read. */
  readonly columns: ImportColumns | undefined;
}

/** What the rows of a file came to. */
export interface FileResult {
  readonly rows: number;
  readonly rejected: number;
  /** Rows that have a dense and rows that have a sparse vector. */
  readonly denseRows: number;
  readonly sparseRows: number;
}

/** Codecs and encodings that Pinecone is known to read. */
const PROVEN_CODECS = new Set(['UNCOMPRESSED', 'SNAPPY']);
const PROVEN_ENCODINGS = new Set(['PLAIN', 'RLE', 'PLAIN_DICTIONARY', 'RLE_DICTIONARY', 'BIT_PACKED']);

/** Reads footer and schema. @throws PARQUET_* */
export async function checkFooter(
  entry: ImportFile,
  input: RandomAccess,
  vectorType: 'dense' | 'sparse' | undefined,
  log: FindingLog,
): Promise<CheckedFile> {
  const file = await openParquet(input);
  const columns = bindColumns(file, entry.key, vectorType, log);
  if (file.metadata.rows === 0) log.rule('FILE_NO_ROWS', { file: entry.key, expected: 'rows', got: 'none' });
  const codecs = new Set<string>();
  const encodings = new Set<string>();
  for (const { columns: chunks } of file.metadata.rowGroups) {
    for (const chunk of chunks) {
      if (!PROVEN_CODECS.has(chunk.codec)) codecs.add(chunk.codec);
      for (const encoding of chunk.encodings) if (!PROVEN_ENCODINGS.has(encoding)) encodings.add(encoding);
    }
  }
  const proven = 'Snappy or no compression, PLAIN or RLE_DICTIONARY';
  for (const got of codecs) log.rule('FILE_CODEC_UNPROVEN', { file: entry.key, expected: proven, got });
  for (const got of encodings) log.rule('FILE_ENCODING_UNPROVEN', { file: entry.key, expected: proven, got });
  return { entry, file, columns };
}

/** Kind of vectors by the columns alone. */
export function kindOfColumns({ values, sparse }: ImportColumns): VectorKind {
  return values === undefined ? 'sparse' : sparse === undefined ? 'dense' : 'hybrid';
}

/** The length most of the first vectors have. Undefined when there is none to measure. */
export async function findDimension({ file, columns }: Omit<CheckedFile, 'entry'>): Promise<number | undefined> {
  if (columns?.values === undefined) return undefined;
  const counts = new Map<number, number>();
  try {
    for (const length of await firstLengths(file, columns.values)) counts.set(length, (counts.get(length) ?? 0) + 1);
  } finally {
    await file.input.close?.();
  }
  let best: number | undefined;
  for (const [length, count] of counts) {
    if (length > 0 && count > (best === undefined ? 0 : counts.get(best)!)) best = length;
  }
  return best;
}

export interface RowOptions {
  readonly dimension: number | undefined;
  readonly sample: number | undefined;
  readonly maxRejected: number;
  readonly rules: RuleOptions;
  readonly signal: AbortSignal | undefined;
  /** Given every batch, checked; it is good until the promise resolves. */
  readonly onBatch?: ((batch: RecordBatch, firstRow: number) => Promise<void>) | undefined;
  /** Told of every batch, as it goes. */
  readonly onRows: (rows: number, rejected: number) => void;
}

/** Reads rows and holds them against every rule. @throws PARQUET_* */
export async function checkRows(checked: CheckedFile, options: RowOptions, log: FindingLog): Promise<FileResult> {
  const { entry, file, columns } = checked;
  const result = { rows: 0, rejected: 0, denseRows: 0, sparseRows: 0 };
  if (columns === undefined) return result;
  const dimension = columns.values === undefined ? 0 : (options.dimension ?? 0);
  // A vector longer than any index takes is told once; its numbers need not be read for that.
  if (dimension > (options.rules.limits?.dimension ?? MAX_DIMENSION)) return result;
  let v2 = false;
  const batches = readBatches(file, columns, {
    dimension,
    // What is wrong with a namespace's name was told once, of its directory.
    namespace: DEFAULT_NAMESPACE,
    source: entry.key,
    maxRows: options.sample,
    limits: options.rules.limits,
    onPages: (column, facts) => {
      if (facts.v2 && !v2) {
        const place = { file: entry.key, field: column };
        log.rule('FILE_PAGE_V2_UNPROVEN', { ...place, expected: 'version 1', got: 'version 2' });
      }
      v2 ||= facts.v2;
    },
  });
  try {
    for await (const batch of batches) {
      throwIfAborted(options.signal);
      checkBatch(batch, options.rules);
      for (const reject of batch.rejects) log.reject(reject);
      await options.onBatch?.(batch, result.rows);
      result.rows += batch.rows;
      result.rejected += batch.rejects.length;
      if (batch.values !== undefined) result.denseRows += batch.rows;
      result.sparseRows += presentRows(batch.sparse?.validity, batch.sparse === undefined ? 0 : batch.rows);
      options.onRows(batch.rows, batch.rejects.length);
      if (result.rejected >= options.maxRejected && result.rows < file.metadata.rows) {
        log.rule('FILE_ROWS_NOT_READ', {
          file: entry.key,
          expected: `fewer than ${options.maxRejected} rejected rows`,
          got: `${result.rejected} of ${result.rows}`,
        });
        break;
      }
    }
  } finally {
    await file.input.close?.();
  }
  return result;
}

function presentRows(validity: Uint8Array | undefined, rows: number): number {
  if (validity === undefined) return rows;
  let present = 0;
  for (let row = 0; row < rows; row++) present += validity[row]!;
  return present;
}
