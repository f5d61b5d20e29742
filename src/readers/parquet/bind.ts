import { PineloadError, quote } from '../../base/errors.js';
import {
  listElement,
  numberList,
  type NumberList,
  type ParquetFile,
  type SchemaNode,
} from '../../parquet/decode/index.js';
import { invalidOption } from '../field-options.js';
import { fieldLabel } from '../problem.js';
import type { FieldPath, ReaderConfig } from '../reader.js';

/** What of a file's columns a mapping takes. */
export interface Binding {
  /** Dense vectors that are lists of numbers: they go to the batch as columns. Undefined: there are none, or they are texts. */
  readonly vector: NumberList | undefined;
  /** Leaves that are put together to a line of JSON, which is mapped and checked as a line of JSONL is. */
  readonly leaves: ReadonlySet<SchemaNode>;
  /** The leaf of the id: whole numbers become texts there. */
  readonly id: SchemaNode;
}

/**
 * Finds the mapping's fields among the columns of a file.
 * @throws PineloadError MAPPING_UNRESOLVED when the file has no column for the id or the vector
 */
export function bindFile(file: ParquetFile, config: ReaderConfig, source: string): Binding {
  const { root } = file;
  const id = nodeAt(root, config.id);
  if (id === undefined) throw missing('id', config.id, 'idField (--id-field)', root, source);
  const values = config.values;
  if (values !== undefined && 'columns' in values) {
    throw invalidOption('valuesColumns', 'CSV input', 'Parquet input', 'Vectors are lists in Parquet: --values-field.');
  }
  let vector: NumberList | undefined;
  if (values !== undefined) {
    const node = nodeAt(root, values.field);
    if (node === undefined) throw missing('values', values.field, 'valuesField (--values-field)', root, source);
    vector = inStructsOnly(root, values.field) ? numberList(node) : undefined;
  }
  const leaves = new Set<SchemaNode>();
  const take = (node: SchemaNode | undefined): void => {
    if (node === undefined || node === vector?.node) return;
    if (node.leaf >= 0) leaves.add(node);
    node.children.forEach(take);
  };
  for (const path of fieldsOf(config)) {
    if (path === values?.field && vector !== undefined) continue;
    take(nodeAt(root, path));
  }
  if (config.metadata.from === 'rest') {
    // What is left of a group that holds the vector is used up with it, as in JSONL.
    for (const node of root.children) if (node.element.name !== values?.field[0]) take(node);
  }
  return { vector, leaves, id };
}

/** Every field that the mapping names. */
function fieldsOf({ id, values, sparse, unexpectedVector, metadata, namespace }: ReaderConfig): FieldPath[] {
  const fields: (FieldPath | undefined)[] = [id, sparse, unexpectedVector];
  if (values !== undefined && 'field' in values) fields.push(values.field);
  if (metadata.from === 'object') fields.push(metadata.field);
  if (metadata.from === 'fields') fields.push(...metadata.fields.map(({ path }) => path));
  for (const part of namespace) if (typeof part !== 'string') fields.push(part);
  return fields.filter((path) => path !== undefined);
}

/** The node that a path leads to: names of members, and numbers of list elements, which lead to all of the list. */
function nodeAt(root: SchemaNode, path: FieldPath): SchemaNode | undefined {
  let node: SchemaNode | undefined = root;
  for (const part of path) {
    if (listElement(node) !== undefined) return /^\d+$/.test(part) ? node : undefined;
    node = node.children.find((child) => child.element.name === part);
    if (node === undefined) return undefined;
  }
  return node;
}

function inStructsOnly(root: SchemaNode, path: FieldPath): boolean {
  for (let depth = 1; depth < path.length; depth++) {
    const node = nodeAt(root, path.slice(0, depth));
    if (node === undefined || listElement(node) !== undefined) return false;
  }
  return true;
}

function missing(field: string, path: FieldPath, option: string, root: SchemaNode, source: string): PineloadError {
  const names = root.children.map((node) => quote(node.element.name, 40));
  const shown = names.slice(0, 12).join(', ') + (names.length > 12 ? ` and ${names.length - 12} more` : '');
  return new PineloadError('MAPPING_UNRESOLVED', {
    source,
    field,
    expected: `the column ${quote(fieldLabel(path))}`,
    got: `the columns ${shown}`,
    hint: `Name it with ${option}; files of other columns are converted by themselves.`,
  });
}
