import { eachAtOnce } from '../base/each-at-once.js';
import type { ObjectStore } from '../uploaders/object-store.js';
import type { ManifestFile } from '../writers/manifest.js';
import { ENTRIES_AT_ONCE } from './journal.js';
import { readStateJson, writeStateJson } from './state-json.js';

/** A file that row groups of several splits were joined to. */
export interface CompactedFile extends ManifestFile {
  /** Split and records of each row group, in order. */
  readonly parts: readonly (readonly [split: number, records: number])[];
}

/** What a finished unit of the joining left behind. */
export interface CompactionEntry {
  readonly format: 'pineload-compaction';
  readonly version: 1;
  /** SHA-256 of the plan. */
  readonly plan: string;
  readonly unit: number;
  readonly files: readonly CompactedFile[];
}

const PREFIX = 'journal/compact-';
const keyOf = (unit: number): string => `${PREFIX}${String(unit).padStart(5, '0')}.json`;

/** The finished units of a plan. */
export async function readCompactionEntries(
  state: ObjectStore,
  plan: string,
  signal?: AbortSignal,
): Promise<Map<number, CompactionEntry>> {
  const keys: string[] = [];
  for await (const { key } of state.list(PREFIX, { signal })) keys.push(key);
  const read = await eachAtOnce(keys, ENTRIES_AT_ONCE, signal, (key) =>
    readStateJson(state, key, 'pineload-compaction', signal),
  );
  const entries = new Map<number, CompactionEntry>();
  for (const value of read) {
    const entry = value as unknown as CompactionEntry | undefined;
    if (entry?.plan === plan) entries.set(entry.unit, entry);
  }
  return entries;
}

export async function writeCompactionEntry(
  state: ObjectStore,
  entry: Omit<CompactionEntry, 'format' | 'version'>,
  signal?: AbortSignal,
): Promise<CompactionEntry> {
  const whole: CompactionEntry = { format: 'pineload-compaction', version: 1, ...entry };
  await writeStateJson(state, keyOf(entry.unit), whole, signal);
  return whole;
}
