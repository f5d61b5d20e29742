import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';

/** Reads a small text file; undefined when it is not there. */
type Read = (file: string) => string | undefined;

const MOUNT = '/sys/fs/cgroup';

/**
 * CPUs that this process may use: the machine's, or the quota of its control group, which Node's own count leaves out.
 * https://docs.kernel.org/admin-guide/cgroup-v2.html#cpu-interface-files
 */
export function cpuCount(read: Read = readText): number {
  return Math.max(1, Math.floor(Math.min(availableParallelism(), cpuQuota(read) ?? Infinity)));
}

/** CPUs by quota, 0.5 for half of one; undefined without a quota. The least of the process's group and all above it. */
export function cpuQuota(read: Read): number | undefined {
  return least([
    // "max 100000" or "50000 100000": microseconds of CPU time in a period.
    ...groupFiles(read, 'unified', 'cpu.max').map((text) => {
      const [quota, period] = text.split(' ').map(Number);
      return quota! / period!;
    }),
    // Version 1: -1 without a quota.
    ...groupDirectories(read, 'cpu').map(
      (directory) =>
        Number(read(`${directory}/cpu.cfs_quota_us`) ?? NaN) / Number(read(`${directory}/cpu.cfs_period_us`) ?? NaN),
    ),
  ]);
}

/** Memory limit of the control group in bytes, the least of it and all above it; undefined without one. */
export function memoryLimit(
  read: Read = readText,
  constrained: number | undefined = process.constrainedMemory(),
): number | undefined {
  // 0 or a number beyond any machine means that there is no limit.
  return least(
    [
      constrained,
      ...groupFiles(read, 'unified', 'memory.max').map(Number),
      ...groupFiles(read, 'memory', 'memory.limit_in_bytes').map(Number),
    ].filter((limit) => limit !== undefined && limit < 2 ** 50),
  );
}

function least(limits: readonly (number | undefined)[]): number | undefined {
  const valid = limits.filter((limit): limit is number => limit !== undefined && limit > 0 && limit < Infinity);
  return valid.length === 0 ? undefined : Math.min(...valid);
}

function groupFiles(read: Read, controller: string, file: string): string[] {
  return groupDirectories(read, controller).flatMap((directory) => read(`${directory}/${file}`)?.trim() ?? []);
}

/**
 * The directories of this process's control group and of those above it. In a container with a namespace of its own for groups
 * that is the mount alone; without one, /proc/self/cgroup tells the path on the host, which may or may not be mounted: what is
 * not there reads as no limit. (cgroups(7), cgroup_namespaces(7))
 *
 * @param controller `unified` for version 2
 */
function groupDirectories(read: Read, controller: string): string[] {
  const line = (read('/proc/self/cgroup') ?? '')
    .split('\n')
    .map((text) => text.split(':'))
    .find(([id, names = '']) =>
      controller === 'unified' ? id === '0' && names === '' : names.split(',').includes(controller),
    );
  const parts = (line?.slice(2).join(':') ?? '').split('/').filter((part) => part !== '' && part !== '..');
  // Version 2 is mounted at the top where it is alone, below `unified` where version 1 is there as well.
  const mounts = controller === 'unified' ? [MOUNT, `${MOUNT}/unified`] : [`${MOUNT}/${controller}`];
  return mounts.flatMap((mount) =>
    Array.from({ length: parts.length + 1 }, (_, depth) => [mount, ...parts.slice(0, depth)].join('/')),
  );
}

function readText(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}
