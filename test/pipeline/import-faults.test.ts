import { cp } from 'node:fs/promises';
import { beforeAll, describe, expect, it } from 'vitest';
import { startEmulator, type FaultRule } from '../../src/emulator/index.js';
import { importEach } from '../../src/pipeline/import.js';
import { convertRecords } from '../../src/pipeline/record-writer.js';
import { openStore } from '../../src/uploaders/open-store.js';
import { useTempDir } from '../support/temp-dir.js';

const temp = useTempDir();

/** Every call that an import makes, from the look-up of the index to the sample. */
const OPERATIONS = [
  'describeIndex',
  'describeStats',
  'describeNamespace',
  'startImport',
  'listImports',
  'describeImport',
  'fetchVectors',
] as const;

type Fault = Omit<FaultRule, 'operation'>;
const FAULTS: readonly [string, Fault][] = [
  ['429 with Retry-After', { kind: 'status', status: 429, retryAfter: 1 }],
  ['500, not acted', { kind: 'status', status: 500, when: 'before' }],
  ['500, acted', { kind: 'status', status: 500, when: 'after' }],
  ['a reset, not acted', { kind: 'reset', when: 'before' }],
  ['a reset, acted', { kind: 'reset', when: 'after' }],
  ['garbage, acted', { kind: 'garbage', when: 'after' }],
];

beforeAll(async () => {
  const records = Array.from({ length: 20 }, (_, i) => ({ id: `r${i}`, values: [i, 1], namespace: `n${i % 2}` }));
  await convertRecords(records, { to: temp('ready') });
});

/** A whole import with one fault, against an emulator of its own. */
async function importWith(operation: (typeof OPERATIONS)[number], fault: Fault, name: string) {
  const directory = temp(`${operation} ${name}`);
  await cp(temp('ready'), directory, { recursive: true });
  await cp(temp('ready.pineload'), `${directory}.pineload`, { recursive: true });
  const emulator = await startEmulator({
    openStore: (uri) => openStore(uri),
    indexes: [{ name: 'i', dimension: 2 }],
    pendingMs: 5,
    importMs: 5,
    indexingMs: 5,
    faults: { rules: [{ ...fault, operation }] },
  });
  try {
    const { imports } = await importEach({
      uri: directory,
      indexName: 'i',
      controlPlane: emulator.url,
      reconcileWindow: 0.5,
      poll: 0.05,
    });
    const { importsStarted, operations } = emulator.log();
    return { outcome: imports[0]!, importsStarted, received: operations[operation]?.received ?? 0 };
  } finally {
    await emulator.close();
  }
}

describe.each(FAULTS)('%s', (name, fault) => {
  it('of any call of an import leaves it one import, or none that is told of', async () => {
    const results = await Promise.all(
      OPERATIONS.map(async (operation) => ({ operation, ...(await importWith(operation, fault, name)) })),
    );
    for (const { operation, outcome, importsStarted, received } of results) {
      expect(received, operation).toBeGreaterThan(0);
      // A start that may have been acted on is never sent again, even if, as only the test can know, it was not.
      const unsure = operation === 'startImport' && fault.when === 'before';
      expect([operation, outcome.error?.code, outcome.state], outcome.error?.message).toEqual(
        unsure ? [operation, 'IMPORT_MAYBE_STARTED', 'failed'] : [operation, undefined, 'verified'],
      );
      expect(outcome.error?.exitCode).toBe(unsure ? 5 : undefined);
      expect(importsStarted, operation).toBe(unsure ? 0 : 1);
    }
  });
});
