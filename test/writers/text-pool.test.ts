import { describe, expect, it } from 'vitest';
import { GrowingArray } from '../../src/writers/growing-array.js';
import { TextPool } from '../../src/writers/text-pool.js';

const KIB = 1024;

describe('memory for texts', () => {
  it.each([
    [0, 0],
    [100, 100],
    [64 * KIB - 1, 64 * KIB - 1],
    [64 * KIB, 64 * KIB],
    [64 * KIB + 1, 128 * KIB],
    [1000 * KIB, 1024 * KIB],
  ])('for %d bytes has %d', (bytes, size) => {
    expect(new TextPool().take(bytes)).toHaveLength(size);
  });

  it('serves again when it came back, as a whole, whatever part of it was used', () => {
    const pool = new TextPool();
    const taken = pool.take(100 * KIB);
    pool.giveBack(taken.subarray(3, 5));
    const again = pool.take(70 * KIB);
    expect(again.buffer).toBe(taken.buffer);
    expect(again).toHaveLength(128 * KIB);
    expect(pool.take(70 * KIB).buffer).not.toBe(taken.buffer);
  });

  it('waits up to a limit', () => {
    const pool = new TextPool();
    const taken = Array.from({ length: 20 }, () => pool.take(1024 * KIB));
    for (const one of taken) pool.giveBack(one);
    const known = new Set(taken.map(({ buffer }) => buffer));
    const again = Array.from({ length: 20 }, () => pool.take(1024 * KIB));
    expect(again.filter(({ buffer }) => known.has(buffer))).toHaveLength(16);
    for (const one of again) pool.giveBack(one);
    pool.clear();
    expect(again.map(({ buffer }) => buffer)).not.toContain(pool.take(1024 * KIB).buffer);
  });

  it('is shared where it is to be', () => {
    expect(new TextPool(true).take(100 * KIB).buffer).toBeInstanceOf(SharedArrayBuffer);
    expect(new TextPool().take(100 * KIB).buffer).toBeInstanceOf(ArrayBuffer);
  });

  it('of a growing array goes back when it is outgrown, but not what was given away', () => {
    const pool = new TextPool();
    const held = { bytes: 0 };
    const array = new GrowingArray<Uint8Array>(
      (length) => pool.take(length),
      Infinity,
      held,
      (outgrown) => pool.giveBack(outgrown),
    );
    array.reserve(64 * KIB);
    array.array.fill(7);
    array.length = 64 * KIB;
    const first = array.array.buffer;
    array.reserve(1);
    expect(held.bytes).toBe(128 * KIB);
    expect(pool.take(64 * KIB).buffer).toBe(first);
    const taken = array.take(true);
    expect(taken).toStrictEqual(new Uint8Array(64 * KIB).fill(7));
    expect(held.bytes).toBe(0);
    array.reserve(1);
    expect(array.array.buffer).not.toBe(taken.buffer);
  });
});
