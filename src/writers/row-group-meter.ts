import type { RecordBatch, VectorKind } from '../records/batch.js';

/**
 * Decides where the row groups of one namespace end: row by row from sizes alone, so that neither batches nor memory have a say in it.
 */
export class RowGroupMeter {
  /** Rows of the open row group. */
  rows = 0;
  /** Their raw size in bytes: the values as PLAIN, without levels. */
  bytes = 0;

  constructor(
    private readonly kind: VectorKind,
    private readonly dimension: number,
    private readonly rowGroupBytes: number,
  ) {}

  /**
   * Counts the rows `from … to` of a batch as far as they fit into the row group. Returns the first one that does not: if that is not `to`,
   * the row group is full. An empty row group takes a row of any size.
   */
  fit(batch: RecordBatch, from: number, to: number): number {
    const idOffsets = batch.ids.offsets;
    const metadataOffsets = batch.metadata.offsets;
    const metadataValidity = batch.metadata.validity;
    const idFrame = batch.ids.framed === true ? 0 : 4;
    const frame = batch.metadata.framed === true ? 0 : 4;
    const sparseOffsets = this.kind === 'dense' ? undefined : batch.sparse!.offsets;
    const denseBytes = this.kind === 'sparse' ? 0 : this.dimension * 4;
    let r = from;
    let { bytes } = this;
    for (; r < to; r++) {
      let size = denseBytes + idFrame + idOffsets[r + 1]! - idOffsets[r]!;
      if (metadataValidity === undefined || metadataValidity[r] !== 0) {
        size += frame + metadataOffsets[r + 1]! - metadataOffsets[r]!;
      }
      if (sparseOffsets !== undefined) size += 4 + 8 * (sparseOffsets[r + 1]! - sparseOffsets[r]!);
      if (bytes + size > this.rowGroupBytes && this.rows + r > from) break;
      bytes += size;
    }
    this.count(r - from, bytes - this.bytes);
    return r;
  }

  /** Bytes that fit into the row group. */
  get room(): number {
    return Math.max(0, this.rowGroupBytes - this.bytes);
  }

  /** Counts rows that fit, of so many bytes together. */
  count(rows: number, bytes: number): void {
    this.rows += rows;
    this.bytes += bytes;
  }

  /** The next row group begins. */
  end(): void {
    this.rows = 0;
    this.bytes = 0;
  }
}
