import { corrupt, overLimit } from './fault.js';
import type { SchemaElement } from './file-metadata.js';
import type { DecodeLimits } from './limits.js';

/** A node of the schema with its place: levels as parquet-format, "Nested Encoding", counts them. */
export interface SchemaNode {
  readonly element: SchemaElement;
  readonly path: readonly string[];
  readonly children: readonly SchemaNode[];
  /** Definition level at which this node is there. */
  readonly definition: number;
  /** Repeated nodes on the way here, this one included. */
  readonly repetition: number;
  /** Number among the leaves, which is the number of its column chunk in a row group. -1 for groups. */
  readonly leaf: number;
}

/** Makes a tree of the flat list in the footer. */
export function buildSchemaTree(
  elements: readonly SchemaElement[],
  limits: DecodeLimits,
): { readonly root: SchemaNode; readonly leaves: readonly SchemaNode[] } {
  const leaves: SchemaNode[] = [];
  let next = 0;
  const build = (path: readonly string[], definition: number, repetition: number): SchemaNode => {
    const element = elements[next++];
    if (element === undefined) throw corrupt('the schema is shorter than it says');
    if (path.length > limits.schemaDepth) throw overLimit('nesting of the schema', limits.schemaDepth, path.length);
    // The root has no repetition; what some writers note there counts for nothing.
    const isRoot = next === 1;
    const here = isRoot ? path : [...path, element.name];
    const def = definition + (isRoot || element.repetition === 'REQUIRED' ? 0 : 1);
    const rep = repetition + (!isRoot && element.repetition === 'REPEATED' ? 1 : 0);
    if (element.children < 0 || element.children > elements.length - next) {
      throw corrupt('the schema is shorter than it says');
    }
    const isLeaf = element.type !== undefined && element.children === 0;
    if (isRoot && element.children === 0) throw corrupt('the schema has no columns');
    if (isLeaf && leaves.length >= limits.columns) throw overLimit('columns', limits.columns, leaves.length + 1);
    const children: SchemaNode[] = [];
    const node: SchemaNode = {
      element,
      path: here,
      children,
      definition: def,
      repetition: rep,
      leaf: isLeaf ? leaves.length : -1,
    };
    if (isLeaf) leaves.push(node);
    for (let i = 0; i < element.children; i++) children.push(build(here, def, rep));
    return node;
  };
  const root = build([], 0, 0);
  if (next !== elements.length) throw corrupt('the schema has more nodes than its root leads to');
  return { root, leaves };
}

/**
 * The element of a list, whatever its names: LogicalTypes.md, "Lists". Three levels: `group x (LIST) { repeated group { element } }`;
 * two levels, as older writers have it: `group x (LIST) { repeated element }`; or a repeated field by itself.
 */
export function listElement(
  node: SchemaNode,
): { readonly element: SchemaNode; readonly levels: 1 | 2 | 3 } | undefined {
  if (node.element.repetition === 'REPEATED') return node.leaf < 0 ? undefined : { element: node, levels: 1 };
  if (node.element.annotation !== 'LIST' || node.children.length !== 1) return undefined;
  const repeated = node.children[0]!;
  if (repeated.element.repetition !== 'REPEATED') return undefined;
  if (repeated.leaf >= 0) return { element: repeated, levels: 2 };
  if (repeated.children.length !== 1) return { element: repeated, levels: 2 };
  // Backward-compatibility rules: these names mark a list of one-field structs.
  if (repeated.element.name === 'array' || repeated.element.name === `${node.element.name}_tuple`) {
    return { element: repeated, levels: 2 };
  }
  return { element: repeated.children[0]!, levels: 3 };
}

/** The type in the notation of Pinecone's documentation: `STRING`, `LIST<FLOAT>`, `STRUCT<…>`. */
export function typeName(node: SchemaNode): string {
  const list = listElement(node);
  if (list !== undefined) {
    return `LIST<${list.element === node ? leafName(node) : typeName({ ...list.element, element: { ...list.element.element, repetition: 'REQUIRED' } })}>`;
  }
  if (node.element.annotation === 'MAP' || node.element.annotation === 'MAP_KEY_VALUE') return 'MAP';
  if (node.leaf >= 0) return leafName(node);
  const shown = node.children.slice(0, 8).map((child) => `${child.element.name}: ${typeName(child)}`);
  if (node.children.length > 8) shown.push('…');
  return `STRUCT<${shown.join(', ')}>`;
}

function leafName({ element }: SchemaNode): string {
  const { annotation, type } = element;
  if (annotation === 'STRING' && type === 'FIXED_LEN_BYTE_ARRAY') return 'STRING of a fixed length';
  return annotation ?? (type === 'BYTE_ARRAY' ? 'BINARY' : (type ?? 'GROUP'));
}
