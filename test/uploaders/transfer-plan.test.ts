import { describe, expect, it } from 'vitest';
import type { PineloadEvent } from '../../src/base/events.js';
import { chooseConcurrency, heldBytes } from '../../src/uploaders/transfer-plan.js';
import { TransferProgress } from '../../src/uploaders/transfer-progress.js';

const MiB = 1024 * 1024;
const many = (count: number, bytes: number) => Array.from({ length: count }, () => bytes);

describe('chooseConcurrency', () => {
  it.each([
    ['one large file: many of its parts', { sizes: [10e9] }, { files: 1, parts: 6 }],
    ['one large file and more memory', { sizes: [10e9], memory: 1e9 }, { files: 1, parts: 8 }],
    ['two large files', { sizes: many(2, 1e9) }, { files: 2, parts: 2 }],
    ['many large files: two parts each', { sizes: many(100, 400e6) }, { files: 32, parts: 2 }],
    ['many small files', { sizes: many(10_000, 1000) }, { files: 32, parts: 2 }],
    ['parts one after the other', { sizes: [10e9], sequential: true }, { files: 1, parts: 1 }],
    ['told', { sizes: many(100, 1e9), files: 3, parts: 5 }, { files: 3, parts: 5 }],
    ['nothing', { sizes: [] }, { files: 1, parts: 2 }],
  ])('%s', (_, input, expected) => {
    expect(chooseConcurrency(input)).toMatchObject(expected);
  });

  it.each([300e6, 512e6, 2e9])('keeps what is held within %d bytes', (memory) => {
    for (const sizes of [many(1, 10e9), many(5, 1e9), many(100, 100e6), many(10_000, 1000)]) {
      const { files, parts, bufferBytes } = chooseConcurrency({ sizes, memory });
      expect(bufferBytes).toBeLessThan(memory - 150e6);
      // The byte budget lets in as many files as fit; one always goes.
      expect(heldBytes(sizes[0]!, 16 * MiB, parts)).toBeLessThanOrEqual(bufferBytes + MiB);
      expect(files).toBeGreaterThan(0);
    }
  });
});

describe('TransferProgress', () => {
  it('tells rate and time left over the last seconds', () => {
    let now = 0;
    const events: { readonly bytesPerSecond?: number | undefined; readonly secondsLeft?: number | undefined }[] = [];
    const onEvent = (event: PineloadEvent) => {
      if (event.type === 'upload.progress') events.push(event);
    };
    const file = { path: 'a', bytes: 100e6, sha256: '' };
    const progress = new TransferProgress('upload.progress', [file], onEvent, () => now);
    // A slow beginning, which does not count for ever: 10 s of 100 kB/s, then 30 s of 2 MB/s.
    for (let i = 0; i < 400; i++) {
      now += 100;
      progress.moved(i < 100 ? 10_000 : 200_000);
    }
    expect(events[0]?.bytesPerSecond).toBeUndefined();
    const last = events.at(-1)!;
    expect(last.bytesPerSecond).toBeCloseTo(2e6, -5);
    expect(last.secondsLeft).toBeCloseTo((100e6 - 61e6) / 2e6, 0);
    // No more than five a second.
    expect(events.length).toBeLessThanOrEqual(201);
  });
});
