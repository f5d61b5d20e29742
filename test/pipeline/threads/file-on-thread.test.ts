import { describe, expect, it } from 'vitest';
import { FileEncoder } from '../../../src/pipeline/threads/file-encoder.js';
import { FileOnThread } from '../../../src/pipeline/threads/file-on-thread.js';
import type { WriteAnswer, WriteRequest } from '../../../src/pipeline/threads/protocol.js';
import type { ObjectInfo, ObjectWriter } from '../../../src/uploaders/object-store.js';
import { rowGroup, writeFileBytes } from '../../parquet/harness.js';

const OPTIONS = { kind: 'dense', dimension: 2, version: '0.0.0-test' } as const;
const RECORDS = [{ id: 'a', values: [1, 2] }];

/** Does what a thread does, on this one; notes what it is asked. */
function thread(asked: string[]): (request: WriteRequest) => Promise<WriteAnswer> {
  let encoder: FileEncoder | undefined;
  return async (request) => {
    asked.push(request.type);
    if (request.type === 'open') encoder = new FileEncoder(request.options, request.checksums);
    if (request.type === 'row-group')
      return { pieces: await encoder!.writeRowGroup(request.group), bytes: encoder!.bytes };
    if (request.type === 'close') return { ...(await encoder!.close()), bytes: encoder!.bytes };
    return { pieces: [], bytes: 0 };
  };
}

class Sink implements ObjectWriter {
  readonly written: Uint8Array[] = [];
  aborted = 0;
  /** Bytes that it says are missing. */
  missing = 0;
  fault: Error | undefined;

  async write(bytes: Uint8Array): Promise<void> {
    if (this.fault !== undefined) throw this.fault;
    this.written.push(bytes.slice());
  }

  async close(): Promise<ObjectInfo> {
    return { key: 'k', bytes: Buffer.concat(this.written).length - this.missing, checksums: { crc64nvme: 'own' } };
  }

  async abort(): Promise<void> {
    this.aborted++;
  }
}

describe('a file that another thread encodes', () => {
  it('arrives at the sink, with the checksums of the thread and those of the sink', async () => {
    const sink = new Sink();
    const file = new FileOnThread(0, sink, thread([]), OPTIONS, ['crc32c']);
    await file.writeRowGroup(rowGroup(RECORDS, 'dense'));
    await file.writeRowGroup(rowGroup(RECORDS, 'dense'));
    const { bytes } = file;
    const summary = await file.close();
    const here = await writeFileBytes([RECORDS, RECORDS], OPTIONS);
    expect(Buffer.concat(sink.written).equals(here.bytes)).toBe(true);
    expect(bytes).toBeLessThan(summary.bytes);
    expect(summary).toStrictEqual({
      ...here.summary,
      checksums: { crc64nvme: 'own', crc32c: expect.stringMatching(/^[0-9a-f]{8}$/) as string },
    });
  });

  it('uses a sink that takes pieces together', async () => {
    const calls: number[] = [];
    class Together extends Sink {
      async writeAll(pieces: readonly Uint8Array[]): Promise<void> {
        calls.push(pieces.length);
        this.written.push(...pieces);
      }
    }
    const sink = new Together();
    const file = new FileOnThread(0, sink, thread([]), OPTIONS, []);
    await file.writeRowGroup(rowGroup(RECORDS, 'dense'));
    await file.close();
    expect(calls).toHaveLength(2);
    expect(Buffer.concat(sink.written).equals((await writeFileBytes([RECORDS], OPTIONS)).bytes)).toBe(true);
  });

  it('is refused when the store tells of fewer bytes', async () => {
    const sink = new Sink();
    sink.missing = 1;
    const file = new FileOnThread(0, sink, thread([]), OPTIONS, []);
    await file.writeRowGroup(rowGroup(RECORDS, 'dense'));
    await expect(file.close()).rejects.toMatchObject({ code: 'CHECKSUM_MISMATCH' });
  });

  it('tells what went wrong in the sink, and is dropped once, on both sides', async () => {
    const asked: string[] = [];
    const sink = new Sink();
    sink.fault = new Error('the disk is full');
    const file = new FileOnThread(0, sink, thread(asked), OPTIONS, []);
    const group = rowGroup(
      Array.from({ length: 40_000 }, (_, i) => ({ id: `${i}`, values: [i, i] })),
      'dense',
    );
    await expect(file.writeRowGroup(group)).rejects.toThrow('the disk is full');
    await file.abort();
    await file.abort();
    expect(asked).toStrictEqual(['open', 'row-group', 'drop']);
    expect(sink.aborted).toBe(2);
  });

  it('does not hang when the thread is gone', async () => {
    const gone = (): Promise<WriteAnswer> => Promise.reject(new Error('a thread ended with 1'));
    const sink = new Sink();
    const file = new FileOnThread(0, sink, gone, OPTIONS, []);
    await expect(file.writeRowGroup(rowGroup(RECORDS, 'dense'))).rejects.toThrow('a thread ended');
    await file.abort();
    expect(sink.aborted).toBe(1);
  });
});
