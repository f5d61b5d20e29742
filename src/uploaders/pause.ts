import { setTimeout as sleep } from 'node:timers/promises';
import { throwIfAborted } from '../base/abort.js';

/** First wait before a try is repeated, and the longest one, in milliseconds. */
export const FIRST_PAUSE_MS = 200;
export const LONGEST_PAUSE_MS = 20_000;

/** Waits before the next try: doubling, with full jitter so that many writers do not come back at once. `attempt` counts from 1. */
export async function pauseBeforeRetry(attempt: number, signal?: AbortSignal): Promise<void> {
  const longest = Math.min(FIRST_PAUSE_MS * 2 ** (attempt - 1), LONGEST_PAUSE_MS);
  await sleep(longest * Math.random(), undefined, signal === undefined ? {} : { signal }).catch(() => undefined);
  throwIfAborted(signal);
}
