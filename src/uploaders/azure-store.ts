import { createHash } from 'node:crypto';
import type { BlockBlobClient, ContainerClient } from '@azure/storage-blob';
import { throwIfAborted } from '../base/abort.js';
import { type ErrorCode, PineloadError } from '../base/errors.js';
import { AZURE_CREDENTIALS_HINT, azureContainer } from './azure-credentials.js';
import { paceAzure } from './azure-pace.js';
import { AzureUpload, CRC64_METADATA } from './azure-upload.js';
import { Crc } from './checksum/crc.js';
import { MAX_AZURE_KEY_BYTES, checkKey } from './keys.js';
import {
  DEFAULT_PARTS_IN_FLIGHT,
  DEFAULT_PART_BYTES,
  DEFAULT_STORE_TRIES,
  type Checksums,
  type ObjectInfo,
  type ObjectStore,
  type ObjectWriter,
  type ReadOptions,
  type StoreOptions,
  type WriteOptions,
} from './object-store.js';
import { PartBuffers } from './part-buffers.js';
import { PartWriter, type StoreHealth } from './part-writer.js';
import { RequestPace } from './request-pace.js';
import { type OpenedRead, resumingRead } from './resuming-read.js';
import { explainFault } from './store-errors.js';
import { type Target, isLoopback } from './uri.js';
import { WRITE_TOKEN, newWriteToken } from './write-token.js';

/** Blob service codes. https://learn.microsoft.com/rest/api/storageservices/blob-service-error-codes */
const CODES: Readonly<Record<string, ErrorCode>> = {
  ContainerNotFound: 'STORE_NOT_FOUND',
  ContainerDisabled: 'STORE_NOT_FOUND',
  ContainerBeingDeleted: 'STORE_TEMPORARY',
  BlobNotFound: 'OBJECT_NOT_FOUND',
  BlobAlreadyExists: 'OBJECT_EXISTS',
  ConditionNotMet: 'OBJECT_EXISTS',
  Md5Mismatch: 'CHECKSUM_MISMATCH',
  Crc64Mismatch: 'CHECKSUM_MISMATCH',
  // Public access without a key: the service does not tell whether there is such a thing.
  ResourceNotFound: 'STORE_NOT_FOUND',
  NoAuthenticationInformation: 'STORE_CREDENTIALS',
  CredentialUnavailableError: 'STORE_CREDENTIALS',
  AuthenticationError: 'STORE_CREDENTIALS',
  AggregateAuthenticationError: 'STORE_CREDENTIALS',
  AuthenticationRequiredError: 'STORE_CREDENTIALS',
};

/** Opens a directory in an Azure Blob Storage container. */
export async function openAzureStore(target: Target, options: StoreOptions): Promise<ObjectStore> {
  // Tries are made behind the SDK's own, see `paceAzure`.
  const container = await azureContainer(target, options, { retryOptions: { maxTries: 1 } });
  paceAzure(container, options.pace ?? new RequestPace(), options.tries ?? DEFAULT_STORE_TRIES);
  return new AzureStore(target, options, container);
}

class AzureStore implements ObjectStore {
  readonly scheme = 'azure';
  readonly uri: string;
  readonly maxKeyBytes: number;
  readonly maxPartBytes: number;
  readonly #prefix: string;
  readonly partBytes: number;
  /** https://learn.microsoft.com/rest/api/storageservices/put-block (2026-11): blocks that are never committed. */
  readonly unfinishedExpiry = { days: 7, since: 'last-part' } as const;
  readonly #tries: number;
  readonly #checksums: boolean;
  readonly #health: StoreHealth = { failing: false };
  readonly #buffers: PartBuffers;
  readonly #partsInFlight: number;
  readonly #page: { maxPageSize?: number };

