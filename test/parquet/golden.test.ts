import { describe, expect, it } from 'vitest';
import { footerOf, writeFileBytes, type TestRecord, type WriteOptions } from './harness.js';

// Files must not change by accident: the same records give the same bytes in every version that does not say otherwise in
// the changelog. When a change is meant, look at it with an independent reader, then take the new values over.

const records: TestRecord[] = Array.from({ length: 50 }, (_, i) => ({
  id: `id-${i}`,
  values: [i / 7, -i, 1 / (i + 1)],
  sparse: i % 4 === 0 ? null : { indices: [i, 4294967295 - i], values: [i / 3, -1] },
  metadata: i % 5 === 0 ? null : `{"genre":"drama","year":${1950 + i}}`,
}));

const GOLDEN: readonly (readonly [string, WriteOptions, string])[] = [
  ['dense', { kind: 'dense', dimension: 3 }, '172a6d6bba9e6039cb9734f34ae1054adf8f1cd62055f82601d19d312030e64f'],
  ['sparse', { kind: 'sparse' }, 'b3980bdf429de3b5113143b2ee4593160e1f68a3cce452111961f0e8adbbbc31'],
  [
    'hybrid in small pages',
    { kind: 'hybrid', dimension: 3, pageBytes: 100 },
    '4ff292923b6f0e0425c83348f1388bb3310bda3985848ead7ac504d2660594a7',
  ],
  [
    'dense, uncompressed',
    { kind: 'dense', dimension: 3, compression: { text: 'none', floats: 'none' } },
    '2e0ae7385c4ef539607af984adf8160d63ffc23dd2bf6c2085316db57235a3f7',
  ],
];

const WHOLE_FILE = [
  'UEFSMRUAFRYVFiwVAhUAFQYVBgAAAgAAAAMBAQAAAGEVABUqFSosFQQVABUGFQYAAAIAAAADAgMAAAADDwAAAMA/AAAAwBUA',
  'FRgVGCwVAhUAFQYVBgAAAgAAAAMBAgAAAHt9FQIZbEgGc2NoZW1hFQYAFQwlAhgCaWQlAEwcAAAANQIYBnZhbHVlcxUCFQZM',
  'PAAAADUEGARsaXN0FQIAFQglAhgHZWxlbWVudAAVDCUCGAhtZXRhZGF0YSUATBwAAAAWAhkcGTwmABwVDBklAAYZGAJpZBUA',
  'FgIWOBY4Jgg8NgAAAAAmABwVCBklAAYZOAZ2YWx1ZXMEbGlzdAdlbGVtZW50FQAWBBZMFkwmQDw2AAAAACYAHBUMGSUABhkY',
  'CG1ldGFkYXRhFQAWAhY6FjomjAE8NgAAAAAWvgEWAiYIFr4BACgbcGluZWxvYWQgdmVyc2lvbiAwLjAuMC10ZXN0AAABAABQ',
  'QVIx',
].join('');

describe('golden files', () => {
  it.each(GOLDEN)('%s', async (_, options, sha256) => {
    const { summary } = await writeFileBytes([records, records.slice(0, 7)], options);
    expect(summary.sha256).toBe(sha256);
  });

  it('a file as it is in full', async () => {
    const { bytes } = await writeFileBytes([[{ id: 'a', values: [1.5, -2], metadata: '{}' }]], {
      kind: 'dense',
      dimension: 2,
      compression: { text: 'none', floats: 'none' },
    });
    expect(bytes.toString('base64')).toBe(WHOLE_FILE);
    expect(footerOf(bytes)).toMatchObject({ version: 1, num_rows: 1n, metadata_length: 256 });
  });
});
