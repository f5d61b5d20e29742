import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';
import { startEmulator } from '../../src/emulator/index.js';
import { validate, type ValidateOptions } from '../../src/pipeline/validate.js';
import { openWithAccess } from '../../src/pipeline/stores.js';
import { renderReportHtml } from '../../src/validate/report-html.js';
import { findingText, renderReportText } from '../../src/validate/report.js';
import { useTempDir } from '../support/temp-dir.js';
import { counted, DENSE, report, writeParquet } from './support.js';

const temp = useTempDir();
let number = 0;
const fresh = (): string => temp(`files-${number++}`);

describe('layout', () => {
  const layouts: [string, string[], Record<string, number>][] = [
    ['one directory for each namespace', ['a/0.parquet', 'b/0.parquet', '__default__/1.parquet', 'a/run.log'], {}],
    ['files directly below the URI', ['0.parquet', '1.parquet'], { LAYOUT_URI_IS_NAMESPACE: 1 }],
    ['a file beside the namespaces', ['a/0.parquet', '1.parquet'], { LAYOUT_NO_NAMESPACE: 1 }],
    ['files too deep', ['import/a/0.parquet', 'import/b/0.parquet'], { LAYOUT_NESTED: 2 }],
    ['a namespace without Parquet', ['a/0.parquet', 'b/notes.txt'], { LAYOUT_EMPTY_NAMESPACE: 1 }],
    [
      'hidden and temporary files',
      ['a/0.parquet', 'a/._1.parquet', 'a/_2.parquet', 'a/3.tmp.parquet'],
      { LAYOUT_HIDDEN: 3 },
    ],
    [
      'a directory of temporary files',
      ['a/0.parquet', 'a/_temporary/0.parquet'],
      { LAYOUT_HIDDEN: 1, LAYOUT_NESTED: 1 },
    ],
    ['an extension in capitals', ['a/0.PARQUET'], { LAYOUT_EXTENSION: 1 }],
    ['Hive partitions', ['tenant=1/0.parquet'], { LAYOUT_HIVE: 1 }],
    ['namespaces that differ in case', ['A/0.parquet', 'a/0.parquet'], { LAYOUT_CASE: 1 }],
    ['a namespace of other letters', ['ü/0.parquet'], { NAMESPACE_NAME: 1 }],
    ['a namespace with a space in it', ['a b/0.parquet'], { LAYOUT_NAMESPACE_CHARACTERS: 1 }],
  ];
  it.each(layouts)('%s', async (_, keys, expected) => {
    const root = fresh();
    const template = temp('template.parquet');
    await writeParquet(template, DENSE(2));
    for (const key of keys) {
      mkdirSync(join(root, key, '..'), { recursive: true });
      writeFileSync(join(root, key), /parquet$/i.test(key) ? readFileSync(template) : 'text');
    }
    const result = await report(root);
    expect(counted(result)).toEqual(expected);
    for (const finding of result.findings) {
      expect(finding).toMatchObject({ expected: expect.any(String), got: expect.any(String) });
    }
    // The rows are looked at wherever a file lies.
    expect(result.recordsChecked).toBe(2 * keys.filter((key) => /parquet$/i.test(key)).length);
    expect(renderReportText(result)).not.toContain('\u001b');
  });

  it('a file beside the namespaces is in none of them, though its rows are looked at', async () => {
    const root = fresh();
    await writeParquet(join(root, 'a/0.parquet'), DENSE(2));
    // The same id and vector as in the namespace, and once more in the stray file itself.
    await writeParquet(join(root, 'stray.parquet'), DENSE(3, `'r' || least(i, 1)`));
    const result = await report(root, { duplicates: 'error' });
    expect(counted(result)).toEqual({ LAYOUT_NO_NAMESPACE: 1, DUPLICATE_ID: 1 });
    expect(result).toMatchObject({ files: 2, records: 5, recordsChecked: 5 });
    expect(result.namespaces).toMatchObject([{ namespace: 'a', files: 1, records: 2 }]);
    expect(renderReportText(result)).toContain('files    2 in 1 namespace,');

    const inside = await report(join(root, 'a'));
    expect(counted(inside)).toEqual({ LAYOUT_URI_IS_NAMESPACE: 1 });
    expect(inside).toMatchObject({ files: 1, recordsChecked: 2, namespaces: [] });
  });

  it('a name that a terminal would obey', async () => {
    const root = fresh();
    await writeParquet(join(root, '\u001b[31mred/0.parquet'), DENSE(2));
    const result = await report(root);
    expect(counted(result)).toEqual({ NAMESPACE_NAME: 1, URI_INVALID: 1, RECORDS: 1 });
    expect(renderReportText(result) + renderReportHtml(result)).not.toContain('\u001b');
  });

  it('a directory without Parquet, and one that is not there', async () => {
    const root = fresh();
    mkdirSync(join(root, 'a'), { recursive: true });
    writeFileSync(join(root, 'a/readme.txt'), 'x');
    expect(counted(await report(root))).toEqual({ LAYOUT_NO_FILES: 1 });
    await expect(report(temp('nowhere'))).rejects.toMatchObject({ code: 'INPUT_NOT_FOUND', exitCode: 4 });
    await expect(report(temp('nowhere/0.parquet'))).rejects.toMatchObject({ code: 'INPUT_NOT_FOUND' });
  });

  it('one file by itself', async () => {
    const root = fresh();
    await writeParquet(join(root, 'ns/0.parquet'), DENSE(2));
    const result = await report(join(root, 'ns/0.parquet'));
    expect(result).toMatchObject({ valid: true, files: 1, recordsChecked: 2 });
    expect(counted(result)).toEqual({ LAYOUT_URI_IS_FILE: 1 });
    expect(result.namespaces).toMatchObject([{ namespace: 'ns' }]);
  });
});

