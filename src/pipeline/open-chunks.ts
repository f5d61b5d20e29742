import { csvChunks, jsonlChunks } from '../readers/chunks.js';
import type { Chunk } from '../readers/reader.js';
import type { OpenSourceOptions, Source } from '../sources/source.js';
import type { SplitPiece } from './plan.js';

/** A source cut into chunks; for CSV with the header row taken off. */
export interface OpenedChunks {
  readonly header: Uint8Array | undefined;
  readonly chunks: AsyncGenerator<Chunk, void, undefined>;
}

/** Opens a source. The caller must run `chunks` to its end or call its `return`, so that files are closed. */
export async function openChunks(
  source: Source,
  options: OpenSourceOptions & {
    readonly maxRecordBytes: number;
    readonly delimiter: string | undefined;
    /** Lines whose first byte lies in `[start, end)`; default all. */
    readonly range?: SplitPiece['range'];
  },
): Promise<OpenedChunks> {
  const bytes = source.open({ signal: options.signal, onRead: options.onRead });
  const { maxRecordBytes } = options;
  if (source.format === 'jsonl') {
    return { header: undefined, chunks: jsonlChunks(bytes, { source: source.name, maxRecordBytes }) };
  }
  return csvChunks(bytes, { source: source.name, maxRecordBytes, delimiter: delimiterOf(source, options.delimiter) });
}

/** The one-byte delimiter of a CSV source: the option, else what its format says. */
export function delimiterOf(source: Pick<Source, 'format'>, option: string | undefined): string {
  return option ?? (source.format === 'tsv' ? '\t' : ',');
}
