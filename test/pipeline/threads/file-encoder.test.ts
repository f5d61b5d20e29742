import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { RowGroupColumns } from '../../../src/parquet/row-group.js';
import { FileEncoder } from '../../../src/pipeline/threads/file-encoder.js';
import { memoriesOf, moved } from '../../../src/pipeline/threads/protocol.js';
import { Crc } from '../../../src/uploaders/checksum/crc.js';
import { rowGroup, writeFileBytes } from '../../parquet/harness.js';

const DIMENSION = 3;

const record = fc.record({
  id: fc.string({ minLength: 1, maxLength: 20 }),
  values: fc.array(fc.float({ noNaN: true }), { minLength: DIMENSION, maxLength: DIMENSION }),
  sparse: fc.option(
    fc
      .array(fc.integer({ min: 0, max: 2 ** 32 - 1 }), { maxLength: 5 })
      .map((indices) => ({ indices, values: indices.map((_, i) => i + 0.5) })),
    { nil: null },
  ),
  metadata: fc.option(fc.json(), { nil: null }),
});

/** The same rows with their vectors in memory that threads share. */
function withSharedVectors(group: RowGroupColumns): RowGroupColumns {
  if (group.values === undefined) return group;
  const values = group.values as Float32Array;
  const shared = new Float32Array(new SharedArrayBuffer(values.byteLength));
  shared.set(values);
  return { ...group, values: shared };
}

const crcOf = (name: 'crc64nvme' | 'crc32c', bytes: Uint8Array): string => {
  const crc = new Crc(name);
  crc.update(bytes);
  return crc.hex();
};

describe('a file that is encoded for another thread', () => {
  it('has the bytes and checksums that it has when it is encoded here', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom('dense', 'sparse', 'hybrid'),
        fc.array(fc.array(record, { minLength: 1, maxLength: 8 }), { minLength: 1, maxLength: 4 }),
        fc.constantFrom(16, 100, 1 << 20),
        fc.boolean(),
        async (kind, groups, pageBytes, shared) => {
          const options = {
            kind,
            dimension: kind === 'sparse' ? 0 : DIMENSION,
            version: '0.0.0-test',
            pageBytes,
          } as const;
          const here = await writeFileBytes(groups, options);

          const encoder = new FileEncoder(options, ['crc64nvme', 'crc32c']);
          const pieces: Uint8Array[] = [];
          // As a message carries them: what is moved is gone here.
          const take = (taken: Uint8Array[]): void => {
            pieces.push(...structuredClone(taken, { transfer: moved(new Set(taken.map(({ buffer }) => buffer))) }));
          };
          for (const records of groups) {
            const group = rowGroup(records, kind);
            take(await encoder.writeRowGroup(shared ? withSharedVectors(group) : group));
            expect(encoder.bytes).toBeGreaterThanOrEqual(pieces.reduce((sum, { length }) => sum + length, 0));
          }
          const { pieces: last, summary } = await encoder.close();
          take(last);

          const bytes = Buffer.concat(pieces);
          expect(bytes.equals(here.bytes)).toBe(true);
          expect(summary).toStrictEqual({
            ...here.summary,
            checksums: { crc64nvme: crcOf('crc64nvme', bytes), crc32c: crcOf('crc32c', bytes) },
          });
        },
      ),
      { numRuns: 150, seed: 11 },
    );
  });

  it('lets large pages pass as they are and copies the rest', async () => {
    const rows = 40_000;
    const records = Array.from({ length: rows }, (_, i) => ({ id: `${i}`, values: [i, -i, 0.5] }));
    const group = withSharedVectors(rowGroup(records, 'dense'));
    const memory = (group.values as Float32Array).buffer;
    const encoder = new FileEncoder({ kind: 'dense', dimension: DIMENSION, version: '0' }, []);
    const pieces = await encoder.writeRowGroup(group);
    const inPlace = pieces.filter(({ buffer }) => buffer === memory);
    expect(inPlace.reduce((sum, { length }) => sum + length, 0)).toBe(4 * DIMENSION * rows);
    expect(moved(pieces.map(({ buffer }) => buffer))).not.toContain(memory);
  });
});

describe('the memory of a row group', () => {
  it('is each once, and what is shared or empty is not moved', () => {
    const memory = new ArrayBuffer(64);
    const shared = new SharedArrayBuffer(64);
    const empty = new Uint8Array(0);
    const group: RowGroupColumns = {
      rows: 1,
      ids: { plain: new Uint8Array(memory, 0, 8) },
      values: [new Float32Array(shared, 0, 4), new Float32Array(shared, 16, 4)],
      metadata: { plain: empty, validity: new Uint8Array(memory, 8, 1) },
    };
    expect(memoriesOf(group)).toStrictEqual(new Set([memory, shared, empty.buffer]));
    expect(moved(memoriesOf(group))).toStrictEqual([memory]);
  });
});
