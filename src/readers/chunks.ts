import { PineloadError } from '../base/errors.js';
import type { Reject } from '../records/reject.js';
import { rawText } from '../records/raw-text.js';
import { takeChunkMemory } from './chunk-memory.js';
import type { Chunk } from './reader.js';
import { CsvRowScanner, LineScanner, type RecordScanner } from './record-scanner.js';

/**
 * 1 MiB: large enough that handing it to a thread costs little, small enough that the chunk and its columns stay in the CPU's cache
 * and that many can be under way. Larger ones took more time and memory (8 MiB: 17 % more CPU, 70 MB more).
 */
export const DEFAULT_CHUNK_BYTES = 1024 * 1024;
/** A record (JSONL line, CSV row) may have this many bytes: 20,000 dimensions with 17 digits and 40 KB of metadata are 0.5 MB. */
export const DEFAULT_MAX_RECORD_BYTES = 16 * 1024 * 1024;
/** What is kept of a record that is too large, for the rejects file. */
export const OVERSIZE_SAMPLE_BYTES = 256;

export interface ChunkOptions {
  /** Name of the source, as shown to people. */
  readonly source: string;
  /** Default DEFAULT_CHUNK_BYTES. Does not change what comes out in the end. */
  readonly chunkBytes?: number | undefined;
  /** Default DEFAULT_MAX_RECORD_BYTES. Counted without the line feed. */
  readonly maxRecordBytes?: number | undefined;
  /**
   * Place in the source of the first byte, asked for when it has come; default 0. Anywhere else there is no byte order mark. Lines are
   * counted from the first byte on.
   */
  readonly byteOffset?: (() => number) | undefined;
}

export type Chunks = AsyncGenerator<Chunk, void, undefined>;

/** A CSV source with its header row taken off. */
export interface CsvChunks {
  /** The header row without its line break; undefined when the source holds nothing but empty lines. */
  readonly header: Uint8Array | undefined;
  readonly chunks: Chunks;
}

/**
 * Cuts JSONL into chunks of whole lines. Pieces of the input need be good only until the next one is asked for. Where it cuts follows from the bytes alone, not from how they arrive: a chunk is
 * as many lines as fit into `chunkBytes`, or one line that alone is larger. All chunks end to end are the input, without a
 * byte order mark and without lines larger than `maxRecordBytes`; such a line is passed over (never held in memory) and
 * reported in `rejects` of the next chunk. The last chunk may be empty, when there is only a reject left to report.
 */
export async function* jsonlChunks(bytes: AsyncIterable<Uint8Array>, options: ChunkOptions): Chunks {
  const cutter = new Cutter(new LineScanner(), options);
  yield* cutter.chunks(bytes[Symbol.asyncIterator]());
}

/** As `jsonlChunks` for rows of CSV or TSV that have no header row before them: a part of a source. */
export async function* csvRowChunks(
  bytes: AsyncIterable<Uint8Array>,
  options: ChunkOptions & { readonly scanner?: RecordScanner | undefined },
): Chunks {
  const cutter = new Cutter(options.scanner ?? new CsvRowScanner(), options);
  yield* cutter.chunks(bytes[Symbol.asyncIterator]());
}

/**
 * Cuts CSV or TSV into its header row and chunks of whole rows, by the same rules as `jsonlChunks`. A quote that is still
 * open at the end is a CSV_SYNTAX reject of all that follows its row's start: where the row should have ended cannot be
 * known. Resolves when the header is there. Throws CSV_HEADER_INVALID.
 */
export async function csvChunks(
  bytes: AsyncIterable<Uint8Array>,
  options: ChunkOptions & {
    readonly delimiter?: string | undefined;
    /** Default: a CsvRowScanner. */
    readonly scanner?: RecordScanner | undefined;
  },
): Promise<CsvChunks> {
  const iterator = bytes[Symbol.asyncIterator]();
  const cutter = new Cutter(options.scanner ?? new CsvRowScanner(), options);
  let header: Uint8Array | undefined;
  try {
    header = await cutter.header(iterator);
  } catch (error) {
    await iterator.return?.();
    throw error;
  }
  return { header, chunks: closing(cutter.chunks(iterator), iterator) };
}

