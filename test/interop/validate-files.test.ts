import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, it } from 'vitest';
import { openParquet } from '../../src/parquet/decode/index.js';
import { inspect } from '../../src/pipeline/inspect.js';
import { validate } from '../../src/pipeline/validate.js';
import { bindColumns } from '../../src/validate/columns.js';
import { FindingLog } from '../../src/validate/findings.js';
import { readBatches } from '../../src/validate/read-batches.js';
import { memoryFile } from '../parquet/decode-support.js';
import { useTempDir } from '../support/temp-dir.js';

const temp = useTempDir();
const PYTHON = process.env.PINELOAD_TEST_PYTHON ?? 'python3';
const SCRIPT = fileURLToPath(new URL('validate_files.py', import.meta.url));

interface Expected {
  readonly ids: string[];
  readonly metadata: (string | null)[];
  /** Little-endian hex of the float32 numbers. */
  readonly values: string[];
  readonly indices: (number[] | null)[];
  readonly weights: (string | null)[];
}

let expected: Expected;
beforeAll(async () => {
  await promisify(execFile)(PYTHON, [SCRIPT, temp()]);
  expected = JSON.parse(readFileSync(temp('expected.json'), 'utf8')) as Expected;
});

const hex = (numbers: Float32Array): string =>
  Buffer.from(numbers.buffer, numbers.byteOffset, numbers.byteLength).toString('hex');

/** Every row of a file, in the form of `expected`. */
async function rowsOf(path: string): Promise<Expected> {
  const file = await openParquet(memoryFile(new Uint8Array(readFileSync(path))));
  const columns = bindColumns(file, path, undefined, new FindingLog());
  const rows: Expected = { ids: [], metadata: [], values: [], indices: [], weights: [] };
  for await (const batch of readBatches(file, columns!, { dimension: 24, namespace: 'ns', source: path })) {
    const { ids, metadata, values, sparse, dimension } = batch;
    expect(batch.rejects).toEqual([]);
    for (let r = 0; r < batch.rows; r++) {
      const text = (column: typeof ids): string | null =>
        column.validity?.[r] === 0
          ? null
          : Buffer.from(column.bytes.subarray(column.offsets[r], column.offsets[r + 1])).toString();
      rows.ids.push(text(ids)!);
      rows.metadata.push(text(metadata));
      rows.values.push(hex(values!.slice(r * dimension, (r + 1) * dimension)));
      const present = sparse!.validity?.[r] !== 0;
      const [from, to] = [sparse!.offsets[r], sparse!.offsets[r + 1]];
      rows.indices.push(present ? [...sparse!.indices.subarray(from, to)] : null);
      rows.weights.push(present ? hex(sparse!.values.slice(from, to)) : null);
    }
  }
  return rows;
}

const UNPROVEN = /^(FILE_.*_UNPROVEN|SCHEMA_TYPE_UNPROVEN)$/;

describe('files of pyarrow and polars', () => {
  it('are read bit by bit, whatever encoding, codec, page version and list they have', async () => {
    const names = readdirSync(temp('right')).sort();
    expect(names.length).toBeGreaterThanOrEqual(36);
    for (const name of names) {
      const rows = await rowsOf(temp('right', name, 'ns/0.parquet'));
      expect(rows.ids, name).toEqual(expected.ids);
      expect(rows.metadata, name).toEqual(expected.metadata);
      expect(rows.values, name).toEqual(expected.values);
      expect(rows.indices, name).toEqual(expected.indices);
      expect(rows.weights, name).toEqual(expected.weights);
    }
  });

  it('that are right are valid, with warnings for what Pinecone is not known to read', async () => {
    for (const name of readdirSync(temp('right')).sort()) {
      const { report } = await validate({ uri: temp('right', name) });
      expect(report, name).toMatchObject({
        valid: true,
        kind: 'hybrid',
        dimension: 24,
        recordsChecked: 3000,
        rejected: 0,
      });
      for (const { code } of report.counts) expect(code, name).toMatch(UNPROVEN);
    }
    const proven = [
      'none-page-1.0',
      'snappy-page-1.0',
      'plain',
      'small-pages',
      'item',
      'large',
      'required',
      'polars-snappy',
    ];
    for (const name of proven) expect((await validate({ uri: temp('right', name) })).report.counts, name).toEqual([]);
  });

  const wrong: [string, Record<string, number>, boolean][] = [
    ['double16', { SCHEMA_TYPE_UNPROVEN: 1 }, true],
    ['integers', { SCHEMA_TYPE: 1 }, false],
    ['metadata-struct', { SCHEMA_TYPE: 1 }, false],
    ['metadata-binary', { SCHEMA_TYPE: 1 }, false],
    ['id-int', { SCHEMA_TYPE: 1 }, false],
    ['pandas-index', { SCHEMA_COLUMN_EXTRA: 1 }, true],
    ['no-values', { SCHEMA_COLUMN_MISSING: 1 }, false],
    ['nulls', { ID_MISSING: 1, VALUES_MISSING: 1 }, false],
    ['null-element', { VALUES_TYPE: 1 }, false],
    ['dictionary-zero', { VALUES_ALL_ZERO: 1 }, false],
    ['sparse-null-list', { SPARSE_TYPE: 3000 }, false],
  ];
  it.each(wrong)('that are wrong: %s', async (name, counts, valid) => {
    const { report } = await validate({ uri: temp('wrong', name) });
    expect(Object.fromEntries(report.counts.map(({ code, count }) => [code, count]))).toEqual(counts);
    expect(report.valid).toBe(valid);
  });

  it('are inspected', async () => {
    const found = await inspect({ uri: temp('right/delta-2.0') });
    expect(found).toMatchObject({
      rows: 3000,
      dimension: 24,
      measuredRows: 3000,
      metadataNulls: 1000,
      notFinite: 0,
      note: undefined,
    });
    expect(found.createdBy).toMatch(/^parquet-cpp-arrow/);
    expect(found.columns.map(({ path, encodings }) => [path, encodings.includes('PLAIN')])).toEqual([
      ['id', false],
      ['values.list.element', true],
      ['sparse_values.indices.list.element', false],
      ['sparse_values.values.list.element', true],
      ['metadata', false],
    ]);
    expect(found.records[1]).toMatchObject({
      row: 1,
      id: 'id-00001',
      sparse: { length: 2, indices: [1, 2], values: [0.5, 1.5] },
    });
    expect((await inspect({ uri: join(temp('wrong/metadata-struct'), 'ns', '0.parquet') })).note).toContain('metadata');
  });
});
