import { createHash } from 'node:crypto';
import type {
  CompleteMultipartUploadCommandOutput,
  CompletedPart,
  CreateMultipartUploadCommandInput,
  ListPartsCommandOutput,
  MultipartUpload,
  S3Client,
} from '@aws-sdk/client-s3';
import { PineloadError } from '../base/errors.js';
import { awsS3 } from './cjs-packages.js';
import { base64OfHex, hexOfBase64 } from './checksum/crc.js';
import type { ObjectInfo, WriteOptions } from './object-store.js';
import { type Part, type PartSink, UploadGone, type Written } from './part-writer.js';
import type { ServiceFault } from './store-errors.js';

const sdk = awsS3();

/** Bytes of a CRC-64. */
const CRC64_BYTES = 8;

/** What the store lends to the uploads of one object. */
export interface S3UploadContext {
  readonly client: S3Client;
  readonly at: { readonly Bucket: string; readonly Key: string };
  /** The object's key below the store's root, and its URI. */
  readonly key: string;
  readonly source: string;
  /** Does the server know the checksum headers? Without them parts go by MD5. */
  readonly checksums: boolean;
  readonly headers: Pick<CreateMultipartUploadCommandInput, 'Metadata' | 'ContentType'>;
  readonly options: WriteOptions;
  put(bytes: Buffer, crc: string, signal: AbortSignal): Promise<ObjectInfo>;
  head(signal: AbortSignal): Promise<ObjectInfo | undefined>;
  remove(signal: AbortSignal): Promise<void>;
  faultOf(error: unknown): ServiceFault;
  explain(error: unknown): PineloadError;
}

/** A part that an earlier writer stored. */
interface StoredPart {
  readonly bytes: number;
  readonly etag: string;
  readonly crc: string | undefined;
}

/**
 * One object on its way to S3, as a multipart upload when it is more than a part. The server is sent the CRC-64 of each part and
 * of the whole, refuses what does not fit, and what it answers is compared.
 *
 * An upload of this key that was cut off is found again and gone on with: a stored part that has the size and the checksum of the one
 * made again is not sent, others are replaced. Two writers may so work on one upload: S3 completes it only with the parts that the
 * completing one names by their ETags, and the other then finds it gone.
 */
export class S3Upload implements PartSink {
  readonly source: string;
  readonly checksum: 'crc64nvme' | undefined;
  readonly #parts: CompletedPart[] = [];
  #stored: ReadonlyMap<number, StoredPart> = new Map();
  #uploadId: string | undefined;
  #adopted = false;
  /** Of an object in one part. */
  #md5: string | undefined;

  constructor(private readonly context: S3UploadContext) {
    this.source = context.source;
    this.checksum = context.checksums ? 'crc64nvme' : undefined;
  }

  whole(bytes: Buffer, { crc }: Written, signal: AbortSignal): Promise<ObjectInfo> {
    if (!this.checksum) this.#md5 = createHash('md5').update(bytes).digest('hex');
    return this.context.put(bytes, crc, signal);
  }