/** A generator that was never started does not run its `finally`; the input must be closed all the same. */
function closing(chunks: Chunks, iterator: AsyncIterator<Uint8Array>): Chunks {
  const close = chunks.return.bind(chunks);
  chunks.return = async (value) => {
    const result = await close(value);
    await iterator.return?.();
    return result;
  };
  return chunks;
}

const BOM = [0xef, 0xbb, 0xbf] as const;

/** Length of the byte order mark at the start of a source. Throws INPUT_UNREADABLE for that of UTF-16. */
export function byteOrderMark([a, b, c]: Uint8Array, source: string): number {
  if ((a === 0xff && b === 0xfe) || (a === 0xfe && b === 0xff)) {
    throw new PineloadError('INPUT_UNREADABLE', {
      source,
      message: 'the text is UTF-16',
      expected: 'UTF-8',
      got: 'the byte order mark of UTF-16',
      hint: 'Convert it first: iconv -f UTF-16 -t UTF-8',
    });
  }
  return a === BOM[0] && b === BOM[1] && c === BOM[2] ? BOM.length : 0;
}

/** What is said of a record that is too large. */
export function oversizeReject(
  maxRecordBytes: number,
  bytes: number,
  raw: string,
): Pick<Reject, 'code' | 'expected' | 'got' | 'raw'> {
  return { code: 'RECORD_TOO_LARGE', expected: `at most ${maxRecordBytes} bytes`, got: `${bytes} bytes`, raw };
}

/** A record that is being passed over. */
interface Oversize {
  readonly offset: number;
  readonly line: number;
  readonly sample: string;
  bytes: number;
}

/** Gathers bytes until whole records fill a chunk. */
class Cutter {
  readonly #source: string;
  readonly #chunkBytes: number;
  readonly #maxRecordBytes: number;
  /** The chunk being filled: `[0, #filled)` holds bytes, `[0, #whole)` whole records, `[0, #scanned)` was looked at. */
  #buffer: Buffer = Buffer.alloc(0);
  #filled = 0;
  #whole = 0;
  #scanned = 0;
  /** Offset in the source, and line, of the buffer's first byte. */
  #offset = 0;
  #line = 1;
  /** The line on which the record begins that is not whole yet. */
  #recordLine = 1;
  #rejects: Reject[] = [];
  #oversize: Oversize | undefined;
  /** What is left of the bytes that came last. */
  #incoming: Buffer = Buffer.alloc(0);
  #started = false;
  readonly #byteOffset: (() => number) | undefined;

  constructor(
    private readonly scanner: RecordScanner,
    options: ChunkOptions,
  ) {
    this.#source = options.source;
    this.#byteOffset = options.byteOffset;
    this.#chunkBytes = options.chunkBytes ?? DEFAULT_CHUNK_BYTES;
    this.#maxRecordBytes = options.maxRecordBytes ?? DEFAULT_MAX_RECORD_BYTES;
  }

