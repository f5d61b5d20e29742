import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { Pinecone } from '@pinecone-database/pinecone';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Emulator, startEmulator } from '../../src/emulator/index.js';
import { convert } from '../../src/index.js';
import { openStore } from '../../src/uploaders/open-store.js';
import { runCli } from '../support/run-cli.js';
import { useTempDir } from '../support/temp-dir.js';

/*
 * Pinecone's own clients, unmodified, against the emulator, with Parquet that pineload wrote: who trusts his clients to the
 * emulator is to find what the service would answer.
 */

const exec = promisify(execFile);
const temp = useTempDir();
const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const WORDS = fileURLToPath(new URL('../../examples/words-100d.jsonl', import.meta.url));
const PYTHON = process.env['PINELOAD_TEST_PYTHON'] ?? '.cache/python/bin/python';
const TIMES = { pendingMs: 50, importMs: 200, indexingMs: 50 };
const EXISTS = /^User error: The namespace ".+" already exists\./;

let uri: string;
let counts: Record<string, number>;
const emulators: Emulator[] = [];

beforeAll(async () => {
  const { manifest } = await convert({ inputs: [WORDS], to: temp('words') });
  uri = pathToFileURL(temp('words')).href;
  counts = Object.fromEntries(manifest.namespaces.map(({ namespace, records }) => [namespace, records]));
  expect(Object.keys(counts).length).toBeGreaterThan(1);
});
afterAll(() => Promise.all(emulators.map((each) => each.close())));

async function emulate(): Promise<Emulator> {
  const emulator = await startEmulator({
    openStore,
    indexes: [
      { name: 'other', dimension: 3 },
      { name: 'words', dimension: 100 },
    ],
    ...TIMES,
  });
  emulators.push(emulator);
  return emulator;
}

