import { mkdir, open, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { PineloadError } from '../../base/errors.js';
import type { SavedIndex } from './index-state.js';
import { StateLock } from './state-lock.js';

/** Name of the file below the state directory. */
export const STATE_FILE = 'pinecone-emulator.json';
const FORMAT = 'pineload-emulator/1';

/**
 * Keeps the emulator's state in one JSON file. Each save writes a new file beside it and renames that over it, so that a
 * crash leaves either the old state or the new one; saves asked for while one is under way are done as one.
 */
export class StateFile {
  readonly #directory: string;
  readonly #snapshot: () => readonly SavedIndex[];
  #writing: Promise<void> = Promise.resolve();
  #next: Promise<void> | undefined;
  #lock: StateLock | undefined;

  constructor(directory: string, snapshot: () => readonly SavedIndex[]) {
    this.#directory = directory;
    this.#snapshot = snapshot;
  }

  /** Takes the directory and reads the indexes of the last run; none when there was none. Throws STATE_CORRUPT, EMULATOR_STATE_IN_USE. */
  async load(): Promise<readonly SavedIndex[]> {
    await mkdir(this.#directory, { recursive: true });
    this.#lock = await StateLock.take(this.#directory);
    const path = this.#path();
    let text: string;
    try {
      text = await readFile(path, 'utf8');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
      throw new PineloadError('STATE_CORRUPT', { source: path, message: 'the state cannot be read', cause: error });
    }
    try {
      const state = JSON.parse(text) as { format?: unknown; indexes?: unknown };
      if (state.format === FORMAT && Array.isArray(state.indexes)) return state.indexes as SavedIndex[];
    } catch (error) {
      throw new PineloadError('STATE_CORRUPT', { source: path, message: 'the state is not valid JSON', cause: error });
    }
    throw new PineloadError('STATE_CORRUPT', { source: path, expected: `the format ${FORMAT}` });
  }

  /** Lets another emulator have the directory. */
  async release(): Promise<void> {
    await this.#lock?.release();
  }

  /** Resolves when everything up to this call is on disk. */
  save(): Promise<void> {
    this.#next ??= this.#writing
      .catch(() => undefined)
      .then(() => {
        this.#next = undefined;
        this.#writing = this.#write();
        return this.#writing;
      });
    return this.#next;
  }

  async #write(): Promise<void> {
    const path = this.#path();
    const file = await open(`${path}.tmp`, 'w');
    try {
      await file.writeFile(JSON.stringify({ format: FORMAT, indexes: this.#snapshot() }, undefined, 1));
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(`${path}.tmp`, path);
  }

  #path(): string {
    return join(this.#directory, STATE_FILE);
  }
}
