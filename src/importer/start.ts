import { PineloadError, quote } from '../base/errors.js';
import type { EventListener } from '../base/events.js';
import type { PineconeClient } from './api-client.js';
import { ApiError } from './api-error.js';
import { listCommand, watchCommand } from './commands.js';
import { checkImportUri } from './import-uri.js';
import { RECONCILE_POLL_MS, findTraced, importsOf, lookUntil, type Trace } from './own-imports.js';
import { isOver } from './status.js';
import { DEFAULT_ERROR_MODE, type ErrorMode } from './types.js';

/** How long a start whose answer was lost is looked for in the list of imports, in ms. */
export const DEFAULT_RECONCILE_WINDOW_MS = 60_000;

export interface StartOptions {
  readonly client: PineconeClient;
  /** See `checkImportUri`; a missing last `/` is added. */
  readonly uri: string;
  /** Characters of the URI at most. Default MAX_URI_LENGTH. */
  readonly maxUriLength?: number | undefined;
  /** Storage integration through which Pinecone reads a private bucket. */
  readonly integrationId?: string | undefined;
  /** Default DEFAULT_ERROR_MODE; always sent. */
  readonly errorMode?: ErrorMode | undefined;
  /** Default DEFAULT_RECONCILE_WINDOW_MS. */
  readonly reconcileWindowMs?: number | undefined;
  /** Default RECONCILE_POLL_MS. */
  readonly reconcilePollMs?: number | undefined;
  /** Start although an import of this URI is running, or (with a claim) has failed. Default false. */
  readonly retry?: boolean | undefined;
  readonly onEvent?: EventListener | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface StartedImport {
  readonly id: string;
  readonly uri: string;
  /** True when it was found rather than started by this very call. */
  readonly adopted: boolean;
}

/**
 * Starts an import, once. Before, the imports of the same URI are looked up: one still running is a conflict (unless
 * `retry`). When the answer to the start is lost, the import is searched for in the list and adopted.
 *
 * @throws URI_INVALID, IMPORT_CONFLICT; IMPORT_MAYBE_STARTED when the answer was lost and the import stays unseen for the
 *   window; API_* when it is certain that nothing began
 */
export async function startImport(options: StartOptions): Promise<StartedImport> {
  const uri = checkImportUri(options.uri, options.client.loopback, options.maxUriLength);
  const known = await lookBefore({ ...options, uri });
  const started = await sendStart({ ...options, uri }, { uri, since: Date.now(), known });
  announce(options, started);
  return started;
}

/**
 * Ids of the imports of this URI that exist already.
 *
 * @throws IMPORT_CONFLICT when one of them is running and `retry` is not set
 */
export async function lookBefore(options: StartOptions): Promise<string[]> {
  const { client, uri, onEvent, signal } = options;
  const before = await importsOf(client, uri, signal);
  const running = before.find((model) => !isOver(model.status));
  if (running !== undefined && options.retry !== true) {
    throw new PineloadError('IMPORT_CONFLICT', {
      source: uri,
      message: `import ${quote(running.id)} of this directory is running already (${quote(running.status)})`,
      hint: `Follow it with: ${watchCommand(client, running.id)}`,
    });
  }
  const done = before.findLast((model) => model.status === 'Completed');
  if (done !== undefined) {
    onEvent?.({
      type: 'warning',
      code: 'IMPORTED_BEFORE',
      message: `this directory was imported before: import ${quote(done.id)}, completed ${quote(done.finishedAt ?? 'at an unknown time')}`,
    });
  }
  return before.map((model) => model.id);
}

/** Sends the start; finds the import when the answer is lost. `options.uri` has been checked. */
export async function sendStart(options: StartOptions, trace: Trace): Promise<StartedImport> {
  const { client, uri, integrationId, errorMode = DEFAULT_ERROR_MODE, onEvent, signal } = options;
  const windowMs = options.reconcileWindowMs ?? DEFAULT_RECONCILE_WINDOW_MS;
  try {
    return { id: await client.startImport({ uri, integrationId, errorMode }, { signal }), uri, adopted: false };
  } catch (error) {
    if (signal?.aborted === true) {
      onEvent?.({
        type: 'warning',
        code: 'IMPORT_MAYBE_STARTED',
        message: `stopped while the import was being started: it may be running, see ${listCommand(client)}`,
      });
      throw error;
    }
    if (!(error instanceof ApiError) || !error.mayHaveActed) throw error;
    onEvent?.({
      type: 'warning',
      code: 'START_ANSWER_LOST',
      message: `the answer to the start was lost (${error.message}); looking for the import in the list for ${windowMs / 1000} s`,
    });
    const found = await lookUntil(() => findTraced(client, trace, signal), {
      windowMs,
      pollMs: options.reconcilePollMs ?? RECONCILE_POLL_MS,
      what: 'find the import that was started',
      onEvent,
      signal,
    });
    if (found === undefined) throw maybeStarted(client, uri, error);
    return { id: found.id, uri, adopted: true };
  }
}

/** The error when an import may or may not have begun. */
export function maybeStarted(client: PineconeClient, uri: string, cause?: unknown): PineloadError {
  return new PineloadError('IMPORT_MAYBE_STARTED', {
    source: uri,
    message: 'it is not known whether the import was started: the answer was lost, and no such import is listed so far',
    hint: `Look with: ${listCommand(client)}. Start again only when it does not show up.`,
    ...(cause === undefined ? {} : { cause }),
  });
}

/** Tells of an import that was started or adopted. */
export function announce(options: Pick<StartOptions, 'client' | 'onEvent'>, started: StartedImport): void {
  const { id, uri, adopted } = started;
  options.onEvent?.({ type: 'import.started', id, uri, index: options.client.index, adopted });
}
