import { randomBytes } from 'node:crypto';
import { Crc32cJs, Crc64NvmeJs } from '@aws-sdk/checksums/crc';
import { CRC32C } from '@google-cloud/storage';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { base64OfHex, Crc, type CrcName, emptyCrc, hexOfBase64, joinCrc } from '../../../src/uploaders/checksum/crc.js';
import { crcModule } from '../../../src/uploaders/checksum/wasm.js';

const NAMES = ['crc64nvme', 'crc32c'] as const;

/** The SDK's own implementations, byte by byte. */
async function reference(name: CrcName, bytes: Uint8Array): Promise<string> {
  const hash = name === 'crc64nvme' ? new Crc64NvmeJs() : new Crc32cJs();
  hash.update(bytes);
  return Buffer.from(await hash.digest()).toString('hex');
}

function ours(name: CrcName, ...pieces: Uint8Array[]): string {
  const crc = new Crc(name);
  for (const piece of pieces) crc.update(piece);
  expect(crc.length).toBe(pieces.reduce((sum, { length }) => sum + length, 0));
  return crc.hex();
}

describe('checksums', () => {
  it('are the published ones of "123456789"', () => {
    const digits = Buffer.from('123456789');
    expect(ours('crc64nvme', digits)).toBe('ae8b14860a799888');
    expect(ours('crc32c', digits)).toBe('e3069283');
    for (const name of NAMES) expect(ours(name)).toBe(emptyCrc(name));
  });

  it.each(NAMES)('%s: lengths about every boundary agree with the SDK', async (name) => {
    const block = crcModule().block.length;
    // 418 and 3,590: where folding begins.
    const marks = [0, 16, 32, 209, 418, 432, 448, 1795, 3590, 3600, 65_536, block, 2 * block];
    const lengths = new Set(marks.flatMap((n) => [n - 17, n - 16, n - 1, n, n + 1, n + 15]).filter((n) => n >= 0));
    for (const length of lengths) {
      const bytes = randomBytes(length);
      expect(ours(name, bytes), String(length)).toBe(await reference(name, bytes));
    }
    // Bits that stand alone, and none at all.
    for (const at of [0, 1, 5_000, 9_998, 9_999]) {
      const bytes = new Uint8Array(10_000);
      bytes[at] = 0x80;
      expect(ours(name, bytes)).toBe(await reference(name, bytes));
    }
    expect(ours(name, new Uint8Array(100_000))).toBe(await reference(name, new Uint8Array(100_000)));
  });

  it.each(NAMES)('%s: pieces of any length, joined or one after the other, give the same', async (name) => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 0, max: 40_000 }), { maxLength: 5 }), async (lengths) => {
        const pieces = lengths.map((length) => randomBytes(length));
        const whole = await reference(name, Buffer.concat(pieces));
        expect(ours(name, ...pieces)).toBe(whole);
        const joined = pieces.reduce(
          (crc, piece) => joinCrc(name, crc, ours(name, piece), piece.length),
          emptyCrc(name),
        );
        expect(joined).toBe(whole);
      }),
      { numRuns: 60, seed: 7 },
    );
  });

  it('of several names at once are those taken one by one', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 300_000 }), { maxLength: 3 }), (lengths) => {
        const crcs = [new Crc('crc64nvme'), new Crc('crc32c'), new Crc('crc64nvme')];
        const pieces = lengths.map((length) => randomBytes(length));
        for (const piece of pieces) Crc.updateAll(crcs, piece);
        expect(crcs.map((crc) => crc.hex())).toStrictEqual(crcs.map(({ name }) => ours(name, ...pieces)));
        expect(crcs.map(({ length }) => length)).toStrictEqual(crcs.map(() => Buffer.concat(pieces).length));
      }),
      { numRuns: 40, seed: 3 },
    );
  });

  it('leaves the bytes as they are and takes views', () => {
    const bytes = randomBytes(300_001);
    const copy = Buffer.from(bytes);
    expect(ours('crc64nvme', bytes.subarray(1))).toBe(ours('crc64nvme', Buffer.from(bytes.subarray(1))));
    expect(bytes.equals(copy)).toBe(true);
  });

  it('are written as the services write them', () => {
    const bytes = randomBytes(1_000);
    const theirs = new CRC32C();
    theirs.update(bytes);
    expect(base64OfHex(ours('crc32c', bytes))).toBe(theirs.toString());
    expect(hexOfBase64(theirs.toString(), 4)).toBe(ours('crc32c', bytes));
    // S3's checksum of the checksums of three parts, and nonsense.
    for (const text of ['X3dB8TTTGKk=-3', 'not base64', '', undefined]) expect(hexOfBase64(text, 8)).toBeUndefined();
  });
});
