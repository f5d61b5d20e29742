import type { ObjectStore } from '../../uploaders/object-store.js';
import type { EmulatorLimits } from '../options.js';
import { checkColumns, type ColumnName } from '../rules/columns.js';
import { DuplicateWatch } from '../rules/duplicates.js';
import { ImportFailure } from '../rules/import-failure.js';
import { type ImportFile, readLayout } from '../rules/layout.js';
import { isNull, RecordRules, type RecordTarget, type Row } from '../rules/record.js';
import {
  allSkipped,
  badRecord,
  DUPLICATE_VECTOR,
  namespaceExists,
  storeFailed,
  tooManyNamespaces,
  uriIsFile,
} from '../rules/texts.js';
import type { ImportRecord } from '../state/import-record.js';
import type { IndexState } from '../state/index-state.js';
import type { KeptRecord } from '../state/kept-records.js';
import { asFile, pathInBucket } from './import-uri.js';
import { Pace, pause } from './pace.js';
import { type NumberedRow, ParquetFile } from './parquet-file.js';

/** What an import needs of the emulator. */
export interface ImportContext {
  readonly index: IndexState;
  readonly record: ImportRecord;
  readonly openStore: (uri: string) => Promise<ObjectStore>;
  readonly limits: EmulatorLimits;
  readonly extraColumns: 'refuse' | 'ignore';
  readonly pendingMs: number;
  readonly importMs: number;
  readonly recordsPerSecond: number | undefined;
  readonly indexingMs: number;
  readonly signal: AbortSignal;
  /** Called when the status changes. */
  readonly onChange: (detail?: string) => void;
}

/** Rows that are held against the rules at once. */
const BLOCK_ROWS = 256;
/** Steps in which progress is told at least. */
const PROGRESS_STEPS = 50;

/**
 * Takes an import from `Pending` to `InProgress` to `Completed` or `Failed`. Never throws; a fired signal leaves the record
 * as the one who fired it has set it.
 */
export async function runImport(context: ImportContext): Promise<void> {
  const { record, index, signal, onChange } = context;
  try {
    await pause(context.pendingMs, signal);
    record.status = 'InProgress';
    onChange();
    await readAll(context);
    record.percentComplete = 100;
    // "the expected job status is InProgress, but 100.0 percent complete" while the records are indexed.
    await pause(context.indexingMs, signal);
    record.status = 'Completed';
    end(index, record);
    onChange();
  } catch (error) {
    if (signal.aborted) return;
    record.status = 'Failed';
    record.error = error instanceof Error ? error.message : String(error);
    end(index, record);
    onChange(error instanceof ImportFailure ? error.detail : undefined);
  }
}

/** Marks the import's end. What was imported until then stays, as with the service. */
export function end(index: IndexState, record: ImportRecord): void {
  record.finishedAt = new Date().toISOString();
  index.settle(record.id, Date.now());
}

async function readAll(context: ImportContext): Promise<void> {
  await reach(context, () => refuseFile(context));
  const store = await reach(context, () => context.openStore(withSlash(context.record.uri)));
  try {
    const files = await reach(context, () => findFiles(context, store));
    const exists = context.index.claim(new Set(files.map((file) => file.namespace)), context.record.id);
    if (exists !== undefined) throw new ImportFailure(namespaceExists(exists));
    if (context.index.namespaceCount > context.limits.namespacesPerIndex) {
      throw new ImportFailure(`User error: ${tooManyNamespaces(context.index.settings.name)}`);
    }
    // "These errors are returned for both error modes": all schemas before any record.
    const total = await checkSchemas(context, store, files);
    await importFiles(context, store, files, total);
  } finally {
    await store.close();
  }
}

/** Errors of the store become the import's error; the service says hardly more than that it has no access. */
async function reach<T>(context: ImportContext, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    context.signal.throwIfAborted();
    if (error instanceof ImportFailure) throw error;
    throw new ImportFailure(storeFailed(context.record.uri, error instanceof Error ? error.message : String(error)));
  }
}

async function findFiles(context: ImportContext, store: ObjectStore): Promise<ImportFile[]> {
  const { uri } = context.record;
  const objects = store.list('', { signal: context.signal });
  return readLayout(uri, objects, (key) => pathInBucket(uri, key), context.limits);
}

/** The URI names the directory above the namespaces; one that names a Parquet file has an error text of its own. */
async function refuseFile(context: ImportContext): Promise<void> {
  const file = asFile(context.record.uri);
  if (!file) return;
  const store = await context.openStore(file.directory);
  try {
    if ((await store.head(file.name, context.signal)) === undefined) return;
  } finally {
    await store.close();
  }
  throw new ImportFailure(uriIsFile(pathInBucket(file.directory, file.name)));
}

async function checkSchemas(context: ImportContext, store: ObjectStore, files: readonly ImportFile[]): Promise<number> {
  let rows = 0;
  for (const file of files) {
    const parquet = await reach(context, () => ParquetFile.open(store, file, context.signal));
    checkColumns(parquet.schema, context.index.settings.vectorType, context.extraColumns, file.key);
    rows += parquet.rows;
  }
  return rows;
}

