import type { Readable } from 'node:stream';
import { openBytes } from './open-bytes.js';
import { onlyOnce, readError } from './local-source.js';
import type { Compression, InputFormat, OpenSourceOptions, Source } from './source.js';

export const STDIN_NAME = '<stdin>';
/** Format of standard input when none is stated. */
export const DEFAULT_STDIN_FORMAT: InputFormat = 'jsonl';

/** Standard input, or another stream in its place. Can be opened once. */
export class StdinSource implements Source {
  readonly name = STDIN_NAME;
  readonly bytes = undefined;
  readonly version = undefined;
  #opened = false;
  #compression: Compression;

  constructor(
    private readonly stream: Readable,
    readonly format: InputFormat,
    private readonly stated: Compression | 'auto',
  ) {
    this.#compression = stated === 'auto' ? 'none' : stated;
  }

  /** With `auto`: `none` until the first bytes were read. */
  get compression(): Compression {
    return this.#compression;
  }

  open(options: OpenSourceOptions = {}): AsyncIterable<Uint8Array> {
    if (this.#opened) throw onlyOnce(this.name);
    this.#opened = true;
    return openBytes((signal) => this.#read(signal), {
      ...options,
      name: this.name,
      compression: this.stated,
      onCompression: (found) => {
        this.#compression = found;
      },
    });
  }

  async *#read(signal: AbortSignal): AsyncGenerator<Uint8Array> {
    const { stream } = this;
    const stop = (): void => {
      stream.destroy();
    };
    if (signal.aborted) stop();
    else signal.addEventListener('abort', stop, { once: true });
    try {
      for await (const bytes of stream) yield typeof bytes === 'string' ? Buffer.from(bytes) : (bytes as Uint8Array);
    } catch (error) {
      throw readError(error, this.name);
    } finally {
      signal.removeEventListener('abort', stop);
    }
  }
}
