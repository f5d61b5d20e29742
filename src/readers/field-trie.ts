import type { FieldPath } from './reader.js';

const encoder = new TextEncoder();

/** One name on the way to a field. */
export interface FieldNode {
  /** Number of the node in its trie. */
  readonly index: number;
  /** Dotted path, for messages. */
  readonly label: string;
  /** The name, UTF-8. */
  readonly name: Uint8Array;
  /** Set when the name reads as the index of an array element, else -1. */
  readonly element: number;
  /** Number of the field that ends here, -1 when none does. */
  slot: number;
  readonly children: FieldNode[];
}

/** The fields that a reader looks for, as a tree of names: a record is walked once for all of them. */
export class FieldTrie {
  readonly nodes: FieldNode[] = [];
  readonly root: FieldNode;
  slots = 0;

  constructor() {
    this.root = this.node('', '');
  }

  /** Adds a field and returns its slot; fields that are the same share one. */
  add(path: FieldPath): number {
    let node = this.root;
    path.forEach((name, depth) => {
      const label = path.slice(0, depth + 1).join('.');
      let child = node.children.find((c) => c.label === label);
      if (child === undefined) {
        child = this.node(name, label);
        node.children.push(child);
      }
      node = child;
    });
    if (node.slot < 0) node.slot = this.slots++;
    return node.slot;
  }

  private node(name: string, label: string): FieldNode {
    const element = /^(0|[1-9]\d{0,8})$/.test(name) ? Number(name) : -1;
    const node = { index: this.nodes.length, label, name: encoder.encode(name), element, slot: -1, children: [] };
    this.nodes.push(node);
    return node;
  }
}
