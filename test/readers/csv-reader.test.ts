import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createReader } from '../../src/readers/create-reader.js';
import { parseCsvHeader } from '../../src/readers/csv/header.js';
import { resolveMapping } from '../../src/readers/mapping.js';
import type { MetadataColumnType, ReaderConfig } from '../../src/readers/reader.js';
import { base64, csv, read, readOne, rowsOf, type Row } from './support.js';

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);

/** A mapping of `id,values` and one metadata column `m` of a type. */
const typed = (type: MetadataColumnType): ReaderConfig =>
  csv('id,values,m', { metadata: { from: 'fields', fields: [{ path: ['m'], name: 'm', type }] } });

describe('CSV rows', () => {
  const plain = csv('id,values');
  const object = csv('id,values,metadata', { metadata: { from: 'object', field: ['metadata'] } });
  const columns = csv('d1,id,d0', { values: { columns: ['d0', 'd1'] } });
  const sparse = csv('id,sparse_values', {
    kind: 'sparse',
    dimension: 0,
    values: undefined,
    sparse: ['sparse_values'],
  });
  const hybrid = csv('id,values,sv', { kind: 'hybrid', sparse: ['sv'] });
  const id = { id: 'a', values: [1, 2], metadata: null, namespace: '__default__' };

  it.each<[string, ReaderConfig, string, object]>([
    ['a JSON array', plain, 'a,"[1, 2]"', id],
    ['an array over several lines', plain, 'a,"[1,\r\n2\n]"', id],
    ['an array with exponents', plain, 'a,"[1e0,2.0]"', id],
    ['delimited numbers', plain, 'a,"1,2"', id],
    ['numbers with white space between', plain, 'a, 1.  2', id],
    ['numpy text over two lines', plain, 'a,"[1. \n 2.]"', id],
    ['another delimiter', csv('id,values', { vectorDelimiter: ';' }), 'a,1;2', id],
    ['tabs', csv('id,values', { csv: { header: ['id', 'values'], delimiter: '\t' } }), 'a\t[1,2]', id],
    [
      'an unquoted array before a semicolon',
      csv('id,values', { csv: { header: ['id', 'values'], delimiter: ';' } }),
      'a;[1,2]',
      id,
    ],
    ['base64', plain, `a,${base64([1, 2])}`, id],
    [
      'URL-safe base64 without padding',
      plain,
      `a,${Buffer.from(base64([-1.9921875, 2]), 'base64').toString('base64url')}`,
      { values: [-1.9921875, 2] },
    ],
    ['one column per dimension', columns, '2,a, +1. ', id],
    ['quotes, delimiters and line breaks', plain, '"a"",\r\n\n""",[1 2]', { ...id, id: 'a",\r\n\n"' }],
    ['an empty id is for the rules to refuse', plain, ',[1 2]', { ...id, id: '' }],
    ['CRLF', plain, 'a,"[1,2]"\r\n', id],
    ['CRLF behind an unquoted field', plain, 'a,1 2\r\n', id],
    [
      'metadata byte for byte',
      object,
      'a,1 2," {""x"" : ""\\u00e9,\n"", ""y"":1.0} "'.replace('\n', '\\n'),
      { ...id, metadata: '{"x" : "\\u00e9,\\n", "y":1.0}' },
    ],
    ['metadata without quotes', object, 'a,1 2,{}', { ...id, metadata: '{}' }],
    ['empty metadata', object, 'a,1 2,', id],
    ['null metadata', object, 'a,1 2,null', id],
    [
      'sparse',
      sparse,
      'a,"{""indices"":[1,7],""values"":[0.5,2]}"',
      { id: 'a', sparse: { indices: [1, 7], values: [0.5, 2] } },
    ],
    ['hybrid', hybrid, 'a,1 2,"{""indices"":[1],""values"":[2]}"', { ...id, sparse: { indices: [1], values: [2] } }],
    ['hybrid without the sparse half', hybrid, 'a,1 2,', { ...id, sparse: null }],
    ['a namespace', csv('id,values,n', { namespace: [['n']] }), 'a,1 2,x y', { ...id, namespace: 'x y' }],
    ['no namespace', csv('id,values,n', { namespace: [['n']] }), 'a,1 2,', id],
    ['a template', csv('id,values,n', { namespace: ['t-', ['n'], '-r'] }), 'a,1 2,x', { ...id, namespace: 't-x-r' }],
    [
      'the rest as metadata',
      csv('x,id,y,values,z', { metadata: { from: 'rest', types: { z: 'string' } } }),
      '1,a,,1 2,3',
      { ...id, metadata: '{"x":1,"z":"3"}' },
    ],
    [
      'dots in a name',
      csv('id,values,a.b', { metadata: { from: 'fields', fields: [{ path: ['a.b'], name: 'a.b', type: 'auto' }] } }),
      'a,1 2,x',
      { ...id, metadata: '{"a.b":"x"}' },
    ],
  ])('takes %s', (_, config, text, want) => {
    expect(readOne(config, text)).toMatchObject(want);
  });

  it.each<[MetadataColumnType, string, string | null]>([
    ['string', '1', '"1"'],
    ['string', ' a\\b ', '" a\\\\b "'],
    ['string', '"\n\t', '"\\"\\n\\t"'],
    ['string', 'é\u0001\u007f', '"é\\u0001\u007f"'],
    ['string', '', null],
    ['number', '1.50', '1.50'],
    ['number', ' -2E+3 ', '-2E+3'],
    ['boolean', 'true', 'true'],
    ['boolean', 'False', 'false'],
    ['json', ' [1, "a"] ', '[1, "a"]'],
    ['json', 'null', null],
    ['string-list', 'a|b "c"|', '["a","b \\"c\\"",""]'],
    ['string-list', '["a", "b"]', '["a", "b"]'],
    ['auto', '7', '7'],
    ['auto', '-0.50', '-0.50'],
    ['auto', '9007199254740991', '9007199254740991'],
    ['auto', '9007199254740993', '"9007199254740993"'],
    ['auto', '007', '"007"'],
    ['auto', '1.', '"1."'],
    ['auto', '1e999', '"1e999"'],
    ['auto', 'true', 'true'],
    ['auto', 'yes', '"yes"'],
    ['auto', '[1]', '"[1]"'],
    ['auto', 'NaN', '"NaN"'],
  ])('makes %s of %j', (type, cell, want) => {
    const row = readOne(typed(type), `a,1 2,"${cell.replaceAll('"', '""')}"`) as Row;
    expect(row.metadata).toBe(want === null ? null : `{"m":${want}}`);
    if (row.metadata !== null) JSON.parse(row.metadata);
  });

  it('counts lines through quoted line breaks and empty rows', () => {
    const text = '\na,1 2\r\n"b\n\n",1 2\n\r\nc,1\nd,1 2';
    const batch = read({ ...csv('id,values'), keepRaw: true }, text, 2, 50);
    expect(rowsOf(batch).map(({ id: name, line, byteOffset, raw }) => [name, line, byteOffset, raw])).toEqual([
      ['a', 3, 51, 'a,1 2'],
      ['b\n\n', 4, 58, '"b\n\n",1 2'],
      ['d', 9, 50 + text.indexOf('d,'), 'd,1 2'],
    ]);
    expect(batch.rejects).toMatchObject([{ line: 8, id: 'c', code: 'VALUES_DIMENSION', raw: 'c,1' }]);
  });
});

