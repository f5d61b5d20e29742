import { writeFile } from 'node:fs/promises';
import fc from 'fast-check';
import { expect, it, vi } from 'vitest';
import { cutInput } from '../../src/pipeline/cut-input.js';
import { BLOCK_BYTES, FileBlocks } from '../../src/pipeline/file-blocks.js';
import { openChunks } from '../../src/pipeline/open-chunks.js';
import type { FileBlock } from '../../src/readers/reader.js';
import type { ByteRange } from '../../src/sources/line-range.js';
import { listSources } from '../../src/sources/list-sources.js';
import type { Source } from '../../src/sources/source.js';
import { useTempDir } from '../support/temp-dir.js';
import { noStore } from './rows-support.js';

const temp = useTempDir();

async function sourceOf(name: string, text: string): Promise<Source> {
  await writeFile(temp(name), text);
  return (await listSources([temp(name)], noStore))[0]!;
}

interface Read {
  /** Offset and text of every line that came through, as far as offsets can be told from chunks. */
  readonly text: string;
  readonly rejects: readonly { readonly byteOffset: number; readonly line: number; readonly got: string }[];
  readonly lineFeeds: number;
}

async function read(source: Source, range: ByteRange | undefined, maxRecordBytes: number): Promise<Read> {
  const opened = await openChunks(source, { range, maxRecordBytes, delimiter: undefined, header: Buffer.from('id') });
  const parts: Buffer[] = [];
  const rejects: { byteOffset: number; line: number; got: string }[] = [];
  const whole = Buffer.from(await bytesOf(source));
  for await (const chunk of opened.chunks) {
    parts.push(Buffer.from(chunk.bytes));
    // What a chunk says of its place must be so.
    expect(whole.subarray(chunk.byteOffset, chunk.byteOffset + chunk.bytes.length).equals(chunk.bytes)).toBe(true);
    for (const { byteOffset, line, got } of chunk.rejects) rejects.push({ byteOffset, line, got });
  }
  return { text: Buffer.concat(parts).toString(), rejects, lineFeeds: opened.lineFeeds() ?? 0 };
}

async function bytesOf(source: Source): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  for await (const part of source.open()) parts.push(part);
  return Buffer.concat(parts);
}

it('ranges end to end are the whole file, wherever they are cut: lines, rejects, offsets, counts', async () => {
  const line = fc.oneof(
    fc.string({ maxLength: 12, unit: fc.constantFrom('a', 'é', '\r', ' ', '"', '{') }),
    fc.integer({ min: 30, max: 90 }).map((length) => 'x'.repeat(length)),
  );
  await fc.assert(
    fc.asyncProperty(
      fc.boolean(),
      fc.array(line, { maxLength: 12 }),
      fc.boolean(),
      fc.array(fc.nat(600), { maxLength: 6 }),
      async (bom, lines, feedAtEnd, places) => {
        const source = await sourceOf('p.jsonl', (bom ? '\ufeff' : '') + lines.join('\n') + (feedAtEnd ? '\n' : ''));
        const bytes = source.bytes!;
        const cuts = [...new Set([0, ...places.filter((place) => place < bytes), bytes])].sort((a, b) => a - b);
        const whole = await read(source, undefined, 40);
        let text = '';
        let feeds = 0;
        const rejects: Read['rejects'][number][] = [];
        for (let i = 0; i + 1 < cuts.length; i++) {
          const part = await read(source, [cuts[i]!, cuts[i + 1]!], 40);
          text += part.text;
          rejects.push(...part.rejects.map((reject) => ({ ...reject, line: reject.line + feeds })));
          feeds += part.lineFeeds;
        }
        expect(text).toBe(whole.text);
        expect(rejects).toEqual(whole.rejects);
        expect(feeds).toBe((await bytesOf(source)).filter((byte) => byte === 0x0a).length);
      },
    ),
    { seed: 7, numRuns: 60 },
  );
});

it.each([
  ['ends before a line feed', [0, 3], 'aaa\n'],
  ['ends behind it', [0, 4], 'aaa\n'],
  ['begins at a line', [4, 8], 'bbb\n'],
  ['begins in a line that it does not own', [5, 9], 'ccc'],
  ['lies within a line', [5, 7], ''],
  ['is the last byte', [10, 11], ''],
] as const)('a range that %s', async (_, range, expected) => {
  expect((await read(await sourceOf('t.jsonl', 'aaa\nbbb\nccc'), range, 1000)).text).toBe(expected);
});

it('a record of several ranges is one record, or one reject at its place', async () => {
  const source = await sourceOf('long.jsonl', `a\n${'x'.repeat(50)}\nb\n`);
  const ranges: ByteRange[] = [0, 10, 20, 30, 40, 50].map((start) => [start, Math.min(start + 10, source.bytes!)]);
  const taken = await Promise.all(ranges.map((range) => read(source, range, 100)));
  expect(taken.map(({ text }) => text)).toEqual([`a\n${'x'.repeat(50)}\n`, '', '', '', '', 'b\n']);
  const refused = [];
  for (const range of ranges) refused.push(...(await read(source, range, 20)).rejects);
  expect(refused).toEqual([{ byteOffset: 2, line: 2, got: '50 bytes' }]);
});

it('looks for the first record of a range that begins in a line too large without holding that line', async () => {
  const maxRecordBytes = BLOCK_BYTES;
  const line = '{"id":"a"}\n';
  const source = await sourceOf('huge.jsonl', `${line}${'x'.repeat(12 * BLOCK_BYTES)}\n${line.repeat(3)}`);
  const blocks = FileBlocks.of(source, { range: [4 * BLOCK_BYTES, source.bytes!], maxRecordBytes })!;
  const [first] = await firstOf(blocks);
  const alloc = vi.spyOn(Buffer, 'alloc');
  expect(Buffer.from(blocks.sampleOf(first!).bytes).toString()).toBe(line.repeat(3));
  expect(Math.max(...alloc.mock.calls.map(([size]) => size))).toBeLessThanOrEqual(2 * maxRecordBytes);
  alloc.mockRestore();
  await blocks.close();
});

async function firstOf(blocks: FileBlocks): Promise<FileBlock[]> {
  for await (const block of blocks.blocks()) return [block];
  return [];
}

it('CSV is cut at row starts when it is scanned, and only then, or when no field holds a line break', async () => {
  const row = (i: number): string => `r${i},"first\nsecond ""${i}""\n",${i}\n`;
  const text = `id,text,n\n${Array.from({ length: 200 }, (_, i) => row(i)).join('')}`;
  const source = await sourceOf('q.csv', text);
  const options = { maxRecordBytes: 1000 };
  expect(await cutInput(source, 500, options)).toBeUndefined();
  const cut = await cutInput(source, 500, { ...options, scan: true });
  expect(cut?.header).toBe('id,text,n');
  expect(cut!.starts.length).toBeGreaterThan(5);
  for (const start of cut!.starts.slice(1)) expect(text.slice(start)).toMatch(/^r\d+,"first\n/);
  let rows = '';
  for (const [i, start] of cut!.starts.entries()) {
    rows += (await read(source, [start, cut!.starts[i + 1] ?? source.bytes!], 1000)).text;
  }
  expect(rows).toBe(text.slice(text.indexOf('\n') + 1));
  // A promise that is not kept is found out.
  const { chunks } = await openChunks(source, { ...options, range: [0, 500], delimiter: ',', csvNoMultiline: true });
  await expect(chunks.next()).rejects.toMatchObject({ code: 'RECORD_REJECTED', line: 2 });
});
