import { spawn } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { startClaimed, type ClaimOptions } from '../../src/importer/claim.js';
import type { ImportClaim } from '../../src/importer/claim-record.js';
import { processMark } from '../../src/importer/process-mark.js';
import type { StartOptions } from '../../src/importer/start.js';
import type { ObjectStore } from '../../src/uploaders/object-store.js';
import { openStore } from '../../src/uploaders/open-store.js';
import { useTempDir } from '../support/temp-dir.js';
import type { Fault } from './fake-service.js';
import { FAST, errorOf, scene } from './fixtures.js';

const s = scene();
const dir = useTempDir();
const URI = 's3://bucket/import/';
const DIGEST = 'a'.repeat(64);
let states = 0;

/** A state directory of its own, and starts that use it. */
async function book() {
  const path = dir(`state-${states++}`);
  const state = await openStore(path);
  const start = (changes: Partial<StartOptions> = {}, claimed: Partial<ClaimOptions> = {}) =>
    startClaimed(
      {
        client: s.client({ indexName: 'words' }),
        uri: URI,
        reconcileWindowMs: 150,
        reconcilePollMs: 10,
        onEvent: (event) => s.events.push(event),
        ...changes,
      },
      { state, manifestSha256: DIGEST, ...claimed },
    );
  const file = (attempt: number) => `${path}/import-words.${String(attempt).padStart(4, '0')}.json`;
  const read = async (attempt: number) => JSON.parse(await readFile(file(attempt), 'utf8')) as ImportClaim;
  const age = async (attempt: number, ms: number, changes: Partial<ImportClaim> = {}) => {
    const claim = { ...(await read(attempt)), time: new Date(Date.now() - ms).toISOString(), ...changes };
    await writeFile(file(attempt), JSON.stringify(claim));
  };
  return { state, start, file, read, age };
}

