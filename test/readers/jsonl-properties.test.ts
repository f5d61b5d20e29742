import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createReader } from '../../src/readers/create-reader.js';
import { MAX_JSON_DEPTH } from '../../src/readers/reading-limits.js';
import type { FieldPath, ReaderConfig } from '../../src/readers/reader.js';
import { nearestFloat32 } from './float32-oracle.js';
import { base64, csv, jsonl, read, rowsOf, type Row } from './support.js';

/** Writes JSON in one of the many ways there are: white space, escapes, exponents. */
function spell(value: unknown, seed: () => number): string {
  const space = (): string => ['', '', '', ' ', '\t', '  ', '\r'][seed() % 7]!;
  if (typeof value === 'string') {
    return `"${[
      ...JSON.stringify(value)
        .slice(1, -1)
        .matchAll(/\\u[0-9a-f]{4}|\\.|[^\\]/gu),
    ]
      .map(([c]) => {
        if (c.length > 1 && c.startsWith('\\')) return c;
        if (seed() % 5 > 0) return c;
        return [...Array(c.length).keys()].map((i) => `\\u${c.charCodeAt(i).toString(16).padStart(4, '0')}`).join('');
      })
      .join('')}"`;
  }
  if (Object.is(value, -0)) return '-0';
  if (typeof value === 'number') return seed() % 4 === 0 ? value.toExponential() : JSON.stringify(value);
  if (Array.isArray(value)) return `[${space()}${value.map((v) => spell(v, seed) + space()).join(`,${space()}`)}]`;
  if (typeof value === 'object' && value !== null) {
    const members = Object.entries(value).map(
      ([k, v]) => `${spell(k, seed)}${space()}:${space()}${spell(v, seed)}${space()}`,
    );
    return `{${space()}${members.join(`,${space()}`)}}`;
  }
  return JSON.stringify(value);
}

const float = fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e30, max: 1e30 });
const unicode = fc.string({ unit: 'grapheme', maxLength: 12 });
const json = fc.jsonValue({ maxDepth: 3 }).filter((value) => value !== null);
const metadata = fc.dictionary(
  unicode.filter((key) => key !== '__proto__'),
  json,
  { maxKeys: 4 },
);
const names = fc.uniqueArray(fc.constantFrom('a', 'id', 'valuesx', 'x y', 'é', '0', 'ID', '"', 'tags', 'n'), {
  maxLength: 4,
});

const DIMENSION = 3;

/** A mapping and records that fit it, with the rows that must come out. */
const cases = fc
  .record({
    idPath: fc.constantFrom(['id'], ['k', 'id'], ['list', '1', 'id']),
    vectorPath: fc.constantFrom(['values'], ['k', 'v'], ['list', '0'], ['list', '1', 'deep', 'v']),
    namespacePath: fc.constantFrom(['namespace'], ['k', 'ns']),
    records: fc.array(
      fc.record({
        id: unicode,
        values: fc.array(float, { minLength: DIMENSION, maxLength: DIMENSION }),
        form: fc.constantFrom('array', 'text', 'base64'),
        namespace: fc.option(fc.oneof(unicode, fc.integer()), { nil: undefined }),
        metadata: fc.option(metadata, { nil: undefined }),
        more: fc.tuple(names, fc.array(json, { minLength: 4, maxLength: 4 })),
        seeds: fc.infiniteStream(fc.nat()),
      }),
      { minLength: 1, maxLength: 8 },
    ),
  })
  .map(({ records, ...paths }) => {
    const config = jsonl({
      dimension: DIMENSION,
      id: paths.idPath,
      values: { field: paths.vectorPath },
      namespace: [paths.namespacePath],
      metadata: { from: 'object', field: ['metadata'] },
    });
    return { config, lines: records.map((record) => lineOf(record, paths)) };
  });

interface RecordSpec {
  id: string;
  values: number[];
  form: string;
  namespace: string | number | undefined;
  metadata: object | undefined;
  more: [string[], unknown[]];
  seeds: Iterator<number>;
}

function lineOf(spec: RecordSpec, paths: { idPath: FieldPath; vectorPath: FieldPath; namespacePath: FieldPath }) {
  const record: Record<string, unknown> = {};
  const vector =
    spec.form === 'array'
      ? spec.values
      : spec.form === 'text'
        ? JSON.stringify(spec.values)
        : base64(spec.values.map(Math.fround));
  spec.more[0].forEach((name, i) => (record[name] = spec.more[1][i]));
  place(record, paths.idPath, spec.id);
  place(record, paths.vectorPath, vector);
  if (spec.namespace !== undefined) place(record, paths.namespacePath, spec.namespace);
  if (spec.metadata !== undefined) record['metadata'] = spec.metadata;
  return { spec, line: spell(record, () => spec.seeds.next().value as number) };
}

