import type { RequestPace } from './request-pace.js';

/**
 * Checksums of a whole object, in lower-case hex, most significant byte first. `crc64nvme` is CRC-64/NVME, which S3 and Azure (as
 * "CRC64") keep to; `crc32c` is what Google Cloud Storage keeps for every object.
 */
export interface Checksums {
  readonly crc64nvme?: string | undefined;
  readonly crc32c?: string | undefined;
}

export type ChecksumName = keyof Checksums;

/** What a store says of an object. */
export interface ObjectInfo {
  /** Relative to the store's root, with `/` between parts. */
  readonly key: string;
  readonly bytes: number;
  /** Opaque version mark, where the store has one: ETag, generation, or mtime for local files. */
  readonly etag?: string | undefined;
  /**
   * From `head`: what the store reports. From a write: what was computed over the bytes given, which the store has
   * confirmed as far as it can. Empty or absent where the store has none (local directories).
   */
  readonly checksums?: Checksums | undefined;
  /** From a write: bytes that were sent for it, less than `bytes` when an earlier write that was cut off had stored some. */
  readonly sentBytes?: number | undefined;
  /** What the writer noted beside the object. From `head`; a listing gives it only where that costs no further request. */
  readonly metadata?: Readonly<Record<string, string>> | undefined;
}

