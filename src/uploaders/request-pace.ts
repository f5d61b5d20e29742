import { throwIfAborted } from '../base/abort.js';
import type { Bandwidth } from './bandwidth.js';

/** Requests to one store at once, at the most. Twice what a link of 1 GB/s takes in 16 MiB parts at 250 ms each. */
export const PACE_MOST_REQUESTS = 64;
/** However much a store throttles, so many requests go on. */
export const PACE_FEWEST_REQUESTS = 1;
/** Throttled, the number of requests at once is multiplied by this (multiplicative decrease) … */
export const PACE_DECREASE = 0.5;
/** … and not again for so long, in milliseconds: the answers to what was under way say nothing new. */
export const PACE_ROUND_MS = 1_000;
/** A round without throttling adds so many (additive increase). */
export const PACE_INCREASE = 1;
/** 429 Too Many Requests; 503 is S3's SlowDown, Azure's ServerBusy and Google's backendError. */
export const THROTTLE_STATUSES: ReadonlySet<number> = new Set([429, 503]);
/** A connection that stood still, which a link does that has too much to carry: as much a reason to do less. */
const STANDSTILL = new Set(['ETIMEDOUT', 'ESOCKETTIMEDOUT', 'TimeoutError']);
/** The listener hears of trouble at most this often, in milliseconds. */
export const PACE_TELL_MS = 2_000;

/** What a store did that slows a transfer down. */
export interface PaceTrouble {
  /** `429`, `503 SlowDown`, `ECONNRESET`. */
  readonly got: string;
  readonly throttled: boolean;
  /** Requests at once from now on. */
  readonly requests: number;
}

export interface RequestPaceOptions {
  /** Requests at once to begin with, and the most there will be. Default PACE_MOST_REQUESTS. */
  readonly requests?: number | undefined;
  /** Shared by all stores of a run. Default: no limit. */
  readonly bandwidth?: Bandwidth | undefined;
  readonly onTrouble?: ((trouble: PaceTrouble) => void) | undefined;
  /** Monotonic time in milliseconds. */
  readonly now?: (() => number) | undefined;
}

/** How a request ended: its HTTP status, or the code of what broke the connection. */
export type Outcome = { readonly status: number } | { readonly broken: string };

/**
 * How many requests a store gets at once: one for all the files of a store, so that a store that throttles is relieved by all of
 * them. Additive increase, multiplicative decrease, as TCP does it (Chiu and Jain 1989): fair and stable without knowing the
 * store's limits. Retries are the SDKs' business; each try passes here anew.
 */
export class RequestPace {
  readonly bandwidth: Bandwidth | undefined;
  readonly #most: number;
  readonly #now: () => number;
  readonly #onTrouble: ((trouble: PaceTrouble) => void) | undefined;
  readonly #waiting: (() => void)[] = [];
  #limit: number;
  #under = 0;
  #raisedAt = -Infinity;
  #loweredAt = -Infinity;
  #toldAt = -Infinity;

  constructor(options: RequestPaceOptions = {}) {
    this.#most = Math.max(PACE_FEWEST_REQUESTS, options.requests ?? PACE_MOST_REQUESTS);
    this.#limit = this.#most;
    this.#now = options.now ?? (() => performance.now());
    this.#onTrouble = options.onTrouble;
    this.bandwidth = options.bandwidth;
  }

  /** Requests at once, as it stands. */
  get requests(): number {
    return this.#limit;
  }

  /**
   * Waits for the turn of a request that sends `bytes` of an object. What it resolves to must be called when the answer's head is
   * there, or when none will come. Throws ABORTED.
   */
  async enter(bytes: number, signal?: AbortSignal): Promise<(outcome: Outcome) => void> {
    await this.#turn(signal);
    let left = false;
    const leave = () => {
      if (left) return false;
      left = true;
      this.#under--;
      return true;
    };
    try {
      // In the slot, so that a wait for the link holds back as many requests as it should.
      if (bytes > 0) await this.bandwidth?.take(bytes, signal);
    } catch (error) {
      leave();
      this.#wake();
      throw error;
    }
    return (outcome) => {
      if (!leave()) return;
      // What we stopped ourselves says nothing of the store.
      if ('status' in outcome || signal?.aborted !== true) this.#learn(outcome);
      this.#wake();
    };
  }

  /** For SDKs that repeat by themselves and tell of each answer on the way. */
  saw(outcome: Outcome): void {
    this.#learn(outcome);
  }

  async #turn(signal: AbortSignal | undefined): Promise<void> {
    throwIfAborted(signal);
    if (this.#under < this.#limit) {
      this.#under++;
      return;
    }
    await new Promise<void>((resolve) => {
      const go = () => {
        signal?.removeEventListener('abort', go);
        const at = this.#waiting.indexOf(go);
        if (at >= 0) this.#waiting.splice(at, 1);
        resolve();
      };
      signal?.addEventListener('abort', go, { once: true });
      this.#waiting.push(go);
    });
    throwIfAborted(signal);
    // Whoever was let in before may have been quicker.
    return this.#turn(signal);
  }

  #wake(): void {
    const free = this.#limit - this.#under;
    for (const go of this.#waiting.slice(0, Math.max(0, free))) go();
  }

  #learn(outcome: Outcome): void {
    const got = 'broken' in outcome ? outcome.broken : String(outcome.status);
    const throttled = 'broken' in outcome ? STANDSTILL.has(outcome.broken) : THROTTLE_STATUSES.has(outcome.status);
    if (throttled) this.#lower();
    else if ('status' in outcome && outcome.status < 400) this.#raise();
    if ('broken' in outcome || throttled || outcome.status >= 500) this.#tell(got, throttled);
  }

  #lower(): void {
    const now = this.#now();
    if (now - this.#loweredAt < PACE_ROUND_MS) return;
    this.#loweredAt = now;
    this.#limit = Math.max(PACE_FEWEST_REQUESTS, Math.floor(this.#limit * PACE_DECREASE));
  }

  #raise(): void {
    if (this.#limit === this.#most) return;
    const now = this.#now();
    if (now - Math.max(this.#raisedAt, this.#loweredAt) < PACE_ROUND_MS) return;
    this.#raisedAt = now;
    this.#limit = Math.min(this.#most, this.#limit + PACE_INCREASE);
  }

  #tell(got: string, throttled: boolean): void {
    const now = this.#now();
    if (this.#onTrouble === undefined || now - this.#toldAt < PACE_TELL_MS) return;
    this.#toldAt = now;
    this.#onTrouble({ got, throttled, requests: this.#limit });
  }
}
