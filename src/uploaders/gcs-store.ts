import type { File, FileMetadata, Storage } from '@google-cloud/storage';
import { throwIfAborted } from '../base/abort.js';
import { type ErrorCode, PineloadError } from '../base/errors.js';
import { checkedRead } from './checksum/checked-read.js';
import { googleStorage } from './cjs-packages.js';
import { Crc, base64OfHex, hexOfBase64 } from './checksum/crc.js';
import type { GcsResource, SessionSend } from './gcs-session.js';
import { GcsUpload, SESSION_GONE } from './gcs-upload.js';
import { GcsHttp, textOf } from './gcs-http.js';
import { MAX_CLOUD_KEY_BYTES, checkKey } from './keys.js';
import {
  DEFAULT_PART_BYTES,
  DEFAULT_STORE_TRIES,
  type ObjectInfo,
  type ObjectStore,
  type ObjectWriter,
  type ReadOptions,
  type StoreOptions,
  type WriteOptions,
} from './object-store.js';
import { PartBuffers } from './part-buffers.js';
import { PartWriter, type StoreHealth } from './part-writer.js';
import { LONGEST_PAUSE_MS, pauseBeforeRetry } from './pause.js';
import { type OpenedRead, resumingRead } from './resuming-read.js';
import { RequestPace } from './request-pace.js';
import { SESSION_DAYS, SessionBook, defaultSessionDirectory } from './session-book.js';
import { explainFault, networkCode } from './store-errors.js';
import { type Target, isLoopback } from './uri.js';
import { WRITE_TOKEN, newWriteToken } from './write-token.js';

const sdk = googleStorage();

/** GCS: chunks of a resumable upload are multiples of 256 KiB. https://cloud.google.com/storage/docs/performing-resumable-uploads#chunked-upload */
export const GCS_CHUNK_UNIT = 256 * 1024;
/** Chunks of one session go one after the other. */
const GCS_PARTS_IN_FLIGHT = 1;

const CREDENTIALS_HINT =
  'Google credentials come from Application Default Credentials (GOOGLE_APPLICATION_CREDENTIALS, gcloud auth application-default login, workload identity or the metadata server) and need the role Storage Object User.';

/** Reasons in GCS answers. https://cloud.google.com/storage/docs/json_api/v1/status-codes */
const CODES: Readonly<Record<string, ErrorCode>> = {
  conditionNotMet: 'OBJECT_EXISTS',
  invalid_grant: 'STORE_CREDENTIALS',
  NO_CREDENTIALS: 'STORE_CREDENTIALS',
  CONTENT_DOWNLOAD_MISMATCH: 'CHECKSUM_MISMATCH',
  FILE_NO_UPLOAD: 'CHECKSUM_MISMATCH',
  HASH_MISMATCH: 'CHECKSUM_MISMATCH',
};

/** Opens a directory in a Google Cloud Storage bucket, or in an emulator's (`endpoint`, or STORAGE_EMULATOR_HOST). */
export async function openGcsStore(target: Target, options: StoreOptions): Promise<ObjectStore> {
  // With this variable set the SDK drops /storage/v1 from its paths, which servers do not serve.
  const emulator = process.env['STORAGE_EMULATOR_HOST'];
  delete process.env['STORAGE_EMULATOR_HOST'];
  try {
    const endpoint = options.endpoint ?? (emulator === undefined || emulator === '' ? undefined : withScheme(emulator));
    const anonymous = options.anonymous === true || (endpoint !== undefined && isLoopback(endpoint));
    const tries = options.tries ?? DEFAULT_STORE_TRIES;
    const pace = options.pace ?? new RequestPace();
    const storage = new sdk.Storage({
      // Credentials are left out for an endpoint that is not the SDK's own word for the public one: hence the slash.
      ...(endpoint !== undefined || anonymous ? { apiEndpoint: endpoint ?? 'https://storage.googleapis.com/' } : {}),
      useAuthWithCustomEndpoint: !anonymous,
      ...(anonymous ? { projectId: 'anonymous' } : {}),
      retryOptions: {
        autoRetry: tries > 1,
        maxRetries: tries - 1,
        maxRetryDelay: LONGEST_PAUSE_MS / 1000,
        // Every request here may be repeated: what it writes is the same again, and conditional writes are recognised by a mark.
        idempotencyStrategy: sdk.IdempotencyStrategy.RetryAlways,
        retryableErrorFn: (error) => {
          const { status } = faultOf(error);
          pace.saw(status === undefined ? { broken: networkCode(error) ?? 'no answer' } : { status });
          return isTemporary(error);
        },
      },
    });
    return new GcsStore(target, options, storage, anonymous, pace);
  } finally {
    if (emulator !== undefined) process.env['STORAGE_EMULATOR_HOST'] = emulator;
  }
}

