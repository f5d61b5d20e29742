import type { ObjectInfo, ObjectStore } from '../uploaders/object-store.js';

/** A directory in a store as a store of its own. Closing it leaves the whole open. @param prefix ends in `/` */
export function prefixStore(store: ObjectStore, prefix: string): ObjectStore {
  const inside = (info: ObjectInfo): ObjectInfo => ({ ...info, key: info.key.slice(prefix.length) });
  return {
    // Azure's is a URL, the others are taken letter by letter.
    uri: store.uri + (store.scheme === 'azure' ? prefix.split('/').map(encodeURIComponent).join('/') : prefix),
    scheme: store.scheme,
    maxKeyBytes: store.maxKeyBytes - Buffer.byteLength(prefix),
    maxPartBytes: store.maxPartBytes,
    async *list(below, options) {
      for await (const info of store.list(prefix + below, options)) yield inside(info);
    },
    async head(key, signal) {
      const info = await store.head(prefix + key, signal);
      return info === undefined ? undefined : inside(info);
    },
    read: (key, options) => store.read(prefix + key, options),
    create: async (key, options) => {
      const writer = await store.create(prefix + key, options);
      return {
        write: (bytes) => writer.write(bytes),
        close: async () => inside(await writer.close()),
        abort: () => writer.abort(),
      };
    },
    put: async (key, bytes, options) => inside(await store.put(prefix + key, bytes, options)),
    delete: (key, signal) => store.delete(prefix + key, signal),
    close: () => Promise.resolve(),
  };
}
