import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { resolve } from 'node:path';
import { formatCount } from '../base/bytes.js';
import { PineloadError } from '../base/errors.js';
import { VERSION } from '../base/version.js';
import type { PineconeClient } from '../importer/api-client.js';
import { checkIndex } from '../importer/check-index.js';
import { checkLimits } from '../importer/check-limits.js';
import { checkNamespaces, isRefusal } from '../importer/check-namespaces.js';
import { connect } from '../importer/connect.js';
import type { Finding } from '../importer/findings.js';
import { preflight } from '../importer/preflight.js';
import type { ConnectionOptions, IndexStats } from '../importer/types.js';
import { checkRecordLimits, type ImportLimits } from '../records/limits.js';
import type { ObjectInfo, ObjectStore } from '../uploaders/object-store.js';
import { importUri, splitObjectUri } from '../uploaders/uri.js';
import { FindingLog } from '../validate/findings.js';
import { renderReportHtml } from '../validate/report-html.js';
import type { ValidateReport } from '../validate/report.js';
import {
  validateOneFile,
  validateStore,
  type ValidateContext,
  type ValidatedImport,
  type ValidateSettings,
} from '../validate/validate-store.js';
import type { Manifest } from '../writers/manifest.js';
import { checkDuplicatesMode } from './duplicates-mode.js';
import { ImportDuplicates } from './duplicates-validate.js';
import { bufferBudget, importLimits, type CommonOptions, type LimitOptions } from './options.js';
import { openWithAccess } from './stores.js';

export interface ValidateOptions extends CommonOptions, ConnectionOptions, LimitOptions, ValidateSettings {
  /** The import directory, or one file of it. */
  readonly uri: string;
  /** Findings of one code that are kept; the others are counted. Default DEFAULT_FINDINGS_PER_CODE. */
  readonly maxFindings?: number | undefined;
  /**
   * Repeated ids and identical vectors within a namespace, among all files: errors, warnings, or not looked for (`allow`). With `sample`
   * only among the rows that are looked at. Default `error`.
   */
  readonly duplicates?: 'error' | 'warn' | 'allow' | undefined;
  /** Memory of the whole process; by what duplicates are found is spilled to tmpDir. Default DEFAULT_MAX_MEMORY_BYTES. */
  readonly maxMemory?: number | string | undefined;
  /** For what does not fit the memory. Default: the system's. */
  readonly tmpDir?: string | undefined;
  /** File for the report as a page of HTML. */
  readonly html?: string | undefined;
}

export interface ValidateResult {
  readonly report: ValidateReport;
  /** The index is what does not fit: the data by themselves have no error. */
  readonly onlyIndex: boolean;
  readonly htmlFile: string | undefined;
}

/** Milliseconds between two notes on how far it is. */
const PROGRESS_MS = 5000;

/**
 * Would Pinecone take these Parquet files? Layout, footers and every row, whoever wrote them; with an index given also
 * whether it fits that. What is wrong is in the report, not thrown.
 *
 * @throws OPTION_INVALID, INPUT_NOT_FOUND, STORE_* and API_* when store or index cannot be asked
 */
export async function validate(options: ValidateOptions): Promise<ValidateResult> {
  const { signal, onEvent } = options;
  checkOptions(options);
  if (options.limits !== undefined) checkRecordLimits(options.limits);
  const mostOfImport = importLimits(options);
  const began = performance.now();
  const withIndex = options.indexName !== undefined || options.indexHost !== undefined;
  // A wrong key or name is told before hours of reading.
  const client = withIndex ? await connect(options, { onEvent, signal }) : undefined;
  const stats = client === undefined ? undefined : await statsUnlessRefused(client, signal);
  const index = client?.indexModel;
  const log = new FindingLog(options.maxFindings);
  const vectorType = options.vectorType ?? knownType(index?.vectorType ?? stats?.vectorType);
  // The index's dimension is not what rows are held against: an import that fits another index is one finding, not one for each row.
  const settings: ValidateSettings = { ...options, vectorType };
  const duplicates =
    checkDuplicatesMode(options.duplicates, ['error', 'warn', 'allow']) === 'allow'
      ? undefined
      : new ImportDuplicates({
          memoryBytes: bufferBudget(options.maxMemory),
          directory: options.tmpDir ?? tmpdir(),
          signal,
        });
  let told = began;
  const { store, file } = await openInput(options);
  try {
    const context: ValidateContext = {
      log,
      signal,
      onBatch: duplicates && ((number, entry, batch, firstRow) => duplicates.add(number, entry, batch, firstRow)),
      onProgress: (progress): void => {
        if (performance.now() - told < PROGRESS_MS) return;
        told = performance.now();
        const { rows, rowsTotal, files, filesTotal } = progress;
        const message = `Checked ${formatCount(rows)} of ${formatCount(rowsTotal)} records, ${formatCount(files)} of ${formatCount(filesTotal)} files`;
        onEvent?.({ type: 'note', message });
      },
    };
    const found =
      file === undefined
        ? await validateStore(store, settings, context)
        : await validateOneFile(store, file, settings, context);
    const severity = options.duplicates === 'warn' ? 'warning' : 'error';
    await duplicates?.tell(store, found.dimension ?? 0, log, severity, options.maxFindings);
    if (found.files.length > 0) addFindings(log, checkLimits(asManifest(found), mostOfImport));
    const dataIsValid = !log.hasErrors;
    if (client !== undefined && found.kind !== undefined) {
      addFindings(
        log,
        await checkAgainst(client, stats, found, file === undefined ? store : undefined, mostOfImport, signal),
      );
    }
    const { files, ...rest } = found;
    const report: ValidateReport = {
      uri: file === undefined ? store.uri : store.uri + file.key,
      valid: !log.hasErrors,
      ...rest,
      sample: options.sample,
      index: client === undefined ? undefined : (options.indexName ?? client.host),
      files: files.length,
      findings: log.kept,
      counts: log.counts,
      seconds: Math.round(performance.now() - began) / 1000,
    };
    const htmlFile = options.html === undefined ? undefined : resolve(options.html);
    if (htmlFile !== undefined) await writePage(htmlFile, renderReportHtml(report));
    return { report, onlyIndex: dataIsValid, htmlFile };
  } finally {
    await duplicates?.close();
    await store.close();
  }
}

