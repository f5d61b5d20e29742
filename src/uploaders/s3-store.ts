import type {
  GetObjectCommand,
  HeadObjectCommandOutput,
  ListMultipartUploadsCommand,
  ListMultipartUploadsCommandOutput,
  ListObjectsV2Command,
  PutObjectCommandInput,
  S3Client,
  S3ClientConfig,
} from '@aws-sdk/client-s3';
import { throwIfAborted } from '../base/abort.js';
import { type ErrorCode, PineloadError } from '../base/errors.js';
import { awsS3 } from './cjs-packages.js';
import { checkedRead } from './checksum/checked-read.js';
import { Crc, type CrcName, base64OfHex, hexOfBase64 } from './checksum/crc.js';
import { MAX_CLOUD_KEY_BYTES, checkKey } from './keys.js';
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
  type UnfinishedUpload,
  type WriteOptions,
} from './object-store.js';
import { PartBuffers } from './part-buffers.js';
import { PartWriter, type StoreHealth } from './part-writer.js';
import { pauseBeforeRetry } from './pause.js';
import { type OpenedRead, resumingRead } from './resuming-read.js';
import { RequestPace } from './request-pace.js';
import { DIRECT_PUT_BYTES, S3DirectPut, type DirectAnswer } from './s3-direct-put.js';
import { S3_CONNECT_TIMEOUT_MS, S3_IDLE_TIMEOUT_MS, s3Agents } from './s3-http.js';
import { withoutEntries } from './s3-listing.js';
import { paceS3, s3Retries } from './s3-pace.js';
import { S3Upload, compareWithSent, contentMd5 } from './s3-upload.js';
import { explainFault } from './store-errors.js';
import type { Target } from './uri.js';
import { WRITE_TOKEN, newWriteToken } from './write-token.js';

const sdk = awsS3();

/** S3: every part but the last has at least 5 MiB. https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html */
export const S3_MIN_PART_BYTES = 5 * 1024 * 1024;
/** The region signed for when none is configured; AWS tells the right one in its answer and the client follows. */
export const S3_FALLBACK_REGION = 'us-east-1';

const CREDENTIALS_HINT =
  'S3 credentials come from the AWS default chain (AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, AWS_PROFILE, SSO, web identity, instance role) and need s3:ListBucket, s3:GetObject, s3:PutObject, s3:DeleteObject and s3:AbortMultipartUpload.';

/** S3's error codes. https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html */
const CODES: Readonly<Record<string, ErrorCode>> = {
  NoSuchBucket: 'STORE_NOT_FOUND',
  NoSuchKey: 'OBJECT_NOT_FOUND',
  PreconditionFailed: 'OBJECT_EXISTS',
  CredentialsProviderError: 'STORE_CREDENTIALS',
  TokenProviderError: 'STORE_CREDENTIALS',
  ExpiredToken: 'STORE_CREDENTIALS',
  InvalidToken: 'STORE_CREDENTIALS',
  TokenRefreshRequired: 'STORE_CREDENTIALS',
  InvalidAccessKeyId: 'STORE_CREDENTIALS',
  SignatureDoesNotMatch: 'STORE_CREDENTIALS',
  RequestTimeTooSkewed: 'STORE_CREDENTIALS',
  SlowDown: 'STORE_TEMPORARY',
  RequestTimeout: 'STORE_TEMPORARY',
  OperationAborted: 'STORE_TEMPORARY',
  ConditionalRequestConflict: 'STORE_TEMPORARY',
  NoSuchUpload: 'STORE_TEMPORARY',
  BadDigest: 'CHECKSUM_MISMATCH',
  InvalidDigest: 'CHECKSUM_MISMATCH',
  XAmzContentChecksumMismatch: 'CHECKSUM_MISMATCH',
  XAmzContentSHA256Mismatch: 'CHECKSUM_MISMATCH',
  XMinioStorageFull: 'STORE_FULL',
  QuotaExceeded: 'STORE_FULL',
};

