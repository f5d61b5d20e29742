import { brotliCompressSync, gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compressionOfBytes, decompress, decompressByMagic } from '../../src/sources/decompress/decompress.js';
import type { Compression } from '../../src/sources/source.js';
import { gather, inPieces } from './bytes.js';
import { LARGE, LARGE_SIZED, MULTI, MULTI_FRAME_ENDS, SINGLE, STREAMED, UNCHECKED } from './zstd-fixtures.js';

const text = Buffer.from('{"id":"a","values":[1,2]}\n'.repeat(20));
const undo = (stored: Uint8Array, compression: Compression, sizes: readonly number[] = [1 << 20]): Promise<Buffer> =>
  gather(decompress(inPieces(stored, sizes), compression, 'in.jsonl', () => undefined));
const corrupt = { code: 'INPUT_CORRUPT', source: 'in.jsonl' };

interface Whole {
  readonly name: string;
  readonly compression: Compression;
  readonly stored: Buffer;
  readonly content: Buffer;
  /** Lengths at which the stored bytes are whole as well: a shorter series of members or frames. */
  readonly wholeAt: readonly number[];
}

const gzip = gzipSync(text);
const WHOLE: readonly Whole[] = [
  { name: 'gzip, one member', compression: 'gzip', stored: gzip, content: text, wholeAt: [] },
  {
    name: 'gzip, three members, one of them empty',
    compression: 'gzip',
    stored: Buffer.concat([gzip, gzipSync(''), gzip]),
    content: Buffer.concat([text, text]),
    wholeAt: [gzip.length, gzip.length + 20],
  },
  { name: 'brotli', compression: 'brotli', stored: brotliCompressSync(text), content: text, wholeAt: [] },
  ...[SINGLE, STREAMED, UNCHECKED, LARGE_SIZED].map((fixture) => ({
    ...fixture,
    compression: 'zstd' as const,
    wholeAt: [],
  })),
  { ...MULTI, compression: 'zstd', wholeAt: MULTI_FRAME_ENDS },
];

describe.each(WHOLE)('$name', ({ compression, stored, content, wholeAt }) => {
  test.each([[[1]], [[2, 1, 7]], [[64]], [[1 << 20]]])('arrives in pieces of %j', async (sizes) => {
    expect((await undo(stored, compression, sizes)).equals(content)).toBe(true);
  });

  test('is refused when cut off at any byte', async () => {
    for (let length = 0; length < stored.length; length++) {
      const cut = undo(stored.subarray(0, length), compression, [length % 2 === 0 ? 1 << 20 : 5]);
      if (wholeAt.includes(length)) expect(content.indexOf(await cut)).toBe(0);
      else await expect(cut, `cut at ${length}`).rejects.toMatchObject(corrupt);
    }
  });

  test.each([
    ['text', Buffer.from('xyz')],
    ['one letter', Buffer.from('x')],
    ['zeros', Buffer.alloc(9)],
    ['a zero and another member', Buffer.concat([Buffer.alloc(1), stored])],
  ])('is refused with %s behind it', async (_, tail) => {
    const longer = Buffer.concat([stored, tail]);
    for (const sizes of [[1 << 20], [1], [stored.length]]) {
      await expect(undo(longer, compression, sizes)).rejects.toMatchObject(corrupt);
    }
  });
});

