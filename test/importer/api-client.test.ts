import { describe, expect, it } from 'vitest';
import { PineconeClient } from '../../src/importer/api-client.js';
import { FAST, KEY, errorOf, scene } from './fixtures.js';

const s = scene();

describe('requests', () => {
  it('carry the key, the pinned version, and always an error mode', async () => {
    const id = await s.client().startImport({ uri: 's3://b/d/', errorMode: 'abort' });
    expect(id).toBe('1');
    const [request] = s.service.requests;
    expect(request?.headers).toMatchObject({
      'api-key': KEY,
      'x-pinecone-api-version': '2026-04',
      'content-type': 'application/json',
    });
    expect(JSON.parse(request!.body)).toEqual({ uri: 's3://b/d/', errorMode: { onError: 'abort' } });
    await s
      .client({ apiVersion: '2025-10' })
      .startImport({ uri: 's3://b/d/', errorMode: 'continue', integrationId: 'i-1' });
    expect(s.service.requests[1]?.headers['x-pinecone-api-version']).toBe('2025-10');
    expect(JSON.parse(s.service.requests[1]!.body)).toEqual({
      uri: 's3://b/d/',
      integrationId: 'i-1',
      errorMode: { onError: 'continue' },
    });
  });

  it('go to the right place with names and ids escaped', async () => {
    const client = s.client();
    await client.cancelImport('a/b?c');
    await client.describeNamespace('a b/ü');
    await client.describeNamespace('');
    await client.fetchVectors(['x&y', 'z'], 'n=1');
    expect(s.service.requests.map(({ method, url }) => `${method} ${url}`)).toEqual([
      'DELETE /bulk/imports/a%2Fb%3Fc',
      'GET /namespaces/a%20b%2F%C3%BC',
      'GET /namespaces/__default__',
      'GET /vectors/fetch?ids=x%26y&ids=z&namespace=n%3D1',
    ]);
  });

  it.each([[0], [101], [1.5]])('refuse a page limit of %d', async (limit) => {
    expect(await errorOf(s.client().listImports({ limit }))).toMatchObject({ code: 'OPTION_INVALID', field: 'limit' });
  });
});

