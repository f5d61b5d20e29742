import { setMaxListeners } from 'node:events';
import pLimit from 'p-limit';
import { PineloadError } from './errors.js';

/** Throws `ABORTED` when the signal has fired. Called between units of work, so that a stop is never in the middle of one. */
export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw abortError(signal);
}

/** The error for a fired signal: the signal's own reason when it is ours, `ABORTED` otherwise. */
export function abortError(signal: AbortSignal): PineloadError {
  const reason: unknown = signal.reason;
  return reason instanceof PineloadError ? reason : new PineloadError('ABORTED', { cause: reason });
}

/**
 * Does work for each item, so many at once; results in the order of the items. All of them may listen to the one signal: more than ten
 * listeners are no leak here, and Node is told so.
 */
export function eachAtOnce<Item, Result>(
  items: readonly Item[],
  limit: number,
  signal: AbortSignal | undefined,
  work: (item: Item) => Promise<Result>,
): Promise<Result[]> {
  if (signal !== undefined) setMaxListeners(0, signal);
  const turn = pLimit(limit);
  return Promise.all(items.map((item) => turn(() => work(item))));
}
