import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createReader } from '../../src/readers/create-reader.js';
import { decimalOf, nearestFloat32, scaled } from './float32-oracle.js';
import { csv, jsonl } from './support.js';

const array = createReader(jsonl({ dimension: 1 }));
const pair = createReader(jsonl({ dimension: 2 }));
const delimited = createReader(jsonl({ dimension: 1, vectorEncoding: 'delimited' }));
const cell = createReader(csv('id,v', { dimension: 1, values: { columns: ['v'] } }));
const cellOfTwo = createReader(csv('id,values'));

type Reader = typeof array;
/** The number, its infinity if it overflows, undefined if it is refused for another reason. */
function numberOf(reader: Reader, line: string): number | undefined {
  const bytes = new TextEncoder().encode(line);
  const { rows, values, rejects } = reader.read({ source: 'in', bytes, firstLine: 1, byteOffset: 0, rejects: [] });
  if (rows === 1) return values![0]!;
  return rejects[0]!.code === 'VALUES_NOT_FINITE' ? Infinity : undefined;
}

/** The same text through each way that a float can go: alone in an array, last and not last; in a text, in a cell, among others in a cell. */
function allWays(text: string): (number | undefined)[] {
  return [
    numberOf(array, `{"id":"a","values":[${text}]}`),
    numberOf(pair, `{"id":"a","values":[${text},1]}`),
    numberOf(pair, `{"id":"a","values":[ ${text}, 1]}`),
    numberOf(delimited, `{"id":"a","values":"${text}"}`),
    numberOf(cell, `a,${text}`),
    numberOf(cellOfTwo, `a,"[${text},1]"`),
    numberOf(cellOfTwo, `a,${text} 1`),
  ];
}

function expectNearest(text: string): void {
  const want = nearestFloat32(text);
  // What overflows is rejected, whichever its sign.
  const taken = Number.isFinite(want) ? want : Infinity;
  for (const number of allWays(text)) expect(number, text).toBe(taken);
}

const digits = (min: number, max: number): fc.Arbitrary<string> =>
  fc.string({ unit: fc.constantFrom(...'0123456789'), minLength: min, maxLength: max });
const sign = fc.constantFrom('', '-');
const whole = fc.oneof(
  fc.constant('0'),
  fc.tuple(fc.constantFrom(...'123456789'), digits(0, 24)).map(([first, rest]) => first + rest),
);
const exponent = fc.oneof(
  fc.constant(''),
  fc
    .tuple(fc.constantFrom('e', 'E'), fc.constantFrom('', '+', '-'), fc.integer({ min: 0, max: 60 }))
    .map((p) => p.join('')),
);