/** Sets a nested field; numbers in the path make lists. */
function place(target: Record<string, unknown>, path: FieldPath, value: unknown): void {
  let at = target;
  path.forEach((part, i) => {
    if (i === path.length - 1) {
      at[part] = value;
      return;
    }
    const inner = at[part];
    if (typeof inner !== 'object' || inner === null) at[part] = /^\d+$/.test(path[i + 1]!) ? [null, {}] : {};
    at = at[part] as Record<string, unknown>;
  });
}

describe('JSONL against JSON.parse', () => {
  it('reads random records under random mappings as JSON.parse has them', () => {
    fc.assert(
      fc.property(cases, ({ config, lines }) => {
        const batch = read(config, lines.map(({ line }) => line).join('\n'));
        expect(batch.rejects).toEqual([]);
        const rows = rowsOf(batch);
        expect(rows).toHaveLength(lines.length);
        lines.forEach(({ spec, line }, i) => {
          const row = rows[i]!;
          const parsed = JSON.parse(line) as { metadata?: unknown };
          expect(row.id).toBe(spec.id);
          const want = spec.values.map((value) => {
            if (spec.form === 'base64') return Math.fround(value);
            return spec.form === 'array' && Object.is(value, -0) ? -0 : nearestFloat32(JSON.stringify(value));
          });
          expect(row.values).toEqual(want);
          if (typeof spec.namespace !== 'number') expect(row.namespace).toBe(spec.namespace || '__default__');
          else expect(Number(row.namespace)).toBe(spec.namespace);
          expect(row.metadata === null ? undefined : JSON.parse(row.metadata)).toEqual(parsed.metadata);
          if (row.metadata !== null) expect(line).toContain(row.metadata);
        });
      }),
      { numRuns: 200 },
    );
  });

  it('makes metadata of the rest as JSON.parse has it', () => {
    const config = jsonl({ dimension: DIMENSION, metadata: { from: 'rest', types: {} }, namespace: [''] });
    fc.assert(
      fc.property(metadata, fc.infiniteStream(fc.nat()), (fields, seeds) => {
        const { id: _id, values: _values, ...rest } = fields;
        const line = spell({ ...rest, id: 'a', values: [1, 2, 3] }, () => seeds.next().value as number);
        const [row] = rowsOf(read(config, line));
        expect(row?.metadata == null ? {} : JSON.parse(row.metadata)).toEqual(rest);
      }),
      { numRuns: 200 },
    );
  });

  it('gives the same rows however the lines are split into chunks', () => {
    const bad = [
      '',
      ' ',
      '{',
      '{"id":1}',
      '{"id":"x","values":[1]}',
      'null',
      '{"id":"x","values":[1,2,3],"metadata":7}',
    ];
    fc.assert(
      fc.property(
        cases,
        fc.array(fc.constantFrom(...bad)),
        fc.array(fc.nat({ max: 20 })),
        ({ config, lines }, more, cuts) => {
          const all = [...lines.map(({ line }) => line), ...more].map((line) => `${line}\n`);
          const whole = read({ ...config, keepRaw: true }, all.join(''));
          const reader = createReader({ ...config, keepRaw: true });
          const rows: Row[] = [];
          const rejects: unknown[] = [];
          let line = 1;
          let byteOffset = 0;
          const bounds = [...new Set([0, ...cuts.map((cut) => cut % (all.length + 1)), all.length])].sort(
            (a, b) => a - b,
          );
          for (let i = 0; i + 1 < bounds.length; i++) {
            const part = all.slice(bounds[i], bounds[i + 1]);
            const bytes = Buffer.from(part.join(''));
            const batch = reader.read({ source: 'in', bytes, firstLine: line, byteOffset, rejects: [] });
            rows.push(...rowsOf(batch));
            rejects.push(...batch.rejects);
            line += part.length;
            byteOffset += bytes.length;
          }
          expect(rows).toEqual(rowsOf(whole));
          expect(rejects).toEqual(whole.rejects);
        },
      ),
      { numRuns: 150 },
    );
  });
});

/** JSON.parse takes what the RFC allows; on bytes, with a strict decoder before it. */
function parses(bytes: Uint8Array): boolean {
  try {
    JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes));
    return true;
  } catch {
    return false;
  }
}