const id = `'r' || i AS id`;
const vector = `[1, 2]::FLOAT[] AS "values"`;
const from = 'FROM range(3) t(i)';

describe('schema', () => {
  const schemas: [string, string, Record<string, number>, boolean, object?][] = [
    [
      'no id',
      `SELECT ${vector} ${from}`,
      { SCHEMA_COLUMN_MISSING: 1 },
      false,
      { field: 'id', expected: 'STRING', got: 'none' },
    ],
    [
      'ID in capitals',
      `SELECT 'r' || i AS "ID", ${vector} ${from}`,
      { SCHEMA_COLUMN_MISSING: 1, SCHEMA_COLUMN_EXTRA: 1 },
      false,
      { field: 'id', got: '"ID": names are exact' },
    ],
    ['no vector', `SELECT ${id} ${from}`, { SCHEMA_COLUMN_MISSING: 1 }, false, { field: 'values' }],
    ['no metadata, which is right', `SELECT ${id}, ${vector} ${from}`, {}, true],
    [
      'an id of numbers',
      `SELECT i AS id, ${vector} ${from}`,
      { SCHEMA_TYPE: 1 },
      false,
      { field: 'id', expected: 'STRING', got: 'INT_64' },
    ],
    [
      'an id of bytes',
      `SELECT ('r' || i)::BLOB AS id, ${vector} ${from}`,
      { SCHEMA_TYPE: 1 },
      false,
      { got: 'BINARY' },
    ],
    [
      'one more column',
      `SELECT ${id}, ${vector}, i AS year ${from}`,
      { SCHEMA_COLUMN_EXTRA: 1 },
      true,
      { field: 'year', got: 'INT_64' },
    ],
    [
      'LIST<DOUBLE>',
      `SELECT ${id}, [1, 2]::DOUBLE[] AS "values" ${from}`,
      { SCHEMA_TYPE_UNPROVEN: 1 },
      true,
      { expected: 'LIST<FLOAT>', got: 'LIST<DOUBLE>' },
    ],
    [
      'LIST<INTEGER>',
      `SELECT ${id}, [1, 2] AS "values" ${from}`,
      { SCHEMA_TYPE: 1 },
      false,
      { expected: 'LIST<FLOAT>', got: 'LIST<INT_32>' },
    ],
    [
      'a list of lists',
      `SELECT ${id}, [[1], [2]]::FLOAT[][] AS "values" ${from}`,
      { SCHEMA_TYPE: 1 },
      false,
      { got: 'LIST<LIST<FLOAT>>' },
    ],
    ['a vector as text', `SELECT ${id}, '[1, 2]' AS "values" ${from}`, { SCHEMA_TYPE: 1 }, false, { got: 'STRING' }],
    [
      'metadata as a struct',
      `SELECT ${id}, ${vector}, {'a': 1} AS metadata ${from}`,
      { SCHEMA_TYPE: 1 },
      false,
      { field: 'metadata', got: 'STRUCT<a: INT_32>' },
    ],
    [
      'metadata as a map',
      `SELECT ${id}, ${vector}, MAP {'a': 1} AS metadata ${from}`,
      { SCHEMA_TYPE: 1 },
      false,
      { got: 'MAP' },
    ],
    [
      'sparse lists side by side',
      `SELECT ${id}, [1]::UINTEGER[] AS sparse_indices, [1]::FLOAT[] AS sparse_values ${from}`,
      { SCHEMA_COLUMN_EXTRA: 1, SCHEMA_TYPE: 1 },
      false,
      { got: 'LIST<FLOAT>' },
    ],
    [
      'signed sparse indices',
      `SELECT ${id}, {'indices': [1, 2], 'values': [1, 2]::FLOAT[]} AS sparse_values ${from}`,
      { SCHEMA_TYPE_UNPROVEN: 1 },
      true,
      { field: 'sparse_values.indices', expected: 'LIST<UINT_32>' },
    ],
    [
      'a third field in the sparse vector',
      `SELECT ${id}, {'indices': [1]::UINTEGER[], 'values': [1]::FLOAT[], 'x': 1} AS sparse_values ${from}`,
      { SCHEMA_TYPE: 1 },
      false,
      { field: 'sparse_values' },
    ],
  ];
  it.each(schemas)('%s', async (_, select, expected, valid, finding) => {
    const root = fresh();
    await writeParquet(join(root, 'ns/0.parquet'), select);
    const result = await report(root);
    expect(counted(result)).toEqual(expected);
    expect(result.valid).toBe(valid);
    if (finding !== undefined) expect(result.findings[0]).toMatchObject(finding);
  });

  it('files of different kinds in one import', async () => {
    const root = fresh();
    await writeParquet(join(root, 'a/0.parquet'), DENSE(2));
    await writeParquet(
      join(root, 'b/0.parquet'),
      `SELECT ${id}, {'indices': [1]::UINTEGER[], 'values': [1]::FLOAT[]} AS sparse_values ${from}`,
    );
    expect(counted(await report(root))).toEqual({ SCHEMA_KIND_MIXED: 1 });
  });

  it('files that are no Parquet, cut off, empty or without rows', async () => {
    const root = fresh();
    await writeParquet(join(root, 'a/0.parquet'), DENSE(100));
    await writeParquet(join(root, 'a/none.parquet'), `${DENSE(3)} WHERE i > 5`);
    const whole = readFileSync(join(root, 'a/0.parquet'));
    writeFileSync(join(root, 'a/cut.parquet'), whole.subarray(0, whole.length - 20));
    writeFileSync(join(root, 'a/text.parquet'), 'id,values\n'.repeat(100));
    writeFileSync(join(root, 'a/empty.parquet'), '');
    const result = await report(root);
    expect(counted(result)).toEqual({ PARQUET_CORRUPT: 2, FILE_EMPTY: 1, FILE_NO_ROWS: 1 });
    expect(result.findings.filter(({ code }) => code === 'PARQUET_CORRUPT').map(({ file }) => file)).toEqual([
      'a/cut.parquet',
      'a/text.parquet',
    ]);
    expect(result).toMatchObject({ valid: false, records: 100, recordsChecked: 100 });
  });

  it('codecs that Pinecone is not known to read', async () => {
    const root = fresh();
    for (const codec of ['zstd', 'gzip', 'brotli', 'lz4_raw', 'snappy', 'uncompressed']) {
      await writeParquet(join(root, `a/${codec}.parquet`), DENSE(3000), `COMPRESSION ${codec}`);
    }
    const result = await report(root);
    expect(counted(result)).toEqual({ FILE_CODEC_UNPROVEN: 4 });
    expect(result.findings.map(({ got }) => got)).toEqual(['BROTLI', 'GZIP', 'LZ4_RAW', 'ZSTD']);
    expect(result).toMatchObject({ valid: true, recordsChecked: 18_000 });
  });

  it('DuckDB files of the newer format: delta encodings, byte stream split', async () => {
    const root = fresh();
    const distinct = `SELECT 'r' || i AS id, [random(), random(), random()]::FLOAT[] AS "values", '{"n":' || i || '}' AS metadata FROM range(20000) t(i)`;
    await writeParquet(join(root, 'a/0.parquet'), distinct, 'PARQUET_VERSION v2');
    const result = await report(root);
    expect(result).toMatchObject({ valid: true, recordsChecked: 20_000, dimension: 3 });
    expect(counted(result).FILE_ENCODING_UNPROVEN).toBeGreaterThan(0);
  });
});

