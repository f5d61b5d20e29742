import { quote } from '../base/errors.js';
import { BatchBuilder } from '../records/batch-builder.js';
import type { RecordBatch, VectorKind } from '../records/batch.js';
import { rawText } from '../records/raw-text.js';
import type { RuleCode } from '../records/rule-codes.js';
import { count } from './problem.js';

/** A value of a metadata field. What Pinecone does not take (null, objects, lists of numbers) is rejected, not bent. */
export type MetadataValue = string | number | boolean | readonly string[];

/** A sparse vector: `values[i]` stands at `indices[i]`. Both of the same length, 1 to 2,048. */
export interface SparseVector {
  /** Whole numbers from 0 to 4294967295, each once, in any order. */
  readonly indices: readonly number[] | Uint32Array;
  /** Finite numbers; rounded to float32. */
  readonly values: readonly number[] | Float32Array;
}

/** A record that is in memory already. */
export interface VectorRecord {
  /** 1 to 512 ASCII characters. */
  readonly id: string;
  /** The dense vector, of the run's dimension; rounded to float32. Needed unless the run is of kind `sparse`. */
  readonly values?: readonly number[] | Float32Array | undefined;
  /** The sparse vector. Needed for kind `sparse`, optional for kind `hybrid`. */
  readonly sparseValues?: SparseVector | undefined;
  /** A flat object (fields that are undefined are left out), or the JSON text of one, which is taken byte for byte. */
  readonly metadata?: Readonly<Record<string, MetadataValue | undefined>> | string | null | undefined;
  /** Default: the default namespace. */
  readonly namespace?: string | undefined;
}

/** Name of the source in rejects and errors. */
export const RECORDS_SOURCE = '<records>';

export interface RecordObjectReaderOptions {
  readonly kind: VectorKind;
  /** Numbers per dense vector; 0 for kind `sparse`. */
  readonly dimension: number;
  /** Keep the JSON text of records that cannot be put into columns, for the rejects file. */
  readonly keepRaw: boolean;
}

/** The kind of vectors that a record holds; a record without any counts as dense, and is rejected as such. */
export function inferKind(record: VectorRecord): VectorKind {
  const sparse = sparseOf(record) !== undefined;
  if (isAbsent(record.values) || record.values.length === 0) return sparse ? 'sparse' : 'dense';
  return sparse ? 'hybrid' : 'dense';
}

/**
 * Puts records from memory into columns. The same faults get the same codes as in text; what the rules look at (lengths,
 * characters, finite numbers) is left to them. The record is not kept: it may be changed when `add` has returned.
 */
export class RecordObjectReader {
  readonly #builder: BatchBuilder;
  readonly #options: RecordObjectReaderOptions;
  #count = 0;

  constructor(options: RecordObjectReaderOptions) {
    this.#options = options;
    this.#builder = new BatchBuilder(options.kind, options.dimension);
    this.#builder.begin(RECORDS_SOURCE);
  }

  /** Records added since the last `take`, those that were rejected at once among them. */
  get rows(): number {
    return this.#builder.rowCount + this.#builder.rejectCount;
  }

