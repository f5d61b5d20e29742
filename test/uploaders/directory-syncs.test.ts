import * as fs from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { DirectorySyncs } from '../../src/uploaders/directory-syncs.js';
import { POOLED_CALLS, type FileCalls } from '../../src/uploaders/local-calls.js';

const opened: string[] = [];
let holding: Promise<void> | undefined;

const calls: FileCalls = {
  ...POOLED_CALLS,
  open: async (path, flags) => {
    opened.push(path);
    await holding;
    return POOLED_CALLS.open(path, flags);
  },
};

let directory: string;
beforeEach(async () => {
  directory = await fs.mkdtemp(join(tmpdir(), 'pineload-syncs-'));
  opened.length = 0;
  holding = undefined;
});
afterEach(() => fs.rm(directory, { recursive: true, force: true }));

it('begins a new round for names that came while one was under way, and one for all of them', async () => {
  const syncs = new DirectorySyncs(() => calls);
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
  const syncs = new DirectorySyncs(() => calls);
  await syncs.settle(directory);
  expect(opened).toHaveLength(0);
  syncs.grew(directory);
  await Promise.all([syncs.settle(directory), syncs.settle(directory)]);
  await syncs.settle(directory);
  expect(opened.length).toBeLessThanOrEqual(2);
  expect(opened.length).toBeGreaterThan(0);
});

it('fails for all who asked, and works again afterwards', async () => {
  const syncs = new DirectorySyncs(() => calls);
  const missing = join(directory, 'missing');
  const rounds = await Promise.allSettled([syncs.sync(missing), syncs.sync(missing)]);
  expect(rounds.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  await fs.mkdir(missing);
  await syncs.sync(missing);
});
