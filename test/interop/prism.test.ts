import { writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Emulator, type EmulatorOptions, OPERATIONS, startEmulator } from '../../src/emulator/index.js';
import { connect } from '../../src/importer/connect.js';
import { verifyImport } from '../../src/importer/verify.js';
import { cancelImport, convert, listImports, run, startImport, watchImport } from '../../src/index.js';
import { openStore } from '../../src/uploaders/open-store.js';
import { useTempDir } from '../support/temp-dir.js';
import { PrismProxy, VERSIONS } from './prism.js';

const WORDS = fileURLToPath(new URL('../../examples/words-100d.jsonl', import.meta.url));
const KEY = 'the-only-key-that-works';
const temp = useTempDir();
const emulators: Emulator[] = [];
let prism: PrismProxy;

beforeAll(async () => {
  prism = await PrismProxy.start();
});
afterAll(async () => {
  await prism?.stop();
  for (const emulator of emulators) await emulator.close();
});
beforeEach(() => {
  prism.exchanges.length = 0;
  prism.tamper = undefined;
});

async function emulate(options: Partial<EmulatorOptions> = {}): Promise<{ emulator: Emulator; url: string }> {
  const emulator = await startEmulator({
    openStore,
    indexes: [{ name: 'words', dimension: 100 }],
    pendingMs: 50,
    importMs: 100,
    indexingMs: 50,
    ...options,
  });
  emulators.push(emulator);
  return { emulator, url: await prism.front(emulator.url) };
}

interface Reply {
  readonly status: number;
  readonly body: ReturnType<typeof JSON.parse>;
}

