import { PineloadError } from '../base/errors.js';
import type { ObjectStore } from '../uploaders/object-store.js';

/** Largest state file that is read: a manifest of 100,000 files has about 25 MB. */
export const MAX_STATE_BYTES = 256 * 1024 * 1024;

/** All bytes of a small object; undefined when there is none. */
export async function readObject(
  store: ObjectStore,
  key: string,
  signal?: AbortSignal,
): Promise<Uint8Array | undefined> {
  const info = await store.head(key, signal);
  if (info === undefined) return undefined;
  if (info.bytes > MAX_STATE_BYTES)
    throw corrupt(store, key, `${info.bytes} bytes`, `at most ${MAX_STATE_BYTES} bytes`);
  // Into one piece of memory: of what has tens of megabytes there is no room for two.
  let bytes = Buffer.allocUnsafeSlow(info.bytes);
  let filled = 0;
  for await (const part of store.read(key, { signal })) {
    const length = filled + part.length;
    // It was replaced since it was looked at: what is read is of one version all the same.
    if (length > bytes.length) bytes = Buffer.concat([bytes.subarray(0, filled)], length);
    bytes.set(part, filled);
    filled = length;
  }
  return bytes.subarray(0, filled);
}

/** As `readObject`, without a question for the size first: for what is looked for often and has a few megabytes at most. */
async function readSmallObject(store: ObjectStore, key: string, signal?: AbortSignal): Promise<Uint8Array | undefined> {
  const parts: Uint8Array[] = [];
  let bytes = 0;
  try {
    for await (const part of store.read(key, { signal })) {
      bytes += part.length;
      if (bytes > MAX_STATE_BYTES) {
        throw corrupt(store, key, `more than ${MAX_STATE_BYTES} bytes`, `at most ${MAX_STATE_BYTES} bytes`);
      }
      parts.push(part);
    }
  } catch (error) {
    if (error instanceof PineloadError && error.code === 'OBJECT_NOT_FOUND') return undefined;
    throw error;
  }
  return Buffer.concat(parts, bytes);
}

/** Reads a JSON object of the state and checks its `format` and `version`; a corrupt one stops the run. */
export async function readStateJson(
  store: ObjectStore,
  key: string,
  format: string,
  signal?: AbortSignal,
): Promise<Record<string, unknown> | undefined> {
  const bytes = await readSmallObject(store, key, signal);
  return bytes === undefined ? undefined : parseStateJson(store, key, bytes, format);
}

/** The JSON object that an object of the state holds, `format` and `version` checked. */
export function parseStateJson(
  store: ObjectStore,
  key: string,
  bytes: Uint8Array,
  format: string,
): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(bytes).toString('utf8'));
  } catch (cause) {
    throw corrupt(store, key, 'text that is no JSON', 'JSON', cause);
  }
  const object = value as Record<string, unknown> | null;
  if (typeof object !== 'object' || object === null || object.format !== format || object.version !== 1) {
    throw corrupt(store, key, 'something else', `"format": "${format}", "version": 1`);
  }
  return object;
}

export async function writeStateJson(
  store: ObjectStore,
  key: string,
  value: object,
  signal?: AbortSignal,
): Promise<void> {
  const bytes = Buffer.from(`${JSON.stringify(value, null, 2)}\n`);
  await store.put(key, bytes, { contentType: 'application/json', signal });
}

export function corrupt(
  store: ObjectStore,
  key: string,
  got: string,
  expected: string,
  cause?: unknown,
): PineloadError {
  return new PineloadError('STATE_CORRUPT', {
    source: store.uri + key,
    expected,
    got,
    hint: 'Remove the state and the import directory, or run again with --overwrite.',
    cause,
  });
}
