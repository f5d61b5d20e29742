import { crc32 } from 'node:zlib';
import type { DecodeBudget } from './budget.js';
import { ChunkStream } from './chunk-stream.js';
import { decompressPage } from './codecs.js';
import { corrupt, overLimit, unsupported } from './fault.js';
import type { ColumnChunk } from './file-metadata.js';
import type { Encoding } from './format.js';
import { readLevels, readRowStarts } from './hybrid.js';
import type { ParquetFile } from './open-file.js';
import { parsePageHeader, type PageHeader } from './page-header.js';
import type { SchemaNode } from './schema-tree.js';
import { ThriftEnd } from './thrift.js';

/** A data page: its values still encoded. Good until the next page is asked for. */
export interface DataPage {
  /** Levels. */
  readonly count: number;
  /** The levels at which a row begins; what lies before the first belongs to a row of the page before. Absent in a column without repetition. */
  readonly rowStarts: Uint32Array | undefined;
  /** One byte each. Absent: every level is the highest, so every value is there. */
  readonly definition: Uint8Array | undefined;
  /** Values that are there. */
  readonly present: number;
  readonly encoding: Encoding;
  readonly values: Uint8Array;
}

/** What a chunk's pages are made of, for people. */
export interface PageFacts {
  readonly v2: boolean;
  readonly encodings: ReadonlySet<Encoding>;
}

/** First bytes looked at for a page header; most take 20 to 60. */
const HEADER_GUESS_BYTES = 1024;

/** Goes through the pages of one column chunk, one at a time in memory. */
export class ColumnPages {
  readonly #stream: ChunkStream;
  #levelsLeft: number;
  #dictionary: { readonly bytes: Uint8Array; readonly count: number; readonly encoding: Encoding } | undefined;
  #first = true;
  #emptyPages = 0;
  #v2 = false;
  #pageBytes: number;
  readonly #encodings = new Set<Encoding>();

  constructor(
    private readonly file: ParquetFile,
    private readonly node: SchemaNode,
    private readonly chunk: ColumnChunk,
    private readonly budget: DecodeBudget,
    windowBytes?: number,
    pageBytes = 0,
  ) {
    this.#stream = new ChunkStream(file.input, chunk.start, chunk.end, windowBytes);
    this.#stream.expect(pageBytes);
    this.#pageBytes = pageBytes;
    this.#levelsLeft = chunk.values;
  }

  /** The dictionary as stored, once the first data page is there. */
  get dictionary(): { readonly bytes: Uint8Array; readonly count: number; readonly encoding: Encoding } | undefined {
    return this.#dictionary;
  }

  /** Bytes that a page takes with its header, as far as can be told: the other row groups' are likely to be the same. */
  get pageBytes(): number {
    return this.#pageBytes;
  }

