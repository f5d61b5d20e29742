import pLimit from 'p-limit';
import { throwIfAborted } from '../base/abort.js';
import { PineloadError } from '../base/errors.js';
import type { RecordBatch, VectorKind } from '../records/batch.js';
import { MAX_DIMENSION, type RecordLimits } from '../records/limits.js';
import type { ObjectInfo, ObjectStore } from '../uploaders/object-store.js';
import { FindingLog } from './findings.js';
import { NO_BYTE, readLayout, type ImportFile } from './layout.js';
import { objectFile } from './object-file.js';
import {
  checkFooter,
  checkRows,
  findDimension,
  kindOfColumns,
  type CheckedFile,
  type FileResult,
} from './validate-file.js';

/** Files read at once: each holds a few windows of some MiB. */
export const DEFAULT_VALIDATE_FILES = 4;
/** Rejected rows after which the rest of a file is left unread: by then everybody knows. */
export const DEFAULT_MAX_REJECTED_PER_FILE = 1_000_000;

export interface ValidateSettings {
  /** First rows of each file to look at. Default: every row. */
  readonly sample?: number | undefined;
  /** Numbers of a dense vector. Default: what most vectors at the beginning of the first file have. */
  readonly dimension?: number | undefined;
  /** What the index takes. Default: by the columns. */
  readonly vectorType?: 'dense' | 'sparse' | undefined;
  /** Take dense vectors that hold only zeros. Default false. */
  readonly allowZeroVectors?: boolean | undefined;
  /** Limits of a record that are not the published ones. */
  readonly limits?: RecordLimits | undefined;
  /** Files read at once. Default DEFAULT_VALIDATE_FILES. */
  readonly files?: number | undefined;
  /** Default DEFAULT_MAX_REJECTED_PER_FILE. */
  readonly maxRejectedPerFile?: number | undefined;
}

/** Footers kept between the two passes, as bytes in the files. */
const KEPT_FOOTER_BYTES = 16 * 1024 * 1024;

/** Totals as they grow. */
export interface ValidateProgress {
  readonly files: number;
  readonly filesTotal: number;
  readonly rows: number;
  readonly rowsTotal: number;
  readonly rejected: number;
}

/** One namespace of the import. */
export interface ValidatedNamespace {
  readonly namespace: string;
  readonly files: number;
  readonly records: number;
  readonly bytes: number;
  readonly rejected: number;
}

/** What was found out about an import directory, findings aside. */
export interface ValidatedImport {
  /** Undefined: no file could be understood. */
  readonly kind: VectorKind | undefined;
  readonly dimension: number | undefined;
  readonly files: readonly (ImportFile & { readonly records: number; readonly rejected: number })[];
  /** Files that lie in no namespace's directory are in none of them. */
  readonly namespaces: readonly ValidatedNamespace[];
  /** Rows the footers tell of. */
  readonly records: number;
  /** Rows that were read. */
  readonly recordsChecked: number;
  readonly rejected: number;
  readonly bytes: number;
}

export interface ValidateContext {
  readonly log: FindingLog;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: ValidateProgress) => void) | undefined;
  /** Given the checked rows of every file. @param number of the file in the order of keys */
  readonly onBatch?:
    ((number: number, file: ImportFile, batch: RecordBatch, firstRow: number) => Promise<void>) | undefined;
}

/** Validates every Parquet file below a store's root: layout, then every footer, then the rows. */
export async function validateStore(
  store: ObjectStore,
  settings: ValidateSettings,
  context: ValidateContext,
): Promise<ValidatedImport> {
  const files = await readLayout(store.list('', { signal: context.signal }), context.log, settings.limits);
  return validateFiles(store, files, settings, context);
}

