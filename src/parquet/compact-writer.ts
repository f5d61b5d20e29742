/** Types of fields and elements in Thrift's compact protocol. */
export const COMPACT = { I32: 5, I64: 6, BINARY: 8, LIST: 9, STRUCT: 12 } as const;

/**
 * Writes structures in Thrift's compact protocol
 * (https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md), as far as footers and page headers need it: straight
 * to bytes, since thousands of small files take thousands of footers.
 */
export class CompactWriter {
  #bytes = new Uint8Array(1024);
  #length = 0;
  /** Number of the last field of each structure that is open. */
  #fields: number[] = [0];

  /** What was written, copied; the writer begins anew. */
  take(): Uint8Array {
    const taken = this.#bytes.slice(0, this.#length);
    this.#length = 0;
    this.#fields = [0];
    return taken;
  }

  /** Goes on behind the fields of a structure that were written before, up to number `last`. */
  continue(fields: Uint8Array, last: number): void {
    this.#raw(fields);
    this.#fields[this.#fields.length - 1] = last;
  }

  /** A field of type i32 or i64; whole numbers, 0 or more. */
  number(field: number, type: typeof COMPACT.I32 | typeof COMPACT.I64, value: number): void {
    this.#header(field, type);
    this.#zigzag(value);
  }

  text(field: number, value: string): void {
    this.#header(field, COMPACT.BINARY);
    this.textElement(value);
  }

  list(field: number, type: number, size: number): void {
    this.#header(field, COMPACT.LIST);
    if (size < 15) {
      this.#byte((size << 4) | type);
    } else {
      this.#byte(0xf0 | type);
      this.#varint(size);
    }
  }

  numberElement(value: number): void {
    this.#zigzag(value);
  }

  textElement(value: string): void {
    const bytes = Buffer.from(value);
    this.#varint(bytes.length);
    this.#raw(bytes);
  }

  /** A field that is a structure: its fields follow, then `end`. */
  begin(field: number): void {
    this.#header(field, COMPACT.STRUCT);
    this.#fields.push(0);
  }

  /** An element of a list that is a structure. */
  beginElement(): void {
    this.#fields.push(0);
  }

  /** Ends a structure; the outermost one too. */
  end(): void {
    this.#byte(0);
    this.#fields.pop();
  }

  /** The number of a field is that of the one before and 1 to 15 more. */
  #header(field: number, type: number): void {
    const at = this.#fields.length - 1;
    this.#byte(((field - this.#fields[at]!) << 4) | type);
    this.#fields[at] = field;
  }

  #zigzag(value: number): void {
    this.#varint(2 * value);
  }

  #varint(value: number): void {
    let rest = value;
    // Numbers may have more bits than shifts can take.
    for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) this.#byte((rest % 0x80) | 0x80);
    this.#byte(rest);
  }

  #byte(value: number): void {
    if (this.#length === this.#bytes.length) this.#grow(1);
    this.#bytes[this.#length++] = value;
  }

  #raw(bytes: Uint8Array): void {
    if (this.#length + bytes.length > this.#bytes.length) this.#grow(bytes.length);
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  #grow(extra: number): void {
    const larger = new Uint8Array(Math.max(2 * this.#bytes.length, this.#length + extra));
    larger.set(this.#bytes);
    this.#bytes = larger;
  }
}