const withScheme = (host: string) => (/^https?:\/\//.test(host) ? host : `http://${host}`);

/** https://cloud.google.com/storage/docs/json_api/v1/objects/list */
interface GcsPage {
  readonly items?: readonly (FileMetadata & { readonly name: string })[];
  readonly nextPageToken?: string;
}

class GcsStore implements ObjectStore {
  readonly scheme = 'gs';
  readonly uri: string;
  readonly maxKeyBytes: number;
  readonly maxPartBytes: number;
  readonly #bucket;
  readonly #prefix: string;
  readonly partBytes: number;
  readonly unfinishedExpiry = { days: SESSION_DAYS, since: 'begun' } as const;
  readonly #tries: number;
  readonly #health: StoreHealth = { failing: false };
  readonly #buffers: PartBuffers;
  readonly #sessions: string;
  readonly #http: GcsHttp;
  readonly #page: { maxResults?: number };
  #bucketSeen = false;

  constructor(
    target: Target,
    options: StoreOptions,
    private readonly storage: Storage,
    anonymous: boolean,
    private readonly pace: RequestPace,
  ) {
    this.#http = new GcsHttp(storage, anonymous, pace);
    this.uri = target.display;
    this.#prefix = target.prefix;
    this.#page = options.listPage === undefined ? {} : { maxResults: options.listPage };
    this.#bucket = storage.bucket(target.bucket);
    this.maxKeyBytes = MAX_CLOUD_KEY_BYTES - Buffer.byteLength(target.prefix);
    this.maxPartBytes = this.maxKeyBytes;
    this.#tries = options.tries ?? DEFAULT_STORE_TRIES;
    const partBytes = options.partBytes ?? DEFAULT_PART_BYTES;
    this.#sessions = options.sessionDirectory ?? defaultSessionDirectory();
    this.partBytes = Math.max(GCS_CHUNK_UNIT, partBytes - (partBytes % GCS_CHUNK_UNIT));
    this.#buffers = new PartBuffers(this.partBytes);
  }

  async *list(prefix: string, options: { readonly signal?: AbortSignal | undefined } = {}): AsyncIterable<ObjectInfo> {
    let pageToken: string | undefined;
    do {
      throwIfAborted(options.signal);
      const wanted = {
        prefix: this.#prefix + prefix,
        ...this.#page,
        ...(pageToken === undefined ? {} : { pageToken }),
      };
      const page = await this.#listPage(wanted, options.signal);
      for (const { name, ...resource } of page.items ?? []) {
        // Consoles make "folders" as empty objects whose name ends in a slash.
        if (!name.endsWith('/')) yield gcsInfo(name.slice(this.#prefix.length), resource);
      }
      pageToken = page.nextPageToken;
    } while (pageToken !== undefined);
  }

  /** Not through the SDK, which waits for ever when an answer breaks off in the middle. */
  async #listPage(wanted: Readonly<Record<string, string | number>>, signal?: AbortSignal): Promise<GcsPage> {
    const query = new URLSearchParams();
    for (const [name, value] of Object.entries(wanted)) query.set(name, String(value));
    const url = `${this.storage.apiEndpoint}/storage/v1/b/${encodeURIComponent(this.#bucket.name)}/o?${query.toString()}`;
    for (let attempt = 1; ; attempt++) {
      try {
        const answer = await this.#http.send({ url, method: 'GET', headers: {}, signal });
        const text = await textOf(answer);
        if (answer.status === 200) return JSON.parse(text) as GcsPage;
        throw this.#answerError(answer.status, text, '');
      } catch (error) {
        const explained = this.#bucketError(error, '', signal);
        if (!explained.retryable || attempt >= this.#tries) throw explained;
      }
      await pauseBeforeRetry(attempt, signal);
    }
  }

  async head(key: string, signal?: AbortSignal): Promise<ObjectInfo | undefined> {
    const file = this.#file(key);
    throwIfAborted(signal);
    try {
      const [metadata] = await file.getMetadata();
      return gcsInfo(key, metadata);
    } catch (error) {
      if (faultOf(error).status !== 404) throw this.#explain(error, key, signal);
      await this.#seeBucket(signal);
      return undefined;
    }
  }

  read(key: string, options: ReadOptions = {}): AsyncIterable<Uint8Array> {
    const file = this.#file(key);
    const { signal } = options;
    let object: GcsResource | undefined;
    return resumingRead({
      source: this.uri + key,
      start: options.start ?? 0,
      end: options.end,
      tries: this.#tries,
      signal,
      explain: (error) => this.#explain(error, key, signal),
      open: async (start, end): Promise<OpenedRead | undefined> => {
        object ??= await this.#resource(file, signal);
        const bytes = Number(object.size ?? 0);
        const stop = Math.min(end ?? bytes, bytes);
        if (start >= stop) return undefined;
        const etag = String(object.generation);
        const stream = await this.#media(file, etag, start, stop, key, signal);
        // The checksum is the whole object's.
        const whole = start === 0 && stop === bytes && object.crc32c !== undefined;
        return {
          stream: whole ? checkedRead(stream, 'crc32c', hexOfBase64(object.crc32c, 4) ?? '', this.uri + key) : stream,
          end: stop,
          etag,
          cancel: (error) => void stream.destroy(error),
        };
      },
    });
  }

  async #resource(file: File, signal?: AbortSignal): Promise<GcsResource> {
    try {
      return (await file.getMetadata())[0];
    } catch (error) {
      if (faultOf(error).status === 404) await this.#seeBucket(signal);
      throw error;
    }
  }

  /** Asks for the bytes `[start, stop)` of one generation of an object, several times if need be. */
  async #media(file: File, generation: string, start: number, stop: number, key: string, signal?: AbortSignal) {
    const object = `${encodeURIComponent(this.#bucket.name)}/o/${encodeURIComponent(file.name)}`;
    const url = `${this.storage.apiEndpoint}/storage/v1/b/${object}?alt=media&generation=${generation}`;
    // Without "gzip" the service would undo a Content-Encoding, and ranges would mean nothing.
    const headers = { 'Accept-Encoding': 'gzip', Range: `bytes=${start}-${stop - 1}` };
    for (let attempt = 1; ; attempt++) {
      try {
        const answer = await this.#http.send({ url, method: 'GET', headers, signal });
        if (answer.status === 200 || answer.status === 206) return answer.stream;
        throw this.#answerError(answer.status, await textOf(answer), key);
      } catch (error) {
        const explained = this.#explain(error, key, signal);
        if (!explained.retryable || attempt >= this.#tries) throw explained;
      }
      await pauseBeforeRetry(attempt, signal);
    }
  }

  async create(key: string, options: WriteOptions = {}): Promise<ObjectWriter> {
    const file = this.#file(key);
    throwIfAborted(options.signal);
    const source = this.uri + key;
    const token = newWriteToken();
    const explain = (error: unknown) => this.#explain(error, key, options.signal);
    const upload = new GcsUpload({
      source,
      options,
      tries: this.#tries,
      book: new SessionBook(this.#sessions, `${this.storage.apiEndpoint} ${source}`),
      begin: async () => {
        try {
          return (await file.createResumableUpload(gcsWrite(options, token)))[0];
        } catch (error) {
          throw this.#bucketError(error, key, options.signal);
        }
      },
      sender: (url) => this.#sender(url),
      put: (bytes, crc, signal) => this.#put(key, bytes, crc, token, { ...options, signal }),
      head: (signal) => this.head(key, signal),
      remove: (signal) => this.delete(key, signal),
      removeGeneration: async (generation) => {
        await this.#bucket.file(file.name, { generation }).delete();
      },
      info: (resource, bytes) => gcsInfo(key, resource as FileMetadata, bytes),
      refused: (status, text) => this.#sessionError(status, text, key),
      explain,
    });
    const partsInFlight = GCS_PARTS_IN_FLIGHT;
    const shared = { buffers: this.#buffers, health: this.#health };
    return new PartWriter(upload, { ...options, ...shared, partsInFlight });
  }

  async put(key: string, bytes: Uint8Array, options: WriteOptions = {}): Promise<ObjectInfo> {
    throwIfAborted(options.signal);
    const crc = new Crc('crc32c');
    crc.update(bytes);
    return this.#put(key, bytes, crc.hex(), newWriteToken(), options);
  }

  async #put(key: string, bytes: Uint8Array, crc: string, token: string, options: WriteOptions): Promise<ObjectInfo> {
    const file = this.#file(key);
    const leave = await this.pace.enter(bytes.length, options.signal);
    try {
      const write = gcsWrite(options, token);
      await file.save(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length), {
        ...write,
        resumable: false,
        // The service compares; the SDK's own CRC-32C takes 130 MB/s.
        metadata: { ...write.metadata, crc32c: base64OfHex(crc) },
        validation: false,
      });
      leave({ status: 200 });
      const info = gcsInfo(key, file.metadata, bytes.length);
      const stored = info.checksums?.crc32c;
      if (stored !== undefined && stored !== crc) {
        await this.#bucket.file(file.name, { generation: info.etag! }).delete();
        throw new PineloadError('CHECKSUM_MISMATCH', { source: this.uri + key, expected: crc, got: stored });
      }
      return { ...info, checksums: { crc32c: crc } };
    } catch (error) {
      // What kind it was, the SDK has told on the way.
      leave({ status: 400 });
      return this.#mineOrThrow(error, key, token, options.signal);
    }
  }

  async delete(key: string, signal?: AbortSignal): Promise<void> {
    const file = this.#file(key);
    throwIfAborted(signal);
    try {
      await file.delete();
    } catch (error) {
      if (faultOf(error).status !== 404) throw this.#explain(error, key, signal);
      await this.#seeBucket(signal);
    }
  }

  async close(): Promise<void> {}

  #sender(url: string): SessionSend {
    return async ({ method = 'PUT', headers, body, signal }) => {
      const length = { 'Content-Length': String(body?.length ?? 0) };
      const answer = await this.#http.send({ url, method, headers: { ...headers, ...length }, body, signal });
      return {
        status: answer.status,
        range: answer.headers['range'] as string | undefined,
        text: await textOf(answer),
      };
    };
  }

  #sessionError(status: number, text: string, key: string): PineloadError {
    // A session that is not known any more has to be begun anew, and so has the object.
    if (status === 404 || status === 410) {
      const message = 'the upload session is gone';
      return new PineloadError('STORE_TEMPORARY', { source: this.uri + key, message, got: SESSION_GONE });
    }
    return this.#answerError(status, text, key);
  }

  #answerError(status: number, text: string, key: string): PineloadError {
    let message = text;
    let reason: string | undefined;
    try {
      const { error } = JSON.parse(text) as { error?: { message?: string; errors?: { reason?: string }[] } };
      message = error?.message ?? '';
      reason = error?.errors?.[0]?.reason;
    } catch {
      // Not JSON: the text itself is what was said.
    }
    if (status === 400 && /hash|crc32c|checksum/i.test(message)) reason = 'HASH_MISMATCH';
    return this.#explain({ code: status, message, errors: [{ reason }] }, key);
  }

  /** A conditional write that was repeated after a lost answer, and refused for what it had written itself, was a success. */
  async #mineOrThrow(error: unknown, key: string, token: string, signal?: AbortSignal): Promise<ObjectInfo> {
    const explained = this.#bucketError(error, key, signal);
    if (explained.code === 'OBJECT_EXISTS') {
      const info = await this.head(key, signal).catch(() => undefined);
      if (info?.metadata?.[WRITE_TOKEN] === token) return info;
    }
    throw explained;
  }

  #file(key: string): File {
    checkKey(key, this);
    return this.#bucket.file(this.#prefix + key);
  }

  /** A 404 does not say reliably whether it is the bucket or the object that is missing. */
  async #seeBucket(signal?: AbortSignal): Promise<void> {
    if (this.#bucketSeen) return;
    try {
      await this.#bucket.getFiles({ maxResults: 1, autoPaginate: false });
    } catch (error) {
      // Whoever may not list the bucket may still use it.
      if (faultOf(error).status !== 403) throw this.#bucketError(error, '', signal);
    }
    this.#bucketSeen = true;
  }

  /** For requests that only a missing bucket can answer with 404. */
  #bucketError(error: unknown, key: string, signal?: AbortSignal): PineloadError {
    const explained = this.#explain(error, key, signal);
    if (explained.code !== 'OBJECT_NOT_FOUND') return explained;
    return new PineloadError('STORE_NOT_FOUND', { source: this.uri, cause: explained.cause });
  }

  #explain(error: unknown, key: string, signal?: AbortSignal): PineloadError {
    return explainFault(error, {
      source: this.uri + key,
      fault: faultOf(error),
      codes: CODES,
      credentialsHint: CREDENTIALS_HINT,
      signal,
    });
  }
}

