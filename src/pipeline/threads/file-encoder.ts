import { ParquetFileWriter, type ParquetFileOptions, type ParquetFileSummary } from '../../parquet/file-writer.js';
import type { RowGroupColumns } from '../../parquet/row-group.js';
import type { ByteSink, FileChecksums } from '../../parquet/section-sink.js';
import { Crc, type CrcName } from '../../uploaders/checksum/crc.js';
import { memoriesOf } from './protocol.js';

/** Sections that are copied are put together to pieces of these sizes, the first of a row group the smallest: often there is no more. */
const FIRST_PIECE_BYTES = 32 * 1024;
const PIECE_BYTES = 256 * 1024;

/** One file, encoded on this thread; another one takes the pieces of bytes to where they belong, in order. */
export class FileEncoder {
  readonly #pieces: PieceSink;
  readonly #writer: ParquetFileWriter;

  /** @param checksums taken of the whole file */
  constructor(options: ParquetFileOptions, checksums: readonly CrcName[]) {
    this.#pieces = new PieceSink(checksums);
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

/** Holds bytes until they are taken. What lies in lent memory is held as it is; the rest is copied, since the file's writer uses its memory again. */
class PieceSink implements ByteSink {
  lent: ReadonlySet<ArrayBufferLike> = new Set();
  readonly #crcs: readonly Crc[];
  #bytes = 0;
  #pieces: Uint8Array[] = [];
  /** Memory for copies, of which `#from … #to` is not a piece yet. */
  #copies = new Uint8Array(0);
  #nextBytes = FIRST_PIECE_BYTES;
  #from = 0;
  #to = 0;

  constructor(checksums: readonly CrcName[]) {
    this.#crcs = checksums.map((name) => new Crc(name));
  }

  async write(bytes: Uint8Array): Promise<void> {
    Crc.updateAll(this.#crcs, bytes);
    this.#bytes += bytes.length;
    if (this.lent.has(bytes.buffer)) {
      this.#endPiece();
      this.#pieces.push(bytes);
    } else {
      this.#copy(bytes);
    }
  }

  /** What was written since the last call. */
  take(): Uint8Array[] {
    this.#endPiece();
    const taken = this.#pieces;
    this.#pieces = [];
    // Whoever gets the pieces gets the memory.
    this.#copies = new Uint8Array(0);
    this.#nextBytes = FIRST_PIECE_BYTES;
    this.#from = this.#to = 0;
    this.lent = new Set();
    return taken;
  }

  async close(): Promise<{ readonly bytes: number; readonly checksums: FileChecksums }> {
    return { bytes: this.#bytes, checksums: Object.fromEntries(this.#crcs.map((crc) => [crc.name, crc.hex()])) };
  }

  async abort(): Promise<void> {}

  #copy(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length;) {
      if (this.#to === this.#copies.length) {
        this.#endPiece();
        this.#copies = new Uint8Array(this.#nextBytes);
        this.#nextBytes = Math.min(2 * this.#nextBytes, PIECE_BYTES);
        this.#from = this.#to = 0;
      }
      const part = bytes.subarray(at, at + this.#copies.length - this.#to);
      this.#copies.set(part, this.#to);
      this.#to += part.length;
      at += part.length;
    }
  }

  #endPiece(): void {
    if (this.#to > this.#from) this.#pieces.push(this.#copies.subarray(this.#from, this.#to));
    this.#from = this.#to;
  }
}
