import { createHash } from 'node:crypto';
import { setMaxListeners } from 'node:events';
import pLimit from 'p-limit';
import { abortError, throwIfAborted } from '../base/abort.js';
import { PineloadError, toPineloadError } from '../base/errors.js';
import type { EventListener } from '../base/events.js';
import { ByteBudget } from './byte-budget.js';
import {
  DEFAULT_PARTS_IN_FLIGHT,
  DEFAULT_PART_BYTES,
  type ObjectInfo,
  type ObjectStore,
  type ObjectWriter,
} from './object-store.js';

/** Files under way at once, as far as DEFAULT_UPLOAD_BUFFER_BYTES has room for their parts. */
export const DEFAULT_FILES_IN_FLIGHT = 16;
/**
 * Bytes of parts held by all files under way. A file counts for its size, at most for partBytes × (partsInFlight + 1): small
 * files go 16 at once, of large ones (48 MiB each with the defaults) five.
 */
export const DEFAULT_UPLOAD_BUFFER_BYTES = 256 * 1024 * 1024;
/** Shortest time between two `upload.progress` events, in milliseconds. */
export const UPLOAD_PROGRESS_MS = 200;

/** Metadata name of the SHA-256 (lower-case hex) of an uploaded object, by which a repeated upload knows it. */
export const SHA256_METADATA = 'pineloadsha256';

/** A file as the manifest names it. */
export interface TransferFile {
  readonly path: string;
  readonly bytes: number;
  /** Lower-case hex. */
  readonly sha256: string;
}

