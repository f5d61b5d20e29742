import { createHash } from 'node:crypto';
import { existsSync, readdirSync } from 'node:fs';
import { mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { runCli, type CliResult } from '../support/run-cli.js';
import { duckdb } from '../support/duckdb.js';
import { useTempDir } from '../support/temp-dir.js';

const temp = useTempDir();
const FILES = 4;
const ROWS = 900;
/** Many processes, one after the other. */
const SLOW = 180_000;

interface Made {
  readonly id: string;
  readonly namespace: string;
  readonly values: readonly number[];
  readonly source: string;
  readonly line: number;
}

const records: Made[] = [];

/** Every file a split, and every split some files: `values` are small whole numbers, so many are the same. */
const CUT = ['--split-size', '1', '--file-size', '12kB', '--row-group-size', '4kB'];

const convert = (to: string, ...more: string[]): Promise<CliResult> =>
  runCli(['convert', temp('in'), '--to', temp(to), ...CUT, '--json', ...more]);

/** Every file of an import directory, the manifest and the rejects, by digest. */
async function digests(to: string): Promise<Record<string, string>> {
  const out: Record<string, string> = {};
  const add = async (name: string, file: string): Promise<void> => {
    out[name] = createHash('sha256')
      .update(await readFile(file))
      .digest('hex');
  };
  for (const name of (readdirSync(temp(to), { recursive: true }) as string[]).sort()) {
    if (name.endsWith('.parquet')) await add(name, join(temp(to), name));
  }
  await add('manifest', join(`${temp(to)}.pineload`, 'manifest.json'));
  const rejects = join(`${temp(to)}.pineload`, 'rejects.jsonl');
  if (existsSync(rejects)) await add('rejects', rejects);
  return out;
}

/** The splits of a plan, converted and not committed. */
async function splits(to: string, mode: string): Promise<void> {
  const planned = await runCli(['plan', temp('in'), '--to', temp(to), ...CUT, '--duplicates', mode]);
  expect(planned.code, planned.stderr).toBe(0);
  const converted = await runCli(['convert', '--plan', `${temp(to)}.pineload`]);
  expect(converted.code, converted.stderr).toBe(0);
}

function errorOf({ stderr }: CliResult): Record<string, unknown> {
  return (JSON.parse(stderr.trim().split('\n').at(-1)!) as { error: Record<string, unknown> }).error;
}

interface Expected {
  readonly kept: Set<string>;
  /** By place. */
  readonly dropped: Map<string, { readonly code: string; readonly of: string }>;
}

/** What two maps find. */
function oracle(keep: 'first' | 'last'): Expected {
  let left = keep === 'last' ? [...records].reverse() : records;
  const dropped: Expected['dropped'] = new Map();
  for (const [code, keyOf] of [
    ['DUPLICATE_ID', ({ namespace, id }: Made) => `${namespace} ${id}`],
    ['DUPLICATE_VECTOR', ({ namespace, values }: Made) => `${namespace} ${values.map((v) => v + 0).join()}`],
  ] as const) {
    const seen = new Map<string, Made>();
    left = left.filter((record) => {
      const kept = seen.get(keyOf(record));
      if (kept === undefined) seen.set(keyOf(record), record);
      else dropped.set(`${record.source}:${record.line}`, { code, of: `${kept.source}:${kept.line}` });
      return kept === undefined;
    });
  }
  return { kept: new Set(left.map(({ source, line }) => `${source}:${line}`)), dropped };
}

/** Where the records of an import directory came from, by their metadata. */
async function stored(to: string): Promise<string[]> {
  const rows = await duckdb(`SELECT metadata->>'at' AS at, id, values FROM read_parquet('${temp(to)}/*/*.parquet')`);
  return rows.map(({ at }) => String(at)).sort();
}

beforeAll(async () => {
  await mkdir(temp('in'));
  let seed = 7;
  const random = (n: number): number => (seed = (seed * 48271) % 2147483647) % n;
  for (let file = 0; file < FILES; file++) {
    const source = temp('in', `${file}.jsonl`);
    const lines: string[] = [];
    for (let row = 0; row < ROWS; row++) {
      // A line without a record here and there.
      if (random(50) === 0) lines.push('');
      const record = {
        id: `id-${random(9) === 0 ? random(300) : `${file}-${row}`}`,
        namespace: ['a', 'b', 'c'][random(3)]!,
        values: [random(3) === 0 ? random(30) : 1000 * file + row, random(2) === 0 ? 0 : -0, 1, 2],
      };
      records.push({ ...record, source, line: lines.length + 1 });
      const { values, ...rest } = record;
      const numbers = values.map((v) => (Object.is(v, -0) ? '-0.0' : String(v))).join(',');
      const text = JSON.stringify({ ...rest, metadata: { at: `${source}:${lines.length + 1}` } });
      lines.push(`${text.slice(0, -1)},"values":[${numbers}]}`);
    }
    await writeFile(source, `${lines.join('\n')}\n`);
  }
});

describe('convert --duplicates', () => {
  it('stops by default, names both records, and seals nothing', async () => {
    const { code, stderr } = await convert('error');
    expect(code).toBe(3);
    const error = JSON.parse(stderr.trim().split('\n').at(-1)!) as { error: Record<string, string> };
    expect(error.error).toMatchObject({ code: 'DUPLICATES_FOUND', exitCode: 3 });
    const { dropped } = oracle('first');
    const { code: rule, of } = dropped.get(`${error.error.source}:${error.error.line}`)!;
    expect(error.error).toMatchObject({ field: rule === 'DUPLICATE_ID' ? 'id' : 'values' });
    expect(error.error.got).toContain(`${of} (`);
    expect(error.error.got).toMatch(/part-\d+-\d+\.parquet row \d+.*part-\d+-\d+\.parquet row \d+/);
    expect(existsSync(`${temp('error')}.pineload/manifest.json`)).toBe(false);
  });

  it.each(['first', 'last'] as const)('keeps the %s of each, lists the others, and leaves no trace', async (keep) => {
    const { code, stderr, stdout } = await convert(keep, '--duplicates', keep);
    expect(code, stderr).toBe(0);
    const { kept, dropped } = oracle(keep);
    expect(await stored(keep)).toEqual([...kept].sort());
    const byCode = (code: string): number => [...dropped.values()].filter((one) => one.code === code).length;
    expect(JSON.parse(stdout)).toMatchObject({
      records: kept.size,
      rejected: dropped.size,
      rejectsByCode: { DUPLICATE_ID: byCode('DUPLICATE_ID'), DUPLICATE_VECTOR: byCode('DUPLICATE_VECTOR') },
    });
    const rejects = (await readFile(`${temp(keep)}.pineload/rejects.jsonl`, 'utf8'))
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, string>);
    const told = new Map(
      rejects.map(({ source, line, code, got }) => [`${source}:${line}`, { code, of: got!.replace('that of ', '') }]),
    );
    expect(told).toEqual(dropped);
    for (const { source, line, id, byteOffset } of rejects) {
      const text = await readFile(source!, 'utf8');
      expect(text.slice(Number(byteOffset))).toMatch(new RegExp(`^\\{"id":"${id}"`));
      expect(text.slice(0, Number(byteOffset)).split('\n').length).toBe(Number(line));
    }
    const state = readdirSync(`${temp(keep)}.pineload`, { recursive: true }) as string[];
    expect(state.filter((name) => /fingerprints.|\.bin$|\.parquet$/.test(name))).toEqual([]);
  });

  it('goes on from what an error left, without converting again, and ends as if it had been told at once', async () => {
    const journal = `${temp('error')}.pineload/journal/split-00000.json`;
    const before = (await stat(journal)).mtimeMs;
    expect((await convert('error', '--duplicates', 'first')).code).toBe(0);
    expect((await stat(journal)).mtimeMs).toBe(before);
    expect(await digests('error')).toEqual(await digests('first'));
    // It is done for this mode, and for no other.
    expect((await convert('error', '--duplicates', 'first')).stderr).toContain('already holds exactly this conversion');
    expect((await convert('error', '--duplicates', 'last')).code).toBe(4);
    expect((await convert('error')).code).toBe(4);
  });

  it('tells lines of the whole file where it is read in ranges', async () => {
    const lines = Array.from({ length: 30_000 }, (_, i) =>
      JSON.stringify({ id: `r-${i === 24_999 ? 99 : i}`, values: [i, 0.5, 1, 2], metadata: { text: 'x'.repeat(60) } }),
    );
    await writeFile(temp('ranges.jsonl'), `${lines.join('\n')}\n`);
    const args = ['convert', temp('ranges.jsonl'), '--to', temp('ranges'), '--split-size', '1MiB', '--json'];
    const { code, stderr } = await runCli(args);
    expect(code).toBe(3);
    expect(stderr).toMatch(/"splits":[3-9]/);
    const { error } = JSON.parse(stderr.trim().split('\n').at(-1)!) as { error: Record<string, unknown> };
    expect(error).toMatchObject({ code: 'DUPLICATES_FOUND', line: 25_000, id: 'r-99', field: 'id' });
    expect(error.got).toContain('ranges.jsonl:100 (');
  });

  it('warns with counts, and changes nothing', async () => {
    const { code, stderr } = await convert('warn', '--duplicates', 'warn');
    expect(code).toBe(0);
    const { dropped } = oracle('first');
    const ids = [...dropped.values()].filter(({ code }) => code === 'DUPLICATE_ID').length;
    expect(stderr).toContain(`${ids} records with an id that another one has`);
    expect(stderr).toContain(`${dropped.size - ids} records with a vector that another one has`);
    expect((await stored('warn')).length).toBe(records.length);
    expect((await convert('allow', '--duplicates', 'allow')).code).toBe(0);
    expect(readdirSync(`${temp('allow')}.pineload`)).not.toContain('fingerprints');
    expect(await digests('allow')).toEqual(await digests('warn'));
  });

  it('gives the same bytes with other threads, less memory and other cuts of time', async () => {
    const whole = await digests('first');
    const small = await convert('small', '--duplicates', 'first', '--workers', '1', '--max-memory', '256MB');
    expect(small.code).toBe(0);
    expect(await digests('small')).toEqual(whole);
  });

  it(
    'ends the same when it is killed while files are written anew',
    async () => {
      const whole = await digests('first');
      for (let i = 0; i < 3; i++) {
        const to = `killed-${i}`;
        const decided = `${temp(to)}.pineload/journal/duplicates.json`;
        const { signal } = await runCli(['convert', temp('in'), '--to', temp(to), ...CUT, '--duplicates', 'first'], {
          onSpawn: (child) => {
            const timer = setInterval(() => {
              if (!existsSync(decided)) return;
              clearInterval(timer);
              setTimeout(() => child.kill('SIGKILL'), 15 * i);
            }, 1);
            child.on('exit', () => clearInterval(timer));
          },
        });
        const done = existsSync(`${temp(to)}.pineload/manifest.json`);
        if (!done) expect(signal).toBe('SIGKILL');
        // The decision stands: another mode is refused.
        if (!done) expect((await convert(to, '--duplicates', 'last')).code).toBe(4);
        const again = await convert(to, '--duplicates', 'first');
        expect(again.code, again.stderr).toBe(0);
        expect(await digests(to)).toEqual(whole);
        await rm(temp(to), { recursive: true });
      }
    },
    SLOW,
  );

  it(
    'finds them across shards, when they are committed, and again',
    async () => {
      const state = `${temp('shards')}.pineload/`;
      const args = ['plan', temp('in'), '--to', temp('shards'), ...CUT, '--duplicates', 'first'];
      const planned = await runCli(args);
      expect(planned.code, planned.stderr).toBe(0);
      for (const shard of ['0/2', '1/2']) {
        const done = await runCli(['convert', '--plan', state, '--shard', shard]);
        expect(done.code, done.stderr).toBe(0);
      }
      const refused = await runCli(['commit', '--plan', state, '--duplicates', 'error']);
      expect(refused.code).toBe(3);
      const committed = await runCli(['commit', '--plan', state]);
      expect(committed.code, committed.stderr).toBe(0);
      expect(await digests('shards')).toEqual(await digests('first'));
      const again = await runCli(['commit', '--plan', state]);
      expect(again.code, again.stderr).toBe(0);
      expect(await digests('shards')).toEqual(await digests('first'));
    },
    SLOW,
  );

  it.each([
    ['all shards of the merge', 'first', ['0/3', '1/3', '2/3']],
    ['one of them', 'last', ['1/3']],
    ['shards of two ways to cut it', 'first', ['0/2', '4/5', '1/5', '0/5']],
    ['a merge of one shard', 'last', ['0/1']],
  ] as const)(
    'ends in the same with %s, mode %s',
    async (name, mode, merges) => {
      const to = name.replaceAll(' ', '-');
      const state = `${temp(to)}.pineload`;
      await splits(to, mode);

      let ids = 0;
      let vectors = 0;
      for (const shard of merges) {
        const merged = await runCli(['duplicates', '--plan', state, '--shard', shard, '--json']);
        expect(merged.code, merged.stderr).toBe(0);
        const { candidates } = JSON.parse(merged.stdout) as { candidates: Record<string, number> };
        ids += candidates.ids!;
        vectors += candidates.vectors!;
      }
      expect(Math.min(ids, vectors)).toBeGreaterThan(0);
      // What a mode tells comes from the same candidates.
      const refused = await runCli(['commit', '--plan', state, '--duplicates', 'error', '--json']);
      if (!existsSync(temp('alone'))) await splits('alone', 'first');
      const without = await runCli([
        'commit',
        '--plan',
        `${temp('alone')}.pineload`,
        '--duplicates',
        'error',
        '--json',
      ]);
      expect(refused.code).toBe(3);
      expect(errorOf(refused)).toEqual(errorOf(without));

      const committed = await runCli(['commit', '--plan', state]);
      expect(committed.code, committed.stderr).toBe(0);
      expect(await digests(to)).toEqual(await digests(mode));
      expect((readdirSync(state, { recursive: true }) as string[]).filter((file) => file.endsWith('.bin'))).toEqual(
        (readdirSync(`${temp(mode)}.pineload`, { recursive: true }) as string[]).filter((file) =>
          file.endsWith('.bin'),
        ),
      );
      const late = await runCli(['duplicates', '--plan', state, '--shard', '0/3', '--json']);
      expect(JSON.parse(late.stdout)).toMatchObject({ skipped: 'sealed' });
    },
    SLOW,
  );

  it('takes no result of a shard that is not whole, and gives none before there are splits', async () => {
    const state = `${temp('cut')}.pineload`;
    const planned = await runCli(['plan', temp('in'), '--to', temp('cut'), ...CUT]);
    expect(planned.code, planned.stderr).toBe(0);
    const early = await runCli(['duplicates', '--plan', state, '--shard', '0/2']);
    expect(early.code).toBe(5);
    expect(early.stderr).toContain('[SPLITS_MISSING]');
    expect((await runCli(['convert', '--plan', state])).code).toBe(0);
    expect((await runCli(['duplicates', '--plan', state, '--shard', '0/2'])).code).toBe(0);
    const file = join(state, 'fingerprints', 'shared', '00000-of-00002-ids.bin');
    const bytes = await readFile(file);
    await writeFile(file, bytes.subarray(0, bytes.length - 4));
    const cut = await runCli(['commit', '--plan', state, '--duplicates', 'warn']);
    expect(cut.stderr).toContain('[STATE_CORRUPT]');
    await writeFile(file, bytes);
    expect((await runCli(['duplicates', '--plan', state, '--shard', '0/2000'])).stderr).toContain(
      'at most 1024 shards',
    );
  });

  it('knows what it does not: other words, and duplicates of a plan that allows them', async () => {
    const wrong = await convert('wrong', '--duplicates', 'some');
    expect(wrong.code).toBe(2);
    const sealed = await convert('allow', '--duplicates', 'first');
    expect(sealed.code).toBe(4);
    expect((await convert('allow', '--duplicates', 'first', '--overwrite')).code).toBe(0);
    expect(await digests('allow')).toEqual(await digests('first'));
  });
});

