import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { MetadataWalker } from '../../src/records/rules/metadata.js';

const walker = new MetadataWalker(1_000);
/** With bytes around it that must not be looked at. */
const check = (text: string) => {
  const bytes = Buffer.from(`"}]${text}"}]0`);
  return walker.check(bytes, 3, bytes.length - 4);
};

describe('taken', () => {
  test.each([
    '{}',
    ' \t\r\n{ \n} ',
    '{"a":"b","c":1,"d":true,"e":false,"f":["x","y"],"g":[]}',
    '{ "a" : [ "x" , "y" ] , "b" : -0.5e+10 }',
    '{"a":0,"b":-0,"c":1e308,"d":123456789012345678901234567890}',
    `{"a":0.${'1'.repeat(400)}}`,
    '{"\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9":"\\ud83d\\ude00"}',
    '{"":"empty key","é😀":"é😀","__proto__":"x"}',
    '{"a$":1,"\\u0061":2}',
    '{"a":1,"aa":1,"A":1,"":1,"\\u0061a\\u0061":1}',
    `{${Array.from({ length: 60 }, (_, i) => `"k${i}":${i}`).join(',')}}`,
  ])('%s', (text) => {
    expect(check(text)).toBeUndefined();
  });
});

describe('refused', () => {
  test.each<[string, string, string | undefined, string]>([
    ['{"a":null}', 'METADATA_VALUE', 'a', 'null'],
    ['{"x":1,"a":{"b":1}}', 'METADATA_VALUE', 'a', 'an object'],
    ['{"a":["x",1]}', 'METADATA_VALUE', 'a', 'a list with a number in it'],
    ['{"a":[null]}', 'METADATA_VALUE', 'a', 'a list with null in it'],
    ['{"a":[true]}', 'METADATA_VALUE', 'a', 'a list with true in it'],
    ['{"a":[["x"]]}', 'METADATA_VALUE', 'a', 'a list with a list in it'],
    ['{"a":[{}]}', 'METADATA_VALUE', 'a', 'a list with an object in it'],
    ['{"\\u0061":null}', 'METADATA_VALUE', 'a', 'null'],
    ['{"a":1e309}', 'METADATA_VALUE', 'a', 'a number too large for a float64'],
    [`{"a":-${'9'.repeat(310)}}`, 'METADATA_VALUE', 'a', 'a number too large for a float64'],
    ['{"a":"\\ud83d"}', 'METADATA_VALUE', 'a', 'half of a surrogate pair'],
    ['{"a":"\\ude00\\ud83d"}', 'METADATA_VALUE', 'a', 'half of a surrogate pair'],
    ['{"a":["\\ud83dx"]}', 'METADATA_VALUE', 'a', 'half of a surrogate pair'],
    ['{"$a":1}', 'METADATA_KEY', undefined, '"$a"'],
    ['{"x":1,"\\u0024a":1}', 'METADATA_KEY', undefined, '"$a"'],
    ['{"a":1,"b":2,"a":1}', 'METADATA_DUPLICATE_KEY', 'a', '"a" twice'],
    ['{"a":1,"\\u0061":2}', 'METADATA_DUPLICATE_KEY', 'a', '"a" twice'],
    ['{"\\u0061":1,"b":1,"a":2}', 'METADATA_DUPLICATE_KEY', 'a', '"a" twice'],
    ['{"\\ud83d\\ude00":1,"😀":2}', 'METADATA_DUPLICATE_KEY', '😀', '"😀" twice'],
    ['{"":1,"":1}', 'METADATA_DUPLICATE_KEY', '', '"" twice'],
    [
      `{${Array.from({ length: 40 }, (_, i) => `"k${i}":${i}`).join(',')},"k7":1}`,
      'METADATA_DUPLICATE_KEY',
      'k7',
      '"k7" twice',
    ],
    ['[]', 'METADATA_NOT_OBJECT', undefined, 'a list'],
    ['"x"', 'METADATA_NOT_OBJECT', undefined, 'a string'],
    ['1', 'METADATA_NOT_OBJECT', undefined, 'a number'],
    ['null', 'METADATA_NOT_OBJECT', undefined, 'null'],
    ['', 'METADATA_NOT_OBJECT', undefined, 'a text that is no JSON at byte 0'],
    ['{"a":}', 'METADATA_NOT_OBJECT', undefined, 'a text that is no JSON at byte 5'],
  ])('%s', (text, code, key, got) => {
    expect(check(text)).toMatchObject({ code, got });
    expect(check(text)!.key).toBe(key);
  });

  test.each([
    ...[
      '{',
      '{"a"',
      '{"a":',
      '{"a":1',
      '{"a":1,',
      '{"a":1,}',
      '{,}',
      '{"a":1}}',
      '{"a":1}{}',
      '{a:1}',
      "{'a':1}",
      '{"a" 1}',
    ],
    ...['{"a":01}', '{"a":1.}', '{"a":.5}', '{"a":1e}', '{"a":+1}', '{"a":-}', '{"a":NaN}', '{"a":tru}', '{"a":truex}'],
    ...[
      '{"a":"x}',
      '{"a":"\n"}',
      '{"a":"\\x"}',
      '{"a":"\\u12g4"}',
      '{"a":"\\u12',
      '{"a":"\\',
      '{"a":["x"}',
      '{"a":["x",]}',
    ],
    ...['{"a":[', '{"a":["x"', '\u00a0{}', '{"a":1}\u0000'],
  ])('no JSON: %s', (text) => {
    expect(() => {
      JSON.parse(text);
    }).toThrow();
    expect(check(text)).toMatchObject({ code: 'METADATA_NOT_OBJECT' });
  });
});

