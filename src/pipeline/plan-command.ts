import { findMapping, findSources } from './begin.js';
import { listSplitEntries, readSplitEntries } from './journal.js';
import { makePlan } from './make-plan.js';
import { PineloadError } from '../base/errors.js';
import { fillRun, type ConvertOptions } from './options.js';
import { PLAN_KEY } from './plan.js';
import { settle } from './settle.js';
import { openTarget } from './stores.js';
import { prepareTarget } from './target.js';
import { closeTarget } from './open-plan.js';

/** Options of `plan`: those of `convert`; what only says how the work is done is of no account. */
export type PlanCommandOptions = ConvertOptions;

/** What a plan comes to. */
export interface PlanResult {
  /** URI of the plan object, to be given to `convertShard` and `commit`. */
  readonly plan: string;
  /** Lower-case hex of the plan's bytes. */
  readonly planSha256: string;
  readonly to: string;
  readonly state: string;
  readonly inputs: number;
  /** Stored bytes of all inputs. */
  readonly bytes: number;
  readonly splits: number;
  /** Splits that are finished already, when the same plan was made before. */
  readonly finishedSplits: number;
  readonly seconds: number;
}

/**
 * Makes a plan for many machines: lists the inputs, settles the mapping by the first records, cuts everything into splits and puts that
 * into the state, frozen. The same call again finds its own plan; one with other inputs or options is refused with the difference
 * unless `overwrite` is set.
 */
export async function plan(options: PlanCommandOptions): Promise<PlanResult> {
  const started = performance.now();
  const to = fillRun(options.to, options.runId, 'to');
  const settings = settle(options, to);
  const { signal, onEvent } = options;
  const target = await openTarget(to, options.state, options);
  try {
    const sources = await findSources(options);
    const stream = sources.find(({ version }) => version === undefined);
    if (stream !== undefined) {
      throw new PineloadError('INPUT_UNREADABLE', {
        source: stream.name,
        message: 'this input is a stream; a plan is worked on by others, who could not read it',
        hint: 'Write it to a file or an object first, or use "pineload convert" on this machine.',
      });
    }
    const { mapping } = await findMapping(sources, options, settings);
    const made = await makePlan(sources, mapping.config, options, settings, target, to);
    const stored = await prepareTarget(target, made, {
      overwrite: options.overwrite ?? false,
      frozen: true,
      signal,
      onEvent,
    });
    const finished = await readSplitEntries(
      target.state,
      stored.sha256,
      await listSplitEntries(target.state, signal),
      signal,
    );
    const { inputs, splits } = stored.plan;
    const bytes = inputs.reduce((sum, input) => sum + (input.bytes ?? 0), 0);
    onEvent?.({ type: 'plan', inputs: inputs.length, splits: splits.length, bytes, resumedSplits: finished.size });
    return {
      plan: target.state.uri + PLAN_KEY,
      planSha256: stored.sha256,
      to: target.imports.uri,
      state: target.state.uri,
      inputs: inputs.length,
      bytes,
      splits: splits.length,
      finishedSplits: finished.size,
      seconds: (performance.now() - started) / 1000,
    };
  } finally {
    await closeTarget(target);
  }
}
