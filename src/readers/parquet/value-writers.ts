import { listElement, type LevelColumn, type SchemaNode } from '../../parquet/decode/index.js';
import type { JsonOut } from './json-out.js';

/**
 * Puts the entries of the leaves below a node together to JSON, as parquet-format has it in "Nested Encoding": a node is null
 * where the definition level of its first leaf is below its own, and a list goes on while no new row begins.
 */
export interface ValueWriter {
  readonly first: LevelColumn;
  isNull(): boolean;
  /** Writes the value at hand, which is not null, and goes on to the next. */
  write(out: JsonOut): void;
  /** Goes on to the next without writing: a null, or an empty list, has one entry in every leaf. */
  skip(): void;
}

/** Gives the column of a leaf; undefined for one that is not wanted. */
export type ColumnOf = (leaf: SchemaNode) => { readonly column: LevelColumn; readonly quoted: boolean } | undefined;

/** The writer for a node with those of its leaves that are wanted; undefined when none is. */
export function valueWriter(node: SchemaNode, columnOf: ColumnOf): ValueWriter | undefined {
  const list = listElement(node);
  if (list !== undefined) {
    const element = list.element === node ? leafWriter(node, columnOf) : valueWriterOf(list.element, columnOf);
    const repeated = list.levels === 1 ? node : node.children[0]!;
    return element && new ListWriter(node, repeated, element);
  }
  const map = mapEntries(node);
  if (map !== undefined) {
    const [key, value] = map.children.map((child) => valueWriterOf(child, columnOf));
    return key && value && new ListWriter(node, map, new EntryWriter(key, value), OBJECT);
  }
  return valueWriterOf(node, columnOf);
}

/** Without looking at whether the node is repeated: that is for the list around it. */
function valueWriterOf(node: SchemaNode, columnOf: ColumnOf): ValueWriter | undefined {
  if (node.leaf >= 0) return leafWriter(node, columnOf);
  if (node.element.repetition !== 'REPEATED' && (listElement(node) ?? mapEntries(node)) !== undefined) {
    return valueWriter(node, columnOf);
  }
  const members: Member[] = [];
  for (const child of node.children) {
    const writer = valueWriter(child, columnOf);
    if (writer !== undefined) members.push({ key: keyOf(child), writer });
  }
  return members.length === 0 ? undefined : new StructWriter(node, members);
}

/** `"name":` */
export function keyOf(node: SchemaNode): Uint8Array {
  return encoder.encode(`${JSON.stringify(node.element.name)}:`);
}

const encoder = new TextEncoder();

/** LogicalTypes.md, "Maps": one repeated group of a key and a value. */
function mapEntries(node: SchemaNode): SchemaNode | undefined {
  const [entries] = node.children;
  const isMap = node.element.annotation === 'MAP' || node.element.annotation === 'MAP_KEY_VALUE';
  return isMap && entries?.element.repetition === 'REPEATED' && entries.children.length === 2 ? entries : undefined;
}

class LeafWriter implements ValueWriter {
  constructor(
    readonly first: LevelColumn,
    private readonly definition: number,
    private readonly quoted: boolean,
  ) {}

  isNull(): boolean {
    return this.first.definition < this.definition;
  }

  write(out: JsonOut): void {
    const { first } = this;
    if (this.quoted) out.byte(0x22);
    out.value(first.values, first.index);
    if (this.quoted) out.byte(0x22);
    first.advance();
  }

  skip(): void {
    this.first.advance();
  }
}

function leafWriter(node: SchemaNode, columnOf: ColumnOf): ValueWriter | undefined {
  const found = columnOf(node);
  return found && new LeafWriter(found.column, node.definition, found.quoted);
}

interface Member {
  readonly key: Uint8Array;
  readonly writer: ValueWriter;
}

/** A group as an object. Members that are null are left out, since there is no telling null and absent apart. */
class StructWriter implements ValueWriter {
  readonly first: LevelColumn;

  constructor(
    private readonly node: SchemaNode,
    private readonly members: readonly Member[],
  ) {
    this.first = members[0]!.writer.first;
  }

  isNull(): boolean {
    return this.first.definition < this.node.definition;
  }

  write(out: JsonOut): void {
    let separator = 0x7b;
    for (const { key, writer } of this.members) {
      if (writer.isNull()) {
        writer.skip();
        continue;
      }
      out.byte(separator);
      separator = 0x2c;
      out.raw(key);
      writer.write(out);
    }
    if (separator === 0x7b) out.byte(0x7b);
    out.byte(0x7d);
  }

  skip(): void {
    for (const { writer } of this.members) writer.skip();
  }
}

const ARRAY = [0x5b, 0x5d] as const;
const OBJECT = [0x7b, 0x7d] as const;

/** A list as an array, or a map as an object. */
class ListWriter implements ValueWriter {
  readonly first: LevelColumn;

  constructor(
    private readonly node: SchemaNode,
    private readonly repeated: SchemaNode,
    private readonly element: ValueWriter,
    private readonly brackets: readonly [open: number, close: number] = ARRAY,
  ) {
    this.first = element.first;
  }

  isNull(): boolean {
    // A repeated field without a list around it cannot be null, only empty.
    return this.node !== this.repeated && this.first.definition < this.node.definition;
  }

  write(out: JsonOut): void {
    const { first, element } = this;
    out.byte(this.brackets[0]);
    if (first.definition < this.repeated.definition) {
      this.skip();
    } else {
      for (let more = false; !more || !first.beginsRow; more = true) {
        if (more) out.byte(0x2c);
        if (element.isNull()) {
          out.ascii('null');
          element.skip();
        } else {
          element.write(out);
        }
      }
    }
    out.byte(this.brackets[1]);
  }

  skip(): void {
    this.element.skip();
  }
}

/** An entry of a map; JSON has only strings for keys. */
class EntryWriter implements ValueWriter {
  readonly first: LevelColumn;

  constructor(
    private readonly key: ValueWriter,
    private readonly value: ValueWriter,
  ) {
    this.first = key.first;
  }

  isNull(): boolean {
    return false;
  }

  write(out: JsonOut): void {
    const { first } = this;
    // Texts, dates and UUIDs are in quotes already.
    const { isInteger } = first.type;
    if (isInteger) out.byte(0x22);
    this.key.write(out);
    if (isInteger) out.byte(0x22);
    out.byte(0x3a);
    if (this.value.isNull()) {
      out.ascii('null');
      this.value.skip();
    } else {
      this.value.write(out);
    }
  }

  skip(): void {
    this.key.skip();
    this.value.skip();
  }
}
