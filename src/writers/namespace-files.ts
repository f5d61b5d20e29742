import { abortError, throwIfAborted } from '../base/abort.js';
import { openParquetFile } from '../parquet/open-file.js';
import type { ParquetFile, ParquetFileOptions } from '../parquet/parquet-file.js';
import type { RowGroupColumns } from '../parquet/row-group.js';
import type { CompressionOptions } from '../parquet/schema.js';
import type { VectorKind } from '../records/batch.js';
import { MAX_FILE_BYTES } from '../records/limits.js';
import type { ChecksumName, ObjectStore, ObjectWriter, WriteOptions } from '../uploaders/object-store.js';
import type { Layout } from './layout.js';
import type { ManifestFile } from './manifest.js';
import { partKey } from './part-names.js';
import type { RowStores, StoredRows } from './stored-rows.js';

/** Where files are encoded, if not on the calling thread. */
export interface FileEncoders {
  /** So many files. */
  readonly atOnce: number;
  /** @param checksums which are taken of the whole file, besides those that the sink tells of it */
  open(sink: ObjectWriter, options: ParquetFileOptions, checksums: readonly ChecksumName[]): ParquetFile;
  /**
   * Writes small files to a local directory there, from the first byte to the name; see write-rests.ts. What of the rows is not shared memory
   * is gone afterwards.
   *
   * @param root the directory: the store's URI
   * @param stores where rows lie that are not there yet
   */
  writeRests(
    root: string,
    terms: FileTerms,
    rests: readonly NamespaceRest[],
    stores?: RowStores,
  ): Promise<ManifestFile[]>;
}

/** The last rows of a namespace, fewer than fill a row group. */
export interface NamespaceRest {
  readonly namespace: string;
  /** Of the file that they go to. */
  readonly sequence: number;
  readonly group: RowGroupColumns | StoredRows;
  /** Size of their values as PLAIN. */
  readonly rawBytes: number;
}

/** What decides about the files of a split, as another thread can be told. */
export interface FileTerms {
  readonly layout: Layout;
  readonly split: number;
  readonly kind: VectorKind;
  readonly dimension: number;
  readonly targetFileBytes: number;
  readonly compression: CompressionOptions | undefined;
  readonly pageBytes: number | undefined;
  readonly version: string;
  readonly ifAbsent: boolean;
  readonly resume: boolean | 'parts';
}

/** What all files of a split have in common. */
export interface FileSettings extends FileTerms {
  readonly store: ObjectStore;
  /** Default: on the calling thread. */
  readonly encoders: FileEncoders | undefined;
  /** Files whose first row group has less than this are encoded on the calling thread all the same. */
  readonly handedOverBytes: number;
  readonly onTheWay: WriteOptions['onTheWay'];
  readonly signal: AbortSignal | undefined;
  readonly onFile: ((file: ManifestFile) => void) | undefined;
}

const PARQUET_CONTENT_TYPE = 'application/vnd.apache.parquet';
/** Checksums of every file, which stores are asked for when it is proved that all has arrived. */
const CHECKSUMS: readonly ChecksumName[] = ['crc64nvme', 'crc32c'];

/**
 * The files of one namespace, one open at a time. A file ends with the row group that brings it to the target size, or before
 * one that could bring it beyond the service's limit.
 */
export class NamespaceFiles {
  private writer: ParquetFile | undefined;
  private aborted = false;

  constructor(
    private readonly namespace: string,
    private readonly settings: FileSettings,
    /** Takes the finished file. */
    private readonly finished: (file: ManifestFile) => void,
    /** Of the next file. */
    private sequence = 0,
  ) {}

  /** Of the file that is open, or of the next one. */
  get nextSequence(): number {
    return this.sequence;
  }

  get isOpen(): boolean {
    return this.writer !== undefined;
  }

  /** @param rawBytes size of the row group's values as PLAIN */
  async write(group: RowGroupColumns, rawBytes: number): Promise<void> {
    const { targetFileBytes, signal } = this.settings;
    throwIfAborted(signal);
    if (this.writer !== undefined && this.writer.bytes + largestEncoding(rawBytes) > MAX_FILE_BYTES) await this.close();
    this.writer ??= await this.open(rawBytes);
    await this.writer.writeRowGroup(group);
    if (this.writer.bytes >= targetFileBytes) await this.close();
  }

  /** Finishes the open file, if there is one. */
  async close(): Promise<void> {
    if (this.writer === undefined) return;
    throwIfAborted(this.settings.signal);
    const { records, bytes, sha256, checksums } = await this.writer.close();
    this.writer = undefined;
    const path = partKey(this.namespace, this.settings.split, this.sequence++, this.settings.layout);
    const { crc64nvme, crc32c } = checksums ?? {};
    const file: ManifestFile = { path, namespace: this.namespace, records, bytes, sha256, crc64nvme, crc32c };
    this.finished(file);
    this.settings.onFile?.(file);
  }

  /** Drops the open file. Never throws. */
  async abort(): Promise<void> {
    this.aborted = true;
    const { writer } = this;
    this.writer = undefined;
    await writer?.abort();
  }

  private async open(rawBytes: number): Promise<ParquetFile> {
    const { store, layout, split, kind, dimension, version, compression, pageBytes, signal } = this.settings;
    const key = partKey(this.namespace, split, this.sequence, layout);
    const encoders = rawBytes < this.settings.handedOverBytes ? undefined : this.settings.encoders;
    const sink: ObjectWriter = await store.create(key, {
      ifAbsent: this.settings.ifAbsent,
      resume: this.settings.resume,
      onTheWay: this.settings.onTheWay,
      checksums: encoders === undefined ? CHECKSUMS : [],
      contentType: PARQUET_CONTENT_TYPE,
      signal,
    });
    const options = { kind, dimension, version, compression, pageBytes };
    const checksums = CHECKSUMS.filter((name) => name !== sink.checksum);
    const file = encoders?.open(sink, options, checksums) ?? (await openParquetFile({ ...options, sink }));
    if (this.aborted) {
      await file.abort();
      throw abortError(signal ?? AbortSignal.abort());
    }
    return file;
  }
}

/**
 * No row group encodes to more: Snappy adds a sixth at most, levels stay below a bit per value and a few bytes per row, and
 * the footer's share is far below a MiB.
 */
function largestEncoding(rawBytes: number): number {
  return 2 * rawBytes + 1024 * 1024;
}
