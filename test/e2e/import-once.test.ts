import { type ChildProcess } from 'node:child_process';
import { cp, writeFile } from 'node:fs/promises';
import { beforeAll, describe, expect, it, type TestContext } from 'vitest';
import { startEmulator, type Emulator } from '../../src/emulator/index.js';
import { openStore } from '../../src/uploaders/open-store.js';
import { runCli, type CliResult } from '../support/run-cli.js';
import { useTempDir } from '../support/temp-dir.js';

/** However a run is cut off, doubled or deceived, the service is asked for one import. */

const temp = useTempDir();
beforeAll(async () => {
  const lines = Array.from({ length: 60 }, (_, i) =>
    JSON.stringify({ id: `r${i}`, values: [i, 1, 0.5], namespace: `n${i % 3}`, metadata: { i } }),
  );
  await writeFile(temp('in.jsonl'), `${lines.join('\n')}\n`);
  expect((await runCli(['convert', temp('in.jsonl'), '--to', temp('ready')])).code).toBe(0);
});

/** Tests of this file run side by side: each has an emulator of its own. */
async function emulate(closeAfter: TestContext['onTestFinished']): Promise<{ emulator: Emulator; to: string[] }> {
  const emulator = await startEmulator({
    openStore: (uri) => openStore(uri),
    indexes: [{ name: 'i', dimension: 3 }],
    pendingMs: 60,
    importMs: 120,
    indexingMs: 60,
  });
  closeAfter(() => emulator.close());
  return { emulator, to: ['--index-name', 'i', '--control-plane', emulator.url, '--poll', '0.1'] };
}

async function readyDirectory(name: string): Promise<string> {
  await cp(temp('ready'), temp(name), { recursive: true });
  await cp(temp('ready.pineload'), temp(`${name}.pineload`), { recursive: true });
  return temp(name);
}

/** When a run is killed. */
interface Moment {
  readonly name: string;
  readonly faults?: Parameters<Emulator['setFaults']>[0];
  /** Resolves when it is time. */
  readonly when: (emulator: Emulator, child: ChildProcess) => Promise<void>;
}

const said =
  (event: string, thenMs = 0) =>
  (_: Emulator, child: ChildProcess) =>
    new Promise<void>((resolve) => {
      let text = '';
      child.stderr!.on('data', (bytes: Buffer) => {
        text += bytes.toString();
        if (text.includes(`"event":"${event}"`)) setTimeout(resolve, thenMs);
      });
    });
const until = (holds: (emulator: Emulator) => boolean) => async (emulator: Emulator) => {
  while (!holds(emulator)) await new Promise((resolve) => setTimeout(resolve, 2));
};
const received = (emulator: Emulator) => emulator.log().operations.startImport?.received ?? 0;
const start = { operation: 'startImport', kind: 'delay', delayMs: 400 } as const;

const MOMENTS: readonly Moment[] = [
  { name: 'when it has converted', when: said('convert.done') },
  { name: 'while it checks', when: said('convert.done', 30) },
  { name: 'somewhere before the start', when: said('convert.done', 60) },
  {
    name: 'before the service acts on the start, which it then does',
    faults: { rules: [{ ...start, when: 'before' }] },
    when: until((emulator) => received(emulator) > 0 || emulator.log().importsStarted > 0),
  },
  {
    name: 'after the service has acted, before it answers',
    faults: { rules: [{ ...start, when: 'after' }] },
    when: until((emulator) => emulator.log().importsStarted > 0),
  },
  {
    name: 'while the list lags and the answer is on its way',
    faults: { listLagMs: 1_500, rules: [{ ...start, when: 'after' }] },
    when: until((emulator) => emulator.log().importsStarted > 0),
  },
  { name: 'when it has the id', when: said('import.started') },
  { name: 'while the import runs', when: said('import.started', 120) },
  { name: 'while it verifies', when: said('import.done') },
];

