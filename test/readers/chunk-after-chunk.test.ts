import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createReader } from '../../src/readers/create-reader.js';
import type { ChunkReader, ReaderConfig } from '../../src/readers/reader.js';
import type { Reject } from '../../src/records/reject.js';
import { csv, jsonl, rowsOf, type Row } from './support.js';

// A reader makes room for as many records as the chunk before had, and looks at UTF-8 only when a chunk has more than ASCII: neither may show.

const METADATA = { from: 'object', field: ['metadata'] } as const;
const FORMATS: readonly (readonly [string, ReaderConfig, (id: string, text: string) => string])[] = [
  [
    'JSONL',
    jsonl({ namespace: [['ns']] }),
    (id, text) => `{"id":"${id}","values":[1,2.5],"metadata":{"t":"${text}"},"ns":"n${id.length}"}`,
  ],
  [
    'CSV',
    csv('id,values,metadata', { values: { field: ['values'] }, metadata: METADATA, id: ['id'] }),
    (id, text) => `${id},"1,2.5","{""t"":""${text}""}"`,
  ],
];

interface Seen {
  readonly rows: readonly Row[];
  readonly rejects: readonly Reject[];
  readonly lines: number;
}

function see(reader: ChunkReader, bytes: Uint8Array): Seen {
  const { batch, lines } = reader.view({ source: 'in', bytes, firstLine: 1, byteOffset: 0, rejects: [] });
  return { rows: rowsOf(batch), rejects: batch.rejects, lines };
}

/** Of bytes that stand for themselves, one a character. */
const raw = (text: string): Uint8Array => Buffer.from(text, 'latin1');
const utf8 = (text: string): string => Buffer.from(text).toString('latin1');

const record = fc.oneof(
  { weight: 8, arbitrary: fc.tuple(fc.constantFrom('a', 'bb', utf8('é')), fc.constantFrom('', 'x', utf8('日本'))) },
  { weight: 1, arbitrary: fc.tuple(fc.constant('a'), fc.constantFrom('\xff', '\xed\xa0\x80', '\xc3', 'q\\"\x01')) },
);
/** Some records, or very many, and lines that are none. */
const chunk = fc.tuple(
  fc.array(record, { maxLength: 6 }),
  fc.constantFrom('', '\n', '\n\n\n', 'x\n'),
  fc.constantFrom(1, 1, 1, 40, 300),
  fc.boolean(),
);

describe.each(FORMATS)('chunks of %s, one after the other', (_, config, write) => {
  const text = ([records, between, times, feed]: typeof chunk extends fc.Arbitrary<infer T> ? T : never): string => {
    const lines = records.map(([id, value]) => write(id, value)).join('\n');
    return (lines + (lines === '' ? '' : '\n') + between).repeat(times) + (feed ? '' : write('end', ''));
  };

  it('are read as each by itself would be', () => {
    fc.assert(
      fc.property(fc.array(chunk, { minLength: 2, maxLength: 6 }), (chunks) => {
        const reader = createReader(config);
        for (const each of chunks) {
          const bytes = raw(text(each));
          expect(see(reader, bytes)).toEqual(see(createReader(config), bytes));
        }
      }),
      { numRuns: 150, seed: 5, endOnFailure: true },
    );
  });

  it('have those records that are UTF-8, whatever stands around them', () => {
    const piece = fc.constantFrom(
      'a',
      utf8('é'),
      utf8('日'),
      utf8('😀'),
      '\xff',
      '\xc3',
      '\xe2\x82',
      '\xed\xa0\x80',
      '\xf0\x9f\x98',
      '\x80',
    );
    const texts = fc.array(
      fc.oneof({ weight: 3, arbitrary: fc.constant('plain') }, fc.array(piece, { maxLength: 6 })),
      {
        minLength: 1,
        maxLength: 12,
      },
    );
    const isUtf8 = (text: string): boolean => Buffer.from(raw(text)).toString().includes('\ufffd') === false;
    const seen = { good: 0, bad: 0 };
    fc.assert(
      fc.property(texts, fc.constantFrom(1, 60), (all, times) => {
        const values = Array.from({ length: times }, () => all)
          .flat()
          .map((each) => [...each].join(''));
        const { rows, rejects } = see(
          createReader(config),
          raw(values.map((value, i) => write(`r${i}`, value)).join('\n')),
        );
        const good = [...values.keys()].filter((i) => isUtf8(values[i]!));
        expect(rows.map(({ id }) => id)).toEqual(good.map((i) => `r${i}`));
        expect(rejects.map(({ line, code }) => [line, code])).toEqual(
          [...values.keys()].filter((i) => !isUtf8(values[i]!)).map((i) => [i + 1, 'UTF8_INVALID']),
        );
        seen.good += rows.length;
        seen.bad += rejects.length;
      }),
      { numRuns: 300, seed: 9, endOnFailure: true },
    );
    expect(Math.min(seen.good, seen.bad)).toBeGreaterThan(1_000);
  });

  it('may have many more records than those before', () => {
    const reader = createReader(config);
    const long = write('a', 'x'.repeat(200_000));
    expect(see(reader, raw(long)).rows).toHaveLength(1);
    const short = Array.from({ length: 5_000 }, (_each, i) => write(`r${i}`, utf8('ü')));
    const { rows, rejects, lines } = see(reader, raw(`${short.join('\n')}\n`));
    expect(rejects).toEqual([]);
    expect(lines).toBe(5_000);
    expect(rows.map(({ id }) => id)).toEqual(short.map((_each, i) => `r${i}`));
    expect(new Set(rows.map(({ metadata }) => metadata))).toEqual(new Set(['{"t":"ü"}']));
  });

  it('that no record is in may follow', () => {
    const reader = createReader(config);
    expect(see(reader, raw(write('a', ''))).rows).toHaveLength(1);
    const nothing = '\n'.repeat(30_000);
    expect(see(reader, raw(nothing))).toEqual({ rows: [], rejects: [], lines: 30_000 });
    const wrong = 'x\n'.repeat(30_000);
    expect(see(reader, raw(wrong)).rejects).toHaveLength(30_000);
    expect(see(reader, raw('\n')).lines).toBe(1);
  });

  it('may be line feeds alone, and of any size after them', () => {
    const reader = createReader(config);
    const most = raw('\n'.repeat(4 * 1024 * 1024));
    for (let i = 0; i < 2; i++) expect(see(reader, most).lines).toBe(most.length);
    const large = raw(write('a', 'x'.repeat(40 * 1024 * 1024)));
    expect(see(reader, large).rows.map(({ id }) => id)).toEqual(['a']);
  });
});
