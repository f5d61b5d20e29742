import { PineloadError, quote } from '../base/errors.js';
import type { VectorKind } from '../records/batch.js';
import { DEFAULT_NAMESPACE, MAX_DIMENSION } from '../records/limits.js';
import { RULES } from '../records/rule-codes.js';
import type { InputFormat } from '../sources/source.js';
import { inferColumnType } from './csv/column-types.js';
import { parseCsvHeader } from './csv/header.js';
import {
  checkDelimiter,
  invalidOption,
  parseMetadataFields,
  parseNamespace,
  parsePath,
  parseValuesColumns,
  type KnownFields,
} from './field-options.js';
import { fieldLabel, type Problem } from './problem.js';
import type {
  FieldPath,
  MappingOptions,
  MetadataColumnType,
  MetadataMapping,
  NamespaceTemplate,
  ReaderConfig,
  ResolvedMapping,
} from './reader.js';
import { csvSample, findVector, isSparseVector, jsonlSample, lookUp, vectorLength, type Sample } from './sample.js';

/** The usual spellings, the preferred one first. */
export const ID_FIELDS = ['id', '_id'] as const;
export const VALUES_FIELDS = ['values', 'vector', 'embedding'] as const;
export const SPARSE_FIELDS = ['sparse_values', 'sparseValues'] as const;
export const METADATA_FIELD = 'metadata';
export const NAMESPACE_FIELD = 'namespace';

/** Between the numbers of a vector in one text. */
export const DEFAULT_VECTOR_DELIMITER = ',';

/** So many fields are named in a message. */
const NAMED_FIELDS = 12;

/**
 * Settles how records become columns: what the options leave open is found in the first records.
 *
 * @param bytes whole records, the first ones of the first source; malformed ones are passed over. Parquet: its first rows as JSONL, with
 * a null in the place of every column that has nothing
 * @param source its name
 * @param header CSV and TSV: the header row's bytes
 * @throws PineloadError MAPPING_UNRESOLVED when the id or the vector is not found, OPTION_INVALID when options contradict one
 * another or the input, CSV_HEADER_INVALID
 */
export function resolveMapping(
  bytes: Uint8Array,
  source: string,
  format: InputFormat,
  header: Uint8Array | undefined,
  options: MappingOptions,
): ResolvedMapping {
  return new Resolver(bytes, source, format, header, options).resolve();
}

type Values = NonNullable<ReaderConfig['values']>;

class Resolver {
  /** How the sample is written; rows of Parquet come as lines of JSON. */
  private readonly format: 'jsonl' | 'csv';
  private readonly isParquet: boolean;
  private readonly csv: { readonly header: readonly string[]; readonly delimiter: string } | undefined;
  private readonly sample: Sample;
  private readonly known: KnownFields;
  private readonly vectorDelimiter: string;
  private readonly firstByte: number | undefined;

  constructor(
    bytes: Uint8Array,
    private readonly source: string,
    format: InputFormat,
    header: Uint8Array | undefined,
    private readonly options: MappingOptions,
  ) {
    checkConflicts(options, format);
    this.isParquet = format === 'parquet';
    this.vectorDelimiter = checkDelimiter(options.vectorDelimiter ?? DEFAULT_VECTOR_DELIMITER, 'vectorDelimiter');
    if (format === 'jsonl' || format === 'parquet') {
      this.format = 'jsonl';
      this.sample = jsonlSample(bytes);
    } else {
      this.format = 'csv';
      const delimiter = checkDelimiter(options.delimiter ?? (format === 'tsv' ? '\t' : ','), 'delimiter');
      this.csv = { header: parseCsvHeader(header ?? new Uint8Array(0), delimiter, source), delimiter };
      this.sample = csvSample(bytes, this.csv.header, delimiter);
    }
    this.firstByte = bytes.find((byte) => byte > 0x20);
    this.known = { format: this.format, names: this.sample.names };
  }