export interface TransferOptions {
  readonly from: ObjectStore;
  readonly to: ObjectStore;
  readonly files: readonly TransferFile[];
  /** Files under way at once. Default DEFAULT_FILES_IN_FLIGHT. */
  readonly concurrency?: number | undefined;
  /** What `to` was opened with; used to foresee the memory a file takes. Default DEFAULT_PART_BYTES. */
  readonly partBytes?: number | undefined;
  /** What `to` was opened with. Default DEFAULT_PARTS_IN_FLIGHT. */
  readonly partsInFlight?: number | undefined;
  /** Default DEFAULT_UPLOAD_BUFFER_BYTES. */
  readonly bufferBytes?: number | undefined;
  /** Replace objects that hold something else. Default false: such an object stops the upload with OBJECT_EXISTS. */
  readonly force?: boolean | undefined;
  readonly onEvent?: EventListener | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface TransferResult {
  readonly files: number;
  /** Of these, already there. */
  readonly skipped: number;
  /** Bytes of all files, the skipped ones included. */
  readonly bytes: number;
  /** Bytes that were sent. */
  readonly sentBytes: number;
}

/**
 * Copies files into a store, many at once, the largest first. Each is compared with the manifest while it is read and becomes
 * visible only when size and SHA-256 fit. Objects that are there already, known by size and recorded checksum (local files
 * are read), are skipped. The first failure stops the rest.
 *
 * Throws FILE_CHANGED when a file is not what the manifest says, OBJECT_EXISTS when an object of that name holds something
 * else, CHECKSUM_MISMATCH when the store tells another size than was sent, ABORTED, and the stores' own errors.
 */
export async function uploadDirectory(options: TransferOptions): Promise<TransferResult> {
  const { from, to, files, onEvent, signal } = options;
  throwIfAborted(signal);
  const stop = new AbortController();
  // Every file under way listens.
  setMaxListeners(0, stop.signal);
  const onAbort = () => stop.abort(abortError(signal!));
  signal?.addEventListener('abort', onAbort, { once: true });
  const partMemory =
    (options.partBytes ?? DEFAULT_PART_BYTES) * ((options.partsInFlight ?? DEFAULT_PARTS_IN_FLIGHT) + 1);
  const budget = new ByteBudget(options.bufferBytes ?? DEFAULT_UPLOAD_BUFFER_BYTES);
  const limit = pLimit(options.concurrency ?? DEFAULT_FILES_IN_FLIGHT);
  const progress = new Progress(files, onEvent);
  let failure: PineloadError | undefined;
  try {
    const present = await listPresent(to, files, stop.signal);
    const upload = async (file: TransferFile) => {
      if (failure !== undefined || stop.signal.aborted) return;
      const release = await budget.take(Math.min(file.bytes, partMemory));
      try {
        throwIfAborted(stop.signal);
        const before = present.get(file.path);
        const skipped = before !== undefined && (await isSame(to, file, before, stop.signal));
        if (before !== undefined && !skipped && !options.force) throw differs(to, file, before);
        if (!skipped) await copy(from, to, file, options.force ?? false, progress, stop.signal);
        progress.fileDone(file, skipped);
      } catch (error) {
        failure ??= toPineloadError(error);
        stop.abort(failure);
      } finally {
        release();
      }
    };
    const largestFirst = [...files].sort((a, b) => b.bytes - a.bytes);
    await Promise.all(largestFirst.map((file) => limit(upload, file)));
    throwIfAborted(signal);
    if (failure !== undefined) throw failure as PineloadError;
  } finally {
    signal?.removeEventListener('abort', onAbort);
  }
  progress.report();
  return {
    files: files.length,
    skipped: progress.skipped,
    bytes: files.reduce((sum, { bytes }) => sum + bytes, 0),
    sentBytes: progress.sentBytes,
  };
}

/** One listing instead of a question per file. */
async function listPresent(to: ObjectStore, files: readonly TransferFile[], signal: AbortSignal) {
  const wanted = new Set(files.map(({ path }) => path));
  const present = new Map<string, ObjectInfo>();
  if (wanted.size === 0) return present;
  for await (const info of to.list('', { signal })) if (wanted.has(info.key)) present.set(info.key, info);
  return present;
}

async function isSame(to: ObjectStore, file: TransferFile, before: ObjectInfo, signal: AbortSignal): Promise<boolean> {
  if (before.bytes !== file.bytes) return false;
  if (to.scheme === 'file') {
    const hash = createHash('sha256');
    for await (const chunk of to.read(file.path, { signal })) hash.update(chunk);
    return hash.digest('hex') === file.sha256;
  }
  const { metadata } = before.metadata === undefined ? ((await to.head(file.path, signal)) ?? before) : before;
  return metadata?.[SHA256_METADATA] === file.sha256;
}

async function copy(
  from: ObjectStore,
  to: ObjectStore,
  file: TransferFile,
  force: boolean,
  progress: Progress,
  signal: AbortSignal,
): Promise<void> {
  const hash = createHash('sha256');
  let bytes = 0;
  let writer: ObjectWriter | undefined;
  try {
    writer = await to.create(file.path, {
      ifAbsent: !force,
      contentType: 'application/vnd.apache.parquet',
      metadata: { [SHA256_METADATA]: file.sha256 },
      signal,
    });
    for await (const chunk of from.read(file.path, { signal })) {
      hash.update(chunk);
      bytes += chunk.length;
      if (bytes > file.bytes) break;
      // What has become of `chunk` is the writer's business from here on.
      const { length } = chunk;
      await writer.write(chunk);
      progress.sent(length);
    }
    const sha256 = hash.digest('hex');
    if (bytes !== file.bytes) throw changed(from, file, `${file.bytes} bytes`, `${bytes} bytes or more`);
    if (sha256 !== file.sha256) throw changed(from, file, `SHA-256 ${file.sha256}`, sha256);
    const info = await writer.close();
    if (info.bytes !== file.bytes) {
      throw new PineloadError('CHECKSUM_MISMATCH', {
        source: to.uri + file.path,
        expected: `${file.bytes} bytes`,
        got: `${info.bytes} bytes`,
      });
    }
  } catch (error) {
    await writer?.abort();
    throw error;
  }
}

function changed(from: ObjectStore, file: TransferFile, expected: string, got: string): PineloadError {
  return new PineloadError('FILE_CHANGED', {
    source: from.uri + file.path,
    expected,
    got,
    hint: 'Convert again; the file was changed after it was written.',
  });
}

function differs(to: ObjectStore, file: TransferFile, before: ObjectInfo): PineloadError {
  return new PineloadError('OBJECT_EXISTS', {
    source: to.uri + file.path,
    message: 'an object of this name holds something else',
    ...(before.bytes === file.bytes ? {} : { expected: `${file.bytes} bytes`, got: `${before.bytes} bytes` }),
    hint: 'Choose another target, or replace it with --overwrite.',
  });
}

/** Counts of the transfer, told to the listener not more often than UPLOAD_PROGRESS_MS. */
class Progress {
  skipped = 0;
  sentBytes = 0;
  readonly #bytesTotal: number;
  #files = 0;
  #skippedBytes = 0;
  #told = 0;

  constructor(
    private readonly all: readonly TransferFile[],
    private readonly onEvent: EventListener | undefined,
  ) {
    this.#bytesTotal = all.reduce((sum, { bytes }) => sum + bytes, 0);
  }

  sent(bytes: number): void {
    this.sentBytes += bytes;
    if (performance.now() - this.#told >= UPLOAD_PROGRESS_MS) this.report();
  }

  fileDone({ path, bytes }: TransferFile, skipped: boolean): void {
    this.#files++;
    if (skipped) {
      this.skipped++;
      this.#skippedBytes += bytes;
    }
    this.onEvent?.({ type: 'upload.file', path, bytes, skipped });
    if (performance.now() - this.#told >= UPLOAD_PROGRESS_MS) this.report();
  }

  report(): void {
    this.#told = performance.now();
    this.onEvent?.({
      type: 'upload.progress',
      files: this.#files,
      filesTotal: this.all.length,
      bytes: this.sentBytes + this.#skippedBytes,
      bytesTotal: this.#bytesTotal,
    });
  }
}
