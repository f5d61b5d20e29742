import { describe, expect, it } from 'vitest';
import { checkImportUri } from '../../src/importer/import-uri.js';
import { startImport, type StartOptions } from '../../src/importer/start.js';
import type { Fault } from './fake-service.js';
import { FAST, errorOf, scene } from './fixtures.js';

const s = scene();
const URI = 's3://bucket/import/';

const start = (changes: Partial<StartOptions> = {}) =>
  startImport({
    client: s.client(),
    uri: URI,
    reconcileWindowMs: 150,
    reconcilePollMs: 10,
    onEvent: (event) => s.events.push(event),
    ...changes,
  });

describe('checkImportUri', () => {
  it.each([
    ['s3://bucket/import', 's3://bucket/import/'],
    ['s3://bucket/import/', 's3://bucket/import/'],
    ['gs://bucket/a b/é/', 'gs://bucket/a b/é/'],
    ['https://acc0unt.blob.core.windows.net/container/dir', 'https://acc0unt.blob.core.windows.net/container/dir/'],
    [`s3://bucket/${'x'.repeat(1486)}`, `s3://bucket/${'x'.repeat(1486)}/`],
  ])('takes %.60s', (uri, checked) => {
    expect(checkImportUri(uri, false)).toBe(checked);
  });

  it.each([
    ['file:///tmp/import', 'file:///tmp/import/'],
    ['http://127.0.0.1:10000/devstoreaccount1/container/', 'http://127.0.0.1:10000/devstoreaccount1/container/'],
    ['s3://bucket/import', 's3://bucket/import/'],
  ])('takes %s for an emulator', (uri, checked) => {
    expect(checkImportUri(uri, true)).toBe(checked);
  });

  it.each([
    'file:///tmp/import/',
    '/tmp/import/',
    'import',
    '',
    's3:/bucket/x',
    's3://',
    's3:///x',
    'S3://bucket/x/',
    'az://container/x/',
    'abfss://c@a.dfs.core.windows.net/x/',
    'http://127.0.0.1:10000/acc/container/',
    'https://bucket.s3.amazonaws.com/x/',
    'https://acc.blob.core.windows.net/',
    'https://acc.blob.core.windows.net.evil.example/c/x/',
    's3://bucket--use1-az4--x-s3/x/',
    's3://bucket/ns/0.parquet',
    's3://bucket/ns/0.PARQUET/',
    `s3://bucket/${'x'.repeat(1488)}`,
  ])('refuses %.60j', (uri) => {
    expect(() => checkImportUri(uri, false)).toThrow(expect.objectContaining({ code: 'URI_INVALID', exitCode: 2 }));
  });

  it('takes another length for the longest, where one is given', () => {
    const uri = `s3://bucket/${'x'.repeat(1488)}/`;
    expect(checkImportUri(uri, false, 1501)).toBe(uri);
    expect(() => checkImportUri(uri, false, 1000)).toThrow(/at most 1000 characters/);
  });

  it('never repeats a shared access signature', () => {
    for (const loopback of [true, false]) {
      try {
        checkImportUri('https://acc0unt.blob.core.windows.net/c/x/?sig=hunter2', loopback);
        expect.unreachable();
      } catch (error) {
        expect(error).toMatchObject({ code: 'URI_INVALID' });
        expect(JSON.stringify(error)).not.toContain('hunter2');
      }
    }
  });
});

