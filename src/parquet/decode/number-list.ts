import type { ListLevels } from './list-column.js';
import { numberType, type NumberType } from './number-values.js';
import { listElement, type SchemaNode } from './schema-tree.js';

/** A list of numbers in a file, ready to be read by ListColumn. */
export interface NumberList {
  /** The leaf. */
  readonly node: SchemaNode;
  readonly type: NumberType;
  readonly levels: ListLevels;
}

/** The node as a list of numbers, not itself inside of a list; undefined when it is something else. */
export function numberList(node: SchemaNode): NumberList | undefined {
  const found = listElement(node);
  if (found === undefined || found.element.repetition !== 1 || found.element.leaf < 0) return undefined;
  const { element, levels } = found;
  const { type: physical, annotation, typeLength } = element.element;
  const type = numberType(physical, annotation, typeLength);
  if (type === undefined) return undefined;
  const repeated =
    levels === 3 ? element.definition - (element.element.repetition === 'OPTIONAL' ? 1 : 0) : element.definition;
  const parent = node.definition - (node.element.repetition === 'REQUIRED' ? 0 : 1);
  const list = levels === 1 ? parent : node.definition;
  return { node: element, type, levels: { parent, list, repeated, element: element.definition } };
}
