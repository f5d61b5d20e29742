import { abortError, throwIfAborted } from '../base/abort.js';

/** Delay before the second try in ms. */
export const RETRY_BASE_MS = 500;
/** Longest delay between two tries in ms, unless the service asks for more. */
export const RETRY_MAX_MS = 20_000;

/**
 * Delay before the try after `attempt` (1-based) in ms: doubles each time up to `maxMs`, of which a random share between
 * half and all is taken, so that many clients do not come back at the same moment.
 *
 * @param random value in [0, 1)
 */
export function backoffDelay(
  attempt: number,
  baseMs = RETRY_BASE_MS,
  maxMs = RETRY_MAX_MS,
  random = Math.random(),
): number {
  const full = Math.min(maxMs, baseMs * 2 ** Math.min(attempt - 1, 30));
  return Math.round(full * (0.5 + random / 2));
}

/** Waits `ms`, or until the signal fires: then throws its reason. Leaves no timer and no listener behind. */
export async function pause(ms: number, signal?: AbortSignal): Promise<void> {
  throwIfAborted(signal);
  if (ms <= 0) return;
  await new Promise<void>((resolve, reject) => {
    const onAbort = (): void => {
      clearTimeout(timer);
      reject(abortError(signal!));
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', onAbort);
      resolve();
    }, ms);
    signal?.addEventListener('abort', onAbort, { once: true });
  });
}