describe('startImport', () => {
  it('starts one, with the last slash and abort by default', async () => {
    expect(await start({ uri: 's3://bucket/import' })).toEqual({ id: '1', uri: URI, adopted: false });
    expect(s.service.starts).toBe(1);
    expect(JSON.parse(s.service.imports.length === 1 ? s.service.requests.at(-1)!.body : '')).toEqual({
      uri: URI,
      errorMode: { onError: 'abort' },
    });
    expect(s.events).toEqual([{ type: 'import.started', id: '1', uri: URI, index: s.service.url, adopted: false }]);
  });

  // Every fault that leaves open whether the service acted: exactly one import whenever it did, none made twice.
  it.each<[string, Fault, number, string]>([
    ['500 before', { kind: 'status', status: 500, acts: false }, 0, 'IMPORT_MAYBE_STARTED'],
    ['500 after', { kind: 'status', status: 500, acts: true }, 1, 'adopted'],
    ['503 after', { kind: 'status', status: 503, acts: true, headers: { 'retry-after': '1' } }, 1, 'adopted'],
    ['408 after', { kind: 'status', status: 408, acts: true }, 1, 'adopted'],
    ['reset before', { kind: 'reset', acts: false }, 0, 'IMPORT_MAYBE_STARTED'],
    ['reset after', { kind: 'reset', acts: true }, 1, 'adopted'],
    ['garbage after', { kind: 'raw', body: '<html>', acts: true }, 1, 'adopted'],
    ['no id after', { kind: 'raw', body: '{}', acts: true }, 1, 'adopted'],
    ['silence before', { kind: 'hang', acts: false }, 0, 'IMPORT_MAYBE_STARTED'],
    ['silence after', { kind: 'hang', acts: true }, 1, 'adopted'],
    ['429 once', { kind: 'status', status: 429, acts: false, headers: { 'retry-after': '0' } }, 1, 'started'],
    ['400', { kind: 'status', status: 400, acts: false }, 0, 'API_REFUSED'],
    ['401', { kind: 'status', status: 401, acts: false }, 0, 'API_UNAUTHORIZED'],
    ['403', { kind: 'status', status: 403, body: '{"message":"plan"}', acts: false }, 0, 'API_REFUSED'],
  ])('%s', async (_name, fault, starts, outcome) => {
    s.service.faults.set('start', [fault]);
    const client = s.client({ timing: { ...FAST, requestTimeoutMs: 100 } });
    const result = start({ client });
    if (outcome === 'adopted' || outcome === 'started') {
      expect(await result).toEqual({ id: '1', uri: URI, adopted: outcome === 'adopted' });
    } else {
      expect((await errorOf(result)).code).toBe(outcome);
    }
    expect(s.service.starts).toBe(starts);
    expect(s.service.count('start')).toBe(outcome === 'started' ? 2 : 1);
  });

  it('says what to do when it cannot be known', async () => {
    s.service.faults.set('start', [{ kind: 'reset', acts: false }]);
    const error = await errorOf(start());
    expect(error).toMatchObject({ code: 'IMPORT_MAYBE_STARTED', exitCode: 5, source: URI });
    expect(error.hint).toContain('pineload import list --index-host');
    // It was looked for at the beginning, now and then, and at the end of the window.
    expect(s.service.count('list')).toBeGreaterThan(5);
  });

  it('finds its import in a list that lags', async () => {
    s.service.listLagMs = 100;
    s.service.faults.set('start', [{ kind: 'reset', acts: true }]);
    expect(await start({ reconcileWindowMs: 2_000 })).toMatchObject({ id: '1', adopted: true });
    expect(s.service.starts).toBe(1);
  });

  it('bears a list that fails in between', async () => {
    s.service.faults.set('start', [{ kind: 'status', status: 502, acts: true }]);
    const client = s.client({ timing: { ...FAST, tries: 1 } });
    // The look before the start is the first list call.
    const fail = { kind: 'status', status: 500 } as const;
    s.service.answers.set('list', [{ data: [] }, { data: [] }]);
    const result = start({ client, reconcileWindowMs: 2_000 });
    await new Promise((resolve) => setTimeout(resolve, 30));
    s.service.faults.set('list', [fail, fail, fail]);
    s.service.answers.delete('list');
    expect(await result).toMatchObject({ id: '1', adopted: true });
    expect(s.service.starts).toBe(1);
  });

  it('takes no older import and no other directory for its own', async () => {
    const old = new Date(Date.now() - 3_600_000).toISOString();
    const now = new Date().toISOString();
    s.service.imports.push(
      { id: '90', uri: URI, status: 'Failed', createdAt: now },
      { id: '91', uri: `${URI}sub/`, status: 'Pending', createdAt: now },
      { id: '92', uri: 's3://bucket/import-old/', status: 'Pending', createdAt: now },
      { id: '93', uri: URI, status: 'Completed', createdAt: old },
    );
    s.service.faults.set('start', [{ kind: 'reset', acts: false }]);
    const result = start();
    // An hour-old one that the list did not show at first.
    setTimeout(() => s.service.imports.push({ id: '94', uri: URI, status: 'Failed', createdAt: old }), 20);
    expect((await errorOf(result)).code).toBe('IMPORT_MAYBE_STARTED');
    expect(s.events.find(({ type }) => type === 'warning')).toMatchObject({ code: 'IMPORTED_BEFORE' });
  });

  it('finds its import whatever the answers leave out', async () => {
    s.service.faults.set('start', [{ kind: 'reset', acts: false }]);
    const result = start();
    setTimeout(() => s.service.imports.push({ id: '5', uri: URI.slice(0, -1) }), 20);
    expect(await result).toMatchObject({ id: '5', adopted: true });
  });

  it('starts no second one while an import of the directory runs, unless told', async () => {
    s.service.imports.push({ id: '9', uri: URI, status: 'Reticulating' });
    const error = await errorOf(start());
    expect(error).toMatchObject({ code: 'IMPORT_CONFLICT', exitCode: 4 });
    expect(error.hint).toContain('pineload import watch --id 9');
    expect(s.service.starts).toBe(0);
    expect(await start({ retry: true })).toMatchObject({ id: '1' });
  });

  it('warns when it is stopped in the middle', async () => {
    const stop = new AbortController();
    s.service.faults.set('start', [{ kind: 'hang', acts: true }]);
    const result = errorOf(start({ signal: stop.signal }));
    while (s.service.starts === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    stop.abort();
    expect((await result).code).toBe('ABORTED');
    expect(s.events).toMatchObject([{ type: 'warning', code: 'IMPORT_MAYBE_STARTED' }]);
  });

  it('starts nothing when it cannot be reached', async () => {
    await s.service.close();
    const error = await errorOf(start());
    expect(error).toMatchObject({ code: 'API_TEMPORARY', exitCode: 5 });
    await s.service.listen();
    expect(s.service.starts).toBe(0);
  });
});