describe('JSON syntax against JSON.parse', () => {
  // A JSON text in a quoted cell may hold any byte.
  const reader = createReader(
    csv('id,m', {
      kind: 'sparse',
      dimension: 0,
      values: undefined,
      metadata: { from: 'fields', fields: [{ path: ['m'], name: 'm', type: 'json' }] },
    }),
  );
  const takes = (text: Uint8Array): boolean => {
    const doubled = Buffer.from(text).toString('latin1').replaceAll('"', '""');
    const bytes = Buffer.from(`a,"${doubled}"`, 'latin1');
    return reader.read({ source: 'in', bytes, firstLine: 1, byteOffset: 0, rejects: [] }).rows === 1;
  };
  const agree = (bytes: Uint8Array): void => {
    // An empty cell is none.
    if (bytes.length === 0) return;
    expect(takes(bytes), JSON.stringify(Buffer.from(bytes).toString('latin1'))).toBe(parses(bytes));
  };

  it('agrees on random texts of JSON characters', () => {
    const unit = fc.constantFrom(
      ...'[]{}:,"\\0123456789.eE+-ntrufalsd \t\n\r',
      'true',
      'null',
      '\\u12',
      '"a"',
      '\\ud800',
      'é',
      '\u0000',
    );
    fc.assert(
      fc.property(fc.string({ unit, maxLength: 14 }), (s) => agree(Buffer.from(s))),
      { numRuns: 8000 },
    );
  });

  it('agrees on valid texts with a few bytes changed', () => {
    const change = fc.record({
      at: fc.nat(),
      kind: fc.constantFrom('flip', 'drop', 'insert', 'cut'),
      byte: fc.oneof(fc.integer({ min: 0, max: 255 }), fc.constantFrom(...Buffer.from('[]{}:,"\\0eE.-+ \n'))),
    });
    fc.assert(
      fc.property(fc.json({ maxDepth: 4 }), unicode, fc.array(change, { maxLength: 3 }), (valid, word, changes) => {
        let bytes = [
          ...Buffer.from(`{"k":${valid},${JSON.stringify(word)}:[1.5e3,"${word.replace(/["\\\u0000-\u001f]/g, '')}"]}`),
        ];
        for (const { at, kind, byte } of changes) {
          const i = at % (bytes.length + 1);
          if (kind === 'flip' && i < bytes.length) bytes[i] = byte;
          else if (kind === 'drop') bytes.splice(i, 1);
          else if (kind === 'insert') bytes.splice(i, 0, byte);
          else if (kind === 'cut') bytes = bytes.slice(0, i);
        }
        agree(Uint8Array.from(bytes));
      }),
      { numRuns: 4000 },
    );
  });

  it('agrees on random bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 6 }), (inner) => {
        agree(inner);
        agree(Buffer.concat([Buffer.from('"'), inner, Buffer.from('"')]));
      }),
      { numRuns: 5000 },
    );
  });

  it('differs where it is documented: nesting past the limit', () => {
    const deep = Buffer.from('['.repeat(MAX_JSON_DEPTH + 1) + ']'.repeat(MAX_JSON_DEPTH + 1));
    expect(parses(deep)).toBe(true);
    expect(takes(deep)).toBe(false);
    expect(takes(deep.subarray(1, -1))).toBe(true);
  });

  it('as a line: takes exactly what JSON.parse takes as an object', () => {
    const config: ReaderConfig = jsonl({ values: undefined, kind: 'sparse', dimension: 0, id: ['id'] });
    const unit = fc.constantFrom(
      '"id":"a"',
      '"x":',
      '{',
      '}',
      '[',
      ']',
      ',',
      '1',
      '-',
      '"b"',
      ' ',
      'null',
      '"\\u0069d":"b"',
      '"values":[NaN]',
    );
    fc.assert(
      fc.property(fc.string({ unit, maxLength: 10 }), (inner) => {
        const line = `{"id":"a"${inner}}`;
        const batch = read(config, line);
        const [reject] = batch.rejects;
        if (parses(Buffer.from(line))) expect(reject === undefined || reject.code === 'JSON_DUPLICATE_KEY').toBe(true);
        else expect(reject?.code).toBe('JSON_SYNTAX');
        if (reject?.code === 'JSON_DUPLICATE_KEY') expect(line.match(/"id":|"\\u0069d":/g)!.length).toBeGreaterThan(1);
      }),
      { numRuns: 4000 },
    );
  });
});
