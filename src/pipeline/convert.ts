import type { Source } from '../sources/source.js';
import { findMapping, findSources } from './begin.js';
import { checkWritten } from './check-written.js';
import { doneEvent, resultOf, seal, type ConvertResult } from './commit.js';
import { joinStaged } from './compact.js';
import { checkSealedDuplicates } from './duplicates.js';
import { makePlan } from './make-plan.js';
import { fillRun, type ConvertOptions } from './options.js';
import { PieceReader } from './piece-reader.js';
import { storedBytes, type Plan } from './plan.js';
import { ruleOptions } from './rule-options.js';
import { settle } from './settle.js';
import { SplitWork } from './split-work.js';
import { openTarget } from './stores.js';
import { prepareTarget, withdrawPlan } from './target.js';
import { ENOUGH_BYTES } from './threads/start-thread.js';
import { openWorkerPool } from './threads/worker-pool.js';

/**
 * Converts JSONL or CSV to namespace-partitioned Parquet, in a directory or straight into an object store.
 *
 * Makes a plan, works through all of its splits and seals the result: the very steps that several machines take with `plan`,
 * `convertShard` and `commit`. A run that was interrupted is finished by the same call: splits that are in the journal are not done again.
 * A call that finds its own finished result returns it.
 */
export async function convert(options: ConvertOptions): Promise<ConvertResult> {
  const started = performance.now();
  const to = fillRun(options.to, options.runId, 'to');
  const settings = settle(options, to);
  const { signal, onEvent } = options;
  const target = await openTarget(to, options.state, options);
  try {
    const sources = await findSources(options);
    const reading = { bytes: 0 };
    const found = await findMapping(sources, options, settings, reading);
    try {
      const made = await makePlan(sources, found.mapping.config, options, settings, target, to);
      const bytes = storedBytes(made);
      // Threads start while the target is looked at.
      const pool = openWorkerPool(
        settings.workers,
        ruleOptions(target.imports, settings.layout, settings.rules),
        bytes,
      );
      const pieces = new PieceReader(made, {
        ...options,
        target,
        settings,
        pool,
        reading,
        opened: found.opened && { input: sources.indexOf(found.source), chunks: found.opened },
      });
      try {
        // Where there is much to read, the threads are there before the target was looked at and the plan stored: a hundredth of a second.
        if (bytes >= ENOUGH_BYTES) beginFirst(pieces, made, sources);
        const prepared = await prepareTarget(target, made, { overwrite: options.overwrite ?? false, signal, onEvent });
        if (prepared.done) {
          await checkSealedDuplicates(target, prepared, options);
          const result = resultOf(target, prepared.done);
          onEvent?.({
            type: 'note',
            message: 'The target already holds exactly this conversion; nothing was done again.',
          });
          onEvent?.(doneEvent(result));
          return result;
        }
        const { plan } = prepared;
        // Another piece may be the first to be read then.
        if (prepared.resumed) await pieces.close();
        try {
          const work = new SplitWork({
            ...options,
            target,
            stored: prepared,
            settings,
            pool,
            pieces,
            resume: (split) => prepared.resumed && (prepared.begun.has(split) ? true : 'parts'),
            source: (input) => Promise.resolve(sources[input]!),
          });
          const entries = await work.run(plan.splits, prepared.finished);
          // Threads take 10 ms to end, for which only a search for duplicates waits.
          const memoryFree = pool.close();
          const { files } = await joinStaged(target, prepared, entries, options);
          await checkWritten(target, prepared, entries, files, signal);
          return await seal(target, plan, entries, files, {
            ...options,
            memoryFree,
            rejectLimit: settings.rejectLimit,
            seconds: () => (performance.now() - started) / 1000,
          });
        } catch (error) {
          if (!prepared.resumed) await withdrawPlan(target, error);
          throw error;
        }
      } finally {
        await pieces.close();
        await pool.close();
      }
    } finally {
      await found.opened?.chunks.return();
    }
  } finally {
    await target.imports.close();
    await target.state.close();
  }
}

/** Starts to read the first piece, if it is text in a file. */
function beginFirst(pieces: PieceReader, plan: Plan, sources: readonly Source[]): void {
  const piece = plan.splits[0]?.pieces[0];
  if (piece === undefined) return;
  const source = sources[piece.input]!;
  if (source.localPath !== undefined && source.format !== 'parquet') pieces.begin(piece, source);
}
