import { eachAtOnce } from '../base/each-at-once.js';
import type { MetadataChanges } from '../records/rules/metadata-mend.js';
import type { ObjectStore } from '../uploaders/object-store.js';
import type { ManifestFile } from '../writers/manifest.js';
import type { JoinedFixes } from './join-fixed.js';
import type { RejectCounts } from './reject-log.js';
import { corrupt, readStateJson, writeStateJson } from './state-json.js';

/** What a finished split left behind. Its presence means that the split is done: files first, this last. */
export interface SplitEntry {
  readonly format: 'pineload-split';
  readonly version: 1;
  /** SHA-256 of the plan that it is a split of. */
  readonly plan: string;
  readonly split: number;
  readonly records: number;
  readonly files: readonly ManifestFile[];
  readonly rejects: RejectCounts;
  /** One for each piece of the split, in order. */
  readonly pieces: readonly PieceEntry[];
  /** Row groups that wait in the state to be joined with those of other splits. Absent: none. */
  readonly staged?: { readonly groups: number; readonly bytes: number; readonly records: number } | undefined;
  /** The split is mended rejects, joined after the plan's own were done. */
  readonly joined?: JoinedFixes | undefined;
  /** Metadata values that the options had changed. */
  readonly metadataChanges?: MetadataChanges | undefined;
}

/** What only reading could tell of a piece. */
export interface PieceEntry {
  /** Of a range: its line feeds. With those of the ranges before it, the line of every record in the input is known. */
  readonly lineFeeds?: number | undefined;
}

/** Journal entries read at once. */
export const ENTRIES_AT_ONCE = 16;

const PREFIX = 'journal/';
const SPLIT_PREFIX = `${PREFIX}split-`;
const keyOf = (split: number): string => `${SPLIT_PREFIX}${String(split).padStart(5, '0')}.json`;

/** The splits that have an entry, of whatever plan, by the names of the entries alone. */
export async function listSplitEntries(state: ObjectStore, signal?: AbortSignal): Promise<number[]> {
  const splits: number[] = [];
  for await (const { key } of state.list(SPLIT_PREFIX, { signal })) {
    const match = /split-(\d{5,})\.json$/.exec(key);
    if (match !== null && keyOf(Number(match[1])) === key) splits.push(Number(match[1]));
  }
  return splits;
}

/** The entries of a plan's finished splits, by split. Those of another plan are passed over. */
export async function readSplitEntries(
  state: ObjectStore,
  plan: string,
  splits: readonly number[],
  signal?: AbortSignal,
): Promise<Map<number, SplitEntry>> {
  const read = await eachAtOnce(splits, ENTRIES_AT_ONCE, signal, (split) => readSplitEntry(state, split, signal));
  const entries = new Map<number, SplitEntry>();
  for (const entry of read) if (entry?.plan === plan) entries.set(entry.split, entry);
  return entries;
}

async function readSplitEntry(
  state: ObjectStore,
  split: number,
  signal?: AbortSignal,
): Promise<SplitEntry | undefined> {
  const key = keyOf(split);
  const entry = (await readStateJson(state, key, 'pineload-split', signal)) as unknown as SplitEntry | undefined;
  if (entry === undefined || entry.split === split) return entry;
  throw corrupt(state, key, `the entry of split ${entry.split}`, `that of split ${split}`);
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

/** Forgets one split. */
export function deleteSplitEntry(state: ObjectStore, split: number, signal?: AbortSignal): Promise<void> {
  return state.delete(keyOf(split), signal);
}

/** Forgets all splits, so that they are done anew. */
export async function clearJournal(state: ObjectStore, signal?: AbortSignal): Promise<void> {
  const keys: string[] = [];
  for await (const { key } of state.list(PREFIX, { signal })) keys.push(key);
  for (const key of keys) await state.delete(key, signal);
}
