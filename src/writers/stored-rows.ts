import type { VectorKind } from '../records/batch.js';
import type { GroupMemory } from './group-memory.js';
import { loadRows, type ChainedRows, type LoadedRows } from './load-rows.js';
import { RowLogReader, type RowLogData } from './row-log-reader.js';
import type { BlockSource } from './row-log.js';
import { SortedRows, type SortedRowsOnDesk } from './scattered/sorted-rows.js';

/** Where the rows of a row group lie that another thread puts together. */
export interface StoredRows {
  /** Of the log. */
  readonly chain: ChainedRows;
  /** Then rows `from … to` of the sorted ones; none of them if these are equal. */
  readonly from: number;
  readonly to: number;
}

/** What another thread needs to be told of a writer's rows. */
export interface RowStores {
  /** Undefined: nothing lies in a log. */
  readonly log: RowLogData | undefined;
  /** Undefined: there are none. */
  readonly sorted: SortedRowsOnDesk | undefined;
}

/** Puts rows together that a writer on another thread has gathered. */
export class StoredRowsLoader {
  readonly #log: RowLogReader | undefined;
  readonly #sorted: SortedRows | undefined;

  /** @param memory for the rows, and for what is read on the way */
  constructor(
    private readonly stores: RowStores,
    private readonly kind: VectorKind,
    private readonly memory: GroupMemory,
  ) {
    this.#log = stores.log && new RowLogReader(stores.log, memory);
    this.#sorted = stores.sorted && new SortedRows(stores.sorted);
  }

  load({ chain, from, to }: StoredRows): Promise<LoadedRows> {
    const tail = from < to ? this.#sorted!.tail(from, to, this.stores.sorted!.desk) : undefined;
    return loadRows(this.#log ?? NO_LOG, chain, tail, this.kind, this.memory);
  }
}

const NO_LOG: BlockSource = {
  read: () => new Uint8Array(0),
  release: () => undefined,
};
