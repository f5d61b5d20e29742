import { corrupt } from './fault.js';

/** The bytes ended inside a structure: more of them may help. */
export class ThriftEnd extends Error {}

/** Types of the compact protocol (apache/thrift, doc/specs/thrift-compact-protocol.md). */
export const T = {
  TRUE: 1,
  FALSE: 2,
  BYTE: 3,
  I16: 4,
  I32: 5,
  I64: 6,
  DOUBLE: 7,
  BINARY: 8,
  LIST: 9,
  SET: 10,
  MAP: 11,
  STRUCT: 12,
  UUID: 13,
} as const;

/** Structures inside structures. Parquet's own go five deep. */
const MAX_DEPTH = 24;

const decoder = new TextDecoder();

/**
 * Reads Thrift's compact protocol from bytes nobody vouches for: nothing is allocated by a count that was read, no list
 * is longer than the bytes that are left, and depth is bounded.
 */
export class ThriftReader {
  #depth = 0;
  readonly #end: number;

  constructor(
    private readonly bytes: Uint8Array,
    private at = 0,
    end = bytes.length,
  ) {
    this.#end = end;
  }

  /** Offset of the next byte. */
  get position(): number {
    return this.at;
  }

  /** Reads a structure; `field` must take the value of each field it returns true for, the others are passed over. */
  struct(field: (id: number, type: number) => boolean): void {
    if (++this.#depth > MAX_DEPTH) throw corrupt('structures are nested too deep');
    let id = 0;
    for (;;) {
      const head = this.#byte();
      if (head === 0) break;
      const delta = head >> 4;
      id = delta === 0 ? this.#zigzag() : id + delta;
      const type = head & 15;
      const before = this.at;
      if (!field(id, type)) {
        this.at = before;
        this.#skip(type);
      }
    }
    this.#depth--;
  }

  /** A boolean field has its value in its type. */
  bool(type: number): boolean {
    if (type !== T.TRUE && type !== T.FALSE) throw corrupt('a truth value was expected');
    return type === T.TRUE;
  }

  /** Whole number; beyond 2^53 it is rounded, which no range check after it takes for valid. */
  int(type: number): number {
    if (type === T.BYTE) return (this.#byte() << 24) >> 24;
    if (type !== T.I16 && type !== T.I32 && type !== T.I64) throw corrupt('a whole number was expected');
    return this.#zigzag();
  }

  text(type: number): string {
    if (type !== T.BINARY) throw corrupt('a text was expected');
    const length = this.#varint();
    this.#need(length);
    const start = this.at;
    this.at += length;
    return decoder.decode(this.bytes.subarray(start, this.at));
  }

  /** Reads a list, element by element; `element` is given the element's type. */
  list(type: number, element: (elementType: number) => void): void {
    if (type !== T.LIST && type !== T.SET) throw corrupt('a list was expected');
    const head = this.#byte();
    const size = head >> 4 === 15 ? this.#varint() : head >> 4;
    this.#need(size);
    const elementType = head & 15;
    for (let i = 0; i < size; i++) element(elementType);
  }

  #skip(type: number): void {
    switch (type) {
      case T.TRUE:
      case T.FALSE:
        return;
      case T.BYTE:
        this.#pass(1);
        return;
      case T.I16:
      case T.I32:
      case T.I64:
        this.#varint();
        return;
      case T.DOUBLE:
        this.#pass(8);
        return;
      case T.UUID:
        this.#pass(16);
        return;
      case T.BINARY:
        this.#pass(this.#varint());
        return;
      case T.LIST:
      case T.SET:
        this.#nested(() => this.list(type, (elementType) => this.#skipElement(elementType)));
        return;
      case T.MAP:
        this.#nested(() => this.#skipMap());
        return;
      case T.STRUCT:
        this.struct(() => false);
        return;
      default:
        throw corrupt(`type ${type} does not exist`);
    }
  }

  #skipMap(): void {
    const size = this.#varint();
    this.#need(size);
    if (size === 0) return;
    const types = this.#byte();
    for (let i = 0; i < size; i++) {
      this.#skipElement(types >> 4);
      this.#skipElement(types & 15);
    }
  }

  /** In lists and maps a truth value takes a byte. */
  #skipElement(type: number): void {
    if (type === T.TRUE || type === T.FALSE) this.#pass(1);
    else this.#skip(type);
  }

  #nested(read: () => void): void {
    if (++this.#depth > MAX_DEPTH) throw corrupt('structures are nested too deep');
    read();
    this.#depth--;
  }

  #need(length: number): void {
    if (length > this.#end - this.at) throw new ThriftEnd('the structure is cut off');
  }

  #pass(length: number): void {
    this.#need(length);
    this.at += length;
  }

  #byte(): number {
    if (this.at >= this.#end) throw new ThriftEnd('the structure is cut off');
    return this.bytes[this.at++]!;
  }

  #varint(): number {
    let value = 0;
    let factor = 1;
    for (let i = 0; i < 10; i++) {
      const byte = this.#byte();
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) return value;
      factor *= 128;
    }
    throw corrupt('a number is longer than ten bytes');
  }

  #zigzag(): number {
    const n = this.#varint();
    return n % 2 === 0 ? n / 2 : -(n + 1) / 2;
  }
}
