import { readSync } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import type { Chunks } from '../readers/chunks.js';
import type { Chunk, FileBlock } from '../readers/reader.js';
import { checkUnchanged, openFile, readError } from '../sources/local-source.js';
import type { Source } from '../sources/source.js';
import type { SplitPiece } from './plan.js';

/**
 * 4 MiB: handing a block to a thread and taking its columns over costs much the same whatever its size, a tenth of all time with blocks of
 * 1 MiB. Larger ones gain nothing more and take memory. Changes nothing in what comes out.
 */
export const BLOCK_BYTES = 4 * 1024 * 1024;

const LF = 0x0a;

/** What tells a block from the others of its file. */
type BlockPlace = Pick<FileBlock, 'cut' | 'start' | 'end' | 'firstLine' | 'rejects'>;

/** A local file that the threads read by its descriptor. */
class SharedFile {
  #file: FileHandle | undefined;

  constructor(
    private readonly source: Source,
    private readonly path: string,
    private readonly fileBytes: number,
    private readonly maxRecordBytes: number,
  ) {}

  /** Gives its descriptor. */
  async open(): Promise<number> {
    return (this.#file ??= await openFile(this.path, this.source.name)).fd;
  }

  /** Opens it, and gives a block of it. Field by field, for the reason that kernel-reader.ts gives. */
  async block({ cut, start, end, firstLine, rejects }: BlockPlace): Promise<FileBlock> {
    const { source, fileBytes, maxRecordBytes } = this;
    const fd = await this.open();
    return { source: source.name, fd, cut, start, end, fileBytes, firstLine, maxRecordBytes, rejects };
  }

  /** @throws INPUT_CHANGED when it is not, or not any more, the file of the source */
  async check(): Promise<void> {
    if (this.#file !== undefined) await checkUnchanged(this.#file, this.source);
  }

  async close(): Promise<void> {
    const file = this.#file;
    this.#file = undefined;
    await file?.close();
  }
}

export interface FileBlocksOptions {
  /** Lines whose first byte lies in `[start, end)`; default all. */
  readonly range?: SplitPiece['range'];
  readonly maxRecordBytes: number;
  readonly onRead?: ((bytes: number) => void) | undefined;
}

/**
 * An uncompressed local JSONL file, or a range of it, as blocks that the threads read by themselves: every line belongs to the
 * block in which it begins, so nobody need look for line ends before.
 */
export class FileBlocks {
  /** Lines of the blocks that were read; counted by whoever reads them. */
  lines = 0;
  readonly #file: SharedFile;

  private constructor(
    source: Source,
    path: string,
    private readonly fileBytes: number,
    private readonly options: FileBlocksOptions,
  ) {
    this.#file = new SharedFile(source, path, fileBytes, options.maxRecordBytes);
  }

  /** Undefined for a source that cannot be read like that. */
  static of(source: Source, options: FileBlocksOptions): FileBlocks | undefined {
    const { localPath, bytes, format, compression } = source;
    if (localPath === undefined || bytes === undefined || format !== 'jsonl' || compression !== 'none')
      return undefined;
    // A line that is too large must reach beyond its block; under smaller limits somebody has to look at every line.
    if (options.maxRecordBytes < BLOCK_BYTES) return undefined;
    return new FileBlocks(source, localPath, bytes, options);
  }

  /** The blocks in order. They can be read until `close` is called. */
  async *blocks(): AsyncGenerator<FileBlock, void, undefined> {
    const { fileBytes, options } = this;
    const [start, end] = options.range ?? [0, fileBytes];
    await this.#file.open();
    await this.#file.check();
    for (let at = start; at < end; at += BLOCK_BYTES) {
      const to = Math.min(at + BLOCK_BYTES, end);
      yield await this.#file.block({ cut: 'lines', start: at, end: to, firstLine: 1, rejects: [] });
      options.onRead?.(to - at);
    }
  }

  /** A block's first records, for the few that must look at them before they are read. */
  sampleOf(block: FileBlock): Chunk {
    const firstLines = (): Uint8Array => this.#firstLines(block);
    return {
      source: block.source,
      get bytes() {
        return firstLines();
      },
      firstLine: 1,
      byteOffset: block.start,
      rejects: [],
    };
  }

  /** To be called when every block has been read: they must have been those of one file. */
  finish(): Promise<void> {
    return this.#file.check();
  }

  close(): Promise<void> {
    return this.#file.close();
  }

  /** The lines in the first bytes that hold a whole one. A line too large to be a record is passed over, never held. */
  #firstLines({ fd, source, start, fileBytes }: FileBlock): Uint8Array {
    const { maxRecordBytes } = this.options;
    let from = Math.max(0, start - 1);
    // Whether a line begins at `from`; else the first one begins behind a line feed.
    let atLine = start === 0;
    for (let length = BLOCK_BYTES; ;) {
      const bytes = Buffer.alloc(Math.min(length, fileBytes - from));
      let filled: number;
      try {
        filled = readSync(fd, bytes, 0, bytes.length, from);
      } catch (error) {
        throw readError(error, source);
      }
      const feed = bytes.indexOf(LF);
      const begin = atLine ? 0 : feed < 0 ? filled : feed + 1;
      const end = bytes.lastIndexOf(LF) + 1;
      if (end > begin) return bytes.subarray(begin, end);
      if (filled === fileBytes - from) return bytes.subarray(begin, filled);
      if (length <= maxRecordBytes) {
        length *= 2;
      } else {
        from += begin === 0 ? filled : begin;
        atLine = begin > 0 && feed >= 0;
      }
    }
  }
}

export interface RowBlocksOptions {
  /** Rows whose first byte lies in `[start, end)`, both of which are where rows begin; default all. */
  readonly range?: SplitPiece['range'];
  readonly maxRecordBytes: number;
  /** Cuts the rows from an offset on into chunks; their lines are counted from there. Absent where the threads may not look for rows. */
  readonly chunksFrom?: ((offset: number) => Chunks) | undefined;
  /** Default BLOCK_BYTES. */
  readonly blockBytes?: number | undefined;
  /** Told how far the file has been read. */
  readonly onReadTo?: ((offset: number) => void) | undefined;
}

/**
 * An uncompressed local CSV file, of which the threads read the rows by themselves, so that no byte need cross a thread. Where a row begins
 * can be told only by who has seen all quotes before; what a thread takes for a row's start is therefore compared with where the row before
 * has ended.
 */
export class RowBlocks {
  /** Lines of the blocks that were read; counted by whoever reads them. Undefined as long as nobody does: chunks are read. */
  lines: number | undefined;
  readonly #file: SharedFile;

