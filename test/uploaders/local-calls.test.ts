import { closeSync, openSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { WRITE_BYTES } from '../../src/base/write-bytes.js';
import { fileCalls, POOLED_CALLS, writeWhole } from '../../src/uploaders/local-calls.js';
import { useTempDir } from '../support/temp-dir.js';

const temp = useTempDir();
const pieces = fc.array(fc.uint8Array({ maxLength: 30 }), { maxLength: 6 });

describe('writing a file', () => {
  it('goes on where the system has taken fewer bytes than it was given', async () => {
    await fc.assert(
      fc.asyncProperty(pieces, fc.integer({ min: 1, max: 40 }), async (given, most) => {
        const file = new Uint8Array(400);
        const write = (_fd: number, some: readonly Uint8Array[], position: number): number => {
          const taken = Buffer.concat(some).subarray(0, most);
          file.set(taken, position);
          return taken.length;
        };
        await writeWhole({ write }, 0, given, 7);
        const whole = Buffer.concat(given);
        expect(Buffer.from(file.subarray(7, 7 + whole.length)).equals(whole)).toBe(true);
        expect(file.subarray(7 + whole.length).every((byte) => byte === 0)).toBe(true);
      }),
      { numRuns: 200, seed: 5 },
    );
  });

  it.each([
    ['one piece of many', [3 * WRITE_BYTES + 5]],
    ['pieces that end where a write does', [WRITE_BYTES - 4, 4, WRITE_BYTES, 9]],
    ['pieces across the ends of writes', [10, WRITE_BYTES + 1, 0, WRITE_BYTES - 20, 700_000, 700_000]],
  ])('gives the system so many bytes at a time and no more: %s', async (_name, lengths) => {
    const given = lengths.map((length, i) => new Uint8Array(length).map((_, at) => 7 * i + at));
    const writes: Buffer[] = [];
    const write = (_fd: number, some: readonly Uint8Array[], position: number): number => {
      expect(position).toBe(writes.reduce((sum, { length }) => sum + length, 0));
      writes.push(Buffer.concat(some));
      return writes.at(-1)!.length;
    };
    await writeWhole({ write }, 0, given, 0);
    expect(Buffer.concat(writes).equals(Buffer.concat(given))).toBe(true);
    expect(writes.slice(0, -1).every(({ length }) => length === WRITE_BYTES)).toBe(true);
    expect(writes.at(-1)!.length).toBeLessThanOrEqual(WRITE_BYTES);
  });

  it.each(['pooled', 'direct'])('%s, puts more pieces than one call takes one after the other', async (how) => {
    const calls = how === 'pooled' ? POOLED_CALLS : await fileCalls(temp('.'));
    // 1,024 is the most of one writev(2) on Linux; large ones go to the thread pool either way.
    for (const length of [1, 1000]) {
      const many = Array.from({ length: 2500 }, (_, i) => new Uint8Array(length).fill(i));
      const shared = new Uint8Array(new SharedArrayBuffer(1000)).fill(9);
      const name = temp(`${how}-${length}`);
      const fd = openSync(name, 'w');
      await writeWhole(calls, fd, [...many, shared], 0);
      closeSync(fd);
      expect(readFileSync(name).equals(Buffer.concat([...many, shared]))).toBe(true);
    }
  });
});
