import fc from 'fast-check';
import { expect, it } from 'vitest';
import { DigestSet } from '../../src/emulator/state/digest-set.js';

it('holds what a Set of the same digests holds', () => {
  const word = fc.integer({ min: 0, max: 0xffff_ffff });
  fc.assert(
    fc.property(
      fc.array(
        fc.tuple(
          word,
          word.map((low) => low || 1),
        ),
        { maxLength: 3000 },
      ),
      (digests) => {
        const ours = new DigestSet();
        const theirs = new Set<string>();
        for (const [high, low] of [...digests, ...digests.slice(0, 50)]) {
          const key = `${high}:${low}`;
          expect(ours.add(high, low)).toBe(!theirs.has(key));
          theirs.add(key);
        }
        expect(ours.size).toBe(theirs.size);
      },
    ),
    { numRuns: 30 },
  );
});

it('grows past its first size and still finds everything', () => {
  const set = new DigestSet();
  // Crowded slots: the low bits of `high` choose the slot.
  for (let i = 1; i <= 20_000; i++) expect(set.add(Math.imul(i, 16), i)).toBe(true);
  for (let i = 1; i <= 20_000; i++) expect(set.has(Math.imul(i, 16), i)).toBe(true);
  expect(set.has(16, 2)).toBe(false);
  expect(set.size).toBe(20_000);
});