async function importFiles(
  context: ImportContext,
  store: ObjectStore,
  files: readonly ImportFile[],
  total: number,
): Promise<void> {
  const { record, index, signal } = context;
  const progress = new Progress(record, total, new Pace(total, context.importMs, context.recordsPerSecond, signal));
  const { vectorType, dimension, metric } = index.settings;
  const target: RecordTarget = { vectorType, dimension, keepsSparse: metric === 'dotproduct' };
  const rules = new RecordRules(target, context.limits.records);
  let namespace: NamespaceImport | undefined;
  for (const file of files) {
    if (namespace?.name !== file.namespace) {
      namespace?.finish();
      namespace = new NamespaceImport(index, record, file.namespace, target);
    }
    const parquet = await reach(context, () => ParquetFile.open(store, file, signal));
    const columns = checkColumns(parquet.schema, vectorType, context.extraColumns, file.key);
    await readFile(context, parquet, columns, file, rules, namespace, progress);
  }
  namespace?.finish();
  await progress.tell();
}

async function readFile(
  context: ImportContext,
  parquet: ParquetFile,
  columns: readonly ColumnName[],
  file: ImportFile,
  rules: RecordRules,
  namespace: NamespaceImport,
  progress: Progress,
): Promise<void> {
  let read = 0;
  try {
    for await (const block of inBlocks(parquet.read(columns))) {
      const faults = rules.faults(block.map(({ row }) => row));
      for (const [i, { number, row }] of block.entries()) {
        context.signal.throwIfAborted();
        namespace.add(row, faults[i], file, number);
        read++;
        if (progress.isDue()) await progress.tell();
      }
    }
  } catch (error) {
    context.signal.throwIfAborted();
    if (error instanceof ImportFailure) throw error;
    // Pages that cannot be read, or a store that stopped answering. The service's text for it is not published.
    const reason = error instanceof Error ? error.message : String(error);
    throw new ImportFailure(badRecord(file.name, read, reason), file.key);
  }
}

/** Rows in blocks; those before an error come before it. */
async function* inBlocks(rows: AsyncIterable<NumberedRow>): AsyncGenerator<NumberedRow[]> {
  let block: NumberedRow[] = [];
  try {
    for await (const row of rows) {
      block.push(row);
      if (block.length < BLOCK_ROWS) continue;
      yield block;
      block = [];
    }
  } catch (error) {
    yield block;
    throw error;
  }
  yield block;
}

/** Tells of an import's progress in steps, and keeps it to its pace at each. */
class Progress {
  readonly #step: number;
  #nextAt: number;

  constructor(
    private readonly record: ImportRecord,
    private readonly total: number,
    private readonly pace: Pace,
  ) {
    this.#step = Math.max(1, Math.ceil(total / PROGRESS_STEPS));
    this.#nextAt = this.#step;
  }

  isDue(): boolean {
    return this.#done >= this.#nextAt;
  }

  async tell(): Promise<void> {
    const done = this.#done;
    this.#nextAt = done + this.#step;
    await this.pace.reached(done);
    this.record.percentComplete = this.total === 0 ? 100 : (100 * done) / this.total;
  }

  get #done(): number {
    return this.record.recordsImported + this.record.recordsSkipped;
  }
}

/** One namespace while its files are read: duplicates, counts. */
class NamespaceImport {
  readonly #duplicates = new DuplicateWatch();
  #imported = 0;
  #skipped = 0;

  constructor(
    private readonly index: IndexState,
    private readonly record: ImportRecord,
    readonly name: string,
    private readonly target: RecordTarget,
  ) {}

  /**
   * Imports the row, or skips it (`continue`), or fails the import on it (`abort`).
   * @param wrong with the row, other records aside
   */
  add(row: Row, wrong: string | undefined, file: ImportFile, number: number): void {
    const fault = wrong ?? this.#put(row);
    if (fault === undefined) {
      this.#imported++;
      this.record.recordsImported++;
    } else if (this.record.onError === 'abort') {
      throw new ImportFailure(badRecord(file.name, number, fault), `${file.key}, row ${number}`);
    } else {
      this.#skipped++;
      this.record.recordsSkipped++;
    }
  }

  finish(): void {
    if (this.#imported === 0 && this.#skipped > 0) throw new ImportFailure(allSkipped(this.name));
  }

  #put(row: Row): string | undefined {
    const dense = this.target.vectorType === 'dense' ? Float32Array.from(row.values as ArrayLike<number>) : undefined;
    const sparse = this.target.keepsSparse ? sparseOf(row) : undefined;
    if (!this.#duplicates.firstTime(dense, sparse?.indices, sparse?.values)) return DUPLICATE_VECTOR;
    const kept: KeptRecord = { values: dense, sparse, metadata: row.metadata ?? undefined };
    this.index.openForImport(this.name, this.record.id).put(row.id!, kept);
    return undefined;
  }
}

function sparseOf({ sparse }: Row): KeptRecord['sparse'] {
  if (isNull(sparse)) return undefined;
  return {
    indices: Uint32Array.from(sparse!.indices as ArrayLike<number>),
    values: Float32Array.from(sparse!.values as ArrayLike<number>),
  };
}

function withSlash(uri: string): string {
  return uri.endsWith('/') ? uri : `${uri}/`;
}
