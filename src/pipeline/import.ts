import { PineloadError } from '../base/errors.js';
import type { PineconeClient } from '../importer/api-client.js';
import { connect } from '../importer/connect.js';
import type { CostEstimate } from '../importer/cost.js';
import type { Finding } from '../importer/findings.js';
import { sameImportUri } from '../importer/import-uri.js';
import { preflight } from '../importer/preflight.js';
import type { Receipt } from '../importer/receipt.js';
import { startImport as startBare } from '../importer/start.js';
import { isOver } from '../importer/status.js';
import type { ConnectionOptions, ImportModel } from '../importer/types.js';
import { importUri } from '../uploaders/uri.js';
import {
  importEach as importRoots,
  latestClaim,
  notStarted,
  retryEach,
  watchEach,
  watchIds,
  type ImportOutcome,
  type TogetherSettings,
} from './import-roots.js';
import {
  directoryCheck,
  follow,
  preparedRoots,
  startRoot,
  verifyRoot,
  type PreparedImport,
  type PreparedRoot,
  type StartSettings,
  type VerifySettings,
  type WaitSettings,
} from './import-steps.js';
import { fillRun, importLimits, type CommonOptions } from './options.js';
import { openTarget } from './stores.js';
import { requireManifest } from './upload.js';

/** Options of every call to the service. */
export interface ServiceOptions extends CommonOptions, ConnectionOptions {}

/** The prepared directory that a call is about. */
export interface DirectoryOptions {
  /** The import directory: what `convert` or `upload` wrote to. `{run}` stands for runId. */
  readonly uri: string;
  /** Default: `<uri>.pineload/`. */
  readonly state?: string | undefined;
  readonly runId?: string | undefined;
}

