import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { onFreePort, startServer, type ServerProcess } from '../support/process.js';
import { CLI, runCli, type CliResult } from '../support/run-cli.js';
import { useTempDir } from '../support/temp-dir.js';

const temp = useTempDir();
const SEED = Number(process.env['PINELOAD_TEST_SEED'] ?? Date.now() % 1e9);
const STOPS = [
  ['SIGTERM', 143],
  ['SIGINT', 130],
] as const;

/** mulberry32: small, and the same everywhere. */
let state = SEED;
function random(): number {
  state = (state + 0x6d2b79f5) | 0;
  let t = Math.imul(state ^ (state >>> 15), 1 | state);
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
  return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
}

let emulator: ServerProcess;
let control: string;

beforeAll(async () => {
  console.log(`PINELOAD_TEST_SEED=${SEED}`);
  const lines = Array.from({ length: 4000 }, (_, i) =>
    JSON.stringify({
      id: `r${i}`,
      values: Array.from({ length: 200 }, (_, j) => Math.sin(i * 200 + j)),
      namespace: `n${i % 7}`,
    }),
  );
  writeFileSync(temp('in.jsonl'), `${lines.join('\n')}\n`);
  emulator = await onFreePort((port) => {
    control = `http://127.0.0.1:${port}`;
    const args = [CLI, 'emulator', '--index', 'slow:200', '--port', String(port), '--import-ms', '60000', '--json'];
    return startServer(process.execPath, args, control);
  });
  expect((await runCli(['convert', temp('in.jsonl'), '--to', temp('whole')])).code).toBe(0);
});
afterAll(() => emulator.stop());

