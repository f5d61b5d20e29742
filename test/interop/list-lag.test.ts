import { pathToFileURL } from 'node:url';
import { expect, it } from 'vitest';
import { startEmulator } from '../../src/emulator/index.js';
import { startImport } from '../../src/pipeline/import.js';
import { convertRecords } from '../../src/pipeline/record-writer.js';
import { openStore } from '../../src/uploaders/open-store.js';
import { useTempDir } from '../support/temp-dir.js';

const temp = useTempDir();

/** In real time, with the defaults; `test/e2e/import-once.test.ts` has the same on a smaller scale. */
it('a list that lags 30 s and an answer that is lost: two starts at once find the one import', async () => {
  await convertRecords([{ id: 'a', values: [1, 2], namespace: 'n' }], { to: temp('import') });
  const emulator = await startEmulator({
    openStore: (uri) => openStore(uri),
    indexes: [{ name: 'i', dimension: 2 }],
    faults: { listLagMs: 30_000, rules: [{ operation: 'startImport', kind: 'reset', when: 'after' }] },
  });
  try {
    const start = () => startImport({ uri: temp('import'), indexName: 'i', controlPlane: emulator.url });
    const both = await Promise.all([start(), start()]);
    expect(both[0].uri).toBe(`${pathToFileURL(temp('import')).href}/`);
    expect(both[0].id).toBe(both[1].id);
    expect(emulator.log().importsStarted).toBe(1);
  } finally {
    await emulator.close();
  }
}, 120_000);
