import { describe, expect, it } from 'vitest';
import { killRuns, killShards } from '../support/kill-suite.js';
import { testSeed } from '../support/kills.js';
import { useTempDir } from '../support/temp-dir.js';

const KILLS = 100;

const temp = useTempDir();
const seed = testSeed();

describe(`killed at ${KILLS} random moments (PINELOAD_TEST_SEED=${seed})`, () => {
  it('run ends in the same bytes and one import for each target', async () => {
    const { killed, targets } = await killRuns({ directory: temp('runs'), seed, kills: KILLS });
    console.log(`seed ${seed}: ${killed} kills over ${targets - 2} targets`);
    expect(killed).toBe(KILLS);
    // Two minutes on a machine that does nothing else.
  }, 1_200_000);

  it('four shards, one killed and one doubled, end in the bytes of one machine', async () => {
    const killed = await killShards(temp('shards'), seed, 5);
    console.log(`seed ${seed}: ${killed} of 5 shards were killed before they ended`);
    expect(killed).toBeGreaterThan(0);
  }, 400_000);
});
