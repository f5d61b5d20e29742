import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkImportLimits } from '../../src/writers/import-limits.js';
import {
  buildManifest,
  encodeManifest,
  parseManifest,
  type Manifest,
  type ManifestFile,
  type ManifestInput,
} from '../../src/writers/manifest.js';

const file = (path: string, records = 1, bytes = 100): ManifestFile => ({
  path,
  namespace: path.split('/').at(-2)!,
  records,
  bytes,
  sha256: 'a1'.repeat(32),
});

const input: ManifestInput = {
  version: '0.0.0-test',
  kind: 'dense',
  dimension: 8,
  files: [
    file('b/part-00000-00001.parquet', 5),
    file('b/part-00000-00000.parquet', 7, 300),
    file('a/part-00001-00000.parquet'),
  ],
  rejectsByCode: { VALUES_DIMENSION: 2, ID_EMPTY: 1, ID_MISSING: 0 },
  rejectsByNamespace: { b: 2, '../elsewhere': 1 },
};

describe('buildManifest', () => {
  it('adds up and sorts', () => {
    expect(buildManifest(input)).toStrictEqual({
      format: 'pineload-manifest',
      version: 1,
      pineload: '0.0.0-test',
      kind: 'dense',
      dimension: 8,
      records: 13,
      bytes: 500,
      rejected: 3,
      rejectsByCode: { ID_EMPTY: 1, VALUES_DIMENSION: 2 },
      namespaces: [
        { namespace: 'a', records: 1, files: 1, bytes: 100, rejected: 0 },
        { namespace: 'b', records: 12, files: 2, bytes: 400, rejected: 2 },
      ],
      files: [
        file('a/part-00001-00000.parquet'),
        file('b/part-00000-00000.parquet', 7, 300),
        file('b/part-00000-00001.parquet', 5),
      ],
    });
  });

  it('gives the same text whatever order things come in', () => {
    const text = Buffer.from(encodeManifest(buildManifest(input))).toString();
    const turned = {
      ...input,
      files: [...input.files].reverse(),
      rejectsByCode: { ID_EMPTY: 1, VALUES_DIMENSION: 2 },
    };
    expect(Buffer.from(encodeManifest(buildManifest(turned))).toString()).toBe(text);
    expect(text.endsWith('}\n')).toBe(true);
  });

  it('has no dimension for sparse records', () => {
    expect(buildManifest({ ...input, kind: 'sparse', dimension: 0 })).not.toHaveProperty('dimension');
  });

  it('is not led astray by names of object members', () => {
    const manifest = buildManifest({
      ...input,
      files: [file('__proto__/a.parquet'), file('constructor/a.parquet')],
      rejectsByNamespace: Object.fromEntries([['__proto__', 3]]),
    });
    expect(manifest.namespaces.map(({ namespace, rejected }) => [namespace, rejected])).toStrictEqual([
      ['__proto__', 3],
      ['constructor', 0],
    ]);
    expect(parseManifest(encodeManifest(manifest), 'x')).toStrictEqual(manifest);
  });
});

