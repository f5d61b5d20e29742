import * as fs from 'node:fs';
import { promisify } from 'node:util';
import { totalBytes } from '../base/bytes.js';
import { WRITE_BYTES } from '../base/write-bytes.js';
import { readsWait } from '../base/read-at.js';

type MaybePromise<T> = T | Promise<T>;

/** The calls that reading or writing a file takes, but for those that wait for the disk. */
export interface FileCalls {
  /** Opens a file that is there, with the flags of open(2). Gives its descriptor. */
  open(file: string, flags: number): MaybePromise<number>;
  readdir(directory: string): MaybePromise<readonly fs.Dirent[]>;
  mkdir(directory: string): MaybePromise<void>;
  /** Makes a file that must not be there yet. Gives its descriptor. */
  create(file: string): MaybePromise<number>;
  /** Writes pieces that follow one another to a place in the file. Gives how many bytes were written, which may be fewer. */
  write(fd: number, pieces: readonly Uint8Array[], position: number): MaybePromise<number>;
  stat(fd: number): MaybePromise<fs.BigIntStats>;
  close(fd: number): MaybePromise<void>;
  rename(from: string, to: string): MaybePromise<void>;
}

/** Waits for the disk, so it is always the thread pool's. */
export const sync = promisify(fs.fsync);

const open = promisify(fs.open);
const readdir = promisify(fs.readdir);
const writev = promisify(fs.writev);

/** By Node's thread pool, for file systems on which any call may wait for a network. */
export const POOLED_CALLS: FileCalls = {
  open,
  readdir: (directory) => readdir(directory, { withFileTypes: true }),
  mkdir: promisify(fs.mkdir),
  create: (file) => open(file, 'wx'),
  write: async (fd, pieces, position) => (await writev(fd, pieces, position)).bytesWritten,
  stat: (fd) => promisify(fs.fstat)(fd, { bigint: true }),
  close: promisify(fs.close),
  rename: promisify(fs.rename),
};

/** More at a time goes to the thread pool: meanwhile its checksums can be taken. */
const DIRECT_WRITE_BYTES = 128 * 1024;

/**
 * At once, for file systems in memory: on these a call takes some microseconds, the way through the thread pool ten times that, and a small
 * file takes half a dozen of them.
 */
const DIRECT: FileCalls = {
  // Where a file lies is read from the disk just as the file is.
  open: (file, flags) => (readsWait() ? POOLED_CALLS.open(file, flags) : fs.openSync(file, flags)),
  readdir: (directory) =>
    readsWait() ? POOLED_CALLS.readdir(directory) : fs.readdirSync(directory, { withFileTypes: true }),
  mkdir: (directory) => fs.mkdirSync(directory),
  create: (file) => fs.openSync(file, 'wx'),
  write: (fd, pieces, position) =>
    totalBytes(pieces) > DIRECT_WRITE_BYTES
      ? POOLED_CALLS.write(fd, pieces, position)
      : fs.writevSync(fd, pieces, position),
  stat: (fd) => fs.fstatSync(fd, { bigint: true }),
  close: (fd) => fs.closeSync(fd),
  rename: (from, to) => fs.renameSync(from, to),
};

/** Writes all of it, however often that takes. */
export async function writeWhole(
  { write }: Pick<FileCalls, 'write'>,
  fd: number,
  pieces: readonly Uint8Array[],
  position: number,
): Promise<void> {
  let rest = pieces;
  for (let at = position; totalBytes(rest) > 0;) {
    const written = await write(fd, upTo(rest, WRITE_BYTES), at);
    at += written;
    rest = behind(rest, written);
  }
}

/** As many of the first bytes. */
function upTo(pieces: readonly Uint8Array[], bytes: number): readonly Uint8Array[] {
  const some: Uint8Array[] = [];
  let left = bytes;
  for (const piece of pieces) {
    if (left === 0) break;
    const part = piece.length <= left ? piece : piece.subarray(0, left);
    some.push(part);
    left -= part.length;
  }
  return some;
}

/** What comes after so many bytes. */
function behind(pieces: readonly Uint8Array[], bytes: number): readonly Uint8Array[] {
  let left = bytes;
  let first = 0;
  while (first < pieces.length && left >= pieces[first]!.length) left -= pieces[first++]!.length;
  return left === 0 ? pieces.slice(first) : [pieces[first]!.subarray(left), ...pieces.slice(first + 1)];
}

/** Linux file systems that keep their directories in this machine's memory, by `f_type` of statfs(2). */
const LOCAL_TYPES = new Set([
  0xef53, // ext2, ext3, ext4
  0x58465342, // xfs
  0x9123683e, // btrfs
  0xf2f52010, // f2fs
  0x2fc12fc1, // zfs
  0xca451a4e, // bcachefs
  0x01021994, // tmpfs
  0x794c7630, // overlayfs
]);

/** The calls that suit a directory. */
export async function fileCalls(directory: string): Promise<FileCalls> {
  try {
    const { type } = await promisify(fs.statfs)(directory);
    return process.platform === 'linux' && LOCAL_TYPES.has(type) ? DIRECT : POOLED_CALLS;
  } catch {
    return POOLED_CALLS;
  }
}
