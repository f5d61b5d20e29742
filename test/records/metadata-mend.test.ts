import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { checkAndMend } from '../../src/records/rules/check-batch.js';
import {
  describeMetadataChanges,
  MetadataMender,
  type MetadataOptions,
} from '../../src/records/rules/metadata-mend.js';
import { MetadataWalker } from '../../src/records/rules/metadata.js';
import { batchOf } from './batches.js';

const mend = (text: string, options: MetadataOptions): string | undefined => {
  const bytes = Buffer.from(`"}]${text}"}]0`);
  const mended = new MetadataMender(options).mend(bytes, 3, bytes.length - 4);
  return mended && Buffer.from(mended.bytes).toString();
};

const NULLS: MetadataOptions = { nulls: 'drop' };
const FLATTEN: MetadataOptions = { nested: 'flatten' };
const ALL: MetadataOptions = { nulls: 'drop', nested: 'flatten', lists: 'stringify' };

describe('what is made of metadata', () => {
  test.each<[string, MetadataOptions, string | undefined]>([
    ['{"a":null,"b":1.50}', NULLS, '{"b":1.50}'],
    ['{ "a" : null }', NULLS, '{}'],
    ['{"a":["x",null,"y"]}', NULLS, '{"a":["x","y"]}'],
    ['{"a":"null"}', NULLS, undefined],
    ['{"a":{"b":1,"c":{"d":"x"}},"e":2}', FLATTEN, '{"a.b":1,"a.c.d":"x","e":2}'],
    ['{"a":{}}', FLATTEN, '{}'],
    ['{"a":{"b":null}}', ALL, '{}'],
    ['{"a":{"b":[1,{"c":2},"z"]}}', ALL, '{"a.b":["1","{\\"c\\":2}","z"]}'],
    ['{"a":{"b":1},"z":[ "x" , "y" ]}', ALL, '{"a.b":1,"z":[ "x" , "y" ]}'],
    ['{"a":{"b":[1]}}', { nested: 'stringify' }, '{"a":"{\\"b\\":[1]}"}'],
    ['{"a":{"b":[1]},"c":2}', { nested: 'drop' }, '{"c":2}'],
    ['{"a":[1,2],"c":2}', { lists: 'drop' }, '{"c":2}'],
    ['{"a":[true,"x"]}', { lists: 'stringify' }, '{"a":["true","x"]}'],
    ['{"__proto__":{"x":1}}', FLATTEN, '{"__proto__.x":1}'],
    ['{"caf\\u00e9":{"x":1},"\\u0062":1}', FLATTEN, '{"café.x":1,"\\u0062":1}'],
  ])('%s with %j', (text, options, expected) => {
    expect(mend(text, options)).toBe(expected);
  });

  test.each<[string, MetadataOptions]>([
    ['{"a.b":1,"a":{"b":2}}', FLATTEN],
    ['{"a":{b}}', { nested: 'drop' }],
    ['{"a":{"b":1 2}}', { nested: 'stringify' }],
    ['{"a":{"b":1}', FLATTEN],
    ['{"a":null}}', NULLS],
    ['[null]', NULLS],
    [`${'{"a":'.repeat(100)}1${'}'.repeat(100)}`, FLATTEN],
    [`{"a":${'['.repeat(100_000)}}`, { lists: 'drop' }],
  ])('nothing of %.40s', (text, options) => {
    expect(mend(text, options)).toBeUndefined();
  });

  test('whatever JSON there is, all options together make metadata of it, or say why not', () => {
    const walker = new MetadataWalker(1 << 20);
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (object) => {
        const text = JSON.stringify(object);
        const given = Buffer.from(text);
        const mended = new MetadataMender(ALL).mend(given, 0, given.length)?.bytes ?? given;
        const fault = walker.check(mended, 0, mended.length);
        // Keys in the way of each other or with a "$", and halves of characters, are all that is left.
        if (fault !== undefined) expect(['METADATA_KEY', 'METADATA_VALUE']).toContain(fault.code);
        if (fault?.code === 'METADATA_VALUE') expect(fault.got).toMatch(/surrogate|an object/);
        JSON.parse(Buffer.from(mended).toString());
      }),
      { seed: 20261122, numRuns: 2_000 },
    );
  });
});

describe('in a batch', () => {
  const metadata = (batch: ReturnType<typeof batchOf>, row: number): string =>
    Buffer.from(batch.metadata.bytes.subarray(batch.metadata.offsets[row], batch.metadata.offsets[row + 1])).toString();

  test('only what needs it is changed, and counted for good rows only', () => {
    const rows = [
      { metadata: '{ "a": 1 }' },
      { metadata: '{"a":null,"b":{"c":null,"d":1}}' },
      { metadata: '{"a":null}', id: '' },
      { metadata: '{"a":{"$x":1},"$b":null}' },
      { metadata: null },
    ];
    const checked = checkAndMend(batchOf(rows), { metadata: { nulls: 'drop', nested: 'flatten' } });
    expect([0, 1].map((row) => metadata(checked, row))).toEqual(['{ "a": 1 }', '{"b.d":1}']);
    expect(checked.rejects.map(({ code }) => code)).toEqual(['ID_EMPTY']);
    expect(metadata(checked, 3)).toBe('{"a.$x":1}');
    expect(checked.metadataChanges).toEqual({
      records: 2,
      nullsDropped: 3,
      nestedDropped: 0,
      nestedStringified: 0,
      nestedFlattened: 2,
      listsDropped: 0,
      listsStringified: 0,
    });
    expect(describeMetadataChanges(checked.metadataChanges!)).toBe(
      'Metadata changed in 2 records: 3 nulls left out, 2 objects flattened.',
    );
  });

  test('without an option nothing is, and the batch stays the very same', () => {
    const batch = batchOf([{ metadata: '{"a":null}' }, {}]);
    expect(checkAndMend(batch)).toBe(batch);
    expect(batch.rejects.map(({ code }) => code)).toEqual(['METADATA_VALUE']);
    const good = batchOf([{ metadata: '{"a":[]}' }]);
    expect(checkAndMend(good, { metadata: { nulls: 'drop', nested: 'flatten', lists: 'drop' } })).toBe(good);
  });

  test('what is dropped no longer counts against the size', () => {
    const text = `{"a":{"b":"${'x'.repeat(50_000)}"},"c":1}`;
    const checked = checkAndMend(batchOf([{ metadata: text }]), { metadata: { nested: 'drop' } });
    expect(metadata(checked, 0)).toBe('{"c":1}');
    const kept = checkAndMend(batchOf([{ metadata: text }]), { metadata: { nested: 'flatten' } });
    expect(kept.rejects.map(({ code }) => code)).toEqual(['METADATA_TOO_LARGE']);
  });
});
