import { readFile, truncate, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { cpuCount } from '../../src/base/machine.js';
import { runCli } from '../support/run-cli.js';
import { useTempDir } from '../support/temp-dir.js';

const temp = useTempDir();
const HOOK = fileURLToPath(new URL('../support/note-loaded.cjs', import.meta.url));
const WORDS = fileURLToPath(new URL('../../examples/words-100d.jsonl', import.meta.url));

interface Loaded {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly started: number;
  /** Packages of which something was loaded. */
  readonly packages: readonly string[];
  /** Own files. */
  readonly own: readonly string[];
}

async function loaded(
  name: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<Loaded> {
  const note = temp(`${name}.json`);
  const result = await runCli(args, { env: { ...env, NODE_OPTIONS: `--require=${HOOK}`, NOTE_LOADED: note } });
  const { started, files } = JSON.parse(await readFile(note, 'utf8')) as { started: number; files: string[] };
  const foreign = files.flatMap((file) => /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(file)?.[1] ?? []);
  const own = files.flatMap((file) => /\/dist\/(.*)/.exec(file)?.[1] ?? []);
  return { ...result, started, packages: [...new Set(foreign)], own };
}

describe('what is loaded', () => {
  it('to tell the version: nothing but the start', async () => {
    const { stdout, packages, own, started } = await loaded('version', ['--version']);
    expect(stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
    expect(packages).toEqual([]);
    expect(own.every((file) => /^(cli\/main|bundle\/(main|start|rolldown-runtime))[-.\w]*\.cjs$/.test(file))).toBe(
      true,
    );
    expect(started).toBe(0);
  });

  it('to convert: no package but the one for arguments, and nothing that reads Parquet', async () => {
    const run = await loaded('convert', ['convert', WORDS, '--to', temp('words')]);
    expect(run.code, run.stderr).toBe(0);
    expect(run.packages).toEqual(['commander']);
    expect(run.own.filter((file) => /decode|read-parquet|zstd/.test(file))).toEqual([]);
    // The check can fail: who converts Parquet loads it.
    const again = await loaded('parquet', ['convert', temp('words'), '--to', temp('again')]);
    expect(again.code, again.stderr).toBe(0);
    expect(again.own.filter((file) => /decode/.test(file))).not.toEqual([]);
  });

  it('without a warning, from a folder that is not below node_modules', async () => {
    for (const args of [['run', WORDS, '--to', temp('run'), '--rehearse'], ['validate', temp('run')], ['rules']]) {
      const { code, stderr } = await runCli(args, { env: { NODE_OPTIONS: '--pending-deprecation' } });
      expect(code, stderr).toBe(0);
      expect(stderr).not.toMatch(/warning:|ExperimentalWarning|DeprecationWarning/i);
    }
  });
});

describe('a command that never comes to its end', () => {
  it('is an error, not a success', async () => {
    const hook = fileURLToPath(new URL('../support/never-stat.cjs', import.meta.url));
    const args = ['convert', WORDS, '--to', temp('never')];
    const run = await runCli(args, { env: { NODE_OPTIONS: `--require=${hook}` } });
    expect(run.code).toBe(1);
    expect(run.stderr).toContain('the command stopped before its end');
  });
});

// With one CPU there are none by default.
describe.skipIf(cpuCount() < 2)('threads', () => {
  it.each([
    ['one for a small file', [], {}, 1],
    ['none where one worker is asked for', ['--workers', '1'], {}, 0],
    ['… by a variable', [], { PINELOAD_WORKERS: '1' }, 0],
    ['one where the memory is stated', ['--max-memory', '512MB'], {}, 1],
  ])('%s', async (name, flags, env, started) => {
    const to = temp(name.replaceAll(/\W/g, ''));
    const run = await loaded(`threads${started}`, ['convert', WORDS, '--to', to, ...flags], env);
    expect(run.code, run.stderr).toBe(0);
    expect(run.started).toBe(started);
  });

  it('two for a large file, which end with the process where the command fails', async () => {
    // A hole: many zeros, no record.
    await writeFile(temp('large.jsonl'), '');
    await truncate(temp('large.jsonl'), 32 * 1024 * 1024);
    const failed = await loaded('failed', ['convert', temp('large.jsonl'), '--to', temp('failed')]);
    expect(failed.code).toBe(3);
    expect(failed.started).toBe(2);
    const usage = await loaded('usage', ['convert', temp('large.jsonl'), '--nonsense']);
    expect(usage.code).toBe(2);
    expect(usage.started).toBe(2);
  });
});
