import { PineloadError, quote } from '../../base/errors.js';
import { rawText } from '../../records/raw-text.js';
import { terminated } from '../chunk-bytes.js';
import { CsvRow } from './row-scanner.js';

/** The service takes 20,000 dimensions, and a column may hold one; what has more columns is no table of vectors. */
export const MAX_CSV_COLUMNS = 32_768;

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * The names in a header row.
 * @param bytes the row, with or without its line break, without a byte order mark
 * @param delimiter one ASCII character
 * @throws PineloadError CSV_HEADER_INVALID when quoting is broken, or a name is empty or occurs twice
 */
export function parseCsvHeader(bytes: Uint8Array, delimiter: string, source?: string): string[] {
  const fail = (expected: string, got: string, hint?: string): PineloadError =>
    new PineloadError('CSV_HEADER_INVALID', {
      ...(source === undefined ? {} : { source, line: 1 }),
      ...(hint === undefined ? {} : { hint }),
      expected,
      got,
    });
  const row = new CsvRow(delimiter.charCodeAt(0), MAX_CSV_COLUMNS);
  const text = terminated(bytes);
  if (text.length === 0) throw fail('names of columns', 'an empty row');
  const end = row.scan(text, 0);
  if (row.errorAt >= 0) throw fail(row.errorExpected, `${quote(rawText(text, 0, end, 80))} at byte ${row.errorAt + 1}`);
  if (row.fields > MAX_CSV_COLUMNS) throw fail(`at most ${MAX_CSV_COLUMNS} columns`, `${row.fields} columns`);
  const names: string[] = [];
  const seen = new Set<string>();
  for (let field = 0; field < row.fields; field++) {
    row.text(field);
    let name: string;
    try {
      name = decoder.decode(row.textBytes.subarray(row.textStart, row.textEnd));
    } catch {
      throw fail('UTF-8', `other bytes in column ${field + 1}`);
    }
    if (name === '') {
      throw fail(
        'a name for every column',
        `none for column ${field + 1}`,
        field === 0 ? 'pandas writes its index so: use to_csv(..., index=False).' : undefined,
      );
    }
    if (seen.has(name)) throw fail('every name once', `${quote(name)} twice`);
    seen.add(name);
    names.push(name);
  }
  return names;
}
