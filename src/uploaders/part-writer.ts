import { setMaxListeners } from 'node:events';
import { abortError, throwIfAborted } from '../base/abort.js';
import { PineloadError } from '../base/errors.js';
import { Crc, type CrcName, emptyCrc, joinCrc } from './checksum/crc.js';
import type { Checksums, ObjectInfo, ObjectWriter, WriteOptions } from './object-store.js';
import type { PartBuffers } from './part-buffers.js';

/** What a provider does with the parts of one object. All bytes are valid only until the call's promise settles. */
export interface PartSink {
  /** The object's URI, without credentials. */
  readonly source: string;
  /** The checksum that is taken of every part and of the whole; undefined where the store knows none. */
  readonly checksum: CrcName | undefined;
  /** An object of a single part, in one request. */
  whole(bytes: Buffer, written: Written, signal: AbortSignal): Promise<ObjectInfo>;
  /** Called once, before the first part. */
  begin(signal: AbortSignal): Promise<void>;
  /** Resolves to the bytes that had to be sent: none, or fewer, when an earlier, interrupted write had brought them. */
  part(part: Part, signal: AbortSignal): Promise<number>;
  /** Makes the object visible. */
  finish(written: Written, signal: AbortSignal): Promise<ObjectInfo>;
  /** The object of this key that everybody sees now. */
  stored(signal: AbortSignal): Promise<ObjectInfo | undefined>;
  /** Does it hold what was written here? */
  isSame(stored: ObjectInfo, written: Written): boolean;
  /** Deletes the visible object. */
  remove(signal: AbortSignal): Promise<void>;
  /** Drops what was sent. Called after every request has ended, only when `begin` was called. */
  discard(): Promise<void>;
  /** Turns what a request threw into a PineloadError. */
  explain(error: unknown): PineloadError;
}

export interface Part {
  /** From 0. */
  readonly index: number;
  /** The part's first byte in the object. */
  readonly offset: number;
  /** Every part but the last has exactly `partBytes`. */
  readonly bytes: Buffer;
  readonly last: boolean;
  /** The sink's checksum of this part, and of the object up to its end; hex, `''` without one. */
  readonly crc: string;
  readonly crcToHere: string;
}

/** All that was written. */
export interface Written {
  readonly parts: number;
  readonly bytes: number;
  /** The sink's checksum of the object; hex, `''` without one. */
  readonly crc: string;
}

/** Thrown by a sink when another writer has finished the object or dropped the upload. */
export class UploadGone extends Error {}

/** What the writers of one store know of each other. */
export interface StoreHealth {
  /** A write has failed for a reason that may pass: what the others have stored is left for the run that goes on. */
  failing: boolean;
}

export interface PartWriterOptions extends Pick<
  WriteOptions,
  'checksums' | 'expectedBytes' | 'onPart' | 'onTheWay' | 'resume' | 'signal'
> {
  readonly buffers: PartBuffers;
  readonly partsInFlight: number;
  readonly health: StoreHealth;
}

/** A part that the store received with another checksum was damaged on the way, and is sent so often. */
const CHECKSUM_TRIES = 3;

/**
 * Cuts a stream of bytes into parts of one size and keeps several of them on the way. Holds at most
 * `partBytes × (partsInFlight + 1)` bytes, in buffers that the writers of a store share.
 *
 * Whole parts go out as one Buffer each: the SDKs' own stream uploaders keep the small chunks they are fed, 3.6 GB of memory
 * for 400 MB in one report (aws-sdk-js-v3 #8286), and a Buffer can be sent again when a request fails.
 *
 * Checksums are taken of the bytes as they are handed in, before they are copied, so that whatever happens to them from here on shows;
 * the whole object's is put together from those of the parts.
 *
 * An object that another writer finishes first is a success if its size and checksum are those of the bytes written here: a job that
 * was started again and its forerunner that did not die write the same.
 *
 * When the run is stopped or the store fails for now, the parts stay, for the run that goes on; in all other cases they are dropped.
 */
export class PartWriter implements ObjectWriter {
  readonly #stop = new AbortController();
  readonly #inFlight = new Set<Promise<void>>();
  readonly #onAbort = () => this.#stop.abort();
  readonly #more: readonly Crc[];
  #crc: Crc | undefined;
  #crcToHere: string;
  #buffer: Buffer | undefined;
  #filled = 0;
  #parts = 0;
  #bytes = 0;
  #sent = 0;
  #begun = false;
  /** A finished object that is there from an earlier run: nothing is sent as long as it may be the same. */
  #held: ObjectInfo | undefined;
  #gone = false;
  #failure: PineloadError | undefined;
  #state: 'open' | 'closed' | 'aborted' = 'open';