  async *chunks(input: AsyncIterator<Uint8Array>): Chunks {
    let complete = false;
    try {
      for (;;) {
        if (this.#incoming.length === 0 && !(await this.#pull(input))) break;
        const chunk = this.#take();
        if (chunk !== undefined) yield chunk;
      }
      complete = true;
      yield* this.#end();
    } finally {
      if (!complete) await input.return?.();
    }
  }

  /** The first row that is not empty. */
  async header(input: AsyncIterator<Uint8Array>): Promise<Uint8Array | undefined> {
    // The header is met record by record; from then on the cutter starts afresh behind it.
    for (;;) {
      const ended = this.#incoming.length === 0 && !(await this.#pull(input));
      const end = ended ? this.#filled : this.#fillRecord();
      if (!ended && end < 0) continue;
      if (ended && this.scanner.open)
        throw this.#badHeader('a quote that is opened in it is closed', 'the end of the input');
      const row = withoutLineBreak(this.#buffer.subarray(0, end));
      this.#offset += end;
      this.#line = this.scanner.lines + 1;
      this.#recordLine = this.#line;
      this.#reset(Buffer.alloc(0));
      if (row.length > 0 || ended) return row.length > 0 ? row : undefined;
    }
  }

  /** Takes incoming bytes up to the end of one record; -1 when it has not ended yet. */
  #fillRecord(): number {
    const incoming = this.#incoming;
    const end = this.scanner.next(incoming, 0);
    const taken = incoming.subarray(0, end < 0 ? incoming.length : end);
    if (this.#filled + taken.length > this.#maxRecordBytes + 1) {
      throw this.#badHeader(`at most ${this.#maxRecordBytes} bytes`, 'more');
    }
    this.#buffer = Buffer.concat([this.#buffer.subarray(0, this.#filled), taken]);
    this.#filled = this.#buffer.length;
    this.#incoming = incoming.subarray(taken.length);
    return end < 0 ? -1 : this.#filled;
  }

  #badHeader(expected: string, got: string): PineloadError {
    return new PineloadError('CSV_HEADER_INVALID', { source: this.#source, line: this.#line, expected, got });
  }

  /** Waits for bytes; the byte order mark is taken off the first ones. False at the end of the input. */
  async #pull(input: AsyncIterator<Uint8Array>): Promise<boolean> {
    for (;;) {
      const next = await input.next();
      if (next.done !== true) {
        const { buffer, byteOffset, byteLength } = next.value;
        const bytes = Buffer.from(buffer, byteOffset, byteLength);
        this.#incoming = this.#incoming.length === 0 ? bytes : Buffer.concat([this.#incoming, bytes]);
        // Three bytes are needed to tell a byte order mark. What came is good only until more is asked for.
        if (!this.#started && this.#incoming.length < BOM.length) {
          this.#incoming = Buffer.from(this.#incoming);
          continue;
        }
      }
      if (!this.#started && this.#incoming.length > 0) this.#start();
      if (this.#incoming.length > 0) return true;
      if (next.done === true) return false;
    }
  }

  #start(): void {
    this.#started = true;
    this.#offset = this.#byteOffset?.() ?? 0;
    if (this.#offset > 0) return;
    this.#offset = byteOrderMark(this.#incoming, this.#source);
    this.#incoming = this.#incoming.subarray(this.#offset);
  }

  /** Moves incoming bytes on. Returns a chunk when one is full; else all incoming bytes were taken. */
  #take(): Chunk | undefined {
    while (this.#incoming.length > 0) {
      if (this.#oversize !== undefined) {
        this.#passOver(this.#oversize);
        continue;
      }
      this.#fill();
      const full = this.#scan();
      if (full !== undefined) return full;
    }
    return undefined;
  }

  /** Copies incoming bytes to the buffer: the one copy that is made of them. */
  #fill(): void {
    if (this.#buffer.length === 0) this.#reset(takeChunkMemory(this.#chunkBytes));
    if (this.#filled === this.#buffer.length) {
      // A record larger than a chunk. One byte above the maximum is enough to know that it is too large.
      const grown = Buffer.allocUnsafeSlow(Math.min(2 * this.#buffer.length, this.#maxRecordBytes + 1));
      this.#buffer.copy(grown, 0, 0, this.#filled);
      this.#buffer = grown;
    }
    const copied = this.#incoming.copy(this.#buffer, this.#filled);
    this.#filled += copied;
    this.#incoming = this.#incoming.subarray(copied);
  }

  /** Looks at what was filled. Returns a chunk when no further record fits. */
  #scan(): Chunk | undefined {
    const filled = this.#buffer.subarray(0, this.#filled);
    while (this.#scanned < this.#filled) {
      const end = this.scanner.next(filled, this.#scanned);
      this.#scanned = end < 0 ? this.#filled : end;
      const recordBytes = this.#scanned - this.#whole - (end < 0 ? 0 : 1);
      if (recordBytes > this.#maxRecordBytes) return this.#beginOversize(end >= 0);
      if (end < 0) break;
      // Only a record that alone is larger than a chunk reaches beyond one; it makes a chunk of its own.
      this.#whole = end;
      this.#recordLine = 1 + this.scanner.lines;
      if (end >= this.#chunkBytes) return this.#cut();
    }
    const full = this.#filled >= this.#chunkBytes && this.#whole > 0;
    return full ? this.#cut() : undefined;
  }

  /** The whole records so far become a chunk; what follows them moves to a new buffer. */
  #cut(): Chunk {
    const unfinished = this.#buffer.subarray(this.#whole, this.#scanned);
    const unseen = this.#buffer.subarray(this.#scanned, this.#filled);
    const chunk = this.#detach();
    this.#giveBack(unseen);
    this.#offset += this.#whole;
    this.#line = this.#recordLine;
    this.#reset(takeChunkMemory(this.#chunkBytes));
    this.#filled = unfinished.copy(this.#buffer);
    this.#scanned = this.#filled;
    return chunk;
  }

  /** Bytes that were copied but not looked at go back to the front of the incoming ones. */
  #giveBack(unseen: Buffer): void {
    if (unseen.length > 0) this.#incoming = Buffer.concat([unseen, this.#incoming]);
  }

  #detach(): Chunk {
    const chunk: Chunk = {
      source: this.#source,
      bytes: this.#buffer.subarray(0, this.#whole),
      firstLine: this.#line,
      byteOffset: this.#offset,
      rejects: this.#rejects,
      // Of nothing else: see #fill.
      ownsMemory: this.#whole > 0,
    };
    this.#rejects = [];
    return chunk;
  }

  /**
   * The record at `#whole` is too large: what stands before it becomes a chunk (lines and offsets of a chunk must follow
   * one another), the record is passed over.
   */
  #beginOversize(ended: boolean): Chunk | undefined {
    const start = this.#whole;
    const oversize: Oversize = {
      offset: this.#offset + start,
      line: this.#recordLine,
      // Of the bytes that are there however the input arrived: more than the maximum, or it would not be too large.
      sample: rawText(this.#buffer, start, this.#scanned, Math.min(OVERSIZE_SAMPLE_BYTES, this.#maxRecordBytes)),
      bytes: this.#scanned - start - (ended ? 1 : 0),
    };
    const chunk = start > 0 ? this.#detach() : undefined;
    this.#giveBack(this.#buffer.subarray(this.#scanned, this.#filled));
    this.#offset += this.#scanned;
    this.#reset(Buffer.alloc(0));
    if (ended) this.#endOversize(oversize);
    else this.#oversize = oversize;
    return chunk;
  }

  #passOver(oversize: Oversize): void {
    const end = this.scanner.next(this.#incoming, 0);
    const passed = end < 0 ? this.#incoming.length : end;
    oversize.bytes += passed - (end < 0 ? 0 : 1);
    this.#offset += passed;
    this.#incoming = this.#incoming.subarray(passed);
    if (end >= 0) this.#endOversize(oversize);
  }

  #endOversize({ offset, line, sample, bytes }: Oversize): void {
    this.#oversize = undefined;
    this.#line = this.scanner.lines + 1;
    this.#recordLine = this.#line;
    this.#rejects.push({
      source: this.#source,
      line,
      byteOffset: offset,
      ...oversizeReject(this.#maxRecordBytes, bytes, sample),
    });
  }

  #reset(buffer: Buffer): void {
    this.#buffer = buffer;
    this.#filled = 0;
    this.#whole = 0;
    this.#scanned = 0;
  }

