import type { RecordBatch, SparseColumn, VectorKind } from '../records/batch.js';
import { appendTexts } from './append-texts.js';
import { GrowingArray } from './growing-array.js';
import type { Held } from './paged-column.js';
import { sectionsOf, type RowChain } from './row-chain.js';
import type { RowSizes } from './row-group-meter.js';
import { ScatteredValidity } from './scattered-validity.js';

/** Fewer bytes or numbers than this are copied one by one, which is quicker than making a view. */
const SHORT_COPY = 32;

/**
 * Rows of very many namespaces, as they came: a batch has a row or two of each of them, and to go to each for these would take longer than
 * reading them did. Gathered until there are some more, they are sorted by namespace, and each gets its rows as one block.
 */
export class ScatteredRows {
  rows = 0;
  readonly #held: Held = { bytes: 0 };
  readonly #namespaces: GrowingArray<Uint32Array>;
  readonly #ids: Texts;
  readonly #metadata: Texts;
  readonly #values: GrowingArray<Float32Array> | undefined;
  readonly #sparse: Sparse | undefined;
  /** Of the largest batch so far. */
  #batchBytes = 0;

  /** @param mostBytes memory that rows may take before they are to be sorted */
  constructor(
    kind: VectorKind,
    private readonly dimension: number,
    private readonly mostBytes: number,
  ) {
    const held = this.#held;
    this.#namespaces = new GrowingArray(integers, mostBytes / 4, held);
    this.#ids = new Texts(mostBytes, held);
    this.#metadata = new Texts(mostBytes, held);
    if (kind !== 'sparse') this.#values = new GrowingArray(floats, mostBytes / 4, held);
    if (kind !== 'dense') this.#sparse = new Sparse(mostBytes, held);
  }

  /** Memory that they take, in bytes. */
  get bytes(): number {
    return this.#held.bytes;
  }

  /** Another batch like those before would be too much. */
  get isFull(): boolean {
    return this.#usedBytes + this.#batchBytes > this.mostBytes;
  }

