import { describe, expect, it } from 'vitest';
import { BatchBuilder } from '../../src/records/batch-builder.js';
import type { RecordBatch, VectorKind } from '../../src/records/batch.js';
import { fingerprintBatch } from '../../src/records/fingerprint/fingerprints.js';
import { VectorMemory } from '../../src/records/fingerprint/vector-memory.js';

interface Row {
  readonly id: string;
  readonly namespace?: string;
  readonly values?: readonly number[];
  readonly sparse?: readonly (readonly [index: number, value: number])[];
}

function batchOf(kind: VectorKind, rows: readonly Row[]): RecordBatch {
  const builder = new BatchBuilder(kind, rows[0]?.values?.length ?? 0);
  builder.begin('rows');
  for (const { id, namespace, values, sparse } of rows) {
    builder.beginRow(1, 0);
    builder.setIdText(id);
    if (values) builder.setDense(values);
    if (sparse)
      builder.setSparse(
        sparse.map(([index]) => index),
        sparse.map(([, value]) => value),
      );
    if (namespace !== undefined) builder.setNamespace(namespace);
    builder.commitRow();
  }
  return builder.finish();
}

/** Each row's fingerprint as text. */
function words(column: Uint32Array): string[] {
  return Array.from({ length: column.length / 2 }, (_, r) => `${column[2 * r + 1]}-${column[2 * r]}`);
}

const vectors = (kind: VectorKind, ...rows: Omit<Row, 'id'>[]): string[] =>
  words(
    fingerprintBatch(
      batchOf(
        kind,
        rows.map((row) => ({ id: 'a', ...row })),
      ),
    ).vectors,
  );

const ramp = (length: number, from = 1): number[] => Array.from({ length }, (_, i) => from + i);

describe('fingerprints', () => {
  it('are the same of ids with and without their lengths before them', () => {
    const ids = ['a', 'bb', 'x'.repeat(7), 'y'.repeat(8), 'z'.repeat(9), 'w'.repeat(512)];
    const batch = batchOf(
      'dense',
      ids.map((id, i) => ({ id, namespace: `n${i % 2}`, values: [i + 1] })),
    );
    const framed = Buffer.concat(
      ids.map((id) => Buffer.concat([Buffer.from(Uint32Array.of(id.length).buffer), Buffer.from(id)])),
    );
    const offsets = new Uint32Array(ids.length + 1);
    ids.forEach((id, i) => (offsets[i + 1] = offsets[i]! + 4 + id.length));
    const told = fingerprintBatch({ ...batch, ids: { bytes: framed, offsets, framed: true } });
    expect(told).toEqual(fingerprintBatch(batch));
    expect(new Set(words(told.ids)).size).toBe(ids.length);
  });

  it.each([1, 3, 7, 8, 9, 16, 100, 1536, 40_000])(
    'take +0 for -0 in vectors of %i numbers, and nothing else',
    (length) => {
      const same = ramp(length);
      same[length - 1] = 0;
      const negative = [...same];
      negative[length - 1] = -0;
      const tiny = [...same];
      tiny[length - 1] = 2 ** -149;
      const first = [...same];
      first[0]! += 1;
      const [a, b, c, d] = vectors(
        'dense',
        { values: same },
        { values: negative },
        { values: tiny },
        { values: first },
      );
      expect(b).toBe(a);
      expect(new Set([a, c, d]).size).toBe(3);
    },
  );

  it('tell places apart: no swap of two numbers goes unseen', () => {
    const values = ramp(40);
    const all = new Set<string>();
    const rows: { values: number[] }[] = [{ values }];
    for (let i = 0; i < 40; i++) {
      for (let j = i + 1; j < 40; j++) {
        const swapped = [...values];
        [swapped[i], swapped[j]] = [swapped[j]!, swapped[i]!];
        rows.push({ values: swapped });
      }
    }
    for (const one of vectors('dense', ...rows)) all.add(one);
    expect(all.size).toBe(rows.length);
  });

  it('take the entries of sparse vectors in any order', () => {
    const [a, b, c, d, e] = vectors(
      'sparse',
      {
        sparse: [
          [1, 0.5],
          [4_000_000_000, 2],
          [7, 0],
        ],
      },
      {
        sparse: [
          [4_000_000_000, 2],
          [7, -0],
          [1, 0.5],
        ],
      },
      {
        sparse: [
          [1, 2],
          [4_000_000_000, 0.5],
          [7, 0],
        ],
      },
      {
        sparse: [
          [1, 0.5],
          [4_000_000_000, 2],
        ],
      },
      {
        sparse: [
          [1, 0.5],
          [4_000_000_000, 2],
          [8, 0],
        ],
      },
    );
    expect(b).toBe(a);
    expect(new Set([a, c, d, e]).size).toBe(4);
  });

  it('look at both parts of hybrid records, and at whether there is a sparse one', () => {
    const all = vectors(
      'hybrid',
      { values: [1, 2], sparse: [[1, 1]] },
      { values: [1, 2], sparse: [[1, 2]] },
      { values: [1, 3], sparse: [[1, 1]] },
      { values: [1, 2] },
      { values: [1, 2], sparse: [[1, 1]] },
    );
    expect(all[4]).toBe(all[0]);
    expect(new Set(all).size).toBe(4);
  });

  it('tell namespaces apart, and ids of which one begins the other', () => {
    const rows: Row[] = [];
    for (const namespace of ['a', 'b', 'ab']) {
      for (const id of ['', 'a', 'b', 'ab', 'a\0', 'abcdefgh', 'abcdefgh\0', 'abcdefghi', 'x'.repeat(512)]) {
        rows.push({ id, namespace, values: [1] });
      }
    }
    const { ids, vectors: dense } = fingerprintBatch(batchOf('dense', rows));
    expect(new Set(words(ids)).size).toBe(rows.length);
    expect(new Set(words(dense)).size).toBe(3);
  });

  it('depend neither on the batch nor on the rows around', () => {
    const rows = Array.from({ length: 20_000 }, (_, i) => ({
      id: `id-${i}`,
      namespace: `n${i % 7}`,
      values: [i, -i, 0.1],
      ...(i % 3 === 0 ? {} : { sparse: [[i, 1] as const, [i + 1, 2] as const] }),
    }));
    const whole = fingerprintBatch(batchOf('hybrid', rows));
    for (const at of [0, 1, 8191, 8192, 19_999]) {
      const alone = fingerprintBatch(batchOf('hybrid', [rows[at]!]));
      expect(words(alone.ids)[0]).toBe(words(whole.ids)[at]);
      expect(words(alone.vectors)[0]).toBe(words(whole.vectors)[at]);
    }
    expect(new Set(words(whole.ids)).size).toBe(20_000);
    expect(new Set(words(whole.vectors)).size).toBe(20_000);
  });

  it('of a namespace do not depend on the names beside it, in whatever letters', () => {
    const names = ['a', 'ab', 'é', '名前', '\u{1f40d}', 'b', 'x\ud83d', '\ude00y'];
    const of = (...namespaces: string[]): string[] =>
      words(
        fingerprintBatch(
          batchOf(
            'dense',
            namespaces.map((namespace) => ({ id: 'x', namespace, values: [1] })),
          ),
        ).ids,
      );
    const alone = names.map((name) => of(name)[0]);
    expect(of(...names)).toEqual(alone);
    expect(of('a', 'ab', 'b')).toEqual([alone[0], alone[1], alone[5]]);
    expect(new Set(alone).size).toBe(names.length);
  });

  it('spread evenly over their high bits', () => {
    const rows = Array.from({ length: 16_384 }, (_, i) => ({ id: String(i), values: [i, 1] }));
    const { ids, vectors: dense } = fingerprintBatch(batchOf('dense', rows));
    for (const column of [ids, dense]) {
      const counts = new Uint32Array(16);
      for (let r = 0; r < rows.length; r++) counts[column[2 * r + 1]! >>> 28]!++;
      // 1,024 expected, standard deviation 31.
      for (const count of counts) expect(Math.abs(count - 1024)).toBeLessThan(200);
    }
  });

  it('are what they always were: state of one version is read by the next', () => {
    const { ids, vectors: dense } = fingerprintBatch(
      batchOf('hybrid', [{ id: 'a', values: ramp(11), sparse: [[3, 4]] }]),
    );
    expect({ id: words(ids), vector: words(dense) }).toMatchInlineSnapshot(`
      {
        "id": [
          "2246002467-679393232",
        ],
        "vector": [
          "3009492373-2491993568",
        ],
      }
    `);
  });
});

