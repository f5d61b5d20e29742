import { PineloadError, quote } from '../base/errors.js';
import { DEFAULT_NAMESPACE } from '../records/limits.js';
import type { PineconeClient } from './api-client.js';
import { namespaceName } from './answers.js';
import { finding, type Finding } from './findings.js';
import type { IndexStats } from './types.js';

/** Up to so many target namespaces are asked for one by one; for more the whole list is read. */
export const NAMESPACE_PROBES = 50;
/** Names that a message lists. */
const SHOWN_NAMES = 5;

/**
 * None of the target namespaces may exist, and `__default__` must be empty: an import cannot add to what is there, and
 * the service finds out only after the start. Stats leave out namespaces that are empty, so the namespace endpoints
 * are asked as well; where they are refused (older API versions) the stats have to do.
 */
export async function checkNamespaces(
  client: PineconeClient,
  targets: readonly string[],
  stats: IndexStats | undefined,
  signal?: AbortSignal,
): Promise<Finding> {
  const present = await namespacesPresent(client, targets, stats, signal);
  if (present === undefined) {
    return finding('warning', 'NAMESPACES_NEW', 'whether the target namespaces exist could not be found out', {
      expected: 'namespaces that do not exist',
    });
  }
  if (present.size === 0) {
    const { size } = new Set(targets.map(namespaceName));
    return finding('ok', 'NAMESPACES_NEW', `none of the ${size} target namespaces is taken`);
  }
  const names = [...present.keys()].sort();
  const shown = names.slice(0, SHOWN_NAMES).map((name) => `${quote(name)} (${present.get(name) ?? 'unknown'} records)`);
  const more = names.length > SHOWN_NAMES ? ` and ${names.length - SHOWN_NAMES} more` : '';
  return finding('error', 'NAMESPACES_NEW', 'an import fills only namespaces that do not exist yet', {
    expected: 'new namespaces, and an empty default namespace',
    got: `${shown.join(', ')}${more}`,
    hint:
      'Import into new namespaces (for instance with {run} in their names), or delete these first if nobody needs them. ' +
      'If a failed import left them behind: pineload import retry --delete-leftovers.',
  });
}

/**
 * Those of the target namespaces that exist, with their records as far as they are known. The default namespace, which
 * always exists, counts only when it holds records.
 *
 * @returns undefined when neither stats nor namespaces may be asked for
 */
export async function namespacesPresent(
  client: PineconeClient,
  targets: readonly string[],
  stats: IndexStats | undefined,
  signal?: AbortSignal,
): Promise<Map<string, number | undefined> | undefined> {
  const wanted = new Set(targets.map(namespaceName));
  const present = new Map<string, number | undefined>();
  for (const name of wanted) {
    const count = stats?.namespaces.get(name);
    if (count !== undefined) present.set(name, count);
  }
  try {
    for await (const [name, records] of existing(client, wanted, present, signal)) present.set(name, records);
  } catch (error) {
    if (!(error instanceof PineloadError) || !isRefusal(error)) throw error;
    if (stats === undefined) return undefined;
  }
  if (!(Number(present.get(DEFAULT_NAMESPACE)) > 0)) present.delete(DEFAULT_NAMESPACE);
  return present;
}

async function* existing(
  client: PineconeClient,
  wanted: ReadonlySet<string>,
  found: ReadonlyMap<string, unknown>,
  signal: AbortSignal | undefined,
): AsyncGenerator<[string, number | undefined], void, undefined> {
  if (wanted.size > NAMESPACE_PROBES) {
    for await (const { name, records } of client.listNamespaces({ signal })) {
      if (wanted.has(name) && !found.has(name)) yield [name, records];
    }
    return;
  }
  for (const name of wanted) {
    if (found.has(name)) continue;
    const info = await client.describeNamespace(name, { signal });
    if (info !== undefined) yield [name, info.records];
  }
}

/** The service does not do this call (for this key, index or API version), which trying again would not change. */
export function isRefusal(error: PineloadError): boolean {
  return error.code === 'API_REFUSED' || error.code === 'API_NOT_FOUND' || error.code === 'API_UNAUTHORIZED';
}
