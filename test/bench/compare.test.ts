import { execFileSync } from 'node:child_process';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { fileURLToPath } from 'node:url';
import { DuckDBInstance, type DuckDBConnection } from '@duckdb/node-api';
import { afterAll, beforeAll, expect, it } from 'vitest';

const COMPARE = fileURLToPath(new URL('../../bench/compare.mjs', import.meta.url));
const ROWS = 40;
const IDS = Array.from({ length: ROWS }, (_, i) => `v${i}`);
const COUNTS = { a: 20, b: 20 };

let work: string;
let connection: DuckDBConnection;

/** Records with vectors [i, 0.1, -0], half of them in each namespace; `value` and `where` bend the output. */
async function write(
  name: string,
  { value = '0.1', metadata = `'{"n": ' || i || ', "m": 1}'`, where = 'true' } = {},
): Promise<string> {
  const dir = path.join(work, name);
  await connection.run(`COPY (
    SELECT 'v' || i AS id, [i, ${value}, '-0'::FLOAT]::FLOAT[] AS "values", ${metadata} AS metadata,
      CASE WHEN i % 2 = 0 THEN 'a' ELSE 'b' END AS namespace
    FROM range(${ROWS}) t(i) WHERE ${where}) TO '${dir}' (FORMAT parquet, PARTITION_BY (namespace))`);
  return dir;
}

/** As pineload lays directories out. */
async function writeOurs(name: string): Promise<string> {
  const dir = await write(name);
  for (const namespace of ['a', 'b']) {
    fs.renameSync(path.join(dir, `namespace=${namespace}`), path.join(dir, namespace));
  }
  return dir;
}

function compare(job: object): { sampled: number; problems: string[] } {
  const file = path.join(work, 'job.json');
  fs.writeFileSync(file, JSON.stringify({ vectors: 'dense', layout: 'hive', counts: COUNTS, ids: IDS, ...job }));
  return JSON.parse(execFileSync(process.execPath, [COMPARE, file], { encoding: 'utf8' }));
}

let ours: string;

beforeAll(async () => {
  work = fs.mkdtempSync(path.join(os.tmpdir(), 'pineload-compare-'));
  connection = await (await DuckDBInstance.create(':memory:')).connect();
  ours = await writeOurs('ours');
});
afterAll(() => {
  connection.closeSync();
  fs.rmSync(work, { recursive: true, force: true });
});

it('finds nothing where both outputs hold the same, metadata written otherwise', async () => {
  const theirs = await write('same', { metadata: `'{"m":1,"n":' || i || '}'` });
  expect(compare({ ours, theirs })).toEqual({ sampled: ROWS, problems: [] });
});

it.each([
  ['a float one step away', { value: `CASE WHEN i = 7 THEN 0.10000001 ELSE 0.1 END` }, 'vectorBits of 1 of 40'],
  ['other metadata', { metadata: `'{"n": ' || i || ', "m": ' || (i // 39) || '}'` }, 'metadata of 39 of 40'],
  ['a missing record', { where: 'i <> 5' }, '1 namespaces with other counts (b: 19, not 20)'],
  ['a missing sampled id', { where: 'i <> 5' }, '1 of 40 sampled ids are missing (v5)'],
])('finds %s', async (name, bent, problem) => {
  const theirs = await write(name.replaceAll(' ', '-') + Math.random(), bent);
  expect(compare({ ours, theirs }).problems.join('\n')).toContain(problem);
});

it('holds an output alone against the counts of the input', () => {
  expect(compare({ ours }).problems).toEqual([]);
  expect(compare({ ours, counts: { a: 20, b: 20, c: 1 } }).problems).toHaveLength(1);
});
