import { ParquetFileWriter, type ParquetFileWriterOptions } from '../parquet/file-writer.js';
import type { RowGroupColumns } from '../parquet/row-group.js';
import type { ByteSink } from '../parquet/section-sink.js';
import type { ObjectStore, ObjectWriter } from '../uploaders/object-store.js';

/** A row group in a staged object: a Parquet file of one row group. */
export interface StagedGroup {
  readonly namespace: string;
  /** Where it begins in the object. */
  readonly offset: number;
  readonly bytes: number;
  readonly records: number;
}

export interface StagedSplitOptions extends Omit<ParquetFileWriterOptions, 'sink'> {
  readonly store: ObjectStore;
  readonly key: string;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Row groups of many namespaces one after the other in one object: what would be thousands of small files is one stream, whatever the
 * store. Whoever joins a namespace's row groups reads ranges of it.
 */
export class StagedSplit {
  readonly groups: StagedGroup[] = [];
  #writer: ObjectWriter | undefined;
  #bytes = 0;

  constructor(private readonly options: StagedSplitOptions) {}

  async take(namespace: string, group: RowGroupColumns): Promise<void> {
    const { store, key, signal, ...file } = this.options;
    this.#writer ??= await store.create(key, { contentType: 'application/octet-stream', signal });
    const sink = new MemorySink();
    const writer = new ParquetFileWriter({ ...file, sink });
    await writer.writeRowGroup(group);
    const { records, bytes } = await writer.close();
    this.groups.push({ namespace, offset: this.#bytes, bytes, records });
    this.#bytes += bytes;
    for (const part of sink.parts) await this.#writer.write(part);
  }

  /** Makes the object complete. Without a row group there is none. */
  async close(): Promise<void> {
    await this.#writer?.close();
    this.#writer = undefined;
  }

  /** Never throws. */
  async abort(): Promise<void> {
    await this.#writer?.abort();
    this.#writer = undefined;
  }
}

/** Holds one small file. */
class MemorySink implements ByteSink {
  readonly parts: Uint8Array[] = [];
  #bytes = 0;

  write(bytes: Uint8Array): Promise<void> {
    // What comes may lie in memory that is used again.
    this.parts.push(bytes.slice());
    this.#bytes += bytes.length;
    return Promise.resolve();
  }

  close(): Promise<{ readonly bytes: number }> {
    return Promise.resolve({ bytes: this.#bytes });
  }

  abort(): Promise<void> {
    return Promise.resolve();
  }
}
