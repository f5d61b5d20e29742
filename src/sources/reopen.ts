import { stat } from 'node:fs/promises';
import { PineloadError } from '../base/errors.js';
import { LocalSource, readError, versionOf } from './local-source.js';
import type { Compression, InputFormat, Source } from './source.js';
import { isRemote } from './remote-uri.js';
import { StoreSource, type OpenStore } from './store-source.js';

/** An input as a plan has it: enough to open it on another machine. */
export interface KnownInput {
  readonly name: string;
  readonly format: InputFormat;
  readonly compression: Compression | 'auto';
  readonly bytes: number;
  readonly version: string;
  /** For an object in a store: how many characters of `name` are its directory. */
  readonly rootLength?: number | undefined;
}

/**
 * Opens an input that was listed before, nothing but it being looked for. A local one is looked at now, an object when it is read.
 * Throws INPUT_CHANGED when it is not what it was, INPUT_NOT_FOUND when it is gone.
 *
 * @param openStore gets the directory as it is shown, without credentials
 */
export async function reopenSource(input: KnownInput, openStore: OpenStore): Promise<Source> {
  const { name, format, compression, bytes, version, rootLength } = input;
  if (rootLength !== undefined && isRemote(name)) {
    const root = name.slice(0, rootLength);
    const object = { key: name.slice(rootLength), bytes, etag: version === `${bytes} bytes` ? undefined : version };
    return new StoreSource(openStore, root, root, object, format, compression);
  }
  const stats = await stat(name, { bigint: true }).catch((error: unknown) => {
    throw readError(error, name);
  });
  if (!stats.isFile() || Number(stats.size) !== bytes || versionOf(stats) !== version) {
    throw new PineloadError('INPUT_CHANGED', {
      source: name,
      expected: `${bytes} bytes, last changed at ${version}`,
      got: `${stats.size} bytes, last changed at ${versionOf(stats)}`,
      hint: 'Plan anew when nothing writes to the file any more.',
    });
  }
  return LocalSource.create({ name, path: name, format, compression, stats });
}
