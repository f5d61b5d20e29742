import { readFileSync, readlinkSync } from 'node:fs';

/**
 * Marks this process so that another one on the same machine can tell, later, whether it is still there: boot, process namespace,
 * number, and when it began, since numbers are given out again. Undefined where the system does not tell (everywhere but Linux).
 */
export function processMark(pid: number | 'self' = 'self'): string | undefined {
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    const namespace = readlinkSync('/proc/self/ns/pid');
    // proc(5): the name, in parentheses, may hold anything; the 22nd field, the 20th behind it, is the start in clock ticks.
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const started = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
    const number = pid === 'self' ? process.pid : pid;
    return started === undefined ? undefined : [boot, namespace, number, started].join(' ');
  } catch {
    return undefined;
  }
}

/** Is it certain that the marked process is no more? False where it cannot be known: another machine, another container. */
export function isCertainlyGone(mark: string | undefined): boolean {
  const own = processMark();
  if (mark === undefined || own === undefined) return false;
  const [boot, namespace, pid] = mark.split(' ');
  const [ownBoot, ownNamespace] = own.split(' ');
  if (boot !== ownBoot || namespace !== ownNamespace || !/^[1-9]\d*$/.test(pid ?? '')) return false;
  return processMark(Number(pid)) !== mark;
}
