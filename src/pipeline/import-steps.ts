import { createHash } from 'node:crypto';
import { PineloadError, quote, toPineloadError } from '../base/errors.js';
import type { EventListener } from '../base/events.js';
import type { PineconeClient } from '../importer/api-client.js';
import { startClaimed } from '../importer/claim.js';
import { costText, estimateCost } from '../importer/cost.js';
import { demandPreflight, namespacesAreNew, preflight } from '../importer/preflight.js';
import { RECEIPT_KEY, type Receipt } from '../importer/receipt.js';
import { RECONCILE_POLL_MS } from '../importer/own-imports.js';
import type { ErrorMode, ImportModel } from '../importer/types.js';
import type { SampleRecord } from '../importer/sample.js';
import { IncompleteError, verifyImport } from '../importer/verify.js';
import { watchImport as watch } from '../importer/watch.js';
import type { ObjectStore } from '../uploaders/object-store.js';
import { importUri } from '../uploaders/uri.js';
import { rootsOf } from '../writers/layout.js';
import { encodeManifest, type Manifest } from '../writers/manifest.js';
import { importLimits, type CommonOptions, type LimitOptions } from './options.js';
import { prefixStore } from './prefix-store.js';
import { writeStateJson } from './state-json.js';
import type { Target } from './stores.js';
import { checkFilesPresent, listParquet } from './target.js';
import { DEFAULT_VERIFY_SAMPLE, explainMissing, pickSample } from './written-records.js';

/** What decides how an import is started. */
export interface StartSettings extends LimitOptions {
  /** Storage integration through which Pinecone reads a private bucket. */
  readonly integrationId?: string | undefined;
  /** What the service does with a bad record. Default DEFAULT_ERROR_MODE (`abort`); always sent. */
  readonly errorMode?: ErrorMode | undefined;
  /** Start anew where the import before it failed or was cancelled. Default false. */
  readonly retry?: boolean | undefined;
  /** Before the start, remove `.parquet` files of the import directory that the manifest does not name. Default false. */
  readonly prune?: boolean | undefined;
  /** Price of the estimate, US dollars a GB. Default: IMPORT_PRICES. */
  readonly pricePerGb?: number | undefined;
  /** Seconds that a start whose answer was lost is looked for. Default DEFAULT_RECONCILE_WINDOW_MS (60 s). */
  readonly reconcileWindow?: number | undefined;
  /** Look at index, namespaces and limits before the start. Default true. */
  readonly check?: boolean | undefined;
}

/** How an import is waited for. */
export interface WaitSettings {
  /** Seconds after which waiting ends with IMPORT_TIMEOUT; the import goes on. Default: no end. */
  readonly timeout?: number | undefined;
  /** Seconds between two looks. Default: adapts. */
  readonly poll?: number | undefined;
}

/** How what arrived is compared. */
export interface VerifySettings {
  /** Seconds that counts may lag behind a completed import. Default VERIFY_PATIENCE_MS (15 min). */
  readonly verifyPatience?: number | undefined;
  /** Records that are fetched back and compared, of each import; 0 for none. Default DEFAULT_VERIFY_SAMPLE. */
  readonly verifySample?: number | undefined;
}

/** A finished conversion in a store. */
export interface PreparedImport {
  readonly target: Target;
  readonly manifest: Manifest;
  readonly sha256: string;
}

/** What one import takes: the whole directory, or one root of it. */
export interface PreparedRoot {
  /** `''` for a whole directory, else the root's name: a namespace, or `set-000`. */
  readonly name: string;
  readonly uri: string;
  readonly imports: ObjectStore;
  /** Where claims and receipt of this import are kept. */
  readonly records: ObjectStore;
  /** Of this import alone, paths relative to `imports`. */
  readonly manifest: Manifest;
  readonly sha256: string;
}

/** The imports that a prepared directory is brought in by. @param records where claims and receipts are kept */
export function preparedRoots({ target, manifest, sha256 }: PreparedImport, records: ObjectStore): PreparedRoot[] {
  return rootsOf(manifest).map(({ root, manifest: part }) => {
    const imports = root === '' ? target.imports : prefixStore(target.imports, root);
    return {
      name: root.slice(0, -1),
      uri: importUri(imports),
      imports,
      records: root === '' ? records : prefixStore(records, `roots/${root}`),
      manifest: part,
      sha256: root === '' ? sha256 : createHash('sha256').update(encodeManifest(part)).digest('hex'),
    };
  });
}

/** What claims are kept by: the host is the same whether the index is named or its host given; on loopback ports come and go. */
export function claimIndex(client: PineconeClient): string {
  return client.loopback || client.host === undefined ? client.index : client.host;
}

/** What comes before any start from a directory, once, however many imports it has: is it as the manifest says? What will it cost? */
export function directoryCheck(
  { target, manifest }: PreparedImport,
  options: CommonOptions & Pick<StartSettings, 'prune' | 'check' | 'pricePerGb'>,
): () => Promise<void> {
  const check = async (): Promise<void> => {
    await checkDirectory(target.imports, manifest, options);
    if (options.check === false) return;
    const cost = estimateCost(manifest, { usdPerGB: options.pricePerGb });
    options.onEvent?.({ type: 'note', message: costText(cost) });
  };
  let done: Promise<void> | undefined;
  return () => (done ??= check());
}

