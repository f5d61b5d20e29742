import { PineloadError, quote } from '../base/errors.js';
import type { EventListener } from '../base/events.js';
import type { Manifest } from '../writers/manifest.js';
import { namespaceName } from './answers.js';
import type { PineconeClient } from './api-client.js';
import { pause } from './backoff.js';
import { namespacesPresent } from './check-namespaces.js';
import type { ImportClaim } from './claim-record.js';
import { statsUnlessRefused } from './preflight.js';
import type { ImportModel } from './types.js';

/** How long a deleted namespace may go on being listed, in ms: the service deletes in the background. */
export const DELETE_PATIENCE_MS = 2 * 60_000;
/** Between two looks at it in ms. */
export const DELETE_POLL_MS = 1_000;
const SHOWN_NAMES = 10;

export interface LeftoverOptions {
  readonly client: PineconeClient;
  /** Of the import that came to nothing. */
  readonly claim: ImportClaim;
  /** That import as the service describes it; undefined when nothing was started. */
  readonly model: ImportModel | undefined;
  /** What was to be imported. */
  readonly manifest: Manifest;
  /** Delete what was left behind. */
  readonly remove: boolean;
  /** Default DELETE_PATIENCE_MS. */
  readonly patienceMs?: number | undefined;
  /** Default DELETE_POLL_MS. */
  readonly pollMs?: number | undefined;
  readonly onEvent?: EventListener | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * A failed import leaves namespaces behind, which stand in the way of the next. Says which, and deletes them if told to:
 * but only those that are certainly of this import. They were seen not to exist before it, it did not fail since one was
 * there after all, and they hold no more records than it brought.
 *
 * @returns the namespaces that were deleted
 * @throws NAMESPACES_LEFT naming those that have to be deleted first
 */
export async function clearLeftovers(options: LeftoverOptions): Promise<string[]> {
  const { client, manifest, remove, onEvent, signal } = options;
  const targets = manifest.namespaces.map(({ namespace }) => namespaceName(namespace));
  const look = async (): Promise<Map<string, number | undefined>> =>
    (await namespacesPresent(client, targets, await statsUnlessRefused(client, signal), signal)) ?? new Map();
  const left = await look();
  if (left.size === 0) return [];
  const names = [...left.keys()].sort();
  if (!remove) {
    throw inTheWay(left, names, 'Delete them, or let them be deleted with --delete-leftovers, if nobody needs them.');
  }
  const doubt = doubtOf(options, left);
  if (doubt !== undefined) {
    throw inTheWay(
      left,
      names,
      `They are not deleted by --delete-leftovers: ${doubt}. Delete them by hand, if nobody needs them.`,
    );
  }
  for (const name of names) {
    onEvent?.({
      type: 'note',
      message: `deleting namespace ${quote(name)}, left behind by import ${options.model?.id ?? '?'}`,
    });
    await client.deleteNamespace(name, { signal });
  }
  const end = performance.now() + (options.patienceMs ?? DELETE_PATIENCE_MS);
  for (;;) {
    const still = await look();
    if (still.size === 0) return names;
    if (performance.now() >= end) {
      throw inTheWay(still, [...still.keys()].sort(), 'They were deleted, but are still listed: try again in a while.');
    }
    await pause(options.pollMs ?? DELETE_POLL_MS, signal);
  }
}

/** Why the namespaces may hold something that is not of this import. */
function doubtOf(
  { claim, model, manifest }: LeftoverOptions,
  left: ReadonlyMap<string, number | undefined>,
): string | undefined {
  if (claim.fresh !== true) return 'it is not known whether they were there before the import';
  // The service's words for it: `Namespace "x" already exists. Imports are only allowed into nonexistent namespaces.`
  if (/already exists|nonexistent/i.test(model?.error ?? '')) return 'the import failed since they were there before';
  for (const { namespace, records } of manifest.namespaces) {
    const name = namespaceName(namespace);
    if ((left.get(name) ?? 0) > records) return `${quote(name)} holds more records than the import brought`;
  }
  return undefined;
}

function inTheWay(
  left: ReadonlyMap<string, number | undefined>,
  names: readonly string[],
  hint: string,
): PineloadError {
  const shown = names.slice(0, SHOWN_NAMES).map((name) => `${quote(name)} (${left.get(name) ?? 'unknown'} records)`);
  const more = names.length > SHOWN_NAMES ? ` and ${names.length - SHOWN_NAMES} more` : '';
  return new PineloadError('NAMESPACES_LEFT', {
    expected: 'none of the target namespaces',
    got: `${shown.join(', ')}${more}`,
    hint,
  });
}
