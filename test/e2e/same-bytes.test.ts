import { createReadStream } from 'node:fs';
import { mkdir, readFile, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createHash } from 'node:crypto';
import { beforeAll, describe, expect, it } from 'vitest';
import { runCli } from '../support/run-cli.js';
import { useTempDir } from '../support/temp-dir.js';

// Everything that could depend on who reads what when, in one input: several splits, more namespaces than are gathered one by one, records
// over the borders of blocks, rejects of every kind of place, repeated ids, and so little memory that rows wait on disk.

const temp = useTempDir();
const NAMESPACES = 300;
const ROWS = 2500;
const DIMENSION = 160;

/** Digests of all that a conversion leaves: files, manifest, rejects. */
async function digests(to: string): Promise<Record<string, string>> {
  const out: Record<string, string> = {};
  const add = async (name: string, file: string): Promise<void> =>
    void (out[name] = createHash('sha256')
      .update(await readFile(file))
      .digest('hex'));
  for (const name of await readdir(temp(to), { recursive: true })) {
    if (name.endsWith('.parquet')) await add(name, temp(to, name));
  }
  for (const name of ['manifest.json', 'rejects.jsonl']) await add(name, join(temp(`${to}.pineload`), name));
  return out;
}

let seed = 7;
const random = (): number => (seed = (seed * 48271) % 2147483647) / 2147483647;

function line(file: number, row: number): string {
  const id = random() < 0.02 ? 'again' : `${file}-${row}`;
  const values = Array.from({ length: random() < 0.01 ? 3 : DIMENSION }, () => random() * 2 - 1);
  const namespace = `ns-${Math.floor(random() * NAMESPACES)}`;
  const metadata = random() < 0.3 ? undefined : { row, text: 'é"\\\n'.repeat(Math.floor(random() * 30)) };
  const text = JSON.stringify({ id, namespace, values, metadata });
  const what = random();
  if (what < 0.01) return text.slice(0, -1 - Math.floor(random() * 50));
  if (what < 0.02) return text.replace('[', '[01,');
  if (what < 0.03) return '';
  return what < 0.04 ? `${text}\r` : text;
}

const convert = (to: string, ...more: string[]): string[] => [
  ...['convert', temp('in'), '--to', temp(to), '--dimension', String(DIMENSION)],
  ...['--split-size', '1', '--row-group-size', '64kB', '--file-size', '100kB'],
  ...['--on-error', 'skip', '--duplicates', 'first', '--max-memory', '256MB', ...more],
];

beforeAll(async () => {
  await mkdir(temp('in'));
  for (let file = 0; file < 3; file++) {
    const lines = Array.from({ length: ROWS }, (_, row) => line(file, row));
    await writeFile(temp('in', `${file}.jsonl`), lines.join('\n') + (file === 1 ? '' : '\n'));
  }
  const { code, stderr } = await runCli(convert('one', '--workers', '1'));
  expect(code, stderr).toBe(0);
}, 120_000);

describe('the same bytes', () => {
  it('have in them what they are to show', async () => {
    const manifest = JSON.parse(await readFile(temp('one.pineload', 'manifest.json'), 'utf8')) as {
      records: number;
      namespaces: unknown[];
      rejectsByCode: Record<string, number>;
    };
    expect(manifest.namespaces).toHaveLength(NAMESPACES);
    expect(Object.keys(manifest.rejectsByCode).sort()).toStrictEqual([
      'DUPLICATE_ID',
      'JSON_SYNTAX',
      'VALUES_DIMENSION',
    ]);
    expect(manifest.records).toBeLessThan(3 * ROWS);
  });

  it.each(['2', '3', '5'])(
    'come from %s threads',
    async (workers) => {
      const { code, stderr } = await runCli(convert(`threads-${workers}`, '--workers', workers));
      expect(code, stderr).toBe(0);
      expect(await digests(`threads-${workers}`)).toStrictEqual(await digests('one'));
    },
    120_000,
  );

  it.each([1000, 300_000])(
    'come from a pipe that gives %d bytes at a time',
    async (bytes) => {
      const single = (to: string, input: string): string[] => [
        'convert',
        input,
        ...convert(to, '--split-size', '1GB').slice(2),
      ];
      const from = temp('in', '1.jsonl');
      const file = await runCli(single(`file-${bytes}`, from));
      expect(file.code, file.stderr).toBe(0);
      const piped = await runCli([...single(`pipe-${bytes}`, '-'), '--format', 'jsonl'], {
        stdin: createReadStream(from, { highWaterMark: bytes }),
      });
      expect(piped.code, piped.stderr).toBe(0);
      const files = (all: Record<string, string>): [string, string][] =>
        Object.entries(all).filter(([name]) => name.endsWith('.parquet'));
      expect(files(await digests(`pipe-${bytes}`))).toStrictEqual(files(await digests(`file-${bytes}`)));
    },
    120_000,
  );
});

