import { describe, expect, it } from 'vitest';
import { failureHint } from '../../src/importer/failure-hints.js';
import { watchImport, type WatchOptions } from '../../src/importer/watch.js';
import type { Fault } from './fake-service.js';
import { FAST, errorOf, scene } from './fixtures.js';

const s = scene();

const watch = (changes: Partial<WatchOptions> = {}) =>
  watchImport({ client: s.client(), id: '7', pollMs: 1, onEvent: (event) => s.events.push(event), ...changes });
const told = () => s.events.filter(({ type }) => type === 'import.progress');

describe('watchImport', () => {
  // The rate over some milliseconds: any number will do here, `progress-rate.test.ts` has the sums.
  const RATE: unknown = expect.any(Number);

  it('follows to the end and tells only what changed', async () => {
    const pending = { id: '7', status: 'Pending' };
    const reading = { id: '7', status: 'InProgress', percentComplete: 50, recordsImported: 5 };
    const building = { id: '7', status: 'InProgress', percentComplete: 100, recordsImported: 10 };
    const done = {
      ...building,
      status: 'Completed',
      createdAt: '2026-07-01T10:00:00.000001+00:00',
      finishedAt: '2026-07-01T10:10:30+00:00',
    };
    s.service.answers.set('describe', [pending, pending, reading, reading, reading, building, building, done]);
    expect(await watch()).toMatchObject({ status: 'Completed', recordsImported: 10 });
    expect(told()).toMatchObject([
      { type: 'import.progress', id: '7', status: 'Pending', percent: undefined, recordsImported: undefined },
      {
        type: 'import.progress',
        id: '7',
        status: 'InProgress',
        percent: 50,
        recordsImported: 5,
        recordsPerSecond: RATE,
        secondsLeft: RATE,
      },
      {
        type: 'import.progress',
        id: '7',
        status: 'InProgress',
        percent: 100,
        recordsImported: 10,
        secondsLeft: undefined,
      },
      { type: 'import.progress', id: '7', status: 'Completed', percent: 100, recordsImported: 10 },
    ]);
    expect(told()).toHaveLength(4);
    const end = s.events.at(-1) as { type: string; seconds: number };
    expect(end).toMatchObject({ type: 'import.done', id: '7', status: 'Completed', recordsImported: 10 });
    expect(end.seconds).toBeCloseTo(630, 3);
    expect(s.service.count('describe')).toBe(8);
  });

  it('waits through states it does not know, in both spellings', async () => {
    s.service.answers.set('describe', [
      { id: '7', status: 'Queued' },
      { id: '7' },
      { id: '7', status: 'in_progress', percent_complete: '3.5' },
      { id: '7', status: 'COMPLETED', records_imported: '12' },
    ]);
    expect(await watch()).toMatchObject({ status: 'Completed', recordsImported: 12 });
    expect(told().map((event) => (event as { status: string }).status)).toEqual([
      'Queued',
      'Unknown',
      'InProgress',
      'Completed',
    ]);
  });

  it('repeats a state that lasts now and then', async () => {
    s.service.answers.set('describe', [
      ...Array(20).fill({ id: '7', status: 'Pending' }),
      { id: '7', status: 'Completed' },
    ]);
    await watch({ progressRepeatMs: 0 });
    expect(told()).toHaveLength(21);
  });

  it.each<[string, Fault]>([
    ['429', { kind: 'status', status: 429, headers: { 'retry-after': '0' } }],
    ['500', { kind: 'status', status: 500 }],
    ['a reset', { kind: 'reset', acts: false }],
    ['garbage', { kind: 'raw', body: '<html>', acts: false }],
    ['silence', { kind: 'hang', acts: false }],
  ])('survives %s, longer than a single call does', async (_name, fault) => {
    const client = s.client({ timing: { ...FAST, tries: 2, requestTimeoutMs: fault.kind === 'hang' ? 20 : 2_000 } });
    s.service.answers.set('describe', [{ id: '7', status: 'Completed' }]);
    s.service.faults.set('describe', Array<Fault>(7).fill(fault));
    expect(await watch({ client })).toMatchObject({ status: 'Completed' });
    const own = s.events.filter((event) => event.type === 'retry' && event.what.startsWith('look at import 7'));
    expect(own.map((event) => (event as { attempt: number }).attempt)).toEqual([1, 2, 3]);
  });

  it('waits for a service that is away', async () => {
    s.service.answers.set('describe', [{ id: '7', status: 'Completed' }]);
    const { url } = s.service;
    const port = Number(new URL(url).port);
    await s.service.close();
    const watching = watch({ client: s.client({ indexHost: url }) });
    await new Promise((resolve) => setTimeout(resolve, 50));
    await s.service.listen(port);
    expect(await watching).toMatchObject({ status: 'Completed' });
  });

  it('loses patience in the end, with the way back', async () => {
    s.service.faults.set('describe', Array<Fault>(1_000).fill({ kind: 'status', status: 503 }));
    const error = await errorOf(watch({ patienceMs: 50 }));
    expect(error).toMatchObject({ code: 'API_TEMPORARY', exitCode: 5 });
    expect(error.hint).toContain('pineload import watch --id 7');
    expect(error.message).toContain('goes on');
  });

  it.each([
    [401, 'API_UNAUTHORIZED'],
    [400, 'API_REFUSED'],
  ])('ends at once on %i', async (status, code) => {
    s.service.faults.set('describe', [{ kind: 'status', status }]);
    expect(await errorOf(watch())).toMatchObject({ code });
    expect(s.service.count('describe')).toBe(1);
  });

  it('gives an import that was just started time to be seen, and only that', async () => {
    const missing: Fault = { kind: 'status', status: 404 };
    s.service.answers.set('describe', [{ id: '7', status: 'Completed' }]);
    s.service.faults.set('describe', [missing, missing]);
    expect(await watch()).toMatchObject({ status: 'Completed' });
    s.service.faults.set('describe', [missing]);
    expect(await errorOf(watch({ notFoundGraceMs: 0 }))).toMatchObject({ code: 'API_NOT_FOUND' });
  });

  it('passes on why an import failed, and what to do about it', async () => {
    const error =
      'User error: The namespace "n1" already exists. Imports are only allowed into nonexistent namespaces.';
    s.service.answers.set('describe', [{ id: '7', uri: 's3://b/d/', status: 'Failed', error }]);
    const thrown = await errorOf(watch());
    expect(thrown).toMatchObject({ code: 'IMPORT_FAILED', exitCode: 6, id: '7', source: 's3://b/d/' });
    expect(thrown.message).toContain('The namespace \\"n1\\" already exists');
    expect(thrown.hint).toContain('Delete namespace "n1"');
    expect(s.events.at(-1)).toMatchObject({ type: 'import.done', status: 'Failed' });
  });

  it('does without a reason', async () => {
    s.service.answers.set('describe', [
      { id: '7', status: 'Failed' },
      { id: '7', status: 'Cancelled' },
    ]);
    expect((await errorOf(watch())).message).toContain('no reason');
    expect(await errorOf(watch())).toMatchObject({ code: 'IMPORT_CANCELLED', exitCode: 6 });
  });

  it.each([
    ['while polling', [] as Fault[]],
    ['while the service hangs', [{ kind: 'hang', acts: false }] as Fault[]],
    ['while it is out of order', Array<Fault>(1_000).fill({ kind: 'status', status: 503 })],
  ])('times out %s, cancels nothing, and says how to attach again', async (_name, faults) => {
    s.service.answers.set('describe', [{ id: '7', status: 'InProgress' }]);
    s.service.faults.set('describe', faults);
    const error = await errorOf(watch({ client: s.client({ indexName: 'words' }), timeoutMs: 60 }));
    expect(error).toMatchObject({ code: 'IMPORT_TIMEOUT', exitCode: 7 });
    expect(error.hint).toBe('Attach to it again with: pineload import watch --id 7 --index-name words');
    expect(s.service.count('cancel')).toBe(0);
  });

  it('detaches on request without cancelling', async () => {
    s.service.answers.set('describe', [{ id: '7', status: 'InProgress' }]);
    const stop = new AbortController();
    setTimeout(() => stop.abort(), 40);
    expect(await errorOf(watch({ signal: stop.signal }))).toMatchObject({ code: 'ABORTED' });
    expect(await errorOf(watch({ signal: stop.signal }))).toMatchObject({ code: 'ABORTED' });
    expect(s.service.count('cancel')).toBe(0);
  });

  it('does not grow over thousands of looks', async () => {
    s.service.answers.set('describe', [
      ...Array(3_000).fill({ id: '7', status: 'InProgress' }),
      { id: '7', status: 'Completed' },
    ]);
    const stop = new AbortController();
    let listeners = 0;
    const add = stop.signal.addEventListener.bind(stop.signal);
    const remove = stop.signal.removeEventListener.bind(stop.signal);
    stop.signal.addEventListener = (...args: Parameters<typeof add>) => (listeners++, add(...args));
    stop.signal.removeEventListener = (...args: Parameters<typeof remove>) => (listeners--, remove(...args));
    const warnings: Error[] = [];
    const onWarning = (warning: Error) => warnings.push(warning);
    process.on('warning', onWarning);
    await watch({ pollMs: 0, signal: stop.signal });
    process.off('warning', onWarning);
    expect(told()).toHaveLength(2);
    expect(listeners).toBe(0);
    expect(warnings).toEqual([]);
    expect(s.service.count('describe')).toBe(3_001);
  });
});

