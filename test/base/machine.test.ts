import { availableParallelism } from 'node:os';
import { describe, expect, it } from 'vitest';
import { cpuCount, cpuQuota } from '../../src/base/machine.js';

const files =
  (content: Readonly<Record<string, string>>) =>
  (file: string): string | undefined =>
    content[file];

describe('the CPU quota of a control group', () => {
  it.each([
    ['version 2, half a CPU', { '/sys/fs/cgroup/cpu.max': '50000 100000\n' }, 0.5],
    ['version 2, no quota', { '/sys/fs/cgroup/cpu.max': 'max 100000\n' }, undefined],
    [
      'version 1, one and a half',
      { '/sys/fs/cgroup/cpu/cpu.cfs_quota_us': '150000\n', '/sys/fs/cgroup/cpu/cpu.cfs_period_us': '100000\n' },
      1.5,
    ],
    [
      'version 1, no quota',
      { '/sys/fs/cgroup/cpu/cpu.cfs_quota_us': '-1\n', '/sys/fs/cgroup/cpu/cpu.cfs_period_us': '100000\n' },
      undefined,
    ],
    ['no control group', {}, undefined],
  ])('%s', (_name, content, quota) => {
    expect(cpuQuota(files(content))).toBe(quota);
    expect(cpuCount(files(content))).toBe(Math.max(1, Math.floor(Math.min(quota ?? Infinity, availableParallelism()))));
  });
});
