import type { EventListener } from '../base/events.js';
import type { StagedGroup } from '../writers/staged-split.js';
import {
  readCompactionEntries,
  writeCompactionEntry,
  type CompactedFile,
  type CompactionEntry,
} from './compaction-journal.js';
import { compactionUnits } from './compaction-units.js';
import type { SplitEntry } from './journal.js';
import type { StoredPlan } from './plan-file.js';
import { shareOf, WHOLE, type Shard } from './shard.js';
import { readStagedIndex } from './staging.js';
import type { Target } from './stores.js';

/** What joining came to. */
export interface Compacted {
  /** Units of this shard. */
  readonly units: number;
  /** Of them: those that were finished before. */
  readonly skipped: number;
  /** The files of the shard's units. */
  readonly files: readonly CompactedFile[];
}

/**
 * Joins the small row groups that the splits have staged, namespace by namespace in the order of splits, to files of the import. Units
 * that are finished are not done again; what a unit leaves behind follows from the plan and its splits alone.
 *
 * @param entries of all splits of the plan
 */
export async function joinStaged(
  target: Target,
  { plan, sha256 }: StoredPlan,
  entries: ReadonlyMap<number, SplitEntry>,
  options: {
    readonly shard?: Shard | undefined;
    readonly signal?: AbortSignal | undefined;
    readonly onEvent?: EventListener | undefined;
  },
): Promise<Compacted> {
  const { signal, onEvent } = options;
  const staged = new Map<number, readonly StagedGroup[]>();
  for (const { split, staged: some } of entries.values()) {
    if (some !== undefined) staged.set(split, await readStagedIndex(target.state, sha256, split, signal));
  }
  if (staged.size === 0) return { units: 0, skipped: 0, files: [] };
  const units = shareOf(compactionUnits(staged), options.shard ?? WHOLE);
  const finished = await readCompactionEntries(target.state, sha256, signal);
  const files: CompactedFile[] = [];
  const skipped = units.filter(({ index }) => finished.has(index)).length;
  if (skipped < units.length) {
    onEvent?.({
      type: 'note',
      message: `Joining the row groups of small namespaces from ${staged.size} splits, in ${units.length - skipped} steps.`,
    });
  }
  const { compactUnit } = await import('./compact-unit.js');
  for (const unit of units) {
    const entry: CompactionEntry =
      finished.get(unit.index) ??
      (await writeCompactionEntry(
        target.state,
        { plan: sha256, unit: unit.index, files: await compactUnit(target, plan, unit, signal) },
        signal,
      ));
    for (const file of entry.files) files.push(file);
  }
  return { units: units.length, skipped, files };
}