describe('the TypeScript client', () => {
  it('finds the index by name and runs imports from start to end', async () => {
    const emulator = await emulate();
    const pinecone = new Pinecone({ apiKey: 'test-key', controllerHostUrl: emulator.url });
    expect((await pinecone.listIndexes()).indexes?.map(({ name }) => name)).toEqual(['other', 'words']);
    const { host } = await pinecone.describeIndex('words');
    expect(host).toBe(emulator.indexHost('words'));

    expect((await pinecone.index({ host }).listImports()).data).toEqual([]);
    const index = pinecone.index({ name: 'words' });
    const finish = async (id: string) => {
      for (;;) {
        const model = await index.describeImport(id);
        if (model.status !== 'Pending' && model.status !== 'InProgress') return model;
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    };

    const { id } = await index.startImport({ uri, errorMode: 'abort' });
    const done = await finish(id!);
    expect(done).toMatchObject({ id, uri, status: 'Completed', recordsImported: 2000, percentComplete: 100 });
    expect(done.finishedAt!.getTime()).toBeGreaterThan(done.createdAt!.getTime());
    const again = await index.startImport({ uri });
    expect((await finish(again.id!)).error).toMatch(EXISTS);
    const slow = await index.startImport({ uri });
    await index.cancelImport(slow.id!);
    expect((await index.describeImport(slow.id!)).status).toBe('Cancelled');

    const pages: (string | undefined)[][] = [];
    for (let token: string | undefined; ;) {
      const page = await index.listImports(2, token);
      pages.push(page.data!.map((each) => each.id));
      token = page.pagination?.next;
      if (token === undefined) break;
    }
    expect(pages).toEqual([[id, again.id], [slow.id]]);

    const stats = await index.describeIndexStats();
    expect(stats).toMatchObject({ dimension: 100, totalRecordCount: 2000 });
    expect(
      Object.fromEntries(Object.entries(stats.namespaces!).map(([name, { recordCount }]) => [name, recordCount])),
    ).toEqual(counts);
    const names: string[] = [];
    for (let paginationToken: string | undefined; ;) {
      const page = await index.listNamespaces({ limit: 1, ...(paginationToken ? { paginationToken } : {}) });
      names.push(...page.namespaces!.map((each) => each.name!));
      paginationToken = page.pagination?.next;
      if (paginationToken === undefined) break;
    }
    expect(names).toEqual(Object.keys(counts).sort());
    const [some] = names as [string];
    expect(Number((await index.describeNamespace(some)).recordCount)).toBe(counts[some]);
    await index.createNamespace({ name: 'made' });
    await index.deleteNamespace('made');
    await expect(index.describeNamespace('made')).rejects.toMatchObject({ name: 'PineconeNotFoundError' });

    const listed = await index.listPaginated({ namespace: some, limit: 3 });
    const ids = listed.vectors!.map((each) => each.id!);
    const fetched = await index.fetch({ ids, namespace: some });
    await expectRecords(fetched.records);

    await expect(index.startImport({ uri: 'ftp://host/x' })).rejects.toMatchObject({ name: 'PineconeBadRequestError' });
    await expect(index.describeImport('77')).rejects.toMatchObject({ name: 'PineconeNotFoundError' });
    await expect(pinecone.describeIndex('nothing')).rejects.toMatchObject({ name: 'PineconeNotFoundError' });
    expect(emulator.log().importsStarted).toBe(3);
  });

  it('makes and deletes indexes', async () => {
    const emulator = await emulate();
    const pinecone = new Pinecone({ apiKey: 'test-key', controllerHostUrl: emulator.url });
    const spec = { serverless: { cloud: 'aws' as const, region: 'us-east-1' } };
    await pinecone.createIndex({ name: 'both', dimension: 2, metric: 'dotproduct', spec, waitUntilReady: true });
    expect(await pinecone.describeIndex('both')).toMatchObject({ dimension: 2, metric: 'dotproduct' });
    expect((await pinecone.index({ name: 'both' }).describeIndexStats()).totalRecordCount).toBe(0);
    await pinecone.deleteIndex('both');
    await expect(pinecone.describeIndex('both')).rejects.toMatchObject({ name: 'PineconeNotFoundError' });
  });
});

describe('the Python client', () => {
  it('finds the index by name and runs imports from start to end', async () => {
    const emulator = await emulate();
    const script = fileURLToPath(new URL('clients.py', import.meta.url));
    const { stdout } = await exec(PYTHON, [script, emulator.url, 'words', uri], { maxBuffer: 1e7 });
    const out = JSON.parse(stdout);
    expect(out).toMatchObject({
      indexes: ['other', 'words'],
      host: emulator.indexHost('words'),
      ready: true,
      first: { status: 'Completed', records: 2000, percent: 100, uri, created: true, finished: true },
      second: { error: expect.stringMatching(EXISTS) },
      cancelled: 'Cancelled',
      imports: ['1', '2', '3'],
      pages: [['1', '2'], ['3']],
      stats: { total: 2000, dimension: 100, namespaces: counts },
      namespaces: counts,
      made: 'made-by-python',
      made_index: true,
      gone: expect.stringMatching(/^NotFoundError: .*Namespace made-by-python not found/),
      refusals: {
        scheme: expect.stringContaining('Bulk import URIs must start with the scheme'),
        missing: expect.stringMatching(/^NotFoundError: .*Import operation 77 not found/),
        index: expect.stringMatching(/^NotFoundError: .*Index nothing not found/),
      },
    });
    expect(out.described).toBe(counts[out.namespace]);
    await expectRecords(out.fetched);
    expect(emulator.log().importsStarted).toBe(3);
  });
});

describe('pineload emulator -- command', () => {
  const args = ['emulator', '--quiet', '--index', 'words:100', '--'];

  it('leads the TypeScript client to the emulator without a word of configuration', async () => {
    const script = `
      const { Pinecone } = await import('@pinecone-database/pinecone');
      const index = new Pinecone().index({ name: 'words' });
      await index.startImport({ uri: ${JSON.stringify(uri)}, errorMode: 'abort' });
      console.log(JSON.stringify((await index.listImports()).data));`;
    const result = await runCli([...args, process.execPath, '--input-type=module', '-e', script], { cwd: ROOT });
    expect(result.code, result.stderr).toBe(0);
    expect(JSON.parse(result.stdout)).toMatchObject([{ id: '1', uri }]);
  });

  it('leads the Python client to the emulator without a word of configuration', async () => {
    const script = [
      'from pinecone import Pinecone',
      'pc = Pinecone()',
      'index = pc.Index(host=pc.describe_index("words").host)',
      `index.start_import(${JSON.stringify(uri)}, error_mode="abort")`,
      'print(*[each.uri for each in index.list_imports()])',
    ].join('\n');
    const result = await runCli([...args, resolve(PYTHON), '-c', script]);
    expect(result.code, result.stderr).toBe(0);
    expect(result.stdout.trim()).toBe(uri);
  });
});

type Fetched = Readonly<Record<string, { readonly values?: readonly number[]; readonly metadata?: unknown }>>;

/** Compares fetched records with the input they came from, vectors as float32. */
async function expectRecords(fetched: Fetched): Promise<void> {
  const lines = (await readFile(WORDS, 'utf8')).trimEnd().split('\n');
  const wanted = new Map(lines.map((line) => JSON.parse(line)).map((record) => [record.id as string, record]));
  expect(Object.keys(fetched)).toHaveLength(3);
  for (const [id, { values, metadata }] of Object.entries(fetched)) {
    expect(values).toEqual(Array.from(Float32Array.from(wanted.get(id).values)));
    expect(metadata).toEqual(wanted.get(id).metadata);
  }
}
