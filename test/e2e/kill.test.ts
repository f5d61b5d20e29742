import { describe, expect, it } from 'vitest';
import { killRuns, killShards } from '../support/kill-suite.js';
import { testSeed } from '../support/kills.js';
import { useTempDir } from '../support/temp-dir.js';

/** A few of the kills that test/interop/kill.test.ts makes by the hundred. */

const temp = useTempDir();
const seed = testSeed();

describe(`killed at random moments (PINELOAD_TEST_SEED=${seed})`, () => {
  it('run ends in the same bytes and one import for each target', async () => {
    const { killed, targets } = await killRuns({ directory: temp('runs'), seed, kills: 6, boxMs: 20_000 });
    expect(killed).toBeGreaterThan(0);
    expect(targets).toBeGreaterThan(2);
  }, 180_000);

  it('four shards, one killed and one doubled, end in the bytes of one machine', async () => {
    await killShards(temp('shards'), seed, 1);
  }, 120_000);
});
