import { openWorkerPool } from './threads/worker-pool.js';
import { reopenSource } from '../sources/reopen.js';
import type { InputFormat, Source } from '../sources/source.js';
import { withSignatureOf } from '../uploaders/uri.js';
import { isRemote } from '../sources/remote-uri.js';
import { listSplitEntries, readSplitEntries } from './journal.js';
import { closeTarget, openPlan, type OpenedPlan } from './open-plan.js';
import type { ConvertOptions } from './options.js';
import { storedBytes, type PlanInput } from './plan.js';
import { PineloadError } from '../base/errors.js';
import { ruleOptions } from './rule-options.js';
import { settle } from './settle.js';
import { parseShard, shareOf, type Shard } from './shard.js';
import { SplitWork } from './split-work.js';
import { openWithAccess, type StoreAccess } from './stores.js';
import { readManifest } from './target.js';

/** Options of `convertShard`. What the plan fixes may be stated only as the plan has it. */
export interface ConvertShardOptions extends Partial<Omit<ConvertOptions, 'inputs' | 'overwrite' | 'rejects'>> {
  /** URI of the state that holds the plan, or of the plan itself. */
  readonly plan: string;
  /** Which share of the splits, `i/n` from 0. Default: all of them. */
  readonly shard?: string | Shard | undefined;
}

/** What a shard ends in. */
export interface ConvertShardResult {
  readonly plan: string;
  readonly shard: Shard;
  /** The shard's splits. */
  readonly splits: number;
  /** Of them: those that were finished before this call. */
  readonly skipped: number;
  readonly records: number;
  readonly rejected: number;
  readonly files: number;
  readonly bytes: number;
  readonly seconds: number;
}

/**
 * Works through one shard of a plan. Each split that is finished goes to the journal; when the call is repeated, it is skipped. What a
 * split leaves behind follows from the plan alone: two calls for the same shard at the same time, a killed one and its successor, end the
 * same.
 */
export async function convertShard(options: ConvertShardOptions): Promise<ConvertShardResult> {
  const started = performance.now();
  const { signal } = options;
  const shard = parseShard(options.shard);
  const opened = await openPlan(options.plan, options, signal);
  const { plan, sha256, target } = opened;
  try {
    const settings = settle(
      {
        ...options,
        ...plan.options,
        maxRejects: options.maxRejects ?? plan.options.maxRejects,
        partSize: target.imports.partBytes,
      },
      target.imports.uri,
    );
    const splits = shareOf(plan.splits, shard);
    const finished = await readSplitEntries(target.state, sha256, await listSplitEntries(target.state, signal), signal);
    const skipped = splits.filter(({ index }) => finished.has(index)).length;
    if (skipped < splits.length && (await readManifest(target.state, signal)) !== undefined) {
      throw new PineloadError('TARGET_NOT_EMPTY', {
        source: target.imports.uri,
        message: 'the target holds a conversion that is sealed already, and not of this plan',
        hint: 'Plan anew with --overwrite.',
      });
    }
    const pool = openWorkerPool(
      settings.workers,
      ruleOptions(target.imports, settings.layout, settings.rules),
      storedBytes(plan),
    );
    try {
      const work = new SplitWork({
        ...options,
        ...plan.options,
        target,
        stored: opened,
        settings,
        pool,
        // What others finished is skipped already; a question for every object would be too much for a first run.
        resume: () => 'parts',
        source: sourcesOf(opened, options),
      });
      const entries = await work.run(splits, finished);
      const mine = splits.map(({ index }) => entries.get(index)!);
      const files = mine.flatMap((entry) => entry.files);
      return {
        plan: options.plan.replace(/\?.*$/s, ''),
        shard,
        splits: splits.length,
        skipped,
        records: mine.reduce((sum, { records }) => sum + records, 0),
        rejected: mine.reduce((sum, { rejects }) => sum + rejects.total, 0),
        files: files.length,
        bytes: files.reduce((sum, { bytes }) => sum + bytes, 0),
        seconds: (performance.now() - started) / 1000,
      };
    } finally {
      await pool.close();
    }
  } finally {
    await closeTarget(target);
  }
}

/** Opens inputs by number; the last one is kept, since the next piece is often of the same. */
function sourcesOf({ plan, uri }: OpenedPlan, access: StoreAccess): (input: number) => Promise<Source> {
  let last: { readonly input: number; readonly source: Source } | undefined;
  return async (input) => {
    if (last?.input !== input) last = { input, source: await reopen(plan.inputs[input]!, uri, access) };
    return last.source;
  };
}

function reopen(
  { name, format, compression, bytes, version, rootLength }: PlanInput,
  plan: string,
  access: StoreAccess,
): Promise<Source> {
  const known = { name, format: format as InputFormat, compression, bytes: bytes!, version: version!, rootLength };
  // A signature that opens the plan's container also opens inputs in it.
  const openStore = (root: string): ReturnType<typeof openWithAccess> =>
    openWithAccess(isRemote(plan) ? withSignatureOf(root, plan) : root, access);
  return reopenSource(known, openStore);
}
