import { describe, expect, it } from 'vitest';
import {
  call,
  counts,
  dense,
  emulate,
  finish,
  hybrid,
  type Json,
  parquet,
  runToEnd,
  sparse,
  start,
} from './support.js';

describe('an import', () => {
  it('goes from Pending over InProgress at 100 % to Completed, and its records can be counted and fetched', async () => {
    const { url } = await emulate({ pendingMs: 60, importMs: 60, indexingMs: 60 });
    const uri = await parquet({
      'ns1/0.parquet': dense(
        `('a', [0.1, 2], '{"genre":"drama","year":2019,"tags":["x","y"],"ok":true}'), ('b', [3, 4], NULL)`,
      ),
      'ns1/1.parquet': dense(`('c', [5, 6], '{}')`),
      '__default__/2.parquet': dense(`('d', [7, 8], NULL)`),
    });
    const id = await start(url, uri);
    expect(id).toBe('1');
    const seen = new Set<string>();
    let atHundred = false;
    let last: Json;
    do {
      last = (await call(url, 'GET', `/bulk/imports/${id}`)).body;
      seen.add(last.status);
      if (last.status === 'InProgress' && last.percentComplete === 100) atHundred = true;
      await new Promise((resolve) => setTimeout(resolve, 3));
    } while (last.status !== 'Completed' && last.status !== 'Failed');

    expect([...seen]).toEqual(['Pending', 'InProgress', 'Completed']);
    expect(atHundred).toBe(true);
    expect(last).toEqual({
      id,
      uri,
      status: 'Completed',
      createdAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
      finishedAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
      percentComplete: 100,
      recordsImported: 4,
    });
    expect(await counts(url)).toEqual({ ns1: 3, __default__: 1 });

    const fetched = await call(url, 'GET', '/vectors/fetch?ids=a&ids=c&ids=nope&namespace=ns1');
    expect(fetched.body).toEqual({
      vectors: {
        a: {
          id: 'a',
          values: [Math.fround(0.1), 2],
          metadata: { genre: 'drama', year: 2019, tags: ['x', 'y'], ok: true },
        },
        c: { id: 'c', values: [5, 6], metadata: {} },
      },
      namespace: 'ns1',
      usage: { readUnits: 1 },
    });
    expect((await call(url, 'GET', '/vectors/fetch?ids=d')).body.vectors.d.values).toEqual([7, 8]);
    expect((await call(url, 'GET', '/vectors/list?namespace=ns1&limit=2')).body).toMatchObject({
      vectors: [{ id: 'a' }, { id: 'b' }],
      pagination: { next: expect.any(String) },
    });
  });

  it('takes sparse and hybrid records, sparse indices up to 4294967295 among them', async () => {
    const emulator = await emulate({
      indexes: [
        { name: 'hybrid', dimension: 2, metric: 'dotproduct' },
        { name: 'sparse', vectorType: 'sparse' },
      ],
    });
    const both = await parquet({
      'ns/0.parquet': hybrid(`('a', [1, 2], [4294967295, 7], [0.5, 1], NULL), ('b', [3, 4], NULL, NULL, NULL)`),
    });
    expect(await runToEnd(emulator.indexHost('hybrid')!, both)).toMatchObject({
      status: 'Completed',
      recordsImported: 2,
    });
    const { body } = await call(emulator.indexHost('hybrid')!, 'GET', '/vectors/fetch?ids=a&ids=b&namespace=ns');
    expect(body.vectors).toEqual({
      a: { id: 'a', values: [1, 2], sparseValues: { indices: [4294967295, 7], values: [0.5, 1] } },
      b: { id: 'b', values: [3, 4] },
    });

    const only = await parquet({ 'ns/0.parquet': sparse(`('a', NULL, [1, 5], [0.5, 1], '{"k":"v"}')`) });
    expect(await runToEnd(emulator.indexHost('sparse')!, only)).toMatchObject({
      status: 'Completed',
      recordsImported: 1,
    });
    const stats = await call(emulator.indexHost('sparse')!, 'POST', '/describe_index_stats', {});
    expect(stats.body).toMatchObject({ vectorType: 'sparse', metric: 'dotproduct', totalVectorCount: 1 });
    expect(stats.body).not.toHaveProperty('dimension');
  });

  it('tells its progress as it goes, over many small files too', async () => {
    const { url } = await emulate({ importMs: 300 });
    const files = Object.fromEntries(
      Array.from({ length: 12 }, (_, i) => [`ns/${i}.parquet`, dense(`('${i}', [${i}, 1], NULL)`)]),
    );
    const uri = await parquet(files);
    const id = await start(url, uri);
    const seen: number[] = [];
    let last: Json;
    do {
      last = (await call(url, 'GET', `/bulk/imports/${id}`)).body;
      expect(last.percentComplete).toBeGreaterThanOrEqual(seen.at(-1) ?? 0);
      if (last.percentComplete !== seen.at(-1)) seen.push(last.percentComplete);
      await new Promise((resolve) => setTimeout(resolve, 5));
    } while (last.status !== 'Completed');
    expect(seen.length).toBeGreaterThan(4);
    expect(seen.at(-1)).toBe(100);
  });

  it('takes names with spaces and percent signs in the URI', async () => {
    const { url } = await emulate();
    const uri = await parquet({ 'with space %41/name space/0.parquet': dense(`('a', [1, 2], NULL)`) });
    const inner = `${uri}with%20space%20%2541/`;
    expect((await runToEnd(url, inner)).status).toBe('Completed');
    expect(await counts(url)).toEqual({ 'name space': 1 });
    expect((await runToEnd(url, `${inner}name%20space/0.parquet`)).error).toContain(
      'with space %41/name space/0.parquet": It looks like you specified a complete path to a parquet file',
    );
  });

  it('can be cancelled; what was imported until then stays', async () => {
    const { url } = await emulate({ pendingMs: 1, importMs: 20_000 });
    const uri = await parquet({
      'ns/0.parquet': 'SELECT i::VARCHAR AS id, [i, 1]::FLOAT[] AS values FROM range(5000) t(i)',
    });
    const id = await start(url, uri);
    let progress: Json;
    do progress = (await call(url, 'GET', `/bulk/imports/${id}`)).body;
    while (!(progress.recordsImported > 0));
    expect((await call(url, 'DELETE', `/bulk/imports/${id}`)).body).toEqual({});
    const end = await finish(url, id);
    expect(end).toMatchObject({ status: 'Cancelled', finishedAt: expect.any(String) });
    expect(end.recordsImported).toBeLessThan(5000);
    expect((await counts(url))['ns']).toBe(end.recordsImported);
    // No effect on a finished one.
    expect(await call(url, 'DELETE', `/bulk/imports/${id}`)).toMatchObject({ status: 200, body: {} });
    expect((await call(url, 'GET', `/bulk/imports/${id}`)).body.finishedAt).toBe(end.finishedAt);
  });
});
