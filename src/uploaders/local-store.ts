import { constants, fdatasync, fstatSync, read as readFile, statSync, type BigIntStats, type Dirent } from 'node:fs';
import * as fs from 'node:fs/promises';
import * as path from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { promisify } from 'node:util';
import { throwIfAborted } from '../base/abort.js';
import { totalBytes } from '../base/bytes.js';
import { PineloadError, quote } from '../base/errors.js';
import { Crc } from './checksum/crc.js';
import { DirectorySyncs } from './directory-syncs.js';
import { MAX_FILE_NAME_BYTES, MAX_PATH_BYTES, checkKey, compareKeys } from './keys.js';
import { fileCalls, POOLED_CALLS, sync, writeWhole, type FileCalls } from './local-calls.js';
import { readAt } from '../base/read-at.js';
import { isTempName, sweepTemps, tempName } from './local-temp.js';
import type { ObjectInfo, ObjectStore, ObjectWriter, OpenObject, ReadOptions, WriteOptions } from './object-store.js';
import type { Target } from './uri.js';

/** Bytes asked of the file system at a time. */
export const LOCAL_READ_BYTES = 1024 * 1024;
/** Files and directories of a listing that are looked at without a pause. */
const LOOKS_AT_A_TIME = 64;
/** So long, in milliseconds, the real place of a directory is taken for known. */
const REAL_PARENT_MS = 1_000;
const NO_PARENT = { directory: '', at: -Infinity, real: undefined } as const;
/** After so many bytes the disk is set to work, before the file is complete. */
export const SYNC_AHEAD_BYTES = 4 * 1024 * 1024;

/** A file that was opened to be read, and what closes it. */
interface OpenFile {
  readonly fd: number;
  readonly calls: FileCalls;
}

/**
 * A local directory as a store. Files appear whole: written under a temporary name, fsynced, renamed (or linked, which
 * refuses to replace), and the directory fsynced. Nothing outside the root is read or written: keys are checked, and no
 * directory below the root may be a symbolic link. The root itself may be one.
 */
export class LocalStore implements ObjectStore {
  readonly scheme = 'file';
  readonly uri: string;
  readonly maxKeyBytes: number;
  readonly maxPartBytes = MAX_FILE_NAME_BYTES;
  readonly #swept = new Set<string>();
  readonly #syncs = new DirectorySyncs(() => this.#calls ?? POOLED_CALLS);
  #calls: FileCalls | undefined;
  #readCalls: FileCalls | undefined;
  /** Where the directory that was read from last really lies: files of one directory are mostly read one after the other. */
  #realParents: { readonly directory: string; readonly at: number; readonly real: string | undefined } = NO_PARENT;

  constructor(target: Pick<Target, 'prefix'>) {
    this.uri = target.prefix;
    this.maxKeyBytes = Math.max(0, MAX_PATH_BYTES - Buffer.byteLength(this.uri));
  }