/** Validates one file by itself; its directory stands for the namespace. */
export async function validateOneFile(
  store: ObjectStore,
  { key, bytes, etag }: ObjectInfo,
  settings: ValidateSettings,
  context: ValidateContext,
): Promise<ValidatedImport> {
  const namespace =
    store.uri
      .replace(/[/\\]+$/, '')
      .split(/[/\\]/)
      .pop() ?? '';
  context.log.rule('LAYOUT_URI_IS_FILE', {
    file: key,
    expected: 'the directory that holds one sub-directory for each namespace',
    got: 'one file',
    hint: 'The file is validated; the URI to import is two levels up.',
  });
  if (bytes === 0) context.log.rule('FILE_EMPTY', { file: key, ...NO_BYTE });
  return validateFiles(store, [{ key, namespace, bytes, etag }], settings, context);
}

async function validateFiles(
  store: ObjectStore,
  entries: readonly ImportFile[],
  settings: ValidateSettings,
  context: ValidateContext,
): Promise<ValidatedImport> {
  const { log, signal, onProgress, onBatch } = context;
  const limit = pLimit(settings.files ?? DEFAULT_VALIDATE_FILES);
  const kept = new Map<string, CheckedFile>();
  let keptBytes = 0;
  const open = async (entry: ImportFile, to: FindingLog): Promise<CheckedFile> => {
    const before = kept.get(entry.key);
    if (before !== undefined) return before;
    const input = objectFile(store, entry.key, entry.bytes, signal);
    const checked = await checkFooter(entry, input, settings.vectorType, to);
    if (keptBytes + checked.file.footerBytes <= KEPT_FOOTER_BYTES) {
      keptBytes += checked.file.footerBytes;
      kept.set(entry.key, checked);
    }
    return checked;
  };

  // Footers first: they are cheap, and tell what the rows are to be held against. Those of 100,000 files may not fit into
  // memory; the ones that are not kept are read again with the rows.
  const quiet = new FindingLog(0);
  const records = new Map<string, number>();
  const kinds = new Map<VectorKind, string>();
  let dimension = settings.dimension;
  let measured = settings.dimension !== undefined;
  let files = 0;
  const report = (rows: number, rejected: number): void =>
    onProgress?.({ files, filesTotal: entries.length, rows, rowsTotal: sum(records.values()), rejected });
  const wanted = entries.filter(({ bytes }) => bytes > 0);
  await Promise.all(
    wanted.map((entry) =>
      limit(async () => {
        throwIfAborted(signal);
        const checked = await attempt(entry, log, () => open(entry, log));
        if (checked === undefined) return;
        records.set(entry.key, checked.file.metadata.rows);
        if (checked.columns === undefined) return;
        const kind = kindOfColumns(checked.columns);
        if (!kinds.has(kind) || entry.key < kinds.get(kind)!) kinds.set(kind, entry.key);
      }),
    ),
  );
  const readable = wanted.filter(({ key }) => records.has(key));
  for (const entry of readable) {
    if (measured) break;
    const found = await attempt(entry, quiet, async () => findDimension(await open(entry, quiet)));
    if (found !== undefined) {
      dimension = found;
      measured = true;
    }
  }
  const mostDimensions = settings.limits?.dimension ?? MAX_DIMENSION;
  if (dimension !== undefined && dimension > mostDimensions) {
    log.rule('DIMENSION_TOO_LARGE', {
      field: 'values',
      expected: `at most ${mostDimensions} numbers`,
      got: `${dimension} numbers`,
    });
  }

  const keys = entries.map(({ key }) => key).sort();
  const numbers = new Map(keys.map((key, i) => [key, i]));
  const results = new Map<string, FileResult>();
  let rows = 0;
  let rejected = 0;
  const rules = { dimension, allowZeroVectors: settings.allowZeroVectors, limits: settings.limits };
  await Promise.all(
    readable.map((entry) =>
      limit(async () => {
        throwIfAborted(signal);
        const checked = await attempt(entry, quiet, () => open(entry, quiet));
        if (checked === undefined) return;
        const result = await attempt(entry, log, () =>
          checkRows(
            checked,
            {
              dimension,
              sample: settings.sample,
              maxRejected: settings.maxRejectedPerFile ?? DEFAULT_MAX_REJECTED_PER_FILE,
              rules: checked.columns?.values === undefined ? { ...rules, dimension: undefined } : rules,
              signal,
              onBatch: onBatch && ((batch, firstRow) => onBatch(numbers.get(entry.key)!, entry, batch, firstRow)),
              onRows: (more, bad) => {
                rows += more;
                rejected += bad;
                report(rows, rejected);
              },
            },
            log,
          ),
        );
        kept.delete(entry.key);
        files++;
        if (result !== undefined) results.set(entry.key, result);
        report(rows, rejected);
      }),
    ),
  );
  if (kinds.has('sparse') && kinds.size > 1) {
    const dense = kinds.get('dense') ?? kinds.get('hybrid')!;
    const got = `${dense} has dense vectors, ${kinds.get('sparse')!} only sparse ones`;
    log.rule('SCHEMA_KIND_MIXED', { expected: 'vectors of one kind', got });
  }
  return summarise(entries, records, results, kinds, dimension);
}

