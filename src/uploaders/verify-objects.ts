import { createHash } from 'node:crypto';
import { setMaxListeners } from 'node:events';
import pLimit from 'p-limit';
import { throwIfAborted } from '../base/abort.js';
import { PineloadError, quote, toPineloadError } from '../base/errors.js';
import type { EventListener } from '../base/events.js';
import type { Bandwidth } from './bandwidth.js';
import type { ObjectStore } from './object-store.js';
import type { TransferFile } from './transfer.js';
import { TransferProgress } from './transfer-progress.js';

/** Objects read at once. */
export const DEFAULT_VERIFIED_AT_ONCE = 8;

export interface VerifyObjectsOptions {
  readonly store: ObjectStore;
  readonly files: readonly TransferFile[];
  /** Default DEFAULT_VERIFIED_AT_ONCE. */
  readonly concurrency?: number | undefined;
  readonly bandwidth?: Bandwidth | undefined;
  readonly onEvent?: EventListener | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** An object that is not what the manifest says. */
export interface DamagedObject {
  readonly file: TransferFile;
  readonly expected: string;
  readonly got: string;
}

/**
 * Reads every object again and compares its size and SHA-256 with the manifest. Gives those that differ, or are missing, in the
 * manifest's order. Throws the store's own errors and ABORTED.
 */
export async function verifyObjects(options: VerifyObjectsOptions): Promise<DamagedObject[]> {
  const { store, files, onEvent, signal } = options;
  const stop = new AbortController();
  setMaxListeners(0, stop.signal);
  const onAbort = () => stop.abort(signal!.reason);
  throwIfAborted(signal);
  signal?.addEventListener('abort', onAbort, { once: true });
  const progress = new TransferProgress('upload.verify.progress', files, onEvent);
  const limit = pLimit(options.concurrency ?? DEFAULT_VERIFIED_AT_ONCE);
  const damaged = new Map<string, DamagedObject>();
  let failure: PineloadError | undefined;
  const verify = async (file: TransferFile) => {
    if (failure !== undefined || stop.signal.aborted) return;
    try {
      const found = await readAgain(store, file, progress, options.bandwidth, stop.signal);
      if (found !== undefined) damaged.set(file.path, { file, ...found });
      progress.fileDone(file, false);
    } catch (error) {
      failure ??= toPineloadError(error);
      stop.abort(failure);
    }
  };
  try {
    await Promise.all(files.map((file) => limit(verify, file)));
    throwIfAborted(signal);
    if (failure !== undefined) throw failure as PineloadError;
  } finally {
    signal?.removeEventListener('abort', onAbort);
  }
  progress.report();
  return files.flatMap(({ path }) => damaged.get(path) ?? []);
}

async function readAgain(
  store: ObjectStore,
  file: TransferFile,
  progress: TransferProgress,
  bandwidth: Bandwidth | undefined,
  signal: AbortSignal,
): Promise<Omit<DamagedObject, 'file'> | undefined> {
  const hash = createHash('sha256');
  let bytes = 0;
  try {
    for await (const chunk of store.read(file.path, { signal })) {
      await bandwidth?.take(chunk.length, signal);
      hash.update(chunk);
      bytes += chunk.length;
      progress.moved(chunk.length);
    }
  } catch (error) {
    const code = error instanceof PineloadError ? error.code : undefined;
    if (code === 'OBJECT_NOT_FOUND') return { expected: `${file.bytes} bytes`, got: 'no such object' };
    // The store itself, or the checksum it keeps, says that what it reads is not what was written.
    if (code === 'CHECKSUM_MISMATCH') return { expected: `SHA-256 ${file.sha256}`, got: 'bytes that are damaged' };
    throw error;
  }
  if (bytes !== file.bytes) return { expected: `${file.bytes} bytes`, got: `${bytes} bytes` };
  const sha256 = hash.digest('hex');
  return sha256 === file.sha256 ? undefined : { expected: `SHA-256 ${file.sha256}`, got: sha256 };
}

/** The error that damaged objects end in. */
export function damagedError(store: ObjectStore, damaged: readonly DamagedObject[]): PineloadError {
  const [{ file, expected, got }] = damaged as readonly [DamagedObject];
  const more = damaged.slice(1, 4).map((each) => quote(each.file.path));
  const others = damaged.length > 4 ? ', …' : '';
  return new PineloadError('CHECKSUM_MISMATCH', {
    source: store.uri + file.path,
    ...(damaged.length === 1
      ? {}
      : { message: `this and ${damaged.length - 1} more (${more.join(', ')}${others}) are not what was sent` }),
    expected,
    got,
    hint: 'Send what is damaged again with --overwrite --verify.',
    // Reading once more would find the same.
    retryable: false,
  });
}
