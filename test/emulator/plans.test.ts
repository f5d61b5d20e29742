import { describe, expect, it } from 'vitest';
import { limitsOf, PLANS } from '../../src/emulator/index.js';
import { PLAN_LIMITS } from '../../src/emulator/plans.js';
import { call, counts, dense, emulate, finish, noStore, parquet, runToEnd, start } from './support.js';

const QUOTA =
  "Request failed. You've reached the max namespaces allowed in serverless index words. " +
  'To add more namespaces, upgrade your plan.';

describe('the plan', () => {
  it.each(PLANS)('%s has imports or refuses them', async (plan) => {
    const emulator = await emulate({ ...noStore, plan });
    const reply = await call(emulator.url, 'POST', '/bulk/imports', { uri: 'gs://bucket/x' });
    expect(reply.status).toBe(PLAN_LIMITS[plan].imports ? 200 : 403);
    if (reply.status === 403) {
      expect(reply.body).toMatchObject({ code: 7, message: expect.stringContaining('Standard and Enterprise') });
    }
    expect(emulator.log().importsStarted).toBe(PLAN_LIMITS[plan].imports ? 1 : 0);
  });

  it.each([
    ['starter', 100],
    ['builder', 1_000],
    ['standard', 100_000],
    ['enterprise', 100_000],
  ] as const)('%s has %i namespaces per index', (plan, namespacesPerIndex) => {
    expect(limitsOf({ plan })).toMatchObject({ namespacesPerIndex });
    expect(limitsOf({ plan, limits: { namespacesPerIndex: 7, bytesPerFile: undefined } })).toMatchObject({
      namespacesPerIndex: 7,
      bytesPerFile: 10_000_000_000,
    });
  });

  it('refuses a namespace beyond those it has', async () => {
    const { url } = await emulate({ plan: 'starter' });
    const create = (name: string) => call(url, 'POST', '/namespaces', { name });
    for (let i = 0; i < 100; i++) expect((await create(`ns-${i}`)).status).toBe(200);
    expect(await create('one-more')).toMatchObject({ status: 403, body: { code: 7, message: QUOTA } });
    await call(url, 'DELETE', '/namespaces/ns-7');
    expect((await create('one-more')).status).toBe(200);
  });
});

describe('limits that were set', () => {
  it('hold for the URI of an import, indexes and namespaces', async () => {
    const { url } = await emulate({
      ...noStore,
      limits: { uriLength: 20, records: { dimension: 30_000, namespaceLength: 5 } },
      indexes: [{ name: 'wide', dimension: 25_000 }],
    });
    expect(await call(url, 'POST', '/bulk/imports', { uri: 'gs://bucket/a/b/c/d/e' })).toMatchObject({
      status: 400,
      body: { message: 'uri must be at most 20 characters long, got 21' },
    });
    expect((await call(url, 'POST', '/bulk/imports', { uri: 'gs://bucket/a/b/c/d/' })).status).toBe(200);
    expect((await call(url, 'POST', '/namespaces', { name: 'sixsix' })).status).toBe(400);
    const index = { metric: 'cosine', spec: { serverless: { cloud: 'aws', region: 'us-east-1' } } };
    const create = (name: string, dimension: number) => call(url, 'POST', '/indexes', { name, dimension, ...index });
    expect((await create('fits', 30_000)).status).toBe(201);
    expect((await create('too-wide', 30_001)).status).toBe(400);
  });

  it('hold for records', async () => {
    const records = { idLength: 600, metadataBytes: 50_000 };
    const { url } = await emulate({ limits: { records } });
    const rows = (length: number) =>
      dense(`(repeat('x', ${length}), [1, 2], NULL), ('m', [3, 4], '{"a":"' || repeat('y', 45000) || '"}')`);
    expect(await runToEnd(url, await parquet({ 'a/0.parquet': rows(600) }))).toMatchObject({ status: 'Completed' });
    expect((await runToEnd(url, await parquet({ 'b/0.parquet': rows(601) }))).error).toContain(
      'the record id has 601 characters, the limit is 600',
    );
  });
});

describe('namespaces per index', () => {
  it('fail an import that would make too many, without making any', async () => {
    const { url } = await emulate({ limits: { namespacesPerIndex: 2 } });
    await call(url, 'POST', '/namespaces', { name: 'old' });
    const row = dense(`('a', [1, 2], NULL)`);
    const two = await parquet({ 'one/0.parquet': row, 'two/0.parquet': row });
    expect(await runToEnd(url, two)).toMatchObject({ status: 'Failed', error: `User error: ${QUOTA}` });
    expect(await counts(url)).toEqual({ old: 0 });
    // What the failed import had claimed is free again.
    expect((await runToEnd(url, await parquet({ 'one/0.parquet': row }))).status).toBe('Completed');
  });

  it('count those that a running import is going to make', async () => {
    const { url } = await emulate({ limits: { namespacesPerIndex: 2 }, indexingMs: 300 });
    const row = dense(`('a', [1, 2], NULL)`);
    const first = await start(url, await parquet({ 'one/0.parquet': row }));
    const second = await start(url, await parquet({ 'two/0.parquet': row, 'three/0.parquet': row }));
    expect((await finish(url, second)).error).toBe(`User error: ${QUOTA}`);
    expect((await finish(url, first)).status).toBe('Completed');
  });
});
