import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Xxh64 } from '../../src/sources/decompress/xxh64.js';

const data = (length: number): Uint8Array => Uint8Array.from({ length }, (_, i) => i * i * 7 + i * 13 + 5);

// The checksums that the reference encoder (zstd 1.5.4 --check) puts behind these bytes.
test.each([
  [0, 1373170073],
  [1, 323000079],
  [3, 2736412405],
  [4, 1553429757],
  [7, 1034681934],
  [8, 1525056275],
  [15, 2555954395],
  [31, 1843160620],
  [32, 1345529169],
  [33, 2669411389],
  [63, 3968299230],
  [64, 2181662433],
  [100, 1272764332],
  [1000, 1712352108],
  [5003, 1287105057],
])('%i bytes', (length, expected) => {
  const hash = new Xxh64();
  hash.update(data(length));
  expect(hash.digestLow32()).toBe(expected);
});

test('pieces of any size give the same hash', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), fc.array(fc.nat(80), { minLength: 1 }), (bytes, sizes) => {
      const whole = new Xxh64();
      whole.update(bytes);
      const pieces = new Xxh64();
      let at = 0;
      for (const size of sizes) pieces.update(bytes.subarray(at, (at += size)));
      pieces.update(bytes.subarray(at));
      expect(pieces.digestLow32()).toBe(whole.digestLow32());
    }),
  );
});
