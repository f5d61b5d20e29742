import { writeFile } from 'node:fs/promises';
import { beforeAll, describe, expect, it } from 'vitest';
import { convertRecords } from '../../src/pipeline/record-writer.js';
import type { ConvertResult } from '../../src/pipeline/commit.js';
import { explainMissing, pickSample, SAMPLE_ROW_GROUPS } from '../../src/pipeline/written-records.js';
import type { VectorRecord } from '../../src/readers/record-objects.js';
import type { ObjectStore } from '../../src/uploaders/object-store.js';
import { openStore } from '../../src/uploaders/open-store.js';
import { useTempDir } from '../support/temp-dir.js';

const temp = useTempDir();
const ROWS = 900;
const DIMENSION = 24;

/** Records that follow from their number; some without metadata, some ids twice. */
function record(i: number, kind: 'dense' | 'sparse' | 'hybrid'): VectorRecord & { id: string } {
  const values = Float32Array.from({ length: DIMENSION }, (_, d) => Math.fround(Math.sin(i * 31 + d) * 3));
  // Indices beyond 2^31 are where readers and writers of signed numbers part.
  const sparseValues = { indices: [i, 3_000_000_000 + i, 4_294_967_295], values: [0.5, Math.fround(0.1), i + 1] };
  const id = i % 100 === 99 ? 'twice' : `r-${i}`;
  const namespace = `n${i % 6}`;
  const metadata = i % 3 === 0 ? undefined : { i, text: '"quoted" ü', list: ['a'] };
  return {
    id,
    namespace,
    ...(metadata === undefined ? {} : { metadata }),
    ...(kind === 'sparse' ? {} : { values }),
    ...(kind === 'dense' ? {} : { sparseValues }),
  };
}

describe.each(['dense', 'sparse', 'hybrid'] as const)('the sample of %s records', (kind) => {
  let converted: ConvertResult;
  let store: ObjectStore;

  beforeAll(async () => {
    const records = Array.from({ length: ROWS }, (_, i) => record(i, kind));
    converted = await convertRecords(records, {
      to: temp(kind),
      vectorType: kind,
      duplicates: 'allow',
      // Several row groups and pages of each namespace.
      rowGroupSize: '6kB',
    });
    store = await openStore(temp(kind));
  });

  it('is as the records were written', async () => {
    const sample = await pickSample(store, converted.manifest, converted.manifestSha256, 24);
    expect(sample).toHaveLength(24);
    expect(new Set(sample.map(({ id }) => id)).size).toBe(24);
    expect(new Set(sample.map(({ namespace }) => namespace)).size).toBe(SAMPLE_ROW_GROUPS);
    for (const found of sample) {
      const i = Number(/^r-(\d+)$/.exec(found.id)![1]);
      const written = record(i, kind);
      expect(found.namespace).toBe(written.namespace);
      expect(found.metadata === undefined ? undefined : JSON.parse(found.metadata)).toEqual(written.metadata);
      if (kind !== 'sparse') expect(found.values).toEqual(written.values);
      if (kind === 'dense') expect(found.sparse).toBeUndefined();
      else {
        expect(Array.from(found.sparse!.indices)).toEqual(written.sparseValues!.indices);
        expect(Array.from(found.sparse!.values)).toEqual(written.sparseValues!.values);
      }
    }
  });

  it('is the same every time, and another for another manifest', async () => {
    const ids = async (seed: string) => (await pickSample(store, converted.manifest, seed, 12)).map(({ id }) => id);
    expect(await ids('a')).toEqual(await ids('a'));
    expect(await ids('a')).not.toEqual(await ids('b'));
  });

  it('is all there is when more is asked for', async () => {
    const small = { ...converted.manifest, files: converted.manifest.files.slice(0, 1) };
    const sample = await pickSample(store, small, 's', 10_000);
    expect(sample.length).toBeGreaterThan(5);
    expect(sample.some(({ id }) => id === 'twice')).toBe(false);
  });
});

describe('explainMissing', () => {
  it('counts ids that are there more than once, per namespace', async () => {
    const rows = Array.from({ length: 10 }, (_, i) => ({
      id: i < 4 ? 'same' : `${i}`,
      values: [i, 1],
      namespace: 'a',
    }));
    rows.push({ id: 'same', values: [77, 1], namespace: 'b' });
    const { manifest } = await convertRecords(rows, { to: temp('twice'), duplicates: 'allow' });
    const store = await openStore(temp('twice'));
    expect(await explainMissing(store, manifest, 'a')).toContain('3 of its records have the id of another one');
    expect(await explainMissing(store, manifest, 'b')).toContain('its ids and vectors are all different');
    expect(await explainMissing(store, manifest, 'c')).toBeUndefined();
  });
});

it('explains records that the service drops because their vectors are the same', async () => {
  // -0 and 0 are equal; a repeated id is counted as that, not as a repeated vector.
  const rows = [
    { id: 'a', values: [1, 0] },
    { id: 'b', values: [1, -0] },
    { id: 'c', values: [1, 0] },
    { id: 'd', values: [2, 0] },
    { id: 'd', values: [2, 0] },
  ];
  const { manifest } = await convertRecords(rows, { to: temp('same-vectors'), duplicates: 'allow' });
  const why = await explainMissing(await openStore(temp('same-vectors')), manifest, '__default__');
  expect(why).toContain('1 of its records has the id of another one');
  expect(why).toContain('2 of its records have the same vector as another one');
});

it('a file that is no longer what was written is told, not taken for a sample', async () => {
  const { manifest } = await convertRecords([{ id: 'a', values: [1, 2], namespace: 'n' }], { to: temp('spoilt') });
  await writeFile(temp('spoilt', 'n', 'part-00000-00000.parquet'), Buffer.alloc(manifest.bytes));
  await expect(pickSample(await openStore(temp('spoilt')), manifest, 's', 1)).rejects.toThrow();
});
