import { execFile } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, it } from 'vitest';
import { runCli } from '../support/run-cli.js';
import { useTempDir } from '../support/temp-dir.js';

const temp = useTempDir();
const PYTHON = process.env.PINELOAD_TEST_PYTHON ?? 'python3';
const SCRIPT = fileURLToPath(new URL('read_with.py', import.meta.url));
const ROWS = 2500;

interface Row {
  readonly id: string;
  readonly metadata: string | null;
  readonly values?: string[] | null;
  readonly sparse?: { indices: number[]; values: string[] } | null;
}

/** Little-endian hex of the float32 nearest to a number that float64 holds exactly. */
function bits(value: number): string {
  const bytes = Buffer.alloc(4);
  bytes.writeFloatLE(value);
  return bytes.toString('hex');
}

const numberOf = ({ id }: Row): number => Number(id.split('-')[1]);

let seed = 7;
const random = (): number => (seed = (seed * 48271) % 2147483647) / 2147483647;

const SPECIAL = [0.1, -0, 1e-45, 3.4028234663852886e38, -1.1754943508222875e-38, 16777217, 1 / 3];
const METADATA = ['{"k": "ü \\u00fc \\"q\\"", "n": 1.0}', '{}', null, '{"tags":["a","b"],"ok":true}'];

/** Records of each kind as JSONL lines, and what a reader has to find. */
function records(kind: 'dense' | 'sparse' | 'hybrid'): { lines: string[]; rows: Row[] } {
  const lines: string[] = [];
  const rows: Row[] = [];
  for (let i = 0; i < ROWS; i++) {
    const values = Array.from({ length: 24 }, (_, j) =>
      j < SPECIAL.length && i % 3 === 0 ? SPECIAL[j] : random() - 0.5,
    );
    const indices = [...new Set([4294967295 - i, i, 2147483648 + i])].slice(0, 1 + (i % 3));
    const weights = indices.map(() => random());
    const metadata = METADATA[i % METADATA.length];
    const hasSparse = kind === 'sparse' || (kind === 'hybrid' && i % 4 !== 1);
    const fields = [`"id":"${kind}-${i}"`];
    if (kind !== 'sparse')
      fields.push(`"values":[${values.map((v) => (Object.is(v, -0) ? '-0' : String(v))).join(',')}]`);
    if (hasSparse) fields.push(`"sparse_values":{"indices":[${indices.join(',')}],"values":[${weights.join(',')}]}`);
    if (metadata !== null) fields.push(`"metadata":${metadata}`);
    lines.push(`{${fields.join(',')}}`);
    rows.push({
      id: `${kind}-${i}`,
      metadata,
      ...(kind === 'sparse' ? {} : { values: values.map(bits) }),
      ...(kind === 'dense' ? {} : { sparse: hasSparse ? { indices, values: weights.map(bits) } : null }),
    });
  }
  return { lines, rows };
}

const kinds = ['dense', 'sparse', 'hybrid'] as const;
const expected = new Map<string, Row[]>();

beforeAll(async () => {
  for (const kind of kinds) {
    const { lines, rows } = records(kind);
    expected.set(kind, rows);
    await writeFile(temp(`${kind}.jsonl`), lines.join('\n'));
    const result = await runCli([
      'convert',
      temp(`${kind}.jsonl`),
      '--to',
      temp(kind),
      '--vector-type',
      kind,
      '--row-group-size',
      '20kB',
      '--file-size',
      '40kB',
    ]);
    expect(result.code, result.stderr).toBe(0);
  }
});

// fastparquet flattens a struct of lists to separate columns and shows unsigned numbers as signed, with any writer's file;
// so it is asked for dense files only.
const CASES = ['pyarrow', 'polars', 'duckdb', 'clickhouse', 'fastparquet'].flatMap((reader) =>
  kinds.filter((kind) => reader !== 'fastparquet' || kind === 'dense').map((kind) => [reader, kind] as const),
);

describe('independent readers', () => {
  it.each(CASES)('%s reads %s files exactly', async (reader, kind) => {
    const dir = temp(kind, '__default__');
    const files = readdirSync(dir).sort();
    expect(files.length).toBeGreaterThan(1);
    const { stdout } = await promisify(execFile)(PYTHON, [SCRIPT, reader, ...files.map((file) => `${dir}/${file}`)], {
      maxBuffer: 256 * 1024 * 1024,
    });
    const rows = JSON.parse(stdout) as Row[];
    // ClickHouse reads row groups in parallel and gives them in any order.
    if (reader === 'clickhouse') rows.sort((a, b) => numberOf(a) - numberOf(b));
    expect(rows.length).toBe(ROWS);
    expect(rows).toEqual(expected.get(kind));
  });
});
