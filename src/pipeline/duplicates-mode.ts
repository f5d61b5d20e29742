import { PineloadError } from '../base/errors.js';
import type { Plan } from './plan.js';

/**
 * What is done about repeated ids in a namespace, and identical vectors in a namespace: stop (`error`), say so (`warn`), do not look
 * (`allow`), or keep only the `first` or `last` of each.
 */
export type DuplicatesMode = 'error' | 'warn' | 'allow' | 'first' | 'last';

export const DUPLICATES_MODES: readonly DuplicatesMode[] = ['error', 'warn', 'allow', 'first', 'last'];

/** The service fails an import in error mode `abort`, its default, over the first duplicate. */
export const DEFAULT_DUPLICATES: DuplicatesMode = 'error';
/** In error mode `continue` the service leaves duplicates out, and says nothing. */
export const DEFAULT_DUPLICATES_CONTINUE: DuplicatesMode = 'warn';

/** @throws OPTION_INVALID */
export function checkDuplicatesMode(
  mode: DuplicatesMode | undefined,
  among: readonly DuplicatesMode[] = DUPLICATES_MODES,
): DuplicatesMode | undefined {
  if (mode === undefined || among.includes(mode)) return mode;
  throw new PineloadError('OPTION_INVALID', {
    field: 'duplicates',
    expected: among.join(', '),
    got: JSON.stringify(mode),
  });
}

/** Fingerprints are taken unless the plan says that nobody will look for duplicates. */
export function takesFingerprints(plan: Plan): boolean {
  return plan.output.duplicates !== 'allow';
}

/** The mode in force: as stated now, else when the plan was made. @throws OPTION_INVALID */
export function duplicatesMode(plan: Plan, stated: DuplicatesMode | undefined): DuplicatesMode {
  const mode = checkDuplicatesMode(stated) ?? plan.options.duplicates ?? DEFAULT_DUPLICATES;
  if (takesFingerprints(plan)) return mode;
  if (stated === undefined || stated === 'allow') return 'allow';
  throw new PineloadError('OPTION_INVALID', {
    field: 'duplicates',
    message: 'the plan says that nobody will look for duplicates, so nothing was noted to find them by',
    expected: 'allow',
    got: stated,
    hint: 'Plan anew without --duplicates allow.',
  });
}
