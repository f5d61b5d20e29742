import { writeFile } from 'node:fs/promises';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cutInput } from '../../src/pipeline/cut-input.js';
import { openChunks } from '../../src/pipeline/open-chunks.js';
import { readBatches } from '../../src/pipeline/read-batches.js';
import { MAX_WRONG_GUESSES } from '../../src/pipeline/read-rows.js';
import { countLineFeeds } from '../../src/sources/line-range.js';
import { listSources } from '../../src/sources/list-sources.js';
import type { Source } from '../../src/sources/source.js';
import { csv, rowsOf } from '../readers/support.js';
import { useTempDir } from '../support/temp-dir.js';
import { bothWays, poolOf, type Cut } from './rows-support.js';

const temp = useTempDir();
const HEADER = 'id,text,values';
const config = csv(HEADER, {
  metadata: { from: 'fields', fields: [{ path: ['text'], name: 'text', type: 'string' }] },
});
const both = (text: Buffer, cut: Cut): ReturnType<typeof bothWays> => bothWays(temp('in.csv'), text, config, cut);

const quoted = (text: string): string => `"${text.replaceAll('"', '""')}"`;
const row = (id: string, text: string): string => `${id},${quoted(text)},"[1, 2.5]"\n`;

describe('rows that are found block by block', () => {
  const inner = fc
    .array(fc.constantFrom('\n', '\r\n', ',', '"', 'é', '中', 'word', '\nx,y,3 4\nz,y,5 6\n', '\n"x","y","7 8"\n'), {
      maxLength: 12,
    })
    .map((parts) => parts.join(''));
  const line = fc.oneof(
    { weight: 8, arbitrary: fc.tuple(fc.stringMatching(/^[a-z]{1,9}$/), inner).map(([id, text]) => row(id, text)) },
    { weight: 3, arbitrary: fc.stringMatching(/^[a-z]{1,6},[a-zé ]{0,40},1 2$/).map((text) => `${text}\n`) },
    fc.constantFrom('\n', '\r\n', 'a"b,c,1 2\n', '"a"b,c,1 2\n', 'few,cells\n', 'a,b,1 2,more\n', 'a,"x",none\n'),
    fc.constantFrom('"\n', 'x,"open\n', `${'long'.repeat(70)},b,1 2\n`, row('long', 'many lines\n'.repeat(40))),
  );
  const text = fc
    .record({
      bom: fc.boolean(),
      rows: fc.array(line, { maxLength: 30 }),
      last: fc.constantFrom('', 'end,b,1 2', 'end,"open', 'end,"b","1 2"', '"'),
    })
    .map(({ bom, rows, last }) => Buffer.from(`${bom ? '\ufeff' : ''}${HEADER}\n${rows.join('')}${last}`));

  it('are those that whoever has seen all quotes finds, wherever blocks are cut', async () => {
    const sizes = fc.record({
      chunkBytes: fc.integer({ min: 10, max: 200 }),
      blockBytes: fc.integer({ min: 4, max: 300 }),
      more: fc.constantFrom(20, 100, 100_000),
    });
    let cuts = 0;
    let again = 0;
    await fc.assert(
      fc.asyncProperty(text, sizes, async (bytes, { chunkBytes, blockBytes, more }) => {
        const result = await both(bytes, { chunkBytes, blockBytes, maxRecordBytes: blockBytes + more });
        expect(result.found).toStrictEqual(result.cut);
        cuts += result.asked.filter(({ cut }) => cut === 'rows-near').length;
        again += result.asked.filter(({ cut }) => cut === 'rows-from').length;
      }),
      { numRuns: 400, seed: 11 },
    );
    expect(cuts).toBeGreaterThan(500);
    expect(again).toBeGreaterThan(100);
  });

  it('belong together in every cut of one text', async () => {
    const bytes = Buffer.from(
      `${HEADER}\r\n${row('a', 'é\nb,c,1 2\n')}\n${row('b', 'x'.repeat(60))}bad"r"ow,b,1 2\nc,,1 2\n${row('d', '"')}e,中,9 8`,
    );
    for (let blockBytes = 1; blockBytes <= 120; blockBytes++) {
      const { found, cut } = await both(bytes, { chunkBytes: 30, blockBytes, maxRecordBytes: 1000 });
      expect(cut.rows.map(({ id, line }) => [id, line])).toStrictEqual([
        ['a', 2],
        ['b', 6],
        ['c', 8],
        ['d', 9],
        ['e', 10],
      ]);
      expect(cut.rejects).toMatchObject([{ code: 'CSV_SYNTAX', line: 7 }]);
      expect(found, `${blockBytes}`).toStrictEqual(cut);
    }
  });

  it('are read once where nothing looks like a row that is none, and to the end of the file', async () => {
    const bytes = Buffer.from(`${HEADER}\n${Array.from({ length: 200 }, (_, i) => row(`id${i}`, 'a\nb')).join('')}`);
    const { found, cut, asked, readTo } = await both(bytes, {
      chunkBytes: 50,
      blockBytes: 100,
      maxRecordBytes: 1000,
    });
    expect(found).toStrictEqual(cut);
    expect(found.rows).toHaveLength(200);
    // The first block is that of the chunk in which the mapping is found, the second one begins at its end.
    expect(asked.map(({ cut }) => cut).slice(0, 3)).toStrictEqual(['rows', 'rows-from', 'rows-near']);
    expect(asked.filter(({ cut }) => cut === 'rows-from')).toHaveLength(1);
    expect(readTo).toBe(bytes.length);
  });

  it('are looked for by the chunker when most places were wrong', async () => {
    const rows = Array.from({ length: 300 }, (_, i) => row(`id${i}`, '\nx,y,1 2'.repeat(30)));
    const bytes = Buffer.from(`${HEADER}\n${rows.join('')}`);
    const { found, cut, asked } = await both(bytes, { chunkBytes: 50, blockBytes: 300, maxRecordBytes: 1000 });
    expect(found).toStrictEqual(cut);
    expect(found.rows).toHaveLength(300);
    const guesses = asked.filter(({ cut }) => cut === 'rows-near').length;
    expect(guesses).toBeGreaterThan(MAX_WRONG_GUESSES);
    expect(guesses).toBeLessThan(60);
  });

  it('may be longer than what is read behind a block at first', async () => {
    const long = (id: string): string => `${id},,"[1,${' '.repeat(150_000)}2]"\n`;
    const bytes = Buffer.from(`${HEADER}\n${['a', 'b', 'c', 'd', 'e'].map(long).join('')}${row('f', 'short')}`);
    for (const maxRecordBytes of [150_100, 149_000]) {
      const { found, cut } = await both(bytes, { chunkBytes: 1000, blockBytes: 70_000, maxRecordBytes });
      expect(found).toStrictEqual(cut);
      expect(found.rejects.map(({ code }) => code)).toStrictEqual(
        maxRecordBytes === 149_000 ? Array.from({ length: 5 }, () => 'RECORD_TOO_LARGE') : [],
      );
      expect(found.rows.at(-1)).toMatchObject({ id: 'f', line: 7 });
    }
  });

  it('of ranges are together those of the file, with their lines, and every byte is told once', async () => {
    // Cells with rows in them, and one that is larger than a block, so that the chunker goes on.
    const rows = Array.from({ length: 60_000 }, (_, i) =>
      row(`id${i}`, i % 50 === 0 ? '\nx,y,1 2'.repeat(60) : `a\nb${'é'.repeat(150)}`),
    );
    for (const huge of [false, true]) {
      if (huge) rows[40_000] = row('huge', '\nx,y,1 2'.repeat(2_200_000));
      const bytes = Buffer.from(`${HEADER}\n${rows.join('')}`);
      await writeFile(temp('ranges.csv'), bytes);
      const [source] = (await listSources([temp('ranges.csv')], { openStore: () => Promise.reject(new Error()) })) as [
        Source,
      ];
      const options = { maxRecordBytes: 5_000_000, delimiter: ',', scan: true };
      const { starts, header } = (await cutInput(source, Math.ceil(bytes.length / 3), options))!;
      expect(starts).toHaveLength(3);
      const ids: string[] = [];
      const places: number[] = [];
      let lines = 0;
      let told = 0;
      for (const [i, start] of starts.entries()) {
        const opened = await openChunks(source, {
          ...options,
          range: [start, starts[i + 1] ?? bytes.length],
          header: Buffer.from(header!),
          onRead: (read) => (told += read),
        });
        for await (const batch of readBatches(opened, { pool: poolOf(4), configOf: () => config })) {
          ids.push(...rowsOf(batch).map(({ id }) => id));
          for (const { line, byteOffset } of rowsOf(batch)) {
            places.push(byteOffset);
            if (byteOffset % 997 === 0) expect(linesBefore(bytes, byteOffset)).toBe(lines + line - 1);
          }
          for (const { code, line, byteOffset } of batch.rejects) {
            expect([code, linesBefore(bytes, byteOffset)]).toStrictEqual(['RECORD_TOO_LARGE', lines + line - 1]);
          }
        }
        lines += opened.lineFeeds()!;
        expect(linesBefore(bytes, starts[i + 1] ?? bytes.length)).toBe(lines);
      }
      expect(ids).toStrictEqual(rows.flatMap((_, i) => (huge && i === 40_000 ? [] : [`id${i}`])));
      expect(new Set(places).size).toBe(ids.length);
      expect(told).toBe(bytes.length);
    }
  });
});

const linesBefore = (bytes: Buffer, offset: number): number => countLineFeeds(bytes.subarray(0, offset));