describe('CSV rejects', () => {
  const plain = csv('id,values');
  const columns = csv('id,d0,d1', { values: { columns: ['d0', 'd1'] } });
  const object = csv('id,values,metadata', { metadata: { from: 'object', field: ['metadata'] } });

  it.each<[string, ReaderConfig, string | Uint8Array, object]>([
    [
      'text behind a closing quote',
      plain,
      'a,"[1,2]"x',
      { code: 'CSV_SYNTAX', id: 'a', field: 'values', got: '"x" at byte 10 of the row' },
    ],
    [
      'a quote inside of a field',
      plain,
      'a,1" 2"',
      { code: 'CSV_SYNTAX', expected: 'no quote inside of a field without quotes around it' },
    ],
    ['a space before a quote', plain, 'a, "1 2"', { code: 'CSV_SYNTAX' }],
    [
      'an open quote',
      plain,
      'a,"1 2\n\n',
      { code: 'CSV_SYNTAX', expected: 'a closing quote', got: 'the end of the row' },
    ],
    ['a bare carriage return', plain, 'a\rb,1 2', { code: 'CSV_SYNTAX' }],
    ['a field too few', plain, 'a', { code: 'CSV_FIELD_COUNT', expected: '2 fields', got: '1 field' }],
    ['a field too many', plain, 'a,1,2', { code: 'CSV_FIELD_COUNT', got: '3 fields' }],
    ['no UTF-8', plain, Buffer.from('a\xff,1 2', 'latin1'), { code: 'UTF8_INVALID', field: 'id' }],
    ['an empty vector', plain, 'a,', { code: 'VALUES_MISSING', id: 'a', field: 'values' }],
    ['a wrong dimension', plain, 'a,"[1,2,3]"', { code: 'VALUES_DIMENSION', expected: '2 numbers', got: '3 numbers' }],
    ['a number missing', plain, 'a,"1,,2"', { code: 'VALUES_TYPE', got: '"" at position 1' }],
    ['a number missing at the end', plain, 'a,"1,2,"', { code: 'VALUES_TYPE', got: '"" at position 2' }],
    ['cut numpy text', plain, 'a,[1. ... 2.]', { code: 'VALUES_TYPE', got: '"..." at position 1' }],
    ['nan', plain, 'a,"[1, nan]"', { code: 'VALUES_NOT_FINITE', got: '"nan" at position 1' }],
    ['-inf', plain, 'a,1 -inf', { code: 'VALUES_NOT_FINITE' }],
    [
      'no array, where one is asked for',
      csv('id,values', { vectorEncoding: 'json' }),
      'a,"1,2"',
      { code: 'VALUES_TYPE', expected: 'a JSON array of 2 numbers' },
    ],
    ['an empty number column', columns, 'a,1,', { code: 'VALUES_TYPE', field: 'd1', got: 'an empty field' }],
    ['only empty number columns', columns, 'a,,', { code: 'VALUES_MISSING', field: 'd0…d1' }],
    ['a word in a number column', columns, 'a,1,x', { code: 'VALUES_TYPE', field: 'd1', got: '"x"' }],
    ['nan in a number column', columns, 'a,NaN,1', { code: 'VALUES_NOT_FINITE', field: 'd0' }],
    ['metadata that is no object', object, 'a,1 2,[]', { code: 'METADATA_NOT_OBJECT', field: 'metadata' }],
    ['metadata that is no JSON', object, 'a,1 2,{a:1}', { code: 'METADATA_NOT_OBJECT', got: '"{a:1}"' }],
    [
      'no number',
      typed('number'),
      'a,1 2,1.',
      { code: 'METADATA_VALUE', field: 'm', expected: 'a JSON number', got: '"1."' },
    ],
    ['no boolean', typed('boolean'), 'a,1 2,1', { code: 'METADATA_VALUE', expected: 'true or false' }],
    ['no JSON', typed('json'), 'a,1 2,[1', { code: 'METADATA_VALUE' }],
    ['a broken list', typed('string-list'), 'a,1 2,[1', { code: 'METADATA_VALUE' }],
    [
      'no sparse vector',
      csv('id,sv', { kind: 'sparse', dimension: 0, values: undefined, sparse: ['sv'] }),
      'a,',
      { code: 'SPARSE_MISSING', field: 'sv' },
    ],
    [
      'no sparse JSON',
      csv('id,sv', { kind: 'sparse', dimension: 0, values: undefined, sparse: ['sv'] }),
      'a,{1:2}',
      { code: 'SPARSE_TYPE', got: '"{1:2}"' },
    ],
    [
      'a sparse vector among dense ones',
      csv('id,values,sv', { unexpectedVector: ['sv'] }),
      'a,1 2,x',
      { code: 'SPARSE_UNEXPECTED', field: 'sv' },
    ],
    [
      'half a namespace',
      csv('id,values,n', { namespace: [['n'], '-r'] }),
      'a,1 2,',
      { code: 'NAMESPACE_MISSING', field: 'n' },
    ],
  ])('refuses %s', (_, config, text, want) => {
    expect(readOne(config, text)).toMatchObject({ source: 'in', line: 1, byteOffset: 0, ...want });
  });

  it('goes on behind a broken row where its quotes are even, as chunks are cut', () => {
    const text = 'a"b,1 2\nstill"broken\nb,1 2\n"c"x,1 2\nd,1 2\n';
    const batch = read(csv('id,values'), text);
    expect(rowsOf(batch).map(({ id, line }) => [id, line])).toEqual([
      ['b', 3],
      ['d', 5],
    ]);
    expect(batch.rejects.map(({ line }) => line)).toEqual([1, 4]);
  });
});

