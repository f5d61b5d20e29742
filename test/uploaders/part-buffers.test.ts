import { describe, expect, it } from 'vitest';
import { bufferBytes, FIRST_BUFFER_BYTES, PartBuffers } from '../../src/uploaders/part-buffers.js';

const MiB = 1024 * 1024;

describe('PartBuffers', () => {
  it.each([
    [0, FIRST_BUFFER_BYTES],
    [FIRST_BUFFER_BYTES, FIRST_BUFFER_BYTES],
    [FIRST_BUFFER_BYTES + 1, 2 * FIRST_BUFFER_BYTES],
    [3 * MiB, 4 * MiB],
    [4.5 * MiB, 5 * MiB],
    [100 * MiB, 5 * MiB],
  ])('holds %d bytes of a part of 5 MiB in %d', (bytes, size) => {
    expect(bufferBytes(bytes, 5 * MiB)).toBe(size);
    expect(new PartBuffers(5 * MiB).take(bytes).length).toBe(size);
  });

  it('gives out what was given back, and lets go of it for a buffer of another size', () => {
    const buffers = new PartBuffers(5 * MiB);
    // Not handed to expect itself, which would compare their bytes.
    const isTaken = (buffer: Buffer) => buffers.take(5 * MiB) === buffer;
    const large = buffers.take(5 * MiB);
    buffers.giveBack(large);
    expect(isTaken(large)).toBe(true);
    expect(isTaken(large)).toBe(false);
    buffers.giveBack(large);
    buffers.take(1);
    expect(isTaken(large)).toBe(false);
  });
});
