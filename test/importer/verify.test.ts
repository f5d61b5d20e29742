import { describe, expect, it } from 'vitest';
import { compareRecord, firstDifference, ulpsApart } from '../../src/importer/sample.js';
import type { FetchedRecord, ImportModel } from '../../src/importer/types.js';
import { IncompleteError, SHOWN_NAMESPACES, verifyImport, type VerifyOptions } from '../../src/importer/verify.js';
import type { Fault } from './fake-service.js';
import { errorOf, manifestOf, scene } from './fixtures.js';

const s = scene();
const DIGEST = 'c'.repeat(64);

const model = (recordsImported: number | undefined): ImportModel => ({
  id: '7',
  uri: 's3://b/d/',
  status: 'Completed',
  createdAt: '2026-07-01T10:00:00Z',
  finishedAt: '2026-07-01T10:10:00Z',
  percentComplete: 100,
  recordsImported,
  error: undefined,
});
const verify = (changes: Partial<VerifyOptions> = {}) =>
  verifyImport({
    client: s.client({ indexName: 'words' }),
    model: model(6),
    manifest: manifestOf({ a: 2, b: 3, __default__: 1 }),
    manifestSha256: DIGEST,
    patienceMs: 60,
    shortPatienceMs: 30,
    pollMs: 5,
    onEvent: (event) => s.events.push(event),
    ...changes,
  });
const stats = (namespaces: Record<string, number>) => ({
  namespaces: Object.fromEntries(Object.entries(namespaces).map(([name, vectorCount]) => [name, { vectorCount }])),
});
const warnings = () => s.events.flatMap((event) => (event.type === 'warning' ? [event.code] : []));
const refused: Fault = { kind: 'status', status: 400 };

