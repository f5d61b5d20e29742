import { createHash } from 'node:crypto';
import { throwIfAborted } from '../base/abort.js';
import { DIGEST_BYTES, type DuplicateKind } from '../duplicates/find-duplicates.js';
import { corrupt, openParquet, type ParquetFile } from '../parquet/decode/index.js';
import type { RecordBatch } from '../records/batch.js';
import type { RecordLimits } from '../records/limits.js';
import type { ObjectStore } from '../uploaders/object-store.js';
import { bindColumns, type ImportColumns } from '../validate/columns.js';
import { FindingLog } from '../validate/findings.js';
import { objectFile } from '../validate/object-file.js';
import { readBatches } from '../validate/read-batches.js';

/** A Parquet file of an import. */
export interface StoredFile {
  readonly key: string;
  /** Undefined: in none, and compared with others in none. */
  readonly namespace: string | undefined;
  readonly bytes: number;
}

/** Footers kept, so that a file that is asked of again is not opened again. */
const OPEN_FILES = 16;

/** What is read back was checked when it was written or validated. */
export const AS_WRITTEN: RecordLimits = { idLength: 2 ** 20, metadataBytes: 2 ** 30, sparseEntries: 2 ** 20 };

/** Single rows of Parquet files, read back by our own decoder; only the row groups and columns that are needed. */
export class StoredRows {
  readonly #open = new Map<string, { readonly file: ParquetFile; readonly columns: ImportColumns }>();

  constructor(
    private readonly store: ObjectStore,
    /** Numbers of a dense vector; 0 without. */
    private readonly dimension: number,
    private readonly signal: AbortSignal | undefined,
  ) {}

  /** SHA-256 of namespace and id, or namespace and vector, of each row. @param rows ascending, 0-based in the file */
  async digests(kind: DuplicateKind, stored: StoredFile, rows: readonly number[]): Promise<Uint8Array> {
    const digests = Buffer.allocUnsafe(DIGEST_BYTES * rows.length);
    let done = 0;
    const namespace = Buffer.from(stored.namespace ?? '');
    await this.#each(stored, rows, kind, (batch, row) => {
      const hash = createHash('sha256').update(Uint32Array.of(namespace.length)).update(namespace);
      if (kind === 'ids') hash.update(batch.ids.bytes.subarray(batch.ids.offsets[row], batch.ids.offsets[row + 1]));
      else for (const part of vectorParts(batch, row)) hash.update(part);
      hash.digest().copy(digests, DIGEST_BYTES * done++);
    });
    return digests;
  }

  /** @param rows ascending, 0-based in the file */
  async ids(stored: StoredFile, rows: readonly number[]): Promise<string[]> {
    const ids: string[] = [];
    await this.#each(stored, rows, 'ids', ({ ids: { bytes, offsets } }, row) => {
      ids.push(Buffer.from(bytes.subarray(offsets[row], offsets[row + 1])).toString('utf8'));
    });
    return ids;
  }

  async open({ key, bytes }: StoredFile): Promise<{ readonly file: ParquetFile; readonly columns: ImportColumns }> {
    const known = this.#open.get(key);
    if (known !== undefined) return known;
    const file = await openParquet(objectFile(this.store, key, bytes, this.signal));
    const columns = bindColumns(file, key, undefined, new FindingLog(0));
    if (columns === undefined) throw corrupt('the file has not the columns of an import');
    const opened = { file, columns };
    if (this.#open.size === OPEN_FILES) this.#open.delete(this.#open.keys().next().value!);
    this.#open.set(key, opened);
    return opened;
  }

  async #each(
    stored: StoredFile,
    rows: readonly number[],
    kind: DuplicateKind,
    take: (batch: RecordBatch, row: number) => void,
  ): Promise<void> {
    const { file, columns } = await this.open(stored);
    const needed: ImportColumns =
      kind === 'ids'
        ? { id: columns.id, values: undefined, sparse: undefined, metadata: undefined }
        : { ...columns, metadata: undefined };
    try {
      await this.#rows(file, needed, stored, rows, take);
    } finally {
      await file.input.close?.();
    }
  }

  async #rows(
    file: ParquetFile,
    needed: ImportColumns,
    stored: StoredFile,
    rows: readonly number[],
    take: (batch: RecordBatch, row: number) => void,
  ): Promise<void> {
    let next = 0;
    let groupFirst = 0;
    for (const group of file.metadata.rowGroups) {
      const groupEnd = groupFirst + group.rows;
      if (next < rows.length && rows[next]! < groupEnd) {
        // Only this row group, and of it only what lies before the last wanted row.
        const part = { ...file, metadata: { ...file.metadata, rowGroups: [group] } };
        const options = {
          dimension: this.dimension,
          namespace: stored.namespace ?? '',
          source: stored.key,
          limits: AS_WRITTEN,
        };
        let first = groupFirst;
        for await (const batch of readBatches(part, needed, options)) {
          throwIfAborted(this.signal);
          for (; next < rows.length && rows[next]! < first + batch.rows; next++) take(batch, rows[next]! - first);
          first += batch.rows;
          if (next === rows.length || rows[next]! >= groupEnd) break;
        }
      }
      groupFirst = groupEnd;
    }
    if (next < rows.length) throw corrupt('the file has fewer rows than were written');
  }
}

/** What makes two vectors the same: see Fingerprints. */
function vectorParts({ values, sparse, dimension }: RecordBatch, row: number): Uint8Array[] {
  const parts: Uint8Array[] = [];
  if (values !== undefined)
    parts.push(bytesOf(withoutNegativeZero(values.slice(row * dimension, (row + 1) * dimension))));
  if (sparse !== undefined) {
    if (sparse.validity?.[row] === 0) return [...parts, Uint8Array.of(0)];
    const { offsets, indices, values: weights } = sparse;
    const entries = Array.from({ length: offsets[row + 1]! - offsets[row]! }, (_, i) => offsets[row]! + i);
    entries.sort((a, b) => indices[a]! - indices[b]!);
    parts.push(Uint8Array.of(1), bytesOf(Uint32Array.from(entries, (i) => indices[i]!)));
    parts.push(bytesOf(withoutNegativeZero(Float32Array.from(entries, (i) => weights[i]!))));
  }
  return parts;
}

function withoutNegativeZero(numbers: Float32Array): Float32Array {
  for (let i = 0; i < numbers.length; i++) if (numbers[i] === 0) numbers[i] = 0;
  return numbers;
}

function bytesOf(array: Float32Array | Uint32Array): Uint8Array {
  return new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
}
