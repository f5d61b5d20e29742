import * as fs from 'node:fs';
import { promisify } from 'node:util';

/** A read that takes longer may have had to wait for the disk; on a machine that is busy it may only have had to wait its turn. */
const SLOW_MS = 2;
/** One that takes longer had to wait for something, whatever the system counts. */
const VERY_SLOW_MS = 50;
/** Reads left to the thread pool after a slow one. */
const POOLED_READS = 64;
/** Longer ones are left to it anyway. */
const MAX_READ_BYTES = 4 * 1024 * 1024;
/** Longest time in which nothing but reads happens: signals and timers wait for it. */
const MAX_HELD_MS = 20;

const read = promisify(fs.read) as (
  ...args: [fd: number, target: Uint8Array, at: number, length: number, position: number]
) => Promise<{ bytesRead: number }>;

/** Reads that are still to be left to the pool, and when the last one was. */
let pooled = 0;
let lastPooled = 0;
/** Blocks that the file systems had read for this process. */
let blocksRead = 0;

/** Has a read had to wait for the disk lately? */
export const readsWait = (): boolean => pooled > 0;

/**
 * Fills `target` with the bytes from `start` on; resolves to how many there were.
 *
 * Bytes that the system holds in memory are there at once, and to hand a read to a thread and back costs more than to copy
 * them. So reads are made at once, until one had to wait for the disk: the next ones go to the thread pool, where those of
 * several files wait side by side.
 */
export async function readAt(fd: number, target: Uint8Array, start: number): Promise<number> {
  let got = 0;
  while (got < target.length) {
    const length = target.length - got;
    const before = performance.now();
    let bytesRead: number;
    if (pooled > 0 || length > MAX_READ_BYTES || before - lastPooled > MAX_HELD_MS) {
      ({ bytesRead } = await read(fd, target, got, length, start + got));
      if (pooled > 0) pooled--;
      lastPooled = performance.now();
    } else {
      bytesRead = fs.readSync(fd, target, got, length, start + got);
      if (hadToWait(performance.now() - before)) pooled = POOLED_READS;
    }
    if (bytesRead === 0) break;
    got += bytesRead;
  }
  return got;
}

function hadToWait(took: number): boolean {
  if (took <= SLOW_MS) return false;
  const { fsRead } = process.resourceUsage();
  const grown = fsRead > blocksRead;
  blocksRead = fsRead;
  return grown || took > VERY_SLOW_MS;
}
