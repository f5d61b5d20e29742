import { childByElement, childByName, type FieldNode, type FieldTrie } from '../field-trie.js';
import { TextBuffer } from '../text-buffer.js';
import { scanFloat32Array } from './float32.js';
import { JsonScanner, MAX_JSON_DEPTH, STRING_ESCAPED } from './scanner.js';

// How a walk ended.
export const WALK_OK = 0;
/** See `scanner.errorAt`; fields before the error are known. */
export const WALK_SYNTAX = 1;
export const WALK_NOT_OBJECT = 2;
/** See `duplicate`. */
export const WALK_DUPLICATE = 3;

/**
 * Walks one JSON record once: checks all of its syntax, and notes where the fields of a trie are. A dense vector that is a plain array
 * of numbers is read into its column on the way.
 */
export class RecordWalker {
  readonly scanner = new JsonScanner();
  /** Per slot: where the value is, -1 when the record has none; and the flags of a string. */
  readonly starts: Int32Array;
  readonly ends: Int32Array;
  readonly flags: Uint8Array;
  /** Top-level fields outside of the trie: key (with quotes) and value of each, as four positions; kept when `collectRest`. */
  readonly rest: number[] = [];
  /** Dotted path of a field that occurs twice. */
  duplicate: string | undefined;
  /** Was the dense vector read on the way? */
  denseRead = false;

  private readonly seen: Int32Array;
  private record = 0;
  private readonly key = new TextBuffer();
  private dense: Float32Array = new Float32Array(0);
  private denseStart = 0;

  /**
   * @param denseSlot slot of the dense vector, -1 for none
   * @param looseSlots slots in which NaN and infinities are no syntax error, but counted in `scanner.nonFiniteSeen`
   */
  constructor(
    private readonly trie: FieldTrie,
    private readonly denseSlot: number,
    private readonly dimension: number,
    private readonly looseSlots: readonly number[],
    private readonly collectRest: boolean,
  ) {
    this.starts = new Int32Array(trie.slots);
    this.ends = new Int32Array(trie.slots);
    this.flags = new Uint8Array(trie.slots);
    this.seen = new Int32Array(trie.nodes.length);
  }

  /**
   * @param dense where the dense vector goes, from `denseStart` on
   * @returns WALK_OK or how it failed; `bytes[end]` must be as JsonScanner wants it
   */
  walk(bytes: Uint8Array, start: number, end: number, dense: Float32Array, denseStart: number): number {
    const { scanner } = this;
    scanner.begin(bytes, end);
    this.starts.fill(-1);
    this.rest.length = 0;
    this.duplicate = undefined;
    this.denseRead = false;
    this.dense = dense;
    this.denseStart = denseStart;
    // Zero is never a number of a record; the count starts over before it leaves int32.
    if (this.record === 0x7fffffff) {
      this.record = 0;
      this.seen.fill(0);
    }
    this.record++;

    let p = scanner.skipSpace(start);
    const isObject = bytes[p] === 0x7b;
    p = isObject ? this.walkObject(p, this.trie.root, 1) : scanner.skipValue(p, 0);
    if (p < 0) return WALK_SYNTAX;
    p = scanner.skipSpace(p);
    if (p !== end) {
      scanner.fail(p, 'the end of the line');
      return WALK_SYNTAX;
    }
    if (!isObject) return WALK_NOT_OBJECT;
    if (this.rest.length > 4) this.duplicate ??= this.duplicateInRest();
    return this.duplicate === undefined ? WALK_OK : WALK_DUPLICATE;
  }

