import { describe, expect, it } from 'vitest';
import type { FaultRule } from '../../src/emulator/index.js';
import { call, counts, dense, emulate, type Json, noStore, parquet, runToEnd, start } from './support.js';

const URI = 'gs://bucket/x';

async function tryStart(base: string): Promise<Response | 'dropped'> {
  const init = { method: 'POST', headers: { 'Api-Key': 'k' }, body: JSON.stringify({ uri: URI }) };
  return fetch(`${base}/bulk/imports`, init).catch(() => 'dropped');
}

describe('faults', () => {
  it.each<[string, Omit<FaultRule, 'operation'>, number | 'dropped', number]>([
    ['500 before acting', { kind: 'status' }, 500, 0],
    ['500 after acting', { kind: 'status', when: 'after' }, 500, 1],
    ['503 before acting', { kind: 'status', status: 503 }, 503, 0],
    ['a reset before acting', { kind: 'reset' }, 'dropped', 0],
    ['a reset after acting', { kind: 'reset', when: 'after' }, 'dropped', 1],
    ['garbage before acting', { kind: 'garbage' }, 200, 0],
    ['garbage after acting', { kind: 'garbage', when: 'after' }, 200, 1],
    ['a late answer', { kind: 'delay', delayMs: 20 }, 200, 1],
  ])('play %s', async (_, rule, status, started) => {
    const emulator = await emulate({ ...noStore, faults: { rules: [{ operation: 'startImport', ...rule }] } });
    const reply = await tryStart(emulator.url);
    expect(reply === 'dropped' ? reply : reply.status).toBe(status);
    if (rule.kind === 'garbage') await expect((reply as Response).json()).rejects.toThrow(SyntaxError);
    expect(emulator.log()).toMatchObject({
      importsStarted: started,
      operations: { startImport: { received: 1, acted: started } },
    });
    expect((await call(emulator.url, 'GET', '/bulk/imports')).body.data).toHaveLength(started);
    // Once only.
    expect(((await tryStart(emulator.url)) as Response).status).toBe(200);
  });

  it('answer 429 with Retry-After in the shape of either plane', async () => {
    const rule = { operation: '*', kind: 'status', status: 429, retryAfter: 3, times: 2 } as const;
    const { url } = await emulate({ faults: { rules: [rule] } });
    const data = await call(url, 'GET', '/bulk/imports');
    expect(data).toMatchObject({ status: 429, body: { code: 8, message: expect.any(String), details: [] } });
    expect(data.headers.get('retry-after')).toBe('3');
    expect(await call(url, 'GET', '/indexes')).toMatchObject({
      status: 429,
      body: { status: 429, error: { code: 'RESOURCE_EXHAUSTED' } },
    });
    expect((await call(url, 'GET', '/indexes')).status).toBe(200);
  });

  it('are set, read and cleared by calls, and count from the N-th request on', async () => {
    const { url } = await emulate();
    const faults = { rules: [{ operation: 'listImports', kind: 'status', status: 503, skip: 1, times: 2 }] };
    expect((await call(url, 'POST', '/__emulator/faults', faults)).body).toEqual(faults);
    const statuses: number[] = [];
    for (let i = 0; i < 4; i++) statuses.push((await call(url, 'GET', '/bulk/imports')).status);
    expect(statuses).toEqual([200, 503, 503, 200]);
    expect((await call(url, 'GET', '/indexes')).status).toBe(200);
    expect((await call(url, 'GET', '/__emulator/faults')).body).toEqual(faults);
    expect((await call(url, 'DELETE', '/__emulator/faults')).body).toEqual({});
  });

  it.each([
    [{ rules: [{ operation: 'nothing', kind: 'reset' }] }, /operation/],
    [{ rules: [{ operation: '*', kind: 'explode' }] }, /kind/],
    [{ rules: [{ operation: '*', kind: 'reset', when: 'later' }] }, /when/],
    [{ rules: [{ operation: '*', kind: 'reset', skip: -1 }] }, /skip/],
    [{ rules: 3 }, /rules/],
    [{ listLag: 3 }, /listLag/],
    [{ statsLagMs: '3' }, /statsLagMs/],
    [{ requestsPerSecond: 0 }, /requestsPerSecond/],
    [{ rules: [{ operation: '*', kind: 'reset', time: 2 }] }, /no "time"/],
  ])('refuse the setting %j', async (settings, message) => {
    const { url } = await emulate();
    const reply = await call(url, 'POST', '/__emulator/faults', settings);
    expect(reply.status).toBe(400);
    expect(reply.body.message).toMatch(message);
  });
});

describe('throttling', () => {
  it('answers as many calls a second as it is told, the others with 429 and when to come again', async () => {
    const { url } = await emulate({ faults: { requestsPerSecond: 5 } });
    const begun = performance.now();
    const replies: Json[] = [];
    for (let i = 0; i < 60; i++) replies.push(await call(url, 'GET', '/bulk/imports'));
    const seconds = (performance.now() - begun) / 1000;
    const passed = replies.filter(({ status }) => status === 200).length;
    const refused = replies.filter(({ status }) => status === 429);
    expect(passed).toBeGreaterThanOrEqual(5);
    expect(passed).toBeLessThanOrEqual(5 + Math.ceil(5 * seconds));
    expect(passed + refused.length).toBe(60);
    expect(refused.length).toBeGreaterThan(0);
    expect(refused.every(({ headers }) => headers.get('retry-after') === '1')).toBe(true);
    await expect.poll(async () => (await call(url, 'GET', '/bulk/imports')).status, { interval: 250 }).toBe(200);
  });
});

describe('lags', () => {
  it('keep a new import out of the list for a while, though it can be described', async () => {
    const { url } = await emulate({ ...noStore, faults: { listLagMs: 150 } });
    const id = await start(url, URI);
    expect((await call(url, 'GET', '/bulk/imports')).body).toEqual({ data: [] });
    expect((await call(url, 'GET', `/bulk/imports/${id}`)).body.id).toBe(id);
    await expect
      .poll(async () => (await call(url, 'GET', '/bulk/imports')).body.data.map((each: Json) => each.id))
      .toEqual([id]);
  });

  it('keep imported records out of stats and namespaces for a while', async () => {
    const { url } = await emulate({ faults: { statsLagMs: 150 } });
    await runToEnd(url, await parquet({ 'ns/0.parquet': dense(`('a', [1, 2], NULL)`) }));
    expect(await counts(url)).toEqual({});
    expect((await call(url, 'GET', '/namespaces/ns')).body).toEqual({ name: 'ns', record_count: 0 });
    await expect.poll(() => counts(url)).toEqual({ ns: 1 });
    expect((await call(url, 'GET', '/namespaces/ns')).body.record_count).toBe(1);
  });
});
