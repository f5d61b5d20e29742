import { digest } from './digest.js';
import { DigestSet } from './digest-set.js';
import { type KeepBudget, type KeptRecord, KeptRecords } from './kept-records.js';

/** What the state file holds of a namespace. */
export interface SavedNamespace {
  readonly name: string;
  readonly importId: string | undefined;
  readonly records: number;
}

/** One namespace of one index. As imports cannot append, at most one import ever fills it. */
export class NamespaceState {
  readonly name: string;
  /** Import that filled it; undefined when it was created by a call. */
  readonly importId: string | undefined;
  readonly kept: KeptRecords;
  /** When its records began to count in stats, in ms since the epoch; undefined while its import goes on. */
  visibleAt: number | undefined;
  readonly #restored: number;
  readonly #ids = new DigestSet();

  constructor(name: string, importId: string | undefined, budget: KeepBudget, restored = 0) {
    this.name = name;
    this.importId = importId;
    this.kept = new KeptRecords(budget);
    this.#restored = restored;
  }

  /** Records with different ids. */
  get records(): number {
    return this.#restored + this.#ids.size;
  }

  /** True when some of its records are not at hand: beyond the memory kept for them, or from before a restart. */
  get isPartlyKept(): boolean {
    return this.kept.size < this.records;
  }

  put(id: string, record: KeptRecord): void {
    const { high, low } = digest(id);
    this.#ids.add(high, low);
    this.kept.put(id, record);
  }

  /** Records as stats tell them: none before the import has ended, and for `lagMs` after it. */
  visibleRecords(now: number, lagMs: number): number {
    return this.isVisible(now, lagMs) ? this.records : 0;
  }

  isVisible(now: number, lagMs: number): boolean {
    return this.visibleAt !== undefined && now >= this.visibleAt + lagMs;
  }

  toJSON(): SavedNamespace {
    return { name: this.name, importId: this.importId, records: this.records };
  }
}
