import { PineloadError } from '../base/errors.js';
import { csvChunks, csvRowChunks, jsonlChunks, type Chunks } from '../readers/chunks.js';
import type { Chunk } from '../readers/reader.js';
import { CsvLineScanner } from '../readers/record-scanner.js';
import { LineRange } from '../sources/line-range.js';
import type { OpenSourceOptions, Source } from '../sources/source.js';
import { BLOCK_BYTES, FileBlocks, RowBlocks } from './file-blocks.js';
import type { SplitPiece } from './plan.js';

/** A source, or a part of it, cut into chunks; for CSV with the header row taken off. */
export interface OpenedChunks {
  readonly header: Uint8Array | undefined;
  readonly chunks: AsyncGenerator<Chunk, void, undefined>;
  /** The same bytes as blocks that the threads read by themselves, where they can; then `chunks` need not be run. */
  readonly blocks?: FileBlocks | undefined;
  /** The file whose chunks the threads can read by themselves once it is known where they are. */
  readonly rows?: RowBlocks | undefined;
  /** Line feeds of a range that were read so far; undefined for a whole source, whose lines are counted from its first. */
  readonly lineFeeds: () => number | undefined;
}

export interface OpenChunksOptions extends OpenSourceOptions {
  readonly maxRecordBytes: number;
  readonly delimiter: string | undefined;
  /** CSV: no field holds a line break. Default false. */
  readonly csvNoMultiline?: boolean | undefined;
  /** Lines whose first byte lies in `[start, end)`; default all. Their lines are counted from the first of them, their bytes from 0. */
  readonly range?: SplitPiece['range'];
  /** CSV, for a range that does not begin at 0: the header row of the source. */
  readonly header?: Uint8Array | undefined;
}

/** Opens a source. The caller must run `chunks` to its end or call its `return`, so that files are closed. */
export async function openChunks(source: Source, options: OpenChunksOptions): Promise<OpenedChunks> {
  const { maxRecordBytes, range, signal, onRead } = options;
  const reading = new Reading({ signal, onRead, transient: true }, range?.[0] ?? 0);
  const lines = range === undefined ? undefined : new LineRange(source, range, reading.optionsFrom(range[0] - 1));
  const bytes = lines ?? source.open(reading.optionsFrom(0));
  const blocks = FileBlocks.of(source, { range, maxRecordBytes, onRead });
  const cut = {
    source: source.name,
    maxRecordBytes,
    ...(lines === undefined ? {} : { byteOffset: () => lines.offset }),
  };
  if (source.format === 'jsonl') {
    const lineFeeds = (): number | undefined => lines && lines.lineFeeds + (blocks?.lines ?? 0);
    return { header: undefined, chunks: jsonlChunks(bytes, cut), blocks, lineFeeds };
  }
  let rest: LineRange | undefined;
  const chunksFrom = (offset: number): Chunks => {
    rest = new LineRange(source, [offset, range?.[1] ?? source.bytes!], reading.optionsFrom(offset - 1));
    return csvRowChunks(rest, { ...cut, byteOffset: () => offset, chunkBytes: BLOCK_BYTES });
  };
  const rows = RowBlocks.of(source, {
    range,
    maxRecordBytes,
    onReadTo: (offset) => reading.upTo(offset),
    // With --csv-no-multiline every line is looked at, and ranges begin anywhere.
    chunksFrom: options.csvNoMultiline === true ? undefined : chunksFrom,
  });
  const lineFeeds = (): number | undefined =>
    lines && (rows?.lines === undefined ? lines.lineFeeds : rows.lines + (rest?.lineFeeds ?? 0));
  const chunkBytes = rows === undefined ? undefined : BLOCK_BYTES;
  const scanner =
    options.csvNoMultiline === true
      ? new CsvLineScanner((line) => multilineError(source.name, line, range !== undefined && range[0] > 0))
      : undefined;
  if (range !== undefined && range[0] > 0) {
    return { header: options.header, chunks: csvRowChunks(bytes, { ...cut, chunkBytes, scanner }), rows, lineFeeds };
  }
  const delimiter = delimiterOf(source, options.delimiter);
  return { ...(await csvChunks(bytes, { ...cut, chunkBytes, delimiter, scanner })), rows, lineFeeds };
}

/** Counts every byte of a source once, whoever reads it, and however often. */
class Reading {
  #told: number;

  constructor(
    private readonly options: OpenSourceOptions,
    /** Where the first of them lies. */
    start: number,
  ) {
    this.#told = start;
  }

  upTo(offset: number): void {
    if (offset <= this.#told) return;
    this.options.onRead?.(offset - this.#told);
    this.#told = offset;
  }

  /** To read from an offset on, or from 0; a LineRange begins with the byte before its first one. */
  optionsFrom(offset: number): OpenSourceOptions {
    let at = Math.max(0, offset);
    return { ...this.options, onRead: (bytes) => this.upTo((at += bytes)) };
  }
}

/** The one-byte delimiter of a CSV source: the option, else what its format says. */
export function delimiterOf(source: Pick<Source, 'format'>, option: string | undefined): string {
  return option ?? (source.format === 'tsv' ? '\t' : ',');
}

function multilineError(source: string, line: number, inRange: boolean): PineloadError {
  return new PineloadError('RECORD_REJECTED', {
    source,
    line,
    message: `a quoted field holds a line break, although it was said that none does (--csv-no-multiline)${inRange ? '; the line is that of its range' : ''}`,
    expected: 'an even number of quotes in the line',
    got: 'an odd one',
    hint: 'Leave --csv-no-multiline out; with --scan, row starts are found by counting quotes.',
  });
}