describe('the same bytes of CSV', () => {
  // More than the blocks in which threads look for rows: cells that hold what looks like rows, one of them larger than a block, broken
  // rows, and a quote that is open at the end.
  const from = (name: string): string[] => [
    ...['--to', temp(name), '--on-error', 'skip', '--metadata-fields', 'text', '--row-group-size', '1MB', '--json'],
    ...['--namespace-field', 'namespace'],
  ];

  beforeAll(async () => {
    const rows = Array.from({ length: 9000 }, (_, i) => {
      const what = random();
      const text = what < 0.1 ? `\nx,y,z,1 2 3\n`.repeat(40) : what < 0.5 ? `é ""word"",\n` : 'plain';
      const vector = Array.from({ length: 160 }, () => random() * 2 - 1).join(', ');
      if (what > 0.995) return `r${i},bad"cell",n,"[${vector}]"`;
      return `r${i},"${i === 4000 ? 'x,y,z,1 2 3\n'.repeat(600_000) : text}",n${i % 5},"[${vector}]"`;
    });
    await writeFile(temp('in.csv'), `id,text,namespace,values\n${rows.join('\n')}\nopen,"${'x\n'.repeat(5000)}`);
    const { code, stderr } = await runCli(['convert', temp('in.csv'), ...from('csv-one'), '--workers', '1']);
    expect(code, stderr).toBe(0);
  }, 120_000);

  it.each(['2', '3', '5'])(
    'come from %s threads',
    async (workers) => {
      const { code, stderr } = await runCli([
        'convert',
        temp('in.csv'),
        ...from(`csv-${workers}`),
        '--workers',
        workers,
      ]);
      expect(code, stderr).toBe(0);
      expect(await digests(`csv-${workers}`)).toStrictEqual(await digests('csv-one'));
    },
    120_000,
  );

  it('come from a pipe, whose rows are cut before they are read', async () => {
    const args = ['convert', '-', '--format', 'csv', ...from('csv-pipe')];
    const { code, stderr } = await runCli(args, { stdin: createReadStream(temp('in.csv')) });
    expect(code, stderr).toBe(0);
    const [piped, file] = [await digests('csv-pipe'), await digests('csv-one')];
    expect(Object.keys(file).filter((name) => name.endsWith('.parquet'))).toHaveLength(5);
    for (const name of Object.keys(file)) if (name.endsWith('.parquet')) expect(piped[name], name).toBe(file[name]);
    const rejects = async (to: string): Promise<[number, string, string][]> =>
      (await readFile(temp(`${to}.pineload`, 'rejects.jsonl'), 'utf8'))
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line) as { line: number; code: string; got: string })
        .map(({ line, code, got }) => [line, code, got]);
    expect(await rejects('csv-pipe')).toStrictEqual(await rejects('csv-one'));
    const codes = new Set((await rejects('csv-one')).map(([, code]) => code));
    expect(codes).toStrictEqual(new Set(['CSV_SYNTAX', 'METADATA_TOO_LARGE']));
    expect((await rejects('csv-one')).at(-1)).toMatchObject([
      expect.any(Number),
      'CSV_SYNTAX',
      'the end of the input, 10006 bytes after the start of the row',
    ]);
  }, 120_000);
});
