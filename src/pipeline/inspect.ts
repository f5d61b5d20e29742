import { PineloadError } from '../base/errors.js';
import type { ObjectInfo } from '../uploaders/object-store.js';
import { inspectFile, type InspectedFile, type InspectSettings } from '../validate/inspect-file.js';
import { objectFile } from '../validate/object-file.js';
import type { CommonOptions } from './options.js';
import { openInput } from './validate.js';

export interface InspectOptions extends CommonOptions, InspectSettings {
  /** A Parquet file, or a directory of which the first one is taken. */
  readonly uri: string;
}

/**
 * What a Parquet file is made of: schema, row groups, sizes, codecs, encodings, first records, value ranges and norms.
 * @throws INPUT_NOT_FOUND, PARQUET_*, STORE_*
 */
export async function inspect(options: InspectOptions): Promise<InspectedFile> {
  const { signal } = options;
  for (const [field, value] of Object.entries({ sample: options.sample, records: options.records })) {
    if (value !== undefined && (!Number.isSafeInteger(value) || value < 0)) {
      throw new PineloadError('OPTION_INVALID', { field, expected: 'a whole number', got: String(value) });
    }
  }
  const { store, file } = await openInput(options);
  try {
    let chosen: ObjectInfo | undefined = file;
    if (chosen === undefined) {
      // In key order where the store has one; local directories are sorted here.
      for await (const object of store.list('', { signal })) {
        if (!/\.parquet$/i.test(object.key)) continue;
        if (chosen === undefined || object.key < chosen.key) chosen = object;
      }
    }
    if (chosen === undefined) {
      throw new PineloadError('INPUT_NOT_FOUND', { source: store.uri, message: 'there is no Parquet file below it' });
    }
    const uri = store.uri + chosen.key;
    return await inspectFile(objectFile(store, chosen.key, chosen.bytes, signal), uri, options);
  } finally {
    await store.close();
  }
}
