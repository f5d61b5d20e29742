import { formatBytes } from '../base/bytes.js';
import type { PineconeClient } from '../importer/api-client.js';
import { startClaimed } from '../importer/claim.js';
import { connect } from '../importer/connect.js';
import type { CostEstimate } from '../importer/cost.js';
import { demandPreflight, preflight } from '../importer/preflight.js';
import { RECEIPT_KEY, type Receipt } from '../importer/receipt.js';
import { startImport as startBare } from '../importer/start.js';
import type { ConnectionOptions, ErrorMode, ImportModel } from '../importer/types.js';
import { IncompleteError, verifyImport } from '../importer/verify.js';
import { watchImport as watch } from '../importer/watch.js';
import type { ObjectStore } from '../uploaders/object-store.js';
import { importUri } from '../uploaders/uri.js';
import type { Manifest } from '../writers/manifest.js';
import { fillRun, type CommonOptions } from './options.js';
import { writeStateJson } from './state-json.js';
import { openTarget, type Target } from './stores.js';
import { checkFilesPresent } from './target.js';
import { requireManifest } from './upload.js';

/** Options of every call to the service. */
export interface ServiceOptions extends CommonOptions, ConnectionOptions {}

/** What decides how an import is started. */
export interface StartSettings {
  /** Storage integration through which Pinecone reads a private bucket. */
  readonly integrationId?: string | undefined;
  /** What the service does with a bad record. Default DEFAULT_ERROR_MODE (`abort`); always sent. */
  readonly errorMode?: ErrorMode | undefined;
  /** Start anew where the import before it failed or was cancelled. Default false. */
  readonly retry?: boolean | undefined;
}

export interface StartImportOptions extends ServiceOptions, StartSettings {
  /** The import directory: what `convert` or `upload` wrote to. */
  readonly uri: string;
  /** Default: `<uri>.pineload/`. */
  readonly state?: string | undefined;
  readonly runId?: string | undefined;
  /**
   * False: the directory was made by other tools and has no manifest. Nothing in it is checked then, a second start is not
   * prevented beyond what the service lists, and nothing can be verified. Default true.
   */
  readonly manifest?: boolean | undefined;
  /** Look at index, namespaces and limits before the start. Default true. */
  readonly check?: boolean | undefined;
}

/** An import that was started, or was found to have been started before. */
export interface StartImportResult {
  readonly id: string;
  readonly uri: string;
  readonly index: string;
  readonly adopted: boolean;
}

/**
 * Starts the import of a prepared directory, once: a call that is repeated, or made by two processes at the same time,
 * adopts the import that is there. Resolves when the service has taken it, long before it is done.
 */
export async function startImport(options: StartImportOptions): Promise<StartImportResult> {
  const { signal, onEvent } = options;
  const uri = fillRun(options.uri, options.runId, 'uri');
  const client = await connect(options, { onEvent, signal });
  if (options.manifest === false) {
    onEvent?.({
      type: 'warning',
      code: 'NO_MANIFEST',
      message: 'without a manifest nothing is checked before and after the import',
    });
    const { id, adopted } = await startBare({ ...startSettings(options), client, uri, signal, onEvent });
    return { id, uri, index: client.index, adopted };
  }
  const target = await openTarget(uri, options.state, options);
  try {
    const prepared = { target, ...(await requireManifest(target, signal)) };
    return await startPrepared(client, prepared, target.state, options);
  } finally {
    await target.imports.close();
    await target.state.close();
  }
}

/** A finished conversion in a store. */
export interface PreparedImport {
  readonly target: Target;
  readonly manifest: Manifest;
  readonly sha256: string;
}

/** The start itself, for a connection and stores that are open. `claims` is where it is written down who started what. */
export async function startPrepared(
  client: PineconeClient,
  { target, manifest, sha256 }: PreparedImport,
  claims: ObjectStore,
  options: CommonOptions & StartSettings & { readonly check?: boolean | undefined },
): Promise<StartImportResult> {
  const { signal, onEvent } = options;
  const uri = importUri(target.imports);
  await checkFilesPresent(target.imports, manifest, signal);
  const started = await startClaimed(
    { ...startSettings(options), client, uri, signal, onEvent },
    {
      state: claims,
      manifestSha256: sha256,
      // The host is the same whether the index is named or its host given; on loopback ports come and go.
      index: client.loopback ? client.index : client.host,
      beforeStart: async () => {
        if (options.check === false) return;
        const { imports } = target;
        const { integrationId } = options;
        const report = await preflight({ client, manifest, uri, storeScheme: imports.scheme, integrationId, signal });
        for (const { severity, code, message } of report.findings) {
          if (severity === 'warning') onEvent?.({ type: 'warning', code, message });
        }
        demandPreflight(report);
        onEvent?.({ type: 'note', message: costText(report.cost) });
      },
    },
  );
  return { id: started.id, uri, index: client.index, adopted: started.adopted };
}

