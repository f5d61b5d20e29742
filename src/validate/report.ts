import { formatBytes, formatCount, formatSeconds } from '../base/bytes.js';
import { printable, quote } from '../base/errors.js';
import type { FindingCount, ValidateFinding } from './findings.js';
import type { ValidatedImport } from './validate-store.js';

/** All that a validation has to say. JSON.stringify gives its JSON form. */
export interface ValidateReport extends Omit<ValidatedImport, 'files'> {
  readonly uri: string;
  /** No finding is an error. */
  readonly valid: boolean;
  /** Rows of each file that were looked at; undefined: every row. */
  readonly sample: number | undefined;
  /** Was there an index to check against? */
  readonly index: string | undefined;
  readonly files: number;
  /** Of each code the first ones by file and row, errors first. */
  readonly findings: readonly ValidateFinding[];
  readonly counts: readonly FindingCount[];
  readonly seconds: number;
}

/** Namespaces listed before the rest is only counted. */
const SHOWN_NAMESPACES = 20;

/** The verdict in one sentence. */
export function verdict({ valid, counts, sample }: ValidateReport): string {
  const total = (severity: string): number =>
    counts.reduce((sum, entry) => sum + (entry.severity === severity ? entry.count : 0), 0);
  const warnings = total('warning');
  const also = warnings > 0 ? `, ${plural(warnings, 'warning')}` : '';
  if (!valid) return `Not valid: ${plural(total('error'), 'error')}${also}.`;
  return sample === undefined ? `Valid${also}.` : `No error in the rows that were looked at${also}.`;
}

/** What was looked at, line by line. */
export function facts(report: ValidateReport): readonly (readonly [string, string])[] {
  const { files, bytes, namespaces, records, recordsChecked, rejected, kind, dimension, sample, index } = report;
  const vectors = kind === undefined ? 'not known' : dimension === undefined ? kind : `${kind}, dimension ${dimension}`;
  const looked = sample === undefined ? '' : ` (at most ${formatCount(sample)} of each file)`;
  return [
    ['URI', printable(report.uri)],
    ['files', `${formatCount(files)} in ${plural(namespaces.length, 'namespace')}, ${formatBytes(bytes)}`],
    ['vectors', vectors],
    [
      'records',
      `${formatCount(records)}, ${formatCount(recordsChecked)} checked${looked}, ${formatCount(rejected)} rejected`,
    ],
    ['index', index === undefined ? 'none given, not checked against one' : printable(index)],
    ['time', formatSeconds(report.seconds)],
  ];
}

/** The report for a terminal. Nothing a terminal would obey comes through. */
export function renderReportText(report: ValidateReport): string {
  const lines = facts(report).map(([name, value]) => `${name.padEnd(8)} ${value}`);
  for (const { code, severity, count } of report.counts) {
    const shown = report.findings.filter((finding) => finding.code === code);
    lines.push(
      '',
      `${severity.padEnd(8)} ${code}: ${printable(shown[0]?.message ?? '')}${count > 1 ? ` (${formatCount(count)} times)` : ''}`,
    );
    for (const finding of shown) lines.push(`  ${findingText(finding, shown[0]!.message)}`);
    if (count > shown.length) lines.push(`  … and ${formatCount(count - shown.length)} more`);
    const hint = shown.find((finding) => finding.hint !== undefined)?.hint;
    if (hint !== undefined) lines.push(`  → ${printable(hint)}`);
  }
  if (report.namespaces.length > 1) {
    lines.push('');
    for (const { namespace, records, rejected } of report.namespaces.slice(0, SHOWN_NAMESPACES)) {
      const bad = rejected > 0 ? `, ${formatCount(rejected)} rejected` : '';
      lines.push(`namespace ${quote(namespace)}: ${plural(records, 'record')}${bad}`);
    }
    const more = report.namespaces.length - SHOWN_NAMESPACES;
    if (more > 0) lines.push(`… and ${plural(more, 'namespace')} more`);
  }
  lines.push('', verdict(report));
  return lines.join('\n');
}

/**
 * `words/0.parquet, row 12, id "a": metadata.k: expected …, got …`
 * @param heading what was said of all findings of the code; a finding that says something else repeats it
 */
export function findingText(finding: ValidateFinding, heading = finding.message): string {
  const { file, row, id, field, message, expected, got } = finding;
  const place: string[] = [];
  if (file !== undefined) place.push(printable(file));
  if (row !== undefined) place.push(`row ${formatCount(row)}`);
  if (id) place.push(`id ${quote(id, 60)}`);
  const said: string[] = [];
  if (expected !== undefined) said.push(`expected ${printable(expected)}`);
  if (got !== undefined) said.push(`got ${printable(got)}`);
  const parts = [
    place.join(', '),
    field === undefined ? '' : quote(field, 60),
    message === heading ? '' : printable(message),
    said.join(', '),
  ].filter((part) => part !== '');
  return parts.length === 0 ? 'the import as a whole' : parts.join(': ');
}

function plural(n: number, noun: string): string {
  return `${formatCount(n)} ${noun}${n === 1 ? '' : 's'}`;
}
