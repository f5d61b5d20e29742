import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startEmulator } from '../emulator/index.js';
import type { ObjectStore } from '../uploaders/object-store.js';
import type { RecordLimits } from '../records/limits.js';
import type { Manifest } from '../writers/manifest.js';
import { withSignatureOf } from '../uploaders/uri.js';
import { fillRun, importLimits, type LimitOptions } from './options.js';
import { openWithAccess, type StoreAccess } from './stores.js';

/** Name of the index that a rehearsal imports into. */
export const REHEARSAL_INDEX = 'rehearsal';

/** A stand-in for the service, and a place for claims and receipts that must not be taken for real ones. */
export interface Rehearsal {
  readonly url: string;
  readonly records: ObjectStore;
  close(): Promise<void>;
}

/** What a rehearsal takes of a run's options. Its limits hold for the emulator, too: where the service takes more, so does the rehearsal. */
interface RehearsalOptions extends StoreAccess, LimitOptions {
  readonly to: string;
  readonly runId?: string | undefined;
  readonly tmpDir?: string | undefined;
  readonly limits?: RecordLimits | undefined;
}

/** Starts an emulator with one empty index that fits the converted records. */
export async function startRehearsal(manifest: Manifest, options: RehearsalOptions): Promise<Rehearsal> {
  const limits = importLimits(options);
  const to = fillRun(options.to, options.runId, 'to');
  const dir = await mkdtemp(join(options.tmpDir ?? tmpdir(), 'pineload-rehearsal-'));
  try {
    const records = await openWithAccess(dir, {});
    const emulator = await startEmulator({
      // What is imported is told without a signature; here it is read by whoever wrote it.
      openStore: (uri) => openWithAccess(withSignatureOf(uri, to), options),
      limits: {
        namespacesPerImport: limits.maxImportNamespaces,
        filesPerImport: limits.maxImportFiles,
        bytesPerFile: limits.maxImportFileBytes,
        bytesPerImport: limits.maxImportBytes,
        uriLength: limits.maxImportUriLength,
        records: options.limits,
      },
      indexes: [
        {
          name: REHEARSAL_INDEX,
          vectorType: manifest.kind === 'sparse' ? 'sparse' : 'dense',
          ...(manifest.kind === 'sparse' ? {} : { dimension: manifest.dimension }),
          // Sparse values in a dense index need this metric: docs.pinecone.io/guides/index-data/indexing-overview (2025-08).
          ...(manifest.kind === 'hybrid' ? { metric: 'dotproduct' as const } : {}),
        },
      ],
    });
    return {
      url: emulator.url,
      records,
      close: async () => {
        await emulator.close();
        await records.close();
        await rm(dir, { recursive: true, force: true });
      },
    };
  } catch (error) {
    await rm(dir, { recursive: true, force: true });
    throw error;
  }
}
