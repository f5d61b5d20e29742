import { describe, expect, it } from 'vitest';
import { PineloadError } from '../../src/base/errors.js';
import { MAX_SETS, parseLayout, rootOf, rootsOf, type Layout } from '../../src/writers/layout.js';
import { checkImportLimits } from '../../src/writers/import-limits.js';
import { buildManifest, encodeManifest, parseManifest, type ManifestFile } from '../../src/writers/manifest.js';
import { partKey } from '../../src/writers/part-names.js';

const SETS: Layout = { kind: 'sets', sets: 3 };
const NAMES = ['__default__', 'a', 'b', 'tenant 7', 'ü'];

const file = (layout: Layout, namespace: string, bytes = 100): ManifestFile => ({
  path: partKey(namespace, 0, 0, layout),
  namespace,
  records: 2,
  bytes,
  sha256: '0'.repeat(64),
});
const manifestIn = (layout: Layout, names = NAMES, bytes?: number) =>
  buildManifest({
    version: '0.0.0',
    layout,
    kind: 'dense',
    dimension: 3,
    files: names.map((name) => file(layout, name, bytes)),
    rejectsByCode: { ID_EMPTY: 1 },
    rejectsByNamespace: {},
  });

describe('layouts', () => {
  it.each<[Layout, string, string]>([
    [{ kind: 'flat' }, 'a', 'a/part-00000-00000.parquet'],
    [{ kind: 'per-namespace' }, 'tenant 7', 'tenant 7/tenant 7/part-00000-00000.parquet'],
    // Where a namespace goes must never change: a repeated run has to find its files.
    [SETS, 'a', 'set-000/a/part-00000-00000.parquet'],
    [SETS, '__default__', 'set-002/__default__/part-00000-00000.parquet'],
    [{ kind: 'sets', sets: 1000 }, 'a', 'set-699/a/part-00000-00000.parquet'],
  ])('%j puts %s at %s', (layout, namespace, path) => {
    expect(partKey(namespace, 0, 0, layout)).toBe(path);
  });

  it('spreads namespaces evenly', () => {
    const counts = new Map<string, number>();
    for (let i = 0; i < 10_000; i++) {
      const root = rootOf({ kind: 'sets', sets: 10 }, `tenant-${i}`);
      counts.set(root, (counts.get(root) ?? 0) + 1);
    }
    expect(counts.size).toBe(10);
    for (const count of counts.values()) expect(Math.abs(count - 1000)).toBeLessThan(150);
  });

  it.each<[Parameters<typeof parseLayout>, string]>([
    [['sets'], 'sets'],
    [['sets', 0], 'sets'],
    [['sets', MAX_SETS + 1], 'sets'],
    [['sets', 1.5], 'sets'],
    [['flat', 3], 'sets'],
    [['nested' as 'flat'], 'layout'],
  ])('refuses %j', (args, field) => {
    const refused = (): unknown => parseLayout(...args);
    expect(refused).toThrow(PineloadError);
    expect(refused).toThrow(expect.objectContaining({ code: 'OPTION_INVALID', field }));
  });

  it.each<Layout>([{ kind: 'per-namespace' }, SETS])('is in the manifest: %j', (layout) => {
    const manifest = manifestIn(layout);
    expect(manifest).toMatchObject({ version: 2, layout });
    expect(parseManifest(encodeManifest(manifest), 'm')).toStrictEqual(manifest);
  });

  it('leaves flat manifests as they were', () => {
    const manifest = manifestIn({ kind: 'flat' });
    expect(manifest.version).toBe(1);
    expect(Object.keys(manifest)).not.toContain('layout');
  });

  it('refuses a file in the root of another namespace, and a layout it does not know', () => {
    const text = Buffer.from(encodeManifest(manifestIn(SETS))).toString();
    for (const [from, to] of [
      ['set-000/a/', 'set-002/a/'],
      ['"kind": "sets"', '"kind": "heaps"'],
      ['"version": 2', '"version": 3'],
      ['"sets": 3', '"sets": 4'],
    ] as const) {
      expect(text).toContain(from);
      expect(() => parseManifest(Buffer.from(text.replace(from, to)), 'm'), to).toThrow(
        expect.objectContaining({ code: 'STATE_CORRUPT' }),
      );
    }
  });

  it('gives each root its own manifest, with paths below it', () => {
    const manifest = manifestIn({ kind: 'per-namespace' });
    const roots = rootsOf(manifest);
    expect(roots.map(({ root }) => root)).toEqual(NAMES.map((name) => `${name}/`));
    expect(roots[1]!.manifest).toMatchObject({
      records: 2,
      bytes: 100,
      files: [{ path: 'a/part-00000-00000.parquet', namespace: 'a' }],
    });
    for (const root of roots) {
      // A whole manifest by itself: it can be read back.
      expect(parseManifest(encodeManifest(root.manifest), 'm')).toStrictEqual(root.manifest);
    }
    const sets = rootsOf(manifestIn(SETS));
    expect(sets.reduce((sum, root) => sum + root.manifest.records, 0)).toBe(manifest.records);
    expect(rootsOf(manifestIn({ kind: 'flat' }))).toMatchObject([{ root: '' }]);
  });

  it('holds each root to the limits, not the whole', () => {
    const limits = { maxImportBytes: 250, maxImportNamespaces: 2, maxImportFiles: 2 };
    const fields = (layout: Layout) => checkImportLimits(manifestIn(layout), limits).map(({ field }) => field);
    expect(fields({ kind: 'flat' })).toEqual(['namespaces', 'files', 'bytes']);
    expect(fields({ kind: 'per-namespace' })).toEqual([]);
    const [tooFew] = checkImportLimits(manifestIn({ kind: 'sets', sets: 1 }), limits);
    expect(tooFew?.hint).toContain('--sets');
  });
});