describe('float32 from decimal text', () => {
  it.each([
    ['0', 0],
    ['-0', -0],
    ['-0.0', -0],
    ['0e5', 0],
    ['1', 1],
    ['0.1', Math.fround(0.1)],
    ['3.4028234663852886e38', 3.4028234663852886e38],
    // Half of the last step above the greatest float32: exactly there it rounds to infinity, just below it does not.
    ['340282356779733661637539395458142568447', 3.4028234663852886e38],
    ['340282356779733661637539395458142568448', Infinity],
    ['1e39', Infinity],
    ['-1e400', -Infinity],
    ['1e1000000000', Infinity],
    ['1e-1000000000', 0],
    ['-1e-1000000000', -0],
    [`0.${'0'.repeat(800)}1e801`, 1],
    [`1${'0'.repeat(800)}e-800`, 1],
    ['1e99999999999999999999', Infinity],
    ['1e-99999999999999999999', 0],
    ['-1e-99999999999999999999', -0],
    ['0e99999999999999999999', 0],
    // Half of the smallest subnormal: a tie to even, which is zero, and a hair above.
    [
      '7.00649232162408535461864791644958065640130970938257885878534141944895541342930300743319094181060791015625e-46',
      0,
    ],
    [
      '7.00649232162408535461864791644958065640130970938257885878534141944895541342930300743319094181060791015626e-46',
      2 ** -149,
    ],
    ['1.401298464324817e-45', 2 ** -149],
    ['16777217', 16777216],
    ['16777217.0000000000000000000000000000001', 16777218],
    ['16777219', 16777220],
    // Twice rounded it goes wrong: its float64 is the midpoint between 1 and the next float32.
    ['1.00000005960464477540', 1.0000001192092896],
    ['1.00000005960464477539', 1],
  ])('%s', (text, want) => {
    expect(nearestFloat32(text.replace(/e[+-]?\d{5,}$/, (e) => (e[1] === '-' ? 'e-400' : 'e400')))).toBe(want);
    const taken = Number.isFinite(want) ? want : Infinity;
    for (const number of allWays(text)) expect(number).toBe(taken);
  });

  it('shows that rounding twice is wrong where this is right', () => {
    const text = '1.00000005960464477540';
    expect(Math.fround(Number(text))).not.toBe(nearestFloat32(text));
  });

  it('equals the exact oracle for random decimals', () => {
    fc.assert(
      fc.property(sign, whole, fc.option(digits(1, 40), { nil: undefined }), exponent, (s, w, fraction, e) => {
        expectNearest(s + w + (fraction === undefined ? '' : `.${fraction}`) + e);
      }),
      { numRuns: 3000 },
    );
  });

  it('equals the exact oracle for float64 texts, as programs print them', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true, min: -3e38, max: 3e38 }), (value) => {
        expectNearest(JSON.stringify(value));
        expectNearest(JSON.stringify(Math.fround(value)));
      }),
      { numRuns: 1500 },
    );
  });

  it('equals the exact oracle at the midpoints of neighbours, and a little beside them', () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.integer({ min: 0, max: 0x7f7fffff }), fc.integer({ min: 0, max: 0x01000000 })),
        fc.constantFrom(-1n, 0n, 1n),
        fc.integer({ min: 1, max: 40 }),
        (bits, beside, places) => {
          const middle = scaled(bits) + scaled(bits + 1);
          // middle / 2^150, `places` decimal digits beyond its own ones moved by one unit.
          const text = decimalOf(middle, 150) + '0'.repeat(places);
          const moved = BigInt(text.replace('.', '')) + beside;
          const point = text.length - text.indexOf('.') - 1;
          const padded = moved.toString().padStart(point + 1, '0');
          expectNearest(`${padded.slice(0, -point)}.${padded.slice(-point)}`);
          // The same cut to fewer digits: near the midpoint at any precision.
          const significant = padded.replace(/^0+/, '');
          for (const keep of [8, 15, 17, 18, 19, 20, 30]) {
            const power = significant.length - keep - point;
            if (power < 0 || significant.length > keep) expectNearest(`${significant.slice(0, keep)}e${power}`);
          }
        },
      ),
      { numRuns: 400 },
    );
  });

  it('equals the exact oracle for subnormals and for very many digits', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 9 }),
        digits(0, 30),
        fc.integer({ min: 36, max: 48 }),
        (first, rest, power) => {
          expectNearest(`${first}.${rest}1e-${power}`);
        },
      ),
      { numRuns: 800 },
    );
    fc.assert(
      fc.property(digits(100, 1200), fc.integer({ min: -1300, max: 40 }), (fraction, power) => {
        expectNearest(`0.${fraction}e${power}`);
        expectNearest(`1${fraction}e${power - fraction.length}`);
      }),
      { numRuns: 150 },
    );
  });

  it.each(['01', '-', '+1', '.5', '1.', '1.e5', '1e', '1e+', '00', '-01', '0x10', '1_000', ''])(
    'does not take %j in an array',
    (text) => {
      expect(allWays(text).slice(0, 3)).toEqual([undefined, undefined, undefined]);
    },
  );

  it('takes white space wherever it may stand, and as many numbers as asked for', () => {
    const scan = (text: string): number[] | undefined => {
      const bytes = new TextEncoder().encode(`{"id":"a","values":${text}}`);
      const { rows, values } = pair.read({ source: 'in', bytes, firstLine: 1, byteOffset: 0, rejects: [] });
      return rows === 1 ? [...values!] : undefined;
    };
    expect(scan('[1,2]')).toEqual([1, 2]);
    expect(scan('[ 3 ,\t4\r ]')).toEqual([3, 4]);
    for (const wrong of [
      '[1]',
      '[1,2,3]',
      '[1,2,]',
      '[1,,2]',
      '[1 2]',
      '[]',
      '[1,2',
      '[1,null]',
      '[1,"2"]',
      '[[1,2]]',
    ]) {
      expect(scan(wrong), wrong).toBeUndefined();
    }
  });

  it('takes the looser spellings of cells', () => {
    for (const [text, want] of [
      ['+1.5', 1.5],
      ['.5', 0.5],
      ['1.', 1],
      ['-.25e1', -2.5],
      ['007', 7],
      ['1.e2', 100],
    ] as const) {
      expect(allWays(text).slice(3)).toEqual([want, want, want, want]);
    }
  });
});
