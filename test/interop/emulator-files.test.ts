import { execFile } from 'node:child_process';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Emulator } from '../../src/emulator/index.js';
import { emulate, runToEnd } from '../emulator/support.js';
import { useTempDir } from '../support/temp-dir.js';
import { report } from '../validate/support.js';

const temp = useTempDir();
const PYTHON = process.env.PINELOAD_TEST_PYTHON ?? 'python3';
const SCRIPT = fileURLToPath(new URL('emulator_files.py', import.meta.url));

/** docs.pinecone.io/guides/index-data/import-data (2026-01), "Troubleshooting", written out here once more: word for word. */
const record = (row: number, reason: string): string =>
  `User error: error reading record (file "/0.parquet", row ${row}): ${reason}`;

interface Case {
  readonly name: string;
  /** What the service answers. The types that it got are named as Parquet has them: those that are published are not pyarrow's. */
  readonly error: (uri: string) => string;
  /** The error of `validate` that would have told. */
  readonly code: string;
  /** Default: both. */
  readonly mode?: 'abort' | 'continue';
  readonly index?: 'dense' | 'sparse';
}

const CASES: readonly Case[] = [
  {
    name: 'no-namespace',
    error: (uri) =>
      `User error: "${fileURLToPath(uri)}0.parquet": No namespace detected. Each file should be nested under a subdirectory of the URI ` +
      'prefix. This indicates which namespace it should be imported into.',
    code: 'LAYOUT_URI_IS_NAMESPACE',
  },
  {
    name: 'no-files',
    error: (uri) =>
      `User error: No Parquet files found under "${uri}". Files must be stored with the specified bucket prefix.`,
    code: 'LAYOUT_NO_FILES',
  },
  { name: 'missing-id', error: () => 'Missing required column "id"', code: 'SCHEMA_COLUMN_MISSING' },
  { name: 'missing-values', error: () => 'Missing required column "values"', code: 'SCHEMA_COLUMN_MISSING' },
  { name: 'extra', error: () => 'Unsupported column "extra"', code: 'SCHEMA_COLUMN_EXTRA' },
  { name: 'pandas-index', error: () => 'Unsupported column "__index_level_0__"', code: 'SCHEMA_COLUMN_EXTRA' },
  ...['no-parquet', 'cut-off'].map((name) => ({
    name,
    error: () => 'Parquet footer could not be parsed. Are you sure this is valid parquet?',
    code: 'PARQUET_CORRUPT',
  })),
  {
    name: 'id-integers',
    error: () => 'The expected data type for column "id" is "STRING", but got "INT64"',
    code: 'SCHEMA_TYPE',
  },
  {
    name: 'values-text',
    error: () => 'The expected data type for column "values" is "LIST<FLOAT>", but got "STRING"',
    code: 'SCHEMA_TYPE',
  },
  {
    name: 'values-integers',
    error: () => 'The expected data type for column "values" is "LIST<FLOAT>", but got "LIST<INT32>"',
    code: 'SCHEMA_TYPE',
  },
  {
    name: 'metadata-struct',
    error: () =>
      'The expected data type for metadata is a JSON encoded string in UTF-8 format, but got "STRUCT<n: INT64>"',
    code: 'SCHEMA_TYPE',
  },
  {
    name: 'metadata-binary',
    error: () => 'The expected data type for metadata is a JSON encoded string in UTF-8 format, but got "BYTE_ARRAY"',
    code: 'SCHEMA_TYPE',
  },
  {
    name: 'null-id',
    error: () => record(1, 'missing required values in column "id"'),
    code: 'ID_MISSING',
    mode: 'abort',
  },
  {
    name: 'null-values',
    error: () => record(1, 'missing required values in column "values"'),
    code: 'VALUES_MISSING',
    mode: 'abort',
  },
  {
    name: 'bad-metadata',
    // What follows the colon is the parser's own and not published.
    error: () => record(2, 'Failed to parse metadata: '),
    code: 'METADATA_NOT_OBJECT',
    mode: 'abort',
  },
  {
    name: 'all-skipped',
    error: () => 'User error: No vectors added, all rows were skipped for namespace: example-namespace',
    code: 'ID_MISSING',
    mode: 'continue',
  },
  {
    name: 'dense-into-sparse',
    error: () => record(0, 'Upserting dense vectors is not supported for sparse indexes'),
    code: 'SCHEMA_VALUES_IN_SPARSE',
    mode: 'abort',
    index: 'sparse',
  },
];

describe('files that pyarrow wrote', () => {
  beforeAll(() => promisify(execFile)(PYTHON, [SCRIPT, temp()]));
  // A new one for each import: one that failed may leave its namespace behind.
  const emulator = (index: 'dense' | 'sparse' = 'dense'): Promise<Emulator> =>
    emulate(index === 'dense' ? {} : { indexes: [{ name: 'sparse', vectorType: 'sparse', metric: 'dotproduct' }] });
  const uriOf = (name: string): string => `${pathToFileURL(temp(name)).href}/`;

  it.each(CASES)('$name: the emulator answers as the service does, and validate tells before', async (each) => {
    const { name, error, code, mode, index } = each;
    // "These errors are returned for both CONTINUE and ABORT error modes", but for those of records.
    for (const onError of mode === undefined ? (['abort', 'continue'] as const) : [mode]) {
      const run = await runToEnd((await emulator(index)).url, uriOf(name), onError);
      expect(run.status).toBe('Failed');
      const wanted = error(uriOf(name));
      if (wanted.endsWith(': ')) expect(String(run.error).slice(0, wanted.length)).toBe(wanted);
      else expect(run.error).toBe(wanted);
    }
    const options = index === 'sparse' ? { vectorType: 'sparse' as const } : { dimension: 2 };
    const { findings } = await report(temp(name), options);
    expect(findings.map((finding) => finding.code)).toContain(code);
  });

  it('a namespace that exists, and a URI that is a file', async () => {
    const { url } = await emulator();
    expect(await runToEnd(url, uriOf('exists'))).toMatchObject({ status: 'Completed', recordsImported: 3 });
    expect((await runToEnd(url, uriOf('exists'))).error).toBe(
      'User error: The namespace "namespace1" already exists. Imports are only allowed into nonexistent namespaces.',
    );
    const { error } = await runToEnd(url, `${uriOf('right')}ns/0.parquet`);
    expect(error).toContain(
      'It looks like you specified a complete path to a parquet file as the URI prefix to import from. Note that the URI prefix ' +
        'should give an ancestor directory ',
    );
  });

  it('are imported when they are right', async () => {
    const { url } = await emulator();
    expect(await runToEnd(url, uriOf('right'))).toMatchObject({ status: 'Completed', recordsImported: 3 });
    expect((await report(temp('right'))).counts).toEqual([]);
  });
});
