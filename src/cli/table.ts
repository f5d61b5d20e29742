import { formatBytes, formatCount } from '../base/bytes.js';
import { quote } from '../base/errors.js';
import type { NamespaceSummary } from '../base/events.js';

/** Rows shown before the rest is only counted. */
export const MAX_TABLE_ROWS = 40;

/** Columns padded to their widest cell; those in `right` are flush right. */
export function renderTable(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  right: readonly number[] = [],
): string {
  const widths = head.map((cell, i) => Math.max(cell.length, ...rows.map((row) => (row[i] ?? '').length)));
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, i) => (right.includes(i) ? cell.padStart(widths[i]!) : cell.padEnd(widths[i]!)))
      .join('  ')
      .trimEnd();
  return [line(head), line(widths.map((width) => '─'.repeat(width))), ...rows.map(line)].join('\n');
}

/**
 * The closing table of a conversion.
 * @param rejected all that were rejected: those whose namespace is not known, or has no other record, are in none that is listed
 */
export function renderNamespaces(namespaces: readonly NamespaceSummary[], rejected: number): string {
  const cells = (name: string, s: Omit<NamespaceSummary, 'namespace'>): string[] => [
    name,
    formatCount(s.records),
    formatCount(s.files),
    formatBytes(s.bytes),
    formatCount(s.rejected),
  ];
  const shown = namespaces.slice(0, MAX_TABLE_ROWS);
  const rows = shown.map((entry) => cells(nameCell(entry.namespace), entry));
  const rest = namespaces.slice(MAX_TABLE_ROWS);
  if (rest.length > 0) rows.push(cells(`… ${formatCount(rest.length)} more`, sum(rest)));
  const all = sum(namespaces);
  const elsewhere = rejected - all.rejected;
  if (elsewhere > 0) rows.push(cells('(in none)', { records: 0, files: 0, bytes: 0, rejected: elsewhere }));
  if (rows.length > 1) rows.push(cells('all', { ...all, rejected }));
  return renderTable(['namespace', 'records', 'files', 'size', 'rejected'], rows, [1, 2, 3, 4]);
}

function sum(entries: readonly NamespaceSummary[]): Omit<NamespaceSummary, 'namespace'> {
  const total = { records: 0, files: 0, bytes: 0, rejected: 0 };
  for (const entry of entries) {
    total.records += entry.records;
    total.files += entry.files;
    total.bytes += entry.bytes;
    total.rejected += entry.rejected;
  }
  return total;
}

/** A name from outside, safe on a terminal: quoted only where it needs to be. */
export function nameCell(name: string): string {
  return /^[\x21-\x7e]{1,60}$/.test(name) ? name : name === '' ? '(not known)' : quote(name, 60);
}
