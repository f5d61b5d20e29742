import { cp } from 'node:fs/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type Emulator,
  type EmulatorEvent,
  type FaultRule,
  type FaultSettings,
  type Operation,
  startEmulator,
} from '../../src/emulator/index.js';
import { openStore } from '../../src/uploaders/open-store.js';
import { type CliResult, runCli } from '../support/run-cli.js';
import { useTempDir } from '../support/temp-dir.js';

/*
 * The built command line against an emulator that fails: whatever goes wrong with whichever call, an import is started once
 * or, where that cannot be known, the exit code says so; and the same command again comes to the same single import.
 */

const WORDS = fileURLToPath(new URL('../../examples/words-100d.jsonl', import.meta.url));
const temp = useTempDir();
const emulators: Emulator[] = [];
let directories = 0;

beforeAll(async () => {
  const converted = await runCli(['convert', WORDS, '--to', temp('master')]);
  expect(converted.code, converted.stderr).toBe(0);
});
afterAll(() => Promise.all(emulators.map((each) => each.close())));

interface Service {
  readonly emulator: Emulator;
  /** Faults that were really played, as the emulator names them. */
  readonly played: string[];
  readonly flags: readonly string[];
}

async function serve(faults: FaultSettings): Promise<Service> {
  const played: string[] = [];
  const onEvent = (event: EmulatorEvent): void => {
    if (event.type === 'request' && event.fault !== undefined) played.push(`${event.operation} ${event.fault}`);
  };
  const indexes = [{ name: 'words', dimension: 100 }];
  const emulator = await startEmulator({ openStore, indexes, faults, onEvent });
  emulators.push(emulator);
  return { emulator, played, flags: ['--index-name', 'words', '--control-plane', emulator.url] };
}

/** A prepared import directory of its own, with its state. */
async function prepared(): Promise<string> {
  const directory = temp(`prepared-${directories++}`);
  await cp(temp('master'), directory, { recursive: true });
  await cp(temp('master.pineload'), `${directory}.pineload`, { recursive: true });
  return directory;
}

const start = (directory: string, { flags }: Service, ...more: string[]): Promise<CliResult> =>
  runCli(['import', 'start', '--uri', directory, ...flags, ...more]);

const watch = (directory: string, id: string, { flags }: Service): Promise<CliResult> =>
  runCli(['import', 'watch', id, '--uri', directory, '--poll', '0.1', ...flags]);

const KINDS: Readonly<Record<string, Omit<FaultRule, 'operation'>>> = {
  '429 with Retry-After': { kind: 'status', status: 429, retryAfter: 1 },
  '500': { kind: 'status', status: 500 },
  'a 500 after it was done': { kind: 'status', status: 500, when: 'after' },
  'a reset': { kind: 'reset' },
  'a reset after it was done': { kind: 'reset', when: 'after' },
  garbage: { kind: 'garbage' },
  'garbage after it was done': { kind: 'garbage', when: 'after' },
};

/** The faults one after the other, each on one request. */
const rules = (operation: Operation, names: readonly string[]): FaultRule[] =>
  names.map((name, skip) => ({ operation, ...KINDS[name]!, skip }));

describe.concurrent('any call but the start', () => {
  it.each<Operation>(['describeIndex', 'listImports', 'describeImport', 'describeStats', 'describeNamespace'])(
    '%s may fail in every way, and the run ends well',
    async (operation) => {
      const names = Object.keys(KINDS);
      // No call is tried so often as there are faults, hence two runs.
      for (const half of [names.slice(0, 4), names.slice(4)]) {
        const service = await serve({ rules: rules(operation, half) });
        const args = ['run', WORDS, '--to', temp(`run-${directories++}`), '--poll', '0.1', ...service.flags];
        const result = await runCli(args);
        expect(result.code, result.stderr).toBe(0);
        expect(service.played).toHaveLength(half.length);
        expect(service.emulator.log().importsStarted).toBe(1);
      }
    },
  );
});