  get #usedBytes(): number {
    const sparse = this.#sparse?.usedBytes ?? 0;
    return 4 * (this.rows + (this.#values?.length ?? 0)) + this.#ids.usedBytes + this.#metadata.usedBytes + sparse;
  }

  /**
   * Copies rows `from … to` of a batch.
   *
   * @param namespaceOf for each code of the batch a number, the same for a namespace in all batches
   */
  add(batch: RecordBatch, from: number, to: number, namespaceOf: (code: number) => number): void {
    const before = this.#usedBytes;
    const { codes } = batch.namespaces;
    this.#namespaces.reserve(to - from);
    const namespaces = this.#namespaces.array;
    let last = -1;
    let namespace = 0;
    for (let r = from, at = this.rows; r < to; r++) {
      const code = codes[r]!;
      if (code !== last) namespace = namespaceOf((last = code));
      namespaces[at++] = namespace;
    }
    this.#namespaces.length += to - from;
    this.#ids.append(batch.ids, from, to, this.rows);
    this.#metadata.append(batch.metadata, from, to, this.rows);
    if (this.#values !== undefined) {
      const { dimension } = this;
      this.#values.reserve((to - from) * dimension);
      this.#values.array.set(batch.values!.subarray(from * dimension, to * dimension), this.#values.length);
      this.#values.length += (to - from) * dimension;
    }
    this.#sparse?.append(batch.sparse!, from, to, this.rows);
    this.rows += to - from;
    this.#batchBytes = Math.max(this.#batchBytes, this.#usedBytes - before);
  }

  /** By which the rows are measured, good until the next `add`. */
  get sizes(): RowSizes {
    return {
      ids: this.#ids.column(this.rows),
      metadata: this.#metadata.column(this.rows),
      sparse: this.#sparse?.column(this.rows),
    };
  }

  /**
   * The rows of each namespace together, in the order of the numbers and, in each, as they came: those of namespace `n` are
   * `order[ends[n - 1] … ends[n])`, from 0 on for the first.
   */
  sort(namespaces: number): { readonly order: Uint32Array; readonly ends: Uint32Array } {
    const of = this.#namespaces.array;
    const ends = new Uint32Array(namespaces);
    const order = new Uint32Array(this.rows);
    for (let r = 0; r < this.rows; r++) ends[of[r]!]!++;
    let sum = 0;
    for (let n = 0; n < namespaces; n++) {
      sum += ends[n]!;
      ends[n] = sum - ends[n]!;
    }
    for (let r = 0; r < this.rows; r++) order[ends[of[r]!]!++] = r;
    return { order, ends };
  }

  /** Puts the rows `order[from … to)` at the end of a chain, as one block. */
  copyTo(chain: RowChain, order: Uint32Array, from: number, to: number): void {
    const rows = to - from;
    const { dimension } = this;
    const sparse = this.#sparse?.measure(order, from, to) ?? { entries: 0, nulls: false };
    const metadataNulls = this.#metadata.validity.hasNulls(order, from, to);
    const values = this.#values?.array;
    const room = chain.reserve(rows, [
      values === undefined ? 0 : rows * dimension * 4,
      this.#sparse === undefined ? 0 : rows * 4,
      sparse.entries * 4,
      sparse.entries * 4,
      this.#ids.measure(order, from, to),
      this.#metadata.measure(order, from, to),
      sparse.nulls ? rows : 0,
      metadataNulls ? rows : 0,
    ]);
    const { memory } = room;
    let number = sectionsOf(room) / 4;
    if (values !== undefined) {
      for (let i = from; i < to; i++) {
        const start = order[i]! * dimension;
        copyFloats(values, start, start + dimension, memory.floats, number);
        number += dimension;
      }
    }
    if (this.#sparse !== undefined)
      number = this.#sparse.copyTo(memory.integers, memory.floats, number, order, from, to);
    let at = number * 4;
    at = this.#ids.copyTo(memory.bytes, at, order, from, to);
    at = this.#metadata.copyTo(memory.bytes, at, order, from, to);
    if (sparse.nulls) at = this.#sparse!.validity.copyTo(memory.bytes, at, order, from, to);
    if (metadataNulls) this.#metadata.validity.copyTo(memory.bytes, at, order, from, to);
  }

  /** Drops the memory too. */
  free(): void {
    this.clear();
    for (const array of [this.#namespaces, this.#values]) array?.take(false);
    this.#ids.free();
    this.#metadata.free();
    this.#sparse?.free();
  }

  /** Keeps the memory for the next ones. */
  clear(): void {
    this.rows = 0;
    this.#namespaces.length = 0;
    this.#ids.clear();
    this.#metadata.clear();
    if (this.#values !== undefined) this.#values.length = 0;
    this.#sparse?.clear();
  }
}

const integers = (length: number): Uint32Array => new Uint32Array(length);
const floats = (length: number): Float32Array => new Float32Array(length);
const bytes = (length: number): Uint8Array => new Uint8Array(length);

/** Texts in PLAIN form, row by row. */
class Texts {
  readonly #plain: GrowingArray<Uint8Array>;
  /** Where each row ends. */
  readonly #offsets: GrowingArray<Uint32Array>;
  readonly validity: ScatteredValidity;

  constructor(mostBytes: number, held: Held) {
    this.#plain = new GrowingArray(bytes, mostBytes, held);
    this.#offsets = new GrowingArray(integers, mostBytes / 4, held);
    this.validity = new ScatteredValidity(mostBytes, held);
  }

  get usedBytes(): number {
    return this.#plain.length + 4 * this.#offsets.length + this.validity.usedBytes;
  }

  append(column: RecordBatch['ids'], from: number, to: number, rowsBefore: number): void {
    const { offsets, validity, framed } = column;
    const frame = framed === true ? 0 : 4;
    let at = this.#plain.length;
    appendTexts(this.#plain, column, from, to);
    this.#offsets.reserve(to - from + 1);
    const own = this.#offsets.array;
    own[rowsBefore] = at;
    for (let r = from, row = rowsBefore; r < to; r++) {
      if (validity === undefined || validity[r] !== 0) at += frame + offsets[r + 1]! - offsets[r]!;
      own[++row] = at;
    }
    this.#offsets.length = rowsBefore + to - from + 1;
    this.validity.append(validity, from, to, rowsBefore);
  }

  column(rows: number): RecordBatch['ids'] {
    const validity = this.validity.column(rows);
    return { bytes: this.#plain.array, offsets: this.#offsets.array, validity, framed: true };
  }

  measure(order: Uint32Array, from: number, to: number): number {
    const offsets = this.#offsets.array;
    let sum = 0;
    for (let i = from; i < to; i++) sum += offsets[order[i]! + 1]! - offsets[order[i]!]!;
    return sum;
  }

  copyTo(target: Uint8Array, place: number, order: Uint32Array, from: number, to: number): number {
    const plain = this.#plain.array;
    const offsets = this.#offsets.array;
    let at = place;
    for (let i = from; i < to; i++) {
      const start = offsets[order[i]!]!;
      const end = offsets[order[i]! + 1]!;
      copyBytes(plain, start, end, target, at);
      at += end - start;
    }
    return at;
  }

  free(): void {
    this.#plain.take(false);
    this.#offsets.take(false);
    this.validity.free();
  }

  clear(): void {
    this.#plain.length = 0;
    this.#offsets.length = 0;
    this.validity.clear();
  }
}

/** The columns of sparse vectors. */
class Sparse {
  /** Where each row begins, and the last one ends. */
  readonly #offsets: GrowingArray<Uint32Array>;
  readonly #indices: GrowingArray<Uint32Array>;
  readonly #values: GrowingArray<Float32Array>;
  readonly validity: ScatteredValidity;

  constructor(mostBytes: number, held: Held) {
    this.#offsets = new GrowingArray(integers, mostBytes / 4, held);
    this.#indices = new GrowingArray(integers, mostBytes / 4, held);
    this.#values = new GrowingArray(floats, mostBytes / 4, held);
    this.validity = new ScatteredValidity(mostBytes, held);
  }

  get usedBytes(): number {
    return 8 * this.#indices.length + 4 * this.#offsets.length + this.validity.usedBytes;
  }

  append({ offsets, indices, values, validity }: SparseColumn, from: number, to: number, rowsBefore: number): void {
    const start = offsets[from]!;
    const end = offsets[to]!;
    const before = this.#indices.length;
    this.#offsets.reserve(to - from + 1);
    const own = this.#offsets.array;
    own[rowsBefore] = before;
    for (let r = from, row = rowsBefore; r < to; r++) own[++row] = before + offsets[r + 1]! - start;
    this.#offsets.length = rowsBefore + to - from + 1;
    this.#indices.reserve(end - start);
    this.#values.reserve(end - start);
    this.#indices.array.set(indices.subarray(start, end), before);
    this.#values.array.set(values.subarray(start, end), before);
    this.#indices.length += end - start;
    this.#values.length += end - start;
    this.validity.append(validity, from, to, rowsBefore);
  }

  column(rows: number): SparseColumn {
    const validity = this.validity.column(rows);
    return { offsets: this.#offsets.array, indices: this.#indices.array, values: this.#values.array, validity };
  }

  measure(order: Uint32Array, from: number, to: number): { readonly entries: number; readonly nulls: boolean } {
    const offsets = this.#offsets.array;
    let entries = 0;
    for (let i = from; i < to; i++) entries += offsets[order[i]! + 1]! - offsets[order[i]!]!;
    return { entries, nulls: this.validity.hasNulls(order, from, to) };
  }

  /** Lengths, indices and values, one after the other. */
  copyTo(
    targetIntegers: Uint32Array,
    targetFloats: Float32Array,
    place: number,
    order: Uint32Array,
    from: number,
    to: number,
  ): number {
    const offsets = this.#offsets.array;
    let at = place;
    for (let i = from; i < to; i++) targetIntegers[at++] = offsets[order[i]! + 1]! - offsets[order[i]!]!;
    for (let i = from; i < to; i++) {
      const start = offsets[order[i]!]!;
      const end = offsets[order[i]! + 1]!;
      copyIntegers(this.#indices.array, start, end, targetIntegers, at);
      at += end - start;
    }
    for (let i = from; i < to; i++) {
      const start = offsets[order[i]!]!;
      const end = offsets[order[i]! + 1]!;
      copyFloats(this.#values.array, start, end, targetFloats, at);
      at += end - start;
    }
    return at;
  }

  free(): void {
    for (const array of [this.#offsets, this.#indices, this.#values]) array.take(false);
    this.validity.free();
  }

  clear(): void {
    this.#offsets.length = 0;
    this.#indices.length = 0;
    this.#values.length = 0;
    this.validity.clear();
  }
}

// One function for each type: what the engine makes of a loop over several types of array takes five times as long.

function copyBytes(source: Uint8Array, start: number, end: number, target: Uint8Array, at: number): void {
  const length = end - start;
  if (length < SHORT_COPY) for (let i = 0; i < length; i++) target[at + i] = source[start + i]!;
  else target.set(source.subarray(start, end), at);
}

function copyIntegers(source: Uint32Array, start: number, end: number, target: Uint32Array, at: number): void {
  const length = end - start;
  if (length < SHORT_COPY) for (let i = 0; i < length; i++) target[at + i] = source[start + i]!;
  else target.set(source.subarray(start, end), at);
}

function copyFloats(source: Float32Array, start: number, end: number, target: Float32Array, at: number): void {
  const length = end - start;
  if (length < SHORT_COPY) for (let i = 0; i < length; i++) target[at + i] = source[start + i]!;
  else target.set(source.subarray(start, end), at);
}
