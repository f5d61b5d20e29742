import { mkdir } from 'node:fs/promises';
import { pathToFileURL } from 'node:url';
import { DuckDBInstance } from '@duckdb/node-api';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { PineloadEvent } from '../../src/base/events.js';
import { startEmulator, type Emulator } from '../../src/emulator/index.js';
import { startClaimed } from '../../src/importer/claim.js';
import { connect } from '../../src/importer/connect.js';
import { demandPreflight, preflight } from '../../src/importer/preflight.js';
import { verifyImport } from '../../src/importer/verify.js';
import { watchImport } from '../../src/importer/watch.js';
import { openStore } from '../../src/uploaders/open-store.js';
import { useTempDir } from '../support/temp-dir.js';
import { errorOf, manifestOf } from './fixtures.js';

const dir = useTempDir();
let emulator: Emulator;
const DIGEST = 'd'.repeat(64);

beforeAll(async () => {
  const duckdb = await (await DuckDBInstance.create()).connect();
  for (const [namespace, from, to] of [
    ['__default__', 0, 4],
    ['a', 4, 10],
  ] as const) {
    await mkdir(dir('import', namespace), { recursive: true });
    await duckdb.run(
      `copy (select 'id-' || i as id, [i + 0.5, 1, 0.1]::float[] as values, '{"n":' || i || '}' as metadata ` +
        `from range(${from}, ${to}) t(i)) to '${dir('import', namespace, 'part-00000.parquet')}' (format parquet)`,
    );
  }
  duckdb.closeSync();
  emulator = await startEmulator({
    openStore,
    indexes: [{ name: 'words', dimension: 3 }],
    pendingMs: 20,
    importMs: 40,
    indexingMs: 20,
  });
});
afterAll(() => emulator.close());

it('carries an import from the first check to the proof, and does not start it again', async () => {
  const events: PineloadEvent[] = [];
  const onEvent = (event: PineloadEvent) => events.push(event);
  const client = await connect({ indexName: 'words', controlPlane: emulator.url }, { env: {}, onEvent });
  expect(client.indexModel).toMatchObject({ name: 'words', dimension: 3, serverless: true, ready: true });
  const manifest = manifestOf({ __default__: 4, a: 6 });
  const state = await openStore(dir('import.pineload'));
  const uri = pathToFileURL(dir('import')).href;
  const check = () => preflight({ client, manifest, uri, storeScheme: 'file' });
  const start = () =>
    startClaimed(
      { client, uri, onEvent },
      { state, manifestSha256: DIGEST, beforeStart: async () => demandPreflight(await check()) },
    );

  const both = await Promise.all([start(), start()]);
  expect(both.map(({ adopted }) => adopted).sort()).toEqual([false, true]);
  const { id } = both[0];
  const model = await watchImport({ client, id, onEvent });
  expect(model).toMatchObject({ id, status: 'Completed', recordsImported: 10, percentComplete: 100 });
  const receipt = await verifyImport({
    client,
    model,
    manifest,
    manifestSha256: DIGEST,
    sample: [
      { id: 'id-2', namespace: '__default__', values: Float32Array.of(2.5, 1, 0.1), metadata: '{"n":2}' },
      { id: 'id-9', namespace: 'a', values: Float32Array.of(9.5, 1, 0.1), metadata: '{"n":9}' },
    ],
    onEvent,
  });
  expect(receipt).toMatchObject({ complete: true, importId: id, sample: { checked: 2, differences: [] } });

  expect(await start()).toMatchObject({ id, adopted: true, model: { status: 'Completed' } });
  let imports = 0;
  for await (const _ of client.allImports()) imports++;
  expect(imports).toBe(1);
  // Another import into the same namespaces would fail: the checks know it beforehand.
  expect((await check()).findings).toContainEqual(
    expect.objectContaining({ code: 'NAMESPACES_NEW', severity: 'error' }),
  );

  // The service itself finds out only after the start.
  const again = await client.startImport({ uri: `${uri}/`, errorMode: 'abort' });
  const error = await errorOf(watchImport({ client, id: again }));
  expect(error).toMatchObject({ code: 'IMPORT_FAILED', exitCode: 6 });
  expect(error.hint).toContain('An import fills only namespaces that do not exist');
});
