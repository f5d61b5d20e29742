import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { KNOWN_GOOD, type RecordBatch } from '../../src/records/batch.js';
import { checkBatch } from '../../src/records/rules/check-batch.js';
import { jsonl, read as readText } from './support.js';
import { expectSameVerdicts } from './verdicts.js';

/** JSON of the usual form and of any other, as it may be written: white space, escapes, keys that occur twice or begin with `$`. */
const space = fc.constantFrom('', '', '', ' ', '\t', '  ');
const string = fc.oneof(
  fc.string({ maxLength: 40 }).map((text) => JSON.stringify(text)),
  fc.constantFrom('"a"', '"b"', '"\\u0061"', '"$x"', '"\\u0024x"', '"ü"', '"\\ud800"', '"a\\"b"', '""'),
);
const number = fc.constantFrom('0', '-0.5', '12', '1e5', '1e999', '3.25E-2', '123456789012345678901234567890', '7.000');
const scalar = fc.oneof(string, number, fc.constantFrom('true', 'false', 'null'));
const list = (of: fc.Arbitrary<string>): fc.Arbitrary<string> =>
  fc.tuple(fc.array(of, { maxLength: 4 }), space).map(([items, gap]) => `[${gap}${items.join(`${gap},${gap}`)}${gap}]`);
const value = fc.oneof(
  { weight: 6, arbitrary: scalar },
  { weight: 2, arbitrary: list(string) },
  { weight: 1, arbitrary: list(scalar) },
  { weight: 1, arbitrary: fc.constantFrom('{}', '{"a":1}', '[[]]') },
);
const metadata = fc
  .tuple(fc.array(fc.tuple(string, value), { maxLength: 6 }), space)
  .map(([members, gap]) => `{${gap}${members.map(([k, v]) => `${k}${gap}:${gap}${v}`).join(`,${gap}`)}${gap}}`);

const read = (texts: readonly string[]): RecordBatch =>
  readText(jsonl(), texts.map((text, i) => `{"id":"r${i}","values":[${i + 1},1],"metadata":${text}}`).join('\n'));

describe('metadata that the kernel knows to be good', () => {
  it('is never what the rules reject', () => {
    let known = 0;
    fc.assert(
      fc.property(fc.array(metadata, { minLength: 1, maxLength: 8 }), (texts) => {
        const quick = read(texts);
        for (const flags of quick.knownGood!) known += flags & KNOWN_GOOD.metadata ? 1 : 0;
        expectSameVerdicts(quick, read(texts));
      }),
      { numRuns: 2_000, seed: 31 },
    );
    expect(known).toBeGreaterThan(500);
  });

  it.each([
    ['{"a":"b","n":-1.5,"t":true,"f":false,"l":["x","y"],"e":[]}', true],
    ['{ "a" : 1 , "b" : [ "x" , "y" ] }', true],
    ['{}', true],
    ['{"title":"größer 𝒳"}', true],
    [`{${Array.from({ length: 32 }, (_, i) => `"k${i}":${i}`).join(',')}}`, true],
    // Left to the rules, which take some of them:
    [`{${Array.from({ length: 33 }, (_, i) => `"k${i}":${i}`).join(',')}}`, false],
    ['{"a":"\\n"}', false],
    ['{"a":1e3}', false],
    ['{"a":1,"a":2}', false],
    ['{"$a":1}', false],
    ['{"a":null}', false],
    ['{"a":{}}', false],
    ['{"a":[1]}', false],
  ])('%s: %s', (text, plain) => {
    expect((read([text]).knownGood![0]! & KNOWN_GOOD.metadata) !== 0).toBe(plain);
  });

  it('is still measured', () => {
    const large = read([`{"a":"${'x'.repeat(50_000)}"}`]);
    expect(large.knownGood![0]! & KNOWN_GOOD.metadata).not.toBe(0);
    checkBatch(large);
    expect(large.rejects).toMatchObject([{ code: 'METADATA_TOO_LARGE' }]);
  });
});