describe.concurrent('run', () => {
  it.for(MOMENTS)(
    'killed $name and run again starts one import',
    async ({ name, faults, when }, { onTestFinished }) => {
      const { emulator, to } = await emulate(onTestFinished);
      if (faults !== undefined) emulator.setFaults(faults);
      const directory = temp(`killed ${name}`);
      const args = ['run', temp('in.jsonl'), '--to', directory, ...to, '--reconcile-window', '4', '--json'];
      const first = await runCli(args, {
        onSpawn: (child) => void when(emulator, child).then(() => child.kill('SIGKILL')),
      });
      expect(first.signal, `${name}: ${first.stderr}`).toBe('SIGKILL');
      let again = await runCli(args);
      if (again.code === 5) {
        // Killed between its claim and the start: nothing tells whether something began. It did not, and --retry says so.
        expect(again.stderr).toContain('IMPORT_MAYBE_STARTED');
        expect(emulator.log().importsStarted).toBe(0);
        again = await runCli([...args, '--retry']);
      }
      expect(again.code, again.stderr).toBe(0);
      expect(JSON.parse(again.stdout)).toMatchObject({ verified: true, receipt: { complete: true, records: 60 } });
      expect(emulator.log().importsStarted).toBe(1);
    },
  );

  it('twice at once, in the same directory, is one import', async ({ onTestFinished }) => {
    const { emulator, to } = await emulate(onTestFinished);
    const directory = await readyDirectory('doubled');
    const args = ['run', temp('in.jsonl'), '--to', directory, ...to, '--json'];
    const both = await Promise.all([runCli(args), runCli(args)]);
    expect(both.map(({ code }) => code)).toEqual([0, 0]);
    const ids = both.map(({ stdout }) => (JSON.parse(stdout) as { import: { id: string } }).import.id);
    expect(new Set(ids).size).toBe(1);
    expect(emulator.log().importsStarted).toBe(1);
  });
});

describe.concurrent('two starts at once', () => {
  // The service's list may show an import half a minute late; here all times are a fifteenth of that.
  const LAG = { listLagMs: 2_000 };
  const startArgs = (uri: string, to: readonly string[], seconds: number) => [
    ...['import', 'start', '--uri', uri, ...to, '--reconcile-window', String(seconds)],
  ];

  it('with a list that lags and an answer that is lost find the one import', async ({ onTestFinished }) => {
    const { emulator, to } = await emulate(onTestFinished);
    emulator.setFaults({ ...LAG, rules: [{ operation: 'startImport', kind: 'reset', when: 'after' }] });
    const uri = await readyDirectory('lagging');
    const args = startArgs(uri, to, 4);
    const results: CliResult[] = await Promise.all([runCli(args), runCli(args), runCli(args)]);
    expect(results.map(({ code, stderr }) => [code, code === 0 ? '' : stderr])).toEqual([
      [0, ''],
      [0, ''],
      [0, ''],
    ]);
    expect(new Set(results.map(({ stdout }) => stdout)).size).toBe(1);
    expect(emulator.log().importsStarted).toBe(1);
  });

  it('that do not see it in the window end with exit code 5 and start no second; later it is adopted', async ({
    onTestFinished,
  }) => {
    const { emulator, to } = await emulate(onTestFinished);
    emulator.setFaults({
      listLagMs: 4_000,
      rules: [{ operation: 'startImport', kind: 'status', status: 500, when: 'after' }],
    });
    const uri = await readyDirectory('unseen');
    const both = await Promise.all([runCli(startArgs(uri, to, 0.3)), runCli(startArgs(uri, to, 0.3))]);
    expect(both.map(({ code }) => code)).toEqual([5, 5]);
    for (const { stderr } of both) expect(stderr).toContain('[IMPORT_MAYBE_STARTED]');
    expect((await runCli(startArgs(uri, to, 6))).code).toBe(0);
    expect(emulator.log().importsStarted).toBe(1);
  });

  it('whose start was certainly refused may try again, and start one', async ({ onTestFinished }) => {
    const { emulator, to } = await emulate(onTestFinished);
    emulator.setFaults({ rules: [{ operation: 'startImport', kind: 'status', status: 400, when: 'before' }] });
    const uri = await readyDirectory('refused');
    expect((await runCli(startArgs(uri, to, 1))).code).toBe(4);
    expect((await runCli(startArgs(uri, to, 1))).code).toBe(0);
    expect(emulator.log().importsStarted).toBe(1);
  });

  it('of the same place under another manifest are a conflict, never a success', async ({ onTestFinished }) => {
    const { emulator, to } = await emulate(onTestFinished);
    const uri = await readyDirectory('other');
    expect((await runCli(startArgs(uri, to, 1))).code).toBe(0);
    const more = '{"id":"more","values":[1,2,3],"namespace":"n9"}\n';
    await writeFile(temp('more.jsonl'), more);
    expect((await runCli(['convert', temp('more.jsonl'), '--to', uri, '--overwrite'])).code).toBe(0);
    const conflict = await runCli(startArgs(uri, to, 1));
    expect(conflict.stderr).toContain('[IMPORT_CONFLICT]');
    expect(conflict.code).toBe(4);
    expect(emulator.log().importsStarted).toBe(1);
  });
});
