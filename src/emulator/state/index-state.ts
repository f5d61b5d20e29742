import { DEFAULT_NAMESPACE } from '../../records/limits.js';
import type { Metric, VectorType } from '../options.js';
import type { ImportRecord } from './import-record.js';
import { isFinished } from './import-record.js';
import type { KeepBudget } from './kept-records.js';
import { NamespaceState, type SavedNamespace } from './namespace-state.js';

/** What an index is made as, and stays. */
export interface IndexSettings {
  readonly name: string;
  readonly vectorType: VectorType;
  /** Undefined for sparse indexes. */
  readonly dimension: number | undefined;
  readonly metric: Metric;
  readonly cloud: string;
  readonly region: string;
  readonly deletionProtection: 'enabled' | 'disabled';
  readonly tags: Readonly<Record<string, string>>;
}

/** What the state file holds of an index. */
export interface SavedIndex {
  readonly settings: IndexSettings;
  /** Port it was last reached at, taken again after a restart where it is free. */
  readonly port: number | undefined;
  readonly imports: readonly ImportRecord[];
  readonly namespaces: readonly SavedNamespace[];
}

/** One index with its namespaces and imports. */
export class IndexState {
  readonly settings: IndexSettings;
  readonly imports = new Map<string, ImportRecord>();
  readonly namespaces = new Map<string, NamespaceState>();
  /** Where clients reach its data plane; set by the listener. */
  host = '';
  port: number | undefined;
  readonly #budget: KeepBudget;
  /** Namespaces that a running import will make: name → import id. */
  readonly #claimed = new Map<string, string>();

  constructor(settings: IndexSettings, budget: KeepBudget) {
    this.settings = settings;
    this.#budget = budget;
  }

  static restore(saved: SavedIndex, budget: KeepBudget): IndexState {
    const index = new IndexState(saved.settings, budget);
    index.port = saved.port;
    for (const record of saved.imports) index.imports.set(record.id, { ...record });
    for (const { name, importId, records } of saved.namespaces) {
      // An import that was cut off begins anew, so what it had brought in goes.
      const by = importId === undefined ? undefined : index.imports.get(importId);
      if (by && !isFinished(by)) continue;
      const namespace = new NamespaceState(name, importId, budget, records);
      namespace.visibleAt = 0;
      index.namespaces.set(name, namespace);
    }
    return index;
  }

  /** Import ids are small numbers that count up, per index. */
  nextImportId(): string {
    return String(this.imports.size + 1);
  }

  /**
   * Imports only go into namespaces that do not exist; `__default__` always exists and must be empty. A namespace that
   * another import is about to fill counts as existing.
   *
   * @returns the first namespace that cannot be had; all are claimed for the import when there is none.
   */
  claim(names: Iterable<string>, importId: string): string | undefined {
    const wanted = [...names];
    const taken = wanted.find((name) => this.#isTaken(name, importId));
    if (taken === undefined) for (const name of wanted) this.#claimed.set(name, importId);
    return taken;
  }

  /** Namespaces that exist or that a running import is going to make. */
  get namespaceCount(): number {
    return new Set([...this.namespaces.keys(), ...this.#claimed.keys()]).size;
  }

  #isTaken(name: string, importId: string): boolean {
    const by = this.#claimed.get(name);
    if (by !== undefined && by !== importId) return true;
    const namespace = this.namespaces.get(name);
    return namespace !== undefined && (name !== DEFAULT_NAMESPACE || namespace.records > 0);
  }

  /** The namespace an import writes to, made with its first record. */
  openForImport(name: string, importId: string): NamespaceState {
    const old = this.namespaces.get(name);
    if (old && old.importId === importId) return old;
    const made = new NamespaceState(name, importId, this.#budget);
    this.namespaces.set(name, made);
    return made;
  }

  create(name: string): NamespaceState {
    const made = new NamespaceState(name, undefined, this.#budget);
    made.visibleAt = Date.now();
    this.namespaces.set(name, made);
    return made;
  }

  drop(name: string): boolean {
    this.namespaces.get(name)?.kept.clear();
    return this.namespaces.delete(name);
  }

  /** The import has ended: what it brought in stays, whatever its end was, and counts from now on. */
  settle(importId: string, now: number): void {
    for (const [name, by] of this.#claimed) if (by === importId) this.#claimed.delete(name);
    for (const namespace of this.namespaces.values()) {
      if (namespace.importId === importId) namespace.visibleAt ??= now;
    }
  }

  clear(): void {
    for (const name of [...this.namespaces.keys()]) this.drop(name);
  }

  toJSON(): SavedIndex {
    return {
      settings: this.settings,
      port: this.port,
      imports: [...this.imports.values()],
      namespaces: [...this.namespaces.values()].map((namespace) => namespace.toJSON()),
    };
  }
}
