import { PineloadError } from '../base/errors.js';
import { base64OfHex, hexOfBase64 } from './checksum/crc.js';
import { type GcsResource, GcsSession, type SessionSend } from './gcs-session.js';
import type { ObjectInfo, WriteOptions } from './object-store.js';
import { type Part, type PartSink, UploadGone, type Written } from './part-writer.js';
import type { SessionBook } from './session-book.js';

/** What the store lends to the uploads of one object. */
export interface GcsUploadContext {
  /** The object's URI. */
  readonly source: string;
  readonly options: WriteOptions;
  readonly tries: number;
  readonly book: SessionBook;
  /** Begins a session; resolves to its address. */
  begin(): Promise<string>;
  sender(url: string): SessionSend;
  put(bytes: Buffer, crc: string, signal: AbortSignal): Promise<ObjectInfo>;
  head(signal: AbortSignal): Promise<ObjectInfo | undefined>;
  remove(signal: AbortSignal): Promise<void>;
  /** Deletes this version of the object. */
  removeGeneration(generation: string): Promise<void>;
  info(resource: GcsResource, bytes: number): ObjectInfo;
  /** An answer that ends the session's work. */
  readonly refused: (status: number, text: string) => PineloadError;
  readonly explain: (error: unknown) => PineloadError;
}

/** Bytes of a CRC-32C. */
const CRC32C_BYTES = 4;

/**
 * One object on its way to Google Cloud Storage, as a resumable upload when it is more than a part: parts in order, the CRC-32C of the
 * whole with the last one, which the service checks and keeps.
 *
 * A session that was cut off is gone on with by whoever has its address, so that is noted in a local file of the owner's, with the
 * checksum up to each part that was stored. Bytes made again are not sent as long as those checksums are theirs. If they are
 * not, the session is of no use: what is stored of it cannot be replaced.
 */
export class GcsUpload implements PartSink {
  readonly source: string;
  readonly checksum = 'crc32c';
  #send: SessionSend | undefined;
  #session: GcsSession | undefined;
  #result: GcsResource | undefined;
  /** Bytes that the session held when it was taken over, and their known checksums. */
  #reached = 0;
  #marks: ReadonlyMap<number, string> = new Map();

  constructor(private readonly context: GcsUploadContext) {
    this.source = context.source;
  }

  whole(bytes: Buffer, { crc }: Written, signal: AbortSignal): Promise<ObjectInfo> {
    return this.context.put(bytes, crc, signal);
  }

  async begin(signal: AbortSignal): Promise<void> {
    if (this.context.options.resume) await this.#takeOver(signal);
    if (this.#session === undefined) await this.#beginAnew();
  }

  async part(part: Part, signal: AbortSignal): Promise<number> {
    const end = part.offset + part.bytes.length;
    const mark = this.#marks.get(end);
    const other = end <= this.#reached && mark !== undefined && mark !== part.crcToHere;
    if (other || (part.last && end < this.#reached)) await this.#beginOver(part);
    let sent = 0;
    if (end > this.#reached || part.last) {
      const from = Math.min(Math.max(part.offset, this.#reached), end);
      const rest = { ...part, offset: from, bytes: part.bytes.subarray(from - part.offset) };
      this.#result = await this.#ofSession(this.#session!.part(rest, signal, base64OfHex(part.crcToHere)));
      sent = rest.bytes.length;
    }
    if (!part.last && mark !== part.crcToHere) await this.context.book.mark(end, part.crcToHere);
    return sent;
  }

  async finish({ bytes, crc }: Written): Promise<ObjectInfo> {
    await this.context.book.end();
    const result = this.#result ?? {};
    const stored = hexOfBase64(result.crc32c, CRC32C_BYTES);
    if (stored !== undefined && stored !== crc) {
      if (result.generation !== undefined) await this.context.removeGeneration(String(result.generation));
      throw new PineloadError('CHECKSUM_MISMATCH', { source: this.source, expected: crc, got: stored });
    }
    return this.context.info(result, bytes);
  }

  stored(signal: AbortSignal): Promise<ObjectInfo | undefined> {
    return this.context.head(signal);
  }

  isSame(stored: ObjectInfo, { bytes, crc }: Written): boolean {
    return stored.bytes === bytes && stored.checksums?.crc32c === crc;
  }

  remove(signal: AbortSignal): Promise<void> {
    return this.context.remove(signal);
  }

  /** A session that is given up shows nothing and ends by itself after a week; telling the server is a courtesy. */
  async discard(): Promise<void> {
    await this.context.book.end();
    const { signal } = new AbortController();
    await this.#send?.({ method: 'DELETE', headers: {}, body: undefined, signal });
  }

  explain(error: unknown): PineloadError {
    return this.context.explain(error);
  }

  async #takeOver(signal: AbortSignal): Promise<void> {
    const { book, tries } = this.context;
    const noted = await book.take();
    if (noted === undefined || noted.terms !== this.#terms()) return;
    const session = this.#open(noted.url);
    for (let attempt = 1; attempt <= tries; attempt++) {
      let reached: number | GcsResource | undefined;
      try {
        reached = await session.reached('*', signal);
      } catch (error) {
        // It is finished, has expired or was dropped.
        if (signal.aborted) throw error;
        return;
      }
      if (typeof reached === 'object') return;
      if (reached === undefined) continue;
      this.#session = session;
      this.#reached = reached;
      this.#marks = noted.marks;
      return;
    }
  }

  async #beginAnew(): Promise<void> {
    const url = await this.context.begin();
    this.#session = this.#open(url);
    this.#reached = 0;
    this.#marks = new Map();
    await this.context.book.begin(url, this.#terms());
  }

  /** What is stored is not what is made now: with the first part still in hand all can be sent, later on it is too late. */
  async #beginOver({ offset }: Part): Promise<void> {
    await this.discard();
    if (offset === 0) return this.#beginAnew();
    throw new PineloadError('STORE_TEMPORARY', {
      source: this.source,
      message: 'what an upload that was cut off had stored is not what is written now, and has been dropped',
      hint: 'Run it again: it is written from its first byte.',
    });
  }

  #open(url: string): GcsSession {
    const { tries, refused, explain } = this.context;
    this.#send = this.context.sender(url);
    return new GcsSession(this.#send, tries, refused, explain);
  }

  #terms(): string {
    const { contentType, metadata, ifAbsent } = this.context.options;
    return JSON.stringify([contentType, metadata, ifAbsent ?? false]);
  }

  /** A session that is not known any more was finished or dropped by someone else who went on with it. */
  async #ofSession<T>(request: Promise<T>): Promise<T> {
    try {
      return await request;
    } catch (error) {
      if (error instanceof PineloadError && error.got === SESSION_GONE) throw new UploadGone();
      throw error;
    }
  }
}

/** `got` of the error for a session that the server does not know. */
export const SESSION_GONE = 'no such session';
