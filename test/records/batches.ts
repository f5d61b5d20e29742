import { BatchBuilder } from '../../src/records/batch-builder.js';
import type { RecordBatch, VectorKind } from '../../src/records/batch.js';

/** One row; what is not stated is right. */
export interface Row {
  readonly id?: string;
  readonly values?: ArrayLike<number>;
  readonly sparse?: readonly [ArrayLike<number>, ArrayLike<number>] | null;
  readonly metadata?: string | Uint8Array | null;
  readonly namespace?: string;
}

export function batchOf(rows: readonly Row[], kind: VectorKind = 'dense', dimension = 2): RecordBatch {
  const builder = new BatchBuilder(kind, dimension);
  builder.begin('in.jsonl', Buffer.from('0123456789'.repeat(10)));
  rows.forEach((row, i) => {
    builder.beginRow(10 * (i + 1), 100 * i);
    builder.setRaw(i, i + 3);
    builder.setIdText(row.id ?? `r${i}`);
    if (kind !== 'sparse') builder.setDense(row.values ?? [1, 2]);
    if (kind !== 'dense' && row.sparse !== null) builder.setSparse(...(row.sparse ?? [[1], [1]]));
    if (row.metadata instanceof Uint8Array) builder.setMetadata(row.metadata, 0, row.metadata.length);
    else if (row.metadata !== undefined) builder.setMetadataText(row.metadata);
    if (row.namespace !== undefined) builder.setNamespace(row.namespace);
    builder.commitRow();
  });
  return builder.finish();
}
