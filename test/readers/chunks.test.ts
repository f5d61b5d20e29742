import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { csvChunks, jsonlChunks, type ChunkOptions } from '../../src/readers/chunks.js';
import type { Chunk } from '../../src/readers/reader.js';
import type { Reject } from '../../src/records/reject.js';
import { inPieces } from '../sources/bytes.js';

interface Cut {
  readonly header: string | undefined;
  /** Chunk by chunk: text, first line, byte offset, rejects. */
  readonly chunks: readonly (readonly [string, number, number, readonly Reject[]])[];
}

const OPTIONS: ChunkOptions = { source: 'in', chunkBytes: 16, maxRecordBytes: 40 };

async function gather(chunks: AsyncIterable<Chunk>): Promise<Cut['chunks']> {
  const all: Cut['chunks'][number][] = [];
  for await (const { bytes, firstLine, byteOffset, rejects, source } of chunks) {
    expect(source).toBe('in');
    all.push([Buffer.from(bytes).toString('latin1'), firstLine, byteOffset, rejects]);
  }
  return all;
}

async function jsonl(input: string | Buffer, options: Partial<ChunkOptions> = {}, sizes = [1 << 20]): Promise<Cut> {
  const bytes = Buffer.from(input as string);
  return { header: undefined, chunks: await gather(jsonlChunks(inPieces(bytes, sizes), { ...OPTIONS, ...options })) };
}

async function csv(input: string | Buffer, options: Partial<ChunkOptions> = {}, sizes = [1 << 20]): Promise<Cut> {
  const { header, chunks } = await csvChunks(inPieces(Buffer.from(input as string), sizes), { ...OPTIONS, ...options });
  return { header: header && Buffer.from(header).toString('latin1'), chunks: await gather(chunks) };
}

const ENDLESS_BYTES = 300 * 1024 * 1024;

/** So many bytes, and how much memory was held at most while they were read. */
function endless(fill: string, before = ''): { input: AsyncGenerator<Uint8Array>; most: () => number } {
  const piece = Buffer.alloc(1024 * 1024, fill);
  const atFirst = process.memoryUsage().arrayBuffers;
  let most = 0;
  const input = async function* (): AsyncGenerator<Uint8Array> {
    yield Buffer.from(before);
    for (let given = 0; given < ENDLESS_BYTES; given += piece.length) {
      most = Math.max(most, process.memoryUsage().arrayBuffers - atFirst);
      yield piece;
    }
  };
  return { input: input(), most: () => most };
}

const plain = (cut: Cut): (readonly [string, number, number])[] =>
  cut.chunks.map(([text, line, at]) => [text, line, at]);

