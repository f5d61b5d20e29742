import { PineloadError } from '../base/errors.js';
import type { PineconeClient } from './api-client.js';
import { NAMESPACE_PROBES, isRefusal } from './check-namespaces.js';

/** Where counts came from: `describe_index_stats`, the namespace endpoints, or nowhere since both were refused. */
export type CountSource = 'stats' | 'namespaces' | 'none';

export interface NamespaceCounts {
  readonly source: CountSource;
  /** Records by namespace as it is called in the API (`__default__`); 0 when it is not there. */
  readonly counts: ReadonlyMap<string, number>;
}

/**
 * Records of each of these namespaces as the index counts them now. Remembers which endpoint was refused, so that it is
 * not asked again.
 */
export class NamespaceCounter {
  #source: CountSource = 'stats';

  constructor(
    readonly client: PineconeClient,
    readonly names: readonly string[],
  ) {}

  async count(signal?: AbortSignal): Promise<NamespaceCounts> {
    // Stats do not exist for every kind of index (documented for document indexes); the endpoints below came in 2025-04.
    if (this.#source === 'stats') {
      const found = await this.#unlessRefused(async () => (await this.client.indexStats({ signal })).namespaces);
      if (found !== undefined) return { source: 'stats', counts: found };
      this.#source = 'namespaces';
    }
    if (this.#source === 'namespaces') {
      const found = await this.#unlessRefused(() => this.#ask(signal));
      if (found !== undefined) return { source: 'namespaces', counts: found };
      this.#source = 'none';
    }
    return { source: 'none', counts: new Map() };
  }

  async #ask(signal: AbortSignal | undefined): Promise<Map<string, number>> {
    const counts = new Map<string, number>();
    if (this.names.length > NAMESPACE_PROBES) {
      for await (const { name, records } of this.client.listNamespaces({ signal })) counts.set(name, records ?? 0);
      return counts;
    }
    for (const name of this.names) {
      counts.set(name, (await this.client.describeNamespace(name, { signal }))?.records ?? 0);
    }
    return counts;
  }

  async #unlessRefused<T>(call: () => Promise<T>): Promise<T | undefined> {
    try {
      return await call();
    } catch (error) {
      if (error instanceof PineloadError && isRefusal(error)) return undefined;
      throw error;
    }
  }
}