describe('zstd', () => {
  test('several blocks, matches over block borders', async () => {
    const content = await undo(LARGE, 'zstd', [100]);
    expect(content.length).toBe(350_300);
    expect(content.subarray(0, 200_000).every((byte) => byte === 0x61)).toBe(true);
    expect(content.subarray(200_300).toString()).toBe('xyz'.repeat(50_000));
  });

  test.each([
    ['a small frame', SINGLE, 6, 3],
    ['a large frame', LARGE_SIZED, 9, 11],
  ])(
    'an altered bit anywhere behind the header of %s is seen by the checksum',
    async (_, { stored, content }, header, step) => {
      for (let bit = 8 * header; bit < 8 * stored.length; bit += step) {
        const altered = Buffer.from(stored);
        altered[bit >> 3]! ^= 1 << (bit & 7);
        const result = await undo(altered, 'zstd').catch((error: unknown) => error);
        // A bit that means nothing (a reserved or unused one) may change without harm.
        if (Buffer.isBuffer(result)) expect(result.equals(content)).toBe(true);
        else expect(result).toMatchObject(corrupt);
      }
    },
  );

  test('a frame that states another size than it holds is refused', async () => {
    const altered = Buffer.from(UNCHECKED.stored);
    altered[5]!++;
    await expect(undo(altered, 'zstd')).rejects.toMatchObject({
      ...corrupt,
      message: expect.stringContaining('a frame states 27 bytes and holds 26'),
    });
  });

  test.each([1, -1])('a large frame that states %d bytes more than it holds is refused', async (more) => {
    // Magic number, descriptor, then the size in four bytes: a frame in one segment has no window descriptor.
    const { stored, content } = LARGE_SIZED;
    const altered = Buffer.from(stored);
    expect(altered.readUInt32LE(5)).toBe(content.length);
    altered.writeUInt32LE(content.length + more, 5);
    for (const sizes of [[1 << 20], [7]]) await expect(undo(altered, 'zstd', sizes)).rejects.toMatchObject(corrupt);
  });

  test('large frames one after the other, and a small one between them', async () => {
    const stored = Buffer.concat([LARGE_SIZED.stored, SINGLE.stored, LARGE_SIZED.stored]);
    const content = Buffer.concat([LARGE_SIZED.content, SINGLE.content, LARGE_SIZED.content]);
    for (const sizes of [[1 << 20], [13]]) expect((await undo(stored, 'zstd', sizes)).equals(content)).toBe(true);
  });

  test('a dictionary is asked for, not ignored', async () => {
    // Dictionary id 7 in one byte, behind the descriptor of a frame with stated size (RFC 8878, section 3.1.1.1).
    const { stored } = UNCHECKED;
    const needing = Buffer.concat([stored.subarray(0, 4), Buffer.from([stored[4]! | 1, 7]), stored.subarray(5)]);
    await expect(undo(needing, 'zstd')).rejects.toMatchObject({ code: 'INPUT_UNREADABLE', got: 'dictionary 7' });
  });

  test('a window that would fill the memory is refused', async () => {
    const huge = Buffer.from(STREAMED.stored);
    huge[5] = 0xff;
    await expect(undo(huge, 'zstd')).rejects.toMatchObject({ code: 'INPUT_UNREADABLE' });
  });

  test('only skippable frames hold nothing', async () => {
    expect(await undo(MULTI.stored.subarray(0, 13), 'zstd')).toHaveLength(0);
  });
});

describe('by the first bytes', () => {
  test.each<[string, Buffer, Compression]>([
    ['gzip', gzip, 'gzip'],
    ['zstd', SINGLE.stored, 'zstd'],
    ['zstd behind a skippable frame', MULTI.stored, 'zstd'],
    ['text', text, 'none'],
    ['text with a byte order mark', Buffer.from('\ufeffid'), 'none'],
    ['nothing', Buffer.alloc(0), 'none'],
    ['less than a mark', Buffer.from([0x28, 0xb5]), 'none'],
  ])('%s', async (_, stored, expected) => {
    expect(compressionOfBytes(stored.subarray(0, 4))).toBe(expected);
    let found: Compression | undefined;
    const plain = await gather(
      decompressByMagic(
        inPieces(stored, [1]),
        'in',
        () => undefined,
        (compression) => (found = compression),
      ),
    );
    expect(found).toBe(expected);
    expect(plain.equals(await undo(stored, expected))).toBe(true);
  });

  test('UTF-8 text is never taken for compressed', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (string) => {
        expect(compressionOfBytes(Buffer.from(string).subarray(0, 4))).toBe('none');
      }),
    );
  });
});

test.each<Compression>(['none', 'gzip', 'zstd', 'brotli'])(
  '%s: the input is closed when the caller leaves early',
  async (compression) => {
    const large = Buffer.from(Array.from({ length: 60_000 }, (_, i) => (i * i) % 97));
    const stored = { none: large, gzip: gzipSync(large), zstd: LARGE, brotli: brotliCompressSync(large) }[compression];
    let closed = false;
    let stopped = false;
    const input = async function* (): AsyncGenerator<Uint8Array> {
      try {
        for (;;) yield* inPieces(stored, [20]);
      } finally {
        closed = true;
      }
    };
    for await (const bytes of decompress(input(), compression, 'in', () => (stopped = true))) {
      expect(bytes.length).toBeGreaterThan(0);
      break;
    }
    expect({ closed, stopped }).toEqual({ closed: true, stopped: compression !== 'none' });
  },
);

test('no more is read than is asked for', async () => {
  const large = Buffer.alloc(64 * 1024 * 1024, '{"id":"a"}\n');
  const stored = gzipSync(large, { level: 0 });
  let read = 0;
  const input = async function* (): AsyncGenerator<Uint8Array> {
    for await (const bytes of inPieces(stored, [64 * 1024])) {
      read += bytes.length;
      yield bytes;
    }
  };
  for await (const _ of decompress(input(), 'gzip', 'in', () => undefined)) {
    await new Promise((resolve) => setTimeout(resolve, 50));
    break;
  }
  expect(read).toBeLessThan(4 * 1024 * 1024);
});
