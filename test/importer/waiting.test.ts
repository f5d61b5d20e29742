import { describe, expect, it } from 'vitest';
import { backoffDelay, pause } from '../../src/importer/backoff.js';
import { POLL_MAX_BUILDING_MS, POLL_MAX_MS, POLL_MIN_MS, nextPollDelay } from '../../src/importer/poll-delay.js';
import { parseRetryAfter } from '../../src/importer/retry-after.js';

describe('parseRetryAfter', () => {
  const now = Date.parse('2026-07-01T12:00:00Z');
  it.each([
    ['0', 0],
    ['7', 7_000],
    [' 120 ', 120_000],
    ['Wed, 01 Jul 2026 12:00:30 GMT', 30_000],
    ['Wednesday, 01-Jul-26 12:01:00 GMT', 60_000],
    ['Wed Jul  1 12:00:05 2026 GMT', 5_000],
    ['Wed, 01 Jul 2026 11:00:00 GMT', 0],
    ['-5', undefined],
    ['1.5', undefined],
    ['soon', undefined],
    ['Wed, nonsense', undefined],
    ['99999999999', undefined],
    ['', undefined],
    [null, undefined],
    [undefined, undefined],
  ])('%j is %j', (header, ms) => {
    expect(parseRetryAfter(header, now)).toBe(ms);
  });
});

describe('backoffDelay', () => {
  it.each([
    [1, 0, 50],
    [1, 0.999999, 100],
    [2, 0.999999, 200],
    [3, 0, 200],
    [5, 0.999999, 1_000],
    [1_000_000, 0.999999, 1_000],
  ])('attempt %i with random %d: %i ms', (attempt, random, ms) => {
    expect(backoffDelay(attempt, 100, 1_000, random)).toBe(ms);
  });
});

describe('pause', () => {
  it('ends with the reason of the signal and leaves no listener', async () => {
    const stop = new AbortController();
    const waiting = pause(60_000, stop.signal);
    stop.abort();
    await expect(waiting).rejects.toMatchObject({ code: 'ABORTED' });
    await expect(pause(1, stop.signal)).rejects.toMatchObject({ code: 'ABORTED' });
  });
});

describe('nextPollDelay', () => {
  const minute = 60_000;
  it.each([
    ['at once', { elapsedMs: 0, percent: undefined, percentAtStart: undefined }, POLL_MIN_MS],
    ['after 5 s', { elapsedMs: 5_000, percent: undefined, percentAtStart: undefined }, 500],
    ['after a minute', { elapsedMs: minute, percent: 0, percentAtStart: 0 }, 6_000],
    ['after 10 minutes', { elapsedMs: 10 * minute, percent: 0, percentAtStart: 0 }, POLL_MAX_MS],
    ['after 10 hours', { elapsedMs: 600 * minute, percent: 3, percentAtStart: 1 }, POLL_MAX_MS],
    // 50 % in 2 minutes: 2 more minutes, half of which is more than the share of the time passed.
    ['half way', { elapsedMs: 2 * minute, percent: 50, percentAtStart: 0 }, 12_000],
    // 99 % after 99 minutes: 1 minute left.
    ['near the end', { elapsedMs: 99 * minute, percent: 99, percentAtStart: 0 }, 30_000],
    ['nearly there', { elapsedMs: 99 * minute, percent: 99.99, percentAtStart: 0 }, POLL_MIN_MS],
    ['attached late', { elapsedMs: 10 * minute, percent: 99, percentAtStart: 98 }, POLL_MAX_MS],
    ['building the index', { elapsedMs: 60 * minute, percent: 100, percentAtStart: 0 }, POLL_MAX_BUILDING_MS],
    ['building from the start', { elapsedMs: 0, percent: 100, percentAtStart: 100 }, POLL_MIN_MS],
    ['going backwards', { elapsedMs: minute, percent: 10, percentAtStart: 50 }, 6_000],
  ])('%s', (_name, state, delay) => {
    expect(nextPollDelay(state)).toBe(delay);
  });

  it('sees an end within a tenth of the time it took, in few looks', () => {
    for (const total of [1_000, minute, 10 * minute, 60 * minute]) {
      let at = 0;
      let looks = 0;
      while (at < total) {
        at += nextPollDelay({ elapsedMs: at, percent: undefined, percentAtStart: undefined });
        looks++;
      }
      expect(at - total).toBeLessThanOrEqual(Math.max(POLL_MIN_MS, total * 0.1));
      expect(looks).toBeLessThan(120);
    }
  });
});