describe('answers', () => {
  const full = {
    id: '7',
    uri: 's3://b/d/',
    status: 'InProgress',
    createdAt: '2025-08-21T11:29:47.886797+00:00',
    finishedAt: undefined,
    percentComplete: 42.2,
    recordsImported: 1_000_000,
    error: undefined,
  };
  it.each([
    ['camelCase', { ...full }],
    [
      'snake_case',
      {
        id: '7',
        uri: full.uri,
        status: 'InProgress',
        created_at: full.createdAt,
        percent_complete: 42.2,
        records_imported: 1_000_000,
      },
    ],
    ['numbers as text, an id as number', { ...full, id: 7, percentComplete: '42.2', recordsImported: '1000000' }],
    [
      'nulls and unknown fields',
      { ...full, finishedAt: null, error: null, integration: { x: 1 }, validationResult: {} },
    ],
    ['a status spelt otherwise', { ...full, status: 'IN_PROGRESS' }],
  ])('are read in %s', async (_name, answer) => {
    s.service.answers.set('describe', [answer]);
    expect(await s.client().describeImport('7')).toEqual(full);
  });

  it('keep a status that is not known, and do without one', async () => {
    s.service.answers.set('describe', [{ id: '7', status: 'Compacting' }, {}]);
    expect((await s.client().describeImport('7')).status).toBe('Compacting');
    expect(await s.client().describeImport('7')).toMatchObject({
      id: '7',
      status: 'Unknown',
      recordsImported: undefined,
    });
  });

  it.each([
    ['no JSON', '<html>Bad gateway</html>'],
    ['cut off', '{"id":"7","status":'],
    ['no object', '[1,2]'],
    ['nothing', ''],
    ['an import without id', '{"data":[{"status":"Pending"}]}'],
    ['a list that is none', '{"data":"x"}'],
  ])('that are garbage are tried again, then told: %s', async (_name, body) => {
    s.service.faults.set('list', Array(4).fill({ kind: 'raw', body, acts: false }));
    const error = await errorOf(s.client().listImports());
    expect(error).toMatchObject({ code: 'API_ANSWER_INVALID', exitCode: 5 });
    expect(error.source).toBe(`GET ${s.service.url}/bulk/imports`);
    expect(error.got).toBeDefined();
    expect(s.service.count('list')).toBe(4);
  });

  it('show garbage quoted and cut', async () => {
    s.service.faults.set('list', [{ kind: 'raw', body: `\u001b[31m${'x'.repeat(10_000)}`, acts: false }]);
    const error = await errorOf(s.client({ timing: { ...FAST, tries: 1 } }).listImports());
    expect(error.message).not.toContain('\u001b');
    expect(error.message.length).toBeLessThan(400);
  });

  it('are bounded', async () => {
    s.service.faults.set('list', [{ kind: 'raw', body: `{"x":"${'x'.repeat(100_000)}"}`, acts: false }]);
    const error = await errorOf(s.client({ maxAnswerBytes: 50_000 }).listImports());
    expect(error).toMatchObject({ code: 'API_ANSWER_INVALID', got: 'more' });
    expect(s.service.count('list')).toBe(1);
  });

  it('list pages to the end, and end when a page token repeats', async () => {
    for (let i = 1; i <= 7; i++) s.service.imports.push({ id: String(i), uri: 's3://b/', status: 'Completed' });
    s.service.pageSize = 3;
    const ids: string[] = [];
    for await (const { id } of s.client().allImports()) ids.push(id);
    expect(ids).toEqual(['1', '2', '3', '4', '5', '6', '7']);
    expect(s.service.count('list')).toBe(3);
    s.service.stuckToken = 't0';
    let n = 0;
    for await (const _ of s.client().allImports()) n++;
    expect(n).toBe(6);
    expect(s.service.count('list')).toBe(5);
  });

  it('list namespaces and read stats, the default namespace under one name', async () => {
    s.service.answers.set('namespaces', [
      { namespaces: [{ name: '__default__', record_count: '12' }], pagination: { next: 'p' } },
      { namespaces: [{ name: 'b', recordCount: 0 }] },
    ]);
    const names: unknown[] = [];
    for await (const one of s.client().listNamespaces()) names.push(one);
    expect(names).toEqual([
      { name: '__default__', records: 12 },
      { name: 'b', records: 0 },
    ]);
    s.service.answers.set('stats', [
      {
        namespaces: {
          '': { vectorCount: 5 },
          b: { vector_count: '7' },
          __proto__x: {},
          ['__proto__']: { vectorCount: 1 },
        },
        total_vector_count: 13,
        dimension: 0,
      },
    ]);
    const stats = await s.client().indexStats();
    expect(Object.fromEntries([...stats.namespaces].map(([k, v]) => [`ns ${k}`, v]))).toEqual({
      'ns __default__': 5,
      'ns b': 7,
      'ns __proto__x': 0,
      'ns __proto__': 1,
    });
    expect(stats).toMatchObject({ total: 13, dimension: undefined });
  });

  it.each([
    [
      'serverless, 2026-04',
      {
        host: 'h.pinecone.io',
        private_host: 'p.pinecone.io',
        dimension: 8,
        metric: 'dotproduct',
        vector_type: 'dense',
        status: { ready: false, state: 'Initializing' },
        spec: { serverless: { cloud: 'gcp', region: 'r' } },
      },
      {
        host: 'h.pinecone.io',
        dimension: 8,
        metric: 'dotproduct',
        vectorType: 'dense',
        ready: false,
        state: 'Initializing',
        cloud: 'gcp',
        region: 'r',
        serverless: true,
        deployment: 'serverless',
        hasSchema: false,
      },
    ],
    [
      'sparse with a schema and integrated embedding',
      {
        host: 'h',
        metric: 'dotproduct',
        vector_type: 'sparse',
        embed: { model: 'm' },
        spec: { serverless: { cloud: 'aws', schema: { fields: {} }, read_capacity: { mode: 'Dedicated' } } },
      },
      { dimension: undefined, vectorType: 'sparse', embeds: true, hasSchema: true, dedicated: true, ready: undefined },
    ],
    ['pod', { host: 'h', dimension: 8, spec: { pod: { environment: 'x' } } }, { serverless: false, deployment: 'pod' }],
    ['byoc', { host: 'h', spec: { byoc: { cloud: 'aws' } } }, { serverless: false, deployment: 'byoc', cloud: 'aws' }],
    [
      '2026-07',
      {
        host: 'h',
        schema: { fields: { _values: { type: 'dense_vector', dimension: 4, metric: 'cosine' } } },
        deployment: { deployment_type: 'managed', cloud: 'azure', region: 'r' },
      },
      { dimension: 4, metric: 'cosine', vectorType: 'dense', serverless: true, cloud: 'azure', hasSchema: false },
    ],
    [
      '2026-07 with documents',
      {
        host: 'h',
        schema: { fields: { text: { type: 'string' }, v: { type: 'sparse_vector' } } },
        deployment: { deployment_type: 'byoc' },
      },
      { vectorType: 'sparse', deployment: 'byoc', hasSchema: true },
    ],
  ])('describe an index: %s', async (_name, answer, model) => {
    s.service.answers.set('index', [answer]);
    expect(await s.client().describeIndex('words')).toMatchObject({ name: 'words', ...model });
  });

  it('give records back', async () => {
    s.service.answers.set('fetch', [
      {
        vectors: {
          a: { id: 'a', values: [0.5, 1], metadata: { n: 3 } },
          b: { id: 'b', values: [], sparseValues: { indices: [4294967295], values: [1] } },
        },
      },
    ]);
    expect([...(await s.client().fetchVectors(['a', 'b'], 'n')).values()]).toEqual([
      { id: 'a', values: [0.5, 1], sparse: undefined, metadata: { n: 3 } },
      { id: 'b', values: undefined, sparse: { indices: [4294967295], values: [1] }, metadata: undefined },
    ]);
  });
});

