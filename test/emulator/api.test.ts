import { describe, expect, it } from 'vitest';
import { renderEmulatorEvent, type EmulatorEvent } from '../../src/emulator/index.js';
import { call, dense, emulate, finish, type Json, noStore, parquet, runToEnd, start } from './support.js';

const GONE = 's3://no-such-bucket-anywhere/import/';
describe('POST /bulk/imports', () => {
  it.each([
    [{}, 'uri must not be empty'],
    [{ uri: '' }, 'uri must not be empty'],
    [{ uri: 7 }, 'uri must not be empty'],
    [{ uri: `s3://b/${'x'.repeat(1494)}/` }, 'uri must be at most 1500 characters long, got 1502'],
    [{ uri: 'az://container/x' }, 'Bulk import URIs must start with the scheme of a supported storage provider'],
    [{ uri: '/tmp/x' }, 'Bulk import URIs must start with the scheme of a supported storage provider'],
    [{ uri: 'S3://bucket/x' }, 'Bulk import URIs must start with the scheme of a supported storage provider'],
    [
      { uri: 'https://bucket.s3.amazonaws.com/x' },
      'Bulk import URIs must start with the scheme of a supported storage provider',
    ],
    [
      { uri: 'http://a.blob.core.windows.net/c/x' },
      'Bulk import URIs must start with the scheme of a supported storage provider',
    ],
    [
      { uri: 's3://data--use1-az4--x-s3/x/' },
      'Importing from S3 Express One Zone (directory buckets) is not supported',
    ],
    [
      { uri: 'https://acct.blob.core.windows.net/container/x/?sv=1&sig=secret' },
      'uri must not hold a query; private storage is reached through a storage integration',
    ],
    [{ uri: GONE, errorMode: { onError: 'skip' } }, 'errorMode.onError must be abort or continue'],
    [{ uri: GONE, integrationId: 'x'.repeat(1001) }, 'integrationId must be a string of at most 1000 characters'],
  ])('refuses %j', async (body, message) => {
    const emulator = await emulate();
    const reply = await call(emulator.url, 'POST', '/bulk/imports', body);
    expect(reply).toMatchObject({ status: 400, body: { code: 3, message, details: [] } });
    expect(emulator.log().importsStarted).toBe(0);
  });

  it('refuses a body that is no JSON', async () => {
    const { url } = await emulate();
    const response = await fetch(`${url}/bulk/imports`, { method: 'POST', headers: { 'Api-Key': 'k' }, body: '{' });
    expect(response.status).toBe(400);
    expect(await response.json()).toEqual({ code: 3, message: 'The request body is not valid JSON', details: [] });
  });

  it.each(['gs://bucket/x', 'https://acct.blob.core.windows.net/container/x', 's3://bucket/x'])(
    'takes %s and tells asynchronously that it cannot be read',
    async (uri) => {
      const { url } = await emulate(noStore);
      expect(await runToEnd(url, uri)).toMatchObject({
        uri,
        status: 'Failed',
        error: `User error: Failed to access "${uri}": no access`,
      });
    },
  );

  it('takes s3:// only for an index on AWS', async () => {
    const { url } = await emulate({
      ...noStore,
      indexes: [{ name: 'g', dimension: 2, cloud: 'gcp', region: 'us-central1' }],
    });
    const reply = await call(url, 'POST', '/bulk/imports', { uri: GONE });
    expect(reply.status).toBe(400);
    expect(reply.body.message).toMatch(/^Importing from Amazon S3 is only supported for indexes hosted on AWS/);
    expect((await runToEnd(url, 'gs://bucket/x')).status).toBe('Failed');
  });
});

