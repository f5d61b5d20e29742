import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';

/**
 * CPUs that this process may use: the machine's, or the quota of its control group, which Node's own count leaves out.
 * https://docs.kernel.org/admin-guide/cgroup-v2.html#cpu-interface-files
 */
export function cpuCount(read: (file: string) => string | undefined = readText): number {
  return Math.max(1, Math.floor(Math.min(availableParallelism(), cpuQuota(read) ?? Infinity)));
}

/** CPUs by quota, 0.5 for half of one; undefined without a quota. */
export function cpuQuota(read: (file: string) => string | undefined): number | undefined {
  // Version 2: "max 100000" or "50000 100000".
  const [quota, period] = (read('/sys/fs/cgroup/cpu.max') ?? '').trim().split(' ').map(Number);
  if (quota !== undefined && period !== undefined && quota > 0 && period > 0) return quota / period;
  // Version 1: -1 without a quota.
  const quota1 = Number(read('/sys/fs/cgroup/cpu/cpu.cfs_quota_us') ?? NaN);
  const period1 = Number(read('/sys/fs/cgroup/cpu/cpu.cfs_period_us') ?? NaN);
  return quota1 > 0 && period1 > 0 ? quota1 / period1 : undefined;
}

/** Memory limit of the control group in bytes; undefined without one. */
export function memoryLimit(): number | undefined {
  // 0 or a number beyond any machine means that there is no limit.
  const limit = process.constrainedMemory();
  return limit !== undefined && limit > 0 && limit < 2 ** 50 ? limit : undefined;
}

function readText(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}
