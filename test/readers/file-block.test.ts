import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { jsonlChunks } from '../../src/readers/chunks.js';
import { createReader } from '../../src/readers/create-reader.js';
import type { ChunkReader, ReaderConfig } from '../../src/readers/reader.js';
import { VectorMemory } from '../../src/records/fingerprint/vector-memory.js';
import type { Reject } from '../../src/records/reject.js';
import { csv, jsonl, rowsOf, type Row } from './support.js';

let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'pineload-blocks-'));
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

interface Outcome {
  readonly rows: Row[];
  readonly rejects: Reject[];
}

/** Reads a text from a file in blocks of `blockBytes`, and counts its lines as the pipeline does. */
function inBlocks(text: Buffer, blockBytes: number, maxRecordBytes: number, config: ReaderConfig): Outcome {
  const file = join(directory, 'in.jsonl');
  writeFileSync(file, text);
  const fd = openSync(file, 'r');
  const reader = createReader(config);
  const rows: Row[] = [];
  const rejects: Reject[] = [];
  let before = 0;
  try {
    for (let start = 0; start < text.length; start += blockBytes) {
      const end = Math.min(start + blockBytes, text.length);
      const common = { source: 'in', fd, fileBytes: text.length, maxRecordBytes, rejects: [] };
      const { batch, lines } = reader.view({ ...common, cut: 'lines', start, end, firstLine: 1 });
      rows.push(...rowsOf(batch).map((row) => ({ ...row, line: row.line + before })));
      rejects.push(...batch.rejects.map((reject) => ({ ...reject, line: reject.line + before })));
      before += lines;
    }
  } finally {
    closeSync(fd);
  }
  return { rows, rejects };
}

/** The same text as a stream, which is cut at its line ends before it is read. */
async function asStream(text: Buffer, maxRecordBytes: number, config: ReaderConfig): Promise<Outcome> {
  const reader = createReader(config);
  const rows: Row[] = [];
  const rejects: Reject[] = [];
  const bytes = (async function* () {
    yield text;
  })();
  for await (const chunk of jsonlChunks(bytes, { source: 'in', maxRecordBytes })) {
    const batch = reader.read(chunk);
    rows.push(...rowsOf(batch));
    rejects.push(...batch.rejects);
  }
  return { rows, rejects };
}

const config = jsonl({ metadata: { from: 'none' }, namespace: ['ns'], keepRaw: true });
const record = (id: string): string => JSON.stringify({ id, values: [1, 2] });

describe('blocks of a file', () => {
  const line = fc.oneof(
    { weight: 6, arbitrary: fc.string({ maxLength: 40, unit: 'grapheme' }).map(record) },
    fc.constantFrom('', '   ', '{', 'no JSON', '{"id":"x","values":[1]}', record('long'.repeat(60))),
  );
  const text = fc
    .record({
      bom: fc.boolean(),
      lines: fc.array(fc.tuple(line, fc.constantFrom('\n', '\n', '\r\n')), { maxLength: 30 }),
      last: fc.option(line, { nil: '' }),
    })
    .map(({ bom, lines, last }) => Buffer.from(`${bom ? '\ufeff' : ''}${lines.flat().join('')}${last}`));

  it('hold what the lines of the stream hold, wherever they are cut', async () => {
    await fc.assert(
      fc.asyncProperty(text, fc.integer({ min: 4, max: 300 }), async (bytes, blockBytes) => {
        // As the pipeline has it: a block is never larger than a record may be.
        for (const maxRecordBytes of [blockBytes, 100_000]) {
          expect(inBlocks(bytes, blockBytes, maxRecordBytes, config)).toStrictEqual(
            await asStream(bytes, maxRecordBytes, config),
          );
        }
      }),
      { numRuns: 150, seed: 3 },
    );
  });

  it('belong together in every cut of one text', async () => {
    const bytes = Buffer.from(`${record('é')}\r\n\n${record('b')}\nwrong\n${record('c'.repeat(70))}\n${record('end')}`);
    const whole = await asStream(bytes, 64, config);
    expect(whole.rejects.map(({ code, line }) => [code, line])).toStrictEqual([
      ['JSON_SYNTAX', 4],
      ['RECORD_TOO_LARGE', 5],
    ]);
    for (let blockBytes = 4; blockBytes <= 64; blockBytes++) {
      expect(inBlocks(bytes, blockBytes, 64, config), `${blockBytes}`).toStrictEqual(whole);
    }
  });

  it('count the bytes of a line that is too large to the end, and keep its beginning', () => {
    const huge = Buffer.from(`${record('a')}\n${'x'.repeat(700_000)}\n${record('b')}\n`);
    const { rows, rejects } = inBlocks(huge, 1000, 200_000, config);
    expect(rows.map(({ id, line }) => [id, line])).toStrictEqual([
      ['a', 1],
      ['b', 3],
    ]);
    expect(rejects).toMatchObject([
      { code: 'RECORD_TOO_LARGE', line: 2, got: '700000 bytes', raw: 'x'.repeat(256), byteOffset: 26 },
    ]);
  });

  it('of rows are read as they are', () => {
    const text = Buffer.from('skipped\na,"1\n,2"\nb,"3,4"\nnot read');
    const file = join(directory, 'in.csv');
    writeFileSync(file, text);
    const fd = openSync(file, 'r');
    try {
      const reader = createReader(csv('id,values'));
      const place = { start: 8, end: 25, firstLine: 2, fileBytes: text.length, maxRecordBytes: 100, rejects: [] };
      const { batch, lines } = reader.view({ source: 'in', fd, cut: 'rows', ...place });
      expect(rowsOf(batch)).toMatchObject([
        { id: 'a', values: [1, 2], line: 2, byteOffset: 8 },
        { id: 'b', values: [3, 4], line: 4, byteOffset: 17 },
      ]);
      expect(lines).toBe(3);
    } finally {
      closeSync(fd);
    }
  });
});