describe('GET /bulk/imports', () => {
  it('gives pages, oldest first, and no token with the last', async () => {
    const { url } = await emulate(noStore);
    for (let i = 1; i <= 12; i++) await finish(url, await start(url, GONE));
    const ids: string[] = [];
    let query = '?limit=5';
    for (let pages = 1; ; pages++) {
      const { body } = await call(url, 'GET', `/bulk/imports${query}`);
      ids.push(...body.data.map((each: Json) => each.id));
      expect(body.data[0]).toMatchObject({ uri: GONE, status: 'Failed', recordsImported: 0 });
      if (body.pagination === undefined) {
        expect(pages).toBe(3);
        break;
      }
      query = `?limit=5&paginationToken=${encodeURIComponent(body.pagination.next)}`;
    }
    expect(ids).toEqual(Array.from({ length: 12 }, (_, i) => String(i + 1)));
    expect((await call(url, 'GET', '/bulk/imports')).body.data).toHaveLength(12);
  });

  it.each(['limit=0', 'limit=101', 'limit=x', 'paginationToken=zzz'])('refuses %s', async (query) => {
    const { url } = await emulate();
    expect(await call(url, 'GET', `/bulk/imports?${query}`)).toMatchObject({ status: 400, body: { code: 3 } });
  });

  it.each(['GET', 'DELETE'])('%s of an import that is not there is 404', async (method) => {
    const { url } = await emulate();
    expect(await call(url, method, '/bulk/imports/77')).toMatchObject({
      status: 404,
      body: { code: 5, message: 'Import operation 77 not found', details: [] },
    });
  });
});

describe('namespaces and stats', () => {
  it('lists, describes, creates and deletes namespaces, in pages and byte order', async () => {
    const { url } = await emulate();
    const names = ['b', 'a', 'Z', 'ns/with slash', 'ns 2'];
    for (const name of names) {
      expect(await call(url, 'POST', '/namespaces', { name })).toMatchObject({
        status: 200,
        body: { name, record_count: 0 },
      });
    }
    expect(await call(url, 'POST', '/namespaces', { name: 'a' })).toMatchObject({ status: 409, body: { code: 6 } });
    const first = await call(url, 'GET', '/namespaces?limit=3');
    expect(first.body).toMatchObject({
      namespaces: [{ name: 'Z' }, { name: 'a' }, { name: 'b' }],
      total_count: 5,
      pagination: { next: expect.any(String) },
    });
    const second = await call(url, 'GET', `/namespaces?limit=3&paginationToken=${first.body.pagination.next}`);
    expect(second.body.namespaces.map((each: Json) => each.name)).toEqual(['ns 2', 'ns/with slash']);
    expect(second.body).not.toHaveProperty('pagination');
    expect((await call(url, 'GET', '/namespaces?prefix=ns')).body.total_count).toBe(2);

    const path = `/namespaces/${encodeURIComponent('ns/with slash')}`;
    expect((await call(url, 'GET', path)).body).toEqual({ name: 'ns/with slash', record_count: 0 });
    expect(await call(url, 'DELETE', path)).toMatchObject({ status: 200, body: {} });
    expect(await call(url, 'GET', path)).toMatchObject({
      status: 404,
      body: { code: 5, message: 'Namespace ns/with slash not found', details: [] },
    });
    expect((await call(url, 'DELETE', path)).status).toBe(404);
  });

  it('gives stats as the API describes them, by GET and by POST', async () => {
    const { url } = await emulate();
    await runToEnd(url, await parquet({ 'ns/0.parquet': dense(`('a', [1, 2], NULL)`) }));
    const expected = {
      namespaces: { ns: { vectorCount: 1 } },
      dimension: 2,
      indexFullness: 0,
      totalVectorCount: 1,
      metric: 'cosine',
      vectorType: 'dense',
      memory_fullness: 0,
      storage_fullness: 0,
    };
    expect((await call(url, 'POST', '/describe_index_stats', {})).body).toEqual(expected);
    expect((await call(url, 'GET', '/describe_index_stats')).body).toEqual(expected);
    const filtered = await call(url, 'POST', '/describe_index_stats', { filter: { genre: 'x' } });
    expect(filtered).toMatchObject({ status: 400, body: { code: 3 } });
  });

  it('says so when it does not keep all records, instead of leaving some out', async () => {
    const { url } = await emulate({ keepBytes: 900 });
    await runToEnd(
      url,
      await parquet({ 'ns/0.parquet': dense(`('a', [1, 2], NULL), ('b', [2, 3], NULL), ('c', [3, 4], NULL)`) }),
    );
    expect((await call(url, 'GET', '/vectors/fetch?ids=a&namespace=ns')).body.vectors.a.values).toEqual([1, 2]);
    expect(await call(url, 'GET', '/vectors/fetch?ids=c&namespace=ns')).toMatchObject({
      status: 501,
      body: { code: 12 },
    });
    expect((await call(url, 'GET', '/vectors/list?namespace=ns')).status).toBe(501);
    // Deleting the namespace gives the memory back.
    await call(url, 'DELETE', '/namespaces/ns');
    await runToEnd(url, await parquet({ 'ns/0.parquet': dense(`('z', [1, 2], NULL)`) }));
    expect((await call(url, 'GET', '/vectors/fetch?ids=z&namespace=ns')).status).toBe(200);
  });
});

