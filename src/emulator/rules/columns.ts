import type { SchemaTree } from 'hyparquet';
import type { VectorType } from '../options.js';
import { ImportFailure } from './import-failure.js';
import { missingColumn, unsupportedColumn, wrongMetadataType, wrongType } from './texts.js';

/** The four columns the service knows; docs.pinecone.io/guides/index-data/import-data (2026-01). */
export const COLUMNS = ['id', 'values', 'sparse_values', 'metadata'] as const;
export type ColumnName = (typeof COLUMNS)[number];

const EXPECTED = {
  id: 'STRING',
  values: 'LIST<FLOAT>',
  sparse_values: 'STRUCT<indices: LIST<UINT_32>, values: LIST<FLOAT>>',
} as const;

/**
 * Checks a file's schema against the table of columns. `id` is always required, `values` for dense indexes,
 * `sparse_values` for sparse ones. `LIST<DOUBLE>` passes for `LIST<FLOAT>`: Pinecone's own notebook imports pandas' float64
 * lists. A `values` column in a file for a sparse index passes too: that fault has an error of its own, per record.
 *
 * @returns the known columns that the file has.
 */
export function checkColumns(
  schema: SchemaTree,
  vectorType: VectorType,
  extraColumns: 'refuse' | 'ignore',
  file: string,
): ColumnName[] {
  const byName = new Map(schema.children.map((column) => [column.element.name, column]));
  const required: ColumnName[] = vectorType === 'dense' ? ['id', 'values'] : ['id', 'sparse_values'];
  for (const name of required) {
    if (!byName.has(name)) throw new ImportFailure(missingColumn(name), file);
  }
  if (extraColumns === 'refuse') {
    for (const name of byName.keys()) {
      if (!COLUMNS.some((known) => known === name)) throw new ImportFailure(unsupportedColumn(name), file);
    }
  }
  const present = COLUMNS.filter((name) => byName.has(name));
  for (const name of present) checkType(name, byName.get(name)!, file);
  return present;
}

function checkType(name: ColumnName, column: SchemaTree, file: string): void {
  const given = typeName(column);
  if (name === 'metadata') {
    // The JSON annotation is text as well; DuckDB writes it for its JSON type.
    if (given !== 'STRING' && given !== 'JSON') throw new ImportFailure(wrongMetadataType(given), file);
    return;
  }
  const fits = name === 'id' ? given === 'STRING' : name === 'values' ? isFloatList(column) : isSparseStruct(column);
  if (!fits) throw new ImportFailure(wrongType(name, EXPECTED[name], given), file);
}

function isFloatList(column: SchemaTree | undefined): boolean {
  const element = column && listElement(column);
  if (!element || element.children.length > 0) return false;
  return element.element.type === 'FLOAT' || element.element.type === 'DOUBLE';
}

function isSparseStruct(column: SchemaTree): boolean {
  if (column.element.repetition_type === 'REPEATED' || listElement(column)) return false;
  const field = (name: string): SchemaTree | undefined => column.children.find((child) => child.element.name === name);
  const indices = field('indices');
  const element = indices && listElement(indices);
  return element !== undefined && typeName(element) === 'UINT_32' && isFloatList(field('values'));
}

/**
 * What a LIST holds. Parquet's LogicalTypes.md, "Lists": the outer group is annotated LIST and has one repeated child;
 * that child is a group around the element, whatever the two are called, or in old files the element itself.
 */
function listElement(column: SchemaTree): SchemaTree | undefined {
  if (column.element.converted_type !== 'LIST' || column.children.length !== 1) return undefined;
  const repeated = column.children[0]!;
  if (repeated.element.repetition_type !== 'REPEATED') return undefined;
  return repeated.children.length === 1 ? repeated.children[0] : repeated;
}

/** The type in the notation of the service's documentation, e.g. `LIST<DOUBLE>`. */
export function typeName(column: SchemaTree): string {
  const { type, converted_type: annotation } = column.element;
  const inner = listElement(column);
  if (inner) return `LIST<${typeName(inner)}>`;
  if (annotation === 'MAP' || annotation === 'MAP_KEY_VALUE') return 'MAP';
  if (column.children.length > 0) {
    return `STRUCT<${column.children.map((child) => `${child.element.name}: ${typeName(child)}`).join(', ')}>`;
  }
  const leaf = annotation === 'UTF8' ? 'STRING' : (annotation ?? type ?? 'unknown');
  return column.element.repetition_type === 'REPEATED' ? `REPEATED ${leaf}` : leaf;
}
