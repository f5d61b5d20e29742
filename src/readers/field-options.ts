import { PineloadError, quote } from '../base/errors.js';
import type { FieldPath, MetadataColumnType, NamespaceTemplate } from './reader.js';

/** What a text option means depends on the fields that are there. */
export interface KnownFields {
  readonly format: 'jsonl' | 'csv';
  /** Top-level fields of the first records, or the CSV header. */
  readonly names: readonly string[];
}

export const METADATA_TYPES: readonly MetadataColumnType[] = [
  'string',
  'number',
  'boolean',
  'json',
  'string-list',
  'auto',
];

/** Stands for the run's id in a namespace. */
const RUN = 'run';

export function invalidOption(field: string, expected: string, got: string, hint?: string): PineloadError {
  return new PineloadError('OPTION_INVALID', { field, expected, got, ...(hint === undefined ? {} : { hint }) });
}

/** A name as it is where a field has it (CSV: always), else a path at its dots. */
export function parsePath(text: string, option: string, known: KnownFields): FieldPath {
  if (text === '') throw invalidOption(option, 'the name or path of a field', 'an empty text');
  if (known.format === 'csv' || known.names.includes(text)) return [text];
  const path = text.split('.');
  if (path.includes('')) throw invalidOption(option, 'names with a dot between', quote(text));
  return path;
}

export interface MetadataFieldOption {
  readonly path: FieldPath;
  readonly name: string;
  readonly type: MetadataColumnType;
}

/** `name`, `dotted.path`, `name:type`; the last part of the path is the name in the metadata. */
export function parseMetadataFields(texts: readonly string[], known: KnownFields): MetadataFieldOption[] {
  const fields: MetadataFieldOption[] = [];
  for (const text of texts) {
    const { field, type } = splitType(text, known);
    const path = parsePath(field, 'metadataFields', known);
    const name = path.at(-1)!;
    if (fields.some((other) => other.name === name)) {
      throw invalidOption('metadataFields', 'every name once', `${quote(name)} twice`);
    }
    fields.push({ path, name, type });
  }
  return fields;
}

function splitType(text: string, known: KnownFields): { field: string; type: MetadataColumnType } {
  const colon = text.lastIndexOf(':');
  if (colon < 0 || known.names.includes(text)) return { field: text, type: 'auto' };
  const type = METADATA_TYPES.find((t) => t === text.slice(colon + 1));
  if (type === undefined) throw invalidOption('metadataFields', `a type of ${METADATA_TYPES.join(', ')}`, quote(text));
  return { field: text.slice(0, colon), type };
}

/** Splits `docs-{tenant}-{run}` into texts and fields, `{run}` filled in. */
export function parseNamespace(text: string, runId: string | undefined, known: KnownFields): NamespaceTemplate {
  const template: (string | FieldPath)[] = [];
  const add = (literal: string): void => {
    const last = template.length - 1;
    if (typeof template[last] === 'string') template[last] += literal;
    else if (literal !== '') template.push(literal);
  };
  let rest = text;
  while (rest !== '') {
    const open = rest.search(/[{}]/);
    if (open < 0) {
      add(rest);
      break;
    }
    add(rest.slice(0, open));
    const close = rest.indexOf('}', open);
    const name = rest.slice(open + 1, close);
    if (rest[open] === '}' || close < 0 || name === '' || name.includes('{')) {
      throw invalidOption('namespace', 'field names in braces, such as "{tenant}-{run}"', quote(text));
    }
    if (name !== RUN) {
      template.push(parsePath(name, 'namespace', known));
    } else if (runId === undefined || runId === '') {
      throw invalidOption('namespace', 'a run id for {run}', 'none', 'Give one with runId (--run-id).');
    } else {
      add(runId);
    }
    rest = rest.slice(close + 1);
  }
  return template.length === 0 ? [''] : template;
}

/** `dim_` (all columns of this prefix and a number, by number) or `first..last` (as they stand in the header). */
export function parseValuesColumns(text: string, header: readonly string[]): string[] {
  const range = text.indexOf('..');
  if (range >= 0) {
    const first = header.indexOf(text.slice(0, range));
    const last = header.indexOf(text.slice(range + 2));
    if (first < 0 || last < first) {
      throw invalidOption('valuesColumns', 'two columns of the header, in its order', quote(text));
    }
    return header.slice(first, last + 1);
  }
  const numbered = header
    .filter((name) => name.startsWith(text) && /^\d{1,6}$/.test(name.slice(text.length)))
    .map((name) => ({ name, number: Number(name.slice(text.length)) }))
    .sort((a, b) => a.number - b.number);
  const start = numbered[0]?.number ?? 0;
  // A gap would shift the rest of the vector by one without a word.
  const gap = numbered.findIndex(({ number }, i) => number !== start + i);
  if (numbered.length === 0 || start > 1 || gap >= 0) {
    const got =
      numbered.length === 0
        ? 'no such column'
        : `${quote(numbered[Math.max(gap, 0)]!.name)}${gap > 0 ? ` behind ${quote(numbered[gap - 1]!.name)}` : ' first'}`;
    throw invalidOption('valuesColumns', `columns ${quote(text)} with numbers from 0 or 1 on, without a gap`, got);
  }
  return numbered.map(({ name }) => name);
}

/** One ASCII character that no number, quote or name begins with. */
export function checkDelimiter(text: string, option: string): string {
  if (!/^[\t -~]$/.test(text) || /[A-Za-z0-9"+\-.[\]]/.test(text)) {
    throw invalidOption(
      option,
      'one ASCII character that is no letter, digit, quote, sign, point or bracket',
      quote(text),
    );
  }
  return text;
}
