import { setTimeout as sleep } from 'node:timers/promises';
import { throwIfAborted } from '../base/abort.js';

/** What may go out at once after a pause, in seconds of the rate. */
export const BANDWIDTH_BURST_SECONDS = 1;

/**
 * A token bucket over everything that is sent: bytes come in at a steady rate, and who takes more than there are leaves a debt that the
 * next one waits for. So a part goes out whole, and the mean keeps to the limit from the first second on.
 */
export class Bandwidth {
  /** The moment from which the bucket is in credit, in ms of the monotonic clock. */
  #free = -Infinity;

  constructor(private readonly bytesPerSecond: number) {}

  /** Waits until `bytes` may go. First come, first served. Throws ABORTED. */
  async take(bytes: number, signal?: AbortSignal): Promise<void> {
    const now = performance.now();
    const from = Math.max(this.#free, now - BANDWIDTH_BURST_SECONDS * 1000);
    this.#free = from + (bytes / this.bytesPerSecond) * 1000;
    const wait = from - now;
    if (wait > 0) await sleep(wait, undefined, signal === undefined ? {} : { signal }).catch(() => undefined);
    throwIfAborted(signal);
  }
}
