import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createReader } from '../../src/readers/create-reader.js';
import { decimalOf, nearestFloat32, scaled } from './float32-oracle.js';
import { csv, jsonl } from './support.js';

/** Enough numbers for both lanes (number-lanes.ts), and a rest. */
const DIMENSION = 150;

const array = createReader(jsonl({ dimension: DIMENSION }));
const delimited = createReader(jsonl({ dimension: DIMENSION, vectorEncoding: 'delimited' }));
const cell = createReader(csv('id,values', { dimension: DIMENSION }));
const sparse = createReader(
  jsonl({ kind: 'sparse', dimension: 0, values: undefined, sparse: ['sparse'], metadata: { from: 'none' } }),
);
const indices = Array.from({ length: DIMENSION }, (_, i) => i).join(',');

type Reader = typeof array;
/** The float32 bits of the only record's numbers; undefined if it was rejected. */
function bitsOf(reader: Reader, line: string): number[] | undefined {
  const bytes = new TextEncoder().encode(line);
  const batch = reader.read({ source: 'in', bytes, firstLine: 1, byteOffset: 0, rejects: [] });
  if (batch.rows === 0) return undefined;
  const values = batch.sparse?.values ?? batch.values!;
  return [...new Uint32Array(values.buffer, values.byteOffset, values.length)];
}

const bits = (value: number): number => new Uint32Array(Float32Array.of(value).buffer)[0]!;
const expected = (texts: readonly string[]): number[] => texts.map((text) => bits(nearestFloat32(text)));
// The oracle's zero has no sign.
const withSign = (texts: readonly string[], wanted: number[]): number[] =>
  wanted.map((b, i) => (b === 0 && texts[i]!.startsWith('-') ? 0x80000000 : b));
const want = (texts: readonly string[]): number[] => withSign(texts, expected(texts));

/** As embeddings are written: what is read in pairs. Up to 8, 12 and 27 digits are read in different ways. */
const common = fc
  .tuple(
    fc.constantFrom('', '-'),
    fc.constantFrom(...'0123456789'),
    fc.string({ unit: fc.constantFrom(...'0123456789'), minLength: 1, maxLength: 16 }),
  )
  .map(([sign, first, digits]) => `${sign}${first}.${digits}`);

/** Sixteen digits of the middle between two float32 neighbours from 2^-10 on: what rounding in float64 alone gets wrong now and then. */
const nearMiddle = fc
  .integer({ min: 0x3a800000, max: 0x41100000 })
  .map((b) => decimalOf(scaled(b) + scaled(b + 1), 150).replace(/(\.\d{16})\d*/, '$1'));

/** With more digits than count as a rule, and small. */
const long = fc
  .tuple(
    fc.constantFrom(
      '0.',
      '-0.',
      '-1.',
      '0.000',
      '0.0000',
      '-0.00000',
      '0.00001525878',
      '0.0000152588',
      `0.${'0'.repeat(16)}`,
    ),
    fc.string({ unit: fc.constantFrom(...'0123456789'), minLength: 13, maxLength: 24 }),
  )
  .map(([lead, digits]) => lead + digits);

/** As one program prints them: all much alike. */
const shape = fc.constantFrom(
  fc.integer({ min: -99999, max: 99999 }).map((n) => (n / 1e5).toFixed(5)),
  fc.float({ min: -1, max: 1, noNaN: true }).map((x) => x.toFixed(8)),
  fc.float({ min: -1, max: 1, noNaN: true }).map((x) => x.toFixed(11)),
  fc.float({ min: -1, max: 1, noNaN: true }).map((x) => String(x)),
  fc.float({ min: -1, max: 1, noNaN: true }).map((x) => x.toFixed(20)),
  fc.float({ min: -1, max: 1, noNaN: true }).map((x) => x.toExponential(6)),
  fc.integer({ min: -128, max: 127 }).map(String),
  fc.constantFrom('0.0', '-0.0', '0.25'),
  fc.constantFrom('0.0', '0.012345678901234567', '0.1234567', '0.123456789012'),
);

/** Numbers that JSON allows, but that are not read in pairs. */
const LAWFUL = [
  '0',
  '-7',
  '12.5',
  '1e-5',
  '0.5e1',
  '-0',
  '0.01234567890123456789',
  `0.${'1'.repeat(40)}`,
  '100.25',
  '1E2',
];

/** One for each way in which pairs are read. */
const RIGHT = ['0.25', '-0.1234567890', '0.123456789012345678'];

