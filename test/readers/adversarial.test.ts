import { describe, expect, it } from 'vitest';
import type { Reject } from '../../src/records/reject.js';
import { MAX_JSON_DEPTH } from '../../src/readers/reading-limits.js';
import type { ReaderConfig } from '../../src/readers/reader.js';
import { csv, jsonl, read, rowsOf } from './support.js';

// What somebody might send on purpose, in each place where it could stand, for JSONL and CSV; always between two good records, which must
// come through, and refused at the very line and byte.

const V = '"values":[1,2]';
const HEADER = 'id,values,metadata,n,sv';
const table = csv(HEADER, { metadata: { from: 'object', field: ['metadata'] }, namespace: [['n']] });
const sparse = { kind: 'sparse', dimension: 0, values: undefined, sparse: ['sv'] } as const;

const quoted = (text: string): string => `"${text.replaceAll('"', '""')}"`;

/** The one reject between two good records. Bytes stand as the characters U+0080 to U+00FF. */
function refused(config: ReaderConfig, good: (id: string) => string, bad: string): Reject {
  const before = `${good('before')}\n\n`;
  const batch = read(config, Buffer.from(`${before}${bad}\n${good('behind')}\n`, 'latin1'), 11, 1000);
  expect(rowsOf(batch).map(({ id, line }) => [id, line])).toEqual([
    ['before', 11],
    ['behind', 14],
  ]);
  expect(batch.rejects).toHaveLength(1);
  expect(batch.rejects[0]).toMatchObject({ source: 'in', line: 13, byteOffset: 1000 + before.length });
  return batch.rejects[0]!;
}
const line = (bad: string): Reject => refused(jsonl(), (id) => `{"id":"${id}",${V}}`, bad);
const row = (bad: string): Reject => refused(table, (id) => `${id},1 2,,,`, bad);

describe.each<[string, string]>([
  ['a lone continuation byte', '80'],
  ['the last continuation byte', 'bf'],
  ['an overlong slash', 'c0af'],
  ['an overlong two-byte form', 'c1bf'],
  ['an overlong three-byte form', 'e09fbf'],
  ['an overlong four-byte form', 'f08fbfbf'],
  ['a high surrogate', 'eda080'],
  ['a low surrogate', 'edbfbf'],
  ['a pair of surrogates (CESU-8)', 'eda0bdedb880'],
  ['more than U+10FFFF', 'f4908080'],
  ['a lead byte of more than that', 'f5808080'],
  ['a five-byte form', 'f888808080'],
  ['0xfe', 'fe'],
  ['0xff', 'ff'],
  ['two bytes cut short', 'c3'],
  ['three bytes cut short', 'e282'],
  ['four bytes cut short', 'f09f98'],
  ['a letter for a continuation byte', 'c328'],
])('%s is no UTF-8', (_, hex) => {
  const bytes = Buffer.from(hex, 'hex').toString('latin1');
  const first = `byte 0x${hex.slice(0, 2)}`;

  it.each([
    ['an id', `{"id":"x${bytes}",${V}}`],
    ['a key', `{"id":"x",${V},"k${bytes}":1}`],
    ['a namespace', `{"id":"x",${V},"namespace":"n${bytes}"}`],
    ['metadata', `{"id":"x",${V},"metadata":{"t":"${bytes}"}}`],
    ['a key of metadata', `{"id":"x",${V},"metadata":{"${bytes}":1}}`],
    ['what nothing uses', `{"id":"x",${V},"x":[{"y":"é${bytes}"}]}`.replace('é', '\u00c3\u00a9')],
  ])('in %s of a line', (_place, text) => {
    const got = `${first} at byte ${text.lastIndexOf(bytes) + 1} of the line`;
    expect(line(text)).toMatchObject({ code: 'UTF8_INVALID', expected: 'UTF-8', got });
  });

  it.each([
    ['id', `x${bytes},1 2,,,`],
    ['id', `"x${bytes}",1 2,,,`],
    ['values', `x,1 2${bytes},,,`],
    ['metadata', `x,1 2,${quoted(`{"t":"${bytes}"}`)},,`],
    ['n', `x,1 2,,n${bytes},`],
  ])('in the cell of %s', (field, text) => {
    expect(row(text)).toMatchObject({ code: 'UTF8_INVALID', field, expected: 'UTF-8' });
  });
});

