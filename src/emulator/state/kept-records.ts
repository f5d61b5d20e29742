/** An imported record, as it was read, for `fetch`. */
export interface KeptRecord {
  readonly values: Float32Array | undefined;
  readonly sparse: { readonly indices: Uint32Array; readonly values: Float32Array } | undefined;
  /** JSON text as it stood in the file. */
  readonly metadata: string | undefined;
}

/** Maps, strings and typed arrays cost about this much per record beside their contents. */
const OVERHEAD_BYTES = 300;

/** How many bytes of records all indexes of one emulator may keep. */
export class KeepBudget {
  #left: number;

  constructor(bytes: number) {
    this.#left = bytes;
  }

  take(bytes: number): boolean {
    if (bytes > this.#left) return false;
    this.#left -= bytes;
    return true;
  }

  giveBack(bytes: number): void {
    this.#left += bytes;
  }
}

/** The records of one namespace that fitted into the budget; the first ones, that is. */
export class KeptRecords {
  readonly #budget: KeepBudget;
  readonly #records = new Map<string, KeptRecord>();
  #bytes = 0;

  constructor(budget: KeepBudget) {
    this.#budget = budget;
  }

  /** A later record with the same id takes the place of the earlier one, as with an upsert. */
  put(id: string, record: KeptRecord): void {
    const old = this.#records.get(id);
    if (old) this.#release(id, old);
    const bytes = sizeOf(id, record);
    if (!this.#budget.take(bytes)) return;
    this.#bytes += bytes;
    this.#records.set(id, record);
  }

  get(id: string): KeptRecord | undefined {
    return this.#records.get(id);
  }

  get size(): number {
    return this.#records.size;
  }

  ids(): IterableIterator<string> {
    return this.#records.keys();
  }

  clear(): void {
    this.#budget.giveBack(this.#bytes);
    this.#bytes = 0;
    this.#records.clear();
  }

  #release(id: string, record: KeptRecord): void {
    const bytes = sizeOf(id, record);
    this.#bytes -= bytes;
    this.#budget.giveBack(bytes);
    this.#records.delete(id);
  }
}

function sizeOf(id: string, record: KeptRecord): number {
  const { values, sparse, metadata } = record;
  return (
    OVERHEAD_BYTES +
    2 * id.length +
    (values?.byteLength ?? 0) +
    (sparse ? sparse.indices.byteLength + sparse.values.byteLength : 0) +
    2 * (metadata?.length ?? 0)
  );
}