describe('JSONL', () => {
  test.each<[string, string, (readonly [string, number, number])[]]>([
    ['nothing', '', []],
    ['only a byte order mark', '\ufeff', []],
    ['one line', '{"a":1}\n', [['{"a":1}\n', 1, 0]]],
    ['no line break at the end', '{"a":1}', [['{"a":1}', 1, 0]]],
    ['one byte', '1', [['1', 1, 0]]],
    ['a byte order mark', '\ufeff{}\n{}', [['{}\n{}', 1, 3]]],
    ['CRLF and empty lines stay', '1\r\n\r\n\n2\r\n', [['1\r\n\r\n\n2\r\n', 1, 0]]],
    [
      'as many lines as fit',
      '1234567\n1234567\n1\n',
      [
        ['1234567\n1234567\n', 1, 0],
        ['1\n', 3, 16],
      ],
    ],
    [
      'one byte too many',
      '1234567\n12345678\n1\n',
      [
        ['1234567\n', 1, 0],
        ['12345678\n1\n', 2, 8],
      ],
    ],
    [
      'a line larger than a chunk is a chunk of its own',
      '1\n12345678901234567890\n2\n',
      [
        ['1\n', 1, 0],
        ['12345678901234567890\n', 2, 2],
        ['2\n', 3, 23],
      ],
    ],
    [
      'a last line larger than a chunk',
      '1\n12345678901234567890',
      [
        ['1\n', 1, 0],
        ['12345678901234567890', 2, 2],
      ],
    ],
  ])('%s', async (_, input, expected) => {
    for (const sizes of [[1 << 20], [1], [3, 7], [16], [17]]) {
      const cut = await jsonl(input, {}, sizes);
      expect(plain(cut)).toEqual(expected);
      expect(cut.chunks.flatMap(([, , , rejects]) => rejects)).toEqual([]);
    }
  });

  const large = 'x'.repeat(41);
  const tooLarge = (line: number, byteOffset: number, got = 41, max = 40): Reject => ({
    source: 'in',
    line,
    byteOffset,
    code: 'RECORD_TOO_LARGE',
    expected: `at most ${max} bytes`,
    got: `${got} bytes`,
    raw: expect.stringMatching(/^x+$/) as string,
  });

  test.each<[string, string, Cut['chunks']]>([
    ['just fits', `${'x'.repeat(40)}\n`, [[`${'x'.repeat(40)}\n`, 1, 0, []]]],
    ['just fits, at the end', 'x'.repeat(40), [['x'.repeat(40), 1, 0, []]]],
    ['first', `${large}\n1\n`, [['1\n', 2, 42, [tooLarge(1, 0)]]]],
    [
      'in the middle',
      `1\n${large}\n2\n`,
      [
        ['1\n', 1, 0, []],
        ['2\n', 3, 44, [tooLarge(2, 2)]],
      ],
    ],
    [
      'last',
      `1\n${large}\n`,
      [
        ['1\n', 1, 0, []],
        ['', 3, 44, [tooLarge(2, 2)]],
      ],
    ],
    [
      'last, without a line break',
      `1\n${large}`,
      [
        ['1\n', 1, 0, []],
        ['', 2, 43, [tooLarge(2, 2)]],
      ],
    ],
    ['alone', large, [['', 1, 41, [tooLarge(1, 0)]]]],
    ['twice', `${large}\n${large}x\n1\n`, [['1\n', 3, 85, [tooLarge(1, 0), tooLarge(2, 42, 42)]]]],
  ])('a line too large: %s', async (_, input, expected) => {
    for (const sizes of [[1 << 20], [1], [5, 40], [16]]) {
      expect((await jsonl(input, {}, sizes)).chunks).toEqual(expected);
    }
  });

  test('a line too large, smaller than a chunk', async () => {
    const cut = await jsonl('1\nxxxxxx\n2\n', { chunkBytes: 1000, maxRecordBytes: 5 });
    expect(cut.chunks).toEqual([
      ['1\n', 1, 0, []],
      ['2\n', 3, 9, [tooLarge(2, 2, 6, 5)]],
    ]);
  });

  test('a line too large is never held in memory', async () => {
    const { input, most } = endless('x');
    const chunks = await gather(jsonlChunks(input, { source: 'in', maxRecordBytes: 4 * 1024 * 1024 }));
    expect(chunks).toHaveLength(1);
    expect(chunks[0]![3][0]).toMatchObject({ got: `${ENDLESS_BYTES} bytes` });
    expect(most()).toBeLessThan(64 * 1024 * 1024);
  });

  test.each([
    ['little-endian', Buffer.from('\ufeff{}\n', 'utf16le')],
    ['big-endian', Buffer.from('\ufeff{}\n', 'utf16le').swap16()],
  ])('UTF-16 %s is told', async (_, input) => {
    await expect(jsonl(input)).rejects.toMatchObject({ code: 'INPUT_UNREADABLE', expected: 'UTF-8' });
  });

  test('chunks follow from the bytes alone, and are the bytes', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.stringMatching(/^[a-z"\r]{0,30}$/), { maxLength: 30 }),
        fc.boolean(),
        fc.integer({ min: 4, max: 64 }),
        fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1, maxLength: 6 }),
        async (lines, closed, chunkBytes, sizes) => {
          const input = lines.join('\n') + (closed ? '\n' : '');
          const whole = await jsonl(input, { chunkBytes });
          expect(await jsonl(input, { chunkBytes }, sizes)).toEqual(whole);
          expect(whole.chunks.map(([text]) => text).join('')).toBe(input);
          let at = 0;
          let line = 1;
          for (const [text, firstLine, byteOffset] of whole.chunks) {
            expect([firstLine, byteOffset]).toEqual([line, at]);
            at += text.length;
            line += text.split('\n').length - 1;
            expect(text.length <= chunkBytes || text.indexOf('\n') === text.length - 1 || !text.includes('\n')).toBe(
              true,
            );
          }
        },
      ),
    );
  });

  test('lines too large: the same whatever the pieces, and every other byte arrives', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.nat(40), { maxLength: 30 }),
        fc.integer({ min: 4, max: 64 }),
        fc.integer({ min: 1, max: 35 }),
        fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1, maxLength: 6 }),
        async (lengths, chunkBytes, maxRecordBytes, sizes) => {
          const lines = lengths.map((length) => 'x'.repeat(length));
          const input = lines.map((line) => `${line}\n`).join('');
          const whole = await jsonl(input, { chunkBytes, maxRecordBytes });
          expect(await jsonl(input, { chunkBytes, maxRecordBytes }, sizes)).toEqual(whole);
          const kept = lines.filter((line) => line.length <= maxRecordBytes);
          expect(whole.chunks.map(([text]) => text).join('')).toBe(kept.map((line) => `${line}\n`).join(''));
          const rejected = whole.chunks.flatMap(([, , , rejects]) => rejects.map((reject) => reject.line));
          expect(rejected).toEqual(lengths.flatMap((length, i) => (length > maxRecordBytes ? [i + 1] : [])));
          for (const [text, line, at] of whole.chunks) {
            expect(input.slice(at, at + text.length)).toBe(text);
            expect(line).toBe(input.slice(0, at).split('\n').length);
          }
        },
      ),
    );
  });
});

