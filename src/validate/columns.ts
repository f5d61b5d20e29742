import { quote } from '../base/errors.js';
import { listElement, numberType, typeName } from '../parquet/decode/index.js';
import type { ListLevels, NumberType, ParquetFile, SchemaNode } from '../parquet/decode/index.js';
import type { FindingLog } from './findings.js';

/** A list of numbers in the file. */
export interface ListBinding {
  readonly node: SchemaNode;
  readonly type: NumberType;
  readonly levels: ListLevels;
}

/** The columns of an import that a file has, ready to be read. */
export interface ImportColumns {
  readonly id: SchemaNode;
  readonly values: ListBinding | undefined;
  readonly sparse: { readonly indices: ListBinding; readonly values: ListBinding } | undefined;
  readonly metadata: SchemaNode | undefined;
}

/** The four columns the service knows. */
const COLUMNS: readonly string[] = ['id', 'values', 'sparse_values', 'metadata'];
const SPARSE_TYPE = 'STRUCT<indices: LIST<UINT_32>, values: LIST<FLOAT>>';

/**
 * Holds a file's schema against the table of columns (docs.pinecone.io/guides/index-data/import-data). Where Pinecone's own
 * sources contradict each other (extra columns, LIST<DOUBLE>, signed indices) it is a warning.
 *
 * @param vectorType what the index takes, where that is known
 * @returns the columns to read; undefined when the schema is one that the service refuses
 */
export function bindColumns(
  file: ParquetFile,
  key: string,
  vectorType: 'dense' | 'sparse' | undefined,
  log: FindingLog,
): ImportColumns | undefined {
  const roots = new Map<string, SchemaNode>();
  let ok = true;
  const wrong = (field: string, expected: string, got: string, hint?: string): undefined => {
    ok = false;
    log.rule('SCHEMA_TYPE', { file: key, field, expected, got, hint });
    return undefined;
  };
  for (const node of file.root.children) {
    const { name } = node.element;
    if (roots.has(name)) {
      ok = false;
      log.rule('SCHEMA_COLUMN_TWICE', { file: key, field: name, expected: 'every column once', got: 'twice' });
    }
    roots.set(name, node);
    if (!COLUMNS.includes(name)) {
      log.rule('SCHEMA_COLUMN_EXTRA', { file: key, field: name, expected: 'no other column', got: typeName(node) });
    }
  }
  const missing = (field: string, expected: string): void => {
    ok = false;
    const similar = [...roots.keys()].find((name) => name.trim().toLowerCase() === field);
    log.rule('SCHEMA_COLUMN_MISSING', {
      file: key,
      field,
      expected,
      got: similar === undefined ? 'none' : `${quote(similar)}: names are exact`,
    });
  };

  const id = roots.get('id');
  if (id === undefined) missing('id', 'STRING');
  else if (!isText(id)) wrong('id', 'STRING', typeName(id));

  const metadata = roots.get('metadata');
  if (metadata !== undefined && !isText(metadata)) {
    wrong('metadata', 'STRING that holds a JSON object', typeName(metadata), 'Write the metadata as JSON text.');
  }

  const list = (field: string, node: SchemaNode, wanted: 'FLOAT' | 'UINT_32'): ListBinding | undefined => {
    const expected = `LIST<${wanted}>`;
    const found = listElement(node);
    if (found === undefined || found.element.repetition !== 1) return wrong(field, expected, typeName(node));
    const { element, levels } = found;
    const { type: physical, annotation, typeLength } = element.element;
    const type = element.leaf < 0 ? undefined : numberType(physical, annotation, typeLength);
    const fits = wanted === 'FLOAT' ? ['FLOAT', 'DOUBLE', 'FLOAT16'] : ['UINT_32', 'INT32', 'INT64'];
    if (type === undefined || !fits.includes(type)) return wrong(field, expected, typeName(node));
    if (type !== wanted) {
      const hint = wanted === 'FLOAT' ? 'Cast the vectors to float32.' : 'Cast the indices to uint32.';
      log.rule('SCHEMA_TYPE_UNPROVEN', { file: key, field, expected, got: typeName(node), hint });
    }
    if (levels !== 3) {
      const got = levels === 2 ? 'a two-level list' : 'a repeated field without a list';
      log.rule('SCHEMA_LIST_SHAPE', { file: key, field, expected: 'a three-level list', got });
    }
    const repeated =
      levels === 3 ? element.definition - (element.element.repetition === 'OPTIONAL' ? 1 : 0) : element.definition;
    const parent = node.definition - (node.element.repetition === 'REQUIRED' ? 0 : 1);
    const listLevel = levels === 1 ? parent : node.definition;
    return { node: element, type, levels: { parent, list: listLevel, repeated, element: element.definition } };
  };

  const valuesNode = roots.get('values');
  const sparseNode = roots.get('sparse_values');
  const values = valuesNode === undefined ? undefined : list('values', valuesNode, 'FLOAT');
  const sparse = sparseNode === undefined ? undefined : bindSparse(sparseNode, list, wrong);
  if (valuesNode === undefined && (vectorType === 'dense' || sparseNode === undefined)) {
    missing('values', vectorType === 'dense' ? 'LIST<FLOAT>' : `LIST<FLOAT>, or sparse_values ${SPARSE_TYPE}`);
  }
  if (sparseNode === undefined && vectorType === 'sparse') missing('sparse_values', SPARSE_TYPE);
  if (valuesNode !== undefined && vectorType === 'sparse') {
    log.rule('SCHEMA_VALUES_IN_SPARSE', {
      file: key,
      field: 'values',
      expected: 'no such column',
      got: typeName(valuesNode),
    });
  }
  return ok && id !== undefined ? { id, values, sparse, metadata } : undefined;
}

function bindSparse(
  node: SchemaNode,
  list: (field: string, node: SchemaNode, wanted: 'FLOAT' | 'UINT_32') => ListBinding | undefined,
  wrong: (field: string, expected: string, got: string) => undefined,
): ImportColumns['sparse'] {
  const field = (name: string): SchemaNode | undefined => node.children.find((child) => child.element.name === name);
  const indices = field('indices');
  const values = field('values');
  const isStruct = node.leaf < 0 && node.repetition === 0 && node.children.length === 2;
  if (!isStruct || indices === undefined || values === undefined) {
    return wrong('sparse_values', SPARSE_TYPE, typeName(node));
  }
  const boundIndices = list('sparse_values.indices', indices, 'UINT_32');
  const boundValues = list('sparse_values.values', values, 'FLOAT');
  if (boundIndices === undefined || boundValues === undefined) return undefined;
  return { indices: boundIndices, values: boundValues };
}

/** Text at the top: STRING, or JSON, which DuckDB writes for its JSON type. */
function isText(node: SchemaNode): boolean {
  const { type, annotation } = node.element;
  return (
    node.leaf >= 0 &&
    node.repetition === 0 &&
    type === 'BYTE_ARRAY' &&
    (annotation === 'STRING' || annotation === 'JSON')
  );
}
