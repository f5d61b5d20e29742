import { PineloadError } from '../base/errors.js';
import type { ObjectInfo, ObjectStore } from '../uploaders/object-store.js';
import { openBytes } from './open-bytes.js';
import type { Compression, InputFormat, OpenSourceOptions, Source } from './source.js';

/** Opens a directory in a store; the URI may hold a shared access signature and is never shown. */
export type OpenStore = (uri: string) => Promise<ObjectStore>;

/**
 * An object in S3, Google Cloud Storage or Azure Blob Storage, read as a stream. There may be 100,000 of them: nothing is kept twice.
 */
export class StoreSource implements Source {
  readonly name: string;
  readonly rootLength: number;
  readonly bytes: number;
  /** Undefined where the listing tells none. */
  readonly #etag: string | undefined;
  #compression: Compression;

  constructor(
    private readonly openStore: OpenStore,
    private readonly root: string,
    rootName: string,
    { key, bytes, etag }: ObjectInfo,
    readonly format: InputFormat,
    readonly statedCompression: Compression | 'auto',
  ) {
    this.name = rootName + key;
    this.rootLength = rootName.length;
    this.bytes = bytes;
    this.#etag = bareEtag(etag);
    this.#compression = statedCompression === 'auto' ? 'none' : statedCompression;
  }

  get version(): string {
    return this.#etag ?? `${this.bytes} bytes`;
  }

  get #key(): string {
    return this.name.slice(this.rootLength);
  }

  /** With `auto`: `none` until the first bytes were read, since to look would be a request for every object. */
  get compression(): Compression {
    return this.#compression;
  }

  open(options: OpenSourceOptions = {}): AsyncIterable<Uint8Array> {
    return openBytes((signal) => this.#read(signal), {
      ...options,
      name: this.name,
      compression: this.statedCompression,
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
      await this.#checkUnchanged(store, signal);
      let got = 0;
      const range = start === 0 && end === this.bytes ? {} : { start, end };
      for await (const bytes of store.read(this.#key, { ...range, signal })) {
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

  /** The object may have been replaced since it was listed, on this machine or on the one that made the plan. */
  async #checkUnchanged(store: ObjectStore, signal: AbortSignal): Promise<void> {
    const now = await store.head(this.#key, signal);
    const { bytes } = this;
    // One that is gone is for the read to tell.
    if (now === undefined) return;
    if (now.bytes === bytes && (this.#etag === undefined || bareEtag(now.etag) === this.#etag)) return;
    throw new PineloadError('INPUT_CHANGED', {
      source: this.name,
      expected: `${bytes} bytes, version ${this.version}`,
      got: `${now.bytes} bytes, version ${now.etag ?? 'unknown'}`,
      hint: 'Start again (plan anew) when nothing writes to the input any more.',
    });
  }
}

/** Azure quotes an ETag in a header and leaves the quotes out in a listing. */
function bareEtag(etag: string | undefined): string | undefined {
  return etag?.replaceAll('"', '');
}
