import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { STATE_FILE } from '../../src/emulator/index.js';
import { call, counts, dense, emulate, finish, parquet, runToEnd, start, tempDir } from './support.js';

const INDEXES = [
  { name: 'words', dimension: 2 },
  { name: 'other', dimension: 3 },
];

describe('the state over a restart', () => {
  it('keeps indexes, imports, counts and ports', async () => {
    const stateDir = await tempDir();
    const uri = await parquet({ 'ns/0.parquet': dense(`('a', [1, 2], NULL), ('b', [2, 3], NULL)`) });
    const first = await emulate({ stateDir, indexes: INDEXES });
    await runToEnd(first.url, uri);
    const failed = await runToEnd(first.indexHost('other')!, uri);
    expect(failed.status).toBe('Failed');
    const spec = { serverless: { cloud: 'aws', region: 'us-east-1' } };
    await call(first.url, 'POST', '/indexes', { name: 'made', dimension: 4, spec });
    await call(first.url, 'POST', '/namespaces', { name: 'empty' });
    const before = (await call(first.url, 'GET', '/bulk/imports')).body;
    const hosts = (await call(first.url, 'GET', '/indexes')).body.indexes;
    await first.close();
    expect(await readdir(stateDir)).toEqual([STATE_FILE]);

    const second = await emulate({ stateDir, indexes: INDEXES, port: first.port });
    expect((await call(second.url, 'GET', '/indexes')).body.indexes).toEqual(hosts);
    expect((await call(second.url, 'GET', '/bulk/imports')).body).toEqual(before);
    expect((await call(second.indexHost('other')!, 'GET', '/bulk/imports/1')).body).toEqual(failed);
    expect(await counts(second.url)).toEqual({ ns: 2, empty: 0 });
    // Counts are kept, records are not: said, not passed over.
    expect((await call(second.url, 'GET', '/vectors/fetch?ids=a&namespace=ns')).status).toBe(501);
    // The namespace still exists, and ids count on.
    expect((await runToEnd(second.url, uri)).error).toContain('The namespace "ns" already exists.');
    expect((await call(second.url, 'GET', '/bulk/imports')).body.data).toHaveLength(2);
  });

  it('begins an unfinished import anew, without counting its records twice', async () => {
    const stateDir = await tempDir();
    const uri = await parquet({
      'ns/0.parquet': 'SELECT i::VARCHAR AS id, [i, 1]::FLOAT[] AS values FROM range(500) t(i)',
    });
    const first = await emulate({ stateDir, importMs: 20_000 });
    const id = await start(first.url, uri);
    let imported = 0;
    while (imported === 0) imported = (await call(first.url, 'GET', `/bulk/imports/${id}`)).body.recordsImported;
    await first.close();

    const second = await emulate({ stateDir });
    expect(await finish(second.url, id)).toMatchObject({ id, uri, status: 'Completed', recordsImported: 500 });
    expect(await counts(second.url)).toEqual({ ns: 500 });
  });

  it('has a started import on disk before it answers', async () => {
    const stateDir = await tempDir();
    const { url } = await emulate({ stateDir, pendingMs: 10_000 });
    await start(url, 'gs://bucket/x');
    const state = JSON.parse(await readFile(join(stateDir, STATE_FILE), 'utf8'));
    expect(state.indexes[0].imports).toMatchObject([{ id: '1', uri: 'gs://bucket/x', status: 'Pending' }]);
  });

  it.each(['{', '{"format":"something else","indexes":[]}', '[]'])(
    'refuses a state file that holds %s',
    async (text) => {
      const stateDir = await tempDir();
      await writeFile(join(stateDir, STATE_FILE), text);
      await expect(emulate({ stateDir })).rejects.toMatchObject({ code: 'STATE_CORRUPT' });
    },
  );
});

describe('starting', () => {
  it('refuses a port that is taken', async () => {
    const { port } = await emulate();
    await expect(emulate({ port })).rejects.toMatchObject({ code: 'EMULATOR_PORT', exitCode: 4 });
  });

  it.each([
    [{ name: 'words' }, /Dimension/],
    [{ name: 'Words', dimension: 2 }, /Index name/],
    [{ name: 'words', dimension: 2, vectorType: 'sparse' as const }, /Dimension should not be specified/],
    [{ name: 'words', metric: 'cosine' as const, vectorType: 'sparse' as const }, /must be 'dotproduct'/],
  ])('refuses the index %j', async (index, message) => {
    await expect(emulate({ indexes: [index] })).rejects.toMatchObject({
      code: 'OPTION_INVALID',
      message: expect.stringMatching(message),
    });
  });
});