describe('the control plane', () => {
  it('lists, describes, creates and deletes indexes; each is reached at its own host', async () => {
    const { url } = await emulate();
    const model = {
      name: 'words',
      dimension: 2,
      metric: 'cosine',
      vector_type: 'dense',
      host: url,
      spec: {
        serverless: {
          cloud: 'aws',
          region: 'us-east-1',
          read_capacity: { mode: 'OnDemand', status: { state: 'Ready' } },
        },
      },
      status: { ready: true, state: 'Ready' },
      deletion_protection: 'disabled',
      tags: {},
    };
    expect((await call(url, 'GET', '/indexes')).body).toEqual({ indexes: [model] });
    expect((await call(url, 'GET', '/indexes/words')).body).toEqual(model);

    const created = await call(url, 'POST', '/indexes', {
      name: 'lexical',
      metric: 'dotproduct',
      vector_type: 'sparse',
      spec: { serverless: { cloud: 'gcp', region: 'us-central1' } },
      tags: { team: 'a' },
    });
    expect(created).toMatchObject({
      status: 201,
      body: { name: 'lexical', vector_type: 'sparse', tags: { team: 'a' }, status: { ready: true } },
    });
    expect(created.body).not.toHaveProperty('dimension');
    const { host } = created.body;
    expect(host).not.toBe(url);
    expect((await call(host, 'POST', '/describe_index_stats', {})).body.vectorType).toBe('sparse');
    // The control plane is at the main port only.
    expect((await call(host, 'GET', '/indexes')).status).toBe(404);

    expect(await call(url, 'DELETE', '/indexes/lexical')).toMatchObject({ status: 202, body: undefined });
    expect((await call(url, 'GET', '/indexes')).body.indexes).toHaveLength(1);
    await expect(call(host, 'POST', '/describe_index_stats', {})).rejects.toThrow();
  });

  it.each([
    ['GET', '/indexes/none', undefined, 404, 'NOT_FOUND', 'Index none not found.'],
    ['DELETE', '/indexes/none', undefined, 404, 'NOT_FOUND', 'Index none not found.'],
    [
      'POST',
      '/indexes',
      { name: 'words', dimension: 2, spec: { serverless: { cloud: 'aws', region: 'us-east-1' } } },
      409,
      'ALREADY_EXISTS',
      'Resource already exists.',
    ],
    ['POST', '/indexes', { name: 'x' }, 422, 'UNPROCESSABLE_ENTITY', /missing field `spec`/],
    ['POST', '/indexes', { name: 'x', dimension: 2, spec: { pod: {} } }, 400, 'INVALID_ARGUMENT', /serverless/],
    [
      'POST',
      '/indexes',
      { name: 'No_Good', dimension: 2, spec: { serverless: { cloud: 'aws', region: 'us-east-1' } } },
      400,
      'INVALID_ARGUMENT',
      /^Index name must be 1-45 characters long/,
    ],
    [
      'POST',
      '/indexes',
      { name: 'x', dimension: 20_001, spec: { serverless: { cloud: 'aws', region: 'us-east-1' } } },
      400,
      'INVALID_ARGUMENT',
      'Dimension must be a whole number from 1 to 20000.',
    ],
  ])('%s %s %j is %i', async (method, path, body, status, code, message) => {
    const { url } = await emulate();
    const reply = await call(url, method, path, body);
    expect(reply).toMatchObject({ status, body: { status, error: { code } } });
    expect(reply.body.error.message).toMatch(message);
  });

  it('describes and makes indexes by schema and deployment in API versions that do', async () => {
    const { url } = await emulate();
    const headers = { 'Api-Key': 'k', 'X-Pinecone-Api-Version': '2026-07' };
    const described = await (await fetch(`${url}/indexes/words`, { headers })).json();
    expect(described).toEqual({
      name: 'words',
      schema: { fields: { _values: { type: 'dense_vector', dimension: 2, metric: 'cosine' } } },
      deployment: { deployment_type: 'managed', cloud: 'aws', region: 'us-east-1' },
      read_capacity: { mode: 'OnDemand', status: { state: 'Ready' } },
      host: url,
      status: { ready: true, state: 'Ready' },
      deletion_protection: 'disabled',
      tags: {},
    });
    const make = (body: object) =>
      fetch(`${url}/indexes`, { method: 'POST', headers, body: JSON.stringify({ name: 'lexical', ...body }) });
    expect((await make({ schema: { fields: { body: { type: 'string' } } } })).status).toBe(400);
    const made = await make({ schema: { fields: { _sparse_values: { type: 'sparse_vector' } } } });
    expect(made.status).toBe(201);
    expect((await call(url, 'GET', '/indexes/lexical')).body).toMatchObject({
      vector_type: 'sparse',
      metric: 'dotproduct',
    });
    // Both fields: hybrid.
    const fields = { _values: { type: 'dense_vector', dimension: 3 }, _sparse_values: { type: 'sparse_vector' } };
    expect((await make({ name: 'both', schema: { fields } })).status).toBe(201);
    expect((await call(url, 'GET', '/indexes/both')).body).toMatchObject({ dimension: 3, metric: 'dotproduct' });
  });

  it('does not delete a protected index', async () => {
    const { url } = await emulate();
    const spec = { serverless: { cloud: 'aws', region: 'us-east-1' } };
    await call(url, 'POST', '/indexes', { name: 'kept', dimension: 2, deletion_protection: 'enabled', spec });
    expect(await call(url, 'DELETE', '/indexes/kept')).toMatchObject({
      status: 403,
      body: { error: { code: 'FORBIDDEN' } },
    });
  });
});

