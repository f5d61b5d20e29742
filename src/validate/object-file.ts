import { PineloadError } from '../base/errors.js';
import type { RandomAccess } from '../parquet/decode/index.js';
import type { ObjectStore } from '../uploaders/object-store.js';

/** An object of a store as a file that can be read anywhere. */
export function objectFile(store: ObjectStore, key: string, bytes: number, signal?: AbortSignal): RandomAccess {
  return {
    source: key,
    bytes,
    async read(start, end) {
      const parts: Uint8Array[] = [];
      let got = 0;
      for await (const part of store.read(key, { start, end, signal })) {
        parts.push(part);
        got += part.length;
        if (got > end - start) break;
      }
      if (got !== end - start) {
        throw new PineloadError('FILE_CHANGED', {
          source: key,
          message: `the file is ${got > end - start ? 'longer' : 'shorter'} than it was when it was listed`,
          hint: 'Validate when nothing writes to the directory any more.',
        });
      }
      return parts;
    },
  };
}