  constructor(
    private readonly sink: PartSink,
    private readonly options: PartWriterOptions,
  ) {
    const { checksum } = sink;
    this.#crc = checksum === undefined ? undefined : new Crc(checksum);
    this.#crcToHere = checksum === undefined ? '' : emptyCrc(checksum);
    this.#more = [...new Set(options.checksums)].filter((name) => name !== checksum).map((name) => new Crc(name));
    // One signal stops all the writers of a run, and more than ten of them are no leak.
    if (options.signal !== undefined) setMaxListeners(0, options.signal);
    options.signal?.addEventListener('abort', this.#onAbort, { once: true });
    if (options.signal?.aborted) this.#stop.abort();
  }

  get checksum(): CrcName | undefined {
    return this.sink.checksum;
  }

  async write(bytes: Uint8Array): Promise<void> {
    await this.#guarded(async () => {
      for (let at = 0; at < bytes.length;) {
        // A full buffer goes out only when more follows, so that the last part is never an empty one.
        if (this.#filled === this.options.buffers.partBytes) await this.#ship(false);
        const taken = this.#room(bytes.length - at);
        const piece = bytes.subarray(at, at + taken);
        this.#check(piece);
        this.#buffer!.set(piece, this.#filled);
        this.#filled += taken;
        at += taken;
      }
    });
  }

