import { open, type FileHandle } from 'node:fs/promises';
import { closeSync, openSync, readSync, type BigIntStats } from 'node:fs';
import { PineloadError } from '../base/errors.js';
import { abortError } from '../base/abort.js';
import { compressionOfBytes, MAGIC_BYTES } from './decompress/decompress.js';
import { openBytes } from './open-bytes.js';
import type { Compression, InputFormat, OpenSourceOptions, Source } from './source.js';

/** Bytes of one read from a file. */
export const READ_BYTES = 1024 * 1024;

/** A file. Named pipes and devices (`<(zcat …)` in a shell) are read once, from front to back. */
export class LocalSource implements Source {
  #opened = false;

  private constructor(
    readonly name: string,
    readonly format: InputFormat,
    readonly compression: Compression,
    readonly bytes: number | undefined,
    readonly version: string | undefined,
    private readonly path: string,
    private readonly sniff: boolean,
  ) {}

  /** Looks at the file: it must be readable now, and its first bytes tell the compression where `compression` is `auto`. */
  static create(file: {
    readonly name: string;
    readonly path: string;
    readonly format: InputFormat;
    readonly compression: Compression | 'auto';
    readonly stats: BigIntStats;
  }): LocalSource {
    const { name, path, format, stats } = file;
    if (!stats.isFile()) {
      const compression = file.compression === 'auto' ? 'none' : file.compression;
      return new LocalSource(name, format, compression, undefined, undefined, path, file.compression === 'auto');
    }
    const first = firstBytes(path, name);
    const compression = file.compression === 'auto' ? compressionOfBytes(first) : file.compression;
    return new LocalSource(name, format, compression, Number(stats.size), versionOf(stats), path, false);
  }

  open(options: OpenSourceOptions = {}): AsyncIterable<Uint8Array> {
    if (this.version === undefined && this.#opened) throw onlyOnce(this.name);
    this.#opened = true;
    // What undoes compression may keep what it is given.
    const transient = options.transient === true && !this.sniff && this.compression === 'none';
    return openBytes((signal) => this.#read(signal, transient), {
      ...options,
      name: this.name,
      compression: this.sniff ? 'auto' : this.compression,
    });
  }

  get statedCompression(): Compression | 'auto' {
    return this.sniff ? 'auto' : this.compression;
  }

  get localPath(): string | undefined {
    return this.version === undefined ? undefined : this.path;
  }

  get openRange(): Source['openRange'] {
    if (this.version === undefined) return undefined;
    return (start, end, options = {}) =>
      openBytes((signal) => this.#read(signal, options.transient === true, start, end), {
        ...options,
        name: this.name,
        compression: 'none',
      });
  }

  async *#read(signal: AbortSignal, transient: boolean, start?: number, end = Infinity): AsyncGenerator<Uint8Array> {
    const file = await openFile(this.path, this.name);
    let buffer: Buffer | undefined;
    try {
      await checkUnchanged(file, this);
      // Pipes have no positions: without a start they are read from where they are.
      for (let at = start ?? 0; at < end;) {
        if (signal.aborted) throw abortError(signal);
        const length = Math.min(READ_BYTES, end - at);
        const position = start === undefined ? null : at;
        // Unless they are used up at once, each read has a buffer of its own: the bytes are handed on and may be kept.
        if (buffer === undefined || !transient) buffer = Buffer.allocUnsafeSlow(transient ? READ_BYTES : length);
        const { bytesRead } = await file.read(buffer, 0, length, position);
        if (bytesRead === 0) break;
        at += bytesRead;
        yield buffer.subarray(0, bytesRead);
      }
      await checkUnchanged(file, this);
    } catch (error) {
      throw readError(error, this.name);
    } finally {
      await file.close();
    }
  }
}

/**
 * A file that changes while it is read would give an output that belongs to no version of it: INPUT_CHANGED. Pipes have no version.
 */
export async function checkUnchanged(
  file: FileHandle,
  { name, version, bytes }: Pick<Source, 'name' | 'version' | 'bytes'>,
): Promise<void> {
  if (version === undefined) return;
  const stats = await file.stat({ bigint: true });
  if (versionOf(stats) === version && Number(stats.size) === bytes) return;
  throw new PineloadError('INPUT_CHANGED', {
    source: name,
    expected: `${bytes} bytes, last changed at ${version}`,
    got: `${stats.size} bytes, last changed at ${versionOf(stats)}`,
    hint: 'Start again when nothing writes to the file any more.',
  });
}

/** The time of the last change, to the nanosecond: the version of a local file. */
export function versionOf(stats: BigIntStats): string {
  return `${stats.mtimeNs}ns`;
}

/** One for all files, which are looked at one after the other: a buffer of its own for each of 100,000 would be most of the memory. */
const FIRST = Buffer.alloc(MAGIC_BYTES);

/** Valid until the next call. */
function firstBytes(path: string, name: string): Uint8Array {
  let file: number | undefined;
  try {
    file = openSync(path, 'r');
    return FIRST.subarray(0, readSync(file, FIRST, 0, MAGIC_BYTES, 0));
  } catch (error) {
    throw readError(error, name);
  } finally {
    if (file !== undefined) closeSync(file);
  }
}

/** Opens a local input for reading. */
export async function openFile(path: string, name: string): Promise<FileHandle> {
  try {
    return await open(path, 'r');
  } catch (error) {
    throw readError(error, name);
  }
}

/** INPUT_NOT_FOUND or INPUT_UNREADABLE for what the file system answers; other errors of ours stay as they are. */
export function readError(error: unknown, name: string): PineloadError {
  if (error instanceof PineloadError) return error;
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === 'ENOENT' || code === 'ENOTDIR') {
    return new PineloadError('INPUT_NOT_FOUND', { source: name, cause: error });
  }
  return new PineloadError('INPUT_UNREADABLE', { source: name, got: code ?? message, cause: error });
}

export function onlyOnce(name: string): PineloadError {
  return new PineloadError('INPUT_UNREADABLE', {
    source: name,
    message: 'this input is a stream and can be read only once',
    hint: 'Write it to a file first.',
  });
}
