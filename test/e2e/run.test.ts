import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startEmulator, type Emulator } from '../../src/emulator/index.js';
import { openStore } from '../../src/uploaders/open-store.js';
import { runCli } from '../support/run-cli.js';
import { useTempDir } from '../support/temp-dir.js';

const WORDS = fileURLToPath(new URL('../../examples/words-100d.jsonl', import.meta.url));
const temp = useTempDir();
let emulator: Emulator;

beforeAll(async () => {
  emulator = await startEmulator({
    openStore: (uri) => openStore(uri),
    indexes: ['one', 'two', 'three', 'four'].map((name) => ({ name, dimension: 100 })),
  });
});
afterAll(() => emulator.close());

const starts = (): number => emulator.log().importsStarted;
const connection = (index: string): string[] => ['--index-name', index, '--control-plane', emulator.url];

describe('run', () => {
  it('rehearses with the limits that the run was given', async () => {
    const input = temp('large.jsonl');
    const record = { id: 'a', values: [1, 2], metadata: { text: 'x'.repeat(45_000) } };
    await writeFile(input, `${JSON.stringify(record)}\n`);
    const args = ['run', input, '--to', temp('large'), '--rehearse', '--limits', 'metadata-bytes=50000'];
    const { code, stderr } = await runCli(args);
    expect(stderr).not.toContain('exceeds');
    expect(code).toBe(0);
  });

  it('rehearses the whole line without an account', async () => {
    const { code, stdout } = await runCli(['run', WORDS, '--to', temp('rehearsal'), '--rehearse']);
    expect(stdout.trimEnd().split('\n').at(-1)).toBe(
      'Rehearsed: 2,000 records in 5 namespaces were converted, stored, imported by the emulator and verified.',
    );
    expect(code).toBe(0);
  });

  it('takes every flag from its variable', async () => {
    const env = {
      PINELOAD_TO: temp('by-variable'),
      PINELOAD_REHEARSE: 'yes',
      PINELOAD_JSON: '1',
      PINELOAD_OVERWRITE: 'no',
    };
    const { code, stdout } = await runCli(['run', WORDS], { env });
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ verified: true, rehearsal: true });
  });

  it('imports and verifies; run again, it finds its own import and starts no second', async () => {
    const before = starts();
    const args = ['run', WORDS, '--to', temp('words'), ...connection('one'), '--json'];
    const first = await runCli(args);
    expect(first.code).toBe(0);
    const result = JSON.parse(first.stdout);
    expect(result).toMatchObject({
      verified: true,
      import: { status: 'Completed', recordsImported: 2000 },
      receipt: { complete: true, records: 2000 },
    });
    expect(JSON.parse(await readFile(temp('words.pineload', 'receipt.json'), 'utf8'))).toMatchObject({
      complete: true,
    });

    const second = await runCli(args);
    expect(second.code).toBe(0);
    expect(JSON.parse(second.stdout).import.id).toBe(result.import.id);
    expect(starts() - before).toBe(1);
  });

  it('starts one import when two processes run at once', async () => {
    const before = starts();
    expect((await runCli(['convert', WORDS, '--to', temp('twice')])).code).toBe(0);
    const start = () => runCli(['import', 'start', '--uri', temp('twice'), ...connection('two')]);
    const results = await Promise.all([start(), start(), start()]);
    expect(results.map(({ code }) => code)).toEqual([0, 0, 0]);
    expect(new Set(results.map(({ stdout }) => stdout)).size).toBe(1);
    expect(starts() - before).toBe(1);
  });

  it('step by step: upload, start, watch with verification, list, describe, cancel', async () => {
    expect((await runCli(['convert', WORDS, '--to', temp('steps')])).code).toBe(0);
    const upload = await runCli(['upload', temp('steps'), '--to', temp('stored')]);
    expect(upload.stdout).toContain('5 files');
    expect(upload.code).toBe(0);
    const started = await runCli(['import', 'start', '--uri', temp('stored'), ...connection('three')]);
    expect(started.code).toBe(0);
    const id = started.stdout.trim();
    expect(id).toMatch(/^\d+$/);
    expect(started.stderr).toContain('pineload import watch');
    const watched = await runCli(['import', 'watch', id, '--uri', temp('stored'), ...connection('three')]);
    expect(watched.stdout).toContain('Verified: 2,000 records arrived.');
    expect(watched.code).toBe(0);
    const list = await runCli(['import', 'list', ...connection('three'), '--json']);
    expect(JSON.parse(list.stdout).data).toMatchObject([{ id, status: 'Completed', recordsImported: 2000 }]);
    const described = await runCli(['import', 'describe', '--id', id, ...connection('three')]);
    expect(described.stdout).toContain('Completed');
    expect((await runCli(['import', 'cancel', id, ...connection('three')])).code).toBe(0);
    expect((await runCli(['import', 'describe', ...connection('three')])).code).toBe(2);
  });

  it('refuses before the start what the service would refuse after it', async () => {
    await writeFile(temp('three.jsonl'), '{"id":"a","values":[1,2,3]}\n');
    const before = starts();
    const dimension = await runCli(['run', temp('three.jsonl'), '--to', temp('three'), ...connection('four')]);
    expect(dimension.stderr).toContain('[PREFLIGHT_FAILED]');
    expect(dimension.stderr).toContain('100');
    expect(dimension.code).toBe(4);
    const exists = await runCli(['run', WORDS, '--to', temp('again'), ...connection('one')]);
    expect(exists.stderr).toContain('words-a-f');
    expect(exists.code).toBe(4);
    expect(starts()).toBe(before);
  });

  it('tells a failed import with the words of the service and exit code 6', async () => {
    expect((await runCli(['convert', WORDS, '--to', temp('fails')])).code).toBe(0);
    const started = await runCli(['import', 'start', '--uri', temp('fails'), ...connection('three'), '--no-check']);
    expect(started.code).toBe(0);
    const watched = await runCli(['import', 'watch', started.stdout.trim(), ...connection('three')]);
    expect(watched.stderr).toContain('Imports are only allowed into nonexistent namespaces');
    expect(watched.code).toBe(6);
  });

  it('stops waiting after the timeout, with exit code 7 and the way back', async () => {
    const slow = await startEmulator({
      openStore: (uri) => openStore(uri),
      indexes: [{ name: 'slow', dimension: 100 }],
      pendingMs: 60_000,
    });
    try {
      const index = ['--index-name', 'slow', '--control-plane', slow.url];
      const { code, stderr } = await runCli(['run', WORDS, '--to', temp('slow'), ...index, '--timeout', '1']);
      expect(stderr).toContain('pineload import watch');
      expect(code).toBe(7);
    } finally {
      await slow.close();
    }
  });

  it('never prints or stores the API key', async () => {
    const key = 'pcsk_very-secret-key';
    const env = { PINECONE_API_KEY: key };
    await runCli(['convert', WORDS, '--to', temp('key')]);
    const runs = [
      await runCli(['import', 'list', ...connection('one'), '--json'], { env }),
      await runCli(['import', 'describe', '999', ...connection('one'), '--json'], { env }),
      await runCli(['import', 'list', '--index-host', 'http://127.0.0.1:1', '--json'], { env }),
    ];
    for (const { stdout, stderr } of runs) expect(stdout + stderr).not.toContain(key);
    expect(runs.map(({ code }) => code)).toEqual([0, 4, 5]);
    expect(existsSync(temp('key.pineload'))).toBe(true);
  }, 120_000);
});

describe('emulator', () => {
  it('is a command that others can import into', async () => {
    let url = '';
    let stop = (): void => undefined;
    const ended = runCli(['emulator', '--index', 'words:100', '--port', '0', '--json'], {
      onSpawn: (child) => {
        stop = () => child.kill('SIGTERM');
        child.stdout!.once('data', (bytes: Buffer) => {
          url = (JSON.parse(bytes.toString()) as { url: string }).url;
        });
      },
    });
    await expect.poll(() => url, { timeout: 20_000 }).toMatch(/^http:\/\/127/);
    const run = await runCli(['run', WORDS, '--to', temp('emu'), '-i', 'words', '--control-plane', url]);
    expect(run.stdout).toContain('Done: 2,000 records');
    expect(run.code).toBe(0);
    stop();
    expect((await ended).code).toBe(0);
  });
});