/** Opens a directory in an S3 bucket, or in one of a store that speaks S3 (`endpoint`, or AWS_ENDPOINT_URL_S3). */
export async function openS3Store(target: Target, options: StoreOptions): Promise<ObjectStore> {
  // On Node 20 the SDK prints a notice about its releases of 2027: news for pineload's maintainers, not for its users.
  process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] ??= 'true';
  const endpoint = options.endpoint ?? process.env['AWS_ENDPOINT_URL_S3'] ?? process.env['AWS_ENDPOINT_URL'];
  const checksums = options.checksums === 'none' ? 'WHEN_REQUIRED' : 'WHEN_SUPPORTED';
  const agents = s3Agents();
  const config: S3ClientConfig = {
    maxAttempts: options.tries ?? DEFAULT_STORE_TRIES,
    retryStrategy: s3Retries(options.tries ?? DEFAULT_STORE_TRIES),
    forcePathStyle: options.forcePathStyle ?? endpoint !== undefined,
    followRegionRedirects: true,
    requestChecksumCalculation: checksums,
    // What comes is checked here (checkedRead): the SDK's own CRC-64 takes 240 MB/s, and more time than all else.
    responseChecksumValidation: 'WHEN_REQUIRED',
    requestHandler: {
      connectionTimeout: S3_CONNECT_TIMEOUT_MS,
      socketTimeout: S3_IDLE_TIMEOUT_MS,
      httpAgent: agents.http,
      httpsAgent: agents.https,
    },
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(options.anonymous
      ? { signer: { sign: async (request) => request }, credentials: { accessKeyId: '', secretAccessKey: '' } }
      : {}),
  };
  const client = await connect(config, options.region);
  const pace = options.pace ?? new RequestPace();
  const direct = new S3DirectPut(client, pace, agents);
  paceS3(client, pace, (request, key, scheme) => options.anonymous !== true && direct.learn(request, key, scheme));
  return new S3Store(target, options, client, direct, endpoint !== undefined);
}

async function connect(config: S3ClientConfig, region: string | undefined): Promise<S3Client> {
  if (region !== undefined) return quietClient({ ...config, region });
  const client = quietClient(config);
  try {
    await client.config.region();
    return client;
  } catch {
    client.destroy();
    return quietClient({ ...config, region: S3_FALLBACK_REGION });
  }
}

/** The SDK's notice that its releases of 2027 will need Node 22 is about releases that this package does not ask for. */
function quietClient(config: S3ClientConfig): S3Client {
  const name = 'AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED';
  const before = process.env[name];
  process.env[name] = 'true';
  try {
    return new sdk.S3Client(config);
  } finally {
    if (before === undefined) delete process.env[name];
    else process.env[name] = before;
  }
}

class S3Store implements ObjectStore {
  readonly scheme = 's3';
  readonly uri: string;
  readonly maxKeyBytes: number;
  readonly maxPartBytes: number;
  readonly partBytes: number;
  readonly #bucket: string;
  readonly #prefix: string;
  readonly #tries: number;
  readonly #checksums: boolean;
  readonly #health: StoreHealth = { failing: false };
  readonly #buffers: PartBuffers;
  readonly #partsInFlight: number;
  readonly #page: { MaxKeys?: number };
  #bucketSeen = false;

  constructor(
    target: Target,
    options: StoreOptions,
    private readonly client: S3Client,
    private readonly direct: S3DirectPut,
    /** A store that speaks S3, not S3 itself. */
    private readonly compatible: boolean,
  ) {
    this.uri = target.display;
    this.#bucket = target.bucket;
    this.#page = options.listPage === undefined ? {} : { MaxKeys: options.listPage };
    this.#prefix = target.prefix;
    this.maxKeyBytes = MAX_CLOUD_KEY_BYTES - Buffer.byteLength(target.prefix);
    this.maxPartBytes = this.maxKeyBytes;
    this.#tries = options.tries ?? DEFAULT_STORE_TRIES;
    this.#checksums = options.checksums !== 'none';
    this.partBytes = Math.max(options.partBytes ?? DEFAULT_PART_BYTES, S3_MIN_PART_BYTES);
    this.#buffers = new PartBuffers(this.partBytes);
    this.#partsInFlight = options.partsInFlight ?? DEFAULT_PARTS_IN_FLIGHT;
  }

