import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { runCli } from '../support/run-cli.js';
import { useTempDir } from '../support/temp-dir.js';
import { DENSE, writeParquet } from '../validate/support.js';

const temp = useTempDir();

describe('pineload validate', () => {
  it('takes what convert writes: dense, sparse and hybrid', async () => {
    const kinds: [string, (i: number) => object][] = [
      ['dense', (i) => ({ id: `r${i}`, values: [i + 1, 0.5, -1], metadata: { n: i }, namespace: `n${i % 3}` })],
      ['sparse', (i) => ({ id: `r${i}`, sparse_values: { indices: [i, 4294967295], values: [1, 2] } })],
      [
        'hybrid',
        (i) => ({ id: `r${i}`, values: [1, i], ...(i % 2 ? { sparse_values: { indices: [i], values: [1] } } : {}) }),
      ],
    ];
    for (const [kind, record] of kinds) {
      const input = temp(`${kind}.jsonl`);
      writeFileSync(input, Array.from({ length: 2000 }, (_, i) => `${JSON.stringify(record(i))}\n`).join(''));
      expect((await runCli(['convert', input, '--to', temp(kind), '--quiet'])).code).toBe(0);
      const { code, stdout } = await runCli(['validate', temp(kind), '--json']);
      expect(code).toBe(0);
      expect(JSON.parse(stdout)).toMatchObject({
        valid: true,
        kind,
        records: 2000,
        recordsChecked: 2000,
        rejected: 0,
        counts: [],
      });
    }
  });

  it('exits with 3 for bad data, with 4 where there is nothing, with 2 for a wrong option', async () => {
    await writeParquet(temp('bad/ns/0.parquet'), DENSE(20, `CASE WHEN i = 4 THEN '' ELSE chr(27) || i END`));
    const bad = await runCli(['validate', temp('bad'), '--html', temp('bad.html')]);
    expect(bad.code).toBe(3);
    expect(bad.stdout).toContain('Not valid: ');
    expect(bad.stdout).toContain('ns/0.parquet, row 4');
    expect(bad.stdout + bad.stderr).not.toContain('\u001b');
    expect(readFileSync(temp('bad.html'), 'utf8')).toContain('ID_EMPTY');
    expect((await runCli(['validate', temp('nothing')])).code).toBe(4);
    expect((await runCli(['validate', temp('bad'), '--sample', '0'])).code).toBe(2);
  });

  it('as a sample of the first rows', async () => {
    await writeParquet(temp('late/ns/0.parquet'), DENSE(20, `CASE WHEN i = 15 THEN '' ELSE 'r' || i END`));
    expect((await runCli(['validate', temp('late'), '--sample', '10'])).stdout).toContain(
      'No error in the rows that were looked at',
    );
    expect((await runCli(['validate', temp('late')])).code).toBe(3);
  });
});

describe('pineload inspect', () => {
  it('shows schema, row groups, ranges and first records, as text and as JSON', async () => {
    await writeParquet(temp('in/ns/0.parquet'), DENSE(300), 'COMPRESSION zstd');
    const text = await runCli(['inspect', temp('in')]);
    expect(text.code).toBe(0);
    for (const part of [
      '"values": LIST<FLOAT> optional',
      'ZSTD',
      '300 rows',
      'dimension 3',
      'row 0: id "r0"',
      'values [1, 0.5, 0] (3)',
    ]) {
      expect(text.stdout).toContain(part);
    }
    const { stdout } = await runCli([
      'inspect',
      temp('in/ns/0.parquet'),
      '--json',
      '--records',
      '1',
      '--sample',
      '100',
    ]);
    const json = JSON.parse(stdout) as Record<string, unknown>;
    expect(json).toMatchObject({ rows: 300, measuredRows: 100, values: { min: -99, max: 100 }, metadataNulls: 0 });
    expect(json.records).toEqual([
      { row: 0, id: 'r0', values: { length: 3, first: [1, 0.5, 0] }, metadata: '{"n":0}' },
    ]);
  });

  it('shows no name of a file or directory as it is where a terminal would obey it', async () => {
    await writeParquet(temp('in/\u001b[31mred/0.parquet'), DENSE(2));
    for (const uri of [temp('in/\u001b[31mred'), temp('in/\u001b[31mred/0.parquet')]) {
      const { code, stdout, stderr } = await runCli(['inspect', uri]);
      expect(code).toBe(0);
      expect(stdout).toContain('\\u001b[31mred/0.parquet');
      expect(stdout + stderr).not.toContain('\u001b');
    }
  });

  it('a file of other columns, and one that is no Parquet', async () => {
    await writeParquet(temp('other.parquet'), `SELECT i AS x, '${'\u001b'}[2J' AS y FROM range(5) t(i)`);
    const other = await runCli(['inspect', temp('other.parquet')]);
    expect(other.code).toBe(0);
    expect(other.stdout).toContain('No records are shown');
    mkdirSync(temp('text'), { recursive: true });
    writeFileSync(join(temp('text'), 'a.parquet'), 'this is no Parquet at all');
    const text = await runCli(['inspect', temp('text/a.parquet')]);
    expect(text.code).toBe(3);
    expect(text.stderr).toContain('PARQUET_CORRUPT');
  });
});