async function checkDirectory(
  imports: ObjectStore,
  manifest: Manifest,
  { prune, signal, onEvent }: CommonOptions & Pick<StartSettings, 'prune'>,
): Promise<void> {
  if (prune === true) await pruneStrays(imports, manifest, { signal, onEvent });
  await checkFilesPresent(imports, manifest, signal);
}

/** Removes every `.parquet` that the manifest does not name, telling of each. */
export async function pruneStrays(
  imports: ObjectStore,
  manifest: Manifest,
  { signal, onEvent }: { readonly signal?: AbortSignal | undefined; readonly onEvent?: EventListener | undefined },
): Promise<string[]> {
  const named = new Set(manifest.files.map(({ path }) => path));
  const strays = (await listParquet(imports, signal)).filter((key) => !named.has(key));
  for (const key of strays) {
    await imports.delete(key, signal);
    onEvent?.({ type: 'note', message: `pruned ${quote(key)}: the manifest does not name it` });
  }
  return strays;
}

/** Starts one import, once; adopts the one that is there. */
export async function startRoot(
  client: PineconeClient,
  root: PreparedRoot,
  directory: () => Promise<void>,
  options: CommonOptions & StartSettings,
): Promise<{ readonly id: string; readonly adopted: boolean }> {
  const { integrationId, errorMode, retry, signal, onEvent } = options;
  const { manifest, uri } = root;
  return startClaimed(
    {
      client,
      uri,
      maxUriLength: importLimits(options).maxImportUriLength,
      integrationId,
      errorMode,
      retry,
      ...reconciling(options),
      signal,
      onEvent,
    },
    {
      state: root.records,
      manifestSha256: root.sha256,
      index: claimIndex(client),
      beforeStart: async () => {
        await directory();
        if (options.check === false) return;
        const report = await preflight({
          client,
          manifest,
          uri,
          storeScheme: root.imports.scheme,
          integrationId,
          limits: importLimits(options),
          signal,
        });
        for (const { severity, code, message } of report.findings) {
          if (severity === 'warning') onEvent?.({ type: 'warning', code, message });
        }
        demandPreflight(report);
        return { fresh: namespacesAreNew(report) };
      },
    },
  );
}

/** A short window is looked through more often. */
function reconciling({ reconcileWindow }: StartSettings): { reconcileWindowMs?: number; reconcilePollMs?: number } {
  if (reconcileWindow === undefined) return {};
  const windowMs = reconcileWindow * 1000;
  return { reconcileWindowMs: windowMs, reconcilePollMs: Math.min(RECONCILE_POLL_MS, Math.max(100, windowMs / 10)) };
}

const milliseconds = (seconds: number | undefined): number | undefined =>
  seconds === undefined ? undefined : Math.round(seconds * 1000);

/** Follows one import to its end. */
export async function follow(
  client: PineconeClient,
  id: string,
  options: CommonOptions & WaitSettings,
): Promise<ImportModel> {
  const { signal, onEvent } = options;
  const timeoutMs = milliseconds(options.timeout);
  return watch({ client, id, timeoutMs, pollMs: milliseconds(options.poll), onEvent, signal });
}

/** Proves that everything arrived and writes the receipt beside the manifest. */
export async function verifyRoot(
  client: PineconeClient,
  model: ImportModel,
  { manifest, sha256, imports, records, uri }: PreparedRoot,
  options: CommonOptions & VerifySettings & Pick<StartSettings, 'errorMode'>,
): Promise<Receipt> {
  const { signal, onEvent } = options;
  const sample = await sampleUnlessUnreadable(imports, manifest, sha256, options);
  try {
    const receipt = await verifyImport({
      client,
      model,
      manifest,
      manifestSha256: sha256,
      uri,
      errorMode: options.errorMode,
      sample,
      explain: (namespace) => explainMissing(imports, manifest, namespace, signal).catch(() => undefined),
      patienceMs: milliseconds(options.verifyPatience),
      onEvent,
      signal,
    });
    await writeStateJson(records, RECEIPT_KEY, receipt, signal);
    return receipt;
  } catch (error) {
    // What is missing, namespace by namespace, is worth keeping.
    if (error instanceof IncompleteError) await writeStateJson(records, RECEIPT_KEY, error.receipt, signal);
    throw error;
  }
}

/** Who verifies may not be allowed to read the files (write-only rights, or they were cleared away): that is a warning. */
async function sampleUnlessUnreadable(
  imports: ObjectStore,
  manifest: Manifest,
  seed: string,
  { verifySample = DEFAULT_VERIFY_SAMPLE, signal, onEvent }: CommonOptions & VerifySettings,
): Promise<SampleRecord[] | undefined> {
  if (!Number.isSafeInteger(verifySample) || verifySample < 0) {
    throw new PineloadError('OPTION_INVALID', {
      field: 'verifySample',
      expected: 'a number of records from 0',
      got: String(verifySample),
    });
  }
  if (verifySample === 0) return undefined;
  try {
    return await pickSample(imports, manifest, seed, verifySample, signal);
  } catch (error) {
    if (signal?.aborted === true) throw error;
    const message = `no records could be read back from the files to compare: ${toPineloadError(error).message}`;
    onEvent?.({ type: 'warning', code: 'SAMPLE_UNREADABLE', message });
    return undefined;
  }
}
