import { createHash, randomBytes } from 'node:crypto';
import { readlinkSync } from 'node:fs';
import * as fs from 'node:fs/promises';
import * as os from 'node:os';
import * as path from 'node:path';

/**
 * Names of files being written. They lie in the directory of the finished file, since a rename must not cross a file system and a
 * mounted output directory (a container's volume) has nothing of its own file system beside it. They never end in `.parquet`, and
 * `LocalStore.list` does not show them.
 *
 * The name tells who writes: `.pineload-<place>-<pid>-<random>.tmp`, so that what a killed process left is known for that.
 */
const TEMP_NAME = /^\.pineload-([0-9a-f]{8})-(\d+)-[0-9a-f]{16}\.tmp$/;

/** A temporary file of another machine or container that nobody wrote to for this long is a dead process's. */
export const STALE_TEMP_MS = 24 * 60 * 60 * 1000;

/** Marks the space in which a pid means something: this host and, on Linux, this pid namespace (containers may share a host name). */
export const PLACE = createHash('sha256').update(`${os.hostname()}\0${pidNamespace()}`).digest('hex').slice(0, 8);

function pidNamespace(): string {
  try {
    return readlinkSync('/proc/self/ns/pid');
  } catch {
    return '';
  }
}

/** Of this run, so that another one of the same pid has other names; and of the file in it. */
const RUN = randomBytes(4).toString('hex');
let files = 0;

export function tempName(): string {
  return `.pineload-${PLACE}-${process.pid}-${RUN}${(files++).toString(16).padStart(8, '0')}.tmp`;
}

export function isTempName(name: string): boolean {
  return TEMP_NAME.test(name);
}

/** Deletes what dead processes left half-written in one directory. Whatever cannot be looked at or deleted is left alone. */
export async function sweepTemps(directory: string): Promise<void> {
  const names = await fs.readdir(directory).catch(() => []);
  for (const name of names) {
    const match = TEMP_NAME.exec(name);
    if (match === null) continue;
    const file = path.join(directory, name);
    const dead = match[1] === PLACE ? !isAlive(Number(match[2])) : await isStale(file);
    if (dead) await fs.unlink(file).catch(() => undefined);
  }
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it lives, as another user's.
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}

async function isStale(file: string): Promise<boolean> {
  try {
    return Date.now() - (await fs.stat(file)).mtimeMs > STALE_TEMP_MS;
  } catch {
    return false;
  }
}