describe('rows near a place', () => {
  const HEADER = 'id,text,values';

  /** Each text is a file; the block is that of its bytes from `start` on. */
  function near(text: string, start: number, end: number, tail = ''): ReturnType<ChunkReader['view']> {
    const bytes = Buffer.from(text + tail);
    const file = join(directory, 'near.csv');
    writeFileSync(file, bytes);
    const fd = openSync(file, 'r');
    try {
      const common = { source: 'in', fd, fileBytes: bytes.length, maxRecordBytes: 100_000, rejects: [], firstLine: 1 };
      return createReader(csv(HEADER)).view({ ...common, cut: 'rows-near', start, end });
    } finally {
      closeSync(fd);
    }
  }

  it.each([
    ['the first whole row behind the place', 'xx,1 2\na,b,1 2\nc,d,3 4\n', 2, 16, [7, 23], ['a', 'c']],
    ['a row that begins at the place', 'x,y,1 2\na,b,1 2\nc,d,3 4\n', 8, 20, [8, 24], ['a', 'c']],
    ['not one that begins with the next block', 'x,y,1 2\na,b,1 2\nc,d,3 4\n', 8, 16, [8, 16], ['a']],
    ['not a line of a quoted text that breaks the rules', 'x\ny","1 2"\na,b,1 2\n', 1, 19, [11, 19], ['a']],
    ['not a line whose next one breaks the rules', 'x\ny,z,1 2\nmore","1 2"\na,b,1 2\n', 1, 29, [22, 30], ['a']],
    ['no row that has an open quote at the end', 'x,y,1 2\na,b,1 2\nc,"d', 3, 20, [8, 16], ['a']],
    ['rows whose characters the end of the bytes cuts', 'x,y,1 2\na,é,1 2\n', 3, 17, [8, 17], ['a']],
  ] as const)('are %s', (_, text, start, end, place, ids) => {
    const read = near(text, start, end);
    expect(read.place).toStrictEqual(place);
    expect(rowsOf(read.batch).map(({ id }) => id)).toStrictEqual(ids);
    expect(read.batch.rejects).toStrictEqual([]);
  });

  it.each([
    ['none begins', 'x,y,1 2 and more', 1, 8],
    ['the only one has no line feed', 'x,y,1 2\na,b,1 2', 3, 15],
    ['none is whole', 'x,y,1 2\na,"b\n\n', 1, 14],
    ['what looks like rows is no records', `x,"${'\na,b,c'.repeat(50)}`, 1, 200],
  ])('are none where %s', (_, text, start, end) => {
    const { batch, place } = near(text, start, end);
    expect(place).toBeUndefined();
    expect([batch.rows, batch.rejects]).toStrictEqual([0, []]);
  });

  it('are not cut by the bytes behind the block, in the midst of a character', () => {
    const whole = `a,${'中'.repeat(20)},1 2\n`;
    // 64 KiB are read behind a block: at each of three lengths they end elsewhere in a character.
    for (const text of ['x\n', 'xx\n', 'xxx\n']) {
      const read = near(text + whole, 1, text.length + 10, '中'.repeat(30_000));
      expect(rowsOf(read.batch).map(({ id }) => id)).toStrictEqual(['a']);
      expect(read.place).toStrictEqual([text.length, text.length + Buffer.byteLength(whole)]);
    }
  });
});

