import { describe, expect, it } from 'vitest';
import { ProgressRate, RATE_LOOKS } from '../../src/importer/progress-rate.js';

describe('ProgressRate', () => {
  it('knows nothing of one look, or of an import that stands still', () => {
    const rate = new ProgressRate();
    expect([rate.recordsPerSecond, rate.secondsLeft]).toEqual([undefined, undefined]);
    rate.add(0, 10, 100);
    expect([rate.recordsPerSecond, rate.secondsLeft]).toEqual([undefined, undefined]);
    rate.add(60_000, 10, 100);
    expect([rate.recordsPerSecond, rate.secondsLeft]).toEqual([undefined, undefined]);
  });

  it('gives records a second and the time until 100 %', () => {
    const rate = new ProgressRate();
    rate.add(0, 0, 0);
    rate.add(10_000, 20, 5_000);
    expect(rate.recordsPerSecond).toBe(500);
    expect(rate.secondsLeft).toBe(40);
    rate.add(50_000, 100, 25_000);
    expect(rate.secondsLeft).toBeUndefined();
  });

  it('forgets what was long ago, and does not grow', () => {
    const rate = new ProgressRate();
    for (let i = 0; i < 10_000; i++) rate.add(i * 1_000, undefined, i * 10);
    const slowFrom = 10_000 * 1_000;
    for (let i = 0; i < RATE_LOOKS; i++) rate.add(slowFrom + i * 1_000, undefined, 100_000 + i);
    expect(rate.recordsPerSecond).toBeCloseTo(1);
  });

  it('spans more than a moment even when looks come close together', () => {
    const rate = new ProgressRate();
    for (let i = 0; i <= 10_000; i++) rate.add(i * 5, (i * 5) / 1_000, undefined);
    // 1 % a second, seen over 23 looks a second apart, not over 24 looks of 5 ms.
    expect(rate.secondsLeft).toBeCloseTo(50);
  });
});
