import { mkdir, writeFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { estimateCost } from '../../src/importer/cost.js';
import type { Finding, FindingCode } from '../../src/importer/findings.js';
import { demandPreflight, preflight, type PreflightOptions } from '../../src/importer/preflight.js';
import type { IndexModel } from '../../src/importer/types.js';
import { openStore } from '../../src/uploaders/open-store.js';
import type { Manifest } from '../../src/writers/manifest.js';
import { useTempDir } from '../support/temp-dir.js';
import { errorOf, manifestOf, scene } from './fixtures.js';

const s = scene();
const dir = useTempDir();

const INDEX: IndexModel = {
  name: 'words',
  host: 'words.svc.pinecone.io',
  dimension: 3,
  metric: 'cosine',
  vectorType: 'dense',
  ready: true,
  cloud: 'aws',
  region: 'us-east-1',
  serverless: true,
  deployment: 'serverless',
};

const check = (changes: Partial<PreflightOptions> = {}) =>
  preflight({
    client: s.client(),
    index: INDEX,
    manifest: manifestOf({ a: 2, __default__: 1 }),
    uri: 's3://bucket/import/',
    storeScheme: 's3',
    ...changes,
  });
const of = (findings: readonly Finding[], code: FindingCode) => findings.find((finding) => finding.code === code);

describe('preflight', () => {
  it('finds nothing wrong with what is right', async () => {
    const report = await check();
    expect(report.ok).toBe(true);
    expect(report.findings.filter(({ severity }) => severity !== 'ok')).toEqual([]);
    expect(report.findings.map(({ code }) => code)).toEqual([
      'INDEX_READY',
      'INDEX_SERVERLESS',
      'VECTOR_TYPE',
      'DIMENSION',
      'CLOUD',
      'NAMESPACES_NEW',
      'LIMIT_NAMESPACES',
      'LIMIT_FILES',
      'LIMIT_FILE_BYTES',
      'LIMIT_BYTES',
    ]);
    expect(report.cost).toMatchObject({ estimate: true, bytes: 300 });
    demandPreflight(report);
  });

  it.each<[string, Partial<IndexModel>, Partial<Manifest>, FindingCode, Finding['severity']]>([
    ['not ready', { ready: false, state: 'Initializing' }, {}, 'INDEX_READY', 'error'],
    ['readiness unknown', { ready: undefined }, {}, 'INDEX_READY', 'warning'],
    ['pods', { serverless: false, deployment: 'pod' }, {}, 'INDEX_SERVERLESS', 'error'],
    ['byoc', { serverless: false, deployment: 'byoc' }, {}, 'INDEX_SERVERLESS', 'warning'],
    ['deployment unknown', { serverless: false, deployment: undefined }, {}, 'INDEX_SERVERLESS', 'warning'],
    ['schema', { hasSchema: true }, {}, 'INDEX_SCHEMA', 'warning'],
    ['integrated embedding', { embeds: true }, {}, 'INDEX_EMBEDDING', 'warning'],
    ['dedicated read nodes', { dedicated: true }, {}, 'INDEX_DEDICATED', 'warning'],
    ['another dimension', { dimension: 4 }, {}, 'DIMENSION', 'error'],
    ['dense into sparse', { vectorType: 'sparse', dimension: undefined }, {}, 'VECTOR_TYPE', 'error'],
    ['sparse into dense', {}, { kind: 'sparse', dimension: undefined }, 'VECTOR_TYPE', 'error'],
    ['sparse into sparse', { vectorType: 'sparse' }, { kind: 'sparse', dimension: undefined }, 'VECTOR_TYPE', 'ok'],
    ['hybrid into cosine', {}, { kind: 'hybrid' }, 'METRIC', 'error'],
    ['hybrid into dotproduct', { metric: 'dotproduct' }, { kind: 'hybrid' }, 'METRIC', 'ok'],
    ['S3 into gcp', { cloud: 'gcp' }, {}, 'CLOUD', 'error'],
    ['S3 into who knows', { cloud: undefined }, {}, 'CLOUD', 'warning'],
    ['nothing', {}, { records: 0 }, 'RECORDS', 'error'],
    ['too much', {}, { bytes: 1_000_000_000_001 }, 'LIMIT_BYTES', 'error'],
    ['just not too much', {}, { bytes: 1_000_000_000_000 }, 'LIMIT_BYTES', 'ok'],
  ])('%s', async (_name, index, manifest, code, severity) => {
    const report = await check({ index: { ...INDEX, ...index }, manifest: { ...manifestOf({ a: 2 }), ...manifest } });
    expect(of(report.findings, code)?.severity).toBe(severity);
    expect(report.ok).toBe(severity !== 'error');
  });

  it.each([
    ['gs', 'gs://b/d/', 'azure'],
    ['azure', 'https://acc.blob.core.windows.net/c/d/', 'gcp'],
  ] as const)('%s goes into any cloud', async (storeScheme, uri, cloud) => {
    expect((await check({ index: { ...INDEX, cloud }, storeScheme, uri })).ok).toBe(true);
  });

  it('counts files and namespaces, and looks at the largest', async () => {
    const base = manifestOf({ a: 1 });
    const files = Array.from({ length: 100_001 }, () => base.files[0]!);
    const many = await check({ manifest: { ...base, files } });
    expect(of(many.findings, 'LIMIT_FILES')).toMatchObject({
      severity: 'error',
      got: '100001',
      expected: 'at most 100000',
    });
    const large = await check({ manifest: { ...base, files: [{ ...base.files[0]!, bytes: 10_000_000_001 }] } });
    expect(of(large.findings, 'LIMIT_FILE_BYTES')?.severity).toBe('error');
    const namespaces = Array.from({ length: 10_001 }, (_, i) => ({ ...base.namespaces[0]!, namespace: `n${i}` }));
    const spread = await check({ manifest: { ...base, namespaces } });
    expect(of(spread.findings, 'LIMIT_NAMESPACES')?.severity).toBe('error');
    expect(s.service.count('namespace')).toBeLessThan(10);
    const heavy = await check({
      manifest: { ...base, namespaces: [{ ...base.namespaces[0]!, bytes: 500_000_000_001 }] },
    });
    expect(of(heavy.findings, 'LIMIT_NAMESPACE_BYTES')?.severity).toBe('warning');
    expect(heavy.ok).toBe(true);
  });

  it('takes dimension and type from the stats when the index is given by host', async () => {
    const report = await check({ index: undefined, manifest: manifestOf({ a: 2 }, { dimension: 5 }) });
    expect(of(report.findings, 'DIMENSION')).toMatchObject({
      severity: 'error',
      expected: 'dimension 3',
      got: 'dimension 5',
    });
    expect(of(report.findings, 'VECTOR_TYPE')?.severity).toBe('ok');
  });

  it.each<[string, Record<string, number>, string | undefined]>([
    ['taken', { a: 10, other: 1 }, '"a" (10 records)'],
    ['there but empty', { a: 0 }, '"a" (0 records)'],
    ['the default namespace has records', { __default__: 4 }, '"__default__" (4 records)'],
    ['the default namespace has records, under its other name', { '': 4 }, '"__default__" (4 records)'],
    ['the default namespace is empty', { __default__: 0 }, undefined],
    ['others only', { b: 3 }, undefined],
  ])('target namespaces: %s', async (_name, namespaces, got) => {
    s.service.namespaces = namespaces;
    const finding = of((await check()).findings, 'NAMESPACES_NEW');
    expect(finding?.severity).toBe(got === undefined ? 'ok' : 'error');
    expect(finding?.got).toBe(got);
  });

  it('reads the list of namespaces when there are many', async () => {
    s.service.namespaces = { n7: 1 };
    s.service.answers.set('stats', [{ namespaces: {}, dimension: 3, vectorType: 'dense' }]);
    const manifest = manifestOf(Object.fromEntries(Array.from({ length: 60 }, (_, i) => [`n${i}`, 1])));
    const finding = of((await check({ manifest })).findings, 'NAMESPACES_NEW');
    expect(finding).toMatchObject({ severity: 'error', got: '"n7" (1 records)' });
    expect(s.service.count('namespace')).toBe(0);
  });

  it('does with either endpoint, and says when there is none', async () => {
    const refused = { kind: 'status', status: 400 } as const;
    s.service.namespaces = { a: 5 };
    s.service.faults.set('stats', [refused]);
    expect(of((await check()).findings, 'NAMESPACES_NEW')?.severity).toBe('error');
    s.service.faults.set('namespace', [refused]);
    expect(of((await check()).findings, 'NAMESPACES_NEW')?.severity).toBe('error');
    s.service.faults.set('stats', [refused]);
    s.service.faults.set('namespace', [refused]);
    expect(of((await check()).findings, 'NAMESPACES_NEW')?.severity).toBe('warning');
  });

  it('tells a wrong key at once', async () => {
    s.service.faults.set('stats', [{ kind: 'status', status: 401 }]);
    expect(await errorOf(check())).toMatchObject({ code: 'API_UNAUTHORIZED' });
  });

  it('compares the directory with the manifest', async () => {
    const root = dir('import');
    const store = await openStore(root);
    const manifest = manifestOf({ a: 1, b: 1 });
    for (const name of ['a', 'b']) {
      await mkdir(`${root}/${name}`, { recursive: true });
      await writeFile(`${root}/${name}/part-00000.parquet`, Buffer.alloc(100));
    }
    await writeFile(`${root}/notes.txt`, 'not imported');
    expect(of((await check({ manifest, store })).findings, 'DIRECTORY')?.severity).toBe('ok');
    await writeFile(`${root}/a/part-00009.PARQUET`, 'stray');
    await writeFile(`${root}/b/part-00000.parquet`, 'short');
    const wrong = of((await check({ manifest: manifestOf({ a: 1, b: 1, c: 1 }), store })).findings, 'DIRECTORY');
    expect(wrong?.severity).toBe('error');
    expect(wrong?.got).toBe(
      '1 not of this conversion: "a/part-00009.PARQUET"; 1 missing: "c/part-00000.parquet"; 1 of another size: "b/part-00000.parquet"',
    );
  });

  it('becomes one error that says everything', async () => {
    s.service.namespaces = { a: 1 };
    const report = await check({ index: { ...INDEX, dimension: 4, cloud: 'gcp' } });
    try {
      demandPreflight(report);
      expect.unreachable();
    } catch (error) {
      expect(error).toMatchObject({ code: 'PREFLIGHT_FAILED', exitCode: 4 });
      const { message } = error as Error;
      expect(message).toContain('another dimension than the index (expected dimension 4, got dimension 3)');
      expect(message).toContain('only indexes on AWS');
      expect(message).toContain('"a" (1 records)');
    }
  });

  it('changes nothing', async () => {
    await check();
    expect(s.service.requests.every(({ method, route }) => method === 'GET' || route === 'stats')).toBe(true);
  });
});

describe('estimateCost', () => {
  it.each([
    [1e9, {}, '2026-05-31', 1, 1, '2024-10-01'],
    [1e9, {}, '2026-06-01', 0.25, 0.25, '2026-06-01'],
    [1e12, {}, '2027-01-01', 250, 0.25, '2026-06-01'],
    [2.5e9, { usdPerGB: 0.1 }, '2026-07-01', 0.25, 0.1, undefined],
    [0, {}, '2026-07-01', 0, 0.25, '2026-06-01'],
    [1e9, {}, '2020-01-01', 1, 1, '2024-10-01'],
  ])('%d bytes, %j, %s', (bytes, options, day, usd, usdPerGB, priceFrom) => {
    expect(estimateCost({ bytes }, { ...options, date: new Date(day) })).toEqual({
      estimate: true,
      bytes,
      usd,
      usdPerGB,
      priceFrom,
    });
  });
});
