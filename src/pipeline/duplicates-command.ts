import { PineloadError } from '../base/errors.js';
import { waitForSplits, type WaitForSplits } from './commit-command.js';
import { takesFingerprints } from './duplicates-mode.js';
import { FingerprintedSplits } from './duplicates-splits.js';
import { MAX_MERGE_SHARDS, mergeShard, type ShardCandidates } from './duplicates-shards.js';
import { closeTarget, openPlan } from './open-plan.js';
import { bufferBudget } from './options.js';
import { parseShard, type Shard } from './shard.js';
import { readManifest } from './target.js';

/** Options of `duplicates`. */
export interface MergeDuplicatesOptions extends WaitForSplits {
  /** URI of the state that holds the plan, or of the plan itself. */
  readonly plan: string;
  /** Which share of all fingerprints, `i/n` from 0. Default: all. */
  readonly shard?: string | Shard | undefined;
  /** Memory of the whole process. Default DEFAULT_MAX_MEMORY_BYTES. */
  readonly maxMemory?: number | string | undefined;
}

/** What a shard of the merge has found. */
export interface MergeDuplicatesResult {
  readonly shard: Shard;
  /** Records that share the fingerprint of their id, or of their vector, with another one; undefined when there was nothing to do. */
  readonly candidates: ShardCandidates | undefined;
  /** Why there was nothing to do. */
  readonly skipped: 'sealed' | 'allowed' | undefined;
}

/**
 * Merges a share of the fingerprints of a plan's splits, so that several machines can look for duplicates at once. `commit` takes what the
 * shards have found, merges what none has, and ends in the same bytes as without them. May be repeated, with any number of shards.
 *
 * @throws SPLITS_MISSING (retryable), OPTION_INVALID, STATE_CORRUPT, PLAN_MISSING
 */
export async function mergeDuplicates(options: MergeDuplicatesOptions): Promise<MergeDuplicatesResult> {
  const { signal } = options;
  const shard = parseShard(options.shard);
  if (shard.of > MAX_MERGE_SHARDS) {
    throw new PineloadError('OPTION_INVALID', {
      field: 'shard',
      expected: `at most ${MAX_MERGE_SHARDS} shards`,
      got: String(shard.of),
    });
  }
  const opened = await openPlan(options.plan, options, signal);
  const { plan, sha256, target } = opened;
  try {
    if (!takesFingerprints(plan)) return { shard, candidates: undefined, skipped: 'allowed' };
    const entries = await waitForSplits(opened, options);
    // Then nothing needs to be found any more.
    if ((await readManifest(target.state, signal)) !== undefined) {
      return { shard, candidates: undefined, skipped: 'sealed' };
    }
    const memoryBytes = bufferBudget(options.maxMemory) / 2;
    // A share of each is wanted: none is read whole.
    const splits = await FingerprintedSplits.open(target, plan, entries, [], 0, signal);
    const candidates = await mergeShard(target.state, sha256, splits.files, shard, memoryBytes, signal);
    return { shard, candidates, skipped: undefined };
  } finally {
    await closeTarget(target);
  }
}