describe('against an index', () => {
  it('finds what does not fit, and says so apart from the data', async () => {
    const root = fresh();
    await writeParquet(join(root, 'ns/0.parquet'), DENSE(3));
    const emulator = await startEmulator({
      openStore: (uri) => openWithAccess(uri, {}),
      indexes: [
        { name: 'fits', dimension: 3 },
        { name: 'other', dimension: 4 },
        { name: 'terms', vectorType: 'sparse' },
      ],
      port: 0,
    });
    try {
      const against = (indexName: string) => validate({ uri: root, indexName, controlPlane: emulator.url });
      const fits = await against('fits');
      expect(fits.report).toMatchObject({ valid: true, index: 'fits', dimension: 3 });
      const other = await against('other');
      expect(other).toMatchObject({ onlyIndex: true, report: { valid: false, dimension: 3, rejected: 0 } });
      expect(other.report.findings).toMatchObject([
        {
          code: 'DIMENSION',
          severity: 'error',
          expected: expect.stringContaining('4'),
          got: expect.stringContaining('3'),
        },
      ]);
      const sparse = await against('terms');
      expect(counted(sparse.report)).toMatchObject({ SCHEMA_COLUMN_MISSING: 1 });
      expect(sparse.report.valid).toBe(false);

      // The same data a second time: nothing is wrong with them but that the namespace is there.
      const { startImport, watchImport } = await import('../../src/pipeline/import.js');
      const started = await startImport({
        uri: pathToFileURL(root).href,
        manifest: false,
        indexName: 'fits',
        controlPlane: emulator.url,
      });
      await watchImport({ id: started.id, indexName: 'fits', controlPlane: emulator.url, poll: 0.05 });
      const again = await against('fits');
      expect(again).toMatchObject({ onlyIndex: true, report: { valid: false } });
      expect(counted(again.report)).toEqual({ NAMESPACES_NEW: 1 });
    } finally {
      await emulator.close();
    }
  });
});

