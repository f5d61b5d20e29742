import { setMaxListeners } from 'node:events';
import { throwIfAborted } from '../base/abort.js';
import { PineloadError } from '../base/errors.js';
import type { ObjectInfo, ObjectWriter } from './object-store.js';

/** What a provider does with the parts of one object. All bytes are valid only until the call's promise settles. */
export interface PartSink {
  /** An object of a single part, in one request. */
  whole(bytes: Buffer, signal: AbortSignal): Promise<ObjectInfo>;
  /** Called once, before the first part. */
  begin(signal: AbortSignal): Promise<void>;
  /** `index` counts from 0; `offset` is the part's first byte. Every part but the last has exactly `partBytes`. */
  part(part: Part, signal: AbortSignal): Promise<void>;
  /** Makes the object visible. `count` parts, `bytes` bytes. */
  finish(count: number, bytes: number, signal: AbortSignal): Promise<ObjectInfo>;
  /** Drops what was sent. Called after every request has ended, only when `begin` was called. */
  discard(): Promise<void>;
  /** Turns what a request threw into a PineloadError. */
  explain(error: unknown): PineloadError;
}

export interface Part {
  readonly index: number;
  readonly offset: number;
  readonly bytes: Buffer;
  readonly last: boolean;
}

export interface PartWriterOptions {
  readonly partBytes: number;
  readonly partsInFlight: number;
  readonly signal?: AbortSignal | undefined;
}

/** A buffer that may stay small starts at this size and doubles: 10,000 namespaces would not hold 16 MiB each. */
const FIRST_BUFFER_BYTES = 64 * 1024;

/**
 * Cuts a stream of bytes into parts of one size and keeps several of them on the way. Holds at most
 * `partBytes × (partsInFlight + 1)` bytes; buffers of sent parts are used again.
 *
 * Whole parts go out as one Buffer each: the SDKs' own stream uploaders keep the small chunks they are fed, 3.6 GB of memory
 * for 400 MB in one report (aws-sdk-js-v3 #8286), and a Buffer can be sent again when a request fails.
 */
export class PartWriter implements ObjectWriter {
  readonly #stop = new AbortController();
  readonly #inFlight = new Set<Promise<void>>();
  readonly #free: Buffer[] = [];
  readonly #onAbort = () => this.#stop.abort();
  #buffer: Buffer | undefined;
  #filled = 0;
  #parts = 0;
  #sent = 0;
  #begun = false;
  #failure: PineloadError | undefined;
  #state: 'open' | 'closed' | 'aborted' = 'open';

  constructor(
    private readonly sink: PartSink,
    private readonly options: PartWriterOptions,
  ) {
    // One signal stops all the writers of a run, and more than ten of them are no leak.
    if (options.signal !== undefined) setMaxListeners(0, options.signal);
    options.signal?.addEventListener('abort', this.#onAbort, { once: true });
    if (options.signal?.aborted) this.#stop.abort();
  }

  async write(bytes: Uint8Array): Promise<void> {
    await this.#guarded(async () => {
      for (let at = 0; at < bytes.length;) {
        // A full buffer goes out only when more follows, so that the last part is never an empty one.
        if (this.#filled === this.options.partBytes) await this.#ship(false);
        const taken = this.#room(bytes.length - at);
        this.#buffer!.set(bytes.subarray(at, at + taken), this.#filled);
        this.#filled += taken;
        at += taken;
      }
    });
  }

  async close(): Promise<ObjectInfo> {
    const info = await this.#guarded(async () => {
      const { signal } = this.#stop;
      if (this.#parts === 0) return this.sink.whole(this.#contents(), signal);
      await this.#ship(true);
      await Promise.all(this.#inFlight);
      if (this.#failure !== undefined) throw this.#failure;
      return this.sink.finish(this.#parts, this.#sent, signal);
    });
    this.#state = 'closed';
    this.#release();
    return info;
  }

  async abort(): Promise<void> {
    if (this.#state !== 'open') return;
    this.#state = 'aborted';
    this.#stop.abort();
    this.#release();
    // A part that arrives after the upload was dropped would stay behind, so every request ends first.
    await Promise.allSettled(this.#inFlight);
    if (this.#begun) await this.sink.discard().catch(() => undefined);
  }

  /** Runs a step of the upload; whatever goes wrong in it or in a part under way drops the upload. */
  async #guarded<T>(step: () => Promise<T>): Promise<T> {
    if (this.#state !== 'open') {
      throw this.#failure ?? new PineloadError('UNEXPECTED', { message: `the writer is ${this.#state} already` });
    }
    try {
      throwIfAborted(this.options.signal);
      if (this.#failure !== undefined) throw this.#failure;
      return await step();
    } catch (error) {
      this.#failure ??= this.sink.explain(error);
      await this.abort();
      throw this.#failure;
    }
  }

  /** Makes sure that the buffer takes more bytes; how many of `wanted`. */
  #room(wanted: number): number {
    const { partBytes } = this.options;
    this.#buffer ??= this.#free.pop() ?? Buffer.allocUnsafeSlow(Math.min(FIRST_BUFFER_BYTES, partBytes));
    if (this.#filled + wanted > this.#buffer.length && this.#buffer.length < partBytes) {
      let size = this.#buffer.length;
      while (size < partBytes && size < this.#filled + wanted) size *= 2;
      // Beyond the first part, parts are full as a rule.
      const grown = Buffer.allocUnsafeSlow(this.#parts > 0 ? partBytes : Math.min(size, partBytes));
      this.#buffer.copy(grown, 0, 0, this.#filled);
      this.#buffer = grown;
    }
    return Math.min(wanted, this.#buffer.length - this.#filled);
  }

  #contents(): Buffer {
    return this.#buffer?.subarray(0, this.#filled) ?? Buffer.alloc(0);
  }

  async #ship(last: boolean): Promise<void> {
    const { signal } = this.#stop;
    if (!this.#begun) {
      this.#begun = true;
      await this.sink.begin(signal);
    }
    while (this.#inFlight.size >= this.options.partsInFlight) await Promise.race(this.#inFlight);
    if (this.#failure !== undefined) throw this.#failure;
    const buffer = this.#buffer!;
    const part: Part = { index: this.#parts, offset: this.#sent, bytes: this.#contents(), last };
    this.#parts++;
    this.#sent += part.bytes.length;
    this.#buffer = undefined;
    this.#filled = 0;
    const sending = this.sink.part(part, signal).then(
      () => {
        this.#free.push(buffer);
      },
      (error: unknown) => {
        // Requests that `abort` itself cuts off are no failure.
        if (this.#state === 'open') this.#failure ??= this.sink.explain(error);
        this.#stop.abort();
      },
    );
    this.#inFlight.add(sending);
    void sending.then(() => this.#inFlight.delete(sending));
  }

  #release(): void {
    this.options.signal?.removeEventListener('abort', this.#onAbort);
    this.#buffer = undefined;
    this.#free.length = 0;
  }
}