  /** @param depth objects and arrays open, this one included */
  private walkObject(start: number, node: FieldNode, depth: number): number {
    const { scanner } = this;
    const { bytes } = scanner;
    let p = scanner.skipSpace(start + 1);
    if (bytes[p] === 0x7d) return p + 1;
    for (;;) {
      if (bytes[p] !== 0x22) return scanner.fail(p, 'a key in quotes');
      const keyStart = p;
      const keyEnd = scanner.skipString(p);
      if (keyEnd < 0) return -1;
      const child = this.child(node, keyStart + 1, keyEnd - 1, scanner.stringFlags);
      const valueStart = scanner.skipColon(keyEnd);
      if (valueStart < 0) return -1;
      if (child === undefined) {
        p = scanner.skipValue(valueStart, depth);
        if (p < 0) return -1;
        if (depth === 1 && this.collectRest) this.rest.push(keyStart, keyEnd, valueStart, p);
      } else {
        p = this.walkField(valueStart, child, depth);
        if (p < 0) return -1;
      }
      p = scanner.skipSpace(p);
      if (bytes[p] === 0x7d) return p + 1;
      if (bytes[p] !== 0x2c) return scanner.fail(p, '"," or "}"');
      p = scanner.skipSpace(p + 1);
    }
  }

  private walkArray(start: number, node: FieldNode, depth: number): number {
    const { scanner } = this;
    const { bytes } = scanner;
    let p = scanner.skipSpace(start + 1);
    if (bytes[p] === 0x5d) return p + 1;
    for (let element = 0; ; element++) {
      const child = childByElement(node, element);
      p = child === undefined ? scanner.skipValue(p, depth) : this.walkField(p, child, depth);
      if (p < 0) return -1;
      p = scanner.skipSpace(p);
      if (bytes[p] === 0x5d) return p + 1;
      if (bytes[p] !== 0x2c) return scanner.fail(p, '"," or "]"');
      p = scanner.skipSpace(p + 1);
    }
  }

  /** Passes over the value of a field that is looked for, or that holds one. */
  private walkField(start: number, node: FieldNode, depth: number): number {
    if (this.seen[node.index] === this.record) this.duplicate = node.label;
    this.seen[node.index] = this.record;
    const { scanner } = this;
    const { slot } = node;
    const first = scanner.bytes[start];
    const loose = scanner.allowNonFinite;
    if (slot >= 0 && this.looseSlots.includes(slot)) scanner.allowNonFinite = true;

    let p: number;
    if (node.children.length > 0 && depth < MAX_JSON_DEPTH && (first === 0x7b || first === 0x5b)) {
      p = first === 0x7b ? this.walkObject(start, node, depth + 1) : this.walkArray(start, node, depth + 1);
    } else {
      p = -1;
      if (slot === this.denseSlot && first === 0x5b && depth < MAX_JSON_DEPTH && slot >= 0) {
        p = scanFloat32Array(scanner.bytes, start + 1, this.dense, this.denseStart, this.dimension);
        this.denseRead = p >= 0;
      }
      if (p < 0) p = scanner.skipValue(start, depth);
    }
    scanner.allowNonFinite = loose;
    if (slot >= 0) {
      this.starts[slot] = start;
      this.ends[slot] = p;
      this.flags[slot] = first === 0x22 ? scanner.stringFlags : 0;
      // Broken off inside of the value: the field is not known.
      if (p < 0) this.starts[slot] = -1;
    }
    return p;
  }

  private child(node: FieldNode, start: number, end: number, flags: number): FieldNode | undefined {
    if ((flags & STRING_ESCAPED) === 0) return childByName(node, this.scanner.bytes, start, end);
    this.key.unescape(this.scanner.bytes, start, end);
    return childByName(node, this.key.bytes, 0, this.key.end);
  }

  /** When all the rest becomes metadata, all of it is used. */
  private duplicateInRest(): string | undefined {
    const names = new Set<string>();
    for (let i = 0; i < this.rest.length; i += 4) {
      const name = this.restName(i);
      if (names.has(name)) return name;
      names.add(name);
    }
    return undefined;
  }

  /** Name of the field that begins at `rest[i]`. */
  restName(i: number): string {
    this.key.unescape(this.scanner.bytes, this.rest[i]! + 1, this.rest[i + 1]! - 1);
    return decoder.decode(this.key.bytes.subarray(0, this.key.end));
  }
}

const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