describe.each<[string, string, string, number]>([
  // A JSON object; what a line says to it, and where in it.
  ['a bad escape', '{"a":"\\x41"}', 'an escape of RFC 8259', 7],
  ['an escaped line feed that is none', '{"a":"\\\t"}', 'an escape of RFC 8259', 7],
  ['a short \\u', '{"a":"\\u12"}', 'four hexadecimal digits behind \\u', 7],
  ['\\u with a letter past f', '{"a":"\\u12g4"}', 'four hexadecimal digits behind \\u', 7],
  ['a capital \\U', '{"a":"\\U0041"}', 'an escape of RFC 8259', 7],
  ['a trailing comma', '{"a":1,}', 'a key in quotes', 8],
  ['a trailing comma in a list', '{"a":[1,]}', 'a value', 9],
  ['two commas', '{"a":1,,"b":2}', 'a key in quotes', 8],
  ['a leading zero', '{"a":01}', 'a number of RFC 8259', 6],
  ['a leading zero behind a minus', '{"a":-01}', 'a number of RFC 8259', 6],
  ['a plus', '{"a":+1}', 'a value', 6],
  ['a point without digits', '{"a":1.}', 'a number of RFC 8259', 6],
  ['a bare control character', '{"a":"\t"}', 'no bare control character', 7],
  ['a key without quotes', '{a:1}', 'a key in quotes', 2],
  ['NaN', '{"a":NaN}', 'a value', 6],
  ['too much nesting', `{"a":${'['.repeat(5000)}`, `at most ${MAX_JSON_DEPTH} levels of nesting`, MAX_JSON_DEPTH + 4],
])('%s', (_, json, expected, at) => {
  it('is refused in the metadata of a line, at its byte', () => {
    const before = `{"id":"x",${V},"metadata":`;
    expect(line(`${before}${json}}`)).toMatchObject({
      code: 'JSON_SYNTAX',
      id: 'x',
      expected,
      got: expect.stringMatching(new RegExp(` at byte ${before.length + at} of the line$`)) as string,
    });
  });

  it('is refused in what nothing uses', () => {
    expect(line(`{"x":${json},"id":"x",${V}}`)).toMatchObject({ code: 'JSON_SYNTAX', expected });
  });

  it('is refused in a cell, which is named', () => {
    expect(row(`x,1 2,${quoted(json)},n,`)).toMatchObject({ code: 'METADATA_NOT_OBJECT', id: 'x', field: 'metadata' });
  });
});

describe('sparse vectors, in a line and in a cell', () => {
  const inLine = (json: string): Reject =>
    refused(jsonl(sparse), (id) => `{"id":"${id}","sv":{"indices":[1],"values":[1]}}`, `{"id":"x","sv":${json}}`);
  const inCell = (json: string): Reject =>
    refused(csv('id,sv', sparse), (id) => `${id},${quoted('{"indices":[1],"values":[1]}')}`, `x,${quoted(json)}`);

  it.each([
    ['indices twice', '{"indices":[1],"values":[1],"indices":[2]}', 'sv.indices'],
    ['values twice, once escaped', '{"indices":[1],"values":[1],"v\\u0061lues":[1]}', 'sv.values'],
  ])('%s', (_, json, field) => {
    for (const reject of [inLine(json), inCell(json)])
      expect(reject).toMatchObject({ code: 'JSON_DUPLICATE_KEY', field });
  });

  it.each(['{"indices":[01],"values":[1]}', '{"indices":[1,],"values":[1]}', '{"indices":[1],"values":[1],}'])(
    '%s',
    (json) => {
      expect(inLine(json)).toMatchObject({ code: 'JSON_SYNTAX' });
      expect(inCell(json)).toMatchObject({ code: 'SPARSE_TYPE', field: 'sv' });
    },
  );

  it('past float32', () => {
    const json = '{"indices":[1],"values":[1e1000000000]}';
    for (const reject of [inLine(json), inCell(json)]) {
      expect(reject).toMatchObject({ code: 'SPARSE_NOT_FINITE', field: 'sv.values', got: 'the number 1e1000000000' });
    }
  });
});

describe('a vector in a cell that is asked to be JSON', () => {
  const config = csv('id,values', { vectorEncoding: 'json' });
  it.each([
    '[1,02]',
    '[1,2,]',
    '[,1,2]',
    '[1 2]',
    '[1,2',
    '1,2]',
    '[1,2]]',
    '[1,+2]',
    '[1,.2]',
    '[1,2.]',
    '[1,2] x',
    '',
  ])('%j', (text) => {
    const reject = refused(config, (id) => `${id},"[1,2]"`, `x,${quoted(text)}`);
    expect(reject).toMatchObject({ code: text === '' ? 'VALUES_MISSING' : 'VALUES_TYPE', id: 'x', field: 'values' });
  });
});
