import { PineloadError } from '../base/errors.js';
import type { ObjectStore } from '../uploaders/object-store.js';
import type { DuplicatesMode } from './duplicates-mode.js';
import { readStateJson, writeStateJson } from './state-json.js';

/**
 * What was found and done. In modes `first` and `last` it is noted before the first file is written anew, since the files then no longer
 * tell; in the others when the conversion is sealed. It lies with the journal, and goes with it.
 */
export interface DuplicatesDecision {
  readonly format: 'pineload-duplicates';
  readonly version: 1;
  /** SHA-256 of the plan. */
  readonly plan: string;
  readonly mode: Exclude<DuplicatesMode, 'allow'>;
  readonly ids: number;
  readonly vectors: number;
  readonly byNamespace: Readonly<Record<string, number>>;
}

const DECISION_KEY = 'journal/duplicates.json';
/** Split and row of each record that is left out, sorted: pairs of 32-bit words, little-endian. */
export const DROPPED_KEY = 'journal/duplicates.bin';

/** That of the plan; undefined when there is none, or that of another plan. */
export async function readDecision(
  state: ObjectStore,
  plan: string,
  signal?: AbortSignal,
): Promise<DuplicatesDecision | undefined> {
  const found = await readStateJson(state, DECISION_KEY, 'pineload-duplicates', signal);
  const decision = found as unknown as DuplicatesDecision | undefined;
  return decision?.plan === plan ? decision : undefined;
}

export async function writeDecision(
  state: ObjectStore,
  decision: Omit<DuplicatesDecision, 'format' | 'version'>,
  signal?: AbortSignal,
): Promise<DuplicatesDecision> {
  const whole: DuplicatesDecision = { format: 'pineload-duplicates', version: 1, ...decision };
  await writeStateJson(state, DECISION_KEY, whole, signal);
  return whole;
}

/** Were records left out? */
export function leavesOut(decision: DuplicatesDecision | undefined): decision is DuplicatesDecision {
  return (
    decision !== undefined &&
    (decision.mode === 'first' || decision.mode === 'last') &&
    decision.ids + decision.vectors > 0
  );
}

/** Refuses a mode that would have left another result. @throws PLAN_DIFFERS */
export function checkSameDecision(
  decision: DuplicatesDecision | undefined,
  mode: DuplicatesMode,
  state: ObjectStore,
): void {
  if (decision === undefined || decision.ids + decision.vectors === 0 || decision.mode === mode) return;
  // Nothing was left out, and nothing is to be.
  if (decision.mode === 'warn' && mode === 'allow') return;
  throw new PineloadError('PLAN_DIFFERS', {
    source: state.uri,
    field: 'duplicates',
    message: 'duplicates were dealt with in another way before',
    expected: decision.mode,
    got: mode,
    hint: `Go on with --duplicates ${decision.mode}, or start anew with --overwrite.`,
  });
}