/** Every file below the directory but the job's own, with its digest. */
function filesIn(directory: string): Record<string, string> {
  return Object.fromEntries(
    readdirSync(directory, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
      .map((file) => [file.slice(directory.length + 1), createHash('sha256').update(readFileSync(file)).digest('hex')]),
  );
}

interface Case {
  readonly args: (to: string) => string[];
  /** It goes on without end: a moment after this many milliseconds is in the midst of it. */
  readonly endless?: number;
  /** What it writes is compared with what an undisturbed one wrote. */
  readonly compare?: string;
}

const CASES: Readonly<Record<string, Case>> = {
  convert: { args: (to) => ['convert', temp('in.jsonl'), '--to', `${to}/out`], compare: 'out' },
  upload: { args: (to) => ['upload', temp('whole'), '--to', `${to}/out`], compare: 'out' },
  run: { args: (to) => ['run', temp('in.jsonl'), '--to', `${to}/out`, '--rehearse'], compare: 'out' },
  commit: { args: () => ['commit', '--plan', `${temp('planned')}.pineload`, '--wait'], endless: 3000 },
  validate: { args: () => ['validate', temp('whole')] },
  'import watch': {
    args: () => ['import', 'watch', '--uri', temp('whole'), '--control-plane', control, '-i', 'slow', '--poll', '1'],
    endless: 3000,
  },
};

describe('a stop by signal at any moment', () => {
  beforeAll(async () => {
    const start = ['import', 'start', '--uri', temp('whole'), '--control-plane', control, '-i', 'slow'];
    const started = await runCli(start, { env: { PINECONE_API_KEY: 'any' } });
    expect(started.stderr).toContain('Started');
    // A plan that nobody works on: its commit waits.
    expect((await runCli(['plan', temp('in.jsonl'), '--to', temp('planned')])).code).toBe(0);
    expect(started.code).toBe(0);
  });

  it.each(Object.keys(CASES))(
    '%s',
    async (name) => {
      const { args, endless, compare } = CASES[name]!;
      const directory = (tag: string): string => temp(`${name.replace(' ', '-')}-${tag}`);
      const call = (to: string, kill?: readonly [NodeJS.Signals, number]): Promise<CliResult> =>
        runCli([...args(to), '--json', '--summary-file', `${to}.summary`, '--status-file', `${to}.status`], {
          env: { PINECONE_API_KEY: 'any' },
          onSpawn: (child) => {
            if (kill !== undefined) void sleep(kill[1]).then(() => child.kill(kill[0]));
          },
        });
      let duration = endless;
      if (duration === undefined) {
        const began = performance.now();
        const { code, stderr } = await call(directory('undisturbed'));
        expect(code, stderr).toBe(0);
        duration = performance.now() - began;
      }
      for (const [signal, code] of STOPS) {
        const to = directory(signal);
        let stopped = await call(to, [signal, Math.round((0.15 + 0.8 * random()) * duration)]);
        if (stopped.signal !== null && stopped.stdout === '') {
          // Before Node itself has started there is nobody who could listen; nothing was begun then either.
          expect(stopped.stderr).toBe('');
        } else {
          // Nor when it has taken its handlers down, after all is done and told.
          if (stopped.signal !== null) stopped = { ...stopped, code: 0 };
          expect([code, 0], stopped.stderr).toContain(stopped.code);
          const summary = JSON.parse(readFileSync(`${to}.summary`, 'utf8')) as Record<string, unknown>;
          expect(summary).toMatchObject({ command: name, exitCode: stopped.code, ok: stopped.code === 0 });
          const last = JSON.parse(stopped.stdout.trimEnd().split('\n').at(-1)!) as { error?: object };
          if (stopped.code === code) {
            expect(summary).toMatchObject({ state: 'stopped', signal, error: { code: 'ABORTED', exitCode: code } });
            expect(last.error).toMatchObject({ code: 'ABORTED', exitCode: code });
          }
        }
        if (compare === undefined) continue;
        const temporary = (files: object): string[] => Object.keys(files).filter((file) => file.endsWith('.tmp'));
        const before = (() => {
          try {
            return filesIn(`${to}/${compare}`);
          } catch {
            return {};
          }
        })();
        expect(temporary(before)).toEqual([]);
        const again = await call(to);
        expect(again.code, again.stderr).toBe(0);
        const whole = filesIn(join(directory('undisturbed'), compare));
        // What was there after the stop was finished: it is the same still.
        for (const [file, digest] of Object.entries(before)) expect(whole[file], file).toBe(digest);
        expect(filesIn(`${to}/${compare}`)).toEqual(whole);
        expect(filesIn(`${to}/${compare}.pineload`)['manifest.json']).toBe(
          filesIn(join(directory('undisturbed'), `${compare}.pineload`))['manifest.json'],
        );
      }
    },
    180_000,
  );

  it('leaves at once when the stop outlasts its grace, and tells the scheduler', async () => {
    const to = temp('grace');
    // Standard input that never ends keeps the command waiting for bytes.
    const child = spawn(
      process.execPath,
      [CLI, 'convert', '-', '--format', 'jsonl', '--to', to, '--stop-grace', '100ms', '--summary-file', `${to}.json`],
      { stdio: ['pipe', 'ignore', 'ignore'] },
    );
    const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
    while (!readdirSync(temp()).includes('grace.json')) await sleep(20);
    await sleep(300);
    child.kill('SIGTERM');
    expect(await ended).toBe(143);
    expect(JSON.parse(readFileSync(`${to}.json`, 'utf8'))).toMatchObject({ state: 'stopped', signal: 'SIGTERM' });
  });
});

describe('the summary of a command line that cannot be read', () => {
  it.each([
    ['an unknown flag', ['convert', 'a', '--to', 'b', '--no-such-flag'], 'convert'],
    ['a missing argument', ['import', 'start', '--index-name', 'x'], 'import start'],
    ['a value that is none', ['convert', 'a', '--to', 'b', '--on-error', 'maybe'], 'convert'],
  ])('%s', async (name, args, command) => {
    const file = temp(`${name}.json`);
    const flag = await runCli([...args, `--summary-file=${file}`, '--json']);
    expect(flag.code).toBe(2);
    const expected = { command, ok: false, state: 'failed', exitCode: 2, error: { code: 'USAGE' } };
    expect(JSON.parse(readFileSync(file, 'utf8'))).toMatchObject(expected);
    expect(JSON.parse(flag.stdout)).toMatchObject({ error: { code: 'USAGE', exitCode: 2 } });
    const variable = await runCli(args, { env: { PINELOAD_SUMMARY_FILE: `${file}2` } });
    expect(variable.code).toBe(2);
    expect(JSON.parse(readFileSync(`${file}2`, 'utf8'))).toMatchObject(expected);
  });
});

describe('status as a probe', () => {
  it('is fresh while the command works, gone stale after it was killed', async () => {
    const file = temp('probe.json');
    const env = { PINELOAD_STATUS_FILE: file };
    const none = await runCli(['status', '--max-age', '60s'], { env });
    expect(none.code).toBe(5);
    const child = spawn(process.execPath, [CLI, 'convert', '-', '--format', 'jsonl', '--to', temp('probed')], {
      stdio: ['pipe', 'ignore', 'ignore'],
      env: { ...process.env, ...env },
    });
    const ended = new Promise((resolve) => child.once('exit', resolve));
    while (!readdirSync(temp()).includes('probe.json')) await sleep(20);
    const fresh = await runCli(['status', '--max-age', '60s', '--json'], { env });
    expect(JSON.parse(fresh.stdout)).toMatchObject({ state: 'running', command: 'convert', pid: child.pid });
    expect(fresh.code).toBe(0);
    child.kill('SIGKILL');
    await ended;
    await sleep(1100);
    const stale = await runCli(['status', file, '--max-age', '1s', '--json']);
    expect(JSON.parse(stale.stdout)).toMatchObject({ error: { code: 'STATUS_STALE' } });
    expect(stale.code).toBe(5);
  });
});
