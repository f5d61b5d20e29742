import { createHash } from 'node:crypto';
import type { BlockBlobClient } from '@azure/storage-blob';
import { PineloadError } from '../base/errors.js';
import type { ObjectInfo, WriteOptions } from './object-store.js';
import { type Part, type PartSink, UploadGone, type Written } from './part-writer.js';
import type { ServiceFault } from './store-errors.js';

/**
 * Metadata name of a blob's CRC-64 (hex). The service checks one for every block that it is sent, but keeps none of the whole; a blob's
 * metadata are set when its blocks are put together, and by then it is known.
 */
export const CRC64_METADATA = 'pineloadcrc64';

/** What the store lends to the uploads of one blob. */
export interface AzureUploadContext {
  readonly blob: BlockBlobClient;
  /** The blob's key below the store's root, and its URI. */
  readonly key: string;
  readonly source: string;
  readonly options: WriteOptions;
  /** Does the service take a CRC-64 with a block? If not, it is sent the MD5. */
  readonly checksums: boolean;
  /** What goes along with the commit. @param crc of the whole blob, hex */
  headers(crc: string): NonNullable<Parameters<BlockBlobClient['commitBlockList']>[1]>;
  put(bytes: Buffer, crc: string, signal: AbortSignal): Promise<ObjectInfo>;
  head(signal: AbortSignal): Promise<ObjectInfo | undefined>;
  remove(signal: AbortSignal): Promise<void>;
  faultOf(error: unknown): ServiceFault;
  explain(error: unknown): PineloadError;
}

/**
 * One blob on its way to Azure, as blocks when it is more than a part. The service is sent the CRC-64 of each block and refuses what
 * does not fit.
 *
 * A block's id is its number and its checksum. So the blocks of a write that was cut off are known by their ids and not sent
 * again, and two writers of the same bytes do not disturb each other; those of other bytes have other ids.
 */
export class AzureUpload implements PartSink {
  readonly source: string;
  readonly checksum = 'crc64nvme';
  readonly #ids: string[] = [];
  /** Sizes of the blocks that wait to be committed. */
  #staged: ReadonlyMap<string, number> = new Map();

  constructor(private readonly context: AzureUploadContext) {
    this.source = context.source;
  }

  whole(bytes: Buffer, { crc }: Written, signal: AbortSignal): Promise<ObjectInfo> {
    return this.context.put(bytes, crc, signal);
  }

  async begin(abortSignal: AbortSignal): Promise<void> {
    const { blob, options } = this.context;
    if (!options.resume) return;
    try {
      const { uncommittedBlocks = [] } = await blob.getBlockList('uncommitted', { abortSignal });
      this.#staged = new Map(uncommittedBlocks.map(({ name, size }) => [name, size]));
    } catch (error) {
      // 404: no blob and no blocks. 403: a signature that may only write.
      const { status } = this.context.faultOf(error);
      if (status !== 404 && status !== 403) throw error;
    }
  }

  async part({ index, bytes, crc }: Part, abortSignal: AbortSignal): Promise<number> {
    const id = Buffer.from(`${String(index).padStart(6, '0')}-${crc}`).toString('base64');
    this.#ids[index] = id;
    if (this.#staged.get(id) === bytes.length) return 0;
    // Least significant byte first: https://learn.microsoft.com/rest/api/storageservices/put-block
    const transactionalContentCrc64 = Buffer.from(crc, 'hex').reverse();
    const checked = this.context.checksums
      ? { transactionalContentCrc64 }
      : { transactionalContentMD5: createHash('md5').update(bytes).digest() };
    const answer = await this.context.blob.stageBlock(id, bytes, bytes.length, { ...checked, abortSignal });
    const stored = answer.xMsContentCrc64;
    if (stored !== undefined && !transactionalContentCrc64.equals(stored)) {
      const got = Buffer.from(stored).reverse().toString('hex');
      throw new PineloadError('CHECKSUM_MISMATCH', { source: this.source, expected: crc, got });
    }
    return bytes.length;
  }

  async finish({ bytes, crc }: Written, abortSignal: AbortSignal): Promise<ObjectInfo> {
    const { blob, key } = this.context;
    try {
      const answer = await blob.commitBlockList(this.#ids, { ...this.context.headers(crc), abortSignal });
      return { key, bytes, etag: answer.etag };
    } catch (error) {
      // Another writer's commit has dropped all blocks that it did not name itself.
      if (this.context.faultOf(error).code === 'InvalidBlockList') throw new UploadGone();
      throw error;
    }
  }

  stored(signal: AbortSignal): Promise<ObjectInfo | undefined> {
    return this.context.head(signal);
  }

  isSame(stored: ObjectInfo, { bytes, crc }: Written): boolean {
    return stored.bytes === bytes && stored.checksums?.crc64nvme === crc;
  }

  remove(signal: AbortSignal): Promise<void> {
    return this.context.remove(signal);
  }

  /** Blocks that were never committed are invisible and no call drops them; Azure does so after a week. */
  discard(): Promise<void> {
    return Promise.resolve();
  }

  explain(error: unknown): PineloadError {
    return this.context.explain(error);
  }
}
