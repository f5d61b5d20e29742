import { partKeySplit } from '../writers/part-names.js';
import type { CompactedFile } from './compaction-journal.js';
import { isRewriting } from './duplicates.js';
import type { SplitEntry } from './journal.js';
import type { StoredPlan } from './plan-file.js';
import { corrupt } from './state-json.js';
import type { Target } from './stores.js';
import { checkTargetFiles, listParquet, strayFiles } from './target.js';

/**
 * Does the target hold what the journal says, each file once and whole, and no other that Pinecone would import? To be asked before a
 * conversion is sealed: between its splits lie other processes, other machines and other days.
 *
 * @param entries of every split of the plan
 * @param compacted files that staged row groups of them were joined to
 * @throws STATE_CORRUPT, FILE_CHANGED, TARGET_STRAY_FILES
 */
export async function checkWritten(
  target: Target,
  stored: StoredPlan,
  entries: ReadonlyMap<number, SplitEntry>,
  compacted: readonly CompactedFile[],
  signal: AbortSignal | undefined,
): Promise<void> {
  const sizes = filesOnce(target, stored, entries, compacted);
  if (!(await isRewriting(target, stored.sha256, signal))) return checkTargetFiles(target.imports, sizes, signal);
  // Some of them were written anew, without duplicates; each is looked at when that is gone on with.
  const stray = (await listParquet(target.imports, signal)).filter((path) => !sizes.has(path));
  if (stray.length > 0) throw strayFiles(target.imports, stray);
}

/** Every file of every split by its path; a split that names another's file, or one twice, makes the journal worthless. */
function filesOnce(
  { state }: Target,
  { plan }: StoredPlan,
  entries: ReadonlyMap<number, SplitEntry>,
  compacted: readonly CompactedFile[],
): Map<string, number> {
  const sizes = new Map<string, number>();
  for (const { split, files } of [...entries.values(), { split: plan.splits.length, files: compacted }]) {
    for (const { path, bytes } of files) {
      if (sizes.has(path) || partKeySplit(path) !== split) {
        throw corrupt(state, 'journal/', `${path} as a file of split ${split}`, 'every file once, by its own split');
      }
      sizes.set(path, bytes);
    }
  }
  return sizes;
}