  async begin(signal: AbortSignal): Promise<void> {
    const { client, at, headers, options } = this.context;
    if (options.resume) await this.#adopt(signal);
    if (this.#uploadId !== undefined) return;
    const checksum = this.checksum && ({ ChecksumAlgorithm: 'CRC64NVME', ChecksumType: 'FULL_OBJECT' } as const);
    const command = new sdk.CreateMultipartUploadCommand({ ...at, ...headers, ...checksum });
    this.#uploadId = (await client.send(command, { abortSignal: signal })).UploadId;
  }

  async part({ index, bytes, crc }: Part, signal: AbortSignal): Promise<number> {
    const PartNumber = index + 1;
    const ChecksumCRC64NVME = this.checksum && base64OfHex(crc);
    const before = this.#stored.get(PartNumber);
    if (before !== undefined && isSamePart(before, bytes, crc)) {
      this.#parts[index] = { PartNumber, ETag: before.etag, ChecksumCRC64NVME };
      return 0;
    }
    const sent = ChecksumCRC64NVME ? { ChecksumAlgorithm: 'CRC64NVME' as const, ChecksumCRC64NVME } : contentMd5(bytes);
    const command = new sdk.UploadPartCommand({ ...this.#upload(), PartNumber, Body: bytes, ...sent });
    const answer = await this.#ofUpload(this.context.client.send(command, { abortSignal: signal }));
    compareWithSent(this.source, { ...answer, crc: answer.ChecksumCRC64NVME }, bytes, crc);
    this.#parts[index] = { PartNumber, ETag: answer.ETag, ChecksumCRC64NVME };
    return bytes.length;
  }

  async finish(written: Written, signal: AbortSignal): Promise<ObjectInfo> {
    const { client, key, options } = this.context;
    const checksum = this.checksum && {
      ChecksumType: 'FULL_OBJECT' as const,
      ChecksumCRC64NVME: base64OfHex(written.crc),
    };
    const command = new sdk.CompleteMultipartUploadCommand({
      ...this.#upload(),
      ...checksum,
      MultipartUpload: { Parts: this.#parts },
      ...(options.ifAbsent ? { IfNoneMatch: '*' } : {}),
    });
    const answer = await this.#ofUpload<CompleteMultipartUploadCommandOutput>(
      client.send(command, { abortSignal: signal }),
    );
    const stored = hexOfBase64(answer.ChecksumCRC64NVME, CRC64_BYTES);
    if (this.checksum && stored !== undefined && stored !== written.crc) {
      throw mismatch(this.source, written.crc, stored);
    }
    const info: ObjectInfo = { key, bytes: written.bytes, etag: answer.ETag };
    return this.#adopted ? this.#checkNotes(info, signal) : info;
  }

  stored(signal: AbortSignal): Promise<ObjectInfo | undefined> {
    return this.context.head(signal);
  }

  isSame(stored: ObjectInfo, { bytes, crc }: Written): boolean {
    if (stored.bytes !== bytes) return false;
    if (this.checksum && stored.checksums?.crc64nvme !== undefined) return stored.checksums.crc64nvme === crc;
    if (this.#md5 !== undefined) return md5OfEtag(stored.etag) === this.#md5;
    return this.#parts.length > 0 && stored.etag === this.#etag();
  }

  remove(signal: AbortSignal): Promise<void> {
    return this.context.remove(signal);
  }

  async discard(): Promise<void> {
    if (this.#uploadId === undefined) return;
    await this.context.client.send(new sdk.AbortMultipartUploadCommand(this.#upload()));
  }

  explain(error: unknown): PineloadError {
    return this.context.explain(error);
  }

  /**
   * Goes on with the newest upload of this key whose parts can be compared, and drops the others: nobody else would ever finish them.
   * Whoever may not list uploads, or a server that cannot, begins anew.
   */
  async #adopt(signal: AbortSignal): Promise<void> {
    for (const { UploadId } of await this.#unfinished(signal)) {
      if (UploadId === undefined) continue;
      if (this.#uploadId === undefined && (await this.#take(UploadId, signal))) continue;
      const command = new sdk.AbortMultipartUploadCommand({ ...this.context.at, UploadId });
      await this.context.client.send(command, { abortSignal: signal }).catch(() => undefined);
    }
  }

  /** Uploads of exactly this key, the newest first. */
  async #unfinished(signal: AbortSignal): Promise<MultipartUpload[]> {
    const { Bucket, Key } = this.context.at;
    const command = new sdk.ListMultipartUploadsCommand({ Bucket, Prefix: Key });
    try {
      const { Uploads = [] } = await this.context.client.send(command, { abortSignal: signal });
      const age = ({ Initiated }: MultipartUpload) => -(Initiated?.getTime() ?? 0);
      return Uploads.filter((upload) => upload.Key === Key).sort((a, b) => age(a) - age(b));
    } catch (error) {
      const { status } = this.context.faultOf(error);
      if (status === 403 || status === 405 || status === 501) return [];
      throw error;
    }
  }

  /** Learns what an upload holds; false when it is gone, or keeps to other checksums than ours. */
  async #take(UploadId: string, signal: AbortSignal): Promise<boolean> {
    const stored = new Map<number, StoredPart>();
    let algorithm: string | undefined;
    let marker: string | undefined;
    do {
      const command = new sdk.ListPartsCommand({ ...this.context.at, UploadId, PartNumberMarker: marker });
      let page: ListPartsCommandOutput;
      try {
        page = await this.context.client.send(command, { abortSignal: signal });
      } catch (error) {
        const { status } = this.context.faultOf(error);
        if (status === 403 || status === 404 || status === 405 || status === 501) return false;
        throw error;
      }
      algorithm ??= page.ChecksumAlgorithm;
      for (const { PartNumber, Size, ETag, ChecksumCRC64NVME } of page.Parts ?? []) {
        if (PartNumber === undefined || ETag === undefined) continue;
        const crc = hexOfBase64(ChecksumCRC64NVME, CRC64_BYTES);
        if (crc !== undefined) algorithm ??= 'CRC64NVME';
        stored.set(PartNumber, { bytes: Size ?? -1, etag: ETag, crc });
      }
      marker = page.IsTruncated ? page.NextPartNumberMarker : undefined;
    } while (marker !== undefined);
    if (algorithm !== (this.checksum && 'CRC64NVME')) return false;
    this.#stored = stored;
    this.#uploadId = UploadId;
    this.#adopted = true;
    return true;
  }

  /**
   * An upload keeps the notes it was begun with, and shows them to nobody before it is complete. If they are not ours it was another
   * object's whose parts happened to be the same; it must not pass for this one.
   */
  async #checkNotes(info: ObjectInfo, signal: AbortSignal): Promise<ObjectInfo> {
    const stored = await this.context.head(signal);
    const notes = Object.entries(this.context.options.metadata ?? {});
    if (notes.every(([name, value]) => stored?.metadata?.[name] === value)) return stored ?? info;
    await this.context.remove(signal);
    throw new PineloadError('STORE_TEMPORARY', {
      source: this.source,
      message: 'the upload that was gone on with had been begun for another version of this object',
      hint: 'It has been removed; run the same command again.',
    });
  }

  /** The ETag of an object of several parts: the MD5 of their MD5s, and their number. */
  #etag(): string {
    const hash = createHash('md5');
    for (const { ETag } of this.#parts) hash.update(Buffer.from(md5OfEtag(ETag) ?? '', 'hex'));
    return `"${hash.digest('hex')}-${this.#parts.length}"`;
  }

  #upload() {
    return { ...this.context.at, UploadId: this.#uploadId };
  }

  async #ofUpload<T>(request: Promise<T>): Promise<T> {
    try {
      return await request;
    } catch (error) {
      if (this.context.faultOf(error).code === 'NoSuchUpload') throw new UploadGone();
      throw error;
    }
  }
}

/** What goes along with bytes where the server does not know the newer headers. */
export function contentMd5(bytes: Uint8Array): { readonly ContentMD5: string } {
  return { ContentMD5: createHash('md5').update(bytes).digest('base64') };
}

/** The MD5 in an ETag, in hex; undefined where it is something else (several parts, SSE-KMS). */
export function md5OfEtag(etag: string | undefined): string | undefined {
  return /^"?([0-9a-f]{32})"?$/.exec(etag ?? '')?.[1];
}

interface Answer {
  readonly ETag?: string | undefined;
  /** Base64 */
  readonly crc?: string | undefined;
  readonly ServerSideEncryption?: string | undefined;
  readonly SSECustomerAlgorithm?: string | undefined;
}

/** Compares what the server says that it has stored. Under SSE-KMS and SSE-C an ETag is no MD5. */
export function compareWithSent(source: string, answer: Answer, bytes: Uint8Array, crc: string): void {
  const { ETag, ServerSideEncryption: encryption = 'AES256', SSECustomerAlgorithm } = answer;
  const stored = hexOfBase64(answer.crc, CRC64_BYTES);
  if (crc !== '' && stored !== undefined && stored !== crc) throw mismatch(source, crc, stored);
  if (crc !== '' || encryption !== 'AES256' || SSECustomerAlgorithm !== undefined) return;
  const md5 = md5OfEtag(ETag);
  const sent = createHash('md5').update(bytes).digest('hex');
  if (md5 !== undefined && md5 !== sent) throw mismatch(source, sent, md5);
}

function isSamePart(before: StoredPart, bytes: Buffer, crc: string): boolean {
  if (before.bytes !== bytes.length) return false;
  if (before.crc !== undefined && crc !== '') return before.crc === crc;
  return md5OfEtag(before.etag) === createHash('md5').update(bytes).digest('hex');
}

function mismatch(source: string, expected: string, got: string): PineloadError {
  return new PineloadError('CHECKSUM_MISMATCH', { source, expected, got });
}