  async fill(most: number, read: (target: Uint8Array) => Promise<number>): Promise<number> {
    let got = 0;
    await this.#guarded(async () => {
      if (this.#filled === this.options.buffers.partBytes) await this.#ship(false);
      const taken = this.#room(most);
      const target = this.#buffer!.subarray(this.#filled, this.#filled + taken);
      got = await read(target);
      const piece = target.subarray(0, got);
      this.#check(piece);
      this.#filled += got;
    });
    return got;
  }

  async close(): Promise<ObjectInfo> {
    const info = await this.#guarded(async () => {
      if (this.#parts === 0) return this.#whole();
      await this.#ship(true);
      await Promise.all(this.#inFlight);
      if (this.#failure !== undefined) throw this.#failure;
      if (this.#held !== undefined) return this.#heldIfSame(this.#held);
      if (this.#gone) return this.#storedIfSame();
      try {
        return await this.sink.finish(this.#written(), this.#stop.signal);
      } catch (error) {
        return this.#storedIfSame(error);
      }
    });
    this.#state = 'closed';
    if (this.#buffer !== undefined) this.options.buffers.giveBack(this.#buffer);
    this.#release();
    const { checksum } = this.sink;
    const checksums: Checksums = {
      ...info.checksums,
      ...(checksum === undefined ? {} : { [checksum]: this.#crcToHere }),
      ...Object.fromEntries(this.#more.map((crc) => [crc.name, crc.hex()])),
    };
    return { ...info, checksums, sentBytes: this.#sent };
  }

  async abort(): Promise<void> {
    if (this.#state !== 'open') return;
    this.#state = 'aborted';
    this.#stop.abort();
    this.#release();
    // A part that arrives after the upload was dropped would stay behind, so every request ends first.
    await Promise.allSettled(this.#inFlight);
    const goesOn = this.options.signal?.aborted === true || this.options.health.failing;
    if (this.#begun && !this.#gone && !goesOn) await this.sink.discard().catch(() => undefined);
  }

  /** Runs a step of the upload; whatever goes wrong in it or in a part under way ends the upload. */
  async #guarded<T>(step: () => Promise<T>): Promise<T> {
    if (this.#state !== 'open') {
      throw this.#failure ?? new PineloadError('UNEXPECTED', { message: `the writer is ${this.#state} already` });
    }
    try {
      throwIfAborted(this.options.signal);
      if (this.#failure !== undefined) throw this.#failure;
      return await step();
    } catch (error) {
      this.#fail(error);
      await this.abort();
      throw this.#failure!;
    }
  }

  #fail(error: unknown): void {
    this.#failure ??= this.sink.explain(error);
    if (this.#failure.retryable) this.options.health.failing = true;
  }

  /** Makes sure that the buffer takes more bytes; how many of `wanted`. */
  #room(wanted: number): number {
    const { buffers, expectedBytes = 0 } = this.options;
    // Beyond the first part, parts are full as a rule.
    const first = this.#parts > 0 ? buffers.partBytes : expectedBytes;
    this.#buffer ??= buffers.take(first);
    if (this.#filled + wanted > this.#buffer.length && this.#buffer.length < buffers.partBytes) {
      const grown = buffers.take(this.#filled + wanted);
      this.#buffer.copy(grown, 0, 0, this.#filled);
      buffers.giveBack(this.#buffer);
      this.#buffer = grown;
    }
    return Math.min(wanted, this.#buffer.length - this.#filled);
  }

  /** Takes bytes of the part in the buffer into the checksums. */
  #check(bytes: Uint8Array): void {
    Crc.updateAll(this.#crc === undefined ? this.#more : [this.#crc, ...this.#more], bytes);
  }

  #contents(): Buffer {
    return this.#buffer?.subarray(0, this.#filled) ?? Buffer.alloc(0);
  }

  #written(): Written {
    return { parts: this.#parts, bytes: this.#bytes, crc: this.#crcToHere };
  }

  /** Ends the checksum of the part in the buffer and adds it to the object's. */
  #endPart(): string {
    const { checksum } = this.sink;
    const crc = this.#crc?.hex() ?? '';
    if (checksum !== undefined) {
      this.#crcToHere = this.#parts === 0 ? crc : joinCrc(checksum, this.#crcToHere, crc, this.#filled);
      this.#crc = new Crc(checksum);
    }
    this.#parts++;
    this.#bytes += this.#filled;
    return crc;
  }

  async #whole(): Promise<ObjectInfo> {
    const { signal } = this.#stop;
    const bytes = this.#contents();
    this.#endPart();
    const written = this.#written();
    if (this.options.resume === true) {
      const before = await this.sink.stored(signal);
      if (before !== undefined && this.sink.isSame(before, written)) return before;
    }
    try {
      const info = await this.#repeated(() => this.sink.whole(bytes, written, signal));
      this.#sent += bytes.length;
      return info;
    } catch (error) {
      return this.#storedIfSame(error);
    }
  }

  async #ship(last: boolean): Promise<void> {
    const { signal } = this.#stop;
    if (!this.#begun && this.#held === undefined) {
      const before = this.options.resume === true ? await this.sink.stored(signal) : undefined;
      if (before !== undefined && hasChecksum(before, this.sink.checksum)) {
        this.#held = before;
      } else {
        this.#begun = true;
        await this.sink.begin(signal);
      }
    }
    while (this.#inFlight.size >= this.options.partsInFlight) await Promise.race(this.#inFlight);
    const sends = this.#held === undefined && !this.#gone;
    const release = sends ? await this.options.onTheWay?.take(1) : undefined;
    if (this.#failure !== undefined || signal.aborted) {
      release?.();
      throw this.#failure ?? abortError(signal);
    }
    const buffer = this.#buffer!;
    const bytes = this.#contents();
    const offset = this.#bytes;
    const index = this.#parts;
    const crc = this.#endPart();
    this.#buffer = undefined;
    this.#filled = 0;
    if (this.#held !== undefined || this.#gone) {
      release?.();
      this.options.buffers.giveBack(buffer);
      return;
    }
    const part: Part = { index, offset, bytes, last, crc, crcToHere: this.#crcToHere };
    const sending = this.#repeated(() => this.sink.part(part, signal)).then(
      (sent) => {
        this.#sent += sent;
        this.options.onPart?.(bytes.length, sent);
        this.options.buffers.giveBack(buffer);
      },
      (error: unknown) => {
        if (error instanceof UploadGone || this.sink.explain(error).code === 'OBJECT_EXISTS') {
          this.#gone = true;
          this.options.buffers.giveBack(buffer);
          return;
        }
        // Requests that `abort` itself cuts off are no failure.
        if (this.#state === 'open') this.#fail(error);
        this.#stop.abort();
      },
    );
    this.#inFlight.add(sending);
    void sending.then(() => {
      this.#inFlight.delete(sending);
      release?.();
    });
  }

  /** Sends again what arrived damaged. */
  async #repeated<T>(send: () => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await send();
      } catch (error) {
        if (error instanceof UploadGone || attempt >= CHECKSUM_TRIES) throw error;
        const explained = this.sink.explain(error);
        if (explained.code !== 'CHECKSUM_MISMATCH') throw explained;
      }
    }
  }

  /** The object from an earlier run, if what was written now is the same. It was taken for that, so the bytes are gone if not. */
  async #heldIfSame(held: ObjectInfo): Promise<ObjectInfo> {
    if (this.sink.isSame(held, this.#written())) return held;
    await this.sink.remove(this.#stop.signal);
    throw new PineloadError('STORE_TEMPORARY', {
      source: this.sink.source,
      message: 'the object that an earlier run left is not what is written now, and has been removed',
      hint: 'Run it again: it is written anew.',
    });
  }

  /** Another writer was first, or so it seems: a success if it wrote the same. */
  async #storedIfSame(error?: unknown): Promise<ObjectInfo> {
    if (error !== undefined && !(error instanceof UploadGone)) {
      const explained = this.sink.explain(error);
      if (explained.code !== 'OBJECT_EXISTS') throw explained;
    }
    const { signal } = this.#stop;
    const stored = await this.sink.stored(signal);
    if (stored !== undefined && this.sink.isSame(stored, this.#written())) return stored;
    if (stored === undefined) {
      throw new PineloadError('STORE_TEMPORARY', {
        source: this.sink.source,
        message: 'the upload is gone: another writer has dropped it, or it has expired',
        hint: 'See that only one run writes here, then run it again.',
      });
    }
    const { checksum } = this.sink;
    const told = (bytes: number, crc: string | undefined) => `${bytes} bytes${crc ? `, ${checksum} ${crc}` : ''}`;
    throw new PineloadError('OBJECT_EXISTS', {
      source: this.sink.source,
      message:
        checksum === undefined
          ? 'another writer was first, and without checksums it cannot be told that it wrote the same'
          : 'another writer was first, and what it wrote is something else',
      expected: told(this.#bytes, this.#crcToHere),
      got: told(stored.bytes, checksum === undefined ? undefined : stored.checksums?.[checksum]),
    });
  }

  #release(): void {
    this.options.signal?.removeEventListener('abort', this.#onAbort);
    this.#buffer = undefined;
  }
}

function hasChecksum(info: ObjectInfo, name: CrcName | undefined): boolean {
  return name !== undefined && info.checksums?.[name] !== undefined;
}
