import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { CATALOGUE as CATALOGUE } from '../../src/base/error-catalogue.js';
import { validate, type ValidateOptions } from '../../src/pipeline/validate.js';
import { listRules } from '../../src/validate/list-rules.js';
import { useTempDir } from '../support/temp-dir.js';
import { counted, DENSE, report, writeParquet } from './support.js';

const temp = useTempDir();
let number = 0;
const fresh = (): string => temp(`import-${number++}`);

/** Beyond what the pull request samples. */
const ROWS = 300;
const LATE = 250;
const late = (bad: string, good: string): string => `CASE WHEN i = ${LATE} THEN ${bad} ELSE ${good} END`;
const ID = `'r' || i`;
const VECTOR = '[i + 1, 2, 3]::FLOAT[]';
const metadata = (bad: string): string => DENSE(ROWS, ID, VECTOR, late(`'${bad}'`, `'{"a":1}'`));
const SPARSE = `{'indices': [1]::UINTEGER[], 'values': [1]::FLOAT[]}`;
const from = (columns: string): string => `SELECT ${columns} FROM range(${ROWS}) t(i)`;

interface Case {
  readonly check: number;
  readonly what: string;
  /** A SELECT for each file, by its key. */
  readonly files: Readonly<Record<string, string>>;
  readonly code: string;
  readonly valid?: boolean;
  /** The row is the late one. */
  readonly row?: boolean;
  readonly options?: Partial<ValidateOptions>;
}

const file = (select: string): Readonly<Record<string, string>> => ({ 'ns/0.parquet': select });

