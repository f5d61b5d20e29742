import { PineloadError } from '../base/errors.js';
import type { RowGroupColumns } from '../parquet/row-group.js';
import type { RecordBatch, SparseColumn, Utf8Column, VectorKind } from '../records/batch.js';
import { GrowingArray } from './growing-array.js';
import { PagedColumn, type Held, type PagePool } from './paged-column.js';

/**
 * Below this a buffer lies in small pieces. Measured with 10,000 namespaces, the process takes half as much again as these hold: what
 * the allocator cannot use, and the objects around them.
 */
const SMALL_BUFFER_BYTES = 128 * 1024;

const bytesOf = (length: number): Uint8Array => new Uint8Array(length);

/**
 * Gathers the rows of one namespace, column by column, until they make a row group. Where a row group ends is decided row
 * by row from sizes alone, so neither batches nor memory have a say in it.
 */
export class NamespaceBuffer {
  /** Rows of the open row group, those that were taken out to be spilled included. */
  groupRows = 0;
  /** Their raw size in bytes: the values as PLAIN, without levels. */
  groupBytes = 0;
  /** Rows in memory. */
  rows = 0;

  private readonly ids: GrowingArray<Uint8Array>;
  private readonly values: PagedColumn<Float32Array> | undefined;
  private readonly sparse: GrowingSparse | undefined;
  private readonly metadata: GrowingArray<Uint8Array>;
  private readonly metadataValidity: GrowingValidity;
  private readonly held: Held = { bytes: 0 };

  constructor(
    private readonly kind: VectorKind,
    private readonly dimension: number,
    private readonly rowGroupBytes: number,
    pages: PagePool,
  ) {
    const { held } = this;
    this.ids = new GrowingArray(bytesOf, rowGroupBytes, held);
    this.metadata = new GrowingArray(bytesOf, rowGroupBytes, held);
    this.metadataValidity = new GrowingValidity(held);
    if (kind !== 'sparse') this.values = new PagedColumn(Float32Array, pages, held);
    if (kind !== 'dense') this.sparse = new GrowingSparse(rowGroupBytes, pages, held);
  }

  /** Memory held, in bytes, with what the allocation of many small pieces takes. */
  get capacityBytes(): number {
    const { bytes } = this.held;
    return bytes < SMALL_BUFFER_BYTES ? bytes + (bytes >> 1) : bytes;
  }

  /**
   * Copies rows `from … to` of a batch, as far as they fit into the row group. Returns the first row that was not taken:
   * if that is not `to`, the row group is full. An empty row group takes a row of any size.
   */
  append(batch: RecordBatch, from: number, to: number): number {
    const end = this.fit(batch, from, to);
    if (end === from) return from;
    appendTexts(this.ids, batch.ids, from, end);
    this.values?.append(batch.values!, from * this.dimension, end * this.dimension);
    this.sparse?.append(batch.sparse!, from, end, this.rows);
    appendTexts(this.metadata, batch.metadata, from, end);
    this.metadataValidity.append(batch.metadata.validity, from, end, this.rows);
    this.rows += end - from;
    return end;
  }

  /** Takes the rows in memory out; the row group goes on (`endGroup` false: they are spilled) or begins anew. */
  take(endGroup: boolean, keepSize: boolean): RowGroupColumns {
    const taken: RowGroupColumns = {
      rows: this.rows,
      ids: { plain: this.ids.take(keepSize) },
      values: this.values?.take(keepSize),
      sparse: this.sparse?.take(keepSize),
      metadata: { plain: this.metadata.take(keepSize), validity: this.metadataValidity.take(keepSize) },
    };
    this.rows = 0;
    if (endGroup) {
      this.groupRows = 0;
      this.groupBytes = 0;
    }
    return taken;
  }

  /** Counts the rows that fit in, and their bytes. */
  private fit(batch: RecordBatch, from: number, to: number): number {
    const idOffsets = batch.ids.offsets;
    const idValidity = batch.ids.validity;
    const metadataOffsets = batch.metadata.offsets;
    const metadataValidity = batch.metadata.validity;
    const frame = batch.metadata.framed === true ? 0 : 4;
    const sparseOffsets = this.kind === 'dense' ? undefined : batch.sparse!.offsets;
    const denseBytes = this.kind === 'sparse' ? 0 : this.dimension * 4;
    let bytes = this.groupBytes;
    let r = from;
    for (; r < to; r++) {
      if (idValidity !== undefined && idValidity[r] === 0) throw missingId(batch, r);
      let size = denseBytes + 4 + idOffsets[r + 1]! - idOffsets[r]!;
      if (metadataValidity === undefined || metadataValidity[r] !== 0) {
        size += frame + metadataOffsets[r + 1]! - metadataOffsets[r]!;
      }
      if (sparseOffsets !== undefined) size += 4 + 8 * (sparseOffsets[r + 1]! - sparseOffsets[r]!);
      if (bytes + size > this.rowGroupBytes && this.groupRows + r > from) break;
      bytes += size;
    }
    this.groupBytes = bytes;
    this.groupRows += r - from;
    return r;
  }
}

/** The four columns of sparse vectors. */
class GrowingSparse {
  private readonly lengths: GrowingArray<Uint32Array>;
  private readonly indices: PagedColumn<Uint32Array>;
  private readonly values: PagedColumn<Float32Array>;
  private readonly validity: GrowingValidity;

  constructor(rowGroupBytes: number, pages: PagePool, held: Held) {
    this.lengths = new GrowingArray((length) => new Uint32Array(length), Math.ceil(rowGroupBytes / 4), held);
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

/** Texts shorter than this are copied byte by byte, which is quicker than making a view. */
const SHORT_TEXT_BYTES = 96;

/** Appends texts in PLAIN form: length in four bytes, little-endian, then the bytes. */
function appendTexts(target: GrowingArray<Uint8Array>, column: Utf8Column, from: number, to: number): void {
  const { bytes, offsets, validity, framed } = column;
  if (framed === true) {
    const texts = bytes.subarray(offsets[from], offsets[to]);
    target.reserve(texts.length);
    target.array.set(texts, target.length);
    target.length += texts.length;
    return;
  }
  target.reserve(offsets[to]! - offsets[from]! + 4 * (to - from));
  const out = target.array;
  let at = target.length;
  for (let r = from; r < to; r++) {
    if (validity !== undefined && validity[r] === 0) continue;
    const start = offsets[r]!;
    const end = offsets[r + 1]!;
    const length = end - start;
    out[at] = length;
    out[at + 1] = length >>> 8;
    out[at + 2] = length >>> 16;
    out[at + 3] = length >>> 24;
    at += 4;
    if (length < SHORT_TEXT_BYTES) {
      for (let i = start; i < end; i++) out[at++] = bytes[i]!;
    } else {
      out.set(bytes.subarray(start, end), at);
      at += length;
    }
  }
  target.length = at;
}

function missingId(batch: RecordBatch, row: number): PineloadError {
  return new PineloadError('RECORD_REJECTED', {
    source: batch.origin.source,
    line: batch.origin.lines[row]!,
    field: 'id',
    message: 'the record has no id',
  });
}
