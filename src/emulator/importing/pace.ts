import { setTimeout as sleep } from 'node:timers/promises';

/** Spreads the records of an import over the time it is to take, so that its progress can be watched. */
export class Pace {
  readonly #begun = Date.now();

  /**
   * @param leastMs what the whole is to take at least, in ms.
   * @param perSecond most records per second, or undefined.
   */
  constructor(
    private readonly total: number,
    private readonly leastMs: number,
    private readonly perSecond: number | undefined,
    private readonly signal: AbortSignal,
  ) {}

  /** Resolves when it is time to be that far. Always gives other work a turn. */
  async reached(done: number): Promise<void> {
    const byTime = this.total === 0 ? this.leastMs : (this.leastMs * done) / this.total;
    const byRate = this.perSecond === undefined ? 0 : (done * 1000) / this.perSecond;
    const due = this.#begun + Math.max(byTime, byRate);
    await pause(Math.max(0, due - Date.now()), this.signal);
  }
}

/** Waits; throws the signal's reason when it fires. */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  try {
    await sleep(ms, undefined, { signal });
  } catch {
    signal.throwIfAborted();
  }
}