describe('refusals', () => {
  it.each([
    [401, '{"code":16,"message":"Invalid API key"}', 'API_UNAUTHORIZED', 'Invalid API key', 4],
    [401, 'Unauthorized', 'API_UNAUTHORIZED', 'Unauthorized', 4],
    [403, '{"error":{"code":"FORBIDDEN","message":"Forbidden"},"status":403}', 'API_UNAUTHORIZED', 'Forbidden', 4],
    [
      403,
      '{"error":{"code":"QUOTA_EXCEEDED","message":"Upgrade your plan"},"status":403}',
      'API_REFUSED',
      'QUOTA_EXCEEDED: Upgrade your plan',
      4,
    ],
    [404, '{"code":5,"message":"Import not found"}', 'API_NOT_FOUND', 'Import not found', 4],
    [
      400,
      '{"code":3,"message":"Bulk import URIs must start with the scheme of a supported storage provider","details":[]}',
      'API_REFUSED',
      'supported storage provider',
      4,
    ],
    [409, '{"message":"conflict"}', 'API_REFUSED', 'conflict', 4],
    [302, '', 'API_REFUSED', 'redirects', 4],
  ])('%i is told at once: %s', async (status, body, code, text, exitCode) => {
    s.service.faults.set('describe', [
      { kind: 'status', status, body, headers: { location: 'https://elsewhere.example/' } },
    ]);
    const error = await errorOf(s.client().describeImport('1'));
    expect(error).toMatchObject({ code, exitCode, mayHaveActed: false });
    expect(error.message).toContain(text);
    expect(s.service.count('describe')).toBe(1);
  });

  it.each([
    ['429', { kind: 'status', status: 429 }],
    ['408', { kind: 'status', status: 408 }],
    ['500', { kind: 'status', status: 500 }],
    ['503', { kind: 'status', status: 503 }],
    ['a reset', { kind: 'reset', acts: false }],
    ['garbage', { kind: 'raw', body: 'x', acts: false }],
    ['silence', { kind: 'hang', acts: false }],
  ] as const)('%s: safe calls are made again, with events', async (_name, fault) => {
    s.service.imports.push({ id: '1', status: 'Pending' });
    for (const route of ['describe', 'list', 'cancel', 'stats', 'namespace', 'index'] as const) {
      // The answer to a deletion is not read.
      const unread = fault.kind === 'raw' && (route === 'cancel' || route === 'namespace');
      s.service.faults.set(route, unread ? [] : [fault, fault]);
    }
    s.service.answers.set('index', [{ host: 'h' }]);
    const client = s.client({ timing: { ...FAST, requestTimeoutMs: fault.kind === 'hang' ? 40 : 2_000 } });
    await client.describeImport('1');
    await client.listImports();
    await client.cancelImport('1');
    await client.indexStats();
    await client.deleteNamespace('n');
    await client.describeIndex('x');
    expect(s.service.count('describe')).toBe(3);
    expect(s.service.count('stats')).toBe(3);
    expect(s.service.count('namespace')).toBe(fault.kind === 'raw' ? 1 : 3);
    const retries = s.events.filter(({ type }) => type === 'retry');
    expect(retries).toHaveLength(fault.kind === 'raw' ? 8 : 12);
    expect(retries[0]).toMatchObject({ stage: 'importer', what: 'describe the import', attempt: 1 });
  });

  it('heed Retry-After, but not for ever', async () => {
    s.service.imports.push({ id: '1', status: 'Pending' });
    const slow = (value: string) => ({ kind: 'status', status: 429, headers: { 'retry-after': value } }) as const;
    s.service.faults.set('describe', [slow('1')]);
    const before = performance.now();
    await s.client().describeImport('1');
    expect(performance.now() - before).toBeGreaterThan(950);
    expect(s.events).toMatchObject([{ type: 'retry', delayMs: 1_000 }]);

    s.service.faults.set('describe', [slow(new Date(Date.now() + 3_600_000).toUTCString())]);
    const error = await errorOf(s.client().describeImport('1'));
    expect(error).toMatchObject({ code: 'API_TEMPORARY', exitCode: 5, retryable: true });
    expect((error as unknown as { retryAfterMs: number }).retryAfterMs).toBeGreaterThan(3_500_000);
  });

  it('give up after the tries', async () => {
    s.service.faults.set('describe', Array(10).fill({ kind: 'status', status: 503, body: 'upstream\u001b[2J' }));
    const error = await errorOf(s.client().describeImport('1'));
    expect(error).toMatchObject({ code: 'API_TEMPORARY', status: 503, mayHaveActed: true });
    expect(error.message).not.toContain('\u001b');
    expect(s.service.count('describe')).toBe(4);
  });

  it('say what is wrong with the connection', async () => {
    await s.service.close();
    const error = await errorOf(s.client().describeImport('1'));
    expect(error).toMatchObject({ code: 'API_TEMPORARY', mayHaveActed: false });
    expect(error.message).toContain('ECONNREFUSED');
    await s.service.listen();
  });

  it('stop when the signal fires, in a call and between two', async () => {
    const stop = new AbortController();
    s.service.faults.set('describe', [{ kind: 'hang', acts: false }]);
    const waiting = errorOf(s.client().describeImport('1', { signal: stop.signal }));
    setTimeout(() => stop.abort(), 30);
    expect(await waiting).toMatchObject({ code: 'ABORTED' });
    expect(await errorOf(s.client().listImports({}, { signal: stop.signal }))).toMatchObject({ code: 'ABORTED' });

    const between = new AbortController();
    s.service.faults.set('stats', Array(9).fill({ kind: 'status', status: 503 }));
    const slow = s.client({
      timing: { ...FAST, retryBaseMs: 60_000, retryMaxMs: 60_000 },
      onEvent: () => between.abort(),
    });
    expect(await errorOf(slow.indexStats({ signal: between.signal }))).toMatchObject({ code: 'ABORTED' });
    expect(s.service.count('stats')).toBe(1);
  });

  it('never show the key, even if the service does', async () => {
    const bodies = [`{"message":"key ${KEY} is bad"}`, `plain ${KEY}`, `{"data":"${KEY}"}`, KEY];
    for (const [i, body] of bodies.entries()) {
      s.service.faults.set('list', [
        i < 2 ? { kind: 'status', status: 400, body } : { kind: 'raw', body, acts: false },
      ]);
      const error = await errorOf(s.client({ timing: { ...FAST, tries: 1 } }).listImports());
      expect(error.message).toContain('***');
      expect(JSON.stringify(error) + String(error.stack)).not.toContain(KEY);
    }
    expect(JSON.stringify(s.client())).not.toContain(KEY);
  });

  it('follow no redirect with the key', async () => {
    s.service.faults.set('list', [
      { kind: 'status', status: 307, headers: { location: `${s.service.url}/namespaces` } },
    ]);
    expect(await errorOf(s.client().listImports())).toMatchObject({ code: 'API_REFUSED' });
    expect(s.service.requests).toHaveLength(1);
  });

  it('need a host for calls to an index', async () => {
    const client = new PineconeClient({ apiKey: KEY });
    expect(await errorOf(client.listImports())).toMatchObject({ code: 'OPTION_INVALID', field: 'indexHost' });
  });
});