describe('validate', () => {
  it('finds the same in the files of a conversion, whoever wrote them', async () => {
    const found = await runCli(['validate', temp('warn'), '--json', '--max-memory', '256MB']);
    expect(found.code, found.stderr).toBe(3);
    const report = JSON.parse(found.stdout) as {
      counts: { code: string; count: number }[];
      findings: { code: string; got: string }[];
    };
    const { dropped } = oracle('first');
    const count = (code: string): number => [...dropped.values()].filter((one) => one.code === code).length;
    const counts = Object.fromEntries(report.counts.map(({ code, count: n }) => [code, n]));
    // Order is that of files and rows, not of the input: how many are the same may differ only where ids repeat.
    expect(counts.DUPLICATE_ID).toBe(count('DUPLICATE_ID'));
    expect(counts.DUPLICATE_VECTOR).toBe(count('DUPLICATE_VECTOR'));
    expect(report.findings.find(({ code }) => code === 'DUPLICATE_ID')!.got).toMatch(/^that of .*parquet, row \d+/);
    const allowed = await runCli(['validate', temp('warn'), '--duplicates', 'allow']);
    expect(allowed.code).toBe(0);
    const warned = await runCli(['validate', temp('warn'), '--duplicates', 'warn', '--json']);
    expect(warned.code).toBe(0);
    expect(warned.stdout).toContain('DUPLICATE_VECTOR');
    expect((await runCli(['validate', temp('first')])).code).toBe(0);
  });
});

