import * as fs from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';

const opened: string[] = [];
let holding: Promise<void> | undefined;

vi.mock('node:fs/promises', async (original) => {
  const real = await original<typeof fs>();
  return {
    ...real,
    open: async (path: string, flags: string) => {
      opened.push(path);
      await holding;
      return real.open(path, flags);
    },
  };
});

const { DirectorySyncs } = await import('../../src/uploaders/directory-syncs.js');

let directory: string;
beforeEach(async () => {
  directory = await fs.mkdtemp(join(tmpdir(), 'pineload-syncs-'));
  opened.length = 0;
  holding = undefined;
});
afterEach(() => fs.rm(directory, { recursive: true, force: true }));

it('begins a new round for names that came while one was under way, and one for all of them', async () => {
  const syncs = new DirectorySyncs();
  let release = (): void => undefined;
  holding = new Promise((resolve) => (release = resolve));
  const rounds = [syncs.sync(directory), syncs.sync(directory), syncs.sync(directory)];
  expect(opened).toHaveLength(1);
  release();
  await Promise.all(rounds);
  expect(opened).toHaveLength(2);
  await syncs.sync(directory);
  expect(opened).toHaveLength(3);
});

it('syncs a directory only while others that were made in it may not last', async () => {
  const syncs = new DirectorySyncs();
  await syncs.settle(directory);
  expect(opened).toHaveLength(0);
  syncs.grew(directory);
  await Promise.all([syncs.settle(directory), syncs.settle(directory)]);
  await syncs.settle(directory);
  expect(opened.length).toBeLessThanOrEqual(2);
  expect(opened.length).toBeGreaterThan(0);
});

it('fails for all who asked, and works again afterwards', async () => {
  const syncs = new DirectorySyncs();
  const missing = join(directory, 'missing');
  const rounds = await Promise.allSettled([syncs.sync(missing), syncs.sync(missing)]);
  expect(rounds.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  await fs.mkdir(missing);
  await syncs.sync(missing);
});
