import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { KNOWN_GOOD, type RecordBatch } from '../../src/records/batch.js';
import { createReader } from '../../src/readers/create-reader.js';
import type { ReaderConfig } from '../../src/readers/reader.js';
import { csv, jsonl, read, rowsOf } from './support.js';
import { expectSameVerdicts } from './verdicts.js';

const isKnown = ({ knownGood }: RecordBatch): boolean => (knownGood![0]! & KNOWN_GOOD.metadata) !== 0;

/** Compares what the rules say of the one record of a text, and counts it. */
function judge(readIt: () => RecordBatch, seen: { known: number; unknown: number; rejected: number }): void {
  const batch = readIt();
  seen[isKnown(batch) ? 'known' : 'unknown']++;
  expectSameVerdicts(batch, readIt());
  seen.rejected += batch.rejects.length;
}

const key = fc.constantFrom('"a"', '"b"', '"c"', '"$c"', '"é"', '"a\\u0062"', '""', `"${'k'.repeat(20)}"`);
const scalar = fc.constantFrom(
  ...['"x"', '"é"', '"日本語"', '"a\\"b"', '"\\ud800"', '""', '"a longer text, of more than sixteen bytes"'],
  ...['0', '-1.5', '1e3', '1E-9', '1e999', '123456789012345678901234567890', 'true', 'false', 'null', 'NaN', '{}'],
);
const value = fc.oneof(
  scalar,
  fc.array(scalar, { maxLength: 3 }).map((items) => `[${items.join(',')}]`),
  fc.constantFrom('[ "x" , "y" ]', '{"deep":[{}]}'),
);
const space = fc.oneof({ weight: 6, arbitrary: fc.constant('') }, fc.constantFrom(' ', '\t', '\r', '  '));
const object = fc
  .array(fc.tuple(space, key, space, space, value, space), { maxLength: 4 })
  .map((fields) => `{${fields.map(([a, k, b, c, v, d]) => `${a}${k}${b}:${c}${v}${d}`).join(',')}}`);
const damage = fc.option(
  fc.tuple(fc.nat(), fc.constantFrom('\n', '\r\n', ',', '"', '\\', '}', ']', '\x01', '\x7f', '0', 'x', '\xff', '\xc3')),
  { freq: 2 },
);

/** One character a byte, so that bytes that are no UTF-8 can be put in. */
const bytesOf = (text: string): string => Buffer.from(text).toString('latin1');

describe('metadata of a line', () => {
  it('is passed over as any other value is, and known to be good only where the rules say so', () => {
    const seen = { known: 0, unknown: 0, refused: 0, rejected: 0 };
    const reader = createReader(jsonl());
    const other = createReader(jsonl({ metadata: { from: 'none' } }));
    fc.assert(
      fc.property(object, damage, (text, broken) => {
        let metadata = bytesOf(text);
        if (broken !== null) {
          const at = broken[0] % (metadata.length + 1);
          metadata = metadata.slice(0, at) + broken[1] + metadata.slice(at);
        }
        const line = Buffer.from(`{"id":"a","values":[1,2],"metadata":${metadata},"z":0}\n`, 'latin1');
        const chunk = { source: 'in', bytes: line, firstLine: 1, byteOffset: 0, rejects: [] };
        const batch = reader.read(chunk);
        const oracle = other.read(chunk);
        // The oracle does not look at what it need not: it has the same rows, and the same faults where the JSON is none.
        expect(batch.rows).toBe(oracle.rows);
        expect(batch.rejects).toEqual(oracle.rejects);
        if (batch.rows === 0) {
          seen.refused++;
          return;
        }
        const bytes = Buffer.from(metadata, 'latin1');
        if (broken === null) expect(rowsOf(batch)[0]!.metadata).toBe(bytes.toString());
        judge(() => reader.read(chunk), seen);
      }),
      { numRuns: 6000, seed: 5, endOnFailure: true },
    );
    expect(seen.known).toBeGreaterThan(300);
    expect(seen.unknown).toBeGreaterThan(1000);
    expect(seen.refused).toBeGreaterThan(500);
    expect(seen.rejected).toBeGreaterThan(500);
  });

  it.each([
    ['flat', '{"a":"x","b":1,"c":[true]}', false],
    ['usual', '{"a":"x","b":-1.5,"c":["x","y"],"d":false}', true],
    ['empty', '{ }', true],
    ['with spaces', ' { "a" : "x" , "b" : [ ] } ', true],
    ['beyond ASCII', '{"a":"é"}', true],
    ['null', '{"a":null}', false],
    ['a key twice', '{"a":1,"a":2}', false],
  ])('%s', (_, text, known) => {
    expect(isKnown(read(jsonl(), `{"id":"a","values":[1,2],"metadata":${text}}`))).toBe(known);
  });

  it('is the same in a field that others are in', () => {
    const config = jsonl({ id: ['metadata', 'id'] });
    const batch = read(config, '{"metadata":{"id":"m1","n":1},"values":[1,2]}');
    expect(rowsOf(batch)[0]).toMatchObject({ id: 'm1', metadata: '{"id":"m1","n":1}' });
    expect(isKnown(batch)).toBe(true);
  });

  it('counts as deep as it is', () => {
    const nested = (depth: number, inner: string): string => `${'{"x":'.repeat(depth)}${inner}${'}'.repeat(depth)}`;
    for (const depth of [505, 509, 510, 511, 512]) {
      const path = [...new Array<string>(depth).fill('x'), 'm'];
      const text = `{"id":"a","values":[1,2],"x":${nested(depth - 1, '{"m":{"a":["b"]}}')}}`;
      const at = read(jsonl({ metadata: { from: 'object', field: path } }), text);
      const oracle = read(jsonl({ metadata: { from: 'none' } }), text);
      expect(at.rows, `${depth} deep`).toBe(oracle.rows);
      expect(at.rejects).toEqual(oracle.rejects);
    }
  });
});

