import { isUtf8 } from 'node:buffer';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { KNOWN_GOOD, type Utf8Column } from '../../src/records/batch.js';
import { markKnownTexts } from '../../src/records/plain/known-texts.js';
import { checkBatch } from '../../src/records/rules/check-batch.js';
import { batchOf } from './batches.js';

function column(texts: readonly Uint8Array[]): Utf8Column {
  const offsets = new Uint32Array(texts.length + 1);
  texts.forEach((text, i) => (offsets[i + 1] = offsets[i]! + text.length));
  return { bytes: Buffer.concat(texts), offsets };
}

function known(ids: readonly Uint8Array[], metadata: readonly Uint8Array[]): Uint8Array {
  const flags = new Uint8Array(ids.length).fill(1);
  markKnownTexts(flags, column(ids), column(metadata));
  return flags;
}

const utf8 = (text: string): Uint8Array => Buffer.from(text);

/** JSON, and JSON that was cut, damaged, or is none: what may stand in a column of a file that somebody else wrote. */
const anyText = fc.oneof(
  fc.json({ maxDepth: 2 }).map(utf8),
  fc.dictionary(fc.string(), fc.oneof(fc.string(), fc.integer(), fc.boolean())).map((o) => utf8(JSON.stringify(o))),
  fc.tuple(fc.json({ maxDepth: 2 }), fc.nat(40)).map(([text, end]) => utf8(text).subarray(0, end)),
  fc.constantFrom('{"a":"b', '{"a', '{"a":["b",', '","b":1}', '{', '}', '"}', ' {}', '{} ', '', '{"a":1}\n').map(utf8),
  fc
    .constantFrom('{"a":tru', '{"a":true}', '{"a":truex}', '{"a":12', '{"a":"\\', '{"a":"\0"}', '{"a":"\x7f"}')
    .map(utf8),
  fc.uint8Array({ maxLength: 12 }),
);

const anyId = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 20 }).map(utf8),
  fc.string({ unit: 'grapheme-ascii', maxLength: 40 }).map(utf8),
  fc.uint8Array({ maxLength: 18 }),
);

describe('texts that are known to be good', () => {
  it('are never what the rules reject, whatever stands beside them', () => {
    let metadataKnown = 0;
    let idsKnown = 0;
    fc.assert(
      fc.property(fc.array(fc.tuple(anyId, anyText), { minLength: 1, maxLength: 30 }), (rows) => {
        const flags = known(
          rows.map(([id]) => id),
          rows.map(([, metadata]) => metadata),
        );
        rows.forEach(([id, metadata], row) => {
          expect(flags[row]! & KNOWN_GOOD.values).toBe(1);
          const fine = id.length > 0 && id.every((byte) => byte > 0 && byte < 0x80);
          expect((flags[row]! & KNOWN_GOOD.id) !== 0).toBe(fine);
          if (fine) idsKnown++;
          // What is no UTF-8 is found before, by another look.
          if ((flags[row]! & KNOWN_GOOD.metadata) === 0 || !isUtf8(metadata)) return;
          metadataKnown++;
          const batch = batchOf([{ metadata }]);
          checkBatch(batch);
          expect(batch.rejects).toEqual([]);
        });
      }),
      { numRuns: 1_000, seed: 41 },
    );
    expect(metadataKnown).toBeGreaterThan(500);
    expect(idsKnown).toBeGreaterThan(1_000);
  });

  it('are still measured by the rules', () => {
    const ids = ['x'.repeat(512), 'x'.repeat(513)].map(utf8);
    const batch = batchOf(ids.map((id) => ({ id: Buffer.from(id).toString() })));
    const knownGood = known(ids, [utf8('{}'), utf8('{}')]);
    expect([...knownGood]).toEqual([7, 7]);
    const told = { ...batch, knownGood };
    checkBatch(told);
    expect(told.rejects).toMatchObject([{ code: 'ID_TOO_LONG', got: '513 characters' }]);
  });

  it('may be more than memory was there for, and none', () => {
    const many = Array.from({ length: 5_000 }, (_, i) => utf8(`id-${i}-${'y'.repeat(i % 700)}`));
    expect(known(many, many).every((flags) => flags === 5)).toBe(true);
    expect([...known([], [])]).toEqual([]);
    expect([...known([utf8('')], [utf8('')])]).toEqual([1]);
  });
});
