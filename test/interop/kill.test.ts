import { describe, expect, it } from 'vitest';
import { killRuns, killShards } from '../support/kill-suite.js';
import { testSeed } from '../support/kills.js';
import { useTempDir } from '../support/temp-dir.js';

/** On a busy machine the time box ends first; then fewer targets are finished, and as many kills as there were are checked. */
const KILLS = 100;
const BOX_MS = 4 * 60_000;

const temp = useTempDir();
const seed = testSeed();

describe(`killed at ${KILLS} random moments (PINELOAD_TEST_SEED=${seed})`, () => {
  it('run ends in the same bytes and one import for each target', async () => {
    const { killed, targets } = await killRuns({ directory: temp('runs'), seed, kills: KILLS, boxMs: BOX_MS });
    console.log(`seed ${seed}: ${killed} kills over ${targets - 2} targets`);
    expect(killed).toBeGreaterThan(20);
  }, 400_000);

  it('four shards, one killed and one doubled, end in the bytes of one machine', async () => {
    await killShards(temp('shards'), seed, 5);
  }, 200_000);
});