describe('startClaimed', () => {
  it('writes down who started what', async () => {
    const { start, read } = await book();
    expect(await start()).toEqual({ id: '1', uri: URI, adopted: false, model: undefined, attempt: 1 });
    expect(await read(1)).toMatchObject({ manifestSha256: DIGEST, index: 'words', uri: URI, importId: '1', known: [] });
    expect(JSON.stringify(await read(1))).not.toContain('secret');
  });

  it.each(['Pending', 'InProgress', 'Completed', 'Compacting'])(
    'run again, it adopts its own import: %s',
    async (status) => {
      const { start } = await book();
      let preflights = 0;
      const beforeStart = async () => void preflights++;
      await start({}, { beforeStart });
      s.service.imports[0]!['status'] = status;
      const again = await start({}, { beforeStart });
      expect(again).toMatchObject({ id: '1', adopted: true, attempt: 1, model: { id: '1', status } });
      expect(s.events.filter(({ type }) => type === 'import.started')).toMatchObject([
        { adopted: false },
        { adopted: true },
      ]);
      // What stands in the namespaces now would fail the checks made before a start.
      expect(preflights).toBe(1);
      expect(s.service.starts).toBe(1);
    },
  );

  it('of many at once, one starts and the others adopt', async () => {
    const { start } = await book();
    s.service.listLagMs = 60;
    const all = await Promise.all(Array.from({ length: 8 }, () => start({ reconcileWindowMs: 5_000 })));
    expect(new Set(all.map(({ id }) => id))).toEqual(new Set(['1']));
    expect(all.filter(({ adopted }) => !adopted)).toHaveLength(1);
    expect(s.service.starts).toBe(1);
  });

  it('of many at once after a failure, with retry, one starts', async () => {
    const { start } = await book();
    await start();
    s.service.imports[0]!['status'] = 'Failed';
    const all = await Promise.all(Array.from({ length: 6 }, () => start({ retry: true, reconcileWindowMs: 5_000 })));
    expect(new Set(all.map(({ id }) => id))).toEqual(new Set(['2']));
    expect(s.service.starts).toBe(2);
  });

  it.each<[string, Fault, number]>([
    ['500 after', { kind: 'status', status: 500, acts: true }, 1],
    ['reset after', { kind: 'reset', acts: true }, 1],
    ['garbage after', { kind: 'raw', body: 'x', acts: true }, 1],
  ])('a lost answer is found again: %s', async (_name, fault, starts) => {
    const { start, read } = await book();
    s.service.faults.set('start', [fault]);
    expect(await start()).toMatchObject({ id: '1', adopted: true });
    expect((await read(1)).importId).toBe('1');
    expect(await start()).toMatchObject({ id: '1', adopted: true });
    expect(s.service.starts).toBe(starts);
  });

  it('a lost answer that the list shows only after the window is found by the next run', async () => {
    const { start, read } = await book();
    s.service.listLagMs = 400;
    s.service.faults.set('start', [{ kind: 'reset', acts: true }]);
    expect((await errorOf(start())).code).toBe('IMPORT_MAYBE_STARTED');
    expect((await read(1)).importId).toBeUndefined();
    expect(await start({ reconcileWindowMs: 5_000 })).toMatchObject({ id: '1', adopted: true });
    expect((await read(1)).importId).toBe('1');
    expect(s.service.starts).toBe(1);
  });

  it.runIf(process.platform === 'linux')(
    'a crash between claim and answer on this machine: unseen in the window, it is started now',
    async () => {
      const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)']);
      const mark = processMark(child.pid);
      expect(mark).toMatch(/^[0-9a-f-]{36} pid:\[\d+\] \d+ \d+$/);
      const { start, read, age } = await book();
      s.service.faults.set('start', [{ kind: 'reset', acts: false }]);
      expect((await errorOf(start())).code).toBe('IMPORT_MAYBE_STARTED');
      expect((await read(1)).process).toBe(processMark());
      // As long as it lives it may still be at it; so may one of another machine, boot or container.
      for (const other of [mark, mark!.replace(/^./, 'x'), mark!.replace(/\[\d+/, '[1'), 'nonsense', undefined]) {
        await age(1, 0, { process: other, unanswered: undefined });
        expect((await errorOf(start())).code).toBe('IMPORT_MAYBE_STARTED');
      }
      child.kill('SIGKILL');
      await new Promise((resolve) => child.once('exit', resolve));
      // One that saw its answer being lost knew that the import may show up yet: its end says nothing.
      await age(1, 0, { process: mark, unanswered: true });
      expect((await errorOf(start())).code).toBe('IMPORT_MAYBE_STARTED');
      await age(1, 0, { process: mark, unanswered: undefined });
      expect(await start()).toMatchObject({ id: '1', adopted: false, attempt: 2 });
      expect(s.service.starts).toBe(1);
    },
  );

  it('a crash between claim and answer: found in the list; unseen, not started again', async () => {
    const { start, read, age } = await book();
    s.service.faults.set('start', [{ kind: 'reset', acts: false }]);
    expect((await errorOf(start())).code).toBe('IMPORT_MAYBE_STARTED');
    // Run after run: still not known, still not started.
    for (let run = 0; run < 2; run++) {
      expect(await errorOf(start())).toMatchObject({ code: 'IMPORT_MAYBE_STARTED', exitCode: 5 });
    }
    expect(s.service.starts).toBe(0);
    // Long after, an import that is not listed never began.
    await age(1, 21 * 60_000);
    expect(await start()).toMatchObject({ id: '1', adopted: false, attempt: 2 });
    expect((await read(2)).importId).toBe('1');
    expect(s.service.starts).toBe(1);
  });

  it('with retry, an unknown start is made again after having been looked for', async () => {
    const { start } = await book();
    s.service.faults.set('start', [{ kind: 'reset', acts: false }]);
    await errorOf(start());
    const lists = s.service.count('list');
    expect(await start({ retry: true })).toMatchObject({ id: '1', adopted: false, attempt: 2 });
    expect(s.service.count('list')).toBeGreaterThan(lists + 3);
  });

  it.each<[string, Fault[], string]>([
    ['400', [{ kind: 'status', status: 400 }], 'API_REFUSED'],
    ['401', [{ kind: 'status', status: 401 }], 'API_UNAUTHORIZED'],
    ['429 for long', Array<Fault>(4).fill({ kind: 'status', status: 429 }), 'API_TEMPORARY'],
  ])('a refused start leaves the way free at once: %s', async (_name, faults, code) => {
    const { start, read } = await book();
    s.service.faults.set('start', faults);
    expect((await errorOf(start())).code).toBe(code);
    expect(await read(1)).toMatchObject({ released: code });
    expect(await start({ reconcileWindowMs: 60_000 })).toMatchObject({ id: '1', attempt: 2 });
    expect(s.service.starts).toBe(1);
  });

  it('a check that fails because another process was first adopts what that one started', async () => {
    const { start } = await book();
    const beforeStart = async () => {
      if (s.service.starts > 0) return;
      await start();
      throw new Error('the namespaces exist');
    };
    expect(await start({}, { beforeStart })).toMatchObject({ id: '1', adopted: true });
    // Without a check of its own, it is the running import that is in the way.
    const other = await book();
    const race = async () => void (s.service.starts === 1 && (await other.start({ retry: true })));
    s.service.imports[0]!['status'] = 'Failed';
    expect(await other.start({}, { beforeStart: race })).toMatchObject({ id: '2', adopted: true });
    expect(s.service.starts).toBe(2);
  });

  it('a preflight that fails claims nothing', async () => {
    const { start, file } = await book();
    const beforeStart = () => Promise.reject(new Error('no'));
    await expect(start({}, { beforeStart })).rejects.toThrow('no');
    await expect(readFile(file(1))).rejects.toThrow('ENOENT');
    expect(s.service.starts).toBe(0);
  });

  it.each([
    ['Failed', 'IMPORT_FAILED'],
    ['Cancelled', 'IMPORT_CANCELLED'],
  ])('an import that is %s is not started again by itself', async (status, code) => {
    const { start } = await book();
    await start();
    Object.assign(s.service.imports[0]!, { status, error: 'User error: The namespace "n" already exists.' });
    const error = await errorOf(start());
    expect(error).toMatchObject({ code, exitCode: 6, id: '1' });
    expect(error.hint).toContain('--retry');
    expect(s.service.starts).toBe(1);
    expect(await start({ retry: true })).toMatchObject({ id: '2', adopted: false, attempt: 2 });
    // And that one is adopted from now on, with retry and without.
    expect(await start({ retry: true })).toMatchObject({ id: '2', adopted: true });
    expect(await start()).toMatchObject({ id: '2', adopted: true });
    expect(s.service.starts).toBe(2);
  });

  it('another manifest in the same place is a conflict, never a success', async () => {
    const { start } = await book();
    await start();
    for (const status of ['InProgress', 'Completed', 'Failed']) {
      s.service.imports[0]!['status'] = status;
      const error = await errorOf(start({}, { manifestSha256: 'b'.repeat(64) }));
      expect(error).toMatchObject({ code: 'IMPORT_CONFLICT', exitCode: 4 });
      expect(error.hint).toContain('{run}');
    }
    for (const status of ['InProgress', 'Completed']) {
      s.service.imports[0]!['status'] = status;
      const error = await errorOf(start({ retry: true }, { manifestSha256: 'b'.repeat(64) }));
      expect(error.code).toBe('IMPORT_CONFLICT');
    }
    expect(s.service.starts).toBe(1);
    s.service.imports[0]!['status'] = 'Failed';
    expect(await start({ retry: true }, { manifestSha256: 'b'.repeat(64) })).toMatchObject({ id: '2', attempt: 2 });
  });

  it('another URI with the same state is a conflict; another index is not', async () => {
    const { start } = await book();
    await start();
    const error = await errorOf(start({ uri: 's3://bucket/other/' }));
    expect(error).toMatchObject({ code: 'IMPORT_CONFLICT', expected: `"${URI}"`, got: '"s3://bucket/other/"' });
    s.service.imports[0]!['status'] = 'Completed';
    expect(await start({}, { index: 'Other.Index:443' })).toMatchObject({ id: '2', adopted: false });
    s.service.imports[1]!['status'] = 'Completed';
    expect(await start({}, { index: 'other-index-443' })).toMatchObject({ id: '3', adopted: false });
  });

  it('an emulator that forgot is given the import again, the service is not', async () => {
    const { start, age } = await book();
    await start();
    s.service.imports.length = 0;
    expect(await start()).toMatchObject({ id: '2', attempt: 2, adopted: false });

    // The same against what is not on this machine: nothing is sent there but the look at the import.
    await age(2, 0, { importId: '77' });
    const client = s.client({ indexName: 'words' });
    Object.defineProperty(client, 'loopback', { value: false });
    const error = await errorOf(start({ client }));
    expect(error).toMatchObject({ code: 'API_NOT_FOUND' });
    expect(error.hint).toContain('--retry');
    expect(s.service.starts).toBe(2);
  });

  it('a state that cannot be written to when the answer came does not fail the start', async () => {
    const { start, state, read } = await book();
    const broken: ObjectStore = Object.create(state) as ObjectStore;
    const bound: Pick<ObjectStore, 'list' | 'read' | 'put'> = {
      list: (...args) => state.list(...args),
      read: (...args) => state.read(...args),
      put: (key, bytes, options) =>
        options?.ifAbsent === true ? state.put(key, bytes, options) : Promise.reject(new Error('disk full')),
    };
    Object.assign(broken, bound);
    expect(await start({}, { state: broken })).toMatchObject({ id: '1', adopted: false });
    expect(s.events).toMatchObject([{ type: 'warning', code: 'CLAIM_NOT_WRITTEN' }, { type: 'import.started' }]);
    expect((await read(1)).importId).toBeUndefined();
    // The next run finds it in the list.
    expect(await start()).toMatchObject({ id: '1', adopted: true });
    expect(s.service.starts).toBe(1);
  });

  it.each([
    ['no JSON', 'x'],
    ['another format', '{"format":"other"}'],
    ['half of one', '{"format":"pineload-import-claim","version":1,"attempt":1}'],
  ])('a claim that cannot be read stops the start: %s', async (_name, text) => {
    const { start, file } = await book();
    await start();
    await writeFile(file(1), text);
    expect(await errorOf(start())).toMatchObject({ code: 'STATE_CORRUPT', exitCode: 4, source: file(1) });
    expect(s.service.starts).toBe(1);
  });

  it('stops on request while it looks for an unknown start', async () => {
    const { start } = await book();
    s.service.faults.set('start', [{ kind: 'reset', acts: false }]);
    await errorOf(start());
    const stop = new AbortController();
    setTimeout(() => stop.abort(), 30);
    const client = s.client({ indexName: 'words', timing: FAST });
    expect((await errorOf(start({ client, signal: stop.signal, reconcileWindowMs: 60_000 }))).code).toBe('ABORTED');
  });
});