  constructor(
    target: Target,
    options: StoreOptions,
    private readonly container: ContainerClient,
  ) {
    this.uri = target.display;
    this.#prefix = target.prefix;
    this.#page = options.listPage === undefined ? {} : { maxPageSize: options.listPage };
    this.maxKeyBytes = MAX_AZURE_KEY_BYTES - Buffer.byteLength(target.prefix);
    this.maxPartBytes = this.maxKeyBytes;
    this.#tries = options.tries ?? DEFAULT_STORE_TRIES;
    // Azurite, which stands in for the service on this machine, refuses the CRC-64.
    this.#checksums = (options.checksums ?? (isLoopback(container.url) ? 'none' : 'default')) === 'default';
    this.partBytes = options.partBytes ?? DEFAULT_PART_BYTES;
    this.#buffers = new PartBuffers(this.partBytes);
    this.#partsInFlight = options.partsInFlight ?? DEFAULT_PARTS_IN_FLIGHT;
  }

  async *list(prefix: string, options: { readonly signal?: AbortSignal | undefined } = {}): AsyncIterable<ObjectInfo> {
    throwIfAborted(options.signal);
    const blobs = this.container.listBlobsFlat({
      prefix: this.#prefix + prefix,
      includeMetadata: true,
      ...sending(options.signal),
    });
    try {
      for await (const page of blobs.byPage(this.#page)) {
        throwIfAborted(options.signal);
        for (const { name, properties, metadata } of page.segment.blobItems) {
          // Accounts with a hierarchical namespace list their directories as empty blobs marked so.
          if (name.endsWith('/') || metadata?.['hdi_isfolder'] === 'true') continue;
          yield {
            key: name.slice(this.#prefix.length),
            bytes: properties.contentLength ?? 0,
            etag: properties.etag,
            checksums: kept(metadata),
            metadata: metadata ?? {},
          };
        }
      }
    } catch (error) {
      throw this.#explain(error, '', options.signal);
    }
  }

  async head(key: string, signal?: AbortSignal): Promise<ObjectInfo | undefined> {
    throwIfAborted(signal);
    try {
      return await this.#properties(key, signal);
    } catch (error) {
      const explained = this.#explain(error, key, signal);
      if (explained.code === 'OBJECT_NOT_FOUND') return undefined;
      throw explained;
    }
  }

  async #properties(key: string, signal?: AbortSignal): Promise<ObjectInfo> {
    const { contentLength, etag, metadata } = await this.#blob(key).getProperties(sending(signal));
    return { key, bytes: contentLength ?? 0, etag, checksums: kept(metadata), metadata: metadata ?? {} };
  }

  read(key: string, options: ReadOptions = {}): AsyncIterable<Uint8Array> {
    const { signal } = options;
    const blob = this.#blob(key);
    return resumingRead({
      source: this.uri + key,
      start: options.start ?? 0,
      end: options.end,
      tries: this.#tries,
      signal,
      explain: (error) => this.#explain(error, key, signal),
      open: async (start, end, etag): Promise<OpenedRead | undefined> => {
        try {
          const answer = await blob.download(start, end === undefined ? undefined : end - start, {
            // A broken answer is gone on with by `resumingRead`, as for every store.
            maxRetryRequests: 0,
            ...(etag === undefined ? {} : { conditions: { ifMatch: etag } }),
            ...sending(signal),
          });
          const stream = answer.readableStreamBody as NodeJS.ReadableStream & AsyncIterable<Uint8Array>;
          return { stream, end: start + (answer.contentLength ?? 0), etag: answer.etag };
        } catch (error) {
          // 416: the range begins at or past the end of the blob.
          if (faultOf(error).status === 416) return undefined;
          throw error;
        }
      },
    });
  }

  async create(key: string, options: WriteOptions = {}): Promise<ObjectWriter> {
    const blob = this.#blob(key);
    throwIfAborted(options.signal);
    const token = newWriteToken();
    const upload = new AzureUpload({
      blob,
      key,
      source: this.uri + key,
      options,
      checksums: this.#checksums,
      headers: (crc) => this.#headers(options, token, crc),
      put: (bytes, crc, signal) => this.#put(key, bytes, crc, token, { ...options, signal }),
      head: (signal) => this.head(key, signal),
      remove: (signal) => this.delete(key, signal),
      faultOf,
      explain: (error) => this.#explain(error, key, options.signal),
    });
    const shared = { buffers: this.#buffers, health: this.#health };
    return new PartWriter(upload, { ...options, ...shared, partsInFlight: this.#partsInFlight });
  }

  async put(key: string, bytes: Uint8Array, options: WriteOptions = {}): Promise<ObjectInfo> {
    throwIfAborted(options.signal);
    const crc = new Crc('crc64nvme');
    crc.update(bytes);
    return this.#put(key, bytes, crc.hex(), newWriteToken(), options);
  }

  async #put(key: string, bytes: Uint8Array, crc: string, token: string, options: WriteOptions): Promise<ObjectInfo> {
    const blob = this.#blob(key);
    try {
      const body = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
      const answer = await blob.upload(body, bytes.length, {
        ...this.#headers(options, token, crc),
        ...sending(options.signal),
      });
      // The service answers with the MD5 of what it stored; this call has no way to send ours along.
      if (answer.contentMD5 !== undefined && !md5(bytes).equals(answer.contentMD5)) {
        await blob.deleteIfExists({ conditions: { ...(answer.etag === undefined ? {} : { ifMatch: answer.etag }) } });
        throw new PineloadError('CHECKSUM_MISMATCH', { source: this.uri + key });
      }
      return { key, bytes: bytes.length, etag: answer.etag, checksums: { crc64nvme: crc } };
    } catch (error) {
      return this.#mineOrThrow(error, key, token, options.signal);
    }
  }

  async delete(key: string, signal?: AbortSignal): Promise<void> {
    const blob = this.#blob(key);
    throwIfAborted(signal);
    try {
      await blob.deleteIfExists({ deleteSnapshots: 'include', ...sending(signal) });
    } catch (error) {
      throw this.#explain(error, key, signal);
    }
  }

  async close(): Promise<void> {}

  /** A conditional write that was repeated after a lost answer, and refused for what it had written itself, was a success. */
  async #mineOrThrow(error: unknown, key: string, token: string, signal?: AbortSignal): Promise<ObjectInfo> {
    const explained = this.#explain(error, key, signal);
    if (explained.code === 'OBJECT_EXISTS') {
      const info = await this.#properties(key, signal).catch(() => undefined);
      if (info?.metadata?.[WRITE_TOKEN] === token) return info;
    }
    throw explained;
  }

  #headers(options: WriteOptions, token: string, crc: string) {
    return {
      metadata: { ...options.metadata, [WRITE_TOKEN]: token, [CRC64_METADATA]: crc },
      blobHTTPHeaders: { blobContentType: options.contentType ?? 'application/octet-stream' },
      ...(options.ifAbsent ? { conditions: { ifNoneMatch: '*' } } : {}),
    };
  }

  #blob(key: string): BlockBlobClient {
    checkKey(key, this);
    return this.container.getBlockBlobClient(this.#prefix + key);
  }

  #explain(error: unknown, key: string, signal?: AbortSignal): PineloadError {
    return explainFault(error, {
      source: this.uri + key,
      fault: faultOf(error),
      codes: CODES,
      credentialsHint: AZURE_CREDENTIALS_HINT,
      signal,
    });
  }
}

/** The checksum that was noted when the blob was written. */
function kept(metadata: Readonly<Record<string, string>> | undefined): Checksums {
  const crc64nvme = metadata?.[CRC64_METADATA];
  return crc64nvme === undefined || !/^[0-9a-f]{16}$/.test(crc64nvme) ? {} : { crc64nvme };
}

function md5(bytes: Uint8Array): Buffer {
  return createHash('md5').update(bytes).digest();
}

const sending = (signal: AbortSignal | undefined) => (signal === undefined ? {} : { abortSignal: signal });

function faultOf(error: unknown) {
  const { name, code, statusCode, message, details } = (error ?? {}) as {
    name?: string;
    code?: string;
    statusCode?: number;
    message?: string;
    details?: { errorCode?: string };
  };
  const own = name === 'RestError' ? undefined : name;
  return { code: details?.errorCode ?? code ?? own, status: statusCode, message: message?.split('\n')[0] };
}
