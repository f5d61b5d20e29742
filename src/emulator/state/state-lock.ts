import { randomUUID } from 'node:crypto';
import { readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { PineloadError } from '../../base/errors.js';

/** Name of the lock below the state directory. */
export const LOCK_FILE = 'pinecone-emulator.lock';
/** How often the holder of a lock shows that it is alive, in ms. */
export const LOCK_BEAT_MS = 2_000;
/** A lock without a sign of life for so long is taken over, in ms. */
export const LOCK_STALE_MS = 15_000;

/** What stands in the lock file. */
interface Holder {
  readonly token: string;
  readonly pid: number;
  readonly host: string;
}

/** Tokens of the locks that this process holds. */
const ours = new Set<string>();

/**
 * Keeps a state directory to one emulator. The lock is a file whose time is renewed while its holder lives: a process id
 * alone says nothing where several containers, each with a process 1, share a volume.
 */
export class StateLock {
  readonly #path: string;
  readonly #holder: Holder = { token: randomUUID(), pid: process.pid, host: hostname() };
  #beat: NodeJS.Timeout | undefined;

  private constructor(directory: string) {
    this.#path = join(directory, LOCK_FILE);
  }

  /** Throws EMULATOR_STATE_IN_USE when another emulator has the directory. */
  static async take(directory: string): Promise<StateLock> {
    const lock = new StateLock(directory);
    // The second try is for a lock that was left over and has just been removed.
    if (!(await lock.#create())) {
      await lock.#removeStale();
      if (!(await lock.#create())) throw await lock.#inUse();
    }
    ours.add(lock.#holder.token);
    lock.#beat = setInterval(() => lock.#touch(), LOCK_BEAT_MS).unref();
    return lock;
  }

  async release(): Promise<void> {
    clearInterval(this.#beat);
    ours.delete(this.#holder.token);
    const now = await this.#read();
    if (now?.token === this.#holder.token) await rm(this.#path, { force: true });
  }

  async #create(text = JSON.stringify(this.#holder)): Promise<boolean> {
    try {
      await writeFile(this.#path, text, { flag: 'wx' });
      return true;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
      throw error;
    }
  }

  async #removeStale(): Promise<void> {
    const holder = await this.#read();
    if (await this.#isAlive(holder)) throw await this.#inUse();
    const aside = `${this.#path}.${this.#holder.token}`;
    try {
      await rename(this.#path, aside);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
      throw error;
    }
    // Whoever was faster has put its own lock there meanwhile: that one goes back.
    const moved = await readFile(aside, 'utf8');
    if (parseHolder(moved)?.token !== holder?.token) await this.#create(moved);
    await rm(aside, { force: true });
  }

  async #isAlive(holder: Holder | undefined): Promise<boolean> {
    if (holder !== undefined && ours.has(holder.token)) return true;
    const isHere = holder?.host === this.#holder.host;
    // Our own process id, but not our lock: an earlier container of that name, whose process had the same number.
    if (isHere && (holder.pid === process.pid || !isRunning(holder.pid))) return false;
    const { mtimeMs } = await stat(this.#path).catch(() => ({ mtimeMs: 0 }));
    return Date.now() - mtimeMs < LOCK_STALE_MS;
  }

  async #inUse(): Promise<PineloadError> {
    const holder = await this.#read();
    return new PineloadError('EMULATOR_STATE_IN_USE', {
      source: this.#path,
      ...(holder === undefined ? {} : { message: `process ${holder.pid} on ${holder.host} is using it` }),
      hint: `Stop that emulator or give another --state-dir. What a crash left behind is taken over after ${LOCK_STALE_MS / 1000} s.`,
    });
  }

  async #read(): Promise<Holder | undefined> {
    return parseHolder(await readFile(this.#path, 'utf8').catch(() => ''));
  }

  #touch(): void {
    const now = new Date();
    utimes(this.#path, now, now).catch(() => undefined);
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
