import { PineloadError } from '../base/errors.js';
import type { Source } from '../sources/source.js';
import { openChunks } from './open-chunks.js';

/** A record of a mended rejects file. */
export interface FixedRecord {
  /** Of the mended file. */
  readonly line: number;
  /** The input that the record was rejected in. */
  readonly source: string;
  /** What tells the reject from all others. */
  readonly place: string;
  readonly code: string;
  readonly namespace: string;
  /** The record's own text, mended. */
  readonly raw: string;
}

/** What tells one reject from all others: where it was found, and what for (a record may be a duplicate in two ways). */
export function placeOf({ source, line, byteOffset }: Record<string, unknown>): string {
  return JSON.stringify([source, line, byteOffset]);
}

/** Reads a rejects file, line by line: each must be one that a conversion has written, its `raw` mended or not. */
export async function* readFixed(
  source: Source,
  options: { readonly maxRecordBytes: number; readonly signal?: AbortSignal | undefined },
): AsyncGenerator<FixedRecord, void, undefined> {
  const { chunks } = await openChunks(source, { ...options, delimiter: undefined });
  const decoder = new TextDecoder('utf-8', { fatal: true });
  for await (const chunk of chunks) {
    if (chunk.rejects.length > 0) throw invalid(source, chunk.rejects[0]!.line, 'a line that is too large');
    let line = chunk.firstLine;
    let start = 0;
    while (start < chunk.bytes.length) {
      const feed = chunk.bytes.indexOf(0x0a, start);
      const end = feed < 0 ? chunk.bytes.length : feed;
      let text: string;
      try {
        text = decoder.decode(chunk.bytes.subarray(start, end)).trim();
      } catch {
        throw invalid(source, line, 'bytes that are no UTF-8');
      }
      if (text !== '') yield parse(text, source, line);
      start = end + 1;
      line++;
    }
  }
}

function parse(text: string, source: Source, line: number): FixedRecord {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw invalid(source, line, 'a line that is no JSON');
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw invalid(source, line, 'no object');
  const reject = value as Record<string, unknown>;
  const { code, source: from, namespace, raw } = reject;
  if (typeof code !== 'string' || typeof from !== 'string' || typeof reject.line !== 'number') {
    throw invalid(source, line, 'an object without "code", "source" and "line"');
  }
  if (typeof raw !== 'string') {
    throw invalid(
      source,
      line,
      'a reject without "raw", the text of the record (convert keeps it with --reject-records)',
    );
  }
  const named = typeof namespace === 'string' ? namespace : '';
  return { line, source: from, place: placeOf(reject), code, namespace: named, raw };
}

export function invalid(source: Pick<Source, 'name'>, line: number, got: string): PineloadError {
  return new PineloadError('FIXED_INVALID', {
    source: source.name,
    line,
    expected: 'lines of rejects.jsonl, with "raw" mended',
    got,
    hint: 'Copy the rejects file, mend what is in "raw", and delete the lines that are given up.',
  });
}