  resolve(): ResolvedMapping {
    const { options } = this;
    if (this.sample.records.length === 0 && this.sample.firstProblem !== undefined) {
      throw this.unreadable(this.sample.firstProblem);
    }
    const id = this.idField();
    const values = this.valuesField();
    const sparse = this.sparseField();
    const kind = this.kind(values, sparse);
    if (kind !== 'sparse' && values === undefined)
      throw this.vectorUnresolved('a dense vector', 'valuesField', 'values-field');
    const metadata = this.metadata();
    const namespace = this.namespace();
    const config: ReaderConfig = {
      format: this.isParquet ? 'parquet' : this.format,
      kind,
      dimension: kind === 'sparse' ? 0 : this.dimension(values!),
      id,
      values: kind === 'sparse' ? undefined : values,
      vectorEncoding: options.vectorEncoding ?? 'auto',
      vectorDelimiter: this.vectorDelimiter,
      sparse: kind === 'dense' ? undefined : (sparse ?? this.unseenSparse(kind)),
      unexpectedVector: this.unexpectedVector(kind, values, sparse),
      metadata,
      namespace,
      csv: this.csv,
      keepRaw: true,
    };
    const typed = { ...config, metadata: this.typed(config) };
    return { config: typed, chosen: chosen(typed, this.sample.names), unused: this.unused(typed) };
  }

  private has(path: FieldPath): boolean {
    if (this.format === 'csv') return this.sample.names.includes(path[0]!);
    return this.sample.records.some((record) => lookUp(record, path) !== undefined);
  }

  private some(path: FieldPath, test: (value: unknown) => boolean): boolean {
    return this.sample.records.some((record) => test(lookUp(record, path)));
  }

  private lengthOf(value: unknown): number {
    return vectorLength(value, this.options.vectorEncoding ?? 'auto', this.vectorDelimiter);
  }

  private idField(): FieldPath {
    const { idField } = this.options;
    const path = idField === undefined ? undefined : parsePath(idField, 'idField', this.known);
    const found = path ?? ID_FIELDS.map((name) => [name]).find((candidate) => this.has(candidate));
    if (found === undefined || !this.has(found)) {
      const expected = path === undefined ? names(ID_FIELDS) : `the field ${quote(fieldLabel(path))}`;
      throw this.unresolved(
        'id',
        `an id: ${expected}`,
        this.openAiHint() ?? 'Name its field with idField (--id-field).',
      );
    }
    return found;
  }

  /** Undefined when no field of the usual names holds a dense vector. */
  private valuesField(): Values | undefined {
    const { valuesField, valuesColumns } = this.options;
    if (valuesColumns !== undefined) return { columns: parseValuesColumns(valuesColumns, this.csv!.header) };
    if (valuesField !== undefined) {
      const field = parsePath(valuesField, 'valuesField', this.known);
      if (!this.has(field))
        throw this.vectorUnresolved(`the field ${quote(valuesField)}`, 'valuesField', 'values-field');
      return { field };
    }
    const candidates = VALUES_FIELDS.map((name) => [name]).filter((path) => this.has(path));
    const field = candidates.find((path) => this.some(path, (value) => this.lengthOf(value) > 0)) ?? candidates[0];
    return field === undefined ? undefined : { field };
  }

  private sparseField(): FieldPath | undefined {
    const { sparseValuesField } = this.options;
    if (sparseValuesField !== undefined) {
      const field = parsePath(sparseValuesField, 'sparseValuesField', this.known);
      if (this.format === 'csv' && !this.has(field)) {
        throw this.vectorUnresolved(
          `the column ${quote(sparseValuesField)}`,
          'sparseValuesField',
          'sparse-values-field',
        );
      }
      return field;
    }
    const candidates = SPARSE_FIELDS.map((name) => [name]).filter((path) => this.has(path));
    return candidates.find((path) => this.some(path, isSparseVector)) ?? candidates[0];
  }

  private kind(values: Values | undefined, sparse: FieldPath | undefined): VectorKind {
    const { vectorType } = this.options;
    if (vectorType !== undefined && vectorType !== 'auto') return vectorType;
    let dense = false;
    let anySparse = false;
    for (const record of this.sample.records) {
      const hasDense =
        values !== undefined &&
        ('columns' in values
          ? values.columns.some((name) => lookUp(record, [name]) !== undefined)
          : this.hasValue(record, values.field));
      const hasSparse = sparse !== undefined && isSparseVector(lookUp(record, sparse));
      if (hasDense && hasSparse) return 'hybrid';
      dense ||= hasDense;
      anySparse ||= hasSparse;
    }
    return anySparse && !dense ? 'sparse' : 'dense';
  }

