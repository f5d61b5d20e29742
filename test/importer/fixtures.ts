import { afterEach, beforeEach } from 'vitest';
import type { PineloadEvent } from '../../src/base/events.js';
import { PineloadError } from '../../src/base/errors.js';
import { PineconeClient, type ClientOptions, type ClientTiming } from '../../src/importer/api-client.js';
import type { Manifest } from '../../src/writers/manifest.js';
import { FakeService } from './fake-service.js';

export const KEY = 'pcsk_secret-0123456789';
/** Delays short enough for tests; every rule about them is tested apart. */
export const FAST: ClientTiming = { retryBaseMs: 1, retryMaxMs: 3, requestTimeoutMs: 2_000, tries: 4 };

export interface Scene {
  service: FakeService;
  events: PineloadEvent[];
  client(options?: Partial<ClientOptions>): PineconeClient;
}

/** A fresh service for each test of a file. */
export function scene(): Scene {
  const current: Scene = {
    service: undefined as unknown as FakeService,
    events: [],
    client: (options = {}) =>
      new PineconeClient({
        apiKey: KEY,
        indexHost: current.service.url,
        controlPlane: current.service.url,
        timing: FAST,
        onEvent: (event) => current.events.push(event),
        ...options,
      }),
  };
  beforeEach(async () => {
    current.service = await new FakeService().listen();
    current.events = [];
  });
  afterEach(() => current.service.close());
  return current;
}

/** The PineloadError that a promise is rejected with. */
export async function errorOf(promise: Promise<unknown>): Promise<PineloadError> {
  try {
    await promise;
  } catch (error) {
    if (error instanceof PineloadError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}

/** A manifest of these namespaces, one file each, dimension 3. */
export function manifestOf(records: Readonly<Record<string, number>>, changes: Partial<Manifest> = {}): Manifest {
  const entries = Object.entries(records).sort(([a], [b]) => (a < b ? -1 : 1));
  const namespaces = entries.map(([namespace, n]) => ({
    namespace,
    records: n,
    files: 1,
    bytes: n * 100,
    rejected: 0,
  }));
  const total = namespaces.reduce((sum, one) => sum + one.records, 0);
  return {
    format: 'pineload-manifest',
    version: 1,
    pineload: '0.0.0',
    kind: 'dense',
    dimension: 3,
    records: total,
    bytes: total * 100,
    rejected: 0,
    rejectsByCode: {},
    namespaces,
    files: namespaces.map(({ namespace, records: n, bytes }) => ({
      path: `${namespace}/part-00000.parquet`,
      namespace,
      records: n,
      bytes,
      sha256: '0'.repeat(64),
    })),
    ...changes,
  };
}