export interface ReadOptions {
  /** First byte, 0 by default. */
  readonly start?: number | undefined;
  /** Byte after the last one; to the end by default. */
  readonly end?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** An object held open: many ranges are read without finding it anew, into memory that is used again and again. */
export interface OpenObject {
  /** Its size when it was opened. */
  readonly bytes: number;
  /** Fills `target` with the bytes from `start` on. Resolves to how many there were, fewer only at the object's end. */
  read(target: Uint8Array, start: number): Promise<number>;
  close(): Promise<void>;
}

/** Something that there is only so much of: `take` resolves when its turn has come, to the function that gives it back. */
export interface Turns {
  take(amount: number): Promise<() => void>;
}

export interface WriteOptions {
  /** Refuse with `OBJECT_EXISTS` if there is an object of that key when the write becomes visible. */
  readonly ifAbsent?: boolean | undefined;
  readonly contentType?: string | undefined;
  /** `create` only: how many bytes will come, where that is known; a hint for the room that is made. Default: it shows. */
  readonly expectedBytes?: number | undefined;
  /** Checksums that the write is to compute besides those its store needs; found in the ObjectInfo it ends in. Default: none. */
  readonly checksums?: readonly ('crc64nvme' | 'crc32c')[] | undefined;
  /**
   * `create` only: the bytes are those of an earlier write of this key that may have been cut off. What is stored of it and
   * hashes the same is not sent again: with `parts`, of one that was not finished; with true, of the finished object too (a question
   * for every object, and its word is taken for all bytes but the last). Default false.
   */
  readonly resume?: boolean | 'parts' | undefined;
  /**
   * `create` only: told of each part that the store has, and how many of its bytes were sent for that: none where it had them already.
   * Only of objects that are sent in parts.
   */
  readonly onPart?: ((bytes: number, sent: number) => void) | undefined;
  /** `create` only: parts that several writers together may have on the way at once, shared by them. Default: each its store's number. */
  readonly onTheWay?: Turns | undefined;
  /**
   * Short notes kept beside the object; local directories keep none. Names are lower-case ASCII letters and digits only: Azure takes
   * no hyphen, some proxies drop header names with an underscore.
   */
  readonly metadata?: Readonly<Record<string, string>> | undefined;
  /** `put` only: SHA-256 of the bytes in lower-case hex, from who knows it already. Default: computed where it is needed. */
  readonly sha256?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * An object being written. Nothing is to be seen under its key before `close` has resolved; a process that dies before
 * leaves no object. The bytes of a `write` must not change until it has resolved: then they are written or copied, and the
 * writer can take more (back-pressure).
 */
export interface ObjectWriter {
  /** Taken of everything that is written, whether it was asked for or not. */
  readonly checksum?: ChecksumName | undefined;
  write(bytes: Uint8Array): Promise<void>;
  /** Writes pieces that follow one another, with one call of the system. Only writers that gain by it have this. */
  writeAll?(pieces: readonly Uint8Array[]): Promise<void>;
  /**
   * Lets `read` put bytes where they will be sent from, which saves copying them. It is given room for at most `most` bytes, as much as
   * there is, and resolves to how many it has put there; 0 when there are no more. Only writers that gain by it have this.
   */
  fill?(most: number, read: (target: Uint8Array) => Promise<number>): Promise<number>;
  close(): Promise<ObjectInfo>;
  /** Drops what was written. Never throws; does nothing after `close` has resolved. */
  abort(): Promise<void>;
}

/** After so many days; GCS counts them from the beginning of an upload, Azure from the last block of it that was sent. */
export interface UnfinishedExpiry {
  readonly days: number;
  readonly since: 'begun' | 'last-part';
}

/** An upload that was begun and neither finished nor dropped; its parts are stored, invisibly, and paid for. */
export interface UnfinishedUpload {
  readonly key: string;
  readonly begun: Date;
  /** Drops what is stored of it. Does nothing when it has been finished or dropped since. */
  drop(signal?: AbortSignal): Promise<void>;
}

/**
 * A directory in a store: local, S3, Google Cloud Storage or Azure Blob Storage. Keys are relative to it, never begin
 * with `/` and never hold `.` or `..` as a part (refused with `URI_INVALID`). Failures are PineloadErrors: STORE_CREDENTIALS,
 * STORE_NOT_FOUND, OBJECT_NOT_FOUND, STORE_FULL, STORE_REFUSED, STORE_TEMPORARY.
 */
export interface ObjectStore {
  /** The root as the user would write it, ending in `/`, without credentials. For local stores an absolute path. */
  readonly uri: string;
  readonly scheme: 'file' | 's3' | 'gs' | 'azure';
  /** Longest key in bytes that fits below this root, and longest single part of a key. */
  readonly maxKeyBytes: number;
  readonly maxPartBytes: number;
  /** Size in bytes of every part but the last of the objects it writes; undefined where nothing is sent in parts (local). */
  readonly partBytes?: number | undefined;
  /** When the service drops by itself what was not finished, where it does not tell of it. */
  readonly unfinishedExpiry?: UnfinishedExpiry | undefined;
  /** Every object whose key begins with `prefix` (relative; `''` for all), in key order where the store has one. */
  list(prefix: string, options?: { readonly signal?: AbortSignal | undefined }): AsyncIterable<ObjectInfo>;
  /** Undefined when there is no such object. */
  head(key: string, signal?: AbortSignal): Promise<ObjectInfo | undefined>;
  /** The object's bytes as they come. Throws OBJECT_NOT_FOUND. */
  read(key: string, options?: ReadOptions): AsyncIterable<Uint8Array>;
  /** Opens an object to be read at any place into the caller's own memory; only stores that gain by it have this. */
  openRead?(key: string): Promise<OpenObject>;
  create(key: string, options?: WriteOptions): Promise<ObjectWriter>;
  /** Small objects in one go. */
  put(key: string, bytes: Uint8Array, options?: WriteOptions): Promise<ObjectInfo>;
  /** Uploads below this root that were begun and never finished, where the service tells of them (S3). */
  unfinished?(options?: { readonly signal?: AbortSignal | undefined }): AsyncIterable<UnfinishedUpload>;
  /** Does nothing when there is no such object. */
  delete(key: string, signal?: AbortSignal): Promise<void>;
  close(): Promise<void>;
}

/** How to reach a store; credentials come from each provider's default chain. */
export interface StoreOptions {
  /** S3-compatible or Azure endpoint, or a GCS API endpoint, e.g. `http://127.0.0.1:9000`. */
  readonly endpoint?: string | undefined;
  /** S3 region. */
  readonly region?: string | undefined;
  /** S3: bucket in the path instead of the host name. Default: true when an endpoint is given. */
  readonly forcePathStyle?: boolean | undefined;
  /** Requests without credentials, for public buckets. */
  readonly anonymous?: boolean | undefined;
  /** Size of a part of a multipart, resumable or block upload in bytes. Default DEFAULT_PART_BYTES. */
  readonly partBytes?: number | undefined;
  /** Parts of one object under way at once. Default DEFAULT_PARTS_IN_FLIGHT. */
  readonly partsInFlight?: number | undefined;
  /** Tries of one request, the first included. Default DEFAULT_STORE_TRIES. */
  readonly tries?: number | undefined;
  /** Requests at once and bandwidth, shared by all stores it is given to. Default: a pace of its own. */
  readonly pace?: RequestPace | undefined;
  /**
   * S3: `default` sends the CRC-64 of every part and of the whole and checks what is read by the checksum that the store keeps; `none`
   * does with MD5, for S3-compatible stores that do not know those headers. Azure: the same for blocks; `none` is the default for
   * an endpoint on this machine, where an emulator is.
   */
  readonly checksums?: 'default' | 'none' | undefined;
  /** GCS: where the addresses of upload sessions are kept, readable by their owner only. Default: defaultSessionDirectory(). */
  readonly sessionDirectory?: string | undefined;
  /** Keys asked for with one request of a listing. Default: as many as the service gives (S3 and GCS 1,000, Azure 5,000). */
  readonly listPage?: number | undefined;
}

/** 16 MiB: 10 GB files stay far below every provider's limit on parts (10,000; Azure 50,000). */
export const DEFAULT_PART_BYTES = 16 * 1024 * 1024;
export const DEFAULT_PARTS_IN_FLIGHT = 2;
/** With the pauses between them about 13 s on average, up to 25 s: a link that breaks comes back, and a store that throttles recovers. */
export const DEFAULT_STORE_TRIES = 8;
