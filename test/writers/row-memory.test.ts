import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DEFAULT_SEGMENT_BYTES, RowMemory, type RowPiece } from '../../src/writers/scattered/row-memory.js';

describe('memory for scattered rows', () => {
  it('gives pieces that do not overlap, and the same ones again', () => {
    const wanted = fc.array(fc.record({ bytes: fc.integer({ min: 0, max: 300_000 }), back: fc.nat(4) }), {
      maxLength: 60,
    });
    fc.assert(
      fc.property(wanted, (steps) => {
        const memory = new RowMemory(128 * 1024);
        const held: RowPiece[] = [];
        let most = 0;
        for (const { bytes, back } of steps) {
          const piece = memory.take(bytes);
          expect(piece.bytes).toBeGreaterThanOrEqual(bytes);
          expect(piece.bytes).toBeLessThanOrEqual(Math.max(64 * 1024, 2 * bytes));
          expect(piece.at).toBeGreaterThan(0);
          expect(piece.at % (64 * 1024)).toBe(0);
          expect(piece.at + piece.bytes).toBeLessThanOrEqual(memory.bytes.length);
          for (const other of held) {
            expect(piece.at + piece.bytes <= other.at || other.at + other.bytes <= piece.at).toBe(true);
          }
          held.push(piece);
          for (const gone of held.splice(0, back)) memory.giveBack(gone);
          const sum = held.reduce((all, each) => all + each.bytes, 0);
          most = Math.max(most, sum + memory.freeBytes);
          expect(memory.bytes.length).toBe(64 * 1024 + most);
        }
      }),
    );
  });

  it('takes a power of two for a segment, the default at most as much as that says', () => {
    expect(new RowMemory().segmentBytes).toBe(DEFAULT_SEGMENT_BYTES);
    expect(new RowMemory(100_000).segmentBytes).toBe(65_536);
    expect(new RowMemory(3).segmentBytes).toBe(65_536);
    expect(new RowMemory(1_000_000).segmentBytes).toBe(524_288);
  });

  it('shows what lies in it as bytes, whole numbers and floats, after it has grown too', () => {
    const memory = new RowMemory();
    const first = memory.take(1);
    memory.floats[first.at / 4] = 1.5;
    const second = memory.take(1_000_000);
    expect(memory.floats[first.at / 4]).toBe(1.5);
    expect(memory.integers[first.at / 4]).toBe(0x3fc00000);
    memory.integers[second.at / 4] = 0x01020304;
    expect([...memory.bytes.subarray(second.at, second.at + 4)]).toEqual([4, 3, 2, 1]);
  });

  it('is dropped when nobody uses it, and only then', () => {
    const memory = new RowMemory();
    const before = memory.memory;
    const piece = memory.take(1);
    memory.clear();
    expect(memory.memory).toBe(before);
    memory.giveBack(piece);
    expect(memory.freeBytes).toBe(piece.bytes);
    memory.clear();
    expect(memory.freeBytes).toBe(0);
    expect(memory.memory).not.toBe(before);
    expect(memory.take(1).at).toBe(piece.at);
  });
});