  /** Is there something in the field that may be a vector, if a malformed one? */
  private hasValue(record: unknown, path: FieldPath): boolean {
    const value = lookUp(record, path);
    return value !== undefined && value !== null && value !== '' && !(Array.isArray(value) && value.length === 0);
  }

  /** Where the sparse vectors of a run will be that the first records lack. */
  private unseenSparse(kind: VectorKind): FieldPath {
    if (kind === 'sparse' || this.format === 'csv') {
      throw this.vectorUnresolved('a sparse vector', 'sparseValuesField', 'sparse-values-field');
    }
    return [SPARSE_FIELDS[0]];
  }

  /** The other kind of vector must not be lost without a word, unless the user has said which kind to take. */
  private unexpectedVector(
    kind: VectorKind,
    values: Values | undefined,
    sparse: FieldPath | undefined,
  ): FieldPath | undefined {
    const { vectorType, sparseValuesField, valuesField } = this.options;
    const stated = vectorType !== undefined && vectorType !== 'auto';
    if (kind === 'dense') {
      if (stated && sparseValuesField === undefined) return undefined;
      return sparse ?? (this.format === 'jsonl' ? [SPARSE_FIELDS[0]] : undefined);
    }
    if (kind === 'sparse') {
      if (stated && valuesField === undefined) return undefined;
      if (values !== undefined) return 'field' in values ? values.field : undefined;
      return this.format === 'jsonl' ? [VALUES_FIELDS[0]] : undefined;
    }
    return undefined;
  }

  private dimension(values: Values): number {
    const { dimension } = this.options;
    if ('columns' in values) {
      if (dimension !== undefined && dimension !== values.columns.length) {
        throw invalidOption('dimension', `${values.columns.length}, the number of columns`, String(dimension));
      }
      return this.checkedDimension(values.columns.length);
    }
    if (dimension !== undefined) return dimension;
    for (const record of this.sample.records) {
      const length = this.lengthOf(lookUp(record, values.field));
      if (length > 0) return this.checkedDimension(length);
    }
    throw this.vectorUnresolved(`a dense vector in ${quote(fieldLabel(values.field))}`, 'valuesField', 'values-field');
  }

  private checkedDimension(found: number): number {
    const most = this.options.limits?.dimension ?? MAX_DIMENSION;
    if (found <= most) return found;
    throw new PineloadError('LIMIT_EXCEEDED', {
      source: this.source,
      field: 'dimension',
      expected: `at most ${most} dimensions`,
      got: `${found} in the first vector`,
    });
  }

  private metadata(): MetadataMapping {
    const { metadataField, metadataFields, metadataRest } = this.options;
    if (metadataField !== undefined) {
      return {
        from: 'object',
        field: this.column(parsePath(metadataField, 'metadataField', this.known), 'metadataField'),
      };
    }
    if (metadataRest === true) return { from: 'rest', types: this.restTypes(metadataFields ?? []) };
    if (metadataFields !== undefined && metadataFields.length > 0) {
      const fields = parseMetadataFields(metadataFields, this.known);
      for (const { path } of fields) this.column(path, 'metadataFields');
      return { from: 'fields', fields };
    }
    if (this.format === 'jsonl' || this.has([METADATA_FIELD])) return { from: 'object', field: [METADATA_FIELD] };
    return metadataRest === false ? { from: 'none' } : { from: 'rest', types: {} };
  }

  private restTypes(fields: readonly string[]): Record<string, MetadataColumnType> {
    const types: [string, MetadataColumnType][] = [];
    for (const { path, name, type } of parseMetadataFields(fields, this.known)) {
      if (path.length > 1) {
        throw invalidOption(
          'metadataFields',
          'top-level fields, as metadataRest takes them all',
          quote(fieldLabel(path)),
        );
      }
      this.column(path, 'metadataFields');
      types.push([name, type]);
    }
    return Object.fromEntries(types);
  }

  private namespace(): NamespaceTemplate {
    const { namespace, namespaceField, runId } = this.options;
    if (namespace !== undefined) {
      const template = parseNamespace(namespace, runId, this.known);
      for (const part of template) if (typeof part !== 'string') this.column(part, 'namespace');
      return template;
    }
    if (namespaceField !== undefined) {
      return [this.column(parsePath(namespaceField, 'namespaceField', this.known), 'namespaceField')];
    }
    // In JSONL the field counts even if the first records have none: it may stand in later ones.
    return this.format === 'jsonl' || this.has([NAMESPACE_FIELD]) ? [[NAMESPACE_FIELD]] : [''];
  }

