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