/** Runs work on a file; what is wrong with the file becomes a finding, everything else is thrown. */
async function attempt<R>(entry: ImportFile, log: FindingLog, work: () => Promise<R>): Promise<R | undefined> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof PineloadError) || !FILE_FAULTS.has(error.code)) throw error;
    log.failure(error, entry.key);
    return undefined;
  }
}

/** URI_INVALID: a key that cannot be asked for, since no tool should write such a one (control characters, `..`). */
const FILE_FAULTS = new Set(['PARQUET_CORRUPT', 'PARQUET_UNSUPPORTED', 'PARQUET_LIMIT', 'FILE_CHANGED', 'URI_INVALID']);

function summarise(
  entries: readonly ImportFile[],
  records: ReadonlyMap<string, number>,
  results: ReadonlyMap<string, FileResult>,
  kinds: ReadonlyMap<VectorKind, string>,
  dimension: number | undefined,
): ValidatedImport {
  const files = entries.map((entry) => ({
    ...entry,
    records: records.get(entry.key) ?? 0,
    rejected: results.get(entry.key)?.rejected ?? 0,
  }));
  const namespaces = new Map<string, { files: number; records: number; bytes: number; rejected: number }>();
  for (const file of files) {
    if (file.namespace === undefined) continue;
    const total = namespaces.get(file.namespace) ?? { files: 0, records: 0, bytes: 0, rejected: 0 };
    total.files++;
    total.records += file.records;
    total.bytes += file.bytes;
    total.rejected += file.rejected;
    namespaces.set(file.namespace, total);
  }
  let denseRows = 0;
  let sparseRows = 0;
  let recordsChecked = 0;
  let rejected = 0;
  for (const result of results.values()) {
    denseRows += result.denseRows;
    sparseRows += result.sparseRows;
    recordsChecked += result.rows;
    rejected += result.rejected;
  }
  // A column of sparse vectors that are all null, as some tools write, makes no hybrid import.
  const byColumns: VectorKind | undefined = kinds.has('hybrid')
    ? 'hybrid'
    : kinds.has('dense')
      ? 'dense'
      : kinds.has('sparse')
        ? 'sparse'
        : undefined;
  const kind = byColumns === 'hybrid' && denseRows > 0 && sparseRows === 0 ? 'dense' : byColumns;
  return {
    kind,
    dimension: kind === 'sparse' ? undefined : dimension,
    files,
    namespaces: [...namespaces]
      .map(([namespace, totals]) => ({ namespace, ...totals }))
      .sort((a, b) => (a.namespace < b.namespace ? -1 : a.namespace > b.namespace ? 1 : 0)),
    records: sum(records.values()),
    recordsChecked,
    rejected,
    bytes: files.reduce((total, { bytes }) => total + bytes, 0),
  };
}

function sum(numbers: Iterable<number>): number {
  let total = 0;
  for (const n of numbers) total += n;
  return total;
}