const CASES: readonly Case[] = [
  {
    check: 3,
    what: 'a file without namespace',
    files: { '0.parquet': DENSE(3), 'a/0.parquet': DENSE(3) },
    code: 'LAYOUT_NO_NAMESPACE',
  },
  {
    check: 3,
    what: 'too many files',
    files: { 'a/0.parquet': DENSE(3), 'a/1.parquet': DENSE(3) },
    code: 'LIMIT_FILES',
    options: { maxImportFiles: 1 },
  },
  {
    check: 3,
    what: 'a file too large',
    files: file(DENSE(3)),
    code: 'LIMIT_FILE_BYTES',
    options: { maxImportFileSize: 10 },
  },
  { check: 3, what: 'too many bytes', files: file(DENSE(3)), code: 'LIMIT_BYTES', options: { maxImportSize: 10 } },
  {
    check: 3,
    what: 'too many namespaces',
    files: { 'a/0.parquet': DENSE(3), 'b/0.parquet': DENSE(3) },
    code: 'LIMIT_NAMESPACES',
    options: { maxImportNamespaces: 1 },
  },
  { check: 3, what: 'a namespace of other letters', files: { 'ü/0.parquet': DENSE(3) }, code: 'NAMESPACE_NAME' },
  { check: 4, what: 'no id', files: file(from(`${VECTOR} AS "values"`)), code: 'SCHEMA_COLUMN_MISSING' },
  { check: 4, what: 'an id of numbers', files: file(from(`i AS id, ${VECTOR} AS "values"`)), code: 'SCHEMA_TYPE' },
  { check: 5, what: 'neither kind of vector', files: file(from(`${ID} AS id`)), code: 'SCHEMA_COLUMN_MISSING' },
  {
    check: 5,
    what: 'both kinds among files',
    files: { 'ns/0.parquet': DENSE(3), 'ns/1.parquet': from(`${ID} AS id, ${SPARSE} AS sparse_values`) },
    code: 'SCHEMA_KIND_MIXED',
  },
  {
    check: 6,
    what: 'a vector of whole numbers',
    files: file(from(`${ID} AS id, [1, 2] AS "values"`)),
    code: 'SCHEMA_TYPE',
  },
  {
    check: 6,
    what: 'a vector of doubles',
    files: file(from(`${ID} AS id, [i + 1, 2]::DOUBLE[] AS "values"`)),
    code: 'SCHEMA_TYPE_UNPROVEN',
    valid: true,
  },
  {
    check: 7,
    what: 'another size than the dimension',
    files: file(DENSE(ROWS)),
    code: 'VALUES_DIMENSION',
    options: { dimension: 4 },
  },
  {
    check: 8,
    what: 'a struct of more fields',
    files: file(from(`${ID} AS id, {'indices': [1]::UINTEGER[], 'values': [1]::FLOAT[], 'x': 1} AS sparse_values`)),
    code: 'SCHEMA_TYPE',
  },
  {
    check: 8,
    what: 'signed indices',
    files: file(from(`${ID} AS id, {'indices': [1], 'values': [1]::FLOAT[]} AS sparse_values`)),
    code: 'SCHEMA_TYPE_UNPROVEN',
    valid: true,
  },
  {
    check: 9,
    what: 'metadata as a struct',
    files: file(from(`${ID} AS id, ${VECTOR} AS "values", {'a': 1} AS metadata`)),
    code: 'SCHEMA_TYPE',
  },
  {
    check: 10,
    what: 'another column',
    files: file(from(`${ID} AS id, ${VECTOR} AS "values", i AS year`)),
    code: 'SCHEMA_COLUMN_EXTRA',
    valid: true,
  },
  { check: 11, what: 'a null id', files: file(DENSE(ROWS, late('NULL', ID))), code: 'ID_MISSING', row: true },
  { check: 11, what: 'an empty id', files: file(DENSE(ROWS, late(`''`, ID))), code: 'ID_EMPTY', row: true },
  {
    check: 11,
    what: 'a long id',
    files: file(DENSE(ROWS, late(`repeat('x', 513)`, ID))),
    code: 'ID_TOO_LONG',
    row: true,
  },
  {
    check: 11,
    what: 'an id that is not ASCII',
    files: file(DENSE(ROWS, late(`'ü'`, ID))),
    code: 'ID_CHARSET',
    row: true,
  },
  {
    check: 12,
    what: 'a null vector',
    files: file(DENSE(ROWS, ID, late('NULL', VECTOR))),
    code: 'VALUES_MISSING',
    row: true,
  },
  {
    check: 12,
    what: 'a null vector in a hybrid import',
    files: file(from(`${ID} AS id, ${late('NULL', VECTOR)} AS "values", ${SPARSE} AS sparse_values`)),
    code: 'VALUES_MISSING',
    row: true,
  },
  {
    check: 13,
    what: 'another length',
    files: file(DENSE(ROWS, ID, late('[1, 2]::FLOAT[]', VECTOR))),
    code: 'VALUES_DIMENSION',
    row: true,
  },
  {
    check: 14,
    what: 'a null in a vector',
    files: file(DENSE(ROWS, ID, late('[1, NULL, 3]::FLOAT[]', VECTOR))),
    code: 'VALUES_TYPE',
    row: true,
  },
  {
    check: 14,
    what: 'a NaN',
    files: file(DENSE(ROWS, ID, late(`[1, 'nan'::FLOAT, 3]::FLOAT[]`, VECTOR))),
    code: 'VALUES_NOT_FINITE',
    row: true,
  },
  {
    check: 14,
    what: 'an infinity',
    files: file(DENSE(ROWS, ID, late(`[1, '-inf'::FLOAT, 3]::FLOAT[]`, VECTOR))),
    code: 'VALUES_NOT_FINITE',
    row: true,
  },
  {
    check: 14,
    what: 'zeros only',
    files: file(DENSE(ROWS, ID, late('[0, 0, 0]::FLOAT[]', VECTOR))),
    code: 'VALUES_ALL_ZERO',
    row: true,
  },
  {
    check: 15,
    what: 'metadata of more than 40 KB',
    files: file(metadata(`{"a":"${'x'.repeat(40 * 1024)}"}`)),
    code: 'METADATA_TOO_LARGE',
    row: true,
  },
  { check: 16, what: 'metadata that is no JSON', files: file(metadata('{a}')), code: 'METADATA_NOT_OBJECT', row: true },
  { check: 16, what: 'metadata that is a list', files: file(metadata('[1]')), code: 'METADATA_NOT_OBJECT', row: true },
  {
    check: 16,
    what: 'half of a surrogate pair',
    files: file(metadata('{"a":"\\ud800"}')),
    code: 'METADATA_VALUE',
    row: true,
  },
  {
    check: 17,
    what: 'a value that is not allowed, beside one that is',
    files: file(metadata('{"a":1,"b":{}}')),
    code: 'METADATA_VALUE',
    row: true,
  },
  { check: 17, what: 'a key that begins with $', files: file(metadata('{"$a":1}')), code: 'METADATA_KEY', row: true },
  {
    check: 17,
    what: 'a key that occurs twice',
    files: file(metadata('{"a":1,"a":2}')),
    code: 'METADATA_DUPLICATE_KEY',
    row: true,
  },
];

