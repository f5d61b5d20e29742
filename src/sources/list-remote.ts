import { PineloadError } from '../base/errors.js';
import type { ObjectInfo, ObjectStore } from '../uploaders/object-store.js';
import { belongs, factsOf, nothingFound } from './facts.js';
import { keyGlob } from './key-glob.js';
import type { Found, ListOptions } from './list-sources.js';
import { compareNames, isVisible } from './names.js';
import { parseRemote } from './remote-uri.js';
import { StoreSource } from './store-source.js';

/** Finds the objects that a URI stands for: one object, a prefix ending in `/`, or a glob in the key. */
export async function listRemote(input: string, options: ListOptions): Promise<readonly Found[]> {
  const remote = parseRemote(input);
  if (remote.key === '') {
    if (remote.glob !== undefined) return listGlob(remote.shown, remote.glob, options);
    return withStore(remote.root, options, async (store) => {
      const objects = await list(store, '', options, (key) => isVisible(key) && belongs(key, options));
      if (objects.length === 0) throw nothingFound(remote.shown, 'prefix', options);
      return objects.map((object) => found(store, remote.root, object, options));
    });
  }
  // As with files, an object of that very name wins over what the name would mean as a glob.
  const single = await withStore(remote.root, options, async (store) => {
    const object = await store.head(remote.key, options.signal);
    if (object !== undefined) return found(store, remote.root, object, options);
    if (remote.glob !== undefined) return undefined;
    throw new PineloadError('INPUT_NOT_FOUND', {
      source: remote.shown,
      message: 'there is no such object',
      hint: 'A prefix, for all objects below it, ends in "/".',
    });
  });
  return single === undefined ? listGlob(remote.shown, remote.glob!, options) : [single];
}

function listGlob(
  shown: string,
  glob: { readonly root: string; readonly pattern: string },
  options: ListOptions,
): Promise<readonly Found[]> {
  const matcher = keyGlob(glob.pattern);
  const literal = glob.pattern.slice(0, glob.pattern.search(/[*?[\]{}]/));
  return withStore(glob.root, options, async (store) => {
    const objects = await list(store, literal, options, (key) => !key.endsWith('/') && matcher.test(key));
    if (objects.length === 0) {
      throw new PineloadError('INPUT_NOT_FOUND', { source: shown, message: 'no object matches this glob' });
    }
    return objects.map((object) => found(store, glob.root, object, options));
  });
}

async function list(
  store: ObjectStore,
  prefix: string,
  options: ListOptions,
  wanted: (key: string) => boolean,
): Promise<ObjectInfo[]> {
  const objects: ObjectInfo[] = [];
  for await (const object of store.list(prefix, { signal: options.signal })) {
    if (wanted(object.key)) objects.push(object);
  }
  return objects.sort((a, b) => compareNames(a.key, b.key));
}

function found(store: ObjectStore, root: string, object: ObjectInfo, options: ListOptions): Found {
  const { format, compression } = factsOf(store.uri + object.key, options);
  const source = new StoreSource(options.openStore, root, store.uri, object, format, compression);
  return { identity: source.name, source };
}

async function withStore<T>(root: string, options: ListOptions, use: (store: ObjectStore) => Promise<T>): Promise<T> {
  const store = await options.openStore(root);
  try {
    return await use(store);
  } finally {
    await store.close();
  }
}
