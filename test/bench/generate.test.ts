import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const GENERATE = fileURLToPath(new URL('../../bench/generate.mjs', import.meta.url));
const SIZE = 300_000;

interface Facts {
  readonly path: string;
  readonly rows: number;
  readonly bytes: number;
  readonly textBytes: number;
  readonly namespaces: Readonly<Record<string, number>>;
}

let work: string;
const dirOf = (run: string): string => path.join(work, run, String(SIZE));
const read = (file: string): string => fs.readFileSync(path.join(dirOf('first'), file), 'utf8');
const facts = (file: string): Facts => JSON.parse(read(`${file}.facts.json`));
interface TestRecord {
  readonly id: string;
  readonly namespace: string;
  readonly sparse_values: { readonly indices: number[]; readonly values: number[] };
}
const records = (file: string): TestRecord[] =>
  read(file)
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));

beforeAll(() => {
  work = fs.mkdtempSync(path.join(os.tmpdir(), 'pineload-generate-'));
  for (const run of ['first', 'second']) {
    execFileSync(process.execPath, [GENERATE, '--size', String(SIZE), '--dir', path.join(work, run)]);
  }
});
afterAll(() => fs.rmSync(work, { recursive: true, force: true }));

describe('inputs of the benchmarks', () => {
  it('are the same bytes each time', () => {
    const files = fs.readdirSync(dirOf('first')).filter((name) => !name.endsWith('.facts.json'));
    expect(files).toHaveLength(8);
    for (const file of files) {
      const [one, two] = ['first', 'second'].map((run) => fs.readFileSync(path.join(dirOf(run), file)));
      expect(one.equals(two), file).toBe(true);
    }
  });

  it.each(['vectors-17.jsonl', 'vectors-8.jsonl', 'words.jsonl', 'sparse.jsonl', 'namespaces.jsonl'])(
    '%s holds what its facts say, under distinct ids',
    (file) => {
      const all = records(file);
      const { rows, bytes, textBytes, namespaces } = facts(file);
      expect(all).toHaveLength(rows);
      expect(new Set(all.map(({ id }) => id)).size).toBe(rows);
      expect(bytes).toBe(fs.statSync(path.join(dirOf('first'), file)).size);
      expect(textBytes).toBe(bytes);
      expect(bytes).toBeGreaterThanOrEqual(SIZE);
      const counted: Record<string, number> = {};
      for (const { namespace } of all) counted[namespace] = (counted[namespace] ?? 0) + 1;
      expect(namespaces).toEqual(counted);
    },
  );

  it.each([
    ['vectors-17.jsonl', 15, 17],
    ['vectors-8.jsonl', 6, 8],
  ])('%s has floats of about so many digits: %d to %d', (file, least, most) => {
    const numbers = /"values":\[([^\]]*)\]/.exec(read(file))![1].split(',');
    expect(numbers).toHaveLength(1536);
    const digits = numbers.map(
      (text) =>
        text
          .replace(/e.*$/, '')
          .replace(/^-?0?\.?0*/, '')
          .replace('.', '').length,
    );
    expect(Math.max(...digits)).toBe(most);
    expect(digits.filter((count) => count >= least).length / 1536).toBeGreaterThan(0.9);
  });

  it('sparse.jsonl has 120 ascending indices and as many values', () => {
    for (const { sparse_values: sparse } of records('sparse.jsonl')) {
      expect(sparse.values).toHaveLength(120);
      expect(sparse.indices).toHaveLength(120);
      expect(sparse.indices.every((index: number, i: number) => i === 0 || index > sparse.indices[i - 1])).toBe(true);
    }
  });

  it('words.jsonl repeats the numbers of the example letter for letter', () => {
    const example = fs.readFileSync(new URL('../../examples/words-100d.jsonl', import.meta.url), 'utf8').split('\n')[0];
    const vector = (line: string): string => /"values":\[[^\]]*\]/.exec(line)![0];
    expect(vector(read('words.jsonl'))).toBe(vector(example));
  });

  it.each([
    ['vectors.csv', 1536],
    ['words.csv', 100],
  ])('%s has one vector of %d numbers in a cell of each line', (file, dimension) => {
    const [header, ...lines] = read(file).trimEnd().split('\n');
    expect(header).toMatch(/^id,namespace,values,/);
    expect(lines).toHaveLength(facts(file).rows);
    for (const line of lines) expect(JSON.parse(/"(\[[^"]*\])"/.exec(line)![1])).toHaveLength(dimension);
  });

  it('vectors-17.jsonl.gz is vectors-17.jsonl', () => {
    const packed = fs.readFileSync(path.join(dirOf('first'), 'vectors-17.jsonl.gz'));
    expect(gunzipSync(packed).toString()).toBe(read('vectors-17.jsonl'));
    expect(facts('vectors-17.jsonl.gz').textBytes).toBe(facts('vectors-17.jsonl').bytes);
  });
});

describe('inputs of a run that was stopped while it made them', () => {
  const RUN = fileURLToPath(new URL('../../bench/run.mjs', import.meta.url));
  const DATA = fileURLToPath(new URL('../../bench/data', import.meta.url));
  // Enough for a signal to come in between; nobody else asks for exactly this size.
  const BYTES = 40_000_003;

  it.each(['', '{"version":1,"kind":"jsonl-wo'])('are made again where the facts end as %j', (end) => {
    const dir = path.join(work, 'stopped');
    const make = (): unknown =>
      execFileSync(process.execPath, [GENERATE, '--size', String(SIZE), '--dir', dir, 'jsonl-words']);
    make();
    const file = path.join(dir, String(SIZE), 'words.jsonl');
    fs.writeFileSync(`${file}.facts.json`, end);
    fs.writeFileSync(file, '{"id"');
    make();
    expect(fs.readFileSync(file, 'utf8')).toBe(read('words.jsonl'));
  });

  it('are removed by the run that made them', async () => {
    const dir = path.join(DATA, String(BYTES));
    const args = [RUN, '--no-build', '--no-peers', '--only', 'jsonl-17', '--size', String(BYTES)];
    const child = spawn(process.execPath, args, { stdio: 'ignore' });
    const ended = once(child, 'exit');
    try {
      while (child.exitCode === null && !fs.existsSync(path.join(dir, 'vectors-17.jsonl'))) await pause(5);
      child.kill('SIGTERM');
      expect(await ended).toEqual([143, null]);
      expect(fs.existsSync(dir)).toBe(false);
    } finally {
      fs.rmSync(dir, { recursive: true, force: true });
    }
  });
});
