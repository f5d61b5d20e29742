import { MAX_ID_LENGTH, MAX_SPARSE_ENTRIES } from '../../records/limits.js';
import type { VectorType } from '../options.js';
import { metadataFault } from './metadata.js';
import {
  DENSE_INTO_SPARSE,
  ID_CHARSET,
  ID_EMPTY,
  idTooLong,
  missingValues,
  sparseLengths,
  sparseTooMany,
  wrongDimension,
} from './texts.js';

/** A sparse vector as it is read: `values[i]` belongs to `indices[i]`. A NULL comes as null or undefined. */
export interface SparseRow {
  readonly indices: ArrayLike<number | null> | null | undefined;
  readonly values: ArrayLike<number | null> | null | undefined;
}

/** One row of a Parquet file as it is read; NULL comes as null or undefined. */
export interface Row {
  readonly id: string | null | undefined;
  readonly values: ArrayLike<number | null> | null | undefined;
  readonly sparse: SparseRow | null | undefined;
  readonly metadata: string | null | undefined;
}

/** What a record is checked against. */
export interface RecordTarget {
  readonly vectorType: VectorType;
  /** Undefined for sparse indexes. */
  readonly dimension: number | undefined;
  /** False: sparse values of a dense index are dropped (only `dotproduct` indexes keep them). */
  readonly keepsSparse: boolean;
}

/**
 * What is wrong with a record, as the service would say it, or undefined. Only rules that are published: what the service
 * is merely suspected to refuse (zeros only, NaN, repeated sparse indices) passes here and is the business of
 * `pineload validate`.
 */
export function recordFault(row: Row, target: RecordTarget): string | undefined {
  return (
    idFault(row.id) ?? vectorFault(row, target) ?? (row.metadata == null ? undefined : metadataFault(row.metadata))
  );
}

/** 1–512 ASCII characters without NUL: docs.pinecone.io/reference/api/database-limits, identifiers (2026-07). */
function idFault(id: string | null | undefined): string | undefined {
  if (id == null) return missingValues('id');
  if (id.length === 0) return ID_EMPTY;
  if (id.length > MAX_ID_LENGTH) return idTooLong(id.length, MAX_ID_LENGTH);
  for (let i = 0; i < id.length; i++) {
    const code = id.charCodeAt(i);
    if (code === 0 || code > 127) return ID_CHARSET;
  }
  return undefined;
}

function vectorFault(row: Row, target: RecordTarget): string | undefined {
  if (target.vectorType === 'sparse') {
    if (row.values != null && row.values.length > 0) return DENSE_INTO_SPARSE;
    if (isNull(row.sparse)) return missingValues('sparse_values');
    return sparseFault(row.sparse!);
  }
  if (row.values == null || hasNull(row.values)) return missingValues('values');
  if (target.dimension !== undefined && row.values.length !== target.dimension) {
    return wrongDimension(row.values.length, target.dimension);
  }
  return target.keepsSparse && !isNull(row.sparse) ? sparseFault(row.sparse!) : undefined;
}

function sparseFault({ indices, values }: SparseRow): string | undefined {
  if (indices == null || values == null || hasNull(indices) || hasNull(values)) return missingValues('sparse_values');
  if (indices.length !== values.length) return sparseLengths(indices.length, values.length);
  if (indices.length > MAX_SPARSE_ENTRIES) return sparseTooMany(indices.length, MAX_SPARSE_ENTRIES);
  return undefined;
}

/** Readers give a NULL struct as null, or as a struct whose fields are all NULL. */
export function isNull(sparse: SparseRow | null | undefined): boolean {
  return sparse == null || (sparse.indices == null && sparse.values == null);
}

function hasNull(list: ArrayLike<number | null>): boolean {
  if (list instanceof Float32Array || list instanceof Float64Array) return false;
  for (let i = 0; i < list.length; i++) {
    if (list[i] == null) return true;
  }
  return false;
}
