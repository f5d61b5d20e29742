import { createReadStream, existsSync, readdirSync } from 'node:fs';
import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { duckdb } from '../support/duckdb.js';
import { runCli } from '../support/run-cli.js';
import { useTempDir } from '../support/temp-dir.js';

const WORDS = fileURLToPath(new URL('../../examples/words-100d.jsonl', import.meta.url));
const WORDS_CSV = fileURLToPath(new URL('../../examples/words-100d.csv', import.meta.url));
const temp = useTempDir();

interface Word {
  readonly id: string;
  readonly namespace: string;
  readonly values: number[];
  readonly metadata: Record<string, unknown>;
}

const words = (await readFile(WORDS, 'utf8'))
  .trimEnd()
  .split('\n')
  .map((line) => JSON.parse(line) as Word);

/** What DuckDB finds under a directory, by id. */
async function readBack(dir: string): Promise<Map<string, { namespace: string; values: number[]; metadata: string }>> {
  const rows = await duckdb(
    `SELECT id, "values", metadata, split_part(filename, '/', -2) AS namespace FROM read_parquet('${dir}/*/*.parquet', filename=true, hive_partitioning=false)`,
  );
  return new Map(rows.map((row) => [row.id as string, row as never]));
}

async function expectWords(dir: string): Promise<void> {
  const found = await readBack(dir);
  expect(found.size).toBe(words.length);
  for (const word of words) {
    const row = found.get(word.id)!;
    expect(row.namespace).toBe(word.namespace);
    expect(JSON.parse(row.metadata)).toEqual(word.metadata);
    // The sample's numbers are short, so that rounding through float64 is exact.
    expect(row.values.map(Number)).toEqual(word.values.map(Math.fround));
  }
}