export interface StartImportOptions extends ServiceOptions, DirectoryOptions, StartSettings {
  /**
   * False: the directory was made by other tools and has no manifest. Nothing in it is checked then, a second start is not
   * prevented beyond what the service lists, and nothing can be verified. Default true.
   */
  readonly manifest?: boolean | undefined;
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
 *
 * @throws OPTION_INVALID for a directory with several roots, which `importEach` is for
 */
export async function startImport(options: StartImportOptions): Promise<StartImportResult> {
  const { signal, onEvent } = options;
  const uri = fillRun(options.uri, options.runId, 'uri');
  if (options.manifest === false) {
    const client = await connect(options, { onEvent, signal });
    onEvent?.({
      type: 'warning',
      code: 'NO_MANIFEST',
      message: 'without a manifest nothing is checked before and after the import',
    });
    const { integrationId, errorMode, retry, reconcileWindow } = options;
    const reconcileWindowMs = reconcileWindow === undefined ? undefined : reconcileWindow * 1000;
    const settings = { integrationId, errorMode, retry, reconcileWindowMs };
    const { id, adopted } = await startBare({ ...settings, client, uri, signal, onEvent });
    return { id, uri, index: client.index, adopted };
  }
  return withPrepared(options, async (client, prepared, roots) => {
    const root = onlyRoot(roots, prepared);
    const { id, adopted } = await startRoot(client, root, directoryCheck(prepared, options), options);
    return { id, uri: root.uri, index: client.index, adopted };
  });
}

export interface CheckImportOptions extends ServiceOptions, DirectoryOptions, StartSettings {}

/** What the checks before a start found. */
export interface CheckImportResult {
  /** No finding is an error. */
  readonly ok: boolean;
  readonly uri: string;
  readonly index: string;
  /** How many imports the directory is brought in by. */
  readonly imports: number;
  readonly records: number;
  readonly namespaces: number;
  readonly findings: readonly Finding[];
  readonly cost: CostEstimate;
}

/** The checks that come before a start, and nothing else: what is wrong is in the findings, not thrown. */
export async function checkImport(options: CheckImportOptions): Promise<CheckImportResult> {
  return withPrepared(options, async (client, { target, manifest }, roots) => {
    const uri = importUri(target.imports);
    const { ok, findings, cost } = await preflight({
      client,
      manifest,
      parts: roots.map((root) => root.manifest),
      uri,
      storeScheme: target.imports.scheme,
      integrationId: options.integrationId,
      store: target.imports,
      limits: importLimits(options),
      usdPerGB: options.pricePerGb,
      signal: options.signal,
    });
    const { records, namespaces } = manifest;
    const { index } = client;
    return { ok, uri, index, imports: roots.length, records, namespaces: namespaces.length, findings, cost };
  });
}

export interface ImportEachOptions
  extends ServiceOptions, DirectoryOptions, StartSettings, WaitSettings, VerifySettings, TogetherSettings {}

/** Several imports, each with what became of it. */
export interface ImportEachResult {
  readonly index: string;
  readonly imports: readonly ImportOutcome[];
}

/**
 * Starts the import of every root of a prepared directory, some at once, follows them to their ends and verifies them.
 * Failures are in the result, not thrown: one does not stop the others.
 */
export async function importEach(options: ImportEachOptions): Promise<ImportEachResult> {
  return withPrepared(options, async (client, prepared, roots) => ({
    index: client.index,
    imports: await importRoots(client, prepared, roots, options),
  }));
}

export interface RetryImportsOptions extends ImportEachOptions {
  /** Delete the namespaces that the failed imports left behind, as far as they are certainly theirs. Default false. */
  readonly deleteLeftovers?: boolean | undefined;
}

/** Does the failed imports of a directory again, and only those; follows and verifies them. */
export async function retryImports(options: RetryImportsOptions): Promise<ImportEachResult> {
  return withPrepared(options, async (client, prepared, roots) => ({
    index: client.index,
    imports: await retryEach(client, prepared, roots, options),
  }));
}

export interface WatchImportOptions extends ServiceOptions, WaitSettings, VerifySettings {
  /** Default, with `uri`: the import that was started of it. */
  readonly id?: string | undefined;
  /** Import directory: when given, what arrived is compared with its manifest, and a receipt written. */
  readonly uri?: string | undefined;
  readonly state?: string | undefined;
  readonly runId?: string | undefined;
}

export interface WatchImportResult {
  readonly model: ImportModel;
  /** Undefined when no directory was given to verify against. */
  readonly receipt: Receipt | undefined;
}

/** Follows an import to its end; with `uri` also verifies it. Aborting the signal detaches, the import goes on. */
export async function watchImport(options: WatchImportOptions): Promise<WatchImportResult> {
  const { id, uri, signal, onEvent } = options;
  if (uri === undefined) {
    if (id === undefined) throw new PineloadError('OPTION_INVALID', { field: 'id', expected: 'an id or a uri' });
    const client = await connect(options, { onEvent, signal });
    return { model: await follow(client, id, options), receipt: undefined };
  }
  return withPrepared({ ...options, uri }, async (client, prepared, roots) => {
    const known = id ?? (await latestClaim(client, onlyRoot(roots, prepared), signal))?.importId;
    if (known === undefined) throw notStarted(onlyRoot(roots, prepared));
    const model = await follow(client, known, options);
    return { model, receipt: await verifyRoot(client, model, rootOfImport(roots, model), options) };
  });
}

export interface WatchImportsOptions extends ServiceOptions, WaitSettings, VerifySettings, TogetherSettings {
  /** A directory, whose imports are followed and verified. Default: all imports of the index that have not ended. */
  readonly uri?: string | undefined;
  readonly state?: string | undefined;
  readonly runId?: string | undefined;
}

/** Follows all imports of a directory, or all that are under way in an index. Failures are in the result, not thrown. */
export async function watchImports(options: WatchImportsOptions): Promise<ImportEachResult> {
  const { uri, signal, onEvent } = options;
  if (uri !== undefined) {
    return withPrepared({ ...options, uri }, async (client, _, roots) => ({
      index: client.index,
      imports: await watchEach(client, roots, options),
    }));
  }
  const client = await connect(options, { onEvent, signal });
  const running: ImportModel[] = [];
  for await (const model of client.allImports({ signal })) if (!isOver(model.status)) running.push(model);
  return { index: client.index, imports: await watchIds(client, running, options) };
}

/** Opens a directory with its manifest, and the service. */
async function withPrepared<T>(
  options: ServiceOptions & DirectoryOptions,
  work: (client: PineconeClient, prepared: PreparedImport, roots: PreparedRoot[]) => Promise<T>,
): Promise<T> {
  const { signal, onEvent } = options;
  const client = await connect(options, { onEvent, signal });
  const target = await openTarget(fillRun(options.uri, options.runId, 'uri'), options.state, options);
  try {
    const prepared = { target, ...(await requireManifest(target, signal)) };
    return await work(client, prepared, preparedRoots(prepared, target.state));
  } finally {
    await target.imports.close();
    await target.state.close();
  }
}

function onlyRoot(roots: readonly PreparedRoot[], { manifest, target }: PreparedImport): PreparedRoot {
  const [root] = roots;
  if (root !== undefined && manifest.layout === undefined) return root;
  throw new PineloadError('OPTION_INVALID', {
    source: target.imports.uri,
    field: 'each',
    message: `the directory holds ${roots.length} imports (layout "${manifest.layout?.kind ?? 'flat'}")`,
    hint: 'Start them with "pineload import start --each", follow them with "pineload import watch --each".',
  });
}

function rootOfImport(roots: readonly PreparedRoot[], model: ImportModel): PreparedRoot {
  if (roots.length === 1) return roots[0]!;
  const root = roots.find(({ uri }) => sameImportUri(model.uri, uri));
  if (root !== undefined) return root;
  throw new PineloadError('IMPORT_CONFLICT', {
    id: model.id,
    message: 'the import is of none of the roots of this directory',
    got: model.uri ?? 'an unknown URI',
  });
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