  /** The end of the input: a last record needs no line break, but its quotes must be closed. */
  *#end(): Generator<Chunk, void, undefined> {
    if (this.scanner.open) {
      const start = this.#oversize ?? { offset: this.#offset + this.#whole, line: this.#recordLine };
      const bytes = this.#oversize?.bytes ?? this.#filled - this.#whole;
      const raw = this.#oversize?.sample ?? rawText(this.#buffer, this.#whole, this.#filled);
      this.#rejects.push({
        source: this.#source,
        line: start.line,
        byteOffset: start.offset,
        code: 'CSV_SYNTAX',
        expected: 'a closing quote',
        got: `the end of the input, ${bytes} bytes after the start of the row`,
        raw,
      });
      yield this.#detach();
      return;
    }
    if (this.#oversize !== undefined) this.#endOversize(this.#oversize);
    this.#whole = this.#filled;
    if (this.#whole > 0 || this.#rejects.length > 0) yield this.#detach();
  }
}

/** Takes the line feed off, and a carriage return before it. */
function withoutLineBreak(row: Uint8Array): Uint8Array {
  let end = row.length;
  if (end > 0 && row[end - 1] === 0x0a) end--;
  if (end > 0 && row[end - 1] === 0x0d) end--;
  return row.subarray(0, end);
}
