import { throwIfAborted } from '../base/abort.js';
import { CsvRowScanner } from '../readers/record-scanner.js';
import { compressionOfBytes, MAGIC_BYTES } from '../sources/decompress/decompress.js';
import type { Source } from '../sources/source.js';
import { openChunks } from './open-chunks.js';
import type { ConvertOptions } from './options.js';

/** How an input is cut into ranges. */
export interface InputCut {
  /** Where the ranges begin, 0 first. */
  readonly starts: readonly number[];
  /** CSV: the header row, which every range needs. */
  readonly header?: string | undefined;
}

type CutOptions = Pick<ConvertOptions, 'csvNoMultiline' | 'scan' | 'delimiter' | 'signal'> & {
  readonly maxRecordBytes: number;
};

/** Is this input larger than `rangeBytes`, and of a format that can be cut? Its compression, which may still forbid it, is not looked at. */
export function mayBeCut(
  { bytes, format, openRange }: Source,
  rangeBytes: number,
  { csvNoMultiline, scan }: Pick<CutOptions, 'csvNoMultiline' | 'scan'>,
): boolean {
  if (bytes === undefined || bytes <= rangeBytes || openRange === undefined) return false;
  const csv = format === 'csv' || format === 'tsv';
  return format === 'jsonl' || (csv && (csvNoMultiline === true || scan === true));
}

/**
 * Cuts an input that is larger than `rangeBytes` into ranges of equal size, as few as that allows. Undefined for what has to be read from
 * front to back: whatever is compressed, streams, and CSV, where a line feed may lie within a quoted field, so that nobody who begins in
 * the middle can tell a row's start. There the user must know that no field holds one, or let all of it be scanned.
 */
export async function cutInput(source: Source, rangeBytes: number, options: CutOptions): Promise<InputCut | undefined> {
  if (!mayBeCut(source, rangeBytes, options)) return undefined;
  const bytes = source.bytes!;
  if ((await compressionOf(source, options.signal)) !== 'none') return undefined;
  const ranges = Math.ceil(bytes / rangeBytes);
  const starts = Array.from({ length: ranges }, (_, i) => Math.floor((i * bytes) / ranges));
  if (source.format === 'jsonl') return { starts };
  const header = await headerOf(source, options);
  // The header must end before the second range begins.
  if (header === undefined || Buffer.byteLength(header) >= rangeBytes / 4) return undefined;
  if (options.csvNoMultiline === true) return { starts, header };
  return { starts: await rowStarts(source, starts, options.signal), header };
}

async function compressionOf(source: Source, signal: AbortSignal | undefined): Promise<string> {
  const stated = source.statedCompression ?? source.compression;
  if (stated !== 'auto') return stated;
  const first: Uint8Array[] = [];
  for await (const bytes of source.openRange!(0, MAGIC_BYTES, { signal })) first.push(bytes);
  return compressionOfBytes(Buffer.concat(first));
}

async function headerOf(source: Source, options: CutOptions): Promise<string | undefined> {
  const { maxRecordBytes, delimiter, signal } = options;
  const { header, chunks } = await openChunks(source, { maxRecordBytes, delimiter, signal });
  await chunks.return();
  return header === undefined ? undefined : Buffer.from(header).toString('utf8');
}

/** The first row start at or after each place. Reads all of the input. */
async function rowStarts(
  source: Source,
  places: readonly number[],
  signal: AbortSignal | undefined,
): Promise<number[]> {
  const scanner = new CsvRowScanner();
  const starts = [0];
  let wanted = 1;
  let offset = 0;
  for await (const chunk of source.open({ signal })) {
    throwIfAborted(signal);
    const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    for (let end = scanner.next(bytes, 0); end >= 0; end = scanner.next(bytes, end)) {
      const start = offset + end;
      if (wanted >= places.length || start < places[wanted]!) continue;
      while (wanted < places.length && start >= places[wanted]!) wanted++;
      if (start < source.bytes!) starts.push(start);
    }
    offset += bytes.length;
  }
  return starts;
}