  /** What was met so far. */
  get facts(): PageFacts {
    return { v2: this.#v2, encodings: this.#encodings };
  }

  /** To be called after the last page, when nobody looks at any of them any more. */
  release(): void {
    this.#stream.release();
  }

  /** The next data page; undefined after the last. */
  async next(): Promise<DataPage | undefined> {
    while (this.#levelsLeft > 0) {
      if (this.#stream.left === 0) {
        throw corrupt('pages are missing', { got: `${this.#levelsLeft} values fewer than the footer says` });
      }
      const header = await this.#header();
      const stored = await this.#body(header);
      const first = this.#first;
      this.#first = false;
      if (header.type === 'DATA_PAGE' || header.type === 'DATA_PAGE_V2') {
        if (header.values > this.#levelsLeft) throw corrupt('the pages hold more values than the footer says');
        this.#levelsLeft -= header.values;
        this.#encodings.add(header.encoding);
        this.#v2 ||= header.v2 !== undefined;
        this.budget.spend(header.values * 4 + header.uncompressedBytes);
        const page = header.v2 === undefined ? this.#pageV1(header, stored) : this.#pageV2(header, stored);
        if (page.count > 0) return page;
      } else if (header.type === 'DICTIONARY_PAGE') {
        if (!first) throw corrupt('a dictionary comes after the first page');
        this.budget.spend(header.uncompressedBytes);
        const bytes = decompressPage(this.chunk.codec, stored, header.uncompressedBytes);
        // It outlives the pages; what was not compressed lies in memory that the next ones are read into.
        const kept = bytes === stored ? bytes.slice() : bytes;
        this.#dictionary = { bytes: kept, count: header.values, encoding: header.encoding };
      }
      // Each takes some 20 bytes of the file, and as long as a page of a million values.
      const { emptyPages } = this.file.limits;
      if (++this.#emptyPages > emptyPages) throw overLimit('pages without a value', emptyPages, this.#emptyPages);
    }
    return undefined;
  }

  async #header(): Promise<PageHeader> {
    const most = this.file.limits.pageHeaderBytes;
    for (let guess = HEADER_GUESS_BYTES; ; guess *= 16) {
      const bytes = await this.#stream.peek(Math.min(guess, most));
      try {
        const header = parsePageHeader(bytes);
        this.#stream.take(header.headerBytes);
        return header;
      } catch (error) {
        if (!(error instanceof ThriftEnd)) throw error;
        if (bytes.length === this.#stream.left) throw corrupt('a page header is cut off');
        if (guess >= most) throw overLimit('a page header', most, bytes.length);
      }
    }
  }

  async #body(header: PageHeader): Promise<Uint8Array> {
    const { pageBytes, pageValues } = this.file.limits;
    const { compressedBytes, uncompressedBytes, values } = header;
    if (compressedBytes > this.#stream.left) {
      throw corrupt('a page is longer than its column', { got: `${compressedBytes} of ${this.#stream.left} bytes` });
    }
    const largest = Math.max(compressedBytes, uncompressedBytes);
    if (largest > pageBytes) throw overLimit('bytes of a page', pageBytes, largest);
    if (values > pageValues) throw overLimit('values of a page', pageValues, values);
    const total = header.headerBytes + compressedBytes;
    this.#stream.expect(total);
    // The last one of a column chunk may be small.
    this.#pageBytes = Math.max(this.#pageBytes, total);
    const stored = await this.#stream.peek(compressedBytes, true);
    this.#stream.take(compressedBytes);
    if (header.crc !== undefined && crc32(stored) !== header.crc >>> 0) {
      throw corrupt('the checksum of a page does not fit its bytes');
    }
    return stored;
  }

  /** v1: levels and values are compressed together, each kind of level after its length. */
  #pageV1(header: PageHeader, stored: Uint8Array): DataPage {
    const bytes = decompressPage(this.chunk.codec, stored, header.uncompressedBytes);
    const { definition: maxDefinition, repetition: maxRepetition } = this.node;
    for (const encoding of header.levelEncodings) {
      if (encoding !== 'RLE' && (maxDefinition > 0 || maxRepetition > 0)) {
        throw unsupported(`levels in encoding ${encoding} are not read`);
      }
    }
    let at = 0;
    const framed = (): Uint8Array => {
      if (at + 4 > bytes.length) throw corrupt('the levels of a page are cut off');
      const length = new DataView(bytes.buffer, bytes.byteOffset + at, 4).getUint32(0, true);
      at += 4;
      if (length > bytes.length - at) throw corrupt('the levels of a page are longer than the page');
      at += length;
      return bytes.subarray(at - length, at);
    };
    const rowStarts = maxRepetition > 0 ? this.#rowStarts(framed(), header.values) : undefined;
    const definition = maxDefinition > 0 ? this.#definition(framed(), header.values) : undefined;
    return this.#page(header, rowStarts, definition, bytes.subarray(at));
  }

  /** v2: levels in front, never compressed, their lengths in the header. */
  #pageV2(header: PageHeader, stored: Uint8Array): DataPage {
    const { definitionBytes, repetitionBytes, compressed } = header.v2!;
    const { definition: maxDefinition, repetition: maxRepetition } = this.node;
    const levelBytes = definitionBytes + repetitionBytes;
    const rowStarts =
      maxRepetition > 0 ? this.#rowStarts(stored.subarray(0, repetitionBytes), header.values) : undefined;
    const definition =
      maxDefinition > 0 ? this.#definition(stored.subarray(repetitionBytes, levelBytes), header.values) : undefined;
    const rest = stored.subarray(levelBytes);
    const values = decompressPage(
      compressed ? this.chunk.codec : 'UNCOMPRESSED',
      rest,
      header.uncompressedBytes - levelBytes,
    );
    return this.#page(header, rowStarts, definition, values);
  }

  #rowStarts(bytes: Uint8Array, count: number): Uint32Array {
    if (this.node.repetition > 1) throw unsupported('lists of lists are not read');
    return readRowStarts({ bytes, at: 0, end: bytes.length }, count);
  }

  #definition(bytes: Uint8Array, count: number): Uint8Array | undefined {
    const max = this.node.definition;
    return readLevels({ bytes, at: 0, end: bytes.length }, bitsFor(max), count, max);
  }

  #page(
    { values: count, encoding }: PageHeader,
    rowStarts: Uint32Array | undefined,
    definition: Uint8Array | undefined,
    values: Uint8Array,
  ): DataPage {
    let present = count;
    if (definition !== undefined) {
      const max = this.node.definition;
      present = 0;
      for (let i = 0; i < count; i++) if (definition[i] === max) present++;
    }
    return { count, rowStarts, definition, present, encoding, values };
  }
}

/** Bits that the highest level takes. */
function bitsFor(max: number): number {
  return 32 - Math.clz32(max);
}