describe('packing', () => {
  const kinds = ['dense', 'sparse', 'hybrid'] as const;

  it.each(kinds)('keeps the good rows of %s records, by namespace and in order, in one buffer', (kind) => {
    const mapping = jsonl({
      kind,
      dimension: kind === 'sparse' ? 0 : 2,
      values: kind === 'sparse' ? undefined : { field: ['values'] },
      sparse: kind === 'dense' ? undefined : ['sparse'],
    });
    const lines = Array.from({ length: 60 }, (_, i) =>
      JSON.stringify({
        id: `id-${'x'.repeat(i % 7)}${i}`,
        namespace: `n${(i * 7) % 4}`,
        values: [i, -i],
        ...(kind === 'hybrid' && i % 5 === 0 ? {} : { sparse: { indices: [i, i + 9], values: [0.5, i] } }),
        ...(i % 3 === 0 ? {} : { metadata: { i, text: 'ö'.repeat(i) } }),
      }),
    );
    const reader = createReader(mapping);
    const bytes = Buffer.from(lines.join('\n'));
    const { batch } = reader.view({ source: 'in', bytes, firstLine: 1, byteOffset: 0, rejects: [] });
    const order = new Map(batch.namespaces.dictionary.map((name, i) => [name, i]));
    for (const row of [0, 13, 59]) batch.rejected[row] = 1;
    const expected = rowsOf(batch)
      .filter((_, row) => batch.rejected[row] === 0)
      .sort((a, b) => order.get(a.namespace)! - order.get(b.namespace)!);

    const packed = reader.pack(batch);
    expect(rowsOf(packed)).toStrictEqual(expected);
    const memory = packed.ids.bytes.buffer;
    for (const column of [packed.values, packed.sparse?.values, packed.metadata.bytes, packed.origin.lines]) {
      if (column !== undefined) expect(column.buffer).toBe(memory);
    }

    // The same memory serves again.
    const again = reader.view({ source: 'in', bytes, firstLine: 1, byteOffset: 0, rejects: [] }).batch;
    expect(reader.pack(again, { memory }).ids.bytes.buffer).toBe(memory);
  });

  // From 512 numbers on vectors are copied out of the kernel one by one.
  it.each([3, 8, 511, 512, 600])('keeps vectors of %i numbers with their rows, and takes their hashes', (dimension) => {
    fc.assert(
      fc.property(
        fc.array(fc.record({ namespace: fc.constantFrom('a', 'b', 'c'), bad: fc.boolean() }), { maxLength: 24 }),
        fc.boolean(),
        (rows, oneNamespace) => {
          const reader = createReader(jsonl({ dimension }));
          const lines = rows.map(({ namespace }, i) =>
            JSON.stringify({
              id: `id-${i}`,
              namespace: oneNamespace ? 'one' : namespace,
              values: Array.from({ length: dimension }, (_, d) => i + d / 1024),
            }),
          );
          const bytes = Buffer.from(lines.join('\n'));
          const { batch } = reader.view({ source: 'in', bytes, firstLine: 1, byteOffset: 0, rejects: [] });
          const order = new Map(batch.namespaces.dictionary.map((name, i) => [name, i]));
          rows.forEach(({ bad }, i) => (batch.rejected[i] = bad ? 1 : 0));
          const expected = rowsOf(batch)
            .filter((_, row) => batch.rejected[row] === 0)
            .sort((a, b) => order.get(a.namespace)! - order.get(b.namespace)!);
          const packed = reader.pack(batch, { hashes: true });
          expect(rowsOf(packed)).toStrictEqual(expected);

          const memory = VectorMemory.take();
          memory.values(packed.rows, dimension).set(packed.values!);
          expect(packed.vectorHashes).toEqual(memory.look().hashes);
          memory.release();
          expect(reader.pack(batch).vectorHashes).toBeUndefined();
        },
      ),
      { numRuns: 60, seed: 5, endOnFailure: true },
    );
  });
});