/** Holds no half of a surrogate pair. */
const wellFormed = (text: string): boolean => !/\p{Surrogate}/u.test(text);

/** What the rules say of a text, by way of JSON.parse. */
function allowed(text: string): boolean {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return false;
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  return Object.entries(value).every(([key, member]: [string, unknown]) => {
    if (key.startsWith('$') || !wellFormed(key)) return false;
    if (typeof member === 'string') return wellFormed(member);
    if (typeof member === 'number') return Number.isFinite(member);
    if (Array.isArray(member)) return member.every((item) => typeof item === 'string' && wellFormed(item));
    return typeof member === 'boolean';
  });
}

test('says what JSON.parse and the rules say, of any JSON and of damaged JSON', () => {
  const member = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.boolean(),
    fc.array(fc.string({ maxLength: 3 }), { maxLength: 3 }),
    fc.jsonValue({ maxDepth: 2 }),
  );
  const object = fc.dictionary(fc.string({ unit: 'binary', maxLength: 5 }), member, { maxKeys: 4 });
  const damage = fc.option(fc.tuple(fc.nat(), fc.constantFrom(...'{}[],:"\\$0en ')), { nil: undefined, freq: 2 });
  fc.assert(
    fc.property(object, fc.nat(2), damage, (value, indent, damaged) => {
      let text = JSON.stringify(value, undefined, indent);
      if (damaged !== undefined) {
        const at = damaged[0] % text.length;
        text = text.slice(0, at) + damaged[1] + text.slice(at + 1);
        // A cut through a pair leaves half a character, which UTF-8 cannot hold.
        if (!wellFormed(text)) return;
        // Of a key that occurs twice JSON.parse shows the last value only.
        if (new Set(text.match(/"[^"]*"\s*:/g)).size !== (text.match(/"[^"]*"\s*:/g) ?? []).length) return;
      }
      const bytes = Buffer.from(text);
      const fault = new MetadataWalker(1_000_000).check(bytes, 0, bytes.length);
      expect(fault === undefined, text).toBe(allowed(text));
    }),
    { numRuns: 2_000 },
  );
});
