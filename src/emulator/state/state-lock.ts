import { randomUUID } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, rmdir, stat, utimes, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { PineloadError } from '../../base/errors.js';

/** Name of the lock, a directory of its own, below the state directory. */
export const LOCK_DIRECTORY = 'pinecone-emulator.lock';
/** How often the holder of a lock shows that it is alive, in ms. */
export const LOCK_BEAT_MS = 2_000;
/** A lock without a sign of life for so long is taken over, in ms. */
export const LOCK_STALE_MS = 15_000;

/** How often a lock that was left over is removed before it is said to be in use: others may be faster each time. */
const TAKE_TRIES = 3;

/** What the holder of a lock says of itself. */
interface Holder {
  readonly token: string;
  readonly pid: number;
  readonly host: string;
}

/** Who has the lock, and the file that says so. */
interface Held {
  readonly file: string;
  /** Nothing where the file is not readable. */
  readonly holder: Holder | undefined;
}

/** Tokens of the locks that this process holds or may be about to hold. */
const ours = new Set<string>();

/**
 * Keeps a state directory to one emulator. The lock is a directory with one file in it, named by the token of its holder,
 * whose time is renewed while the holder lives: a process id alone says nothing where several containers, each with a
 * process 1, share a volume.
 *
 * The directory comes, file and all, by one rename, which a file system refuses while there is another with something in it
 * (POSIX.1-2017, rename). What was left over goes by the name of its file, which nobody else's has. So whatever the order in
 * which many look, remove and take, none removes what another has just taken.
 */
export class StateLock {
  readonly #path: string;
  readonly #holder: Holder = { token: randomUUID(), pid: process.pid, host: hostname() };
  #beat: NodeJS.Timeout | undefined;

  private constructor(directory: string) {
    this.#path = join(directory, LOCK_DIRECTORY);
  }

  /** Throws EMULATOR_STATE_IN_USE when another emulator has the directory. */
  static async take(directory: string): Promise<StateLock> {
    const lock = new StateLock(directory);
    // Before anybody can see it: others in this process would take it for one that an earlier process of this number left.
    ours.add(lock.#holder.token);
    try {
      await lock.#take();
    } catch (error) {
      ours.delete(lock.#holder.token);
      throw error;
    }
    lock.#beat = setInterval(() => lock.#touch(), LOCK_BEAT_MS).unref();
    return lock;
  }

  async release(): Promise<void> {
    clearInterval(this.#beat);
    await this.#remove(this.#ownFile());
    ours.delete(this.#holder.token);
  }

  async #take(): Promise<void> {
    const prepared = `${this.#path}.${this.#holder.token}`;
    await mkdir(prepared);
    try {
      await writeFile(join(prepared, this.#holder.token), JSON.stringify(this.#holder));
      for (let left = TAKE_TRIES; !(await this.#put(prepared)); left--) {
        const held = await this.#held();
        if (left === 0 || (held !== undefined && (await this.#isAlive(held)))) throw this.#inUse(held?.holder);
        await this.#remove(held?.file);
      }
    } finally {
      await rm(prepared, { recursive: true, force: true });
    }
  }

  /** Whether `prepared` is the lock now. */
  async #put(prepared: string): Promise<boolean> {
    try {
      await rename(prepared, this.#path);
      return true;
    } catch (error) {
      // EPERM: Windows, where nothing is renamed to a directory, be it empty or not.
      if (['ENOTEMPTY', 'EEXIST', 'EPERM'].includes((error as NodeJS.ErrnoException).code!)) return false;
      throw error;
    }
  }

  /** Removes the lock if `file` is all there is in it. */
  async #remove(file: string | undefined): Promise<void> {
    if (file !== undefined) await rm(file, { force: true });
    await rmdir(this.#path).catch(() => undefined);
  }

  async #held(): Promise<Held | undefined> {
    const [name] = await readdir(this.#path).catch(() => []);
    if (name === undefined) return undefined;
    const file = join(this.#path, name);
    return { file, holder: parseHolder(await readFile(file, 'utf8').catch(() => '')) };
  }

  async #isAlive({ file, holder }: Held): Promise<boolean> {
    if (holder !== undefined && ours.has(holder.token)) return true;
    const isHere = holder?.host === this.#holder.host;
    // Our own process id, but not our lock: an earlier container of that name, whose process had the same number.
    if (isHere && (holder.pid === process.pid || !isRunning(holder.pid))) return false;
    const { mtimeMs } = await stat(file).catch(() => ({ mtimeMs: 0 }));
    return Date.now() - mtimeMs < LOCK_STALE_MS;
  }

  #inUse(holder: Holder | undefined): PineloadError {
    return new PineloadError('EMULATOR_STATE_IN_USE', {
      source: this.#path,
      ...(holder === undefined ? {} : { message: `process ${holder.pid} on ${holder.host} is using it` }),
      hint: `Stop that emulator or give another --state-dir. What a crash left behind is taken over after ${LOCK_STALE_MS / 1000} s.`,
    });
  }

  #ownFile(): string {
    return join(this.#path, this.#holder.token);
  }

  #touch(): void {
    const now = new Date();
    utimes(this.#ownFile(), now, now).catch(() => undefined);
  }
}

function parseHolder(text: string): Holder | undefined {
  try {
    const { token, pid, host } = JSON.parse(text) as Record<string, unknown>;
    if (typeof token !== 'string' || typeof pid !== 'number' || typeof host !== 'string') return undefined;
    return { token, pid, host };
  } catch {
    return undefined;
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
