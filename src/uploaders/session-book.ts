import { createHash } from 'node:crypto';
import * as fs from 'node:fs/promises';
import * as os from 'node:os';
import * as path from 'node:path';
import { PLACE, isAlive } from './local-temp.js';

/** Google forgets a session after a week. https://cloud.google.com/storage/docs/resumable-uploads#session-uris */
export const SESSION_DAYS = 7;
const SESSION_MS = SESSION_DAYS * 24 * 60 * 60 * 1000;

/**
 * Where upload sessions are noted: `$XDG_STATE_HOME/pineload/sessions`, by default below `~/.local/state`; on Windows below
 * `%LOCALAPPDATA%`.
 */
export function defaultSessionDirectory(env: NodeJS.ProcessEnv = process.env): string {
  const windows = process.platform === 'win32' ? env['LOCALAPPDATA'] : undefined;
  const state = env['XDG_STATE_HOME'] || windows || path.join(os.homedir(), '.local', 'state');
  return path.join(state, 'pineload', 'sessions');
}

/** A session that an earlier process began, and how much of it is known to be stored. */
export interface NotedSession {
  /** Secret: whoever has it can write the object. */
  readonly url: string;
  /** What the object was to be besides its bytes; a session keeps what it was begun with. */
  readonly terms: string;
  /** The checksum of the object's first `end` bytes, by `end`. */
  readonly marks: ReadonlyMap<number, string>;
}

/**
 * Notes of the upload session of one object, in a file that only its owner can read: a session can be gone on with by whoever has its
 * address, which no service tells again, and how far it got is only worth knowing together with a checksum of it.
 *
 * A file belongs to one process and is named for it: `<object>-<place>-<pid>.jsonl`. A later process takes over the file of one that
 * has ended. Nothing here ever fails: what cannot be noted is not gone on with.
 */
export class SessionBook {
  readonly #object: string;
  readonly #file: string;

  /** @param object URI of the object, and whatever else tells it from others (the endpoint) */
  constructor(
    private readonly directory: string,
    object: string,
  ) {
    this.#object = createHash('sha256').update(object).digest('hex').slice(0, 32);
    this.#file = path.join(directory, `${this.#object}-${PLACE}-${process.pid}.jsonl`);
  }

  /** Takes over what an ended process noted of this object. Files of any object that are too old are removed. */
  async take(): Promise<NotedSession | undefined> {
    try {
      for (const name of await fs.readdir(this.directory)) {
        const match = /^([0-9a-f]{32})-([0-9a-f]{8})-(\d+)\.jsonl$/.exec(name);
        if (match === null) continue;
        const file = path.join(this.directory, name);
        if (Date.now() - (await fs.stat(file)).mtimeMs > SESSION_MS) {
          await fs.unlink(file);
          continue;
        }
        if (match[1] !== this.#object) continue;
        if (match[2] === PLACE && Number(match[3]) !== process.pid && isAlive(Number(match[3]))) continue;
        // Of several that want it one gets it.
        await fs.rename(file, this.#file);
        const session = parseNotes(await fs.readFile(this.#file, 'utf8'));
        if (session !== undefined) return session;
      }
    } catch {
      // No such directory, or no right to it: nothing is known.
    }
    return undefined;
  }

  async begin(url: string, terms: string): Promise<void> {
    try {
      await fs.mkdir(this.directory, { recursive: true, mode: 0o700 });
      await fs.rm(this.#file, { force: true });
      await fs.writeFile(this.#file, `${JSON.stringify({ url, terms })}\n`, { mode: 0o600, flag: 'wx' });
    } catch {
      await this.end();
    }
  }

  /** The first `end` bytes are stored, with this checksum. */
  async mark(end: number, crc: string): Promise<void> {
    // Without O_CREAT: marks without the line that says of what are worth nothing.
    const handle = await fs.open(this.#file, fs.constants.O_WRONLY | fs.constants.O_APPEND).catch(() => undefined);
    await handle?.write(`${JSON.stringify({ end, crc })}\n`).catch(() => undefined);
    await handle?.close().catch(() => undefined);
  }

  async end(): Promise<void> {
    await fs.rm(this.#file, { force: true }).catch(() => undefined);
  }
}

/** The last line may be cut off: the process was killed. */
function parseNotes(text: string): NotedSession | undefined {
  const lines = text.split('\n').slice(0, -1);
  const marks = new Map<number, string>();
  try {
    const { url, terms } = JSON.parse(lines[0] ?? '') as { url?: unknown; terms?: unknown };
    if (typeof url !== 'string' || typeof terms !== 'string') return undefined;
    for (const line of lines.slice(1)) {
      const { end, crc } = JSON.parse(line) as { end?: unknown; crc?: unknown };
      if (typeof end !== 'number' || typeof crc !== 'string') return undefined;
      marks.set(end, crc);
    }
    return { url, terms, marks };
  } catch {
    return undefined;
  }
}
