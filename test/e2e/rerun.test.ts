import { createHash } from 'node:crypto';
import { existsSync, readdirSync } from 'node:fs';
import { mkdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { runCli } from '../support/run-cli.js';
import { useTempDir } from '../support/temp-dir.js';

const temp = useTempDir();
const FILES = 6;
const ROWS = 1500;

/** Digest of every file under an import directory and of its manifest. */
async function fingerprint(dir: string): Promise<Record<string, string>> {
  const out: Record<string, string> = {};
  const sha = async (file: string): Promise<string> =>
    createHash('sha256')
      .update(await readFile(file))
      .digest('hex');
  for (const name of (readdirSync(dir, { recursive: true }) as string[]).sort()) {
    if (name.includes('.parquet')) out[name] = await sha(join(dir, name));
  }
  out.manifest = await sha(`${dir}.pineload/manifest.json`);
  return out;
}

const splits = ['--split-size', '1', '--file-size', '200kB', '--row-group-size', '64kB'];
const convert = (to: string, ...more: string[]): string[] => [
  'convert',
  temp('in'),
  '--to',
  temp(to),
  ...splits,
  ...more,
];

beforeAll(async () => {
  await mkdir(temp('in'));
  let seed = 1;
  const random = (): number => (seed = (seed * 48271) % 2147483647) / 2147483647;
  for (let file = 0; file < FILES; file++) {
    const lines = Array.from({ length: ROWS }, (_, row) =>
      JSON.stringify({
        id: `${file}-${row}`,
        values: Array.from({ length: 32 }, random),
        metadata: { row },
        namespace: `ns-${Math.floor(random() * 4)}`,
      }),
    );
    await writeFile(temp('in', `${file}.jsonl`), `${lines.join('\n')}\n`);
  }
  expect((await runCli(convert('clean'))).code).toBe(0);
});

describe('a run that is repeated', () => {
  it('does nothing again when all is there', async () => {
    const before = await fingerprint(temp('clean'));
    const again = await runCli(convert('clean'));
    expect(again.stderr).toContain('already holds exactly this conversion');
    expect(again.stdout).toContain('9,000');
    expect(again.code).toBe(0);
    expect(await fingerprint(temp('clean'))).toEqual(before);
  });

  it.each(['1', '2', '5'])('gives the same bytes with %s threads', async (workers) => {
    const result = await runCli(convert(`workers-${workers}`, '--workers', workers));
    expect(result.code, result.stderr).toBe(0);
    expect(await fingerprint(temp(`workers-${workers}`))).toEqual(await fingerprint(temp('clean')));
  });

  it('tells of a bad record with its line whichever thread reads it', async () => {
    const lines = Array.from({ length: 40_000 }, (_, i) => `{"id":"r${i}","values":[1,2,${i === 31_415 ? '"x"' : i}]}`);
    await writeFile(temp('threads.jsonl'), lines.join('\n'));
    const { code, stderr } = await runCli([
      'convert',
      temp('threads.jsonl'),
      '--to',
      temp('threads'),
      '--workers',
      '3',
    ]);
    expect(stderr).toContain('threads.jsonl:31416: id "r31415"');
    expect(code).toBe(3);
  });

  it('ends the same after kill -9 at any moment', async () => {
    const whole = await fingerprint(temp('clean'));
    let killed = 0;
    for (let i = 0; i < 8; i++) {
      const to = `killed-${i}`;
      const first = await runCli(convert(to), {
        onSpawn: (child) => void setTimeout(() => child.kill('SIGKILL'), 150 + i * 60),
      });
      // A kill may come when all is done but the process's own end: a manifest says that everything is there.
      if (existsSync(temp(`${to}.pineload`, 'manifest.json'))) expect(await fingerprint(temp(to))).toEqual(whole);
      else if (first.signal === 'SIGKILL') killed++;
      const second = await runCli(convert(to));
      expect(second.stderr).not.toContain('error');
      expect(second.code).toBe(0);
      expect(await fingerprint(temp(to))).toEqual(whole);
    }
    expect(killed).toBeGreaterThan(0);
  }, 120_000);

  it('goes on after SIGTERM, which ends with 143', async () => {
    const stopped = await runCli(convert('term', '--json'), {
      onSpawn: (child) =>
        child.stderr!.on('data', (bytes: Buffer) => {
          if (bytes.toString().includes('convert.progress')) child.kill('SIGTERM');
        }),
    });
    expect(stopped.code).toBe(143);
    expect(JSON.parse(stopped.stdout)).toMatchObject({ error: { code: 'ABORTED' } });
    const second = await runCli(convert('term'));
    expect(second.code).toBe(0);
    expect(await fingerprint(temp('term'))).toEqual(await fingerprint(temp('clean')));
  });

  it('refuses other options though nothing is finished yet, but not after records that were refused', async () => {
    const killed = await runCli(convert('frozen'), {
      onSpawn: (child) => {
        const timer = setInterval(() => {
          if (existsSync(temp('frozen.pineload', 'plan.json'))) child.kill('SIGKILL');
        }, 1);
        child.once('exit', () => clearInterval(timer));
      },
    });
    expect(killed.signal).toBe('SIGKILL');
    await rm(temp('frozen.pineload', 'journal'), { recursive: true, force: true });
    const other = await runCli(convert('frozen', '--namespace', 'x'));
    expect(other.stderr).toContain('[PLAN_DIFFERS]');
    expect(other.stderr).toContain('namespace');
    expect(other.code).toBe(4);

    await writeFile(temp('bad.jsonl'), '{"id":"a","values":[1,2]}\n{"id":"b","values":[1]}\n');
    const bad = ['convert', temp('bad.jsonl'), '--to', temp('mended')];
    expect((await runCli(bad)).code).toBe(3);
    const mended = await runCli([...bad, '--on-error', 'skip']);
    expect(mended.code, mended.stderr).toBe(0);
  });

  it('refuses to go on with other inputs or options, and names the difference', async () => {
    // A run with one finished split: the journal of a whole run without its manifest and later splits.
    expect((await runCli(convert('differs'))).code).toBe(0);
    await rm(temp('differs.pineload', 'manifest.json'));
    const other = await runCli(convert('differs', '--namespace', 'x'));
    expect(other.stderr).toContain('[PLAN_DIFFERS]');
    expect(other.stderr).toContain('namespace');
    expect(other.code).toBe(4);
    const replaced = await runCli(convert('differs', '--namespace', 'x', '--overwrite'));
    expect(replaced.code).toBe(0);
    expect(readdirSync(temp('differs'))).toContain('x');
    expect(Object.keys(await fingerprint(temp('differs'))).filter((name) => name.startsWith('ns-'))).toEqual([]);
  });

  it('does not overwrite a finished import of other inputs unless asked', async () => {
    await mkdir(temp('in2'));
    await writeFile(temp('in2', 'a.jsonl'), '{"id":"a","values":[1,2]}\n');
    expect((await runCli(['convert', temp('in2'), '--to', temp('over')])).code).toBe(0);
    await writeFile(temp('in2', 'a.jsonl'), '{"id":"b","values":[1,2]}\n');
    await utimes(temp('in2', 'a.jsonl'), 1, 1);
    const refused = await runCli(['convert', temp('in2'), '--to', temp('over')]);
    expect(refused.stderr).toContain('[TARGET_NOT_EMPTY]');
    expect(refused.stderr).toContain('--overwrite');
    expect(refused.code).toBe(4);
    expect((await runCli(['convert', temp('in2'), '--to', temp('over'), '--overwrite'])).code).toBe(0);
  });

  it('leaves Parquet files alone that it did not write', async () => {
    await mkdir(temp('foreign', 'ns'), { recursive: true });
    await writeFile(temp('foreign', 'ns', 'mine.parquet'), 'precious');
    for (const more of [[], ['--overwrite']]) {
      const { code, stderr } = await runCli(convert('foreign', ...more));
      expect(stderr).toContain('[TARGET_STRAY_FILES]');
      expect(code).toBe(4);
    }
    expect(await readFile(temp('foreign', 'ns', 'mine.parquet'), 'utf8')).toBe('precious');
  });

  it('finds a file missing from a finished conversion', async () => {
    expect((await runCli(convert('holes'))).code).toBe(0);
    const [file] = Object.keys(await fingerprint(temp('holes')));
    await rm(temp('holes', file));
    for (const args of [convert('holes'), ['upload', temp('holes'), '--to', temp('holes-up')]]) {
      const { code, stderr } = await runCli(args);
      expect(stderr).toContain(file);
      expect(code).not.toBe(0);
    }
  });

  it('stops at a corrupt state instead of guessing', async () => {
    expect((await runCli(convert('corrupt'))).code).toBe(0);
    await writeFile(temp('corrupt.pineload', 'manifest.json'), '{"format":');
    const { code, stderr } = await runCli(convert('corrupt'));
    expect(stderr).toContain('[STATE_CORRUPT]');
    expect(code).toBe(4);
  });
});
