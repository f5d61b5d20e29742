import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { planSplits, simulate, tables, zipf } from '../../bench/scale/simulate.mjs';

const page = readFileSync('docs/scale.md', 'utf8');
const onPage = (name: string): string | undefined =>
  new RegExp(`<!-- ${name}: printed by bench/scale/simulate.mjs -->\\n\\n([\\s\\S]*?)\\n\\n<!-- end -->`).exec(
    page,
  )?.[1];

describe('the simulation of the shard schedule', () => {
  it('prints what the page shows', () => {
    const { quantities, schedule } = tables();
    expect(onPage('quantities')).toBe(quantities);
    expect(onPage('schedule')).toBe(schedule);
  });

  it('cuts and gathers files as the planner does', () => {
    expect(planSplits([5, 1, 1, 1, 9], 4, true)).toEqual([2.5, 2.5, 3, 3, 3, 3]);
    expect(planSplits([5, 1, 1, 1, 9], 4, false)).toEqual([5, 3, 9]);
    const sizes = zipf(100, 4);
    expect(sizes.reduce((a, b) => a + b, 0)).toBeCloseTo(100);
    expect(sizes[0]! / sizes[3]!).toBeCloseTo(4);
  });

  it('loses no work, and repeats no more than a split for each lost pod', () => {
    const splits = new Array<number>(64).fill(1e9);
    const calm = simulate({ splits, shards: 8, pods: 8, stragglers: 0, podLoss: 0 }, 1);
    expect(calm.repeated).toBe(0);
    expect(calm.seconds).toBeGreaterThan(80);
    const lost = simulate({ splits, shards: 8, pods: 8, stragglers: 0, podLoss: 1 }, 1);
    expect(lost.repeated).toBeGreaterThan(0);
    expect(lost.repeated).toBeLessThanOrEqual(8e9);
    expect(lost.seconds).toBeGreaterThan(calm.seconds);
    const large = splits.map((bytes) => 50 * bytes);
    const more = simulate({ splits: large, shards: 64, pods: 8, stragglers: 0.2, podLoss: 0 }, 1);
    const few = simulate({ splits: large, shards: 8, pods: 8, stragglers: 0.2, podLoss: 0 }, 1);
    expect(more.seconds).toBeLessThan(few.seconds);
  });
});
