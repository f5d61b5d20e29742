import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { afterAll, describe, expect, it } from 'vitest';
import { OPERATIONS, parseFaults } from '../../src/emulator/index.js';
import { freePort } from '../support/process.js';
import { CLI, type CliResult, runCli } from '../support/run-cli.js';
import { useTempDir } from '../support/temp-dir.js';
import { call, dense, emulate, finish, noStore, parquet, start } from './support.js';

const temp = useTempDir();
const KEY = 'key-that-nobody-may-read';
const children: ChildProcess[] = [];
afterAll(() => children.forEach((child) => child.kill('SIGKILL')));

interface Running {
  readonly child: ChildProcess;
  readonly url: string;
  readonly indexes: readonly { readonly name: string; readonly host: string }[];
  /** Everything said so far, on both streams. */
  readonly said: () => string;
}

/** `pineload emulator --json …` on a free port, once it listens. */
async function emulator(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Running> {
  const child = spawn(process.execPath, [CLI, 'emulator', '--json', '--port', '0', ...args], {
    env: { PATH: process.env['PATH'], ...env },
  });
  children.push(child);
  let stdout = '';
  let stderr = '';
  child.stderr.on('data', (bytes: Buffer) => (stderr += bytes.toString()));
  await new Promise<void>((resolve, reject) => {
    child.once('exit', (code) => reject(new Error(`ended with ${code}: ${stderr}`)));
    child.stdout.on('data', (bytes: Buffer) => {
      stdout += bytes.toString();
      if (stdout.includes('\n')) resolve();
    });
  });
  const { url, indexes } = JSON.parse(stdout.split('\n')[0]!);
  return { child, url, indexes, said: () => stdout + stderr };
}

/** Runs a script with the emulator beside it. */
function beside(
  flags: readonly string[],
  script: string,
  env: Readonly<Record<string, string>> = {},
): Promise<CliResult> {
  return runCli(['emulator', '--index', 'words:2', ...flags, '--', process.execPath, '-e', script], { env });
}

const SHOW_SETTINGS = `
  const { PINECONE_CONTROLLER_HOST: url, PINECONE_API_KEY: key, PINELOAD_CONTROL_PLANE: same } = process.env;
  const headers = { 'Api-Key': key, 'X-Pinecone-Api-Version': '2026-04' };
  fetch(url + '/indexes/words', { headers }).then((answer) => answer.json()).then(({ name, host }) => {
    console.log(JSON.stringify({ name, same: host === url && same === url, key }));
    process.exitCode = 42;
  });
`;

describe('pineload emulator -- command', () => {
  it('runs the command with the clients pointed at it and ends with its exit code', async () => {
    const result = await beside(['--quiet'], SHOW_SETTINGS, { PINECONE_API_KEY: KEY });
    expect(result.code, result.stderr).toBe(42);
    // The command's output and nothing else; a real key in the environment stays out of it.
    expect(JSON.parse(result.stdout)).toEqual({ name: 'words', same: true, key: 'pineload-emulator' });
    expect(result.stderr).toBe('');
  });

  it('hands the command the key that it accepts', async () => {
    const result = await beside([], SHOW_SETTINGS, { PINELOAD_EMULATOR_API_KEY: KEY });
    expect(JSON.parse(result.stdout)).toMatchObject({ name: 'words', key: KEY });
    expect(result.stderr).toContain('GET /indexes/words 200');
    expect(result.stderr).not.toContain(KEY);
  });

  it('ends the command when it is ended', async () => {
    const script = `console.log('ready'); setInterval(() => {}, 1000)`;
    const child = spawn(process.execPath, [CLI, 'emulator', '--', process.execPath, '-e', script]);
    children.push(child);
    await once(child.stdout, 'data');
    child.kill('SIGTERM');
    expect(await once(child, 'exit')).toEqual([143, null]);
  });

  it('says so when there is no such command', async () => {
    const result = await runCli(['emulator', '--', 'no-such-command-anywhere']);
    expect(result.code).toBe(2);
    expect(result.stderr).toContain('"no-such-command-anywhere" cannot be started');
  });
});

describe('pineload emulator', () => {
  it('takes its settings as flags', async () => {
    const faults = temp('faults.json');
    await writeFile(faults, JSON.stringify({ rules: [{ operation: 'listIndexes', kind: 'status', status: 503 }] }));
    const { url, indexes } = await emulator([
      ...['--index', 'words:2', '--index', 'both:3:hybrid:gcp', '--index', 'terms:sparse'],
      ...['--advertised-host', 'localhost', '--faults', faults, '--keep', '500', '--extra-columns', 'ignore'],
      ...['--namespaces-per-import', '1', '--pending-ms', '1', '--indexing-ms', '1', '--records-per-second', '20'],
    ]);
    expect(indexes.map(({ name }) => name)).toEqual(['words', 'both', 'terms']);
    expect(url).toMatch(/^http:\/\/localhost:\d+$/);
    expect(indexes.every(({ host }) => host.startsWith('http://localhost:'))).toBe(true);
    expect((await call(url, 'GET', '/indexes')).status).toBe(503);
    expect((await call(url, 'GET', '/indexes')).body.indexes).toMatchObject([
      { name: 'words', dimension: 2, metric: 'cosine' },
      { name: 'both', dimension: 3, metric: 'dotproduct', spec: { serverless: { cloud: 'gcp' } } },
      { name: 'terms', vector_type: 'sparse' },
    ]);
    const row = dense(`('a', [1, 2], NULL), ('b', [2, 3], NULL)`);
    const two = await parquet({ 'one/0.parquet': row, 'two/0.parquet': row });
    expect((await finish(url, await start(url, two))).error).toContain('Max namespaces per import is 1, got 2');
    const begun = Date.now();
    const one = await parquet({ 'one/0.parquet': `SELECT *, 7 AS extra FROM (${row})` });
    expect((await finish(url, await start(url, one))).status).toBe('Completed');
    expect(Date.now() - begun).toBeGreaterThanOrEqual(100);
    expect((await call(url, 'GET', '/vectors/fetch?ids=b&namespace=one')).status).toBe(501);
  });

  it('accepts one key only, from a file, and never shows it', async () => {
    const file = temp('key');
    await writeFile(file, `${KEY}\n`);
    const { url, said } = await emulator(['--index', 'words:2', '--api-key-file', file, '--plan', 'starter']);
    expect((await call(url, 'GET', '/indexes', undefined, 'another')).status).toBe(401);
    expect((await call(url, 'GET', '/indexes', undefined, KEY)).status).toBe(200);
    expect((await call(url, 'POST', '/bulk/imports', { uri: 'gs://b/x' }, KEY)).status).toBe(403);
    expect(said()).toContain('GET /indexes 401');
    expect(said()).not.toContain(KEY);
  });

  it('keeps a state directory to itself, and the next one takes over what a killed one left', async () => {
    const flags = ['--index', 'words:2', '--state-dir', temp('state')];
    const first = await emulator(flags);
    await call(first.url, 'POST', '/namespaces', { name: 'kept' });
    const second = await runCli(['emulator', '--port', '0', ...flags]);
    expect(second.code).toBe(4);
    expect(second.stderr).toContain(`process ${first.child.pid} on `);
    first.child.kill('SIGKILL');
    await once(first.child, 'exit');
    const third = await emulator(flags);
    expect((await call(third.url, 'GET', '/namespaces/kept')).status).toBe(200);
  });

  it.each([
    [['--faults', '{"rules":[{"operation":"startImport","kind":"explode"}]}'], /a rule's kind is/],
    [['--faults', '{"rules":[{"operation":"*","kind":"reset","time":3}]}'], /a rule has no "time"/],
    [['--faults', '{'], /not valid JSON/],
    [['--faults', '/no/such/file'], /cannot be read/],
    [['--index', 'words:two'], /name:dimension/],
    [['--index', 'words:2:manhattan'], /name:dimension/],
    [['--plan', 'gold'], /Allowed choices/],
    [['--records-per-second', 'many'], /not a whole number/],
  ])('refuses %j', async (args, message) => {
    const result = await runCli(['emulator', '--port', '0', ...args]);
    expect(result.stderr).toMatch(message);
    expect(result.code).toBe(2);
  });
});

it('gives indexes the ports after a main port that was chosen', async () => {
  // A port may be taken between the look and the use: three tries.
  const ports: number[][] = [];
  for (let tries = 0; tries < 3; tries++) {
    const port = await freePort();
    const indexes = ['a', 'b', 'c'].map((name) => ({ name, dimension: 2 }));
    const each = await emulate({ ...noStore, port, indexes });
    ports.push(indexes.map(({ name }) => Number(new URL(each.indexHost(name)!).port) - port));
    await each.close();
  }
  expect(ports).toContainEqual([0, 1, 2]);
});

describe('docs/emulator.md', () => {
  it('names every flag and every call, and no other; its faults are valid', async () => {
    const page = await readFile(new URL('../../docs/emulator.md', import.meta.url), 'utf8');
    const { stdout: help } = await runCli(['emulator', '--help']);
    const own = help.slice(0, help.indexOf('\nStores:'));
    const flagsIn = (text: string) => new Set(Array.from(text.matchAll(/(?<![\w-])--[a-z][a-z-]+/g), ([flag]) => flag));
    const settings = page.slice(page.indexOf('## Settings'), page.indexOf('Store options'));
    expect([...flagsIn(settings)].sort()).toEqual([...flagsIn(own)].filter((flag) => flag !== '--help').sort());
    for (const operation of OPERATIONS) expect(page).toContain(`\`${operation}\``);
    const [json] = Array.from(page.matchAll(/```json\n(.*?)```/gs), ([, text]) => text!);
    expect(parseFaults(JSON.parse(json!))).toEqual(JSON.parse(json!));
  });
});
