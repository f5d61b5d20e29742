import { describe, expect, it } from 'vitest';
import { BatchBuilder, INITIAL_ROW_CAPACITY } from '../../src/records/batch-builder.js';

const text = (bytes: Uint8Array, from: number, to: number): string => Buffer.from(bytes.subarray(from, to)).toString();

describe('BatchBuilder', () => {
  it('grows past every first capacity and gives back what was set', () => {
    const rows = 3 * INITIAL_ROW_CAPACITY + 1;
    const builder = new BatchBuilder('hybrid', 3);
    builder.begin('in');
    for (let r = 0; r < rows; r++) {
      builder.beginRow(r + 1, 100 * r);
      builder.setIdText(`é${r}`);
      builder.setDense([r, -r, 0.5]);
      if (r % 2 === 0) builder.setSparse([r, 4294967295], [r, 1]);
      if (r % 3 === 0) builder.setMetadataText(`{"r":${r},"x":"${'y'.repeat(r % 100)}"}`);
      if (r % 5 === 0) builder.setNamespace(`n${r % 2}`);
      builder.commitRow();
    }
    const { ids, values, sparse, metadata, namespaces, origin, ...rest } = builder.finish();
    expect(rest).toMatchObject({ rows, dimension: 3, rejects: [] });
    expect(values).toHaveLength(3 * rows);
    for (let r = 0; r < rows; r++) {
      expect(text(ids.bytes, ids.offsets[r]!, ids.offsets[r + 1]!)).toBe(`é${r}`);
      expect([...values!.subarray(3 * r, 3 * r + 3)]).toEqual([r, -r, 0.5]);
      const entries = [...sparse!.indices.subarray(sparse!.offsets[r], sparse!.offsets[r + 1])];
      expect(entries).toEqual(r % 2 === 0 ? [r, 4294967295] : []);
      expect(sparse!.validity![r]).toBe(r % 2 === 0 ? 1 : 0);
      expect(metadata.validity![r]).toBe(r % 3 === 0 ? 1 : 0);
      const json = text(metadata.bytes, metadata.offsets[r]!, metadata.offsets[r + 1]!);
      expect(json).toBe(r % 3 === 0 ? `{"r":${r},"x":"${'y'.repeat(r % 100)}"}` : '');
      expect(namespaces.dictionary[namespaces.codes[r]!]).toBe(r % 5 === 0 ? `n${r % 2}` : '__default__');
    }
    expect([...origin.lines.subarray(0, 2), origin.byteOffsets[2]]).toEqual([1, 2, 200]);
  });

  it('forgets a row that is rolled back, its namespace included', () => {
    const builder = new BatchBuilder('sparse', 0);
    builder.begin('in');
    const add = (id: string, namespace: string): void => {
      builder.beginRow(1, 0);
      builder.setIdText(id);
      builder.beginSparse();
      builder.appendSparse(1, 2);
      builder.setMetadataText('{}');
      builder.setNamespace(namespace);
    };
    add('a', 'x');
    builder.commitRow();
    add('bad', 'x');
    builder.rollbackRow();
    builder.reject({ source: 'in', line: 2, byteOffset: 9, code: 'ID_TYPE', expected: 'e', got: 'g' });
    builder.beginRow(3, 12);
    builder.setIdText('c');
    builder.commitRow();
    const batch = builder.finish();
    expect(batch.rows).toBe(2);
    expect(text(batch.ids.bytes, 0, 9)).toBe('ac');
    expect([...batch.sparse!.offsets]).toEqual([0, 1, 1]);
    expect([...batch.metadata.validity!]).toEqual([1, 0]);
    expect(batch.namespaces).toEqual({ dictionary: ['x', '__default__'], codes: new Uint32Array([0, 1]) });
    expect(batch.rejects).toHaveLength(1);
    expect(batch.values).toBeUndefined();
  });

  it('hands over arrays that the next batch does not touch', () => {
    const builder = new BatchBuilder('dense', 1);
    const batchOf = (id: string, value: number): ReturnType<BatchBuilder['finish']> => {
      builder.begin('in', new Uint8Array([1, 2, 3]));
      builder.beginRow(1, 0);
      builder.setRaw(1, 3);
      builder.setId(Buffer.from(`_${id}_`), 1, 1 + id.length);
      builder.denseColumn()[builder.denseStart()] = value;
      builder.commitRow();
      return builder.finish();
    };
    const long = 'l'.repeat(100);
    const first = batchOf(long, 1);
    const second = batchOf('b', 2);
    expect([text(first.ids.bytes, 0, 100), first.values![0]]).toEqual([long, 1]);
    expect([text(second.ids.bytes, 0, 9), second.values![0]]).toEqual(['b', 2]);
    expect(first.ids.bytes.buffer.byteLength).toBe(100);
    expect([...first.origin.raw!.ranges]).toEqual([1, 3]);
    expect(second.sparse).toBeUndefined();
    expect(second.metadata.validity).toEqual(new Uint8Array(1));
  });
});