describe('parseManifest', () => {
  const manifest = buildManifest(input);

  it.each<[string, Manifest]>([
    ['dense', manifest],
    ['sparse', buildManifest({ ...input, kind: 'sparse' })],
    ['empty', buildManifest({ ...input, files: [], rejectsByCode: {} })],
    ['one root per namespace', buildManifest({ ...input, files: [file('a/a/part-00000-00000.parquet')] })],
  ])('gives back what was written: %s', (_, written) => {
    expect(parseManifest(encodeManifest(written), 'x')).toStrictEqual(written);
  });

  it('tells that there is none', () => {
    expect(() => parseManifest(undefined, 's3://bucket/dir.pineload/manifest.json')).toThrow(
      expect.objectContaining({ code: 'MANIFEST_MISSING', source: 's3://bucket/dir.pineload/manifest.json' }),
    );
  });

  const badPath = (path: string, namespace = 'a'): Partial<Manifest> => ({
    files: [{ ...file('a/b.parquet', 13, 500), path, namespace }],
    namespaces: [{ namespace, records: 13, bytes: 500, files: 1, rejected: 0 }],
  });
  const BAD: readonly (readonly [string, object])[] = [
    ['another format', { format: 'something' }],
    ['another version', { version: 2 }],
    ['an unknown kind', { kind: 'toString' }],
    ['no dimension', { dimension: undefined }],
    ['a negative count', { rejected: -1 }],
    ['a broken count', { records: 13.5 }],
    ['a text for a count', { bytes: '500' }],
    ['a sum that is wrong', { records: 14 }],
    ['bytes that are wrong', { bytes: 1 }],
    ['rejects that do not add up', { rejected: 4 }],
    ['files in another order', { files: [...manifest.files].reverse() }],
    ['a file twice', { files: [manifest.files[0], ...manifest.files] }],
    ['a namespace without entry', { namespaces: manifest.namespaces.slice(1) }],
    ['a namespace with wrong sums', { namespaces: manifest.namespaces.map((n) => ({ ...n, files: 1 })) }],
    ['files that are no list', { files: {} }],
    ['a file that is no object', { files: [null] }],
    ['a checksum that is none', { files: [{ ...manifest.files[0], sha256: 'A1'.repeat(32) }] }],
    ['an absolute path', badPath('/a/b.parquet')],
    ['a path out of the directory', badPath('../a/b.parquet')],
    ['a path through a parent', badPath('x/../a/b.parquet')],
    ['a backslash', badPath('x\\..\\a/b.parquet')],
    ['a file outside a namespace', badPath('b.parquet', '')],
    ['another namespace than the path', badPath('b/b.parquet')],
    ['a file of another sort', badPath('a/b.sh')],
    ['a control character', badPath('a/b\n.parquet')],
  ];
  it.each(BAD)('refuses %s', (_, change) => {
    const text = Buffer.from(JSON.stringify({ ...manifest, ...change }));
    expect(() => parseManifest(text, 'm.json')).toThrow(
      expect.objectContaining({ code: 'STATE_CORRUPT', source: 'm.json' }),
    );
  });

  it('refuses what is no JSON object, and never fails otherwise', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json(), fc.constant('\ufeff{}')), (text) => {
        expect(() => parseManifest(Buffer.from(text), 'x')).toThrow(expect.objectContaining({ code: 'STATE_CORRUPT' }));
      }),
      { numRuns: 200, seed: 3 },
    );
    expect(() => parseManifest(Uint8Array.of(0xff, 0xfe), 'x')).toThrow(
      expect.objectContaining({ code: 'STATE_CORRUPT' }),
    );
  });

  it('shows hostile text harmlessly', () => {
    const text = Buffer.from(JSON.stringify({ ...manifest, ...badPath('\u001b[2J/../b.parquet') }));
    expect(() => parseManifest(text, 'x')).toThrow(/^[^\u001b]*$/);
  });
});

describe('checkImportLimits', () => {
  const withFiles = (files: ManifestFile[]): Manifest => buildManifest({ ...input, files });
  const many = (count: number, path: (i: number) => string): ManifestFile[] =>
    Array.from({ length: count }, (_, i) => file(path(i)));

  it.each<[string, ManifestFile[], string[]]>([
    ['nothing', [], []],
    ['10,000 namespaces', many(10_000, (i) => `n${i}/a.parquet`), []],
    ['10,001 namespaces', many(10_001, (i) => `n${i}/a.parquet`), ['namespaces']],
    ['100,001 files', many(100_001, (i) => `n/${i}.parquet`), ['files']],
    ['a file of 10 GB', [file('n/a.parquet', 1, 10_000_000_000)], []],
    ['a file of a byte more', [file('n/a.parquet', 1, 10_000_000_001)], ['bytes']],
    ['more than 1 TB', many(101, (i) => `n/${i}.parquet`).map((f) => ({ ...f, bytes: 9_999_999_999 })), ['bytes']],
  ])('%s', (_, files, fields) => {
    const findings = checkImportLimits(withFiles(files));
    expect(findings.map((finding) => finding.field)).toStrictEqual(fields);
    for (const finding of findings)
      expect(finding).toMatchObject({ severity: 'error', got: expect.stringMatching(/^\d/) });
  });
});
