import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { open, rm, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { PineloadError } from './errors.js';
import { readAt } from './read-at.js';
import { WRITE_BYTES } from './write-bytes.js';

/** Linux: a file without a name in a directory. See open(2), O_TMPFILE, which Node has no constant for. */
const LINUX_TMPFILE = 0o20000000 | constants.O_DIRECTORY;

/** Staged blocks are written once there is this much of them. */
const STAGE_BYTES = 4 * 1024 * 1024;

/**
 * A temporary file for what does not fit into memory. It has no name on systems that allow that, so nothing is left
 * behind even when the process is killed. When all of it has been read back, it is used from the start again.
 */
export class SpillFile {
  private handle: Promise<FileHandle> | undefined;
  private path: string | undefined;
  private end = 0;
  private live = 0;
  private staged: Uint8Array[] = [];
  private stagedBytes = 0;
  private closed = false;

  constructor(readonly directory: string) {}

  /**
   * Puts a block at the end and returns where. It is in the file after the next `flush`; until then the pieces must not
   * change.
   */
  async append(pieces: readonly Uint8Array[]): Promise<number> {
    const offset = this.end + this.stagedBytes;
    for (const piece of pieces) {
      this.staged.push(piece);
      this.stagedBytes += piece.length;
      this.live += piece.length;
    }
    if (this.stagedBytes >= STAGE_BYTES) await this.flush();
    return offset;
  }

  async flush(): Promise<void> {
    if (this.stagedBytes === 0) return;
    const bytes = this.staged.length === 1 ? this.staged[0]! : Buffer.concat(this.staged, this.stagedBytes);
    this.staged = [];
    this.stagedBytes = 0;
    try {
      const handle = await this.opened();
      for (let done = 0; done < bytes.length;) {
        const length = Math.min(WRITE_BYTES, bytes.length - done);
        done += (await handle.write(bytes, done, length, this.end + done)).bytesWritten;
      }
    } catch (error) {
      throw faultOf(error, this.directory);
    }
    this.end += bytes.length;
  }

  /** Reads a block back, once: its room counts as free afterwards. */
  async read(offset: number, length: number): Promise<Uint8Array> {
    const bytes = await this.peek(offset, length);
    this.release(length);
    return bytes;
  }

  /** Reads bytes that stay in the file. */
  async peek(offset: number, length: number): Promise<Uint8Array> {
    const bytes = Buffer.allocUnsafeSlow(length);
    await readSpilled(await this.descriptor(), this.directory, bytes, offset);
    return bytes;
  }

  /** For `readSpilled`, as long as the file is not closed. */
  async descriptor(): Promise<number> {
    try {
      return (await this.opened()).fd;
    } catch (error) {
      throw faultOf(error, this.directory);
    }
  }

  /** So many bytes of the file are not needed any more. */
  release(length: number): void {
    this.live -= length;
    if (this.live === 0) this.end = 0;
  }

  /** Removes the file. Never throws. */
  async close(): Promise<void> {
    this.closed = true;
    const handle = await this.handle?.catch(() => undefined);
    this.handle = undefined;
    await handle?.close().catch(() => undefined);
    if (this.path !== undefined) await rm(this.path, { force: true }).catch(() => undefined);
  }

  private opened(): Promise<FileHandle> {
    if (this.closed) return Promise.reject(new Error('the temporary file was closed'));
    this.handle ??= this.create();
    return this.handle;
  }

  private async create(): Promise<FileHandle> {
    const nameless = await this.createNameless();
    if (nameless !== undefined) return nameless;
    const path = join(this.directory, `pineload-spill-${randomBytes(8).toString('hex')}.tmp`);
    const handle = await open(path, 'wx+', 0o600);
    // Windows keeps the name of an open file; there it goes in `close`.
    await rm(path).catch(() => (this.path = path));
    return handle;
  }

  /** A file that never had a name, where the file system makes such: killed between the making and the removing, one would stay. */
  private async createNameless(): Promise<FileHandle | undefined> {
    if (process.platform !== 'linux') return undefined;
    return open(this.directory, LINUX_TMPFILE | constants.O_RDWR, 0o600).catch(() => undefined);
  }
}

/** Fills `target` with bytes of a spill file, on whatever thread. */
export async function readSpilled(fd: number, directory: string, target: Uint8Array, offset: number): Promise<void> {
  try {
    // What was spilled is mostly still in the system's memory.
    if ((await readAt(fd, target, offset)) < target.length) throw new Error('the spill file is shorter than it was');
  } catch (error) {
    throw faultOf(error, directory);
  }
}

function faultOf(error: unknown, directory: string): PineloadError {
  const { code, message } = error as NodeJS.ErrnoException;
  const full = code === 'ENOSPC' || code === 'EDQUOT';
  return new PineloadError(full ? 'STORE_FULL' : 'STORE_REFUSED', {
    source: directory,
    message: full ? 'no room left for temporary files' : `a temporary file failed: ${message}`,
    hint: 'Name another directory for temporary files, or allow more memory.',
    cause: error,
  });
}
