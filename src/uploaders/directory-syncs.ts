import { constants } from 'node:fs';
import { sync, type FileCalls } from './local-calls.js';

/**
 * Makes names in directories last: a file that was renamed, and a directory that was made, survive a power cut only when the directory that
 * names them has been synced. Who asks while a directory is being synced shares the next round with all others who do.
 */
export class DirectorySyncs {
  readonly #rounds = new Map<string, { readonly now: Promise<void>; next: Promise<void> | undefined }>();
  /** Directories in which others were made, and how many, since they were synced last. */
  readonly #grown = new Map<string, number>();

  /** @param calls that suit the directories, as far as that is known */
  constructor(private readonly calls: () => FileCalls) {}

  /** A directory was made in this one. */
  grew(directory: string): void {
    this.#grown.set(directory, (this.#grown.get(directory) ?? 0) + 1);
  }

  /** Makes the directories last that were made in this one. */
  async settle(directory: string): Promise<void> {
    const made = this.#grown.get(directory);
    if (made === undefined) return;
    await this.sync(directory);
    if (this.#grown.get(directory) === made) this.#grown.delete(directory);
  }

  /** Makes all names last that are in this directory now. */
  sync(directory: string): Promise<void> {
    const round = this.#rounds.get(directory);
    if (round === undefined) return this.#start(directory);
    // The round under way may have begun before the name was there.
    return (round.next ??= round.now.then(
      () => this.#start(directory),
      () => this.#start(directory),
    ));
  }

  #start(directory: string): Promise<void> {
    const now = syncDirectory(directory, this.calls());
    const round = { now, next: undefined };
    this.#rounds.set(directory, round);
    const end = (): void => {
      if (this.#rounds.get(directory) === round && round.next === undefined) this.#rounds.delete(directory);
    };
    now.then(end, end);
    return now;
  }
}

/** Windows cannot open directories, and need not. */
async function syncDirectory(directory: string, calls: FileCalls): Promise<void> {
  if (process.platform === 'win32') return;
  const fd = await calls.open(directory, constants.O_RDONLY);
  try {
    await sync(fd);
  } catch (error) {
    // Some network file systems have no fsync for directories.
    if (!['EINVAL', 'ENOTSUP', 'EPERM'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
  } finally {
    await calls.close(fd);
  }
}
