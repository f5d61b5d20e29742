import { throwIfAborted } from '../base/abort.js';
import { parseDuration } from '../base/duration.js';
import type { UnfinishedExpiry } from '../uploaders/object-store.js';
import { siblingState } from '../uploaders/uri.js';
import { fillRun, type CommonOptions } from './options.js';
import { openWithAccess } from './stores.js';

/** Unfinished uploads that were begun longer ago count as abandoned: 24 hours. A run that is still at work on one has begun it since. */
export const DEFAULT_STALE_AFTER_MS = 24 * 60 * 60 * 1000;

/** Options of `abortStale`. */
export interface AbortStaleOptions extends CommonOptions {
  /** Directory in a store; `{run}` stands for runId. Nothing outside it and the state beside it is looked at. */
  readonly to: string;
  readonly runId?: string | undefined;
  /** How old an upload must be, such as `24h`. Default DEFAULT_STALE_AFTER_MS. */
  readonly staleAfter?: string | undefined;
}

/** What was found of uploads that nobody finished. */
export interface AbortStaleResult {
  readonly to: string;
  /** Keys of the uploads that were dropped, with the time they were begun at (ISO 8601). */
  readonly aborted: readonly { readonly key: string; readonly begun: string }[];
  /** Uploads that are younger than `staleAfter`. */
  readonly kept: number;
  /** Days after which the service drops by itself what was not finished, where it does not tell of it (Azure, GCS). */
  readonly expireDays: number | undefined;
  /** The same in words. */
  readonly note: string;
}

/**
 * Drops uploads below `to` that were begun long ago and never finished: their parts are invisible, but stored and paid for. Only S3 keeps
 * them for ever (without a lifecycle rule) and tells of them.
 */
export async function abortStale(options: AbortStaleOptions): Promise<AbortStaleResult> {
  const { signal, onEvent } = options;
  const staleAfter =
    options.staleAfter === undefined ? DEFAULT_STALE_AFTER_MS : parseDuration(options.staleAfter, 'staleAfter');
  const uri = fillRun(options.to, options.runId, 'to');
  const oldest = Date.now() - staleAfter;
  const aborted: { readonly key: string; readonly begun: string }[] = [];
  let kept = 0;
  const store = await openWithAccess(uri, options);
  const state = await openWithAccess(siblingState(uri), options);
  try {
    for (const directory of [store, state]) {
      for await (const upload of directory.unfinished?.({ signal }) ?? []) {
        throwIfAborted(signal);
        if (upload.begun.getTime() > oldest) {
          kept++;
          continue;
        }
        await upload.drop(signal);
        const key = directory === store ? upload.key : directory.uri + upload.key;
        aborted.push({ key, begun: upload.begun.toISOString() });
        onEvent?.({ type: 'note', message: `dropped the upload of ${key}, begun at ${upload.begun.toISOString()}` });
      }
    }
    const { unfinishedExpiry: expiry } = store;
    const note = noteOf(store.unfinished !== undefined, expiry);
    return { to: store.uri, aborted, kept, expireDays: expiry?.days, note };
  } finally {
    await store.close();
    await state.close();
  }
}

function noteOf(tells: boolean, expiry: UnfinishedExpiry | undefined): string {
  if (tells) return 'A lifecycle rule (AbortIncompleteMultipartUpload) does this without being asked.';
  if (expiry !== undefined) {
    const since = expiry.since === 'begun' ? 'they were begun' : 'the last part of each was sent';
    return `This service shows no unfinished uploads and drops them by itself ${expiry.days} days after ${since}; nothing is to be done.`;
  }
  return 'In a local directory the next write removes what dead processes left; nothing is to be done.';
}
