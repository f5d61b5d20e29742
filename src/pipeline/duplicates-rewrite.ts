import { createHash } from 'node:crypto';
import { throwIfAborted } from '../base/abort.js';
import { PineloadError } from '../base/errors.js';
import type { VectorKind } from '../records/batch.js';
import { MAX_FILE_BYTES } from '../records/limits.js';
import type { ManifestFile } from '../writers/manifest.js';
import { SplitWriter } from '../writers/split-writer.js';
import { Crc } from '../uploaders/checksum/crc.js';
import type { ObjectStore } from '../uploaders/object-store.js';
import { readBatches } from '../validate/read-batches.js';
import { AS_WRITTEN, StoredRows } from './duplicates-rows.js';

export interface RewriteOptions {
  readonly store: ObjectStore;
  readonly kind: VectorKind;
  /** Numbers of a dense vector; 0 without. */
  readonly dimension: number;
  readonly version: string;
  readonly rowGroupBytes: number;
  readonly maxBufferedBytes: number;
  readonly tmpDir: string;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Writes a file anew under its name, without some of its rows, in row groups of the size it had. The new file takes the
 * place of the old one in one step, so whoever is killed finds one of the two: by their number of rows they are told apart.
 *
 * @param file as it was written first
 * @param rows to leave out: ascending, 0-based
 * @returns the file as it is now; undefined when no row is left, and no file
 */
export async function withoutRows(
  file: ManifestFile,
  rows: readonly number[],
  options: RewriteOptions,
): Promise<ManifestFile | undefined> {
  const { store, kind, dimension, version, rowGroupBytes, maxBufferedBytes, tmpDir, signal } = options;
  const records = file.records - rows.length;
  if (records === 0) {
    await store.delete(file.path, signal);
    return undefined;
  }
  const info = await store.head(file.path, signal);
  if (info === undefined) throw changed(store, file, 'no such file');
  const stored = { key: file.path, namespace: file.namespace, bytes: info.bytes };
  const opened = await new StoredRows(store, dimension, signal).open(stored);
  if (opened.file.metadata.rows === records) return { ...file, records, ...(await checksum(store, file.path, signal)) };
  if (opened.file.metadata.rows !== file.records) throw changed(store, file, `${opened.file.metadata.rows} records`);

  const writer = new SplitWriter({
    store: only(store, file.path),
    // One file, whatever its name would be.
    split: 0,
    targetFileBytes: MAX_FILE_BYTES,
    ...{ kind, dimension, version, rowGroupBytes, maxBufferedBytes, tmpDir, signal },
  });
  try {
    const drop = new Set(rows);
    let first = 0;
    const read = { dimension, namespace: file.namespace, source: file.path, limits: AS_WRITTEN };
    for await (const batch of readBatches(opened.file, opened.columns, read)) {
      throwIfAborted(signal);
      if (batch.rejects.length > 0) throw changed(store, file, 'records that were not written');
      for (let row = 0; row < batch.rows; row++) batch.rejected[row] = Number(drop.has(first + row));
      first += batch.rows;
      await writer.add(batch);
    }
    const [written, ...more] = await writer.finish();
    if (written?.records !== records || more.length > 0) throw changed(store, file, 'other records');
    return { ...written, path: file.path };
  } catch (error) {
    await writer.abort();
    throw error;
  } finally {
    await opened.file.input.close?.();
  }
}

/** The store, but for its one object that can be written, whatever it is called. */
function only(store: ObjectStore, key: string): ObjectStore {
  return {
    uri: store.uri,
    scheme: store.scheme,
    maxKeyBytes: store.maxKeyBytes,
    maxPartBytes: store.maxPartBytes,
    list: (prefix, options) => store.list(prefix, options),
    head: (_, signal) => store.head(key, signal),
    read: (_, options) => store.read(key, options),
    create: (_, options) => store.create(key, options),
    put: (_, bytes, options) => store.put(key, bytes, options),
    delete: (_, signal) => store.delete(key, signal),
    close: () => Promise.resolve(),
  };
}

/** What the writer would have told of the file. */
async function checksum(
  store: ObjectStore,
  key: string,
  signal: AbortSignal | undefined,
): Promise<Pick<ManifestFile, 'bytes' | 'sha256' | 'crc64nvme' | 'crc32c'>> {
  const hash = createHash('sha256');
  const [crc64nvme, crc32c] = [new Crc('crc64nvme'), new Crc('crc32c')];
  let bytes = 0;
  for await (const part of store.read(key, { signal })) {
    hash.update(part);
    crc64nvme.update(part);
    crc32c.update(part);
    bytes += part.length;
  }
  return { bytes, sha256: hash.digest('hex'), crc64nvme: crc64nvme.hex(), crc32c: crc32c.hex() };
}

function changed(store: ObjectStore, file: ManifestFile, got: string): PineloadError {
  return new PineloadError('FILE_CHANGED', {
    source: store.uri + file.path,
    expected: `${file.records} records, as they were written`,
    got,
    hint: 'Convert again with --overwrite.',
  });
}
