import { PineloadError, quote } from '../base/errors.js';
import type { EventListener } from '../base/events.js';
import { VERSION } from '../base/version.js';
import type { Manifest } from '../writers/manifest.js';
import { namespaceName } from './answers.js';
import type { PineconeClient } from './api-client.js';
import { pause } from './backoff.js';
import { NamespaceCounter, type NamespaceCounts } from './namespace-counts.js';
import type { NamespaceReceipt, Receipt } from './receipt.js';
import { checkSample, type SampleDifference, type SampleRecord, type SampleResult } from './sample.js';
import type { ErrorMode, ImportModel } from './types.js';

/**
 * How long counts may lag behind a completed import, in ms. The guide calls a completed import queryable; other pages of
 * Pinecone speak of ten minutes more.
 */
export const VERIFY_PATIENCE_MS = 15 * 60_000;
/** The same when the service itself says that it imported fewer records: no count will make up for that. */
export const SHORT_PATIENCE_MS = 30_000;
/** First wait between two counts in ms; it grows by half each time up to VERIFY_POLL_MAX_MS. */
export const VERIFY_POLL_MS = 500;
export const VERIFY_POLL_MAX_MS = 30_000;
/** Tries to fetch a sample of which records are missing, the wait doubling from one second on. */
export const SAMPLE_TRIES = 6;
/** Namespaces that an error lists. */
export const SHOWN_NAMESPACES = 20;
/** Namespaces for which reasons are looked for, since that means to read their files. */
export const EXPLAINED_NAMESPACES = 10;

export interface VerifyOptions {
  readonly client: PineconeClient;
  /** The import, completed. */
  readonly model: ImportModel;
  readonly manifest: Manifest;
  /** SHA-256 of the manifest's bytes in lower-case hex, for the receipt. */
  readonly manifestSha256: string;
  /** What was imported; for the receipt, should the service not say. */
  readonly uri?: string | undefined;
  /** With `continue` missing records are explained otherwise. */
  readonly errorMode?: ErrorMode | undefined;
  /** Records to be fetched back and compared. */
  readonly sample?: readonly SampleRecord[] | undefined;
  /** Looks for the reason when a namespace lacks records: a sentence, or undefined when nothing was found. */
  readonly explain?: ((namespace: string) => Promise<string | undefined>) | undefined;
  /** Default VERIFY_PATIENCE_MS. */
  readonly patienceMs?: number | undefined;
  /** Default SHORT_PATIENCE_MS. */
  readonly shortPatienceMs?: number | undefined;
  /** Default VERIFY_POLL_MS, growing. A given value stays as it is. */
  readonly pollMs?: number | undefined;
  readonly onEvent?: EventListener | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** IMPORT_INCOMPLETE with the receipt of what was found. */
export class IncompleteError extends PineloadError {
  readonly receipt: Receipt;

