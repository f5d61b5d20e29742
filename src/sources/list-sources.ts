import type { Readable } from 'node:stream';
import { throwIfAborted } from '../base/abort.js';
import { PineloadError } from '../base/errors.js';
import { listLocal } from './list-local.js';
import { listRemote } from './list-remote.js';
import { isRemote } from './remote-uri.js';
import type { Compression, InputFormat, Source } from './source.js';
import { DEFAULT_STDIN_FORMAT, StdinSource } from './stdin-source.js';
import type { OpenStore } from './store-source.js';

/** How inputs are understood. */
export interface ListOptions {
  /** Default `auto`: by file name; standard input is DEFAULT_STDIN_FORMAT. */
  readonly format?: 'auto' | InputFormat | undefined;
  /** Default `auto`: by file name, else by the first bytes. */
  readonly compression?: 'auto' | Compression | undefined;
  readonly openStore: OpenStore;
  readonly signal?: AbortSignal | undefined;
  /** In place of `process.stdin`. */
  readonly stdin?: Readable | undefined;
}

/** A local file that was found, with what tells it apart from the others. */
export interface Found {
  /** Real path: the same file named twice is taken once. */
  readonly identity: string;
  readonly source: Source;
}

/**
 * Finds the inputs: files, globs, directories (every visible file below with a known extension), `-` for standard input,
 * and in `s3://`, `gs://` and Azure URLs an object, a prefix ending in `/`, or a glob in the key.
 *
 * The order is that of `inputs`; what a directory, prefix or glob stands for is in order of names, by UTF-16 code units. An
 * input that is named twice is taken once, where it comes first. Throws INPUT_NOT_FOUND, INPUT_UNREADABLE,
 * INPUT_FORMAT_UNKNOWN, and what the store has to say.
 */
export async function listSources(inputs: readonly string[], options: ListOptions): Promise<Source[]> {
  if (inputs.length === 0) {
    throw new PineloadError('OPTION_INVALID', {
      field: 'inputs',
      expected: 'at least one file, directory, glob, "-" or URI',
      got: 'none',
    });
  }
  const sources = new Map<string, Source>();
  const add = (identity: string, source: Source): void => {
    if (!sources.has(identity)) sources.set(identity, source);
  };
  for (const input of inputs) {
    throwIfAborted(options.signal);
    if (input === '-') {
      add(input, standardInput(options));
    } else if (isRemote(input)) {
      for (const source of await listRemote(input, options)) add(source.name, source);
    } else {
      for (const { identity, source } of await listLocal(input, options)) add(identity, source);
    }
  }
  return [...sources.values()];
}

function standardInput({ format = 'auto', compression = 'auto', stdin = process.stdin }: ListOptions): StdinSource {
  return new StdinSource(stdin, format === 'auto' ? DEFAULT_STDIN_FORMAT : format, compression);
}
