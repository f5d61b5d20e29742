import { PineloadError } from '../base/errors.js';
import type { RandomAccess } from '../parquet/decode/index.js';
import type { ObjectStore } from '../uploaders/object-store.js';

/** An object of a store as a file that can be read anywhere. */
export function objectFile(store: ObjectStore, key: string, bytes: number, signal?: AbortSignal): RandomAccess {
  return {
    source: key,
    bytes,
    async read(start, end) {
      const length = end - start;
      let whole: Uint8Array | undefined;
      let at = 0;
      for await (const part of store.read(key, { start, end, signal })) {
        // One part that is all of it need not be copied.
        if (at === 0 && part.length === length) return part;
        whole ??= new Uint8Array(length);
        if (part.length > length - at) throw changed(key, 'longer');
        whole.set(part, at);
        at += part.length;
      }
      if (at !== length) throw changed(key, 'shorter');
      return whole ?? new Uint8Array(0);
    },
  };
}

function changed(key: string, how: string): PineloadError {
  return new PineloadError('FILE_CHANGED', {
    source: key,
    message: `the file is ${how} than it was when it was listed`,
    hint: 'Validate when nothing writes to the directory any more.',
  });
}