  add(record: VectorRecord): void {
    this.#count++;
    this.#builder.beginRow(this.#count, 0);
    const fault = this.#fill(record);
    if (fault === undefined) {
      this.#builder.commitRow();
      return;
    }
    this.#builder.rollbackRow();
    const { id, namespace } = isObject(record) ? record : { id: undefined, namespace: undefined };
    const raw = this.#options.keepRaw ? rawJson(record) : undefined;
    this.#builder.reject({
      source: RECORDS_SOURCE,
      line: this.#count,
      byteOffset: 0,
      ...(typeof id === 'string' ? { id } : {}),
      ...(typeof namespace === 'string' ? { namespace } : {}),
      ...fault,
      ...(raw === undefined ? {} : { raw }),
    });
  }

  /** The records so far as a batch; the next one begins empty, its numbers go on. */
  take(): RecordBatch {
    return this.#builder.finish();
  }

  #fill(record: VectorRecord): Fault | undefined {
    if (!isObject(record) || Array.isArray(record)) return fault('JSON_NOT_OBJECT', undefined, 'an object', record);
    return (
      this.#id(record.id) ??
      this.#dense(record.values) ??
      this.#sparse(sparseOf(record)) ??
      this.#unexpected(record) ??
      this.#metadata(record.metadata) ??
      this.#namespace(record.namespace)
    );
  }

  #id(id: unknown): Fault | undefined {
    if (isAbsent(id)) return fault('ID_MISSING', 'id', 'a string', id);
    if (typeof id !== 'string') return fault('ID_TYPE', 'id', 'a string', id);
    this.#builder.setIdText(id);
    return undefined;
  }

  #dense(values: unknown): Fault | undefined {
    const { kind, dimension } = this.#options;
    if (kind === 'sparse') return undefined;
    if (isAbsent(values)) return fault('VALUES_MISSING', 'values', 'a list of numbers', values);
    if (!isNumberList(values)) return fault('VALUES_TYPE', 'values', 'a list of numbers', values);
    if (values.length !== dimension) {
      const got = count(values.length, 'number');
      return { code: 'VALUES_DIMENSION', field: 'values', expected: count(dimension, 'number'), got };
    }
    if (values instanceof Float32Array) {
      this.#builder.setDense(values);
      return undefined;
    }
    const column = this.#builder.denseColumn();
    const start = this.#builder.denseStart();
    for (let i = 0; i < dimension; i++) {
      const value: unknown = values[i];
      if (typeof value !== 'number') return itemFault('VALUES_TYPE', 'values', 'a list of numbers', value, i);
      column[start + i] = value;
    }
    return undefined;
  }

  #sparse(sparse: unknown): Fault | undefined {
    const field = 'sparseValues';
    // A sparse vector that is missing is no fault in a hybrid run; in a sparse one the rules find it.
    if (isAbsent(sparse) || this.#options.kind === 'dense') return undefined;
    const { indices, values } = isObject(sparse) ? (sparse as { indices?: unknown; values?: unknown }) : {};
    if (!isNumberList(indices) || !isNumberList(values)) {
      return fault('SPARSE_TYPE', field, 'an object with the lists "indices" and "values"', sparse);
    }
    if (indices.length !== values.length) {
      const got = `${indices.length} indices and ${values.length} values`;
      return { code: 'SPARSE_LENGTHS', field, expected: 'lists of the same length', got };
    }
    this.#builder.beginSparse();
    for (let i = 0; i < indices.length; i++) {
      const index: unknown = indices[i];
      const value: unknown = values[i];
      if (typeof index !== 'number' || !Number.isInteger(index) || index < 0 || index > MAX_UINT32) {
        return itemFault('SPARSE_INDEX', field, `whole numbers from 0 to ${MAX_UINT32}`, index, i);
      }
      if (typeof value !== 'number') return itemFault('SPARSE_TYPE', field, 'a list of numbers', value, i);
      this.#builder.appendSparse(index, value);
    }
    return undefined;
  }

  /** A vector of the other kind would be lost without a word. Pinecone's clients give sparse records an empty `values`. */
  #unexpected(record: VectorRecord): Fault | undefined {
    const { kind } = this.#options;
    const values: unknown = record.values;
    const sparse = sparseOf(record);
    if (kind === 'sparse' && !isAbsent(values) && !(isNumberList(values) && values.length === 0)) {
      return fault('VALUES_UNEXPECTED', 'values', 'no dense vector in a run of sparse records (vectorType)', values);
    }
    if (kind === 'dense' && !isAbsent(sparse)) {
      return fault(
        'SPARSE_UNEXPECTED',
        'sparseValues',
        'no sparse vector in a run of dense records (vectorType)',
        sparse,
      );
    }
    return undefined;
  }

  #metadata(metadata: unknown): Fault | undefined {
    if (isAbsent(metadata)) return undefined;
    if (typeof metadata === 'string') {
      if (metadata.length < 16 && metadata.trim() === 'null') return undefined;
      // Half of a surrogate pair would become U+FFFD on its way to UTF-8, without a word.
      if (/\p{Surrogate}/u.test(metadata)) {
        return { code: 'UTF8_INVALID', field: 'metadata', expected: 'valid Unicode', got: 'half of a surrogate pair' };
      }
      this.#builder.setMetadataText(metadata);
      return undefined;
    }
    const isCollection = Array.isArray(metadata) || metadata instanceof Map || metadata instanceof Set;
    if (!isObject(metadata) || isCollection) {
      return fault('METADATA_NOT_OBJECT', 'metadata', 'an object or the JSON text of one', metadata);
    }
    let text: string | undefined;
    try {
      text = JSON.stringify(metadata) as string | undefined;
    } catch (error) {
      // A BigInt, a circle, a toJSON that throws.
      const got = quote(error instanceof Error ? error.message : String(error));
      return { code: 'METADATA_VALUE', field: 'metadata', expected: 'values that JSON can hold', got };
    }
    if (text === undefined) return fault('METADATA_NOT_OBJECT', 'metadata', 'an object', undefined);
    this.#builder.setMetadataText(text);
    return undefined;
  }

  #namespace(namespace: unknown): Fault | undefined {
    if (isAbsent(namespace)) return undefined;
    if (typeof namespace !== 'string') return fault('NAMESPACE_TYPE', 'namespace', 'a string', namespace);
    this.#builder.setNamespace(namespace);
    return undefined;
  }
}

const MAX_UINT32 = 0xffffffff;
const encoder = new TextEncoder();

interface Fault {
  readonly code: RuleCode;
  readonly field?: string;
  readonly expected: string;
  readonly got: string;
}

function fault(code: RuleCode, field: string | undefined, expected: string, value: unknown): Fault {
  return { code, ...(field === undefined ? {} : { field }), expected, got: describe(value) };
}

function itemFault(code: RuleCode, field: string, expected: string, value: unknown, position: number): Fault {
  return { code, field, expected, got: `${describe(value)} at position ${position}` };
}

/** What a value is, for people; long ones by their type only. */
function describe(value: unknown): string {
  if (isAbsent(value)) return 'none';
  if (typeof value === 'string') return quote(value, 40);
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  if (isNumberList(value)) return `a list of ${value.length}`;
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}

/** The sparse vector under the library's name, or under the one that the service's API uses. */
function sparseOf(record: VectorRecord): unknown {
  return record.sparseValues ?? (record as { readonly sparse_values?: unknown }).sparse_values ?? undefined;
}

function isAbsent(value: unknown): value is null | undefined {
  return value === undefined || value === null;
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

/** An array or a typed array; the items of arrays are looked at one by one. */
function isNumberList(value: unknown): value is ArrayLike<unknown> {
  return Array.isArray(value) || (ArrayBuffer.isView(value) && !(value instanceof DataView));
}

/** The JSON text of a rejected record, vectors as lists; undefined when it has none. */
function rawJson(record: unknown): string | undefined {
  const listed = (_key: string, value: unknown): unknown =>
    ArrayBuffer.isView(value) && isNumberList(value) ? Array.from(value) : value;
  try {
    const json = JSON.stringify(record, listed) as string | undefined;
    if (json === undefined) return undefined;
    const bytes = encoder.encode(json);
    return rawText(bytes, 0, bytes.length);
  } catch {
    // A BigInt or a circle: the reject goes without the text.
    return undefined;
  }
}