describe('convert', () => {
  it('JSONL to one directory per namespace, read back by DuckDB', async () => {
    const { code, stdout, stderr } = await runCli(['convert', WORDS, '--to', temp('jsonl')]);
    expect(stderr).toContain('dense vectors, 100 dimensions');
    expect(stderr).toContain('Next: pineload upload');
    expect(stdout).toMatch(/words-a-f\s+717\s+1\s/);
    expect(stdout).toMatch(/all\s+2,000\s+5\s/);
    expect(code).toBe(0);
    await expectWords(temp('jsonl'));
    expect(readdirSync(temp('jsonl')).sort()).toEqual(['symbols', 'words-a-f', 'words-g-m', 'words-n-s', 'words-t-z']);
  });

  it('CSV to the same records', async () => {
    const { code, stderr } = await runCli(['convert', WORDS_CSV, '--to', temp('csv')]);
    expect(stderr).toContain('dense vectors, 100 dimensions');
    expect(code).toBe(0);
    const found = await readBack(temp('csv'));
    expect(found.size).toBe(words.length);
    for (const word of words) {
      const row = found.get(word.id)!;
      expect(row.values.map(Number)).toEqual(word.values.map(Math.fround));
      expect(JSON.parse(row.metadata)).toEqual(word.metadata);
    }
  });

  it.each([
    ['gz', (bytes: Buffer) => Buffer.concat([gzipSync(bytes.subarray(0, 700_000)), gzipSync(bytes.subarray(700_000))])],
    ['br', (bytes: Buffer) => brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 3 } })],
  ])('compressed input: .jsonl.%s', async (extension, compress) => {
    const file = temp(`words.jsonl.${extension}`);
    await writeFile(file, compress(await readFile(WORDS)));
    const { code } = await runCli(['convert', file, '--to', temp(extension)]);
    expect(code).toBe(0);
    await expectWords(temp(extension));
  });

  it('refuses a compressed input that is cut off, and leaves nothing that looks whole', async () => {
    const file = temp('cut.jsonl.gz');
    const whole = gzipSync(await readFile(WORDS));
    await writeFile(file, whole.subarray(0, whole.length - 1000));
    const { code, stderr } = await runCli(['convert', file, '--to', temp('cut')]);
    expect(stderr).toContain('cut.jsonl.gz');
    expect(stderr).toContain('[INPUT_CORRUPT]');
    expect(code).toBe(3);
    expect(existsSync(temp('cut.pineload', 'manifest.json'))).toBe(false);
  });

  it('standard input, and the result as JSON', async () => {
    const input = await readFile(WORDS);
    const { code, stdout, stderr } = await runCli(['convert', '-', '--to', temp('stdin'), '--json'], { input });
    expect(code).toBe(0);
    const result = JSON.parse(stdout);
    expect(result).toMatchObject({ kind: 'dense', dimension: 100, records: 2000, files: 5, rejected: 0 });
    const events = stderr
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(events.map((event) => event.event)).toContain('mapping');
    expect(events.every((event) => typeof event.time === 'string' && typeof event.level === 'string')).toBe(true);
    await expectWords(temp('stdin'));
  });

  it('globs and directories, with several files in one split', async () => {
    await mkdir(temp('many'));
    const lines = (await readFile(WORDS, 'utf8')).trimEnd().split('\n');
    for (let i = 0; i < 4; i++) {
      await writeFile(temp('many', `${i}.jsonl`), `${lines.slice(i * 500, (i + 1) * 500).join('\n')}\n`);
    }
    await copyFile(WORDS, temp('many', 'ignored.txt'));
    expect((await runCli(['convert', temp('many'), '--to', temp('from-dir')])).code).toBe(0);
    expect((await runCli(['convert', temp('many', '*.jsonl'), '--to', temp('from-glob')])).code).toBe(0);
    await expectWords(temp('from-dir'));
    const manifests = await Promise.all(
      ['jsonl', 'from-dir', 'from-glob'].map((name) => readFile(temp(`${name}.pineload`, 'manifest.json'), 'utf8')),
    );
    expect(manifests[1]).toBe(manifests[0]);
    expect(manifests[2]).toBe(manifests[0]);
  });

  it('an embedding batch result: nested paths, a namespace template, base64 vectors', async () => {
    const floats = new Float32Array([0.5, -1.25, 3e-8]);
    const others = new Float32Array([0.5, -1.25, 3e-7]);
    const base64 = Buffer.from(others.buffer).toString('base64');
    const line = (id: string, embedding: unknown): string =>
      JSON.stringify({
        id: 'batch_req',
        custom_id: id,
        response: { status_code: 200, body: { data: [{ embedding }] } },
        error: null,
      });
    await writeFile(temp('batch.jsonl'), `${line('doc-1', [0.5, -1.25, 3e-8])}\n${line('doc-2', base64)}\n`);
    const { code, stderr } = await runCli([
      'convert',
      temp('batch.jsonl'),
      '--to',
      temp('batch-{run}'),
      '--run-id',
      'r7',
      '--id-field',
      'custom_id',
      '--values-field',
      'response.body.data.0.embedding',
      '--namespace',
      'docs-{run}',
    ]);
    expect(stderr).toContain('left behind');
    expect(code).toBe(0);
    const found = await readBack(temp('batch-r7'));
    const expected: [string, Float32Array][] = [
      ['doc-1', floats],
      ['doc-2', others],
    ];
    for (const [id, values] of expected) {
      expect(found.get(id)).toMatchObject({ namespace: 'docs-r7', metadata: null });
      expect(found.get(id)!.values.map(Number)).toEqual([...values]);
    }
  });

  it('sparse and hybrid records, with the largest index', async () => {
    const sparse = { indices: [4294967295, 0, 7], values: [0.5, 1, -2] };
    await writeFile(temp('sparse.jsonl'), `${JSON.stringify({ id: 's', sparse_values: sparse })}\n`);
    await writeFile(
      temp('hybrid.jsonl'),
      `${JSON.stringify({ id: 'h1', values: [1, 2], sparseValues: sparse })}\n${JSON.stringify({ id: 'h2', values: [3, 4] })}\n`,
    );
    expect((await runCli(['convert', temp('sparse.jsonl'), '--to', temp('sparse')])).code).toBe(0);
    expect((await runCli(['convert', temp('hybrid.jsonl'), '--to', temp('hybrid')])).code).toBe(0);
    const [row] = await duckdb(`SELECT * FROM '${temp('sparse')}/__default__/*.parquet'`);
    expect(row).toEqual({
      id: 's',
      sparse_values: { indices: [4294967295, 0, 7], values: [0.5, 1, -2] },
      metadata: null,
    });
    expect(await duckdb(`SELECT id, sparse_values FROM '${temp('hybrid')}/__default__/*.parquet' ORDER BY id`)).toEqual(
      [
        { id: 'h1', sparse_values: { indices: [4294967295, 0, 7], values: [0.5, 1, -2] } },
        { id: 'h2', sparse_values: null },
      ],
    );
  });

  it('takes options from variables', async () => {
    const env = { PINELOAD_NAMESPACE: 'fixed', PINELOAD_OVERWRITE: 'false', PINELOAD_FILE_SIZE: '100kB' };
    const { code, stderr } = await runCli(['convert', WORDS, '--to', temp('env')], { env });
    expect(stderr).not.toContain('error');
    expect(code).toBe(0);
    expect(readdirSync(temp('env'))).toEqual(['fixed']);
    const again = await runCli(['convert', WORDS_CSV, '--to', temp('env')], { env });
    expect(again.stderr).toContain('[TARGET_NOT_EMPTY]');
    expect(again.code).toBe(4);
  });

  it('gives the same bytes for a stream as for a file', async () => {
    const chunks: Buffer[] = [];
    for await (const chunk of createReadStream(WORDS)) chunks.push(chunk as Buffer);
    expect((await runCli(['convert', '-', '--to', temp('again')], { input: Buffer.concat(chunks) })).code).toBe(0);
    const read = (name: string): Promise<string> => readFile(temp(`${name}.pineload`, 'manifest.json'), 'utf8');
    expect(await read('again')).toBe(await read('jsonl'));
  });
});
