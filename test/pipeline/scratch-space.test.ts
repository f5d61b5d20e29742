import { statfs } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import type { PineloadError } from '../../src/base/errors.js';
import type { PineloadEvent } from '../../src/base/events.js';
import { checkScratchSpace, scratchNeeded, type ScratchFacts } from '../../src/pipeline/scratch-space.js';
import { useTempDir } from '../support/temp-dir.js';

const temp = useTempDir();
const GB = 1e9;
const facts: ScratchFacts = { splitBytes: 2 * GB, compressed: false, oneNamespace: false, maxBufferedBytes: 0.25 * GB };

describe('the room that temporary files may need', () => {
  it.each<[string, Partial<ScratchFacts>, number | undefined]>([
    ['half of the text', {}, GB],
    ['more of a compressed one', { compressed: true }, 4 * GB],
    ['for all splits at once', { splitsAtOnce: 3 }, 3 * GB],
    ['none with one namespace', { oneNamespace: true }, 0],
    ['none when it fits the memory', { splitBytes: 0.2 * GB }, 0],
    ['not known', { splitBytes: undefined }, undefined],
  ])('%s', (_name, more, bytes) => expect(scratchNeeded({ ...facts, ...more })).toBe(bytes));
});

describe('looking for it', () => {
  const check = async (
    more: Partial<ScratchFacts>,
    options: { tmpDir: string; tmpCheck?: boolean },
  ): Promise<{ error: PineloadError | undefined; warnings: string[] }> => {
    const warnings: string[] = [];
    const onEvent = (event: PineloadEvent): void => {
      if (event.type === 'warning') warnings.push(event.message);
    };
    const error = await checkScratchSpace({ ...facts, ...more }, { ...options, onEvent }).then(
      () => undefined,
      (thrown: PineloadError) => thrown,
    );
    return { error, warnings };
  };
  const tooMuch = { splitBytes: 2 ** 52 };

  it('says need and have', async () => {
    const { error } = await check(tooMuch, { tmpDir: temp() });
    const { bavail, bsize } = await statfs(temp());
    expect(error).toMatchObject({ code: 'SCRATCH_TOO_SMALL', exitCode: 4, source: temp() });
    expect(error!.expected).toBe('up to 2252 TB');
    expect(bavail * bsize).toBeLessThan(2 ** 51);
    expect(error!.message).toMatch(/expected up to 2252 TB, got \d.* [GT]B/);
  });

  it('goes on when told to, with a warning', async () => {
    const { error, warnings } = await check(tooMuch, { tmpDir: temp(), tmpCheck: false });
    expect(error).toBeUndefined();
    expect(warnings).toEqual([expect.stringContaining('too little room')]);
  });

  it.each([
    ['is not there', () => temp('none')],
    ['is a read-only place', () => '/proc/sys/kernel'],
  ])('a directory that %s', async (_name, tmpDir) => {
    const { error } = await check({ splitBytes: 1.9 * GB }, { tmpDir: tmpDir() });
    expect(error).toMatchObject({ code: 'SCRATCH_TOO_SMALL', source: tmpDir() });
    const unknown = await check({ splitBytes: undefined }, { tmpDir: tmpDir() });
    expect(unknown).toMatchObject({ error: undefined, warnings: [expect.stringContaining('cannot be written')] });
  });

  it('says nothing where there is room, or no need', async () => {
    expect(await check({ splitBytes: 1e6 }, { tmpDir: temp('none') })).toEqual({ error: undefined, warnings: [] });
    expect(await check({ splitBytes: 0.6 * GB }, { tmpDir: temp() })).toEqual({ error: undefined, warnings: [] });
  });
});