/** The store of a directory, or of the directory of one file. */
export async function openInput(
  options: CommonOptions & { readonly uri: string },
): Promise<{ readonly store: ObjectStore; readonly file: ObjectInfo | undefined }> {
  const { uri, signal } = options;
  if (/\.parquet$/i.test(uri.replace(/\?.*$/s, ''))) {
    const { root, key } = splitObjectUri(uri);
    const store = await openWithAccess(root, options);
    try {
      const file = await store.head(key, signal);
      if (file !== undefined) return { store, file };
    } catch (error) {
      await store.close();
      // A directory may be named like this, too.
      if (!(error instanceof PineloadError) || error.code !== 'STORE_REFUSED') throw error;
    }
    await store.close();
  }
  const store = await openWithAccess(uri, options);
  try {
    for await (const _ of store.list('', { signal })) return { store, file: undefined };
  } catch (error) {
    await store.close();
    throw error;
  }
  await store.close();
  throw new PineloadError('INPUT_NOT_FOUND', {
    source: store.uri,
    message: 'there is no such file, and nothing below a directory of that name',
  });
}

function checkOptions({ sample, dimension, files, maxFindings }: ValidateOptions): void {
  for (const [field, value] of Object.entries({ sample, dimension, files, maxFindings })) {
    if (value !== undefined && (!Number.isSafeInteger(value) || value < 1)) {
      throw new PineloadError('OPTION_INVALID', { field, expected: 'a whole number above zero', got: String(value) });
    }
  }
}

async function writePage(file: string, page: string): Promise<void> {
  try {
    await writeFile(file, page);
  } catch (error) {
    throw new PineloadError('STORE_REFUSED', { source: file, message: 'the report cannot be written', cause: error });
  }
}

function knownType(vectorType: string | undefined): 'dense' | 'sparse' | undefined {
  return vectorType === 'dense' || vectorType === 'sparse' ? vectorType : undefined;
}

function addFindings(log: FindingLog, findings: readonly Finding[]): void {
  for (const { severity, ...finding } of findings) if (severity !== 'ok') log.add({ ...finding, severity });
}

/** What the importer checks before a start, for files that pineload did not write. */
async function checkAgainst(
  client: PineconeClient,
  stats: IndexStats | undefined,
  found: ValidatedImport,
  store: ObjectStore | undefined,
  limits: ImportLimits,
  signal: AbortSignal | undefined,
): Promise<readonly Finding[]> {
  const manifest = asManifest(found);
  const told = new Set(checkLimits(manifest, limits).map(({ code }) => code));
  if (store !== undefined && (store.scheme !== 'file' || client.loopback)) {
    const report = await preflight({
      client,
      manifest,
      uri: importUri(store),
      storeScheme: store.scheme,
      limits,
      signal,
    });
    return report.findings.filter(({ code }) => !told.has(code));
  }
  // A local directory is validated before it is uploaded: the cloud it will lie in is not known yet.
  const names = found.namespaces.map(({ namespace }) => namespace);
  return [
    ...checkIndex(client.indexModel, stats, manifest),
    ...(store === undefined ? [] : [await checkNamespaces(client, names, stats, signal)]),
  ];
}

/** Stats are not given for every kind of index. */
async function statsUnlessRefused(client: PineconeClient, signal?: AbortSignal): Promise<IndexStats | undefined> {
  try {
    return await client.indexStats({ signal });
  } catch (error) {
    if (error instanceof PineloadError && isRefusal(error) && error.code !== 'API_UNAUTHORIZED') return undefined;
    throw error;
  }
}

/**
 * The import as a manifest would tell of it. Checksums are not taken, and a stray file has no namespace; nothing that is called
 * here looks at those.
 */
function asManifest(found: ValidatedImport): Manifest {
  return {
    format: 'pineload-manifest',
    version: 1,
    pineload: VERSION,
    kind: found.kind ?? 'dense',
    dimension: found.dimension,
    records: found.records,
    bytes: found.bytes,
    rejected: found.rejected,
    rejectsByCode: {},
    namespaces: found.namespaces,
    files: found.files.map(({ key, namespace, bytes, records }) => ({
      path: key,
      namespace: namespace ?? '',
      bytes,
      records,
      sha256: '',
    })),
  };
}
