import {
  checkStored,
  type ParquetFile,
  type ParquetFileOptions,
  type ParquetFileSummary,
} from '../../parquet/parquet-file.js';
import type { RowGroupColumns } from '../../parquet/row-group.js';
import type { CrcName } from '../../uploaders/checksum/crc.js';
import type { ObjectWriter } from '../../uploaders/object-store.js';
import { memoriesOf, type WriteAnswer, type WriteRequest } from './protocol.js';

type Ask = (request: WriteRequest, memories?: Iterable<ArrayBufferLike>) => Promise<WriteAnswer>;

/** A file that another thread encodes: row groups are moved there, and what comes back goes to the sink. */
export class FileOnThread implements ParquetFile {
  bytes = 0;
  readonly #opened: Promise<unknown>;
  /** The thread has it no longer. */
  #closed = false;

  /** @param checksums that the thread takes of the file */
  constructor(
    private readonly file: number,
    private readonly sink: ObjectWriter,
    private readonly ask: Ask,
    options: ParquetFileOptions,
    checksums: readonly CrcName[],
  ) {
    this.#opened = ask({ type: 'open', file, options, checksums });
    // Met with the first row group.
    this.#opened.catch(() => undefined);
  }

  async writeRowGroup(group: RowGroupColumns): Promise<void> {
    const asked = this.ask({ type: 'row-group', file: this.file, group }, memoriesOf(group));
    const [answer] = await Promise.all([asked, this.#opened]);
    await this.#store(answer.pieces);
    this.bytes = answer.bytes;
  }

  async close(): Promise<ParquetFileSummary> {
    this.#closed = true;
    const { pieces, summary } = await this.ask({ type: 'close', file: this.file });
    await this.#store(pieces);
    const stored = await this.sink.close();
    checkStored(stored, summary!.bytes);
    return { ...summary!, checksums: { ...stored.checksums, ...summary!.checksums } };
  }

  async abort(): Promise<void> {
    // The thread may be gone, and the file with it.
    if (!this.#closed) this.ask({ type: 'drop', file: this.file }).catch(() => undefined);
    this.#closed = true;
    await this.sink.abort();
  }

  async #store(pieces: readonly Uint8Array[]): Promise<void> {
    if (this.sink.writeAll !== undefined) await this.sink.writeAll(pieces);
    else for (const piece of pieces) await this.sink.write(piece);
  }
}
