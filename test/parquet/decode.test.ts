import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import snappy from 'snappyjs';
import { describe, expect, it } from 'vitest';
import { lz4Decompress, snappyDecompress } from '../../src/parquet/decode/block-codecs.js';
import { ChunkStream } from '../../src/parquet/decode/chunk-stream.js';
import { readDelta32, readDelta64 } from '../../src/parquet/decode/delta.js';
import { readCodes, readLevels, readRowStarts } from '../../src/parquet/decode/hybrid.js';
import { ThriftEnd, ThriftReader } from '../../src/parquet/decode/thrift.js';
import { HybridEncoder } from '../../src/parquet/hybrid-encoder.js';
import { fixtures, FIXTURES, memoryFile, readAll } from './decode-support.js';
import { writeFileBytes, type TestRecord } from './harness.js';

const cursor = (...bytes: number[]) => ({ bytes: Uint8Array.from(bytes), at: 0, end: bytes.length });

describe('block codecs', () => {
  it('undo what snappyjs compresses', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.uint8Array({ maxLength: 40 }), fc.integer({ min: 1, max: 30 })), { maxLength: 30 }),
        (parts) => {
          const bytes = new Uint8Array(
            Buffer.concat(parts.flatMap(([part, times]) => new Array<Uint8Array>(times).fill(part))),
          );
          expect(Buffer.from(snappyDecompress(snappy.compress(bytes), bytes.length))).toEqual(Buffer.from(bytes));
        },
      ),
      { numRuns: 200, seed: 5 },
    );
  });
  it('LZ4: literals, a match that overlaps itself, last literals', () => {
    // Five literals, then nine bytes from one back, then the literals "end".
    const block = Uint8Array.from([0x55, ...Buffer.from('abcde'), 1, 0, 0x30, ...Buffer.from('end')]);
    expect(Buffer.from(lz4Decompress(block, 17)).toString()).toBe(`abcde${'e'.repeat(9)}end`);
  });
  it.each([
    ['an offset before the beginning', [0x14, 65, 9, 0, 0x10, 65], 20],
    ['more than the page has room for', [0x1f, 65, 1, 0, 255, 255, 0], 20],
    ['less than the page says', [0x10, 65], 20],
  ])('LZ4: %s is an error', (_, block, size) => {
    expect(() => lz4Decompress(Uint8Array.from(block), size)).toThrow(/LZ4/);
  });
});

describe('the hybrid of runs', () => {
  it('reads levels as the encoder writes them', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(1, 2, 3),
        fc.array(fc.tuple(fc.nat(7), fc.integer({ min: 1, max: 40 })), { maxLength: 20 }),
        (width, runs) => {
          const max = 2 ** width - 1;
          const encoder = new HybridEncoder(width as 1 | 2 | 3);
          const levels: number[] = [];
          for (const [value, count] of runs) {
            encoder.push(value & max, count);
            for (let i = 0; i < count; i++) levels.push(value & max);
          }
          const bytes = encoder.finish();
          const read = readLevels({ bytes, at: 0, end: bytes.length }, width, levels.length, max);
          expect([...(read ?? new Uint8Array(levels.length).fill(max))]).toEqual(levels);
        },
      ),
      { numRuns: 300, seed: 6 },
    );
  });
  it('unpacks the example of the specification, and codes of every width', () => {
    // Encodings.md: the numbers 0 to 7 in three bits are 10001000 11000110 11111010.
    expect([...readCodes(cursor(3, 0b10001000, 0b11000110, 0b11111010), 3, 8, 8)]).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    for (let width = 1; width <= 32; width++) {
      const codes = Array.from({ length: 8 }, (_, i) => (i * 2654435761 + 2 ** width - 1) % 2 ** width);
      let bits = 0n;
      codes.forEach((code, i) => (bits |= BigInt(code) << BigInt(i * width)));
      const bytes = Array.from({ length: width }, (_, i) => Number((bits >> BigInt(8 * i)) & 255n));
      expect([...readCodes(cursor(3, ...bytes), width, 8, 2 ** 32)], `width ${width}`).toEqual(codes);
    }
  });
  it('refuses runs that are empty, cut off or beyond the highest level', () => {
    expect(() => readLevels(cursor(0, 1), 1, 5, 1)).toThrow(/empty/);
    expect(() => readRowStarts(cursor(4, 3), 2)).toThrow(/level is beyond 1/);
    expect(() => readRowStarts(cursor(0, 1), 2)).toThrow(/empty/);
    expect(() => readLevels(cursor(3), 1, 5, 1)).toThrow(/cut off/);
    expect(() => readLevels(cursor(10, 3), 2, 5, 2)).toThrow(/beyond 2/);
    expect(() => readLevels(cursor(3, 0xff, 0xff), 2, 8, 2)).toThrow(/beyond 2/);
    expect(() => readLevels(cursor(0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80), 1, 5, 1)).toThrow(/too long/);
  });
});