function caller(url: string, version: string, key = KEY) {
  return async (method: string, path: string, body?: unknown): Promise<Reply> => {
    const response = await fetch(url + path, {
      method,
      headers: { 'X-Pinecone-Api-Version': version, 'Api-Key': key, 'Content-Type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    return { status: response.status, body: text === '' ? undefined : JSON.parse(text) };
  };
}

/** Every exchange that prism objected to. */
function violations(): unknown[] {
  return prism.exchanges.filter((each) => each.violations.length > 0);
}

async function records(name: string, lines: readonly object[]): Promise<string> {
  const path = temp(`${name}.jsonl`);
  await writeFile(path, lines.map((line) => JSON.stringify(line)).join('\n'));
  return path;
}

describe.each(VERSIONS)('API version %s', (version) => {
  it('describes all that pineload itself asks and is answered', async () => {
    const { emulator, url } = await emulate({ apiKey: KEY });
    const service = { controlPlane: url, indexName: 'words', apiVersion: version, apiKey: KEY };
    const result = await run({ ...service, inputs: [WORDS], to: temp(`words-${version}`), poll: 0.05 });
    expect(result).toMatchObject({ verified: true, import: { status: 'Completed', recordsImported: 2000 } });
    // Again: adopted, not started.
    await run({ ...service, inputs: [WORDS], to: temp(`words-${version}`), poll: 0.05 });

    // A second import of the same namespaces fails; its error is part of the answers, too.
    await convert({ inputs: [WORDS], to: temp(`again-${version}`) });
    const again = { ...service, uri: temp(`again-${version}`), check: false };
    const { id } = await startImport(again);
    await expect(watchImport({ ...service, id, poll: 0.05 })).rejects.toMatchObject({ code: 'IMPORT_FAILED' });
    const uri = `file://${temp(`again-${version}`)}/`;
    const slow = await startImport({ ...again, uri, manifest: false, retry: true });
    await cancelImport({ ...service, id: slow.id });

    const first = await listImports({ ...service, limit: 2 });
    expect(first.imports.map((each) => each.status)).toEqual(['Completed', 'Failed']);
    const second = await listImports({ ...service, limit: 2, paginationToken: first.next });
    expect(second).toMatchObject({ imports: [{ id: slow.id }], next: undefined });

    const client = await connect(service);
    const model = await client.describeImport('1');
    await verifyImport({
      client,
      model,
      manifest: result.convert.manifest,
      manifestSha256: 'd'.repeat(64),
      sample: [],
    });
    const names: string[] = [];
    for await (const { name } of client.listNamespaces()) names.push(name);
    expect(names.sort()).toEqual(result.convert.manifest.namespaces.map((each) => each.namespace).sort());
    expect(await client.describeNamespace('no-such-namespace')).toBeUndefined();
    expect((await client.indexStats()).total).toBe(2000);
    await client.deleteNamespace(names[0]!);

    expect(prism.exchanges.length).toBeGreaterThan(20);
    expect(violations()).toEqual([]);
    expect(emulator.log().importsStarted).toBe(3);
  });

  it('describes every call of the emulator and its refusals', async () => {
    const { emulator, url } = await emulate({ apiKey: KEY });
    const call = caller(url, version);
    await convert({ inputs: [WORDS], to: temp(`calls-${version}`) });
    const uri = `file://${temp(`calls-${version}`)}/`;

    // Control plane.
    const spec = { serverless: { cloud: 'gcp', region: 'us-central1' } };
    expect((await call('GET', '/indexes')).body.indexes).toHaveLength(1);
    const made = { name: 'made', dimension: 8, metric: 'euclidean', spec, tags: { team: 'a' } };
    expect((await call('POST', '/indexes', made)).status).toBe(201);
    expect((await call('POST', '/indexes', made)).status).toBe(409);
    const sparse = { name: 'terms', metric: 'dotproduct', vector_type: 'sparse', spec, deletion_protection: 'enabled' };
    expect((await call('POST', '/indexes', sparse)).body.vector_type).toBe('sparse');
    expect((await call('GET', '/indexes/terms')).body).not.toHaveProperty('dimension');
    expect((await call('GET', '/indexes/nothing')).status).toBe(404);
    expect((await call('DELETE', '/indexes/terms')).status).toBe(403);
    expect((await call('DELETE', '/indexes/made')).status).toBe(202);
    expect((await call('DELETE', '/indexes/made')).status).toBe(404);

    // Imports.
    expect((await call('GET', '/bulk/imports')).body).toEqual({ data: [] });
    const { id } = (await call('POST', '/bulk/imports', { uri, errorMode: { onError: 'continue' } })).body;
    const seen = new Set<string>();
    let model = (await call('GET', `/bulk/imports/${id}`)).body;
    while (['Pending', 'InProgress'].includes(model.status)) {
      seen.add(model.status);
      model = (await call('GET', `/bulk/imports/${id}`)).body;
    }
    expect([...seen, model.status]).toEqual(['Pending', 'InProgress', 'Completed']);
    for (let i = 0; i < 3; i++) await call('POST', '/bulk/imports', { uri, integrationId: 'some-integration' });
    expect((await call('DELETE', '/bulk/imports/4')).body).toEqual({});
    expect((await call('GET', '/bulk/imports/4')).body.status).toBe('Cancelled');
    const page = (await call('GET', '/bulk/imports?limit=3')).body;
    const rest = (await call('GET', `/bulk/imports?limit=3&paginationToken=${page.pagination.next}`)).body;
    expect([...page.data, ...rest.data].map((each) => each.id)).toEqual(['1', '2', '3', '4']);
    expect((await call('POST', '/bulk/imports', { uri: 'ftp://host/x' })).status).toBe(400);
    expect((await call('GET', '/bulk/imports?paginationToken=zzz')).status).toBe(400);
    expect((await call('GET', '/bulk/imports/77')).status).toBe(404);
    expect((await call('DELETE', '/bulk/imports/77')).status).toBe(404);

    // Namespaces, stats, records.
    expect((await call('POST', '/namespaces', { name: 'made' })).body).toEqual({ name: 'made', record_count: 0 });
    expect((await call('POST', '/namespaces', { name: 'made' })).status).toBe(409);
    const names = (await call('GET', '/namespaces?limit=2')).body;
    expect(names.namespaces).toHaveLength(2);
    expect((await call('GET', `/namespaces?paginationToken=${names.pagination.next}`)).status).toBe(200);
    expect((await call('GET', '/namespaces?prefix=mad')).body.total_count).toBe(1);
    expect((await call('GET', '/namespaces/made')).status).toBe(200);
    expect((await call('DELETE', '/namespaces/made')).body).toEqual({});
    expect((await call('GET', '/namespaces/made')).status).toBe(404);
    expect((await call('POST', '/describe_index_stats', {})).body.totalVectorCount).toBe(2000);
    expect((await call('POST', '/describe_index_stats', { filter: { a: 1 } })).status).toBe(400);
    const listed = (await call('GET', '/vectors/list?namespace=words-t-z&limit=3')).body;
    const ids = listed.vectors.map((each: { id: string }) => each.id);
    expect(ids).toHaveLength(3);
    const next = encodeURIComponent(listed.pagination.next);
    expect((await call('GET', `/vectors/list?namespace=words-t-z&paginationToken=${next}`)).status).toBe(200);
    const fetched = (await call('GET', `/vectors/fetch?namespace=words-t-z&ids=${ids.join('&ids=')}`)).body;
    expect(Object.keys(fetched.vectors).sort()).toEqual([...ids].sort());
    expect((await call('GET', '/vectors/fetch?namespace=words-t-z&ids=none')).body.vectors).toEqual({});

    // A wrong key, on both planes.
    const wrong = caller(url, version, 'another-key');
    for (const path of ['/indexes', '/bulk/imports', '/namespaces']) {
      expect((await wrong('GET', path)).status, path).toBe(401);
    }
    expect((await wrong('POST', '/bulk/imports', { uri })).status).toBe(401);

    expect(violations()).toEqual([]);
    expect(Object.keys(emulator.log().operations).sort()).toEqual([...OPERATIONS].sort());
    expect(emulator.log().importsStarted).toBe(4);
  });

  it('describes what plan limits, throttling and faults answer', async () => {
    const { emulator, url } = await emulate({ plan: 'starter', limits: { namespacesPerIndex: 1 } });
    const call = caller(url, version);
    expect((await call('POST', '/bulk/imports', { uri: 'gs://bucket/x' })).status).toBe(403);
    expect((await call('POST', '/namespaces', { name: 'one' })).status).toBe(200);
    expect((await call('POST', '/namespaces', { name: 'two' })).status).toBe(403);
    for (const status of [429, 500, 503]) {
      emulator.setFaults({ rules: [{ operation: '*', kind: 'status', status, retryAfter: 1, times: 3 }] });
      expect((await call('GET', '/bulk/imports')).status).toBe(status);
      // The control plane's descriptions know no 429 and no 503.
      expect((await call('GET', status === 500 ? '/indexes' : '/namespaces')).status).toBe(status);
      expect((await call('POST', '/bulk/imports', { uri: 'gs://bucket/x' })).status).toBe(status);
    }
    expect(violations()).toEqual([]);
  });

  it('describes sparse and hybrid records', async () => {
    const cases = [
      {
        index: { name: 'both', dimension: 2, metric: 'dotproduct' as const },
        lines: [
          {
            id: 'a',
            values: [1, 2],
            sparse_values: { indices: [4294967295, 7], values: [0.5, 1] },
            metadata: { n: 1 },
          },
          { id: 'b', values: [3, 4], metadata: { tags: ['x', 'y'], ok: true } },
        ],
        vectorType: 'hybrid' as const,
      },
      {
        index: { name: 'terms', vectorType: 'sparse' as const },
        lines: [{ id: 'a', sparse_values: { indices: [1, 5], values: [0.5, 0.25] } }],
        vectorType: 'sparse' as const,
      },
    ];
    for (const { index, lines, vectorType } of cases) {
      const { url } = await emulate({ indexes: [index] });
      const to = temp(`${index.name}-${version}`);
      const service = { controlPlane: url, indexName: index.name, apiVersion: version, vectorType, poll: 0.05 };
      await run({ ...service, inputs: [await records(index.name, lines)], to });
      const fetched = await caller(url, version)('GET', '/vectors/fetch?ids=a');
      const { indices, values } = lines[0]!.sparse_values!;
      expect(fetched.body.vectors.a.sparseValues).toEqual({ indices, values });
    }
    expect(violations()).toEqual([]);
  });

  it('is what prism holds requests and answers to: what is wrong is found', async () => {
    const { url } = await emulate();
    const call = caller(url, version);
    prism.tamper = (path, body) => (path === '/bulk/imports' ? body.replace('"data":[]', '"data":"none"') : body);
    expect((await call('GET', '/bulk/imports')).status).toBe(500);
    prism.tamper = (_, body) => body.replace('"metric":"cosine"', '"metric":7');
    expect((await call('GET', '/indexes/words')).status).toBe(500);
    prism.tamper = undefined;
    expect((await call('POST', '/bulk/imports', { url: 's3://bucket/x' })).status).toBe(422);
    expect((await call('GET', '/bulk/imports?limit=1000')).status).toBe(422);
    expect((await call('GET', '/no/such/path')).status).toBe(404);
    expect((await fetch(`${url}/indexes`, { headers: { 'Api-Key': KEY } })).status).toBe(501);
    expect(violations()).toHaveLength(6);
    expect(prism.exchanges).toHaveLength(6);
  });
});