describe('the report', () => {
  it('as HTML needs nothing else and runs nothing', async () => {
    const root = fresh();
    const html = temp('report.html');
    await writeParquet(
      join(root, '<script>alert(1)</script>'.replace('/', '_'), '0.parquet'),
      DENSE(2, `'<img src=x onerror=alert(2)>' || chr(27) || i`),
    );
    const bad = `'<b>' || chr(27) || '[2J'`;
    await writeParquet(
      join(root, 'ns/0.parquet'),
      DENSE(2, undefined, '[1]::FLOAT[]').replace(`'r' || i AS id`, `${bad} AS id`),
    );
    const { htmlFile, report: result } = await validate({ uri: root, html });
    expect(htmlFile).toBe(html);
    const page = readFileSync(html, 'utf8');
    expect(page).toBe(renderReportHtml(result));
    expect(page).toContain('&lt;script&gt;');
    expect(page).not.toMatch(/<script|<img|<b>|\u001b|https?:|src=x onerror=alert\(2\)>/);
    expect(page).toContain("default-src 'none'");
    expect(page).toContain('VALUES_DIMENSION');
    expect(renderReportText(result)).not.toContain('\u001b');
  });

  it('says of each file what is wrong with it, where that differs', async () => {
    const root = fresh();
    await writeParquet(join(root, 'a/0.parquet'), DENSE(2));
    const whole = readFileSync(join(root, 'a/0.parquet'));
    writeFileSync(join(root, 'a/cut.parquet'), whole.subarray(0, whole.length - 20));
    writeFileSync(
      join(root, 'a/long.parquet'),
      Buffer.concat([whole.subarray(0, -8), Buffer.from('\xff\xff\0\0PAR1', 'latin1')]),
    );
    writeFileSync(join(root, 'a/small.parquet'), 'x');
    const result = await report(root);
    expect(counted(result)).toEqual({ PARQUET_CORRUPT: 3 });
    const text = renderReportText(result);
    expect(text).toContain('the file does not end as Parquet does');
    expect(text).toContain(`  a/long.parquet: the footer is longer than the file: got 65535 of ${whole.length} bytes`);
    expect(text).toContain('  a/small.parquet: the file is too short to be Parquet: got 1 bytes');
    expect(renderReportHtml(result)).toContain(
      '<li>a/small.parquet: the file is too short to be Parquet: got 1 bytes</li>',
    );
  });

  it('says where, what was expected and what is there', () => {
    const finding = {
      code: 'ID_EMPTY',
      severity: 'error',
      message: 'm',
      file: 'ns/0.parquet',
      row: 1234,
      id: '\u001b[1m',
      field: 'id',
      expected: 'a',
      got: 'b',
    } as const;
    expect(findingText(finding)).toBe('ns/0.parquet, row 1,234, id "\\u001b[1m": "id": expected a, got b');
  });

  it('does not name an id that is empty', () => {
    const finding = {
      code: 'ID_EMPTY',
      severity: 'error',
      message: 'm',
      file: 'ns/0.parquet',
      row: 3,
      id: '',
    } as const;
    const text = findingText({ ...finding, field: 'id', expected: '1 to 512 ASCII characters', got: 'an empty text' });
    expect(text).toBe('ns/0.parquet, row 3: "id": expected 1 to 512 ASCII characters, got an empty text');
  });

  it('holds files and namespaces against other limits of their size, where such are given', async () => {
    const root = fresh();
    await writeParquet(join(root, 'ns/0.parquet'), DENSE(50));
    const codes = async (limits: Omit<ValidateOptions, 'uri'> = {}): Promise<string[]> =>
      (await validate({ uri: root, ...limits })).report.counts.map(({ code }) => code);
    expect(await codes()).toEqual([]);
    expect(await codes({ maxImportFileSize: '100' })).toEqual(['LIMIT_FILE_BYTES']);
    expect(await codes({ maxImportNamespaceSize: '100' })).toEqual(['LIMIT_NAMESPACE_BYTES']);
    expect(await codes({ maxImportSize: '100' })).toEqual(['LIMIT_BYTES']);
  });

  it('is the same whatever the number of files read at once', async () => {
    const root = fresh();
    for (let f = 0; f < 8; f++) await writeParquet(join(root, `ns/${f}.parquet`), DENSE(50, `''`));
    const one = await report(root, { files: 1 });
    const many = await report(root, { files: 8 });
    expect({ ...many, seconds: 0 }).toEqual({ ...one, seconds: 0 });
    expect(one.findings).toHaveLength(10);
  });

  it.each([{ sample: 0 }, { sample: 1.5 }, { dimension: -1 }, { files: NaN }])('refuses %j', async (options) => {
    await expect(report(temp('x'), options)).rejects.toMatchObject({ code: 'OPTION_INVALID', exitCode: 2 });
  });
});