describe('delta encodings', () => {
  // Encodings.md: 1, 2, 3, 4, 5 have deltas of 1, so the miniblock has width 0.
  const header = [128, 1, 4, 5, 2];
  it('read the first example of the specification', () => {
    expect([...readDelta32(cursor(...header, 2, 0, 0, 0, 0), 5)]).toEqual([1, 2, 3, 4, 5]);
    expect([...readDelta64(cursor(...header, 2, 0, 0, 0, 0), 5)].map(Number)).toEqual([1, 2, 3, 4, 5]);
  });
  it('read the second one', () => {
    // 7, 5, 3, 1, 2, 3, 4, 5: least delta -2, relative deltas 0 0 0 3 3 3 3 in two bits.
    const bytes = [128, 1, 4, 8, 14, 3, 2, 0, 0, 0, 0b11000000, 0b00111111, 0, 0, 0, 0, 0, 0];
    expect([...readDelta32(cursor(...bytes), 8)]).toEqual([7, 5, 3, 1, 2, 3, 4, 5]);
    expect([...readDelta64(cursor(...bytes), 8)].map(Number)).toEqual([7, 5, 3, 1, 2, 3, 4, 5]);
  });
  it('refuse what is cut off or of another number', () => {
    expect(() => readDelta32(cursor(...header, 2, 0, 0), 5)).toThrow(/cut off/);
    expect(() => readDelta32(cursor(...header, 2, 0, 0, 0, 0), 6)).toThrow(/another number/);
    expect(() => readDelta32(cursor(0, 1, 5, 2), 5)).toThrow(/valid size/);
    expect(() => readDelta32(cursor(...header, 2, 33, 0, 0, 0), 5)).toThrow(/wider than 32/);
  });
});

describe('Thrift', () => {
  it('tells that more bytes are needed from that bytes are wrong', () => {
    expect(() => new ThriftReader(Uint8Array.from([0x15])).struct(() => false)).toThrow(ThriftEnd);
    expect(() => new ThriftReader(Uint8Array.from([0x1e, 0])).struct(() => false)).toThrow(/does not exist/);
  });
  it('bounds depth and lists', () => {
    expect(() => new ThriftReader(new Uint8Array(100_000).fill(0x1c)).struct(() => false)).toThrow(/too deep/);
    const deepLists = new Uint8Array(100_000).fill(0x19);
    expect(() => new ThriftReader(deepLists).struct(() => false)).toThrow(/too deep/);
    expect(() =>
      new ThriftReader(Uint8Array.from([0x19, 0xf0, 0xff, 0xff, 0xff, 0xff, 0x0f])).struct(() => false),
    ).toThrow(ThriftEnd);
  });
});

