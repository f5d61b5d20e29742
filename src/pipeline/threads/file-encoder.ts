import { ParquetFileWriter } from '../../parquet/file-writer.js';
import { MemorySink } from '../../parquet/memory-sink.js';
import type { ParquetFileOptions, ParquetFileSummary } from '../../parquet/parquet-file.js';
import type { RowGroupColumns } from '../../parquet/row-group.js';
import type { FileChecksums } from '../../parquet/section-sink.js';
import { Crc, type CrcName } from '../../uploaders/checksum/crc.js';
import { memoriesOf } from './protocol.js';

/** One file, encoded on this thread; another one takes the pieces of bytes to where they belong, in order. */
export class FileEncoder {
  readonly #pieces: CheckedSink;
  readonly #writer: ParquetFileWriter;

  /** @param checksums taken of the whole file */
  constructor(options: ParquetFileOptions, checksums: readonly CrcName[]) {
    this.#pieces = new CheckedSink(checksums);
    this.#writer = new ParquetFileWriter({ ...options, sink: this.#pieces });
  }

  /** Bytes of the file so far, without the footer. */
  get bytes(): number {
    return this.#writer.bytes;
  }

  /** Gives the file's next pieces, some of which lie in the row group's memory. */
  async writeRowGroup(group: RowGroupColumns): Promise<Uint8Array[]> {
    this.#pieces.lent = memoriesOf(group);
    await this.#writer.writeRowGroup(group);
    return this.#pieces.take();
  }

  /** Gives the last pieces. */
  async close(): Promise<{ readonly pieces: Uint8Array[]; readonly summary: ParquetFileSummary }> {
    const summary = await this.#writer.close();
    return { pieces: this.#pieces.take(), summary };
  }
}

/** Takes checksums of what it holds. */
class CheckedSink extends MemorySink {
  readonly #crcs: readonly Crc[];

  constructor(checksums: readonly CrcName[]) {
    super();
    this.#crcs = checksums.map((name) => new Crc(name));
  }

  override write(bytes: Uint8Array): Promise<void> {
    Crc.updateAll(this.#crcs, bytes);
    return super.write(bytes);
  }

  override async close(): Promise<{ readonly bytes: number; readonly checksums: FileChecksums }> {
    const checksums = Object.fromEntries(this.#crcs.map((crc) => [crc.name, crc.hex()]));
    return { ...(await super.close()), checksums };
  }
}