describe.concurrent('the start', () => {
  it.each(['429 with Retry-After'])('answered by %s is sent again', async (name) => {
    const service = await serve({ rules: rules('startImport', [name]) });
    const directory = await prepared();
    const result = await start(directory, service);
    expect(result.code, result.stderr).toBe(0);
    expect(service.emulator.log()).toMatchObject({
      importsStarted: 1,
      operations: { startImport: { received: 2, acted: 1 } },
    });
    expect((await watch(directory, result.stdout.trim(), service)).code).toBe(0);
  });

  it.each(['a 500 after it was done', 'a reset after it was done', 'garbage after it was done'])(
    'answered by %s is found in the list and not sent again, though the list lags',
    async (name) => {
      const service = await serve({ rules: rules('startImport', [name]), listLagMs: 4_000 });
      const directory = await prepared();
      const result = await start(directory, service);
      expect(result.code, result.stderr).toBe(0);
      expect(result.stdout.trim()).toBe('1');
      const watched = await watch(directory, '1', service);
      expect(watched.code, watched.stderr).toBe(0);
      expect(watched.stdout).toContain('Verified: 2,000 records arrived.');
      // The same command again adopts what is there.
      const again = await start(directory, service);
      expect(again.stdout.trim()).toBe('1');
      expect(service.emulator.log()).toMatchObject({
        importsStarted: 1,
        operations: { startImport: { received: 1, acted: 1 } },
      });
    },
  );

  it.each(['500', 'a reset', 'garbage'])(
    'answered by %s and not to be found ends in exit code 5, nothing started; --retry then starts one',
    async (name) => {
      const service = await serve({ rules: rules('startImport', [name]) });
      const directory = await prepared();
      const result = await start(directory, service, '--reconcile-window', '2');
      expect(result.code, result.stderr).toBe(5);
      expect(result.stderr).toContain('it is not known whether the import was started');
      expect(service.emulator.log()).toMatchObject({
        importsStarted: 0,
        operations: { startImport: { received: 1, acted: 0 } },
      });
      // Without --retry it is still not known; nobody starts on a guess.
      const unsure = await start(directory, service, '--reconcile-window', '2');
      expect(unsure.code, unsure.stderr).toBe(5);
      expect(service.emulator.log().importsStarted).toBe(0);
      const retried = await start(directory, service, '--retry', '--reconcile-window', '2');
      expect(retried.code, retried.stderr).toBe(0);
      expect(service.emulator.log().importsStarted).toBe(1);
    },
  );

  it('refused by 403 ends in exit code 4 at once', async () => {
    const service = await serve({ rules: [{ operation: 'startImport', kind: 'status', status: 403 }] });
    const result = await start(await prepared(), service);
    expect(result.code, result.stderr).toBe(4);
    expect(service.emulator.log()).toMatchObject({ importsStarted: 0, operations: { startImport: { received: 1 } } });
  });

  it('carried out while everything after it fails is not sent again by the next run', async () => {
    const down: FaultRule = { operation: 'describeImport', kind: 'status', status: 503, times: 1_000 };
    const service = await serve({
      rules: [{ operation: 'startImport', kind: 'reset', when: 'after' }, down],
    });
    const args = [
      'run',
      WORDS,
      '--to',
      temp(`run-${directories++}`),
      '--poll',
      '0.1',
      '--timeout',
      '3',
      ...service.flags,
    ];
    const first = await runCli(args);
    expect([5, 7], first.stderr).toContain(first.code);
    expect(service.emulator.log().importsStarted).toBe(1);
    service.emulator.setFaults({});
    const second = await runCli(args);
    expect(second.code, second.stderr).toBe(0);
    expect(second.stdout).toContain('imported and verified');
    expect(service.emulator.log()).toMatchObject({
      importsStarted: 1,
      operations: { startImport: { received: 1, acted: 1 } },
    });
  });
});

describe.concurrent('two processes at once', () => {
  it('start one import and both follow it', async () => {
    const service = await serve({});
    const directory = await prepared();
    const both = await Promise.all([start(directory, service), start(directory, service)]);
    for (const each of both) expect([each.code, each.stdout.trim()], each.stderr).toEqual([0, '1']);
    expect(service.emulator.log().importsStarted).toBe(1);
  });

  it('start one import where the answer is lost and the list lags by 30 s', async () => {
    const service = await serve({ rules: rules('startImport', ['a reset after it was done']), listLagMs: 30_000 });
    const directory = await prepared();
    const both = await Promise.all([start(directory, service), start(directory, service)]);
    for (const each of both) expect([each.code, each.stdout.trim()], each.stderr).toEqual([0, '1']);
    expect(service.emulator.log().importsStarted).toBe(1);
  });

  it('of which the first is killed while it waits for the answer leave its import to the other', async () => {
    const service = await serve({ rules: [{ operation: 'startImport', kind: 'delay', delayMs: 60_000 }] });
    const directory = await prepared();
    const first = runCli(['import', 'start', '--uri', directory, ...service.flags], {
      onSpawn: (child) => {
        const poll = setInterval(() => {
          if (service.emulator.log().importsStarted === 0) return;
          clearInterval(poll);
          child.kill('SIGKILL');
        }, 20);
      },
    });
    await expect.poll(() => service.emulator.log().importsStarted, { timeout: 20_000 }).toBe(1);
    const second = await start(directory, service);
    expect((await first).signal).toBe('SIGKILL');
    expect([second.code, second.stdout.trim()], second.stderr).toEqual([0, '1']);
    expect(service.emulator.log().importsStarted).toBe(1);
  });
});

describe('a service that is down', () => {
  it('ends a run with exit code 5, nothing started and nothing lost: the next run goes on', async () => {
    const service = await serve({ rules: [{ operation: '*', kind: 'status', status: 503, times: 1_000 }] });
    const args = ['run', WORDS, '--to', temp('down'), '--poll', '0.1', ...service.flags];
    const first = await runCli(args);
    expect(first.code, first.stderr).toBe(5);
    expect(service.emulator.log().importsStarted).toBe(0);
    service.emulator.setFaults({});
    const second = await runCli(args);
    expect(second.code, second.stderr).toBe(0);
    expect(service.emulator.log().importsStarted).toBe(1);
  });
});

describe('a service that throttles', () => {
  it('is waited for', async () => {
    const service = await serve({ requestsPerSecond: 2 });
    const result = await runCli(['run', WORDS, '--to', temp('throttled'), '--poll', '0.1', ...service.flags]);
    expect(result.code, result.stderr).toBe(0);
    expect(service.played.length).toBeGreaterThan(0);
    expect(service.emulator.log().importsStarted).toBe(1);
  });
});

describe('cancelling and listing', () => {
  it('carry on through throttling', async () => {
    const service = await serve({ rules: rules('cancelImport', ['429 with Retry-After', '500']) });
    const directory = await prepared();
    await runCli(['import', 'start', '--uri', directory, ...service.flags]);
    const cancelled = await runCli(['import', 'cancel', '1', ...service.flags]);
    expect(cancelled.code, cancelled.stderr).toBe(0);
    expect(service.played).toHaveLength(2);
    service.emulator.setFaults({ rules: rules('listImports', ['429 with Retry-After', 'garbage']) });
    const listed = await runCli(['import', 'list', '--json', ...service.flags]);
    expect(listed.code, listed.stderr).toBe(0);
    expect(JSON.parse(listed.stdout).data).toMatchObject([{ id: '1', uri: `${pathToFileURL(directory).href}/` }]);
    expect(service.emulator.log().importsStarted).toBe(1);
  });
});