describe('verifyImport', () => {
  it('gives a receipt of what is there', async () => {
    s.service.namespaces = { a: 2, b: 3, '': 1, other: 9 };
    expect(await verify()).toMatchObject({
      format: 'pineload-receipt',
      version: 1,
      complete: true,
      importId: '7',
      uri: 's3://b/d/',
      index: 'words',
      host: s.service.url,
      manifestSha256: DIGEST,
      records: 6,
      recordsImported: 6,
      countedBy: 'stats',
      namespaces: [
        { namespace: '__default__', expected: 1, counted: 1 },
        { namespace: 'a', expected: 2, counted: 2 },
        { namespace: 'b', expected: 3, counted: 3 },
      ],
    });
    expect(s.events).toEqual([
      { type: 'verify.progress', seen: 6, expected: 6 },
      { type: 'verify.done', records: 6, namespaces: 3 },
    ]);
  });

  it('waits for counts that lag', async () => {
    s.service.answers.set('stats', [
      stats({}),
      stats({ a: 2 }),
      stats({ a: 2 }),
      stats({ a: 2, b: 2, __default__: 1 }),
      stats({ a: 2, b: 3, __default__: 1 }),
    ]);
    expect((await verify({ patienceMs: 60_000 })).complete).toBe(true);
    expect(s.events.flatMap((event) => (event.type === 'verify.progress' ? [event.seen] : []))).toEqual([0, 2, 5, 6]);
  });

  it('bears faults in between', async () => {
    s.service.namespaces = { a: 2, b: 3, '': 1 };
    s.service.faults.set('stats', Array<Fault>(10).fill({ kind: 'status', status: 503 }));
    expect((await verify({ patienceMs: 60_000 })).complete).toBe(true);
    expect(s.events.filter((event) => event.type === 'retry' && event.what === 'count the records')).not.toHaveLength(
      0,
    );
  });

  it('says which namespaces lack records', async () => {
    s.service.namespaces = { a: 1, '': 1 };
    const error = await errorOf(verify());
    expect(error).toMatchObject({ code: 'IMPORT_INCOMPLETE', exitCode: 6, id: '7', source: 's3://b/d/' });
    expect(error.message).toContain('2 namespaces lack records: "a": expected 2, got 1; "b": expected 3, got 0');
    expect(error).toBeInstanceOf(IncompleteError);
    expect((error as IncompleteError).receipt).toMatchObject({
      complete: false,
      namespaces: [{}, { counted: 1 }, { counted: 0 }],
    });
  });

  it('lists no more than the first of many namespaces', async () => {
    const manifest = manifestOf(Object.fromEntries(Array.from({ length: 60 }, (_, i) => [`n${i}`, 1])));
    const error = await errorOf(verify({ manifest, model: model(60) }));
    expect(error.message.match(/expected 1, got 0/g)).toHaveLength(SHOWN_NAMESPACES);
    expect(error.message).toContain('and 40 more');
    expect((error as IncompleteError).receipt.namespaces).toHaveLength(60);
  });

  it.each([
    ['continue', 'identical vectors without naming them'],
    ['abort', 'of which the service keeps one'],
  ] as const)('believes the service when it says it imported fewer: %s', async (errorMode, cause) => {
    s.service.namespaces = { a: 2, b: 2, '': 1 };
    const before = performance.now();
    const error = await errorOf(verify({ model: model(5), errorMode, patienceMs: 60_000, shortPatienceMs: 60_000 }));
    expect(performance.now() - before).toBeLessThan(5_000);
    expect(error.message).toContain(
      'the service imported 5 of 6 records. 1 namespace lacks records: "b": expected 3, got 2',
    );
    expect(error.hint).toContain(cause);
    // Even if all are counted: the service's own number stands.
    s.service.namespaces = { a: 2, b: 3, '': 1 };
    expect((await errorOf(verify({ model: model(5) }))).code).toBe('IMPORT_INCOMPLETE');
  });

  it('turns to the namespace endpoints where stats are refused', async () => {
    s.service.namespaces = { a: 2, b: 3, __default__: 1 };
    s.service.faults.set('stats', [refused]);
    expect(await verify()).toMatchObject({ complete: true, countedBy: 'namespaces' });
    expect(s.service.count('namespace')).toBe(3);

    s.service.faults.set('stats', [refused]);
    const many = Object.fromEntries(Array.from({ length: 60 }, (_, i) => [`n${i}`, 1]));
    s.service.namespaces = many;
    expect(await verify({ manifest: manifestOf(many), model: model(60) })).toMatchObject({ complete: true });
    expect(s.service.count('namespaces')).toBe(1);
    s.service.faults.set('stats', [refused]);
    s.service.namespaces = { a: 2 };
    expect((await errorOf(verify())).code).toBe('IMPORT_INCOMPLETE');
  });

  it('goes by the number of the service when nothing can be counted', async () => {
    s.service.faults.set('stats', [refused, refused]);
    s.service.faults.set('namespace', [refused, refused]);
    expect(await verify()).toMatchObject({
      complete: true,
      countedBy: 'none',
      namespaces: [{ counted: undefined }, {}, {}],
    });
    expect(warnings()).toEqual(['COUNTS_REFUSED']);
    expect((await errorOf(verify({ model: model(5) }))).message).toContain('imported 5 of 6');
  });

  it('warns of what is odd without being a loss', async () => {
    s.service.namespaces = { a: 2, b: 4, '': 1 };
    expect((await verify({ model: model(undefined) })).complete).toBe(true);
    expect((await verify({ model: model(7) })).complete).toBe(true);
    expect(warnings()).toEqual(['RECORDS_UNKNOWN', 'NAMESPACE_MORE', 'RECORDS_MORE', 'NAMESPACE_MORE']);
  });

  it('stops on request', async () => {
    const stop = new AbortController();
    setTimeout(() => stop.abort(), 30);
    expect((await errorOf(verify({ patienceMs: 60_000, signal: stop.signal }))).code).toBe('ABORTED');
  });

  it('fetches a sample back', async () => {
    s.service.namespaces = { a: 2, b: 3, '': 1 };
    const sample = [
      { id: 'x', namespace: 'a', values: Float32Array.of(0.1, 2, 3), metadata: '{"n":3,"t":["a"]}' },
      { id: 'y', namespace: 'b', sparse: { indices: [7, 2], values: Float32Array.of(0.5, 0.25) } },
    ];
    const x = { values: [0.1, 2, 3], metadata: { t: ['a'], n: 3.0 } };
    const y = { sparseValues: { indices: [2, 7], values: [0.25, 0.5] } };
    s.service.answers.set('fetch', [{ vectors: { x } }, { vectors: { y } }]);
    expect((await verify({ sample })).sample).toEqual({ checked: 2, refused: false, differences: [] });

    s.service.answers.set('fetch', [{ vectors: { x: { ...x, metadata: { n: 4, t: ['a'] } } } }, { vectors: { y } }]);
    const error = await errorOf(verify({ sample }));
    expect(error).toMatchObject({ code: 'IMPORT_INCOMPLETE' });
    expect(error.message).toContain('namespace "a", id "x": differs at ."n"');

    // Not there at first: tried again.
    s.service.answers.set('fetch', [{ vectors: {} }, { vectors: { y } }, { vectors: { x } }, { vectors: { y } }]);
    expect((await verify({ sample })).complete).toBe(true);

    s.service.faults.set('fetch', [{ kind: 'status', status: 403, body: '{"message":"no permission"}' }]);
    expect((await verify({ sample })).sample).toEqual({ checked: 0, refused: true, differences: [] });
    expect(warnings()).toContain('FETCH_REFUSED');
  });
});