describe('reading', () => {
  it('goes through a file in windows, whatever their size', async () => {
    const bytes = Uint8Array.from({ length: 1000 }, (_, i) => i % 251);
    for (const window of [1, 7, 100, 5000]) {
      const stream = new ChunkStream(memoryFile(bytes), 10, 990, window);
      const got: number[] = [];
      for (let step = 1; stream.left > 0; step = (step * 3) % 97) {
        const piece = await stream.peek(step);
        got.push(...piece);
        stream.take(piece.length);
      }
      expect(got).toEqual([...bytes.subarray(10, 990)]);
    }
  });
  it('puts pages of any length together from windows that are used again', async () => {
    const bytes = Uint8Array.from({ length: 300_000 }, (_, i) => (i * 7919) % 251);
    const readInto = (target: Uint8Array, start: number): Promise<void> => {
      target.set(bytes.subarray(start, start + target.length));
      return Promise.resolve();
    };
    for (const [window, ...pages] of [
      [4096, 5000],
      [4096, 500],
      [64, 3000, 40, 1],
      [100_000, 70_000, 9],
      [1, 1],
    ] as const) {
      const stream = new ChunkStream({ ...memoryFile(bytes), readInto }, 10, 299_990, window);
      const got: Uint8Array[] = [];
      for (let i = 0; stream.left > 0 && i < 2000; i++) {
        const length = pages[i % pages.length]!;
        const header = await stream.peek(30);
        got.push(header.slice(0, 20));
        stream.take(Math.min(20, header.length));
        stream.expect(20 + length);
        const page = await stream.peek(length, true);
        stream.take(page.length);
        // What was taken is good until the next peek.
        got.push(page.slice());
      }
      stream.release();
      const read = Buffer.concat(got);
      expect(read.equals(bytes.subarray(10, 10 + read.length))).toBe(true);
      expect(read.length).toBe(Math.min(299_980, 2000 * 20 + 2000 * (pages.reduce((a, b) => a + b, 0) / pages.length)));
    }
  });
  it('reads the footer of a small file in one go, and of the columns only those of an import', async () => {
    const file = memoryFile(new Uint8Array(readFileSync(`${FIXTURES}/pyarrow.parquet`)));
    const { openParquet } = await import('../../src/parquet/decode/index.js');
    await openParquet(file);
    expect(file.reads).toEqual([{ start: 0, end: file.bytes }]);
  });
  it.each(fixtures().map(({ name, bytes }) => [name, bytes] as const))('%s', async (_, bytes) => {
    const { batches, log } = await readAll(bytes);
    expect(log.hasErrors).toBe(false);
    const rows = batches.flatMap(({ rows, values, sparse, dimension, rejects }) => {
      expect(rejects).toEqual([]);
      return Array.from({ length: rows }, (_unused, r) => ({
        values: [...values!.subarray(r * dimension, (r + 1) * dimension)],
        indices:
          sparse!.validity?.[r] === 0
            ? null
            : [...sparse!.indices.subarray(sparse!.offsets[r], sparse!.offsets[r + 1])],
      }));
    });
    expect(rows.map(({ indices }) => indices)).toEqual([[7, 4294967295], null]);
    // Row groups come one after the other in the same memory, so only the last of them can be looked at here.
    expect(rows.at(-1)!.values).toEqual([3, 4]);
  });

  const RECORDS: TestRecord[] = Array.from({ length: 500 }, (_, i) => ({
    id: `r${i}`,
    values: [i, -0, 1e-45, 3.4028234663852886e38].map(Math.fround),
    sparse: i % 3 === 0 ? null : { indices: [i, 4294967295 - i], values: [0.5, Math.fround(0.1)] },
    metadata: i % 2 === 0 ? null : `{"n":${i}}`,
  }));
  it.each(['dense', 'sparse', 'hybrid'] as const)('our own %s files, pages of every size', async (kind) => {
    for (const pageBytes of [1, 64, 1 << 20]) {
      const written =
        kind === 'sparse' ? RECORDS.map((r) => ({ ...r, sparse: { indices: [7], values: [1] } })) : RECORDS;
      const { bytes } = await writeFileBytes([written.slice(0, 200), written.slice(200)], {
        kind,
        dimension: 4,
        pageBytes,
      });
      const { batches, log } = await readAll(new Uint8Array(bytes));
      expect(log.counts).toEqual([]);
      expect(batches.flatMap(({ rejects }) => rejects)).toEqual([]);
      const ids = batches.flatMap(({ rows, ids: { bytes: all, offsets } }) =>
        Array.from({ length: rows }, (_, r) => Buffer.from(all.subarray(offsets[r], offsets[r + 1])).toString()),
      );
      expect(ids).toEqual(RECORDS.map(({ id }) => id));
      if (kind === 'sparse') continue;
      const last = batches.at(-1)!;
      expect([...last.values!.subarray(-4)]).toEqual(RECORDS.at(-1)!.values);
    }
  });
});