describe('failureHint', () => {
  // Texts: docs.pinecone.io/guides/index-data/import-data (2026-01).
  it.each([
    [
      'User error: No Parquet files found under "gs://example_bucket/imports". Files must be stored with the specified bucket prefix.',
      'upload is complete',
    ],
    [
      'User error: "test-import/0.parquet": No namespace detected. Each file should be nested under a subdirectory of the URI prefix.',
      'one directory below the URI',
    ],
    ['It looks like you specified a complete path to a parquet file as the URI prefix to import from.', 'not a file'],
    ['User error: No vectors added, all rows were skipped for namespace: example-namespace', 'dimension'],
    ['User error: Unsupported column "x"', 'id, values, sparse_values and metadata'],
    ['Missing required column "id"', 'pineload validate'],
    ['The expected data type for column "values" is "LIST<FLOAT>", but got "STRING"', 'pineload validate'],
    ['Parquet footer could not be parsed. Are you sure this is valid parquet?', 'cut off'],
    ['User error: error reading record (file "/0.parquet", row 0): Failed to parse metadata: EOF', 'flat JSON object'],
    ['Upserting dense vectors is not supported for sparse indexes', 'sparse vectors only'],
    ['Exceeds system limit', 'split it'],
    ['Access Denied (s3:ListBucket)', 'storage integration'],
    ['We were unable to process your request. If the problem persists, please contact us', 'not billed'],
  ])('%s', (error, part) => {
    expect(failureHint(error)).toContain(part);
  });

  it('has nothing to say of what it does not know', () => {
    expect(failureHint('Something new')).toBeUndefined();
    expect(failureHint(undefined)).toBeUndefined();
  });
});
