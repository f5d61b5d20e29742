import { formatBytes, formatCount } from '../base/bytes.js';
import { printable, quote } from '../base/errors.js';
import type { InspectedFile, InspectedRecord, Range } from './inspect-file.js';

/** Columns and row groups listed on a terminal. */
const SHOWN = 20;

/** What `inspect` shows on a terminal. Texts of the file are quoted, so that a terminal obeys none of them. */
export function renderInspectText(file: InspectedFile): string {
  const lines = [
    printable(file.uri),
    `${formatBytes(file.bytes)}, ${formatCount(file.rows)} row${file.rows === 1 ? '' : 's'} in ${formatCount(file.rowGroupCount)} row group${file.rowGroupCount === 1 ? '' : 's'}, footer ${formatBytes(file.footerBytes)}, format version ${file.version}, by ${file.createdBy === undefined ? 'nobody named' : quote(file.createdBy)}`,
    '',
    'Schema',
    ...limited(
      file.schema,
      ({ name, type, repetition }) => `  ${quote(name)}: ${quoteless(type)} ${repetition.toLowerCase()}`,
    ),
    '',
    'Columns',
    ...limited(file.columns, (column) => {
      const { path, codecs, encodings, values, compressedBytes, uncompressedBytes } = column;
      const sizes =
        compressedBytes === uncompressedBytes
          ? formatBytes(compressedBytes)
          : `${formatBytes(compressedBytes)} of ${formatBytes(uncompressedBytes)}`;
      return `  ${quote(path)}: ${formatCount(values)} values, ${sizes}, ${codecs.join(' ')}, ${encodings.join(' ')}`;
    }),
    '',
    'Row groups',
    ...groupLines(file),
  ];
  if (file.note !== undefined) lines.push('', `No records are shown: ${quoteless(file.note)}`);
  if (file.measuredRows > 0) {
    const of = file.measuredRows < file.rows ? `first ${formatCount(file.measuredRows)} rows` : 'all rows';
    lines.push('', `Values (${of})`);
    if (file.dimension !== undefined) lines.push(`  dimension ${file.dimension}`);
    const add = (name: string, range: Range | undefined): void => {
      if (range === undefined) return;
      lines.push(`  ${name}: ${short(range.min)} to ${short(range.max)}, mean ${short(range.mean)}`);
    };
    add('dense values', file.values);
    add('norms', file.norms);
    if (file.notFinite > 0) lines.push(`  not finite: ${formatCount(file.notFinite)}`);
    add('sparse entries', file.sparseLengths);
    add('id bytes', file.idBytes);
    add('metadata bytes', file.metadataBytes);
    if (file.metadataNulls > 0) lines.push(`  no metadata: ${formatCount(file.metadataNulls)} rows`);
  }
  if (file.records.length > 0) lines.push('', 'First records', ...file.records.flatMap(recordLines));
  return lines.join('\n');
}

function recordLines({ row, id, values, sparse, metadata }: InspectedRecord): string[] {
  const lines = [`  row ${row}: id ${id === null ? 'null' : quote(id)}`];
  if (values !== undefined) {
    const more = values.length > values.first.length ? ', …' : '';
    lines.push(`    values [${values.first.join(', ')}${more}] (${values.length})`);
  }
  if (sparse === null) lines.push('    sparse_values null');
  else if (sparse !== undefined) {
    const pairs = sparse.indices.map((index, i) => `${index}: ${sparse.values[i]}`);
    lines.push(
      `    sparse_values {${pairs.join(', ')}${sparse.length > pairs.length ? ', …' : ''}} (${sparse.length})`,
    );
  }
  lines.push(`    metadata ${metadata === null ? 'null' : quoteless(metadata, 240)}`);
  return lines;
}

function limited<R>(items: readonly R[], line: (item: R) => string): string[] {
  const lines = items.slice(0, SHOWN).map(line);
  if (items.length > SHOWN) lines.push(`  … and ${formatCount(items.length - SHOWN)} more`);
  return lines;
}

function short(value: number): string {
  return String(Number(value.toPrecision(6)));
}

/** Row groups; those that follow one another and look the same are one line. */
function groupLines({ rowGroups, rowGroupCount }: InspectedFile): string[] {
  const runs: { readonly text: string; count: number }[] = [];
  for (const { rows, bytes } of rowGroups) {
    const text = `  ${formatCount(rows)} rows, ${formatBytes(bytes)}`;
    const last = runs.at(-1);
    if (last?.text === text) last.count++;
    else runs.push({ text, count: 1 });
  }
  const shown = runs.slice(0, SHOWN);
  const rest = shown.reduce((left, { count }) => left - count, rowGroupCount);
  const lines = shown.map(({ text, count }) => (count === 1 ? text : `${text}, ${formatCount(count)} times`));
  return rest > 0 ? [...lines, `  … and ${formatCount(rest)} more`] : lines;
}

/** Type names repeat field names of the file, and JSON is full of quotes: escaped as in `quote`, without its quotes and those for them. */
function quoteless(text: string, most = 400): string {
  return quote(text, most).slice(1, -1).replaceAll('\\"', '"');
}
