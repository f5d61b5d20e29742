import { closeSync, openSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readAt } from '../../src/base/read-at.js';

describe('reads of a local file', () => {
  const bytes = Uint8Array.from({ length: 6_000_000 }, (_, i) => (i * 31) % 253);
  let directory: string;
  let file: string;
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'pineload-read-'));
    file = join(directory, 'file');
    await writeFile(file, bytes);
  });
  afterAll(() => rm(directory, { recursive: true }));

  it.each([
    [0, 10],
    [5_999_995, 10],
    [6_000_000, 10],
    [1, 5_000_000],
    [3, 0],
  ])('give what lies from %i on, %i bytes at most', async (start, length) => {
    const fd = openSync(file, 'r');
    try {
      const target = new Uint8Array(length);
      const got = await readAt(fd, target, start);
      expect(Buffer.from(target.subarray(0, got)).equals(bytes.subarray(start, start + length))).toBe(true);
    } finally {
      closeSync(fd);
    }
  });

  it('let timers and signals pass, however many there are', async () => {
    const fd = openSync(file, 'r');
    try {
      let ticks = 0;
      const timer = setInterval(() => ticks++, 1);
      const target = new Uint8Array(64 * 1024);
      for (const end = performance.now() + 300; performance.now() < end;) await readAt(fd, target, 0);
      clearInterval(timer);
      // A turn of the event loop every 20 ms, however slow the machine is.
      expect(ticks).toBeGreaterThan(2);
    } finally {
      closeSync(fd);
    }
  });

  it('fail as the file system says', async () => {
    const fd = openSync(file, 'r');
    closeSync(fd);
    await expect(readAt(fd, new Uint8Array(1), 0)).rejects.toThrow();
  });
});