describe('keys, unknown calls and the log', () => {
  it('takes any key that is not empty', async () => {
    const { url } = await emulate();
    expect((await call(url, 'GET', '/bulk/imports', undefined, 'whatever')).status).toBe(200);
    expect(await call(url, 'GET', '/bulk/imports', undefined, '')).toMatchObject({ status: 401, body: { code: 16 } });
    expect(await call(url, 'GET', '/indexes', undefined, '')).toMatchObject({
      status: 401,
      body: { error: { code: 'UNAUTHENTICATED', message: 'Invalid API key.' }, status: 401 },
    });
  });

  it('takes only its own key when it has one, and never tells it', async () => {
    const lines: string[] = [];
    const { url } = await emulate({ apiKey: 'right-key', onEvent: (event) => lines.push(renderEmulatorEvent(event)) });
    expect((await call(url, 'GET', '/indexes', undefined, 'right-key')).status).toBe(200);
    expect((await call(url, 'GET', '/indexes', undefined, 'wrong-key')).status).toBe(401);
    expect(lines).toHaveLength(2);
    expect(lines.join('\n')).not.toContain('-key');
  });

  it.each([
    ['POST', '/query'],
    ['PUT', '/bulk/imports'],
    ['GET', '/bulk/imports/1/2'],
    ['GET', '/'],
    ['GET', '/vectors/fetch/x'],
  ])('%s %s is 404', async (method, path) => {
    const { url } = await emulate();
    expect(await call(url, method, path, method === 'GET' ? undefined : {})).toMatchObject({
      status: 404,
      body: { code: 5 },
    });
  });

  it('counts calls by operation and tells of requests and imports', async () => {
    const events: EmulatorEvent[] = [];
    const emulator = await emulate({ onEvent: (event) => events.push(event) });
    const uri = await parquet({ 'ns/0.parquet': dense(`('a', [1], NULL)`) });
    await runToEnd(emulator.url, uri);
    const log = (await call(emulator.url, 'GET', '/__emulator/log')).body;
    expect(log).toMatchObject({ importsStarted: 1, operations: { startImport: { received: 1, acted: 1 } } });
    expect(log.requests[0]).toEqual({
      operation: 'startImport',
      index: 'words',
      status: 200,
      acted: true,
      apiVersion: '2026-04',
    });
    const lines = events.map(renderEmulatorEvent);
    expect(lines[0]).toMatch(/^POST \/bulk\/imports \[words\] 200 \d+ ms$/);
    expect(lines.find((line) => line.startsWith('import'))).toBe('import 1 [words] InProgress, 0 imported, 0 skipped');
    // The log says more than the service: the whole path of the file.
    expect(lines.find((line) => line.includes('Failed'))).toMatch(/does not match .* \(ns\/0\.parquet, row 0\)$/);
    expect((await call(emulator.url, 'GET', '/__emulator/health')).body).toEqual({ status: 'ok' });
  });
});
