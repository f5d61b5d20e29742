import { createHash } from 'node:crypto';
import { setMaxListeners } from 'node:events';
import pLimit from 'p-limit';
import { abortError, throwIfAborted } from '../base/abort.js';
import { type ErrorCode, PineloadError, toPineloadError } from '../base/errors.js';
import type { EventListener } from '../base/events.js';
import type { Bandwidth } from './bandwidth.js';
import { ByteBudget } from './byte-budget.js';
import { PartBuffers } from './part-buffers.js';
import {
  DEFAULT_PART_BYTES,
  type ObjectInfo,
  type ObjectStore,
  type ObjectWriter,
  type OpenObject,
} from './object-store.js';
import { chooseConcurrency, heldBytes, READ_BYTES, type Concurrency } from './transfer-plan.js';
import { TransferProgress } from './transfer-progress.js';

/** Metadata name of the SHA-256 (lower-case hex) of an uploaded object, by which a repeated upload knows it. */
export const SHA256_METADATA = 'pineloadsha256';

/** Files of up to so many bytes are sent in one request where the target is a bucket. */
export const WHOLE_BYTES = 1024 * 1024;
/** After these a small file is sent by a writer of parts, which knows whether another writer has made the same, and sends it again if not. */
const LOOKED_AT: ReadonlySet<ErrorCode> = new Set(['OBJECT_EXISTS', 'CHECKSUM_MISMATCH']);

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
  /** Files under way at once, the parts of each that `to` was opened with, and the memory. Default: as chosen. */
  readonly concurrency?: Concurrency | undefined;
  /** What `to` was opened with; used to foresee the memory a file takes. Default DEFAULT_PART_BYTES. */
  readonly partBytes?: number | undefined;
  /**
   * Replace objects that hold something else. `all` also those that seem to hold the same. Default false: such an object stops
   * the upload with OBJECT_EXISTS.
   */
  readonly force?: boolean | 'all' | undefined;
  /** For a local `to`; other stores keep to their own pace. */
  readonly bandwidth?: Bandwidth | undefined;
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
  const partBytes = to.partBytes ?? options.partBytes ?? DEFAULT_PART_BYTES;
  const chosen = options.concurrency ?? chooseConcurrency({ sizes: files.map(({ bytes }) => bytes), partBytes });
  const budget = new ByteBudget(chosen.bufferBytes);
  const limit = pLimit(chosen.files);
  const buffers = new PartBuffers(WHOLE_BYTES);
  const isSmall = ({ bytes }: TransferFile) => bytes <= Math.min(WHOLE_BYTES, partBytes) && to.scheme !== 'file';
  const progress = new TransferProgress('upload.progress', files, onEvent);
  const bandwidth = to.scheme === 'file' ? options.bandwidth : undefined;
  let failure: PineloadError | undefined;
  try {
    const present = await listPresent(to, files, stop.signal);
    // A slow link may take long over the first part.
    progress.report();
    const upload = async (file: TransferFile) => {
      if (failure !== undefined || stop.signal.aborted) return;
      const release = await budget.take(heldBytes(file.bytes, partBytes, chosen.parts));
      try {
        throwIfAborted(stop.signal);
        const before = present.get(file.path);
        const skipped =
          before !== undefined && options.force !== 'all' && (await isSame(to, file, before, stop.signal));
        if (before !== undefined && !skipped && !options.force) throw differs(to, file, before);
        const force = Boolean(options.force);
        const sent =
          skipped || (isSmall(file) && (await copyWhole(from, to, file, force, buffers, progress, stop.signal)));
        if (!sent) await copy(from, to, file, force, progress, bandwidth, stop.signal);
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
    sentBytes: progress.movedBytes,
  };
}

/** Which of the files are there, by one listing instead of a question per file. */
export async function listPresent(to: ObjectStore, files: readonly TransferFile[], signal: AbortSignal | undefined) {
  const wanted = new Set(files.map(({ path }) => path));
  const present = new Map<string, ObjectInfo>();
  if (wanted.size === 0) return present;
  for await (const info of to.list('', { signal })) if (wanted.has(info.key)) present.set(info.key, info);
  return present;
}

/** Is the object that is there the file, by size and recorded SHA-256? Local files are read. */
export async function isSame(
  to: ObjectStore,
  file: TransferFile,
  before: ObjectInfo,
  signal?: AbortSignal,
): Promise<boolean> {
  if (before.bytes !== file.bytes) return false;
  if (to.scheme === 'file') {
    const hash = createHash('sha256');
    for await (const chunk of to.read(file.path, { signal })) hash.update(chunk);
    return hash.digest('hex') === file.sha256;
  }
  const { metadata } = before.metadata === undefined ? ((await to.head(file.path, signal)) ?? before) : before;
  return metadata?.[SHA256_METADATA] === file.sha256;
}

/**
 * Sends a small file in one request, past what a writer of parts takes longer over than over the file. False: what the store has of this name
 * has to be looked at, or the bytes were damaged on their way, which is left to such a writer.
 */
async function copyWhole(
  from: ObjectStore,
  to: ObjectStore,
  file: TransferFile,
  force: boolean,
  buffers: PartBuffers,
  progress: TransferProgress,
  signal: AbortSignal,
): Promise<boolean> {
  const opened = await from.openRead?.(file.path);
  if (opened === undefined) return false;
  const buffer = buffers.take(file.bytes);
  const bytes = buffer.subarray(0, file.bytes);
  try {
    if (opened.bytes !== file.bytes) throw changed(from, file, `${file.bytes} bytes`, `${opened.bytes} bytes`);
    const got = await opened.read(bytes, 0);
    if (got !== file.bytes) throw changed(from, file, `${file.bytes} bytes`, `${got} bytes`);
  } finally {
    await opened.close();
  }
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  if (sha256 !== file.sha256) throw changed(from, file, `SHA-256 ${file.sha256}`, sha256);
  try {
    await to.put(file.path, bytes, { ...writeOptions(file, force), sha256, signal });
  } catch (error) {
    if (LOOKED_AT.has(toPineloadError(error).code)) return false;
    throw error;
  }
  buffers.giveBack(buffer);
  progress.moved(file.bytes);
  return true;
}

function writeOptions(file: TransferFile, force: boolean) {
  return {
    ifAbsent: !force,
    contentType: 'application/vnd.apache.parquet',
    metadata: { [SHA256_METADATA]: file.sha256 },
  };
}

async function copy(
  from: ObjectStore,
  to: ObjectStore,
  file: TransferFile,
  force: boolean,
  progress: TransferProgress,
  bandwidth: Bandwidth | undefined,
  signal: AbortSignal,
): Promise<void> {
  const hash = createHash('sha256');
  let bytes = 0;
  /** What progress was told of: bytes that the store has. Those in memory may wait long for a slow link. */
  let told = 0;
  let toldSent = 0;
  const tell = (more: number, sent: number) => {
    told += more;
    toldSent += sent;
    progress.moved(more, sent);
  };
  let writer: ObjectWriter | undefined;
  let opened: OpenObject | undefined;
  try {
    opened = await from.openRead?.(file.path);
    writer = await to.create(file.path, {
      ...writeOptions(file, force),
      expectedBytes: file.bytes,
      // Objects that are there have been looked at already.
      resume: 'parts',
      onPart: tell,
      signal,
    });
    const took = async (length: number) => {
      bytes += length;
      if (to.partBytes === undefined) tell(length, length);
      await bandwidth?.take(length, signal);
    };
    if (opened !== undefined && writer.fill !== undefined) {
      if (opened.bytes !== file.bytes) throw changed(from, file, `${file.bytes} bytes`, `${opened.bytes} bytes`);
      for (let got = -1; got !== 0 && bytes < file.bytes; await took(got)) {
        got = await writer.fill(Math.min(READ_BYTES, file.bytes - bytes), async (target) => {
          const length = await opened!.read(target, bytes);
          hash.update(target.subarray(0, length));
          return length;
        });
      }
    } else {
      for await (const chunk of from.read(file.path, { signal })) {
        if (bytes > file.bytes) break;
        hash.update(chunk);
        // What has become of `chunk` is the writer's business from here on.
        const { length } = chunk;
        await writer.write(chunk);
        await took(length);
      }
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
    if (told < file.bytes) tell(file.bytes - told, Math.max(0, (info.sentBytes ?? file.bytes) - toldSent));
  } catch (error) {
    await writer?.abort();
    throw error;
  } finally {
    await opened?.close();
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
