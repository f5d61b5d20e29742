import { createReader } from '../../src/readers/create-reader.js';
import type { ReaderConfig } from '../../src/readers/reader.js';
import type { RecordBatch } from '../../src/records/batch.js';
import type { Reject } from '../../src/records/reject.js';

/** A row of a batch as a plain object, for comparisons. */
export interface Row {
  id: string;
  line: number;
  byteOffset: number;
  values?: number[];
  sparse?: { indices: number[]; values: number[] } | null;
  /** The text, byte for byte. */
  metadata: string | null;
  namespace: string;
  raw?: string;
}

export const jsonl = (overrides: Partial<ReaderConfig> = {}): ReaderConfig => ({
  format: 'jsonl',
  kind: 'dense',
  dimension: 2,
  id: ['id'],
  values: { field: ['values'] },
  vectorEncoding: 'auto',
  vectorDelimiter: ',',
  sparse: undefined,
  metadata: { from: 'object', field: ['metadata'] },
  namespace: [['namespace']],
  keepRaw: false,
  ...overrides,
});

export const csv = (header: string, overrides: Partial<ReaderConfig> = {}): ReaderConfig =>
  jsonl({
    format: 'csv',
    csv: { header: header.split(','), delimiter: ',' },
    metadata: { from: 'none' },
    namespace: [''],
    ...overrides,
  });

export function read(config: ReaderConfig, text: string | Uint8Array, firstLine = 1, byteOffset = 0): RecordBatch {
  const bytes = typeof text === 'string' ? new TextEncoder().encode(text) : text;
  return createReader(config).read({ source: 'in', bytes, firstLine, byteOffset, rejects: [] });
}

export function rowsOf(batch: RecordBatch): Row[] {
  const { ids, values, sparse, metadata, namespaces, origin, dimension } = batch;
  const text = (bytes: Uint8Array, start: number, end: number): string =>
    new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes.subarray(start, end));
  return Array.from({ length: batch.rows }, (_, r) => {
    const row: Row = {
      id: text(ids.bytes, ids.offsets[r]! + (ids.framed === true ? 4 : 0), ids.offsets[r + 1]!),
      line: origin.lines[r]!,
      byteOffset: origin.byteOffsets[r]!,
      metadata:
        metadata.validity?.[r] === 0
          ? null
          : text(metadata.bytes, metadata.offsets[r]! + (metadata.framed === true ? 4 : 0), metadata.offsets[r + 1]!),
      namespace: namespaces.dictionary[namespaces.codes[r]!]!,
    };
    if (values !== undefined) row.values = [...values.subarray(r * dimension, (r + 1) * dimension)];
    if (sparse !== undefined) {
      const [from, to] = [sparse.offsets[r]!, sparse.offsets[r + 1]!];
      row.sparse =
        sparse.validity?.[r] === 0
          ? null
          : { indices: [...sparse.indices.subarray(from, to)], values: [...sparse.values.subarray(from, to)] };
    }
    if (origin.raw !== undefined) {
      row.raw = text(origin.raw.bytes, origin.raw.ranges[2 * r]!, origin.raw.ranges[2 * r + 1]!);
    }
    return row;
  });
}

/** The one record of a text: its row or its reject. */
export function readOne(config: ReaderConfig, text: string | Uint8Array): Row | Reject {
  const batch = read(config, text);
  const all = [...rowsOf(batch), ...batch.rejects];
  if (all.length !== 1) throw new Error(`${all.length} records`);
  return all[0]!;
}

export const base64 = (values: readonly number[]): string =>
  Buffer.from(Float32Array.from(values).buffer).toString('base64');