  async *list(prefix: string, options: { readonly signal?: AbortSignal | undefined } = {}): AsyncIterable<ObjectInfo> {
    let token: string | undefined;
    do {
      throwIfAborted(options.signal);
      const command: ListObjectsV2Command = new sdk.ListObjectsV2Command({
        Bucket: this.#bucket,
        Prefix: this.#prefix + prefix,
        ...this.#page,
        ...(token === undefined ? {} : { ContinuationToken: token }),
      });
      const taken = withoutEntries(command);
      const page = await this.#call('', options.signal, () => this.client.send(command, sending(options.signal)));
      const left = page.Contents?.map(({ Key = '/', Size = 0, ETag }) => ({ key: Key, bytes: Size, etag: ETag }));
      for (const { key, bytes, etag } of taken.objects ?? left ?? []) {
        // Consoles make "folders" as empty objects whose key ends in a slash.
        if (!key.endsWith('/')) yield { key: key.slice(this.#prefix.length), bytes, etag };
      }
      token = page.IsTruncated ? page.NextContinuationToken : undefined;
    } while (token !== undefined);
  }

  async head(key: string, signal?: AbortSignal): Promise<ObjectInfo | undefined> {
    checkKey(key, this);
    throwIfAborted(signal);
    try {
      return await this.#headObject(key, signal);
    } catch (error) {
      if (faultOf(error).status !== 404) throw this.#explain(error, key, signal);
      await this.#seeBucket(signal);
      return undefined;
    }
  }

  async #headObject(key: string, signal?: AbortSignal): Promise<ObjectInfo> {
    const mode = this.#checksums ? ({ ChecksumMode: 'ENABLED' } as const) : {};
    const answer = await this.client.send(new sdk.HeadObjectCommand({ ...this.#at(key), ...mode }), sending(signal));
    const { ContentLength = 0, ETag, Metadata = {} } = answer;
    return { key, bytes: ContentLength, etag: ETag, checksums: reported(answer), metadata: Metadata };
  }

  read(key: string, options: ReadOptions = {}): AsyncIterable<Uint8Array> {
    checkKey(key, this);
    return resumingRead({
      source: this.uri + key,
      start: options.start ?? 0,
      end: options.end,
      tries: this.#tries,
      signal: options.signal,
      open: (start, end, etag) => this.#open(key, start, end, etag, options.signal),
      explain: (error) => this.#explain(error, key, options.signal),
    });
  }

  async #open(key: string, start: number, end: number | undefined, etag: string | undefined, signal?: AbortSignal) {
    try {
      const whole = start === 0 && end === undefined;
      const command = new sdk.GetObjectCommand({
        ...this.#at(key),
        ...(whole ? {} : { Range: `bytes=${start}-${end === undefined ? '' : end - 1}` }),
        ...(etag === undefined ? {} : { IfMatch: etag }),
      });
      if (whole && this.#checksums) tellChecksum(command);
      const answer = await this.client.send(command, sending(signal));
      const { crc64nvme, crc32c } = reported(answer);
      const body = answer.Body as AsyncIterable<Uint8Array> & { destroy(error: Error): void };
      const [name, expected] = crc64nvme === undefined ? (['crc32c', crc32c] as const) : ['crc64nvme', crc64nvme];
      const opened: OpenedRead = {
        stream: whole && expected !== undefined ? checkedRead(body, name as CrcName, expected, this.uri + key) : body,
        end: start + (answer.ContentLength ?? 0),
        etag: answer.ETag,
        cancel: (error) => body.destroy(error),
      };
      return opened;
    } catch (error) {
      // 416: the range begins at or past the end of the object.
      if (faultOf(error).status === 416) return undefined;
      throw error;
    }
  }

  async create(key: string, options: WriteOptions = {}): Promise<ObjectWriter> {
    checkKey(key, this);
    throwIfAborted(options.signal);
    const token = newWriteToken();
    const upload = new S3Upload({
      client: this.client,
      at: this.#at(key),
      key,
      source: this.uri + key,
      checksums: this.#checksums,
      headers: this.#headers(options, token),
      options,
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
    checkKey(key, this);
    throwIfAborted(options.signal);
    const crc = new Crc('crc64nvme');
    if (this.#checksums) crc.update(bytes);
    return this.#put(key, bytes, this.#checksums ? crc.hex() : '', newWriteToken(), options);
  }

  async #put(key: string, bytes: Uint8Array, crc: string, token: string, options: WriteOptions): Promise<ObjectInfo> {
    const Body = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const input = {
      ...this.#at(key),
      ...this.#headers(options, token),
      ...(this.#checksums
        ? { ChecksumAlgorithm: 'CRC64NVME' as const, ChecksumCRC64NVME: base64OfHex(crc) }
        : contentMd5(Body)),
      ...(options.ifAbsent ? { IfNoneMatch: '*' } : {}),
      Body,
    };
    const direct = Body.length <= DIRECT_PUT_BYTES && this.direct.ready;
    if (direct) {
      const answer = await this.direct.send({
        key: input.Key,
        body: Body,
        sha256: options.sha256,
        headers: this.#directHeaders(input),
        signal: options.signal,
      });
      if (answer !== undefined) return this.#stored(key, answer, Body, crc);
      throwIfAborted(options.signal);
    }
    for (let attempt = 1; ; attempt++) {
      try {
        const answer = await this.client.send(new sdk.PutObjectCommand(input), sending(options.signal));
        return this.#stored(key, { ...answer, crc: answer.ChecksumCRC64NVME }, Body, crc);
      } catch (error) {
        const mine = await this.#mine(error, key, token, direct);
        if (mine !== undefined) return mine;
        // 409: another conditional write of this key is just being made; it decides what the next try finds.
        if (faultOf(error).code === 'ConditionalRequestConflict' && attempt < this.#tries) {
          await pauseBeforeRetry(attempt, options.signal);
          continue;
        }
        throw this.#explain(error, key, options.signal);
      }
    }
  }

  #stored(key: string, answer: DirectAnswer, sent: Buffer, crc: string): ObjectInfo {
    compareWithSent(this.uri + key, answer, sent, crc);
    return { key, bytes: sent.byteLength, etag: answer.ETag, checksums: crc === '' ? {} : { crc64nvme: crc } };
  }

  #directHeaders(input: PutObjectCommandInput): Record<string, string> {
    const headers: Record<string, string> = { 'content-type': input.ContentType ?? 'application/octet-stream' };
    if (input.ContentMD5 !== undefined) headers['content-md5'] = input.ContentMD5;
    if (input.ChecksumCRC64NVME !== undefined) {
      headers['x-amz-checksum-crc64nvme'] = input.ChecksumCRC64NVME;
      headers['x-amz-sdk-checksum-algorithm'] = 'CRC64NVME';
    }
    if (input.IfNoneMatch !== undefined) headers['if-none-match'] = input.IfNoneMatch;
    for (const name in input.Metadata) headers[`x-amz-meta-${name}`] = input.Metadata[name]!;
    return headers;
  }

  async delete(key: string, signal?: AbortSignal): Promise<void> {
    checkKey(key, this);
    throwIfAborted(signal);
    await this.#call(key, signal, () => this.client.send(new sdk.DeleteObjectCommand(this.#at(key)), sending(signal)));
  }

  async close(): Promise<void> {
    this.client.destroy();
  }

  async *unfinished(options: { readonly signal?: AbortSignal | undefined } = {}): AsyncIterable<UnfinishedUpload> {
    const { signal } = options;
    let at: { KeyMarker?: string | undefined; UploadIdMarker?: string | undefined } | undefined = {};
    while (at !== undefined) {
      throwIfAborted(signal);
      const command: ListMultipartUploadsCommand = new sdk.ListMultipartUploadsCommand({
        Bucket: this.#bucket,
        // MinIO tells of the uploads of one key or of all the bucket, and of none by a prefix.
        Prefix: this.compatible ? '' : this.#prefix,
        ...at,
      });
      const page: ListMultipartUploadsCommandOutput = await this.#call('', signal, () =>
        this.client.send(command, sending(signal)),
      );
      for (const { Key, UploadId, Initiated } of page.Uploads ?? []) {
        if (UploadId === undefined || !Key?.startsWith(this.#prefix)) continue;
        yield {
          key: Key.slice(this.#prefix.length),
          begun: Initiated ?? new Date(0),
          drop: (stop) => this.#dropUpload(Key, UploadId, stop),
        };
      }
      const { IsTruncated, NextKeyMarker, NextUploadIdMarker } = page;
      at = IsTruncated ? { KeyMarker: NextKeyMarker, UploadIdMarker: NextUploadIdMarker } : undefined;
    }
  }

  async #dropUpload(Key: string, UploadId: string, signal?: AbortSignal): Promise<void> {
    const command = new sdk.AbortMultipartUploadCommand({ Bucket: this.#bucket, Key, UploadId });
    try {
      await this.client.send(command, sending(signal));
    } catch (error) {
      if (faultOf(error).code !== 'NoSuchUpload') throw this.#explain(error, Key.slice(this.#prefix.length), signal);
    }
  }

  /** A write that was repeated and then refused: the object, if it is the one that this very write made. */
  async #mine(error: unknown, key: string, token: string, sentBefore: boolean): Promise<ObjectInfo | undefined> {
    const { status } = faultOf(error);
    const repeated = sentBefore || ((error as { $metadata?: { attempts?: number } }).$metadata?.attempts ?? 1) > 1;
    if (!repeated || status !== 412) return undefined;
    const info = await this.#headObject(key).catch(() => undefined);
    return info?.metadata?.[WRITE_TOKEN] === token ? info : undefined;
  }

  #headers(options: WriteOptions, token: string) {
    return {
      Metadata: { ...options.metadata, [WRITE_TOKEN]: token },
      ...(options.contentType === undefined ? {} : { ContentType: options.contentType }),
    };
  }

  #at(key: string) {
    return { Bucket: this.#bucket, Key: this.#prefix + key };
  }

  /** A HEAD answer has no body to tell a missing bucket from a missing object. */
  async #seeBucket(signal?: AbortSignal): Promise<void> {
    if (this.#bucketSeen) return;
    try {
      await this.client.send(new sdk.HeadBucketCommand({ Bucket: this.#bucket }), sending(signal));
    } catch (error) {
      if (faultOf(error).status === 404) throw new PineloadError('STORE_NOT_FOUND', { source: this.uri });
      // Whoever may not look at the bucket itself may still use it.
      if (faultOf(error).status !== 403) throw this.#explain(error, '', signal);
    }
    this.#bucketSeen = true;
  }

  async #call<T>(key: string, signal: AbortSignal | undefined, request: () => Promise<T>): Promise<T> {
    try {
      return await request();
    } catch (error) {
      throw this.#explain(error, key, signal);
    }
  }

  #explain(error: unknown, key: string, signal?: AbortSignal): PineloadError {
    const fault = faultOf(error);
    if (fault.code === 'PermanentRedirect' || fault.code === 'AuthorizationHeaderMalformed') {
      return new PineloadError('STORE_REFUSED', {
        source: this.uri,
        message: 'the bucket is in another region',
        hint: 'Name its region (AWS_REGION).',
      });
    }
    return explainFault(error, {
      source: this.uri + key,
      fault,
      codes: CODES,
      credentialsHint: CREDENTIALS_HINT,
      signal,
    });
  }
}

/** Asks for the checksum with the answer, without the SDK's taking it as an order to compute it. */
function tellChecksum(command: GetObjectCommand): void {
  command.middlewareStack.add(
    (next) => (args) => {
      (args.request as { headers: Record<string, string> }).headers['x-amz-checksum-mode'] = 'ENABLED';
      return next(args);
    },
    { step: 'build', name: 'pineloadChecksumMode', override: true },
  );
}

/** The checksums of the whole object; those of the parts' checksums say nothing of the bytes and are left out. */
function reported(answer: Pick<HeadObjectCommandOutput, 'ChecksumCRC64NVME' | 'ChecksumCRC32C' | 'ETag'>): Checksums {
  const crc64nvme = hexOfBase64(answer.ChecksumCRC64NVME, 8);
  const crc32c = hexOfBase64(answer.ChecksumCRC32C, 4);
  return { ...(crc64nvme === undefined ? {} : { crc64nvme }), ...(crc32c === undefined ? {} : { crc32c }) };
}

const sending = (signal: AbortSignal | undefined) => (signal === undefined ? {} : { abortSignal: signal });

function faultOf(error: unknown) {
  const { name, Code, message, $metadata } = (error ?? {}) as {
    name?: string;
    Code?: string;
    message?: string;
    $metadata?: { httpStatusCode?: number };
  };
  return { code: Code ?? name, status: $metadata?.httpStatusCode, message };
}
