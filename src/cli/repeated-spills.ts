import type { PineloadEvent } from '../base/events.js';

type Spill = Extract<PineloadEvent, { readonly type: 'spill' }>;

/** After the first, a line that says what went to disk goes out at most this often (milliseconds). */
export const SPILL_INTERVAL_MS = 30_000;

/**
 * For people: a run in little memory spills every few hundred milliseconds, and fifty equal lines would push everything else off the
 * screen. The first is shown; the bytes of those after it are added up and told from time to time, the rest at the end. No byte is left out.
 */
export class RepeatedSpills {
  #shown = -Infinity;
  #held: Spill | undefined;

  /** What is to be shown now, if anything. @param now milliseconds */
  add(event: Spill, now = performance.now()): Spill | undefined {
    this.#held = { ...event, bytes: event.bytes + (this.#held?.bytes ?? 0) };
    return now - this.#shown < SPILL_INTERVAL_MS ? undefined : this.rest(now);
  }

  /** What was not shown yet. */
  rest(now = performance.now()): Spill | undefined {
    const held = this.#held;
    this.#held = undefined;
    if (held !== undefined) this.#shown = now;
    return held;
  }
}