  async *list(prefix: string, options: { readonly signal?: AbortSignal | undefined } = {}): AsyncIterable<ObjectInfo> {
    const directory = prefix.slice(0, prefix.lastIndexOf('/') + 1);
    if (directory !== '') checkKey(directory.slice(0, -1), this);
    if (!(await this.#isPlainDirectory(directory))) return;
    this.#readCalls ??= await fileCalls(this.uri);
    yield* this.#walk(directory, prefix, { calls: this.#readCalls, looks: 0 }, options.signal);
  }

  /** Depth first; a directory sorts as its name with `/`, which makes the whole walk come out in key order. */
  async *#walk(
    directory: string,
    prefix: string,
    walk: { readonly calls: FileCalls; looks: number },
    signal: AbortSignal | undefined,
  ): AsyncIterable<ObjectInfo> {
    throwIfAborted(signal);
    // Through the thread pool 100,000 looks take several times as long; every few of them others have a turn.
    if (++walk.looks % LOOKS_AT_A_TIME === 0) await setImmediate();
    let entries: readonly Dirent[];
    try {
      entries = await walk.calls.readdir(this.#path(directory));
    } catch (error) {
      if (isGone(error)) return;
      throw this.#error(error, directory, 'read');
    }
    const keys = entries
      .filter((entry) => entry.isDirectory() || ((entry.isFile() || entry.isSymbolicLink()) && !isTempName(entry.name)))
      .map((entry) => directory + entry.name + (entry.isDirectory() ? '/' : ''))
      .sort(compareKeys);
    for (const key of keys) {
      throwIfAborted(signal);
      if (key.endsWith('/')) {
        if (key.startsWith(prefix) || prefix.startsWith(key)) yield* this.#walk(key, prefix, walk, signal);
      } else if (key.startsWith(prefix)) {
        if (++walk.looks % LOOKS_AT_A_TIME === 0) await setImmediate();
        const info = this.#statNow(key);
        if (info !== undefined) yield info;
      }
    }
  }

  async head(key: string, signal?: AbortSignal): Promise<ObjectInfo | undefined> {
    checkKey(key, this);
    throwIfAborted(signal);
    return this.#stat(key);
  }

  async *read(key: string, options: ReadOptions = {}): AsyncIterable<Uint8Array> {
    checkKey(key, this);
    throwIfAborted(options.signal);
    let position = options.start ?? 0;
    const end = options.end ?? Infinity;
    const { fd, calls } = await this.#openInside(key);
    try {
      while (position < end) {
        throwIfAborted(options.signal);
        const wanted = Math.min(LOCAL_READ_BYTES, end - position);
        const { bytesRead, buffer } = await read(fd, Buffer.allocUnsafe(wanted), 0, wanted, position);
        if (bytesRead === 0) return;
        position += bytesRead;
        yield buffer.subarray(0, bytesRead);
      }
    } catch (error) {
      throw this.#error(error, key, 'read');
    } finally {
      await calls.close(fd);
    }
  }

  async openRead(key: string): Promise<OpenObject> {
    checkKey(key, this);
    const { fd, calls } = await this.#openInside(key);
    return {
      bytes: fstatSync(fd).size,
      read: async (target, start) => {
        try {
          return await readAt(fd, target, start);
        } catch (error) {
          throw this.#error(error, key, 'read');
        }
      },
      close: async () => calls.close(fd),
    };
  }

  async create(key: string, options: WriteOptions = {}): Promise<ObjectWriter> {
    checkKey(key, this);
    throwIfAborted(options.signal);
    return this.#create(key, options, true);
  }

  /** @param orSame whether `ifAbsent` lets an object pass that holds the same */
  async #create(key: string, options: WriteOptions, orSame: boolean): Promise<LocalWriter> {
    const place = await this.#openTemp(key);
    return new LocalWriter(this, key, place, options, orSame, (error) => this.#error(error, key, 'write'));
  }

  async put(key: string, bytes: Uint8Array, options: WriteOptions = {}): Promise<ObjectInfo> {
    checkKey(key, this);
    throwIfAborted(options.signal);
    if (options.ifAbsent && (await this.#stat(key)) !== undefined) throw exists(this, key);
    const writer = await this.#create(key, options, false);
    try {
      await writer.write(bytes);
      return await writer.close();
    } catch (error) {
      await writer.abort();
      throw error;
    }
  }

  async delete(key: string, signal?: AbortSignal): Promise<void> {
    checkKey(key, this);
    throwIfAborted(signal);
    if (!(await this.#isPlainDirectory(parentOf(key)))) return;
    try {
      await fs.unlink(this.#path(key));
    } catch (error) {
      if (isGone(error)) return;
      throw this.#error(error, key, 'delete');
    }
    await this.prune(key);
  }

  async close(): Promise<void> {}

  /** Removes the directories of `key` that are empty now, since an empty one would still name a namespace. */
  async prune(key: string): Promise<void> {
    for (let parent = parentOf(key); parent !== ''; parent = parentOf(parent.slice(0, -1))) {
      try {
        await fs.rmdir(this.#path(parent));
      } catch {
        return;
      }
    }
  }

  #path(key: string): string {
    return this.uri + (path.sep === '/' ? key : key.replaceAll('/', path.sep));
  }

  async #stat(key: string): Promise<ObjectInfo | undefined> {
    return this.#infoOf(key, await fs.stat(this.#path(key), { bigint: true }).catch((error: unknown) => error));
  }

  #statNow(key: string): ObjectInfo | undefined {
    try {
      return this.#infoOf(key, statSync(this.#path(key), { bigint: true, throwIfNoEntry: false }));
    } catch (error) {
      return this.#infoOf(key, error);
    }
  }

  /** Of what a look at the file has given or thrown. */
  #infoOf(key: string, found: unknown): ObjectInfo | undefined {
    if (found instanceof Error) {
      if (isGone(found)) return undefined;
      throw this.#error(found, key, 'read');
    }
    const stats = found as BigIntStats | undefined;
    return stats?.isFile() === true ? localInfo(key, stats) : undefined;
  }

  /** Opens a file for reading, whose real place must be below the real root. */
  async #openInside(key: string): Promise<OpenFile> {
    const file = this.#path(key);
    try {
      const calls = (this.#readCalls ??= await fileCalls(this.uri));
      const parent = await this.#realParent(key);
      const direct = parent === undefined ? undefined : await openUnlinked(parent + path.basename(file), calls);
      if (direct !== undefined) return { fd: direct, calls };
      const [root, real] = await Promise.all([fs.realpath(this.uri), fs.realpath(file)]);
      if (!isBelow(root, real)) throw leadsOutside(this, key);
      if (!(await fs.stat(real)).isFile()) throw new PineloadError('OBJECT_NOT_FOUND', { source: file });
      return { fd: await calls.open(real, constants.O_RDONLY), calls };
    } catch (error) {
      if (isGone(error)) throw new PineloadError('OBJECT_NOT_FOUND', { source: file });
      throw this.#error(error, key, 'read');
    }
  }

  /** Where the directory of `key` really lies, ending in a separator; undefined where that is outside. */
  async #realParent(key: string): Promise<string | undefined> {
    const directory = parentOf(key);
    const known = this.#realParents;
    if (known.directory !== directory || performance.now() - known.at > REAL_PARENT_MS) {
      const [root, real] = await Promise.all([fs.realpath(this.uri), fs.realpath(this.#path(directory))]);
      const inside = real === root || isBelow(root, real);
      this.#realParents = { directory, at: performance.now(), real: inside ? withSeparator(real) : undefined };
    }
    return this.#realParents.real;
  }

  /** Is this a directory reached without a symbolic link below the root? `''` is the root. */
  async #isPlainDirectory(directory: string): Promise<boolean> {
    try {
      // Without its last separator, or a file in the root's place would pass for nothing at all.
      if (!(await fs.stat(path.resolve(this.uri))).isDirectory()) throw notADirectory(this, '');
      let parent = '';
      for (const part of directory.split('/').slice(0, -1)) {
        parent += `${part}/`;
        const stats = await fs.lstat(this.#path(parent.slice(0, -1)));
        if (stats.isSymbolicLink()) throw leadsOutside(this, parent);
        if (!stats.isDirectory()) return false;
      }
      return true;
    } catch (error) {
      if (isGone(error)) return false;
      throw this.#error(error, directory, 'read');
    }
  }

  async #openTemp(key: string): Promise<OpenTemp> {
    for (let round = 1; ; round++) {
      try {
        const parent = parentOf(key);
        const calls = await this.#openRoot(round);
        const isNew = await this.#makeDirectories(parent, calls);
        const directory = this.#path(parent);
        if (!isNew && !this.#swept.has(parent)) await sweepTemps(directory);
        this.#swept.add(parent);
        const temp = path.join(directory, tempName());
        return { fd: await calls.create(temp), temp, calls, settle: () => this.#settle(parent) };
      } catch (error) {
        // Someone else's `prune` may have taken the directory away just now.
        if (round < 5 && (error as NodeJS.ErrnoException).code === 'ENOENT') continue;
        throw this.#error(error, key, 'write');
      }
    }
  }

  /** Makes the root where it is not there, or not any more. */
  async #openRoot(round: number): Promise<FileCalls> {
    if (this.#calls === undefined || round > 1) await this.#makeRoot();
    return (this.#calls ??= await fileCalls(this.uri));
  }

  /** With whatever leads to it, each synced into the directory above it. */
  async #makeRoot(): Promise<void> {
    const root = path.resolve(this.uri);
    const first = await fs.mkdir(root, { recursive: true });
    if (first === undefined) return;
    for (let made = root; ; made = path.dirname(made)) {
      await this.#syncs.sync(path.dirname(made));
      if (made === first || made === path.dirname(made)) return;
    }
  }

  /**
   * Makes the directories down to `directory`, refusing to go through a symbolic link or a file. They last once `#settle` has resolved.
   *
   * @returns whether the last one was not there before
   */
  async #makeDirectories(directory: string, calls: FileCalls): Promise<boolean> {
    let parent = '';
    let isNew = false;
    for (const part of directory.split('/').slice(0, -1)) {
      const above = parent;
      parent += `${part}/`;
      const place = this.#path(parent.slice(0, -1));
      isNew = false;
      try {
        await calls.mkdir(place);
        this.#syncs.grew(this.#path(above));
        isNew = true;
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
        const stats = await fs.lstat(place);
        if (stats.isSymbolicLink()) throw leadsOutside(this, parent);
        if (!stats.isDirectory()) throw notADirectory(this, parent);
      }
    }
    return isNew;
  }

  /** Makes the names in `directory` last, and its own name and those of all above. */
  async #settle(directory: string): Promise<void> {
    const syncs = [this.#syncs.sync(this.#path(directory))];
    for (let inner = directory; inner !== '';) {
      inner = parentOf(inner.slice(0, -1));
      syncs.push(this.#syncs.settle(this.#path(inner)));
    }
    await Promise.all(syncs);
  }

  #error(error: unknown, key: string, what: 'read' | 'write' | 'delete'): PineloadError {
    if (error instanceof PineloadError) return error;
    const { code = 'error', message } = error as NodeJS.ErrnoException;
    const source = this.#path(key);
    const cause = error;
    switch (code) {
      case 'ENOSPC':
      case 'EDQUOT':
        return new PineloadError('STORE_FULL', { source, message: 'the disk is full', got: code, cause });
      case 'EFBIG':
        return new PineloadError('STORE_FULL', { source, message: 'the file is too large here', got: code, cause });
      case 'EACCES':
      case 'EPERM':
      case 'EROFS':
        return new PineloadError('STORE_CREDENTIALS', {
          source,
          message: code === 'EROFS' ? 'the file system is read-only' : `no permission to ${what} here`,
          got: code,
          cause,
        });
      case 'ENOTDIR':
      case 'EEXIST':
        return notADirectory(this, key);
      case 'EISDIR':
        return new PineloadError('STORE_REFUSED', { source, message: 'there is a directory of that name', cause });
      case 'ENAMETOOLONG':
        return new PineloadError('KEY_TOO_LONG', { source, cause });
      case 'EMFILE':
      case 'ENFILE':
        return new PineloadError('STORE_REFUSED', {
          source,
          message: 'too many files are open',
          got: code,
          hint: 'Raise the limit (ulimit -n) or lower the number of files in flight.',
          cause,
        });
      default:
        return new PineloadError('STORE_REFUSED', { source, message: `could not ${what}: ${quote(message)}`, cause });
    }
  }
}

const datasync = promisify(fdatasync);

/** A file being written, under its temporary name. */
interface OpenTemp {
  readonly fd: number;
  readonly temp: string;
  readonly calls: FileCalls;
  /** Makes the file's name last, once it has it. */
  settle(): Promise<void>;
}

class LocalWriter implements ObjectWriter {
  #state: 'open' | 'closed' | 'aborted' = 'open';
  #bytes = 0;
  /** Bytes that were written when the last sync began, and that sync while it runs. */
  #synced = 0;
  #syncing: Promise<void> | undefined;
  /** The write or sync that is under way. */
  #busy: Promise<unknown> | undefined;
  #isFileClosed = false;
  readonly #crcs: readonly Crc[];

  constructor(
    private readonly store: LocalStore,
    private readonly key: string,
    private readonly place: OpenTemp,
    private readonly options: WriteOptions,
    private readonly orSame: boolean,
    private readonly explain: (error: unknown) => PineloadError,
  ) {
    this.#crcs = [...new Set(options.checksums)].map((name) => new Crc(name));
  }

  write(bytes: Uint8Array): Promise<void> {
    return this.writeAll([bytes]);
  }

  async writeAll(pieces: readonly Uint8Array[]): Promise<void> {
    this.#mustBeOpen();
    throwIfAborted(this.options.signal);
    const { fd, calls } = this.place;
    const written = writeWhole(calls, fd, pieces, this.#bytes);
    // Meanwhile; a fault of the write is met below.
    this.#busy = written.catch(() => undefined);
    for (const piece of pieces) Crc.updateAll(this.#crcs, piece);
    try {
      await written;
    } catch (error) {
      throw this.explain(error);
    }
    this.#bytes += totalBytes(pieces);
    this.#beginSync();
  }

  /**
   * Sets the disk to work while the file is still written, as the system by itself would only much later: of a large file little is left
   * to wait for at its end. What fails here fails again there.
   */
  #beginSync(): void {
    if (this.#syncing !== undefined || this.#bytes - this.#synced < SYNC_AHEAD_BYTES) return;
    this.#synced = this.#bytes;
    this.#syncing = datasync(this.place.fd)
      .catch(() => undefined)
      .finally(() => (this.#syncing = undefined));
  }

  async close(): Promise<ObjectInfo> {
    this.#mustBeOpen();
    try {
      throwIfAborted(this.options.signal);
      await this.#syncing;
      const { fd, temp, calls } = this.place;
      const synced = sync(fd);
      this.#busy = synced.catch(() => undefined);
      await synced;
      this.#mustBeOpen();
      const stats = await calls.stat(fd);
      await this.#closeFile();
      const final = path.join(path.dirname(temp), path.basename(this.key));
      if (this.options.ifAbsent) await this.#link(final);
      else await calls.rename(temp, final);
      this.#state = 'closed';
      await this.place.settle();
      const checksums = Object.fromEntries(this.#crcs.map((crc) => [crc.name, crc.hex()]));
      return { ...localInfo(this.key, stats), checksums };
    } catch (error) {
      await this.abort();
      throw this.explain(error);
    }
  }

  async abort(): Promise<void> {
    if (this.#state !== 'open') return;
    this.#state = 'aborted';
    await this.#closeFile().catch(() => undefined);
    await fs.unlink(this.place.temp).catch(() => undefined);
    await this.store.prune(this.key);
  }

  /** Once, and when nothing uses it any more: the descriptor may be that of another file afterwards. */
  async #closeFile(): Promise<void> {
    if (this.#isFileClosed) return;
    this.#isFileClosed = true;
    await this.#busy;
    await this.#syncing;
    await this.place.calls.close(this.place.fd);
  }

  /** Gives the file its name only if the name is free: `link` decides that atomically, `rename` would replace. */
  async #link(final: string): Promise<void> {
    try {
      await fs.link(this.place.temp, final);
      await fs.unlink(this.place.temp).catch(() => undefined);
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code;
      if (code === 'EEXIST') return this.#passIfSame(final);
      if (code !== 'EPERM' && code !== 'ENOTSUP' && code !== 'ENOSYS' && code !== 'EMLINK') throw error;
      // FAT, some network and FUSE file systems have no hard links; a look before the rename is the best they allow.
      if ((await fs.lstat(final).catch(() => undefined)) !== undefined) return this.#passIfSame(final);
      await fs.rename(this.place.temp, final);
    }
  }

  /** Another writer was first: a success if it wrote the same bytes. */
  async #passIfSame(final: string): Promise<void> {
    if (!this.orSame || !(await isSameFile(this.place.temp, final))) throw exists(this.store, this.key);
    await fs.unlink(this.place.temp);
  }

  #mustBeOpen(): void {
    if (this.#state !== 'open') {
      throw new PineloadError('UNEXPECTED', {
        source: this.store.uri,
        message: `the writer is ${this.#state} already`,
      });
    }
  }
}

function localInfo(key: string, stats: BigIntStats): ObjectInfo {
  return { key, bytes: Number(stats.size), etag: `${stats.mtimeNs}-${stats.size}` };
}

async function isSameFile(a: string, b: string): Promise<boolean> {
  const [left, right] = await Promise.all([fs.open(a, 'r'), fs.open(b, 'r')]);
  try {
    if ((await left.stat()).size !== (await right.stat()).size) return false;
    const buffers = [Buffer.allocUnsafe(LOCAL_READ_BYTES), Buffer.allocUnsafe(LOCAL_READ_BYTES)] as const;
    for (let at = 0; ;) {
      const [one, other] = await Promise.all([
        left.read(buffers[0], 0, LOCAL_READ_BYTES, at),
        right.read(buffers[1], 0, LOCAL_READ_BYTES, at),
      ]);
      if (one.bytesRead !== other.bytesRead) return false;
      if (one.bytesRead === 0) return true;
      if (buffers[0].compare(buffers[1], 0, one.bytesRead, 0, one.bytesRead) !== 0) return false;
      at += one.bytesRead;
    }
  } finally {
    await Promise.all([left.close(), right.close()]);
  }
}

const read = promisify(readFile) as (
  ...args: [fd: number, target: Buffer, at: number, length: number, position: number]
) => Promise<{ bytesRead: number; buffer: Buffer }>;

const withSeparator = (directory: string): string => (directory.endsWith(path.sep) ? directory : directory + path.sep);

const isBelow = (root: string, real: string): boolean => real.startsWith(withSeparator(root));

/** Opens a plain file that is not a symbolic link; undefined for anything else that is there. */
async function openUnlinked(file: string, calls: FileCalls): Promise<number | undefined> {
  // Windows has no such flag: there the long way is gone.
  if (constants.O_NOFOLLOW === undefined) return undefined;
  let fd: number;
  try {
    // Not to wait for the other end of a pipe.
    fd = await calls.open(file, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ELOOP') return undefined;
    throw error;
  }
  // No disk is asked for what the kernel knows of an open file.
  if (fstatSync(fd).isFile()) return fd;
  await calls.close(fd);
  return undefined;
}

/** The directory part of a key: `''` or ending in `/`. */
function parentOf(key: string): string {
  return key.slice(0, key.lastIndexOf('/') + 1);
}

function isGone(error: unknown): boolean {
  const code = (error as NodeJS.ErrnoException).code;
  return code === 'ENOENT' || code === 'ENOTDIR';
}

function exists(store: LocalStore, key: string): PineloadError {
  return new PineloadError('OBJECT_EXISTS', { source: store.uri + key });
}

function notADirectory(store: LocalStore, key: string): PineloadError {
  return new PineloadError('STORE_REFUSED', {
    source: store.uri + key,
    message: 'a directory is needed here, but there is a file',
  });
}

function leadsOutside(store: LocalStore, key: string): PineloadError {
  return new PineloadError('STORE_REFUSED', {
    source: store.uri + key,
    message: 'a symbolic link may not lead out of the directory, nor stand for a directory in it',
  });
}
