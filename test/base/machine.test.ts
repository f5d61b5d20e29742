import { availableParallelism } from 'node:os';
import { describe, expect, it } from 'vitest';
import { cpuCount, cpuQuota, memoryLimit } from '../../src/base/machine.js';

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
    [
      'version 2, a group below the mount, the one above it narrower',
      {
        '/proc/self/cgroup': '0::/pods/a\n',
        '/sys/fs/cgroup/pods/cpu.max': '150000 100000\n',
        '/sys/fs/cgroup/pods/a/cpu.max': '300000 100000\n',
      },
      1.5,
    ],
    [
      'version 1, a group below the mount, controllers mounted together',
      {
        '/proc/self/cgroup': '4:memory:/x\n3:cpu,cpuacct:/jobs/b\n0::/\n',
        '/sys/fs/cgroup/cpu/jobs/b/cpu.cfs_quota_us': '200000\n',
        '/sys/fs/cgroup/cpu/jobs/b/cpu.cfs_period_us': '100000\n',
      },
      2,
    ],
    [
      'version 1 in a container: the path of the host is not mounted',
      {
        '/proc/self/cgroup': '3:cpu:/kubepods/pod1/c1\n',
        '/sys/fs/cgroup/cpu/cpu.cfs_quota_us': '50000\n',
        '/sys/fs/cgroup/cpu/cpu.cfs_period_us': '100000\n',
      },
      0.5,
    ],
    ['no control group', {}, undefined],
  ])('%s', (_name, content, quota) => {
    expect(cpuQuota(files(content))).toBe(quota);
    expect(cpuCount(files(content))).toBe(Math.max(1, Math.floor(Math.min(quota ?? Infinity, availableParallelism()))));
  });
});

describe('the memory limit of a control group', () => {
  it.each([
    ['version 2', { '/sys/fs/cgroup/memory.max': '300000000\n' }, 0, 300_000_000],
    ['version 2, no limit', { '/sys/fs/cgroup/memory.max': 'max\n' }, 0, undefined],
    ['version 1', { '/sys/fs/cgroup/memory/memory.limit_in_bytes': '300000000\n' }, 0, 300_000_000],
    ['version 1, no limit', { '/sys/fs/cgroup/memory/memory.limit_in_bytes': '9223372036854771712\n' }, 0, undefined],
    [
      'a group above that is narrower',
      {
        '/proc/self/cgroup': '0::/a/b\n',
        '/sys/fs/cgroup/a/memory.max': '5000\n',
        '/sys/fs/cgroup/a/b/memory.max': '6000\n',
      },
      undefined,
      5000,
    ],
    ['what Node knows', {}, 400_000_000, 400_000_000],
    ['what Node takes for none', {}, 2 ** 63, undefined],
    ['nothing known', {}, undefined, undefined],
  ])('%s', (_name, content, constrained, limit) => {
    // `undefined` would ask Node itself.
    expect(memoryLimit(files(content), constrained ?? 0)).toBe(limit);
  });
});