/** The codes that a line of the table names, by its number. */
function tableOfDocs(): Map<number, readonly string[]> {
  const text = readFileSync(new URL('../../docs/validate.md', import.meta.url), 'utf8');
  const lines = [...text.matchAll(/^\| (\d+) +\|(.*)\|(.*)\|$/gm)];
  return new Map(
    lines.map(([, check, , ours]) => [
      Number(check),
      [...ours!.matchAll(/`([A-Z0-9]+(?:_[A-Z][A-Z0-9]*)+)`/g)].map((m) => m[1]!),
    ]),
  );
}

describe('the checks of pull request 638', () => {
  it.each(CASES)('$check: $what', async ({ check, files, code, valid = false, row, options }) => {
    const root = fresh();
    for (const [key, select] of Object.entries(files)) await writeParquet(join(root, key), select);
    const result = await report(root, options);
    expect(Object.keys(counted(result))).toContain(code);
    expect(result.valid).toBe(valid);
    for (const finding of result.findings) {
      expect(finding).toMatchObject({ expected: expect.any(String), got: expect.any(String) });
    }
    if (row === true) expect(result.findings).toMatchObject([{ code, row: LATE, file: 'ns/0.parquet' }]);
    // The layout's codes are in a table of their own.
    if (!code.startsWith('LAYOUT_')) expect(tableOfDocs().get(check)).toContain(code);
  });

  it('1: a file, in capitals or not, or all below the URI', async () => {
    const root = fresh();
    await writeParquet(join(root, 'ns/0.parquet'), DENSE(3));
    await writeParquet(join(root, 'ns/1.PARQUET'), DENSE(3, `'s' || i`));
    expect((await report(root)).files).toBe(2);
    expect(counted(await report(join(root, 'ns/1.PARQUET')))).toMatchObject({ LAYOUT_URI_IS_FILE: 1 });
  });

  it('2: nothing there, nothing of this kind there, no such bucket', async () => {
    const root = fresh();
    await expect(validate({ uri: root })).rejects.toMatchObject({ code: 'INPUT_NOT_FOUND' });
    await writeParquet(join(root, 'ns/0.parquet'), DENSE(1));
    writeFileSync(temp('note.txt'), 'x');
    expect(counted(await report(temp('.')))).not.toHaveProperty('LAYOUT_NO_FILES');
    const other = temp('texts');
    await writeParquet(join(other, 'ns/0.txt'), DENSE(1));
    expect(counted(await report(other))).toMatchObject({ LAYOUT_NO_FILES: 1 });
  });

  it('names codes that there are, for each of them', () => {
    const table = tableOfDocs();
    expect([...table.keys()]).toEqual(Array.from({ length: 17 }, (_, i) => i + 1));
    const known = new Set([...listRules().rules.map(({ code }) => code), ...Object.keys(CATALOGUE)]);
    for (const [check, codes] of table) {
      expect(codes.length, `check ${check}`).toBeGreaterThan(0);
      for (const code of codes) expect(known, `check ${check}`).toContain(code);
    }
  });
});
