/** Shortest time between two looks at an import in ms: an import in a rehearsal takes a second. */
export const POLL_MIN_MS = 500;
/** Longest in ms, while an import takes hours. */
export const POLL_MAX_MS = 60_000;
/** Longest in ms once all records are read (100 %) and only the index is being built. */
export const POLL_MAX_BUILDING_MS = 30_000;
/** Share of the time passed so far that may pass until the next look: the end is seen late by this share at most. */
export const POLL_SHARE = 0.1;

export interface PollState {
  /** Time since watching began, in ms. */
  readonly elapsedMs: number;
  /** 0–100, as last seen. */
  readonly percent: number | undefined;
  /** Percent when watching began. */
  readonly percentAtStart: number | undefined;
}

/**
 * How long to wait until the next look, in ms: a share of what has passed, so quick at first and slower for long imports,
 * and never longer than half of what is left at the rate seen so far.
 */
export function nextPollDelay({ elapsedMs, percent, percentAtStart }: PollState): number {
  const most = percent !== undefined && percent >= 100 ? POLL_MAX_BUILDING_MS : POLL_MAX_MS;
  let delay = Math.min(most, Math.max(POLL_MIN_MS, elapsedMs * POLL_SHARE));
  if (percent !== undefined && percent < 100) {
    const gained = percent - (percentAtStart ?? 0);
    if (gained > 0 && elapsedMs > 0) delay = Math.min(delay, ((100 - percent) * (elapsedMs / gained)) / 2);
  }
  return Math.round(Math.max(POLL_MIN_MS, delay));
}
