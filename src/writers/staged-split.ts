import { MemorySink } from '../parquet/memory-sink.js';
import { openParquetFile } from '../parquet/open-file.js';
import type { ParquetFileOptions } from '../parquet/parquet-file.js';
import type { RowGroupColumns } from '../parquet/row-group.js';
import type { ObjectStore, ObjectWriter } from '../uploaders/object-store.js';

/** A row group in a staged object: a Parquet file of one row group. */
export interface StagedGroup {
  readonly namespace: string;
  /** Where it begins in the object. */
  readonly offset: number;
  readonly bytes: number;
  readonly records: number;
}

export interface StagedSplitOptions extends ParquetFileOptions {
  readonly store: ObjectStore;
  readonly key: string;
  readonly signal?: AbortSignal | undefined;
}

/** What is taken goes to the store in pieces of at least so many bytes: a row group may have some hundred of them. */
const PIECE_BYTES = 256 * 1024;

/**
 * Row groups of many namespaces one after the other in one object: what would be thousands of small files is one stream, whatever the
 * store. Whoever joins a namespace's row groups reads ranges of it.
 */
export class StagedSplit {
  readonly groups: StagedGroup[] = [];
  #writer: ObjectWriter | undefined;
  #bytes = 0;
  #pending: Uint8Array[] = [];
  #pendingBytes = 0;

  constructor(private readonly options: StagedSplitOptions) {}

  async take(namespace: string, group: RowGroupColumns): Promise<void> {
    const { store, key, signal, ...file } = this.options;
    this.#writer ??= await store.create(key, { contentType: 'application/octet-stream', signal });
    const sink = new MemorySink();
    const writer = await openParquetFile({ ...file, sink });
    await writer.writeRowGroup(group);
    const { records, bytes } = await writer.close();
    this.groups.push({ namespace, offset: this.#bytes, bytes, records });
    this.#bytes += bytes;
    this.#pending.push(...sink.take());
    this.#pendingBytes += bytes;
    if (this.#pendingBytes >= PIECE_BYTES) await this.#flush();
  }

  /** Small parts as one piece; a large row group is not copied once more. */

  async #flush(): Promise<void> {
    const parts = this.#pending;
    const pieces = this.#pendingBytes < 2 * PIECE_BYTES ? [Buffer.concat(parts)] : parts;
    this.#pending = [];
    this.#pendingBytes = 0;
    for (const piece of pieces) if (piece.length > 0) await this.#writer?.write(piece);
  }

  /** Makes the object complete. Without a row group there is none. */
  async close(): Promise<void> {
    await this.#flush();
    await this.#writer?.close();
    this.#writer = undefined;
  }

  /** Never throws. */
  async abort(): Promise<void> {
    await this.#writer?.abort();
    this.#writer = undefined;
  }
}
