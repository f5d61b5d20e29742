import type { VectorKind } from '../records/batch.js';
import { createSchema, type FieldDeclaration, type ParquetSchema, type SchemaField } from './vendor/parquetjs.js';

/** How each sort of column is compressed. Only what Pinecone is known to read: Snappy or nothing. */
export interface CompressionOptions {
  /** `id` and `metadata`. */
  readonly text: 'snappy' | 'none';
  /** Vectors. Random float bits do not compress. */
  readonly floats: 'none';
}

export const DEFAULT_COMPRESSION: CompressionOptions = { text: 'snappy', floats: 'none' };

/** Joined paths of every leaf column pineload may write. */
export type LeafPath =
  | 'id'
  | 'values.list.element'
  | 'sparse_values.indices.list.element'
  | 'sparse_values.values.list.element'
  | 'metadata';

/**
 * The schema Pinecone's import takes for a kind of vectors: exactly these columns and types, all of them OPTIONAL, lists
 * in the three-level form `list.element` (parquet-format, LogicalTypes.md).
 */
export function importSchema(kind: VectorKind, compression: CompressionOptions = DEFAULT_COMPRESSION): ParquetSchema {
  const name = `${kind} ${compression.text}`;
  let schema = schemas.get(name);
  if (schema === undefined) schemas.set(name, (schema = makeSchema(kind, compression)));
  return schema;
}

/** Made once: there may be thousands of files. */
const schemas = new Map<string, ParquetSchema>();

function makeSchema(kind: VectorKind, compression: CompressionOptions): ParquetSchema {
  const text = (): FieldDeclaration => ({
    type: 'UTF8',
    optional: true,
    compression: compression.text === 'snappy' ? 'SNAPPY' : 'UNCOMPRESSED',
  });
  const listOf = (type: 'FLOAT' | 'UINT_32'): FieldDeclaration => ({
    type: 'LIST',
    optional: true,
    fields: { list: { repeated: true, fields: { element: { type, optional: true } } } },
  });

  const fields: Record<string, FieldDeclaration> = { id: text() };
  if (kind !== 'sparse') fields.values = listOf('FLOAT');
  if (kind !== 'dense') {
    fields.sparse_values = { optional: true, fields: { indices: listOf('UINT_32'), values: listOf('FLOAT') } };
  }
  fields.metadata = text();
  return createSchema(fields);
}

/** The columns that hold data, in file order. */
export function leafColumns(schema: ParquetSchema): SchemaField[] {
  return schema.fieldList.filter((field) => field.isNested !== true);
}
