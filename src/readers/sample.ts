import { CsvRow } from './csv/row-scanner.js';
import { terminated } from './chunk-bytes.js';
import { problem, shown, type Problem } from './problem.js';
import { base64Length } from './base64.js';
import { isNonFiniteText, numberTextEnd } from './number-text.js';
import type { FieldPath, VectorEncoding } from './reader.js';

/** Records that are looked at to find the mapping. */
export const MAX_SAMPLE_RECORDS = 300;

/** The first records of a source, as JavaScript objects: they are few, and nothing of them is written. */
export interface Sample {
  readonly records: readonly Readonly<Record<string, unknown>>[];
  /** Top-level fields (CSV: the header), in the order in which they appear. */
  readonly names: readonly string[];
  /** Why the first record could not be read, if it could not. */
  readonly firstProblem: Problem | undefined;
}

const decoder = new TextDecoder();

/** Lines that are no JSON object are passed over here; the reader reports them later. */
export function jsonlSample(bytes: Uint8Array): Sample {
  const records: Record<string, unknown>[] = [];
  const names = new Set<string>();
  let firstProblem: Problem | undefined;
  for (let start = 0; start < bytes.length && records.length < MAX_SAMPLE_RECORDS;) {
    const feed = bytes.indexOf(0x0a, start);
    const end = feed < 0 ? bytes.length : feed;
    const record = parseObject(decoder.decode(bytes.subarray(start, end)));
    if (record === undefined) {
      firstProblem ??= problem('JSON_SYNTAX', undefined, 'a JSON object', shown(bytes, start, end));
    } else if (record !== 'blank') {
      records.push(record);
      for (const name of Object.keys(record)) names.add(name);
    }
    start = end + 1;
  }
  return { records, names: [...names], firstProblem };
}

function parseObject(line: string): Record<string, unknown> | 'blank' | undefined {
  if (line.trim() === '') return 'blank';
  try {
    const value: unknown = JSON.parse(line);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** Cells as texts under their column's name; empty cells are left out, rows that break the rules passed over. */
export function csvSample(bytes: Uint8Array, header: readonly string[], delimiter: string): Sample {
  const text = terminated(bytes);
  const row = new CsvRow(delimiter.charCodeAt(0), header.length);
  const records: Record<string, unknown>[] = [];
  let firstProblem: Problem | undefined;
  for (let start = 0; start < text.length && records.length < MAX_SAMPLE_RECORDS;) {
    const end = row.scan(text, start);
    if (row.errorAt >= 0) {
      firstProblem ??= problem('CSV_SYNTAX', undefined, row.errorExpected, shown(text, start, end));
    } else if (row.fields === header.length) {
      const record: Record<string, unknown> = Object.create(null) as Record<string, unknown>;
      for (const [field, name] of header.entries()) {
        if (row.isEmpty(field)) continue;
        row.text(field);
        record[name] = decoder.decode(row.textBytes.subarray(row.textStart, row.textEnd));
      }
      records.push(record);
    } else if (end > start + 1) {
      firstProblem ??= problem('CSV_FIELD_COUNT', undefined, `${header.length} fields`, `${row.fields} fields`);
    }
    start = end + 1;
  }
  return { records, names: header, firstProblem };
}

/** The value of a field, undefined when the record has none. */
export function lookUp(record: unknown, path: FieldPath): unknown {
  let value = record;
  for (const part of path) {
    if (Array.isArray(value)) value = /^(0|[1-9]\d*)$/.test(part) ? (value[Number(part)] as unknown) : undefined;
    else value = isObject(value) && Object.hasOwn(value, part) ? value[part] : undefined;
    if (value === undefined) return undefined;
  }
  return value;
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** How many numbers a dense vector has, however it is written; 0 for what is none. */
export function vectorLength(value: unknown, encoding: VectorEncoding, delimiter: string): number {
  if (Array.isArray(value)) return value.every((element) => typeof element === 'number') ? value.length : 0;
  if (typeof value !== 'string') return 0;
  const text = value.trim();
  if (text === '') return 0;
  const bytes = new TextEncoder().encode(text);
  const isNumber = (s: string): boolean => {
    const b = new TextEncoder().encode(s);
    return numberTextEnd(b, 0, b.length) === b.length || isNonFiniteText(b, 0, b.length);
  };
  if (encoding === 'base64') return base64Numbers(bytes);
  if (encoding !== 'delimited' && text.startsWith('[')) {
    const array = parseJson(text);
    if (array !== undefined) return vectorLength(array, 'json', delimiter);
  }
  if (encoding === 'json') return 0;
  const inner = text.startsWith('[') && text.endsWith(']') ? text.slice(1, -1).trim() : text;
  const parts = inner.split(delimiter).flatMap((part) => part.trim().split(/\s+/));
  if (parts.every(isNumber)) return parts.length;
  return encoding === 'auto' && parts.length === 1 && /^[A-Za-z0-9+/_-]+={0,2}$/.test(text) ? base64Numbers(bytes) : 0;
}

function base64Numbers(bytes: Uint8Array): number {
  const length = base64Length(bytes, 0, bytes.length);
  return length > 0 && length % 4 === 0 ? length / 4 : 0;
}

/** Has the value entries of a sparse vector? */
export function isSparseVector(value: unknown): boolean {
  const object = typeof value === 'string' ? parseJson(value) : value;
  if (!isObject(object)) return false;
  return Array.isArray(object['indices']) && object['indices'].length > 0 && Array.isArray(object['values']);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

/** Looks this deep into a record for something like a vector, to name it in a hint. */
const HINT_DEPTH = 6;

/** Path of the first array of at least two numbers. */
export function findVector(value: unknown, depth = 0): readonly string[] | undefined {
  if (depth > HINT_DEPTH) return undefined;
  if (Array.isArray(value) && value.length > 1 && value.every((element) => typeof element === 'number')) return [];
  if (typeof value !== 'object' || value === null) return undefined;
  for (const [name, inner] of Object.entries(value)) {
    const path = findVector(inner, depth + 1);
    if (path !== undefined) return [name, ...path];
  }
  return undefined;
}