  /** A column of CSV or Parquet must be there; a JSONL field may be missing from the first records. */
  private column(path: FieldPath, option: string): FieldPath {
    const columns = this.format === 'csv' || (this.isParquet && this.sample.records.length > 0);
    if (columns && !this.sample.names.includes(path[0]!)) {
      throw this.unresolved(option, `the column ${quote(fieldLabel(path))}`, undefined);
    }
    return path;
  }

  private vectorUnresolved(expected: string, option: string, flag: string): PineloadError {
    const vector = this.sample.records.map((record) => findVector(record)).find((path) => path !== undefined);
    let hint = this.openAiHint() ?? `Name its field with ${option} (--${flag}).`;
    if (this.openAiHint() === undefined && vector !== undefined && option === 'valuesField') {
      hint = `${quote(fieldLabel(vector))} looks like a vector: name it with ${option} (--${flag}).`;
    }
    if (this.format === 'csv' && option === 'valuesField') {
      hint = `Name its column with valuesField (--values-field), or its columns, one per dimension, with valuesColumns (--values-columns dim_).`;
    }
    return this.unresolved(option, expected, hint);
  }

  private openAiHint(): string | undefined {
    const { names: fields } = this.sample;
    if (!fields.includes('custom_id') || !fields.includes('response')) return undefined;
    return 'For the result of an OpenAI batch: --id-field custom_id --values-field response.body.data.0.embedding';
  }

  /** No record of the sample can be read: what is wrong with the first says more than that no field was found. */
  private unreadable({ code, expected, got }: Problem): PineloadError {
    const array = this.format === 'jsonl' && this.firstByte === 0x5b;
    return new PineloadError('RECORD_REJECTED', {
      message: `none of the first records can be read: ${RULES[code].title} [${code}]`,
      source: this.source,
      expected,
      got,
      hint: array
        ? "This looks like one JSON array; pineload takes one object a line. Convert it with: jq -c '.[]' FILE"
        : `Is it ${this.format === 'jsonl' ? 'JSONL, one JSON object a line' : 'CSV with this delimiter, quoted as in RFC 4180'}? --format says otherwise.`,
    });
  }

  private unresolved(field: string, expected: string, hint: string | undefined): PineloadError {
    const { records, names: fields } = this.sample;
    const got = this.format === 'jsonl' && records.length === 0 ? 'no record' : `the fields ${names(fields)}`;
    return new PineloadError('MAPPING_UNRESOLVED', {
      source: this.source,
      field,
      expected,
      got,
      ...(hint === undefined ? {} : { hint }),
    });
  }

  /** CSV: gives every metadata column whose type was not stated the type that its cells in the sample have. */
  private typed(config: ReaderConfig): MetadataMapping {
    const { metadata } = config;
    if (this.format !== 'csv') return metadata;
    const infer = (name: string, stated: MetadataColumnType | undefined): MetadataColumnType => {
      if (stated !== undefined && stated !== 'auto') return stated;
      return inferColumnType(this.sample.records.flatMap((record) => record[name] ?? []));
    };
    if (metadata.from === 'fields') {
      const fields = metadata.fields.map((field) => ({ ...field, type: infer(field.path[0]!, field.type) }));
      return { from: 'fields', fields };
    }
    if (metadata.from !== 'rest') return metadata;
    const names = this.unused({ ...config, metadata: { from: 'none' } });
    return {
      from: 'rest',
      types: Object.fromEntries(names.map((name) => [name, infer(name, ownValue(metadata.types, name))])),
    };
  }

  private unused(config: ReaderConfig): string[] {
    const { metadata, values } = config;
    if (metadata.from === 'rest') return [];
    const used = new Set<string>();
    const use = (path: FieldPath | undefined): void => void (path !== undefined && used.add(path[0]!));
    use(config.id);
    use(config.sparse);
    use(config.unexpectedVector);
    if (values !== undefined && 'field' in values) use(values.field);
    if (values !== undefined && 'columns' in values) values.columns.forEach((name) => used.add(name));
    if (metadata.from === 'object') use(metadata.field);
    if (metadata.from === 'fields') metadata.fields.forEach(({ path }) => use(path));
    for (const part of config.namespace) if (typeof part !== 'string') use(part);
    return this.sample.names.filter((name) => !used.has(name));
  }
}