describe('convert --duplicates of one split', () => {
  const convertWhole = (to: string, ...more: string[]): Promise<CliResult> =>
    runCli(['convert', temp('in'), '--to', temp(to), '--json', ...more]);

  it.each(['first', 'last'] as const)('keeps the %s of each, and lists the others', async (keep) => {
    const { code, stderr } = await convertWhole(`whole-${keep}`, '--duplicates', keep);
    expect(code, stderr).toBe(0);
    expect(stderr).toContain('"splits":1,');
    const { kept, dropped } = oracle(keep);
    expect(await stored(`whole-${keep}`)).toEqual([...kept].sort());
    const rejects = await readFile(`${temp(`whole-${keep}`)}.pineload/rejects.jsonl`, 'utf8');
    const told = rejects
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, string>)
      .map(({ source, line, code, got }) => [`${source}:${line}`, { code, of: got!.replace('that of ', '') }] as const);
    expect(new Map(told)).toEqual(dropped);
  });

  const ROWS_OF_MANY = 70_000;
  const manyRows = (): string[] =>
    Array.from({ length: ROWS_OF_MANY }, (_, i) => `{"id":"r${i}","namespace":"n${i % 3}","values":[${i},1]}`);

  it.each([
    ['an id in the first row and the last', 0, 69_999, 'id', '{"id":"r0","namespace":"n0","values":[9e6,1]}'],
    ['a vector in rows next to each other', 40_000, 40_001, 'values', '{"id":"x","namespace":"n1","values":[4e4,1.0]}'],
    ['an id on both sides of a block', 16_383, 16_384, 'id', '{"id":"r16383","namespace":"n0","values":[-1,1]}'],
    ['a vector far apart', 3, 66_000, 'values', '{"id":"y","namespace":"n0","values":[3,1e0]}'],
  ])(
    'finds %s among many',
    async (name, first, second, field, text) => {
      const lines = manyRows();
      lines[second] = text;
      const file = temp(`${name.replaceAll(' ', '-')}.jsonl`);
      await writeFile(file, `${lines.join('\n')}\n`);
      for (const workers of ['1', '2']) {
        const { code, stderr } = await runCli(['convert', file, '--to', temp('many'), '--workers', workers, '--json']);
        expect(code).toBe(3);
        const { error } = JSON.parse(stderr.trim().split('\n').at(-1)!) as { error: Record<string, unknown> };
        expect(error).toMatchObject({ code: 'DUPLICATES_FOUND', line: second + 1, field });
        expect(error.got).toContain(`.jsonl:${first + 1} (`);
        await rm(temp('many'), { recursive: true });
        await rm(`${temp('many')}.pineload`, { recursive: true });
      }
    },
    SLOW,
  );

  it('leaves no more than a note where all records differ, which is taken for no other conversion', async () => {
    await writeFile(temp('many.jsonl'), `${manyRows().join('\n')}\n`);
    const plan = `${temp('note')}.pineload`;
    const planned = await runCli(['plan', temp('many.jsonl'), '--to', temp('note')]);
    expect(planned.code, planned.stderr).toBe(0);
    const converted = await runCli(['convert', '--plan', plan]);
    expect(converted.code, converted.stderr).toBe(0);
    const note = await readFile(join(plan, 'fingerprints', 'split-00000.bin'));
    expect(note.length).toBeLessThan(200);
    const merged = await runCli(['duplicates', '--plan', plan, '--shard', '0/2', '--json']);
    expect(JSON.parse(merged.stdout)).toMatchObject({ candidates: { ids: 0, vectors: 0 } });

    // A split among others compares with them: there the note says too little.
    await splits('several', 'error');
    const several = `${temp('several')}.pineload`;
    const entry = JSON.parse(await readFile(join(several, 'journal', 'split-00000.json'), 'utf8')) as {
      records: number;
    };
    const forged = Buffer.from(note);
    forged.writeDoubleLE(entry.records, note.length - 32);
    await writeFile(join(several, 'fingerprints', 'split-00000.bin'), forged);
    const refused = await runCli(['commit', '--plan', several]);
    expect(refused.stderr).toContain('[STATE_CORRUPT]');

    const committed = await runCli(['commit', '--plan', plan, '--json']);
    expect(committed.code, committed.stderr).toBe(0);
    expect(JSON.parse(committed.stdout)).toMatchObject({ records: ROWS_OF_MANY });
  });
});