describe('vectors looked at where they lie', () => {
  const dimension = 19;
  const rows: number[][] = [
    ramp(dimension),
    Array<number>(dimension).fill(0),
    Array<number>(dimension).fill(-0),
    // One number of note in each place: in what is taken eight at a time, and in the rest.
    ...[0, 7, 8, 15, 16, 18].flatMap((at) =>
      [NaN, Infinity, -Infinity, 3.4028234663852886e38, -(2 ** -149)].map((number) => {
        const row = Array<number>(dimension).fill(0);
        row[at] = number;
        return row;
      }),
    ),
  ];

  it('are good when they are finite and not all zero', () => {
    const memory = VectorMemory.take();
    memory.values(rows.length, dimension).set(rows.flat());
    const { good } = memory.look();
    memory.release();
    expect([...good]).toEqual(
      rows.map((row) => (row.every(Number.isFinite) && row.some((number) => number !== 0) ? 1 : 0)),
    );
  });

  it('have the fingerprints of vectors that were copied', () => {
    const batch = batchOf(
      'dense',
      rows
        .filter((row) => row.every(Number.isFinite))
        .map((values, i) => ({ id: `${i}`, values, namespace: `n${i % 2}` })),
    );
    const memory = VectorMemory.take();
    memory.values(batch.rows, dimension).set(batch.values!);
    const { hashes } = memory.look();
    memory.release();
    expect(words(fingerprintBatch({ ...batch, vectorHashes: hashes }).vectors)).toEqual(
      words(fingerprintBatch(batch).vectors),
    );
  });

  it('may be more, fewer or longer the next time', () => {
    const memory = VectorMemory.take();
    for (const [count, length] of [
      [1, 3],
      [5000, 40],
      [0, 40],
      [2, 20_000],
      [7, 1],
    ] as const) {
      memory.values(count, length).fill(1);
      const { good, hashes } = memory.look();
      expect(good.length === count && good.every((is) => is === 1)).toBe(true);
      expect(new Set(words(hashes)).size).toBe(Math.min(count, 1));
    }
    memory.release();
  });
});
