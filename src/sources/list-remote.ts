import { PineloadError } from '../base/errors.js';
import type { ObjectInfo, ObjectStore } from '../uploaders/object-store.js';
import { belongs, factsOf, nothingFound } from './facts.js';
import { keyGlob } from './key-glob.js';
import type { ListOptions } from './list-sources.js';
import { compareNames, isVisible } from './names.js';
import { parseRemote } from './remote-uri.js';
import { StoreSource } from './store-source.js';

/** Finds the objects that a URI stands for: one object, a prefix ending in `/`, or a glob in the key. */
export async function listRemote(input: string, options: ListOptions): Promise<StoreSource[]> {
  const remote = parseRemote(input);
  if (remote.key === '') {
    if (remote.glob !== undefined) return listGlob(remote.shown, remote.glob, options);
    return withStore(remote.root, options, async (store) => {
      const all = await list(store, remote.root, '', options, (key) => isVisible(key) && belongs(key, options));
      if (all.length === 0) throw nothingFound(remote.shown, 'prefix', options);
      return all;
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
): Promise<StoreSource[]> {
  const matcher = keyGlob(glob.pattern);
  const literal = glob.pattern.slice(0, glob.pattern.search(/[*?[\]{}]/));
  return withStore(glob.root, options, async (store) => {
    const matches = await list(store, glob.root, literal, options, (key) => !key.endsWith('/') && matcher.test(key));
    if (matches.length === 0) {
      throw new PineloadError('INPUT_NOT_FOUND', { source: shown, message: 'no object matches this glob' });
    }
    return matches;
  });
}

async function list(
  store: ObjectStore,
  root: string,
  prefix: string,
  options: ListOptions,
  wanted: (key: string) => boolean,
): Promise<StoreSource[]> {
  const all: StoreSource[] = [];
  for await (const object of store.list(prefix, { signal: options.signal })) {
    if (wanted(object.key)) all.push(found(store, root, object, options));
  }
  // All below one root: the order of names is that of keys.
  return all.sort((a, b) => compareNames(a.name, b.name));
}

function found(store: ObjectStore, root: string, object: ObjectInfo, options: ListOptions): StoreSource {
  const { format, compression } = factsOf(store.uri + object.key, options);
  return new StoreSource(options.openStore, root, store.uri, object, format, compression);
}

async function withStore<T>(root: string, options: ListOptions, use: (store: ObjectStore) => Promise<T>): Promise<T> {
  const store = await options.openStore(root);
  try {
    return await use(store);
  } finally {
    await store.close();
  }
}
