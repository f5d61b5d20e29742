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
  ['dense', { kind: 'dense', dimension: 3 }, '186a52bd5a39cf4e1f8159f4aff687fa6f6a4f905037a3319c8884e083ecd28e'],
  ['sparse', { kind: 'sparse' }, '297e0facc83ec5b714778c8438308796c2ba1be34bfa25b3dc9310e61e9dbe52'],
  [
    'hybrid in small pages',
    { kind: 'hybrid', dimension: 3, pageBytes: 100 },
    '61d15bea7b9f7fb5b964e5e8f505ed1da9675ee7ea9b81df6bee96c16213c0a5',
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
