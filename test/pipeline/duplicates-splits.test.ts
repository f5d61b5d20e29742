import { tmpdir } from 'node:os';
import { setTimeout } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { fingerprintsKey } from '../../src/duplicates/fingerprint-format.js';
import { FingerprintRecorder } from '../../src/duplicates/fingerprint-recorder.js';
import { FingerprintedSplits } from '../../src/pipeline/duplicates-splits.js';
import { settleDuplicates } from '../../src/pipeline/duplicates.js';
import type { SplitEntry } from '../../src/pipeline/journal.js';
import type { Plan } from '../../src/pipeline/plan.js';
import type { Target } from '../../src/pipeline/stores.js';
import { BatchBuilder } from '../../src/records/batch-builder.js';
import { fingerprintBatch } from '../../src/records/fingerprint/fingerprints.js';
import type { ObjectStore } from '../../src/uploaders/object-store.js';
import { openStore } from '../../src/uploaders/open-store.js';
import { useTempDir } from '../support/temp-dir.js';

const temp = useTempDir();
const RECORDS = 2000;

/** Writes the fingerprints of a split. Returns their bytes. */
async function record(store: ObjectStore, split: number, onlySplit = false): Promise<number> {
  const builder = new BatchBuilder('dense', 1);
  builder.begin('in');
  for (let i = 0; i < RECORDS; i++) {
    builder.beginRow(i + 1, i);
    builder.setIdText(`${split}-${i}`);
    builder.setDense([i]);
    builder.commitRow();
  }
  const batch = builder.finish();
  const recorder = new FingerprintRecorder({ directory: tmpdir(), onlySplit });
  await recorder.add({ ...batch, fingerprints: fingerprintBatch(batch) });
  await recorder.writeTo(store, fingerprintsKey(split));
  await recorder.close();
  return (await store.head(fingerprintsKey(split)))!.bytes;
}

/** A store that counts what is read of it. */
function counting(store: ObjectStore): { readonly store: ObjectStore; bytes: number } {
  const counter = {
    bytes: 0,
    store: {
      uri: store.uri,
      head: (...args) => store.head(...args),
      list: (...args) => store.list(...args),
      async *read(...args) {
        for await (const part of store.read(...args)) {
          counter.bytes += part.length;
          yield part;
        }
      },
    } as Partial<ObjectStore> as ObjectStore,
  };
  return counter;
}

/** A plan of so many splits, and their entries. */
function planOf(count: number): { readonly plan: Plan; readonly entries: ReadonlyMap<number, SplitEntry> } {
  const splits = Array.from({ length: count }, (_, index) => ({ index, pieces: [] }));
  const mapping = { kind: 'dense', dimension: 1 };
  return {
    plan: { splits, inputs: [], mapping, output: {}, options: {} } as unknown as Plan,
    entries: new Map(splits.map(({ index }) => [index, { split: index, plan: 'p', records: RECORDS } as SplitEntry])),
  };
}

describe('fingerprints of all splits', () => {
  it.each([1, 3])('of %d splits, are held where the memory for it is enough, and only there', async (count) => {
    const store = await openStore(temp(String(count)));
    let bytes = 0;
    for (let split = 0; split < count; split++) bytes += await record(store, split);
    const { plan, entries } = planOf(count);
    const read = async (memoryBytes: number): Promise<number> => {
      const counted = counting(store);
      const target = { state: counted.store, imports: store } as unknown as Target;
      const opened = await FingerprintedSplits.open(target, plan, entries, [], memoryBytes, undefined);
      expect(opened.files).toHaveLength(count);
      return counted.bytes;
    };
    expect(await read(bytes)).toBe(bytes);
    expect(await read(bytes - 1)).toBeLessThan(100 * count);
    await store.close();
  });

  it.each([
    ['are not searched where the only split tells that all differ', true, false],
    ['are searched once the memory for it is free', false, true],
  ])('%s', async (name, onlySplit, waits) => {
    const store = await openStore(temp(name));
    await record(store, 0, onlySplit);
    const { plan, entries } = planOf(1);
    const target = { state: store, imports: store } as unknown as Target;
    let free = (): void => undefined;
    const memoryFree = new Promise<void>((resolve) => (free = resolve));
    let settled = false;
    const settling = settleDuplicates(target, plan, entries, [], { memoryFree }).then(() => (settled = true));
    if (waits) {
      await setTimeout(200);
      expect(settled).toBe(false);
      free();
    }
    expect(await settling).toBe(true);
    await store.close();
  });
});