describe('numbers that are read in two lanes', () => {
  it.each([',', ', '])('equal the exact oracle, with "%s" between them', (separator) => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof({ weight: 9, arbitrary: common }, { weight: 9, arbitrary: long }, nearMiddle), size()),
        (texts) => {
          expectEverywhere(texts, texts.join(separator));
        },
      ),
      { numRuns: 60 },
    );
  });

  it('equal it where some numbers are written in another way', () => {
    fc.assert(
      fc.property(
        fc
          .oneof(common, long)
          .chain((base) =>
            fc.array(
              fc.oneof({ weight: 60, arbitrary: fc.constant(base) }, common, fc.constantFrom(...LAWFUL)),
              size(),
            ),
          ),
        fc.constantFrom(',', ', '),
        (texts, separator) => {
          expectEverywhere(texts, texts.join(separator));
        },
      ),
      { numRuns: 60 },
    );
  });

  it('equal it whatever was read before, in long vectors and short ones', () => {
    const readers = [24, 25, 47, 100, 1100].map(
      (dimension) => [dimension, createReader(jsonl({ dimension }))] as const,
    );
    const vector = fc
      .tuple(fc.constantFrom(...readers), fc.constantFrom(',', ', '), shape)
      .chain(([to, separator, number]) =>
        fc.tuple(
          fc.constant(to),
          fc.constant(separator),
          fc.array(fc.oneof({ weight: 200, arbitrary: number }, common), { minLength: to[0], maxLength: to[0] }),
        ),
      );
    fc.assert(
      fc.property(fc.array(vector, { minLength: 1, maxLength: 4 }), fc.nat(40), (vectors, again) => {
        for (const [[, reader], separator, texts] of vectors) {
          const wanted = want(texts);
          const line = `{"id":"a","values":[${texts.join(separator)}]}`;
          // Each a few times: what is found out about numbers is kept.
          for (let i = 0; i <= again; i += 10) expect(bitsOf(reader, line)).toEqual(wanted);
        }
      }),
      { numRuns: 60 },
    );
  });

  it.each([',', ', '])(
    'are those of the vector, whatever the second lane has read (with "%s" between them)',
    (separator) => {
      const many = (text: string, count: number): string => Array.from({ length: count }, () => text).join(separator);
      const rows = Array.from({ length: 60 }, (_, i) => {
        // By the one before this vector would be much longer, so that the lane begins behind it.
        const values = many(i % 2 === 0 ? '0.0123456789012345678' : '0.5', DIMENSION);
        return `{"id":"${i}","values":[${values}],"metadata":{"x":"${many('0.75', i * 12)}","y":[${many('0.75', 400)}]}}`;
      });
      const bytes = new TextEncoder().encode(rows.join('\n'));
      const batch = array.read({ source: 'in', bytes, firstLine: 1, byteOffset: 0, rejects: [] });
      expect(batch.rows).toBe(60);
      const wanted = rows.flatMap((_, i) =>
        Array.from({ length: DIMENSION }, () => Math.fround(i % 2 === 0 ? Number('0.0123456789012345678') : 0.5)),
      );
      expect([...batch.values!]).toEqual(wanted);
    },
  );

  it('are those of the vector where it ends just before numbers that the second lane has read', () => {
    const values = Array.from({ length: DIMENSION }, () => '0.5').join(',');
    const more = Array.from({ length: 100 }, () => '0.75').join(',');
    for (let longer = 0; longer <= DIMENSION; longer++) {
      // By the average of this one, half of the next one's numbers take as much as all of them do, or some more.
      const before = Array.from({ length: DIMENSION }, (_, i) => (i < longer ? '0.123456' : '0.12345')).join(',');
      expect(bitsOf(array, `{"id":"a","values":[${before}]}`)).toBeDefined();
      const line = `{"id":"a","values":[${values}],"y":[${more}]}`;
      expect(bitsOf(array, line), `${longer}`).toEqual(Array.from({ length: DIMENSION }, () => bits(0.5)));
    }
  });

  it('equal it where white space comes and goes', () => {
    fc.assert(
      fc.property(
        fc.array(common, size()),
        fc.array(fc.constantFrom(',', ', ', ' ,', ',  ', ' , ', ',\t'), { minLength: 1, maxLength: 40 }),
        (texts, separators) => {
          const text = texts.map((t, i) => (i === 0 ? t : separators[i % separators.length]! + t)).join('');
          expect(bitsOf(array, `{"id":"a","values":[${text}]}`)).toEqual(want(texts));
        },
      ),
      { numRuns: 100 },
    );
  });

  it.each([
    '.5',
    '1.',
    '-.5',
    '--0.5',
    '+0.5',
    '00.5',
    '0..5',
    '0.1.2',
    '0.12a4',
    '0.1 2',
    '0,5',
    'a.5',
    '/.5',
    ':.5',
    '-',
    '',
    '0.-5',
    '"0.5"',
    'null',
    '1e39',
    '-1e400',
    '340282366920938463463374607431768211456.0',
    '0.5;',
    '0.5\u00e9',
    '[0.5]',
    '0.5],[0.5',
  ])('are refused with %j among them, wherever it stands', (wrong) => {
    for (const separator of [',', ', ']) {
      for (let at = 0; at < DIMENSION; at++) {
        for (const right of RIGHT) {
          const texts = Array.from({ length: DIMENSION }, (_, i) => (i === at ? wrong : right));
          const line = `{"id":"a","values":[${texts.join(separator)}],"metadata":{"x":0.5,"y":0.25,"z":0.125}}`;
          expect(bitsOf(array, line), `${at}`).toBeUndefined();
        }
      }
    }
  });

  it.each([';', ' ', '  ', '-', ', - ', ',,', ', ,', '. ', '|', '\u00e9'])(
    'are refused with %j between two of them, wherever it stands',
    (wrong) => {
      for (const separator of [',', ', ']) {
        for (let at = 1; at < DIMENSION; at++) {
          for (const right of RIGHT) {
            const text = Array.from(
              { length: DIMENSION },
              (_, i) => (i === 0 ? '' : i === at ? wrong : separator) + right,
            );
            expect(bitsOf(array, `{"id":"a","values":[${text.join('')}]}`), `${at}`).toBeUndefined();
          }
        }
      }
    },
  );

  it.each(['', '-'])('are refused where something follows any number of digits (with "%s" before them)', (sign) => {
    for (const right of RIGHT) {
      for (let digits = 1; digits < 40; digits++) {
        for (let at = 70; at < 90; at++) {
          const wrong = `${sign}0.${'1'.repeat(digits)}`;
          const texts = Array.from({ length: DIMENSION }, (_, i) => (i === at ? wrong : right));
          expect(bitsOf(array, `{"id":"a","values":[${texts.join(',')}]}`), `${digits}`).toEqual(want(texts));
          texts[at] += 'a';
          expect(bitsOf(array, `{"id":"a","values":[${texts.join(',')}]}`), `${digits}`).toBeUndefined();
        }
      }
    }
  });

  it('are refused in a delimited text where a bracket ends one of them', () => {
    for (let at = 0; at < DIMENSION; at++) {
      const texts = Array.from({ length: DIMENSION }, (_, i) => (i === at ? '0.25]' : '0.25'));
      expect(bitsOf(delimited, `{"id":"a","values":"${texts.join(',')}"}`), `${at}`).toBeUndefined();
    }
  });

  it.each([-3, -2, -1, 1, 2, 3, 100])('are refused where there are %i more than the dimension', (more) => {
    const text = Array.from({ length: DIMENSION + more }, () => '-0.25').join(',');
    expect(bitsOf(array, `{"id":"a","values":[${text}],"metadata":{"x":0.5,"y":-0.5}}`)).toBeUndefined();
    expect(bitsOf(delimited, `{"id":"a","values":"${text}","metadata":{"x":0.5,"y":-0.5}}`)).toBeUndefined();
    expect(bitsOf(cell, `a,"${text}"`)).toBeUndefined();
  });

  it('leave alone what was read before: points without end behind a vector', () => {
    const texts = Array.from({ length: DIMENSION }, () => '0.5');
    const good = `{"id":"a","values":[${texts.join(',')}],"metadata":{"x":"kept"}}`;
    const bytes = new TextEncoder().encode(`${good}\n{"id":"b","values":[0.5,0.5,0.5,${'.'.repeat(5000)}\n${good}\n`);
    const batch = array.read({ source: 'in', bytes, firstLine: 1, byteOffset: 0, rejects: [] });
    expect(batch.rows).toBe(2);
    expect(batch.rejects).toHaveLength(1);
    expect([...batch.values!]).toEqual(Array.from({ length: 2 * DIMENSION }, () => 0.5));
    expect(new TextDecoder().decode(batch.metadata.bytes)).toBe('{"x":"kept"}{"x":"kept"}');
  });
});

function size(): { minLength: number; maxLength: number } {
  return { minLength: DIMENSION, maxLength: DIMENSION };
}

function expectEverywhere(texts: readonly string[], text: string): void {
  const numbers = want(texts);
  expect(bitsOf(array, `{"id":"a","values":[${text}],"metadata":{"x":0.5,"y":0.25}}`)).toEqual(numbers);
  expect(bitsOf(delimited, `{"id":"a","values":"${text}"}`)).toEqual(numbers);
  expect(bitsOf(cell, `a,"[${text}]"`)).toEqual(numbers);
  expect(bitsOf(cell, `a,"${text}"`)).toEqual(numbers);
  expect(bitsOf(sparse, `{"id":"a","sparse":{"indices":[${indices}],"values":[${text}]}}`)).toEqual(numbers);
  expect(bitsOf(sparse, `{"id":"a","sparse":{"values":[${text}],"indices":[${indices}]}}`)).toEqual(numbers);
}