describe('CSV against what was written', () => {
  const cell = fc.string({
    unit: fc.constantFrom('a', '"', ',', '\n', '\r', ' ', 'é', '1', '\u0000', '\\', '😀'),
    maxLength: 8,
  });
  const write = (text: string, always: boolean): string =>
    always || /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;

  it('reads back random cells, in any chunks', () => {
    const config = csv('id,values,m', {
      metadata: { from: 'fields', fields: [{ path: ['m'], name: 'm', type: 'string' }] },
    });
    fc.assert(
      fc.property(
        fc.array(fc.record({ id: cell, m: cell, quoted: fc.boolean(), end: fc.constantFrom('\n', '\r\n') }), {
          maxLength: 8,
        }),
        fc.nat(),
        (rows, cut) => {
          const texts = rows.map(({ id, m, quoted, end }) => `${write(id, quoted)},[1 2],${write(m, quoted)}${end}`);
          const at = rows.length === 0 ? 0 : cut % (rows.length + 1);
          const reader = createReader(config);
          const got: Row[] = [];
          for (const part of [texts.slice(0, at), texts.slice(at)]) {
            const batch = reader.read({
              source: 'in',
              bytes: bytesOf(part.join('')),
              firstLine: 1,
              byteOffset: 0,
              rejects: [],
            });
            expect(batch.rejects).toEqual([]);
            got.push(...rowsOf(batch));
          }
          expect(
            got.map(({ id, metadata }) => [id, metadata === null ? '' : (JSON.parse(metadata) as { m: string }).m]),
          ).toEqual(rows.map(({ id, m }) => [id, m]));
        },
      ),
      { numRuns: 500 },
    );
  });

  it('never fails on random rows, and accounts for every byte', () => {
    const unit = fc.constantFrom('a', '"', '"', ',', '\n', '\r', '\r\n', '1', '[', ']', ' ', 'é');
    fc.assert(
      fc.property(fc.string({ unit, maxLength: 40 }), (text) => {
        const batch = read({ ...csv('id,values'), keepRaw: true }, text);
        const seen = [...rowsOf(batch), ...batch.rejects].sort((a, b) => a.byteOffset - b.byteOffset);
        let at = 0;
        for (const { raw, byteOffset, line } of seen) {
          const before = Buffer.from(text).subarray(at, byteOffset).toString();
          expect(before).toMatch(/^[\r\n]*$/);
          expect(line).toBe(Buffer.from(text).subarray(0, byteOffset).toString().split('\n').length);
          at = byteOffset + Buffer.byteLength(raw!);
        }
        expect(Buffer.from(text).subarray(at).toString()).toMatch(/^[\r\n]*$/);
      }),
      { numRuns: 3000 },
    );
  });
});

