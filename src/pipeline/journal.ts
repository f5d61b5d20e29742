import type { ObjectStore } from '../uploaders/object-store.js';
import type { ManifestFile } from '../writers/manifest.js';
import type { RejectCounts } from './reject-log.js';
import { readStateJson, writeStateJson } from './state-json.js';

/** What a finished split left behind. Its presence means that the split is done: files first, this last. */
export interface SplitEntry {
  readonly format: 'pineload-split';
  readonly version: 1;
  readonly split: number;
  readonly records: number;
  readonly files: readonly ManifestFile[];
  readonly rejects: RejectCounts;
}

const PREFIX = 'journal/';
const keyOf = (split: number): string => `${PREFIX}split-${String(split).padStart(5, '0')}.json`;

export async function readSplitEntry(
  state: ObjectStore,
  split: number,
  signal?: AbortSignal,
): Promise<SplitEntry | undefined> {
  const entry = await readStateJson(state, keyOf(split), 'pineload-split', signal);
  return entry as unknown as SplitEntry | undefined;
}

export async function writeSplitEntry(
  state: ObjectStore,
  entry: Omit<SplitEntry, 'format' | 'version'>,
  signal?: AbortSignal,
): Promise<SplitEntry> {
  const whole: SplitEntry = { format: 'pineload-split', version: 1, ...entry };
  await writeStateJson(state, keyOf(entry.split), whole, signal);
  return whole;
}

/** Forgets all splits, so that they are done anew. */
export async function clearJournal(state: ObjectStore, signal?: AbortSignal): Promise<void> {
  const keys: string[] = [];
  for await (const { key } of state.list(PREFIX, { signal })) keys.push(key);
  for (const key of keys) await state.delete(key, signal);
}