  private constructor(
    source: Source,
    path: string,
    private readonly fileBytes: number,
    private readonly options: RowBlocksOptions,
  ) {
    this.#file = new SharedFile(source, path, fileBytes, options.maxRecordBytes);
  }

  /** No block begins there any more. */
  get end(): number {
    return this.options.range?.[1] ?? this.fileBytes;
  }

  /** Undefined for a source that cannot be read like that. */
  static of(source: Source, options: RowBlocksOptions): RowBlocks | undefined {
    const { localPath, bytes, format, compression } = source;
    const isCsv = format === 'csv' || format === 'tsv';
    if (localPath === undefined || bytes === undefined || !isCsv || compression !== 'none') return undefined;
    return new RowBlocks(source, localPath, bytes, options);
  }

  /** Undefined where rows are found by nobody but the chunker. Under smaller limits than a block somebody has to look at every row. */
  get chunksFrom(): RowBlocksOptions['chunksFrom'] {
    return this.options.maxRecordBytes < this.#blockBytes ? undefined : this.options.chunksFrom;
  }

  /** The place of a chunk's rows in the file; the chunk's own bytes are not needed any more. */
  async blockOf({ bytes, byteOffset, firstLine, rejects }: Chunk): Promise<FileBlock> {
    const end = byteOffset + bytes.length;
    return this.#file.block({ cut: 'rows', start: byteOffset, end, firstLine, rejects });
  }

  /** The block that begins at an offset, where a row begins or not. Its lines are counted from its first row. */
  async blockAt(start: number, cut: 'rows-from' | 'rows-near'): Promise<FileBlock> {
    const end = Math.min(start + this.#blockBytes, this.end);
    this.options.onReadTo?.(end);
    return this.#file.block({ cut, start, end, firstLine: 1, rejects: [] });
  }

  get #blockBytes(): number {
    return this.options.blockBytes ?? BLOCK_BYTES;
  }

  /** To be called when every block has been read: they must have been those of the file whose rows were looked for. */
  finish(): Promise<void> {
    return this.#file.check();
  }

  close(): Promise<void> {
    return this.#file.close();
  }
}
