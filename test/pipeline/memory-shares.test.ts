import { describe, expect, it } from 'vitest';
import {
  MIN_BUFFER_BYTES,
  MIN_MEMORY_BYTES,
  RESERVED_MEMORY_BYTES,
  WORKER_MEMORY_BYTES,
} from '../../src/pipeline/options.js';
import { shareMemory, STORE_MEMORY_BYTES, type MemorySharesInput } from '../../src/pipeline/memory-shares.js';
import { STREAM_PART_BYTES } from '../../src/pipeline/stores.js';

const MiB = 1024 ** 2;
const remote = (input: Partial<MemorySharesInput>): MemorySharesInput => ({ remote: true, cpus: 2, ...input });

describe('what the memory of a conversion is spent on', () => {
  it.each<[string, MemorySharesInput, workers: number, objects: number | undefined, parts: number | undefined]>([
    ['a directory, by default', { remote: false, cpus: 2, maxMemory: '512MB' }, 2, undefined, undefined],
    ['a directory in 300 MB', { remote: false, cpus: 2, maxMemory: '300MB' }, 2, undefined, undefined],
    ['a store, by default', remote({ maxMemory: '512MB' }), 2, 8, 4],
    ['a store in 400 MB', remote({ maxMemory: '400MB' }), 2, 4, 4],
    ['a store in 300 MB', remote({ maxMemory: '300MB' }), 1, 2, 2],
    ['a store in the least memory', remote({ maxMemory: MIN_MEMORY_BYTES }), 1, 1, 1],
    ['large parts', remote({ maxMemory: '512MB', partSize: 16 * MiB }), 2, 4, 4],
    ['very large parts', remote({ maxMemory: '512MB', partSize: 64 * MiB }), 2, 1, 1],
    ['parts smaller than S3 takes', remote({ maxMemory: '300MB', partSize: MiB }), 1, 3, 3],
    ['more parts of an object, as stated', remote({ maxMemory: '1GB', parts: 12 }), 2, 8, 12],
    ['more threads, as stated', remote({ maxMemory: '512MB', workers: 4 }), 4, 6, 4],
    ['many CPUs', remote({ maxMemory: '512MB', cpus: 64 }), 6, 2, 2],
  ])('%s', (_name, input, workers, openObjects, partsOnTheWay) => {
    const shares = shareMemory(input);
    expect([shares.workers, shares.openObjects, shares.partsOnTheWay]).toEqual([workers, openObjects, partsOnTheWay]);
  });

  it.each([300, 350, 400, 512, 1_000, 4_000].flatMap((mb) => [5, 8, 16].map((part) => [mb, part] as const)))(
    'never sums up to more than there is: %i MB, parts of %i MiB',
    (mb, part) => {
      for (const cpus of [1, 2, 8]) {
        const partSize = part * MiB;
        const shares = shareMemory({ remote: true, cpus, maxMemory: mb * 1e6, partSize });
        const held = (shares.openObjects! + shares.partsOnTheWay!) * partSize;
        const threads = shares.workers * WORKER_MEMORY_BYTES;
        const sum = RESERVED_MEMORY_BYTES + STORE_MEMORY_BYTES + threads + held + shares.gatheredBytes;
        expect(sum).toBeLessThanOrEqual(mb * 1e6);
        expect(shares.gatheredBytes).toBeGreaterThanOrEqual(MIN_BUFFER_BYTES);
      }
    },
  );

  it('by default, rows of all open objects have room beside their parts', () => {
    const { gatheredBytes, openObjects } = shareMemory(remote({ maxMemory: '512MB' }));
    expect(gatheredBytes).toBeGreaterThan(openObjects! * STREAM_PART_BYTES * 1.25);
  });
});
