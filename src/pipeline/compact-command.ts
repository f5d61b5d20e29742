import { waitForSplits, type WaitForSplits } from './commit-command.js';
import { joinStaged } from './compact.js';
import { closeTarget, openPlan } from './open-plan.js';
import { parseShard, type Shard } from './shard.js';

/** Options of `compact`. */
export interface CompactOptions extends WaitForSplits {
  /** URI of the state that holds the plan, or of the plan itself. */
  readonly plan: string;
  /** Which share of the joining, `i/n` from 0; any n. Default: all of it. */
  readonly shard?: string | Shard | undefined;
}

/** What joining ends in. */
export interface CompactResult {
  readonly shard: Shard;
  /** Steps of this shard. */
  readonly units: number;
  /** Of them: those that were finished before this call. */
  readonly skipped: number;
  readonly files: number;
  readonly records: number;
  readonly bytes: number;
  readonly seconds: number;
}

/**
 * Joins the small row groups that the splits of a plan have staged, on as many machines as there are; without it, `commit` does it alone.
 * Nothing is encoded anew. Does nothing where nothing is staged. May be repeated.
 *
 * @throws SPLITS_MISSING when not all splits are finished
 */
export async function compact(options: CompactOptions): Promise<CompactResult> {
  const started = performance.now();
  const shard = parseShard(options.shard);
  const opened = await openPlan(options.plan, options, options.signal);
  try {
    const entries = await waitForSplits(opened, options);
    const { units, skipped, files } = await joinStaged(opened.target, opened, entries, { ...options, shard });
    return {
      shard,
      units,
      skipped,
      files: files.length,
      records: files.reduce((sum, { records }) => sum + records, 0),
      bytes: files.reduce((sum, { bytes }) => sum + bytes, 0),
      seconds: (performance.now() - started) / 1000,
    };
  } finally {
    await closeTarget(opened.target);
  }
}