describe('metadata of cells', () => {
  const cell = fc.oneof(
    fc.constantFrom(
      '',
      'x',
      'é',
      'a "quoted" text',
      'back\\slash',
      'a\tb',
      'two\nlines',
      'a\0b',
      'true',
      'False',
      '0',
      '-1.5',
    ),
    fc.constantFrom(
      '1e3',
      '1e999',
      '1e-999',
      '12345678901234567890',
      '1'.repeat(400),
      '[1]',
      '["x"]',
      '{"a":1}',
      'null',
    ),
    fc.string({ maxLength: 40 }),
  );
  const name = fc.constantFrom('a', 'b', 'c', '$d', 'é', 'back\\slash', 'x y', 'k'.repeat(20));
  const type = fc.constantFrom('auto', 'string', 'number', 'boolean', 'json', 'string-list') as fc.Arbitrary<
    'auto' | 'string' | 'number' | 'boolean' | 'json' | 'string-list'
  >;
  const quoted = (text: string): string => `"${text.replaceAll('"', '""')}"`;

  it('is JSON, and known to be good only where the rules say so', () => {
    const seen = { known: 0, unknown: 0, rejected: 0 };
    fc.assert(
      fc.property(
        fc.uniqueArray(name, { maxLength: 5 }),
        fc.array(cell, { minLength: 5 }),
        type,
        (names, cells, one) => {
          const header = ['id', 'values', ...names].join(',');
          const fields = names.map((path, i) => ({
            path: [path],
            name: path,
            type: i === 0 ? one : ('auto' as const),
          }));
          for (const metadata of [
            { from: 'rest' as const, types: {} },
            { from: 'fields' as const, fields },
          ]) {
            const config: ReaderConfig = csv(header, { metadata, vectorEncoding: 'json' });
            const row = ['a', '"[1,2]"', ...names.map((_, i) => quoted(cells[i]!))].join(',');
            const reader = createReader(config);
            const chunk = { source: 'in', bytes: Buffer.from(`${row}\n`), firstLine: 1, byteOffset: 0, rejects: [] };
            const batch = reader.read(chunk);
            if (batch.rows === 0) {
              seen.rejected++;
              continue;
            }
            const text = rowsOf(batch)[0]!.metadata;
            if (text === null) continue;
            const parsed = JSON.parse(text) as Record<string, unknown>;
            for (const [i, path] of names.entries()) {
              if (typeof parsed[path] === 'string' && metadata.from === 'rest') expect(parsed[path]).toBe(cells[i]);
            }
            judge(() => reader.read(chunk), seen);
          }
        },
      ),
      { numRuns: 1000, seed: 9, endOnFailure: true },
    );
    expect(seen.known).toBeGreaterThan(150);
    expect(seen.unknown).toBeGreaterThan(150);
    expect(seen.rejected).toBeGreaterThan(50);
  });

  it('is looked at where two columns are given one name', () => {
    const fields = ['a', 'b'].map((path) => ({ path: [path], name: 'same', type: 'auto' as const }));
    const readIt = (): RecordBatch =>
      read(csv('id,values,a,b', { metadata: { from: 'fields', fields } }), 'x,"[1,2]",1,2\n');
    const batch = readIt();
    expect(isKnown(batch)).toBe(false);
    expectSameVerdicts(batch, readIt());
    expect(batch.rejects.map(({ code }) => code)).toEqual(['METADATA_DUPLICATE_KEY']);
  });

  it.each([
    [15, 'x'],
    [16, 'x'],
    [17, '"'],
    [31, '\\'],
    [32, '\n'],
    [33, '"'],
  ])('escapes what is at place %i of a text', (at, what) => {
    for (const length of [at + 1, at + 20]) {
      const text = 'a'.repeat(at) + what + 'b'.repeat(length - at - 1);
      const batch = read(csv('id,values,a', { metadata: { from: 'rest', types: {} } }), `x,"[1,2]",${quoted(text)}\n`);
      expect(JSON.parse(rowsOf(batch)[0]!.metadata!)).toEqual({ a: text });
    }
  });
});