describe('parseCsvHeader', () => {
  it.each([
    ['id,values', ['id', 'values']],
    ['id,values\r\n', ['id', 'values']],
    ['"a ""b""","c,\nd", e ', ['a "b"', 'c,\nd', ' e ']],
    ['é', ['é']],
  ])('reads %j', (text, want) => {
    expect(parseCsvHeader(bytesOf(text), ',')).toEqual(want);
  });

  it.each([
    ['', 'an empty row'],
    [',id', 'none for column 1'],
    ['id,', 'none for column 2'],
    ['id,a,id', '"id" twice'],
    ['id,"a"x', 'at byte 7'],
    ['id,"a', 'at byte'],
  ])('refuses %j', (text, got) => {
    expect(() => parseCsvHeader(bytesOf(text), ',', 'in.csv')).toThrow(
      expect.objectContaining({
        code: 'CSV_HEADER_INVALID',
        source: 'in.csv',
        got: expect.stringContaining(got) as string,
      }),
    );
  });

  it('reads other delimiters, and refuses what is no UTF-8', () => {
    expect(parseCsvHeader(bytesOf('a\tb,c'), '\t')).toEqual(['a', 'b,c']);
    expect(() => parseCsvHeader(Buffer.from('a\xff', 'latin1'), ',')).toThrow(/UTF-8/);
  });
});

describe('the samples', () => {
  it('hold the same records as JSONL and as CSV', () => {
    const lines = readFileSync('examples/words-100d.jsonl');
    const table = readFileSync('examples/words-100d.csv');
    const header = table.subarray(0, table.indexOf('\n'));
    const rows = table.subarray(table.indexOf('\n') + 1);
    const one = resolveMapping(lines, 'words.jsonl', 'jsonl', undefined, {});
    const other = resolveMapping(rows, 'words.csv', 'csv', header, {
      metadataFields: ['word:string', 'rank:number', 'kind:string'],
    });
    const a = read(one.config, lines);
    const b = read(other.config, rows);
    expect(a.rows).toBe(2000);
    expect(a.rejects).toEqual([]);
    const floats = (values: Float32Array | undefined): Buffer => Buffer.from(values!.buffer);
    expect(floats(b.values).equals(floats(a.values))).toBe(true);
    const { origin: _a, values: _v, ...columns } = a;
    const { origin: _b, values: _w, ...same } = b;
    expect(same).toEqual(columns);
    // And both hold what JSON.parse finds; the sample's numbers have few digits, so that rounding twice is right.
    const parsed = lines
      .toString()
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(
      rowsOf(a).map(({ id, namespace, metadata, values }) => [id, namespace, JSON.parse(metadata!) as unknown, values]),
    ).toEqual(
      parsed.map(({ id, namespace, metadata, values }) => [
        id,
        namespace,
        metadata,
        (values as number[]).map(Math.fround),
      ]),
    );
  });
});
