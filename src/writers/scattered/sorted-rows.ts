import type { WasmMemory } from '../../base/wasm.js';
import type { VectorKind } from '../../records/batch.js';
import type { RowTail } from '../load-rows.js';
import type { RowGroupMeter } from '../row-group-meter.js';
import { SECTION_COUNT, SECTIONS } from '../row-sections.js';
import { placeLike, type RowPiece } from './row-memory.js';
import { instantiateScattered, type ScatteredExports } from './wasm.js';

/** What another thread needs to be told of sorted rows. Addresses in the memory. */
export interface SortedRowsData {
  readonly kind: VectorKind;
  readonly dimension: number;
  readonly memory: WasmMemory<SharedArrayBuffer>;
  /** The table of blocks: see row-blocks.ts. */
  readonly blocks: number;
  /** Places of the rows, in order. */
  readonly order: number;
}

/** For another thread, with a desk that nobody else uses meanwhile. */
export interface SortedRowsOnDesk extends SortedRowsData {
  readonly desk: RowPiece;
}

/** Rows are put together a quarter of a mebibyte at a time, which stays in the processor's cache. */
const DESK_BYTES = 256 * 1024;
/** So many of them at most. */
const DESK_ROWS = 8192;
/** Of a desk, for the two validities of a row, and for sections that begin where they are copied fastest. */
const SLACK_BYTES = 2 * DESK_ROWS + 16 * SECTION_COUNT;

/**
 * Rows of many namespaces, wherever they lie in memory, in the order of their namespaces. They are put together on a desk, a piece of the same
 * memory, and go from there to where they are wanted.
 */
export class SortedRows {
  readonly #module: ScatteredExports;

  constructor(readonly data: SortedRowsData) {
    const { kind, dimension, memory, blocks, order } = data;
    this.#module = instantiateScattered(memory);
    this.#module.configure(blocks, order, kind === 'sparse' ? 0 : dimension, kind !== 'dense');
  }

  /** Size of a desk on which each of the rows that were counted has room. */
  get deskBytes(): number {
    return Math.max(DESK_BYTES, this.#module.largestRow() + SLACK_BYTES);
  }

  /** Counts rows `from … to` as far as they fit into the row group: see RowGroupMeter.fit. */
  count(meter: RowGroupMeter, from: number, to: number): number {
    const end = this.#module.measure(from, to, meter.room, meter.rows === 0);
    meter.count(end - from, this.#module.measuredBytes());
    return end;
  }

  /** Rows `from … to`, to be put behind others. */
  tail(from: number, to: number, desk: RowPiece): RowTail {
    this.#module.measure(from, to, Number.MAX_SAFE_INTEGER, true);
    return {
      rows: to - from,
      lengths: this.#lengths(to - from),
      copyTo: (target, starts) => this.copyTo(target, starts, from, to, desk),
    };
  }

  /**
   * Copies rows `from … to`.
   *
   * @param starts in bytes, of each section; -1: it is not wanted
   */
  copyTo(target: Uint8Array, starts: readonly number[], from: number, to: number, desk: RowPiece): void {
    const places = [...starts];
    const { buffer } = this.data.memory;
    for (let row = from; row < to;) {
      const end = this.#module.measure(row, Math.min(to, row + DESK_ROWS), desk.bytes - SLACK_BYTES, true);
      const lengths = this.#lengths(end - row);
      if (starts[SECTIONS.sparseValidity]! >= 0) lengths[SECTIONS.sparseValidity] = end - row;
      if (starts[SECTIONS.metadataValidity]! >= 0) lengths[SECTIONS.metadataValidity] = end - row;
      let free = desk.at;
      const on = places.map((place, i) => {
        if (place < 0) return 0;
        const at = placeLike(free, target.byteOffset + place);
        free = at + lengths[i]!;
        return at;
      });
      this.#module.gather(
        row,
        end,
        on[SECTIONS.values]!,
        on[SECTIONS.sparseLengths]!,
        on[SECTIONS.sparseIndices]!,
        on[SECTIONS.sparseValues]!,
        on[SECTIONS.ids]!,
        on[SECTIONS.metadata]!,
        on[SECTIONS.sparseValidity]!,
        on[SECTIONS.metadataValidity]!,
      );
      for (let i = 0; i < SECTION_COUNT; i++) {
        if (on[i] === 0) continue;
        target.set(new Uint8Array(buffer, on[i], lengths[i]), places[i]);
        places[i]! += lengths[i]!;
      }
      row = end;
    }
  }

  /** Bytes of each section that the rows make that were measured last. Those of validity: only where a row has no value. */
  #lengths(rows: number): number[] {
    const { kind, dimension } = this.data;
    const module = this.#module;
    const pairs = module.measuredEntries();
    const lengths = new Array<number>(SECTION_COUNT).fill(0);
    if (kind !== 'sparse') lengths[SECTIONS.values] = rows * dimension * 4;
    if (kind !== 'dense') lengths[SECTIONS.sparseLengths] = rows * 4;
    lengths[SECTIONS.sparseIndices] = pairs * 4;
    lengths[SECTIONS.sparseValues] = pairs * 4;
    lengths[SECTIONS.ids] = module.measuredIds();
    lengths[SECTIONS.metadata] = module.measuredMetadata();
    if (module.measuredNullSparse() !== 0) lengths[SECTIONS.sparseValidity] = rows;
    if (module.measuredNullMetadata() !== 0) lengths[SECTIONS.metadataValidity] = rows;
    return lengths;
  }
}
