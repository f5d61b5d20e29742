import { setTimeout as sleep } from 'node:timers/promises';
import { parseDuration } from '../base/duration.js';
import { throwIfAborted } from '../base/abort.js';
import { PineloadError } from '../base/errors.js';
import { checkWritten } from './check-written.js';
import { joinStaged } from './compact.js';
import { resultOf, seal, type ConvertResult } from './commit.js';
import { checkSealedDuplicates, isRewriting } from './duplicates.js';
import type { DuplicatesMode } from './duplicates-mode.js';
import { listSplitEntries, readSplitEntries, type SplitEntry } from './journal.js';
import { closeTarget, openPlan, type OpenedPlan } from './open-plan.js';
import { parseRejectLimit, type CommonOptions, type LimitOptions } from './options.js';
import { corrupt } from './state-json.js';
import { checkFilesPresent, readManifest } from './target.js';

/** How long `wait: true` waits for the shards: a day. */
export const DEFAULT_COMMIT_WAIT_MS = 24 * 60 * 60 * 1000;
/** Between two looks at the journal while waiting. */
export const COMMIT_POLL_MS = 5_000;

/** How the shards are waited for. */
export interface WaitForSplits extends CommonOptions {
  /**
   * Wait until every split is in the journal: true for DEFAULT_COMMIT_WAIT_MS, or a duration such as `2h`. Only the journal is looked at,
   * so whoever waits needs no rights on what runs the shards. Default: do not wait.
   */
  readonly wait?: boolean | string | undefined;
  /** Between two looks, a duration. Default COMMIT_POLL_MS. */
  readonly poll?: string | undefined;
}

/** Options of `commit`. */
export interface CommitOptions extends WaitForSplits, LimitOptions {
  /** URI of the state that holds the plan, or of the plan itself. */
  readonly plan: string;
  /** Default: what the plan says. */
  readonly maxRejects?: number | string | undefined;
  /** What is done about repeated ids and identical vectors. Default: what the plan says. */
  readonly duplicates?: DuplicatesMode | undefined;
  /** Memory of the whole process, for finding duplicates. Default DEFAULT_MAX_MEMORY_BYTES. */
  readonly maxMemory?: number | string | undefined;
  /** For temporary files. Default: the system's. */
  readonly tmpDir?: string | undefined;
  /** Local file for the rejected records. Default: `rejects.jsonl` in the state. */
  readonly rejects?: string | undefined;
}

/**
 * Seals what the shards of a plan wrote: every split is there, none twice, no other `.parquet` is in the import directory, limits are kept,
 * rejects are within their share and told with the lines of their inputs; then the manifest. May be repeated.
 *
 * @throws SPLITS_MISSING (retryable), TARGET_STRAY_FILES, FILE_CHANGED, TOO_MANY_REJECTS, LIMIT_EXCEEDED
 */
export async function commit(options: CommitOptions): Promise<ConvertResult> {
  const started = performance.now();
  const opened = await openPlan(options.plan, options, options.signal);
  const { plan, target } = opened;
  try {
    const entries = await waitForSplits(opened, options);
    // Whatever "compact" has not joined yet.
    const { files: compacted } = await joinStaged(target, opened, entries, options);
    if (await isRewriting(target, opened.sha256, options.signal)) {
      const sealed = await readManifest(target.state, options.signal);
      if (sealed !== undefined) {
        await checkSealedDuplicates(target, opened, options);
        await checkFilesPresent(target.imports, sealed, options.signal);
        return resultOf(target, sealed);
      }
    }
    await checkWritten(target, opened, entries, compacted, options.signal);
    return await seal(target, plan, entries, compacted, {
      ...options,
      rejectLimit: parseRejectLimit({
        onError: plan.options.onError,
        maxRejects: options.maxRejects ?? plan.options.maxRejects,
      }),
      seconds: () => (performance.now() - started) / 1000,
    });
  } finally {
    await closeTarget(target);
  }
}

/** The entries of all splits, waited for if that is asked. */
export async function waitForSplits(
  { plan, sha256, target }: OpenedPlan,
  { wait, poll, signal, onEvent }: WaitForSplits,
): Promise<Map<number, SplitEntry>> {
  const waitMs =
    wait === undefined || wait === false ? 0 : wait === true ? DEFAULT_COMMIT_WAIT_MS : parseDuration(wait, 'wait');
  const pollMs = poll === undefined ? COMMIT_POLL_MS : parseDuration(poll, 'poll');
  const deadline = performance.now() + waitMs;
  const wanted = plan.splits.length;
  let seen = -1;
  for (;;) {
    throwIfAborted(signal);
    const listed = await listSplitEntries(target.state, signal);
    // An entry of another plan may lie there until its split is done anew: names tell when to look, contents what is finished.
    const entries =
      listed.length >= wanted
        ? await readSplitEntries(target.state, sha256, listed, signal)
        : new Map<number, SplitEntry>();
    if (entries.size >= wanted) {
      const foreign = [...entries.keys()].find((split) => split >= wanted);
      if (foreign === undefined) return entries;
      throw corrupt(target.state, 'journal/', `an entry for split ${foreign}`, `entries for splits 0 to ${wanted - 1}`);
    }
    if (performance.now() >= deadline) throw await missing(wanted, listed, sha256, target.state, signal);
    if (listed.length !== seen) {
      seen = listed.length;
      onEvent?.({
        type: 'note',
        message: `Waiting for the shards: ${Math.min(seen, wanted)} of ${wanted} splits are finished.`,
      });
    }
    await sleep(Math.min(pollMs, Math.max(1, deadline - performance.now())), undefined, { signal }).catch(
      () => undefined,
    );
  }
}

async function missing(
  wanted: number,
  listed: readonly number[],
  plan: string,
  state: OpenedPlan['target']['state'],
  signal: AbortSignal | undefined,
): Promise<PineloadError> {
  const entries = await readSplitEntries(state, plan, listed, signal);
  const absent = Array.from({ length: wanted }, (_, i) => i).filter((split) => !entries.has(split));
  const shown = absent.slice(0, 10).join(', ');
  return new PineloadError('SPLITS_MISSING', {
    source: state.uri,
    expected: `${wanted} finished splits`,
    got: `${entries.size}; missing: ${shown}${absent.length > 10 ? ', …' : ''}`,
    hint: 'Run the shards that they belong to again (split i belongs to shard i modulo n), or wait for them with --wait.',
  });
}
