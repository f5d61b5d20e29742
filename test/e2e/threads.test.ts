import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import type * as WorkerPoolModule from '../../src/pipeline/threads/worker-pool.js';
import { FLAT } from '../../src/writers/layout.js';
import type { FileEncoders, FileTerms, NamespaceRest } from '../../src/writers/namespace-files.js';
import type { ObjectWriter } from '../../src/uploaders/object-store.js';
import { MemorySink, rowGroup, writeFileBytes, type TestRecord } from '../parquet/harness.js';
import { jsonl } from '../readers/support.js';
import { useTempDir } from '../support/temp-dir.js';

// Threads are started from compiled files only.
const { openWorkerPool, BLOCKS_AHEAD, MAX_BLOCKS_AHEAD } = (await import(
  new URL('../../dist/pipeline/threads/worker-pool.js', import.meta.url).href
)) as typeof WorkerPoolModule;

const temp = useTempDir();
const OPTIONS = { kind: 'dense', dimension: 4, version: '0.0.0-test', pageBytes: 64 * 1024 } as const;
const RULES = {} as Parameters<typeof openWorkerPool>[1];

const records = (file: number, group: number, rows: number): TestRecord[] =>
  Array.from({ length: rows }, (_, row) => ({
    id: `${file}-${group}-${row}`,
    values: [file, group, row, 0.5],
    metadata: row % 3 === 0 ? null : JSON.stringify({ row }),
  }));

const openFile = (encoders: FileEncoders, sink: MemorySink): ReturnType<FileEncoders['open']> =>
  encoders.open(sink as unknown as ObjectWriter, OPTIONS, ['crc64nvme', 'crc32c']);

describe('threads', () => {
  it.each([2, 3])('%d of them encode files at the same time, each as one would', async (workers) => {
    const pool = openWorkerPool(workers, RULES);
    try {
      await Promise.all(
        [0, 1, 2, 3, 4].map(async (file) => {
          const groups = [1, 2, 3].map((group) => records(file, group, 1000 * (file + group)));
          const sink = new MemorySink();
          const written = openFile(pool.encoders!, sink);
          for (const group of groups) await written.writeRowGroup(rowGroup(group, 'dense'));
          const summary = await written.close();
          const here = await writeFileBytes(groups, OPTIONS);
          expect(sink.bytes.equals(here.bytes)).toBe(true);
          expect(summary).toMatchObject({
            ...here.summary,
            checksums: { crc32c: expect.stringMatching(/^[0-9a-f]{8}$/) as string },
          });
        }),
      );
    } finally {
      await pool.close();
    }
  });

  it('tell of a fault, and go on with other files', async () => {
    const pool = openWorkerPool(2, RULES);
    try {
      const bad = openFile(pool.encoders!, new MemorySink());
      const group = rowGroup(records(0, 0, 3), 'dense');
      await expect(bad.writeRowGroup({ ...group, values: new Float32Array(5) })).rejects.toMatchObject({
        code: 'PARQUET_WRITE',
        message: expect.stringContaining('dense vectors and records differ in number') as string,
      });
      await bad.abort();
      const sink = new MemorySink();
      const good = openFile(pool.encoders!, sink);
      await good.writeRowGroup(rowGroup(records(1, 1, 3), 'dense'));
      await good.close();
      expect(sink.bytes.equals((await writeFileBytes([records(1, 1, 3)], OPTIONS)).bytes)).toBe(true);
    } finally {
      await pool.close();
    }
  });

  it('that have ended make an error of whatever they are asked, then and later', async () => {
    const pool = openWorkerPool(2, RULES);
    const file = openFile(pool.encoders!, new MemorySink());
    const under = file.writeRowGroup(rowGroup(records(0, 0, 10_000), 'dense'));
    const ended = expect(under).rejects.toMatchObject({
      code: 'UNEXPECTED',
      message: expect.stringContaining('a thread ended with') as string,
    });
    await pool.close();
    await ended;
    await expect(file.writeRowGroup(rowGroup(records(0, 0, 3), 'dense'))).rejects.toThrow('a thread ended');
    await expect(file.close()).rejects.toThrow('a thread ended');
    await file.abort();
  });

  it('write small files into a directory, and tell what is in the way of one', async () => {
    const pool = openWorkerPool(2, RULES);
    const root = `${temp('root')}/`;
    await mkdir(root);
    const terms: FileTerms = {
      ...OPTIONS,
      layout: FLAT,
      split: 3,
      targetFileBytes: 1_000_000,
      compression: undefined,
      ifAbsent: false,
      resume: false,
    };
    const rest = (n: number): NamespaceRest => {
      const group = rowGroup(records(n, 0, 10 + n), 'dense');
      return { namespace: `n${n}`, sequence: n, group, rawBytes: 1_000 };
    };
    const handovers = [0, 1, 2, 3, 4].map((k) => Array.from({ length: 20 }, (_, i) => rest(20 * k + i)));
    try {
      const written = await Promise.all(handovers.map((rests) => pool.encoders!.writeRests(root, terms, rests)));
      const files = written.flat().sort((a, b) => a.records - b.records);
      expect(files.map(({ namespace }) => namespace)).toEqual(handovers.flat().map(({ namespace }) => namespace));
      for (const [n, file] of files.entries()) {
        const here = await writeFileBytes([records(n, 0, 10 + n)], OPTIONS);
        expect(file).toMatchObject({ ...here.summary, path: `n${n}/part-00003-${String(n).padStart(5, '0')}.parquet` });
        expect(file.crc64nvme).toMatch(/^[0-9a-f]{16}$/);
        expect((await readFile(root + file.path)).equals(here.bytes)).toBe(true);
      }
      await writeFile(`${root}n500`, '');
      const blocked = pool.encoders!.writeRests(root, terms, [rest(500), rest(501)]);
      await expect(blocked).rejects.toMatchObject({ code: 'STORE_REFUSED', source: `${root}n500/` });
      expect(await readdir(root, { recursive: true })).toContain('n501/part-00003-00501.parquet');
    } finally {
      await pool.close();
    }
  });

  it('may be further ahead while the columns that they make are small', async () => {
    const pool = openWorkerPool(2, RULES);
    const config = jsonl({ metadata: { from: 'none' } });
    const readRecords = async (count: number): Promise<void> => {
      const lines = Array.from({ length: count }, (_, i) => `{"id":"${i}","values":[${i},0.5]}\n`);
      const bytes = Buffer.from(lines.join(''));
      const read = await pool.read(config, { source: 'in', bytes, firstLine: 1, byteOffset: 0, rejects: [] });
      expect(read.batch.rows).toBe(count);
      read.release();
    };
    try {
      expect(pool.blocks).toBe(2 * (1 + BLOCKS_AHEAD));
      await readRecords(10);
      expect(pool.blocks).toBe(2 * (1 + MAX_BLOCKS_AHEAD));
      await readRecords(100_000);
      expect(pool.blocks).toBe(2 * (1 + BLOCKS_AHEAD));
    } finally {
      await pool.close();
    }
  });
});