function gcsWrite(options: WriteOptions, token: string) {
  return {
    metadata: {
      contentType: options.contentType ?? 'application/octet-stream',
      metadata: { ...options.metadata, [WRITE_TOKEN]: token },
    },
    // Generation 0 is "there is none". https://cloud.google.com/storage/docs/request-preconditions
    ...(options.ifAbsent ? { preconditionOpts: { ifGenerationMatch: 0 } } : {}),
  };
}

function gcsInfo(key: string, resource: FileMetadata, bytes = Number(resource.size ?? 0)): ObjectInfo {
  const metadata = Object.fromEntries(
    Object.entries(resource.metadata ?? {}).map(([name, value]) => [name, String(value)]),
  );
  const etag = resource.generation === undefined ? undefined : String(resource.generation);
  const crc32c = hexOfBase64(resource.crc32c, 4);
  const checksums = crc32c === undefined ? {} : { crc32c };
  return { key, bytes: resource.size === undefined ? bytes : Number(resource.size), etag, checksums, metadata };
}

function isTemporary(error: unknown): boolean {
  const { status } = faultOf(error);
  if (status === undefined) return networkCode(error) !== undefined;
  return status === 408 || status === 429 || status >= 500;
}

function faultOf(error: unknown) {
  const { code, status, message, errors, response } = (error ?? {}) as {
    code?: string | number;
    status?: number;
    message?: string;
    errors?: { reason?: string }[];
    response?: { status?: number };
  };
  const number = [code, status, response?.status].map(Number).find((value) => value >= 100 && value < 600);
  const reason = errors?.[0]?.reason ?? (typeof code === 'string' && !/^\d+$/.test(code) ? code : undefined);
  // google-auth-library throws plain errors, told apart by their words only.
  const noCredentials =
    /could not load the default credentials|could not refresh access token|invalid_grant|file at .* does not exist|unexpected end of json|unable to (?:detect|read)/i;
  const known = number === undefined && noCredentials.test(message ?? '') ? 'NO_CREDENTIALS' : reason;
  return { code: known, status: number, message };
}
