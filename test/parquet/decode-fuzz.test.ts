import { describe, expect, it } from 'vitest';
import { PineloadError } from '../../src/base/errors.js';
import { DEFAULT_DECODE_LIMITS } from '../../src/parquet/decode/index.js';
import { fixtures, readAll } from './decode-support.js';
import { changeEach, readThrift, writeThrift } from './thrift-tree.js';

const CODES = new Set(['PARQUET_CORRUPT', 'PARQUET_UNSUPPORTED', 'PARQUET_LIMIT']);
/** Small, so that a claim of more is refused and never made good. */
const LIMITS = {
  ...DEFAULT_DECODE_LIMITS,
  pageBytes: 1 << 22,
  pageValues: 1 << 20,
  expansionBytes: 1 << 24,
  expansionFactor: 10,
};
const VALUES = [0x00, 0x01, 0x7f, 0x80, 0xff];

/** Anything but a clear error about the file, or a reading that ends, is a fault. */
async function survives(bytes: Uint8Array, what: string): Promise<'read' | 'refused'> {
  try {
    await readAll(bytes, LIMITS);
    return 'read';
  } catch (error) {
    if (!(error instanceof PineloadError) || !CODES.has(error.code)) {
      throw new Error(what, { cause: error });
    }
    expect(error.source, what).toBe('memory.parquet');
    return 'refused';
  }
}

function footerStart(bytes: Uint8Array): number {
  return bytes.length - 8 - new DataView(bytes.buffer).getUint32(bytes.length - 8, true);
}

describe('files with one byte changed', () => {
  for (const { name, bytes } of fixtures()) {
    it(`${name}: every byte of the footer`, async () => {
      const start = footerStart(bytes);
      let refused = 0;
      for (let at = start; at < bytes.length; at++) {
        const value = VALUES[at % VALUES.length];
        if (bytes[at] === value) continue;
        const changed = bytes.slice();
        changed[at] = value;
        if ((await survives(changed, `byte ${at} to ${value}`)) === 'refused') refused++;
      }
      expect(refused).toBeGreaterThan(0);
    }, 60_000);

    it(`${name}: bytes of the pages, headers among them`, async () => {
      const end = footerStart(bytes);
      const step = Math.max(1, Math.floor(end / 400));
      for (let at = 4; at < end; at += at < 200 ? 1 : step) {
        const changed = bytes.slice();
        changed[at] ^= 1 << (at % 8);
        await survives(changed, `bit ${at % 8} of byte ${at}`);
      }
    }, 60_000);

    it(`${name}: cut off anywhere`, async () => {
      const step = Math.max(1, Math.floor(bytes.length / 150));
      for (let length = 0; length < bytes.length; length += step) {
        expect(await survives(bytes.slice(0, length), `cut at ${length}`)).toBe('refused');
      }
    });
  }
});

describe('footers with one field changed', () => {
  /** Those of two fixtures in full: the others have the same fields. */
  for (const { name, bytes } of fixtures().filter((each) => /^(pyarrow|polars)\.parquet$/.test(each.name))) {
    it(`${name}: every field, list and structure`, async () => {
      const start = footerStart(bytes);
      const footer = readThrift(bytes.subarray(start, bytes.length - 8));
      expect(Buffer.from(writeThrift(footer))).toEqual(Buffer.from(bytes.subarray(start, bytes.length - 8)));
      const counts = { read: 0, refused: 0 };
      await changeEach(footer, async (what) => {
        const changed = writeThrift(footer);
        const tail = Buffer.concat([changed, Buffer.from(Uint32Array.of(changed.length).buffer), Buffer.from('PAR1')]);
        counts[await survives(Buffer.concat([bytes.subarray(0, start), tail]), what)]++;
      });
      expect(counts.refused).toBeGreaterThan(500);
    }, 120_000);
  }
});

describe('seeded noise', () => {
  it('survives several changes at once', async () => {
    let seed = 20261122;
    const random = (below: number): number => {
      seed = (Math.imul(seed, 1103515245) + 12345) >>> 0;
      return Math.floor((seed / 2 ** 32) * below);
    };
    const files = fixtures();
    for (let round = 0; round < 600; round++) {
      const changed = files[random(files.length)]!.bytes.slice();
      const start = round % 2 === 0 ? footerStart(changed) : 4;
      for (let n = 1 + random(6); n > 0; n--) changed[start + random(changed.length - 8 - start)] = random(256);
      await survives(changed, `round ${round}`);
    }
  }, 60_000);
});