  constructor(receipt: Receipt, details: ConstructorParameters<typeof PineloadError>[1]) {
    super('IMPORT_INCOMPLETE', details);
    this.receipt = receipt;
  }
}

/**
 * Compares what the index holds with what the manifest says: the service's own count of the import, then the count of
 * each namespace, with patience, since counts lag behind. A key that may not count or fetch is a warning.
 *
 * @returns the receipt
 * @throws IMPORT_INCOMPLETE (an IncompleteError) when records are missing; API_* when the index cannot be asked
 */
export async function verifyImport(options: VerifyOptions): Promise<Receipt> {
  const { client, manifest, model, onEvent, signal } = options;
  const namespaces = manifest.namespaces.filter(({ records }) => records > 0);
  const names = namespaces.map(({ namespace }) => namespaceName(namespace));
  const counts = await countPatiently(options, new NamespaceCounter(client, names));

  let counted: NamespaceReceipt[] = namespaces.map(({ namespace, records }) => ({
    namespace,
    expected: records,
    counted: counts.source === 'none' ? undefined : (counts.counts.get(namespaceName(namespace)) ?? 0),
  }));
  counted = await explained(options, counted);
  const missing = counted.filter((one) => one.counted !== undefined && one.counted < one.expected);
  const fewer = model.recordsImported !== undefined && model.recordsImported < manifest.records;
  const sample = await fetchSample(options);
  const receipt: Receipt = {
    format: 'pineload-receipt',
    version: 1,
    pineload: VERSION,
    complete: missing.length === 0 && !fewer && (sample === undefined || faults(sample).length === 0),
    importId: model.id,
    uri: model.uri ?? options.uri,
    index: client.index,
    host: client.host,
    manifestSha256: options.manifestSha256,
    records: manifest.records,
    recordsImported: model.recordsImported,
    countedBy: counts.source,
    namespaces: counted,
    ...(sample === undefined ? {} : { sample }),
    createdAt: model.createdAt,
    finishedAt: model.finishedAt,
    checkedAt: new Date().toISOString(),
  };
  warnOfDoubts(options, receipt);
  if (!receipt.complete) throw incomplete(options, receipt, missing);
  onEvent?.({ type: 'verify.done', records: manifest.records, namespaces: namespaces.length });
  signal?.throwIfAborted();
  return receipt;
}

/** Adds the reasons to the namespaces that lack records, as far as there are any to be found. */
async function explained(options: VerifyOptions, counted: readonly NamespaceReceipt[]): Promise<NamespaceReceipt[]> {
  const result: NamespaceReceipt[] = [];
  let left = EXPLAINED_NAMESPACES;
  for (const one of counted) {
    const lacks = one.counted !== undefined && one.counted < one.expected;
    const explanation = lacks && left-- > 0 ? await options.explain?.(one.namespace) : undefined;
    result.push(explanation === undefined ? one : { ...one, explanation });
  }
  return result;
}

/** Counts until everything is there or patience ends. */
async function countPatiently(options: VerifyOptions, counter: NamespaceCounter): Promise<NamespaceCounts> {
  const { manifest, model, onEvent, signal, patienceMs = VERIFY_PATIENCE_MS } = options;
  const imported = model.recordsImported;
  const fewer = imported !== undefined && imported < manifest.records;
  const patience = fewer ? Math.min(patienceMs, options.shortPatienceMs ?? SHORT_PATIENCE_MS) : patienceMs;
  const end = performance.now() + patience;
  let delay = options.pollMs ?? VERIFY_POLL_MS;
  let told = -1;
  for (let attempt = 1; ; attempt++) {
    const last = performance.now() >= end;
    try {
      const counts = await counter.count(signal);
      if (counts.source === 'none') return counts;
      const { seen, all } = progress(manifest, counts);
      if (seen !== told) onEvent?.({ type: 'verify.progress', seen, expected: manifest.records });
      told = seen;
      // When the service imported fewer, no more than that can come.
      if (all || last || (fewer && seen >= imported)) return counts;
    } catch (error) {
      if (!(error instanceof PineloadError) || !error.retryable || last) throw error;
      const what = 'count the records';
      onEvent?.({ type: 'retry', stage: 'importer', what, attempt, delayMs: delay, cause: error.message });
    }
    await pause(Math.max(0, Math.min(delay, end - performance.now())), signal);
    if (options.pollMs === undefined) delay = Math.min(VERIFY_POLL_MAX_MS, delay * 1.5);
  }
}

/** How many of the expected records are counted, and whether no namespace lacks any. */
function progress(manifest: Manifest, { counts }: NamespaceCounts): { seen: number; all: boolean } {
  let seen = 0;
  let all = true;
  for (const { namespace, records } of manifest.namespaces) {
    const counted = counts.get(namespaceName(namespace)) ?? 0;
    seen += Math.min(counted, records);
    if (counted < records) all = false;
  }
  return { seen, all };
}

/** Fetches the sample back; records that are not there yet get some more tries, as counts do. */
async function fetchSample(options: VerifyOptions): Promise<SampleResult | undefined> {
  const { client, sample, signal } = options;
  if (sample === undefined || sample.length === 0) return undefined;
  for (let attempt = 1; ; attempt++) {
    const result = await checkSample(client, sample, signal);
    if (attempt >= SAMPLE_TRIES || !result.differences.some(({ kind }) => kind === 'missing')) return result;
    await pause((options.pollMs ?? VERIFY_POLL_MS) * 2 ** attempt, signal);
  }
}

/** Differences that are more than rounding. */
function faults(sample: SampleResult): SampleDifference[] {
  return sample.differences.filter(({ kind }) => kind !== 'drift');
}

/** What is odd, but no proof that anything is missing. */
function warnOfDoubts({ onEvent, manifest }: VerifyOptions, receipt: Receipt): void {
  const warn = (code: string, message: string): void => onEvent?.({ type: 'warning', code, message });
  const { recordsImported, countedBy, sample } = receipt;
  if (recordsImported === undefined) warn('RECORDS_UNKNOWN', 'the service does not say how many records it imported');
  else if (recordsImported > manifest.records) {
    warn('RECORDS_MORE', `the service imported ${recordsImported} records, the manifest has ${manifest.records}`);
  }
  if (countedBy === 'none') {
    warn(
      'COUNTS_REFUSED',
      'the records of the namespaces could not be counted: the index or the API key does not allow it',
    );
  }
  for (const { namespace, expected, counted } of receipt.namespaces) {
    if (counted === undefined || counted <= expected) continue;
    warn('NAMESPACE_MORE', `namespace ${quote(namespace)} holds ${counted} records, ${expected} were imported`);
  }
  if (sample?.refused === true)
    warn('FETCH_REFUSED', 'no sample could be fetched: the index or the API key does not allow it');
  for (const { namespace, id, kind, detail } of sample?.differences ?? []) {
    warn('SAMPLE_DIFFERS', `namespace ${quote(namespace)}, id ${quote(id)}: ${kind}: ${detail}`);
  }
}

function incomplete(options: VerifyOptions, receipt: Receipt, missing: readonly NamespaceReceipt[]): IncompleteError {
  const { errorMode } = options;
  const { records, recordsImported } = receipt;
  const parts: string[] = [];
  if (recordsImported !== undefined && recordsImported < records) {
    parts.push(`the service imported ${recordsImported} of ${records} records`);
  }
  if (missing.length > 0) {
    const shown = missing
      .slice(0, SHOWN_NAMESPACES)
      .map(
        ({ namespace, expected, counted, explanation }) =>
          `${quote(namespace)}: expected ${expected}, got ${counted ?? 'none'}${explanation === undefined ? '' : ` (${explanation})`}`,
      );
    const more = missing.length > SHOWN_NAMESPACES ? `; and ${missing.length - SHOWN_NAMESPACES} more` : '';
    parts.push(
      `${missing.length} ${missing.length === 1 ? 'namespace lacks' : 'namespaces lack'} records: ${shown.join('; ')}${more}`,
    );
  }
  const wrong = receipt.sample === undefined ? [] : faults(receipt.sample);
  const [first] = wrong;
  if (first !== undefined) {
    parts.push(
      `of ${receipt.sample?.checked} records fetched back some are not as written: namespace ${quote(first.namespace)}, ` +
        `id ${quote(first.id)}: ${first.detail}`,
    );
  }
  return new IncompleteError(receipt, {
    ...(receipt.uri === undefined ? {} : { source: receipt.uri }),
    id: receipt.importId,
    message: `records are missing after the import: ${parts.join('. ')}`,
    hint:
      (errorMode === 'abort'
        ? 'Possible causes: records with the same id, or with identical vectors, of which the service keeps one; counts that lag behind.'
        : 'Possible causes: error mode "continue" leaves out invalid records and records with identical vectors without naming them; ' +
          'records with the same id, of which the service keeps one; counts that lag behind.') +
      ' Check again later, or check the files with "pineload validate".',
  });
}