/** A column may be called `constructor`. */
function ownValue<T>(record: Readonly<Record<string, T>>, name: string): T | undefined {
  return Object.hasOwn(record, name) ? record[name] : undefined;
}

function checkConflicts(options: MappingOptions, format: string): void {
  const exclusive: readonly (readonly [keyof MappingOptions, keyof MappingOptions])[] = [
    ['namespace', 'namespaceField'],
    ['valuesField', 'valuesColumns'],
    ['metadataField', 'metadataFields'],
    ['metadataField', 'metadataRest'],
  ];
  const given = (name: keyof MappingOptions): boolean => {
    const value = options[name];
    return value !== undefined && value !== false && !(Array.isArray(value) && value.length === 0);
  };
  for (const [one, other] of exclusive) {
    if (given(one) && given(other)) throw invalidOption(other, `either ${one} or ${other}`, 'both');
  }
  if (options.valuesColumns !== undefined && (format === 'jsonl' || format === 'parquet')) {
    throw invalidOption('valuesColumns', 'CSV input', `${format === 'jsonl' ? 'JSONL' : 'Parquet'} input`);
  }
  const { dimension, vectorType } = options;
  const most = options.limits?.dimension ?? MAX_DIMENSION;
  if (dimension !== undefined && (!Number.isInteger(dimension) || dimension < 1 || dimension > most)) {
    throw invalidOption('dimension', `a whole number from 1 to ${most}`, String(dimension));
  }
  if (dimension !== undefined && vectorType === 'sparse') {
    throw invalidOption('dimension', 'none, as sparse vectors have none', String(dimension));
  }
}

/** `"id", "_id"` */
function names(fields: readonly string[]): string {
  const listed = fields
    .slice(0, NAMED_FIELDS)
    .map((name) => quote(name, 40))
    .join(', ');
  return fields.length > NAMED_FIELDS ? `${listed} and ${fields.length - NAMED_FIELDS} more` : listed;
}

const withType = (label: string, type: MetadataColumnType): string => (type === 'auto' ? label : `${label}:${type}`);

/** `title:string, year:number` */
function typeList(types: Readonly<Record<string, MetadataColumnType>>): string {
  const listed = Object.entries(types).map(([name, type]) => withType(name, type));
  const more = listed.length > NAMED_FIELDS ? [`and ${listed.length - NAMED_FIELDS} more`] : [];
  return [...listed.slice(0, NAMED_FIELDS), ...more].join(', ');
}

/** The choice for each role, for people. */
function chosen(config: ReaderConfig, seen: readonly string[]): Record<string, string> {
  const { values, sparse, metadata, namespace } = config;
  const roles: Record<string, string> = { id: fieldLabel(config.id) };
  if (values !== undefined) {
    roles['values'] =
      'field' in values
        ? fieldLabel(values.field)
        : `${values.columns[0]!}…${values.columns.at(-1)!} (${values.columns.length} columns)`;
  }
  if (sparse !== undefined) roles['sparse_values'] = fieldLabel(sparse);
  const seenPath = (path: FieldPath, none: string): string =>
    path.length > 1 || seen.includes(path[0]!) ? fieldLabel(path) : none;
  switch (metadata.from) {
    case 'none':
      roles['metadata'] = 'none';
      break;
    case 'object':
      roles['metadata'] = seenPath(metadata.field, 'none');
      break;
    case 'fields':
      roles['metadata'] = metadata.fields.map(({ path, type }) => withType(fieldLabel(path), type)).join(', ');
      break;
    case 'rest':
      roles['metadata'] = ['all other fields', typeList(metadata.types)].filter((text) => text !== '').join(': ');
  }
  const [only] = namespace;
  if (namespace.length === 1 && only !== undefined) {
    roles['namespace'] = typeof only === 'string' ? only || DEFAULT_NAMESPACE : seenPath(only, DEFAULT_NAMESPACE);
  } else {
    roles['namespace'] = namespace.map((part) => (typeof part === 'string' ? part : `{${fieldLabel(part)}}`)).join('');
  }
  return roles;
}