describe('compareRecord', () => {
  const written = {
    id: 'i',
    namespace: 'n',
    values: Float32Array.of(0.1, -0),
    metadata: '{"a":1,"b":{"c":[true,"x"]}}',
  };
  const fetched: FetchedRecord = {
    id: 'i',
    values: [0.1, 0],
    sparse: undefined,
    metadata: { b: { c: [true, 'x'] }, a: 1 },
  };
  it.each<[string, FetchedRecord | undefined, string[]]>([
    ['the same', fetched, []],
    ['missing', undefined, ['missing: the record is not in the index']],
    ['rounded', { ...fetched, values: [0.10000001, 0] }, ['drift: up to 1 float32 ulps apart']],
    ['another value', { ...fetched, values: [0.2, 0] }, [expect.stringContaining('values: up to') as string]],
    ['shorter', { ...fetched, values: [0.1] }, ['values: 1 numbers instead of 2']],
    ['no vector', { ...fetched, values: undefined }, ['values: 0 numbers instead of 2']],
    ['no metadata', { ...fetched, metadata: undefined }, ['metadata: differs at ."a"']],
    ['one more', { ...fetched, metadata: { ...fetched.metadata, z: 1 } }, ['metadata: differs at ."z"']],
    ['deep inside', { ...fetched, metadata: { a: 1, b: { c: [true, 'y'] } } }, ['metadata: differs at ."b"."c"[1]']],
  ])('%s', (_name, record, differences) => {
    expect(compareRecord(written, record).map(({ kind, detail }) => `${kind}: ${detail}`)).toEqual(differences);
  });

  it('compares sparse values by index', () => {
    const sparse = { indices: [3, 1], values: [0.5, 1] };
    const record = (indices: number[], values: number[]) => ({
      id: 'i',
      values: undefined,
      sparse: { indices, values },
      metadata: undefined,
    });
    expect(compareRecord({ id: 'i', namespace: 'n', sparse }, record([1, 3], [1, 0.5]))).toEqual([]);
    expect(compareRecord({ id: 'i', namespace: 'n', sparse }, record([1, 4], [1, 0.5]))).toMatchObject([
      { kind: 'sparse' },
    ]);
    expect(compareRecord({ id: 'i', namespace: 'n', sparse }, { ...record([], []), sparse: undefined })).toMatchObject([
      { kind: 'sparse' },
    ]);
  });
});

describe('ulpsApart and firstDifference', () => {
  it.each([
    [1, 1, 0],
    [0, -0, 0],
    [1, 1.0000001192092896, 1],
    [1.401298464324817e-45, -1.401298464324817e-45, 2],
    [0.1, Math.fround(0.1), 0],
    [16777216, 16777218, 1],
  ])('%d and %d: %i', (a, b, n) => {
    expect(ulpsApart(a, b)).toBe(n);
  });

  it.each([
    [1, '1', ''],
    [[1], { 0: 1 }, ''],
    [null, {}, ''],
    [{ a: undefined }, {}, '."a"'],
    [[1, 2], [1], ''],
    [Number.MAX_VALUE * 2, Infinity, undefined],
  ])('%j and %j', (a, b, path) => {
    expect(firstDifference(a, b, '')).toBe(path);
  });
});
