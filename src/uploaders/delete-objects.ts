import { eachAtOnce } from '../base/each-at-once.js';
import type { ObjectStore } from './object-store.js';

/**
 * Objects deleted at once. One after the other, 10,000 of them wait 10,000 times for a store's answer; those of a local directory are gone
 * in about half the time.
 */
export const DELETES_AT_ONCE = 16;

/**
 * Deletes objects side by side; those that do not exist are no error. After the first failure no other delete is begun, and when this
 * settles none is under way any more: what is written under these names next is safe.
 *
 * @throws what the first delete that failed had thrown
 */
export async function deleteObjects(store: ObjectStore, keys: readonly string[], signal?: AbortSignal): Promise<void> {
  let failure: { readonly error: unknown } | undefined;
  await eachAtOnce(keys, DELETES_AT_ONCE, signal, async (key) => {
    if (failure !== undefined) return;
    try {
      await store.delete(key, signal);
    } catch (error) {
      failure ??= { error };
    }
  });
  if (failure !== undefined) throw failure.error;
}

/** The same for all objects whose keys begin with `prefix`. */
export async function deletePrefix(store: ObjectStore, prefix: string, signal?: AbortSignal): Promise<void> {
  const keys: string[] = [];
  for await (const { key } of store.list(prefix, { signal })) keys.push(key);
  await deleteObjects(store, keys, signal);
}
