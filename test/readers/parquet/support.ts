import { checkBatch } from '../../../src/records/rules/check-batch.js';
import { readParquet, type ReadParquetOptions } from '../../../src/readers/parquet/read-parquet.js';
import { sampleParquet } from '../../../src/readers/parquet/sample.js';
import { resolveMapping } from '../../../src/readers/mapping.js';
import type { MappingOptions, ResolvedMapping } from '../../../src/readers/reader.js';
import type { RecordBatch } from '../../../src/records/batch.js';
import type { Reject } from '../../../src/records/reject.js';
import { listSources } from '../../../src/sources/list-sources.js';
import type { Source } from '../../../src/sources/source.js';

export interface Row {
  readonly line: number;
  readonly id: string;
  readonly values: readonly number[] | undefined;
  readonly sparse: readonly (readonly [number, number])[] | undefined;
  readonly metadata: string | undefined;
  readonly namespace: string;
}

export interface Read {
  readonly rows: readonly Row[];
  readonly rejects: readonly Reject[];
  readonly mapping: ResolvedMapping;
  readonly batches: number;
}

export async function sourceOf(path: string): Promise<Source> {
  const openStore = () => Promise.reject(new Error('no store'));
  const [source] = await listSources([path], { openStore, format: 'parquet' });
  return source!;
}

/** Everything that a file comes to under a mapping. */
export async function readAll(
  path: string,
  options: MappingOptions = {},
  more: Partial<ReadParquetOptions> = {},
): Promise<Read> {
  const source = await sourceOf(path);
  const sample = await sampleParquet(source);
  const mapping = resolveMapping(sample ?? new Uint8Array(0), source.name, 'parquet', undefined, options);
  const rows: Row[] = [];
  const rejects: Reject[] = [];
  let batches = 0;
  const config = { ...mapping.config, keepRaw: true };
  for await (const batch of readParquet(source, { config, rules: {}, maxRecordBytes: 1 << 24, ...more })) {
    batches++;
    rejects.push(...batch.rejects);
    for (let row = 0; row < batch.rows; row++) if (batch.rejected[row] === 0) rows.push(rowOf(batch, row));
    // The rules have been applied: they find nothing new.
    const before = batch.rejects.length;
    checkBatch(batch, {});
    if (batch.rejects.length !== before) throw new Error('the rules found something afterwards');
  }
  return { rows, rejects, mapping, batches };
}

const decoder = new TextDecoder();

function rowOf({ ids, values, dimension, sparse, metadata, namespaces, origin }: RecordBatch, row: number): Row {
  const text = ({ bytes, offsets }: { bytes: Uint8Array; offsets: Uint32Array }): string =>
    decoder.decode(bytes.subarray(offsets[row], offsets[row + 1]));
  const entries: [number, number][] = [];
  for (let i = sparse?.offsets[row] ?? 0; i < (sparse?.offsets[row + 1] ?? 0); i++) {
    entries.push([sparse!.indices[i]!, sparse!.values[i]!]);
  }
  return {
    line: origin.lines[row]!,
    id: text(ids),
    values: values && [...values.subarray(row * dimension, (row + 1) * dimension)],
    sparse: sparse === undefined || sparse.validity?.[row] === 0 ? undefined : entries,
    metadata: metadata.validity?.[row] === 0 ? undefined : text(metadata),
    namespace: namespaces.dictionary[namespaces.codes[row]!]!,
  };
}
