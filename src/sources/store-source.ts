import { PineloadError } from '../base/errors.js';
import type { ObjectInfo, ObjectStore } from '../uploaders/object-store.js';
import { openBytes } from './open-bytes.js';
import type { Compression, InputFormat, OpenSourceOptions, Source } from './source.js';

/** Opens a directory in a store; the URI may hold a shared access signature and is never shown. */
export type OpenStore = (uri: string) => Promise<ObjectStore>;

/** An object in S3, Google Cloud Storage or Azure Blob Storage, read as a stream. */
export class StoreSource implements Source {
  readonly name: string;
  readonly bytes: number;
  readonly version: string;
  #compression: Compression;

  constructor(
    private readonly openStore: OpenStore,
    private readonly root: string,
    rootName: string,
    private readonly object: ObjectInfo,
    readonly format: InputFormat,
    private readonly stated: Compression | 'auto',
  ) {
    this.name = rootName + object.key;
    this.bytes = object.bytes;
    this.version = object.etag ?? `${object.bytes} bytes`;
    this.#compression = stated === 'auto' ? 'none' : stated;
  }

  /** With `auto`: `none` until the first bytes were read, since to look would be a request for every object. */
  get compression(): Compression {
    return this.#compression;
  }

  open(options: OpenSourceOptions = {}): AsyncIterable<Uint8Array> {
    return openBytes((signal) => this.#read(signal), {
      ...options,
      name: this.name,
      compression: this.stated,
      onCompression: (found) => {
        this.#compression = found;
      },
    });
  }

  openRange(start: number, end: number, options: OpenSourceOptions = {}): AsyncIterable<Uint8Array> {
    return openBytes((signal) => this.#read(signal, start, Math.min(end, this.bytes)), {
      ...options,
      name: this.name,
      compression: 'none',
    });
  }

  async *#read(signal: AbortSignal, start = 0, end = this.bytes): AsyncGenerator<Uint8Array> {
    // A store of its own, closed with the read: no connection stays open between inputs.
    const store = await this.openStore(this.root);
    try {
      let got = 0;
      const range = start === 0 && end === this.bytes ? {} : { start, end };
      for await (const bytes of store.read(this.object.key, { ...range, signal })) {
        got += bytes.length;
        yield bytes;
      }
      if (got !== end - start) {
        throw new PineloadError('INPUT_CHANGED', {
          source: this.name,
          expected: `${end - start} bytes`,
          got: `${got} bytes`,
        });
      }
    } finally {
      await store.close();
    }
  }
}