function startSettings({ integrationId, errorMode, retry }: StartSettings): StartSettings {
  return { integrationId, errorMode, retry };
}

function costText({ bytes, usd, usdPerGB, priceFrom }: CostEstimate): string {
  const price = `$${usdPerGB} a GB${priceFrom === undefined ? '' : `, price of ${priceFrom}`}`;
  return `Estimated cost of the import: $${usd.toFixed(usd < 1 ? 4 : 2)} (${formatBytes(bytes)} at ${price})`;
}

/** How an import is waited for. */
export interface WaitSettings {
  /** Seconds after which waiting ends with IMPORT_TIMEOUT; the import goes on. Default: no end. */
  readonly timeout?: number | undefined;
  /** Seconds between two looks. Default: adapts. */
  readonly poll?: number | undefined;
}

/** How long counts may lag behind. */
export interface VerifySettings {
  /** Seconds that counts may lag behind a completed import. Default VERIFY_PATIENCE_MS (15 min). */
  readonly verifyPatience?: number | undefined;
}

export interface WatchImportOptions extends ServiceOptions, WaitSettings, VerifySettings {
  readonly id: string;
  /** Import directory: when given, what arrived is compared with its manifest, and a receipt written. */
  readonly uri?: string | undefined;
  readonly state?: string | undefined;
}

export interface WatchImportResult {
  readonly model: ImportModel;
  /** Undefined when no directory was given to verify against. */
  readonly receipt: Receipt | undefined;
}

/** Follows an import to its end; with `uri` also verifies it. Aborting the signal detaches, the import goes on. */
export async function watchImport(options: WatchImportOptions): Promise<WatchImportResult> {
  const { signal, onEvent } = options;
  const client = await connect(options, { onEvent, signal });
  const model = await follow(client, options.id, options);
  if (options.uri === undefined) return { model, receipt: undefined };
  const target = await openTarget(options.uri, options.state, options);
  try {
    const prepared = { target, ...(await requireManifest(target, signal)) };
    return { model, receipt: await verify(client, model, prepared, target.state, options) };
  } finally {
    await target.imports.close();
    await target.state.close();
  }
}

const milliseconds = (seconds: number | undefined): number | undefined =>
  seconds === undefined ? undefined : Math.round(seconds * 1000);

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
export async function verify(
  client: PineconeClient,
  model: ImportModel,
  { manifest, sha256 }: PreparedImport,
  receipts: ObjectStore,
  options: CommonOptions & VerifySettings & Pick<StartSettings, 'errorMode'>,
): Promise<Receipt> {
  const { signal, onEvent } = options;
  try {
    const receipt = await verifyImport({
      client,
      model,
      manifest,
      manifestSha256: sha256,
      errorMode: options.errorMode,
      patienceMs: milliseconds(options.verifyPatience),
      onEvent,
      signal,
    });
    await writeStateJson(receipts, RECEIPT_KEY, receipt, signal);
    return receipt;
  } catch (error) {
    // What is missing, namespace by namespace, is worth keeping.
    if (error instanceof IncompleteError) await writeStateJson(receipts, RECEIPT_KEY, error.receipt, signal);
    throw error;
  }
}

/** One page of the imports of an index; `paginationToken` leads to the next. */
export async function listImports(
  options: ServiceOptions & { readonly limit?: number | undefined; readonly paginationToken?: string | undefined },
): Promise<{ readonly imports: readonly ImportModel[]; readonly next: string | undefined }> {
  const client = await connect(options, { onEvent: options.onEvent, signal: options.signal });
  const { limit, paginationToken, signal } = options;
  return client.listImports({ limit, paginationToken }, { signal });
}

/** Every import of an index, page after page. */
export async function* eachImport(options: ServiceOptions): AsyncGenerator<ImportModel, void, undefined> {
  const client = await connect(options, { onEvent: options.onEvent, signal: options.signal });
  yield* client.allImports({ signal: options.signal });
}

export async function describeImport(options: ServiceOptions & { readonly id: string }): Promise<ImportModel> {
  const client = await connect(options, { onEvent: options.onEvent, signal: options.signal });
  return client.describeImport(options.id, { signal: options.signal });
}

/** Asks the service to stop an import. What it imported stays; there is no effect on one that has ended. */
export async function cancelImport(options: ServiceOptions & { readonly id: string }): Promise<void> {
  const client = await connect(options, { onEvent: options.onEvent, signal: options.signal });
  await client.cancelImport(options.id, { signal: options.signal });
}
