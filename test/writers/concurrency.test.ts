import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { forEachLimited, WeightGate } from '../../src/writers/concurrency.js';

/** Work that says how much of it is under way. */
function gauge(): { work: (weight?: number) => Promise<void>; most: () => number; now: () => number } {
  let [now, most] = [0, 0];
  const work = async (weight = 1): Promise<void> => {
    most = Math.max(most, (now += weight));
    for (let i = 0; i < 3; i++) await turn();
    now -= weight;
  };
  return { work, most: () => most, now: () => now };
}

describe('forEachLimited', () => {
  it('works on all items, in order, so many at a time', async () => {
    const { work, most } = gauge();
    const seen: number[] = [];
    await forEachLimited([1, 2, 3, 4, 5, 6, 7], 3, async (item) => {
      seen.push(item);
      await work();
    });
    expect(seen).toStrictEqual([1, 2, 3, 4, 5, 6, 7]);
    expect(most()).toBe(3);
  });

  it('stops at a fault, and throws it when nothing is under way any more', async () => {
    const { work, now } = gauge();
    const seen: number[] = [];
    const all = forEachLimited([1, 2, 3, 4, 5, 6], 2, async (item) => {
      seen.push(item);
      if (item === 2) throw new Error('two');
      await work();
    });
    await expect(all).rejects.toThrow('two');
    expect(now()).toBe(0);
    expect(seen).toStrictEqual([1, 2]);
  });
});

describe('WeightGate', () => {
  it('keeps the weight under way within the limit, but lets a heavier piece in alone', async () => {
    const gate = new WeightGate(10);
    const { work, most } = gauge();
    const order: number[] = [];
    const weights = [4, 4, 4, 25, 1, 9, 10, 3];
    await Promise.all(
      weights.map((weight) =>
        gate.run(weight, async () => {
          order.push(weight);
          await work(weight);
        }),
      ),
    );
    expect(order).toStrictEqual(weights);
    expect(most()).toBe(25);
  });

  it('lets the next one in after a fault', async () => {
    const gate = new WeightGate(1);
    await expect(gate.run(1, () => Promise.reject(new Error('no')))).rejects.toThrow('no');
    expect(await gate.run(1, async () => 'yes')).toBe('yes');
  });
});
