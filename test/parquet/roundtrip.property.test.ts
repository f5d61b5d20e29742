import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { VectorKind } from '../../src/records/batch.js';
import { queryWithDuckDB, readWithHyparquet, writeFileBytes, type TestRecord } from './harness.js';

const float = fc.float({ noNaN: true, noDefaultInfinity: true });
const text = fc.string({ unit: 'grapheme', maxLength: 30 });
const metadata = fc.option(fc.oneof(text, fc.json({ maxDepth: 1 }), fc.constant('x'.repeat(3000))), { nil: null });
const sparse = fc.option(
  fc
    .array(fc.tuple(fc.integer({ min: 0, max: 4294967295 }), float), { maxLength: 20 })
    .map((entries) => ({ indices: entries.map(([index]) => index), values: entries.map(([, value]) => value) })),
  { nil: null },
);

interface Case {
  readonly kind: VectorKind;
  readonly dimension: number;
  readonly pageBytes: number;
  readonly groups: TestRecord[][];
}

const cases: fc.Arbitrary<Case> = fc
  .record({
    kind: fc.constantFrom<VectorKind>('dense', 'sparse', 'hybrid'),
    dimension: fc.integer({ min: 1, max: 20 }),
    pageBytes: fc.constantFrom(1, 50, 1000, 1048576),
  })
  .chain(({ kind, dimension, pageBytes }) => {
    const values = fc.array(float, { minLength: dimension, maxLength: dimension });
    const record = fc.record({ id: text, values, sparse, metadata });
    const groups = fc.array(fc.array(record, { minLength: 1, maxLength: 40 }), { minLength: 1, maxLength: 3 });
    return fc.record({
      kind: fc.constant(kind),
      dimension: fc.constant(dimension),
      pageBytes: fc.constant(pageBytes),
      groups,
    });
  });

const bits = (values: Iterable<number>): string => Buffer.from(Float32Array.from(values).buffer).toString('hex');

/** Rows with vectors as the bits of their numbers, so that -0 and 0 differ. */
interface Row {
  readonly id?: unknown;
  readonly values?: Iterable<number>;
  readonly sparse_values?:
    { readonly indices?: Iterable<number> | null; readonly values?: Iterable<number> } | null | undefined;
  readonly metadata?: unknown;
}

function comparable(rows: readonly Row[], kind: VectorKind): unknown[] {
  return rows.map((row) => ({
    id: row.id,
    values: kind === 'sparse' ? '' : bits(row.values!),
    sparse:
      kind === 'dense' || row.sparse_values?.indices == null
        ? null
        : [[...row.sparse_values.indices], bits(row.sparse_values.values!)],
    metadata: row.metadata ?? null,
  }));
}

const expected = ({ groups, kind }: Case): unknown[] =>
  comparable(
    groups.flat().map(({ sparse: sparse_values, ...rest }) => ({ ...rest, sparse_values })),
    kind,
  );

describe('whatever is written comes back', () => {
  it('with hyparquet', async () => {
    await fc.assert(
      fc.asyncProperty(cases, async (input) => {
        const { bytes } = await writeFileBytes(input.groups, input);
        expect(comparable(await readWithHyparquet(bytes), input.kind)).toStrictEqual(expected(input));
      }),
      { numRuns: 150, seed: 20 },
    );
  });

  it('with DuckDB', async () => {
    await fc.assert(
      fc.asyncProperty(cases, async (input) => {
        const { bytes } = await writeFileBytes(input.groups, input);
        const rows = await queryWithDuckDB(bytes, 'SELECT * FROM read_parquet(FILE)');
        expect(comparable(rows, input.kind)).toStrictEqual(expected(input));
      }),
      { numRuns: 40, seed: 21 },
    );
  });
});
