import { throwIfAborted } from '../base/abort.js';
import { PineloadError } from '../base/errors.js';
import type { RandomAccess } from '../parquet/decode/index.js';
import type { ObjectStore, OpenObject } from '../uploaders/object-store.js';

/**
 * An object of a store as a file that can be read anywhere.
 * @throws FILE_CHANGED from every read, when the object is not as long as `bytes` any more
 */
export function objectFile(store: ObjectStore, key: string, bytes: number, signal?: AbortSignal): RandomAccess {
  const changed = (got: number, wanted: number): PineloadError =>
    new PineloadError('FILE_CHANGED', {
      source: key,
      message: `the file is ${got > wanted ? 'longer' : 'shorter'} than it was when it was listed`,
      hint: 'Validate when nothing writes to the directory any more.',
    });
  let opened: Promise<OpenObject> | undefined;
  const readInto = async (target: Uint8Array, start: number): Promise<void> => {
    throwIfAborted(signal);
    const object = await (opened ??= store.openRead!(key));
    const got = await object.read(target, start);
    if (got !== target.length) throw changed(got, target.length);
  };
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
      if (got !== end - start) throw changed(got, end - start);
      return parts;
    },
    readInto: store.openRead === undefined ? undefined : readInto,
    async close() {
      const closing = opened;
      opened = undefined;
      await (await closing?.catch(() => undefined))?.close();
    },
  };
}
