import { setTimeout as sleep } from 'node:timers/promises';
import { throwIfAborted } from '../base/abort.js';

/** First wait before a try is repeated, and the longest one, in milliseconds. */
export const FIRST_PAUSE_MS = 200;
export const LONGEST_PAUSE_MS = 20_000;

/**
 * How long to wait before the next try, in milliseconds: doubling, with full jitter so that many writers do not come back at once.
 *
 * @param attempt from 1
 * @param asked by the server (Retry-After); heeded as far as LONGEST_PAUSE_MS
 */
export function pauseLength(attempt: number, asked = 0): number {
  const longest = Math.min(FIRST_PAUSE_MS * 2 ** (attempt - 1), LONGEST_PAUSE_MS);
  return Math.max(longest * Math.random(), Math.min(asked, LONGEST_PAUSE_MS));
}

/** Waits before the next try. `attempt` counts from 1. */
export async function pauseBeforeRetry(attempt: number, signal?: AbortSignal): Promise<void> {
  await sleep(pauseLength(attempt), undefined, signal === undefined ? {} : { signal }).catch(() => undefined);
  throwIfAborted(signal);
}
