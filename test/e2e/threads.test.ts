import { describe, expect, it } from 'vitest';
import type * as WorkerPoolModule from '../../src/pipeline/threads/worker-pool.js';
import type { FileEncoders } from '../../src/writers/namespace-files.js';
import type { ObjectWriter } from '../../src/uploaders/object-store.js';
import { MemorySink, rowGroup, writeFileBytes, type TestRecord } from '../parquet/harness.js';

// Threads are started from compiled files only.
const { openWorkerPool } = (await import(
  new URL('../../dist/pipeline/threads/worker-pool.js', import.meta.url).href
)) as typeof WorkerPoolModule;

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
});
