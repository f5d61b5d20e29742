import * as fs from 'node:fs/promises';
import * as os from 'node:os';
import * as path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { deleteObjects, deletePrefix, DELETES_AT_ONCE } from '../../src/uploaders/delete-objects.js';
import type { ObjectStore } from '../../src/uploaders/object-store.js';
import { openStore } from '../../src/uploaders/open-store.js';
import { errorOf, keysOf } from '../support/store-conformance.js';

const MANY = 5 * DELETES_AT_ONCE;

describe('deleting objects side by side', () => {
  let root: string;
  let store: ObjectStore;
  beforeEach(async () => {
    root = await fs.mkdtemp(path.join(os.tmpdir(), 'pineload-delete-'));
    store = await openStore(root);
  });
  afterEach(async () => {
    await store.close();
    await fs.rm(root, { recursive: true, force: true });
  });

  const filled = async (): Promise<string[]> => {
    const keys = Array.from({ length: MANY }, (_, i) => `ns-${i % 7}/part-${i}`);
    for (const key of [...keys, 'kept/part-0']) await store.put(key, Buffer.from('x'));
    return keys;
  };

  /** The store, counting deletes under way; `before` runs in each of them. */
  const watched = (before: (key: string) => Promise<void>) => {
    const seen = { now: 0, most: 0, begun: 0 };
    const through = {
      uri: store.uri,
      delete: async (key: string, signal?: AbortSignal) => {
        seen.begun++;
        seen.most = Math.max(seen.most, ++seen.now);
        try {
          await before(key);
          await store.delete(key, signal);
        } finally {
          seen.now--;
        }
      },
    } as ObjectStore;
    return { seen, through };
  };
  const soon = () => new Promise<void>((resolve) => setTimeout(resolve, 2));

  it('deletes these and no others, with the directories that get empty; what is not there is no error', async () => {
    const keys = await filled();
    await deleteObjects(store, [...keys, 'ns-1/never', 'never/never']);
    expect(await keysOf(store.list(''))).toEqual(['kept/part-0']);
    expect(await fs.readdir(root)).toEqual(['kept']);
  });

  it('deletes what begins with a prefix', async () => {
    const keys = await filled();
    await deletePrefix(store, 'ns-3/');
    expect((await keysOf(store.list(''))).toSorted()).toEqual(
      [...keys.filter((key) => !key.startsWith('ns-3/')), 'kept/part-0'].toSorted(),
    );
    await deletePrefix(store, 'nothing/');
  });

  it('deletes several at once, and not all', async () => {
    const { seen, through } = watched(soon);
    await deleteObjects(through, await filled());
    expect(seen).toEqual({ now: 0, most: DELETES_AT_ONCE, begun: MANY });
  });

  it('begins nothing after a failure, and none is under way when it tells of it', async () => {
    const keys = await filled();
    const { seen, through } = watched(async (key) => {
      if (key === keys[3]) throw new Error('refused');
      await soon();
    });
    await expect(deleteObjects(through, keys)).rejects.toThrow('refused');
    expect(seen).toEqual({ now: 0, most: DELETES_AT_ONCE, begun: DELETES_AT_ONCE });
    expect(await keysOf(store.list(''))).toContain(keys[3]);
    expect((await keysOf(store.list(''))).length).toBe(MANY + 1 - (DELETES_AT_ONCE - 1));
  });

  it('stops when it is cancelled', async () => {
    const keys = await filled();
    const stop = new AbortController();
    const { seen, through } = watched(() => {
      stop.abort();
      return Promise.resolve();
    });
    expect(await errorOf(deleteObjects(through, keys, stop.signal))).toBeDefined();
    expect(seen.now).toBe(0);
    expect(seen.begun).toBeLessThanOrEqual(DELETES_AT_ONCE);
    expect((await keysOf(store.list(''))).length).toBe(MANY + 1);
  });
});
