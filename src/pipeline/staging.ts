import { deleteObjects, deletePrefix } from '../uploaders/delete-objects.js';
import type { ObjectStore } from '../uploaders/object-store.js';
import type { StagedGroup } from '../writers/staged-split.js';
import type { SplitEntry } from './journal.js';
import { corrupt, readStateJson } from './state-json.js';

export const STAGING_PREFIX = 'staging/';
const numbered = (split: number): string => `${STAGING_PREFIX}split-${String(split).padStart(5, '0')}`;

/** The row groups that a split has staged, one after the other. */
export const stagedKey = (split: number): string => `${numbered(split)}.bin`;
/** Which of them lies where. */
const indexKey = (split: number): string => `${numbered(split)}.json`;

/** Writes the index of what a split has staged, a line for each row group. */
export async function writeStagedIndex(
  state: ObjectStore,
  plan: string,
  split: number,
  groups: readonly StagedGroup[],
  signal?: AbortSignal,
): Promise<void> {
  const lines = groups.map(({ namespace, offset, bytes, records }) =>
    JSON.stringify([namespace, offset, bytes, records]),
  );
  const head = JSON.stringify({ format: 'pineload-staged', version: 1, plan, split }).slice(0, -1);
  const bytes = Buffer.from(`${head},"groups":[\n${lines.join(',\n')}\n]}\n`);
  await state.put(indexKey(split), bytes, { contentType: 'application/json', signal });
}

/** What a split has staged, in order of namespaces. */
export async function readStagedIndex(
  state: ObjectStore,
  plan: string,
  split: number,
  signal?: AbortSignal,
): Promise<StagedGroup[]> {
  const key = indexKey(split);
  const index = await readStateJson(state, key, 'pineload-staged', signal);
  if (index === undefined || index.plan !== plan || index.split !== split) {
    throw corrupt(
      state,
      key,
      index === undefined ? 'nothing' : 'that of another plan or split',
      `the index of split ${split}`,
    );
  }
  return (index.groups as [string, number, number, number][]).map(([namespace, offset, bytes, records]) => ({
    namespace,
    offset,
    bytes,
    records,
  }));
}

/** Removes the row groups that splits have staged; the small indexes stay, which tell what was joined. */
export async function clearStagedGroups(
  state: ObjectStore,
  entries: ReadonlyMap<number, SplitEntry>,
  signal?: AbortSignal,
): Promise<void> {
  const staged = [...entries.values()].filter((entry) => entry.staged !== undefined);
  await deleteObjects(
    state,
    staged.map(({ split }) => stagedKey(split)),
    signal,
  );
}

/** Removes everything that is staged. */
export async function clearStaging(state: ObjectStore, signal?: AbortSignal): Promise<void> {
  await deletePrefix(state, STAGING_PREFIX, signal);
}
