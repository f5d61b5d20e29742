import type { RowGroupColumns } from '../parquet/row-group.js';
import type { RecordBatch, SparseColumn, VectorKind } from '../records/batch.js';
import { appendTexts } from './append-texts.js';
import { GrowingArray } from './growing-array.js';
import { PagedColumn, type Held, type PagePool } from './paged-column.js';

/**
 * Below this a buffer lies in small pieces. Measured with 10,000 namespaces, the process takes half as much again as these hold: what
 * the allocator cannot use, and the objects around them.
 */
const SMALL_BUFFER_BYTES = 128 * 1024;

const bytesOf = (length: number): Uint8Array => new Uint8Array(length);

/**
 * Gathers rows of one namespace in memory, column by column.
 */
export class NamespaceBuffer {
  /** Rows in memory. */
  rows = 0;

  private readonly ids: GrowingArray<Uint8Array>;
  private readonly values: PagedColumn<Float32Array> | undefined;
  private readonly sparse: GrowingSparse | undefined;
  private readonly metadata: GrowingArray<Uint8Array>;
  private readonly metadataValidity: GrowingValidity;
  private readonly held: Held = { bytes: 0 };

  constructor(
    kind: VectorKind,
    private readonly dimension: number,
    rowGroupBytes: number,
    pages: PagePool,
  ) {
    const { held } = this;
    const { texts } = pages;
    const growing = (): GrowingArray<Uint8Array> =>
      new GrowingArray(
        (length) => texts.take(length),
        rowGroupBytes,
        held,
        (array) => texts.giveBack(array),
      );
    this.ids = growing();
    this.metadata = growing();
    this.metadataValidity = new GrowingValidity(held);
    if (kind !== 'sparse') this.values = new PagedColumn(Float32Array, pages, held);
    if (kind !== 'dense') this.sparse = new GrowingSparse(rowGroupBytes, pages, held);
  }

  /** Memory held, in bytes, with what the allocation of many small pieces takes. */
  get capacityBytes(): number {
    const { bytes } = this.held;
    return bytes < SMALL_BUFFER_BYTES ? bytes + (bytes >> 1) : bytes;
  }

  /** Copies rows `from … to` of a batch. */
  append(batch: RecordBatch, from: number, to: number): void {
    if (from === to) return;
    appendTexts(this.ids, batch.ids, from, to);
    this.values?.append(batch.values!, from * this.dimension, to * this.dimension);
    this.sparse?.append(batch.sparse!, from, to, this.rows);
    appendTexts(this.metadata, batch.metadata, from, to);
    this.metadataValidity.append(batch.metadata.validity, from, to, this.rows);
    this.rows += to - from;
  }

  /**
   * Takes the rows out.
   *
   * @param keepSize as many will probably come again
   */
  take(keepSize: boolean): RowGroupColumns {
    const taken: RowGroupColumns = {
      rows: this.rows,
      ids: { plain: this.ids.take(keepSize) },
      values: this.values?.take(keepSize),
      sparse: this.sparse?.take(keepSize),
      metadata: { plain: this.metadata.take(keepSize), validity: this.metadataValidity.take(keepSize) },
    };
    this.rows = 0;
    return taken;
  }
}

/** The four columns of sparse vectors. */
class GrowingSparse {
  private readonly lengths: GrowingArray<Uint32Array>;
  private readonly indices: PagedColumn<Uint32Array>;
  private readonly values: PagedColumn<Float32Array>;
  private readonly validity: GrowingValidity;

  constructor(rowGroupBytes: number, pages: PagePool, held: Held) {
    this.lengths = new GrowingArray<Uint32Array>(
      (length) => new Uint32Array(length),
      Math.ceil(rowGroupBytes / 4),
      held,
    );
    this.indices = new PagedColumn(Uint32Array, pages, held);
    this.values = new PagedColumn(Float32Array, pages, held);
    this.validity = new GrowingValidity(held);
  }

  append(column: SparseColumn, from: number, to: number, rowsBefore: number): void {
    const { offsets } = column;
    const start = offsets[from]!;
    const entries = offsets[to]! - start;
    this.lengths.reserve(to - from);
    const lengths = this.lengths.array;
    let at = this.lengths.length;
    for (let r = from; r < to; r++) lengths[at++] = offsets[r + 1]! - offsets[r]!;
    this.lengths.length = at;
    this.indices.append(column.indices, start, start + entries);
    this.values.append(column.values, start, start + entries);
    this.validity.append(column.validity, from, to, rowsBefore);
  }

  take(keepSize: boolean): NonNullable<RowGroupColumns['sparse']> {
    return {
      lengths: this.lengths.take(keepSize),
      indices: this.indices.take(keepSize),
      values: this.values.take(keepSize),
      validity: this.validity.take(keepSize),
    };
  }
}

/** Validity of a column; takes no memory as long as nothing is null. */
class GrowingValidity {
  private readonly flags: GrowingArray<Uint8Array>;
  private hasNulls = false;

  constructor(held: Held) {
    this.flags = new GrowingArray(bytesOf, Infinity, held);
  }

  append(validity: Uint8Array | undefined, from: number, to: number, rowsBefore: number): void {
    const { flags } = this;
    const nulls = validity !== undefined && hasZero(validity, from, to);
    if (!this.hasNulls && !nulls) return;
    if (!this.hasNulls) {
      this.hasNulls = true;
      flags.reserve(rowsBefore);
      flags.array.fill(1, 0, rowsBefore);
      flags.length = rowsBefore;
    }
    flags.reserve(to - from);
    if (validity === undefined) flags.array.fill(1, flags.length, flags.length + to - from);
    else flags.array.set(validity.subarray(from, to), flags.length);
    flags.length += to - from;
  }

  take(keepSize: boolean): Uint8Array | undefined {
    const taken = this.hasNulls ? this.flags.take(keepSize) : undefined;
    this.hasNulls = false;
    return taken;
  }
}

function hasZero(flags: Uint8Array, from: number, to: number): boolean {
  for (let at = from; at < to; at++) if (flags[at] === 0) return true;
  return false;
}
