import { BatchBuilder } from '../../records/batch-builder.js';
import { MAX_ID_LENGTH, MAX_METADATA_BYTES, MAX_SPARSE_ENTRIES, type RecordLimits } from '../../records/limits.js';
import type { Reject } from '../../records/reject.js';
import { RULES } from '../../records/rule-codes.js';
import { checkBatch } from '../../records/rules/check-batch.js';
import type { VectorType } from '../options.js';
import { metadataText } from './metadata.js';
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
 * Holds rows against the rules of records/, of which only the documented ones count here: what the service is merely suspected
 * to refuse (zeros only, NaN, repeated sparse indices) is the business of `pineload validate`. Of a broken rule it tells in the
 * service's words.
 */
export class RecordRules {
  readonly #builder: BatchBuilder;

  constructor(
    private readonly target: RecordTarget,
    private readonly limits: RecordLimits = {},
  ) {
    const { vectorType, dimension = 0, keepsSparse } = target;
    this.#builder = new BatchBuilder(vectorType === 'sparse' ? 'sparse' : keepsSparse ? 'hybrid' : 'dense', dimension);
  }

  /** What is wrong with each row; undefined for those that are good. */
  faults(rows: readonly Row[]): (string | undefined)[] {
    const faults = new Array<string | undefined>(rows.length);
    this.#builder.begin('');
    rows.forEach((row, i) => {
      this.#builder.beginRow(i + 1, 0);
      faults[i] = this.#fill(row);
      if (faults[i] === undefined) this.#builder.commitRow();
      else this.#builder.rollbackRow();
    });
    const batch = this.#builder.finish();
    checkBatch(batch, { documentedOnly: true, limits: this.limits });
    for (const reject of batch.rejects) faults[reject.line - 1] = this.#text(reject, rows[reject.line - 1]!);
    return faults;
  }

  /** Puts a row into the columns; what does not fit into them is told at once. */
  #fill({ id, values, sparse, metadata }: Row): string | undefined {
    const { vectorType, keepsSparse } = this.target;
    if (id == null) return missingValues('id');
    this.#builder.setIdText(id);
    this.#builder.setMetadataText(metadata ?? null);
    if (vectorType === 'sparse') return values != null && values.length > 0 ? DENSE_INTO_SPARSE : this.#sparse(sparse);
    return this.#dense(values) ?? (keepsSparse ? this.#sparse(sparse) : undefined);
  }

  #dense(values: Row['values']): string | undefined {
    const { dimension } = this.target;
    if (values == null || hasNull(values)) return missingValues('values');
    if (values.length !== dimension) return wrongDimension(values.length, dimension!);
    this.#builder.setDense(values as ArrayLike<number>);
    return undefined;
  }

  /** One that is missing is found by the rules, where it must be there. */
  #sparse(sparse: Row['sparse']): string | undefined {
    if (isNull(sparse)) return undefined;
    const { indices, values } = sparse!;
    if (indices == null || values == null || hasNull(indices) || hasNull(values)) return missingValues('sparse_values');
    if (indices.length !== values.length) return sparseLengths(indices.length, values.length);
    this.#builder.setSparse(indices as ArrayLike<number>, values as ArrayLike<number>);
    return undefined;
  }

  #text(reject: Reject, row: Row): string {
    const {
      idLength = MAX_ID_LENGTH,
      sparseEntries = MAX_SPARSE_ENTRIES,
      metadataBytes = MAX_METADATA_BYTES,
    } = this.limits;
    switch (reject.code) {
      case 'ID_EMPTY':
        return ID_EMPTY;
      case 'ID_TOO_LONG':
        return idTooLong([...row.id!].length, idLength);
      case 'ID_CHARSET':
        return ID_CHARSET;
      case 'SPARSE_MISSING':
        return missingValues('sparse_values');
      case 'SPARSE_TOO_MANY':
        return sparseTooMany(row.sparse!.indices!.length, sparseEntries);
      default:
        // A documented rule that has no words of the service yet is told in its own.
        return reject.code.startsWith('METADATA_')
          ? metadataText(reject, row.metadata!, metadataBytes)
          : `${RULES[reject.code].title}: ${reject.got}`;
    }
  }
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