describe('CSV', () => {
  test.each<[string, string, string | undefined, (readonly [string, number, number])[]]>([
    ['nothing', '', undefined, []],
    ['only empty lines', '\n\r\n', undefined, []],
    ['only a header', 'id,v', 'id,v', []],
    ['a header and a row', 'id,v\r\na,1', 'id,v', [['a,1', 2, 6]]],
    ['a byte order mark', '\ufeffid\na\n', 'id', [['a\n', 2, 6]]],
    ['empty lines before the header', '\r\n\nid\na\n', 'id', [['a\n', 4, 6]]],
    ['a line break in the header', '"i\nd",v\na,1\n', '"i\nd",v', [['a,1\n', 3, 8]]],
    ['line breaks and doubled quotes in cells', 'id\n"a""\n\n"\nb\n"x\n"\n', 'id', [['"a""\n\n"\nb\n"x\n"\n', 2, 3]]],
    [
      'rows are not cut inside of quotes',
      'id\n"1234567890\n1234567890"\nb\n',
      'id',
      [
        ['"1234567890\n1234567890"\n', 2, 3],
        ['b\n', 4, 27],
      ],
    ],
  ])('%s', async (_, input, header, expected) => {
    for (const sizes of [[1 << 20], [1], [3, 7], [16]]) {
      const cut = await csv(input, {}, sizes);
      expect(cut.header).toBe(header);
      expect(plain(cut)).toEqual(expected);
      expect(cut.chunks.flatMap(([, , , rejects]) => rejects)).toEqual([]);
    }
  });

  test('a quote left open is a reject of its row and all behind it', async () => {
    for (const sizes of [[1 << 20], [1], [16]]) {
      const { chunks } = await csv('id\na\n"b\nc\n', {}, sizes);
      expect(chunks).toEqual([
        [
          'a\n',
          2,
          3,
          [
            {
              source: 'in',
              line: 3,
              byteOffset: 5,
              code: 'CSV_SYNTAX',
              expected: 'a closing quote',
              got: 'the end of the input, 5 bytes after the start of the row',
              raw: '"b\nc\n',
            },
          ],
        ],
      ]);
    }
  });

  test('a quote left open before more than a record may hold', async () => {
    const { chunks } = await csv(`id\na\n"${'b\n'.repeat(100)}`, {}, [7]);
    expect(chunks.map(([text]) => text).join('')).toBe('a\n');
    expect(chunks.flatMap(([, , , rejects]) => rejects)).toMatchObject([
      { code: 'CSV_SYNTAX', line: 3, byteOffset: 5 },
    ]);
  });

  test.each([
    ['a row too large', 'x', 'RECORD_TOO_LARGE'],
    ['a quote left open', '"bb\n', 'CSV_SYNTAX'],
  ])('%s is never held in memory', async (_, first, code) => {
    const { input, most } = endless('b', `id\n${first}`);
    const { chunks } = await csvChunks(input, { source: 'in', maxRecordBytes: 4 * 1024 * 1024 });
    const rejects = (await gather(chunks)).flatMap(([, , , each]) => each);
    expect(rejects).toMatchObject([{ code, line: 2, byteOffset: 3 }]);
    expect(most()).toBeLessThan(64 * 1024 * 1024);
  });

  test('a row too large, with line breaks in it', async () => {
    const row = `"${'b\n'.repeat(30)}"\n`;
    for (const sizes of [[1 << 20], [1], [16]]) {
      const { chunks } = await csv(`id\n${row}c\n`, {}, sizes);
      expect(chunks).toMatchObject([['c\n', 33, 66, [{ code: 'RECORD_TOO_LARGE', line: 2, got: '62 bytes' }]]]);
    }
  });

  test.each([
    ['an open quote in the header', '"id\na\n', { got: 'the end of the input' }],
    ['a header without an end', `${'x'.repeat(50)}\na\n`, { expected: 'at most 40 bytes' }],
  ])('%s', async (_, input, expected) => {
    for (const sizes of [[1 << 20], [3]]) {
      await expect(csv(input, {}, sizes)).rejects.toMatchObject({
        code: 'CSV_HEADER_INVALID',
        source: 'in',
        ...expected,
      });
    }
  });

  test('chunks follow from the bytes alone, and are the bytes', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.stringMatching(/^([a-z,]{0,8}|"([a-z\n]|"")*")$/), { maxLength: 20 }),
        fc.integer({ min: 4, max: 64 }),
        fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1, maxLength: 6 }),
        async (rows, chunkBytes, sizes) => {
          const body = rows.map((row) => `${row}\r\n`).join('');
          const options = { chunkBytes, maxRecordBytes: 10_000 };
          const whole = await csv(`id\r\n${body}`, options);
          expect(await csv(`id\r\n${body}`, options, sizes)).toEqual(whole);
          expect(whole.chunks.map(([text]) => text).join('')).toBe(body);
          for (const [text, line, at] of whole.chunks) {
            expect((text.match(/"/g) ?? []).length % 2).toBe(0);
            expect(`id\r\n${body}`.slice(0, at).split('\n').length).toBe(line);
          }
        },
      ),
    );
  });
});

describe('the input is closed', () => {
  const watched = (): { bytes: AsyncGenerator<Uint8Array>; closed: () => boolean } => {
    let closed = false;
    const bytes = async function* (): AsyncGenerator<Uint8Array> {
      try {
        for (;;) yield Buffer.from('id\n"a"\n');
      } finally {
        closed = true;
      }
    };
    return { bytes: bytes(), closed: () => closed };
  };

  test('when the caller stops after a chunk', async () => {
    for (const cut of [jsonlChunks, async (...a: Parameters<typeof csvChunks>) => (await csvChunks(...a)).chunks]) {
      const { bytes, closed } = watched();
      const chunks = await cut(bytes, OPTIONS);
      expect((await chunks.next()).done).toBe(false);
      await chunks.return();
      expect(closed()).toBe(true);
    }
  });

  test('when only the header was wanted', async () => {
    const { bytes, closed } = watched();
    const { header, chunks } = await csvChunks(bytes, OPTIONS);
    expect(header?.toString()).toBe('id');
    await chunks.return();
    expect(closed()).toBe(true);
  });
});
