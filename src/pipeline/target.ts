import { PineloadError, quote } from '../base/errors.js';
import { EXIT } from '../base/exit-codes.js';
import type { EventListener } from '../base/events.js';
import { deleteObjects } from '../uploaders/delete-objects.js';
import type { ObjectStore } from '../uploaders/object-store.js';
import { partKeySplit } from '../writers/part-names.js';
import { MANIFEST_KEY, parseManifest, type Manifest } from '../writers/manifest.js';
import { readCompactionEntries } from './compaction-journal.js';
import { clearJournal, listSplitEntries, readSplitEntries, type SplitEntry } from './journal.js';
import { readPlan, writePlan, type StoredPlan } from './plan-file.js';
import { isRepeatable, planDifference, PLAN_KEY, toGoOn, type Plan } from './plan.js';
import { clearRejects } from './reject-log.js';
import { clearStaging } from './staging.js';
import { readObject } from './state-json.js';
import type { Target } from './stores.js';

/**
 * Files that pineload itself names: `<namespace>/part-<split>-<number>.parquet`, in some layouts below a root. Nothing else is
 * ever removed.
 */
export const OWN_FILE = /^(?:[^/]+\/){1,2}part-\d{5,}-\d{5,}\.parquet$/;

/** What was found in the target: a finished conversion that is the same, or a place to work in. */
export type Prepared = StoredPlan & {
  readonly done: Manifest | undefined;
  /** The same plan was begun before. */
  readonly resumed: boolean;
  /** Splits of the plan that were finished before. */
  readonly finished: ReadonlyMap<number, SplitEntry>;
  /** Splits of which there were files in the target: nothing need be asked about the files of others. */
  readonly begun: ReadonlySet<number>;
};

const NOTHING_BEFORE = { resumed: false, finished: new Map<number, SplitEntry>(), begun: new Set<number>() };

/**
 * Makes the target ready for a plan: goes on with the same plan, finds that it is done already, or refuses what another
 * run left there unless `overwrite` is set. The plan is in the state when this resolves.
 */
export async function prepareTarget(
  target: Target,
  plan: Plan,
  options: {
    readonly overwrite: boolean;
    /** Others may be at work on the plan that is there: it is not replaced, even if nothing of it is finished. Default false. */
    readonly frozen?: boolean | undefined;
    readonly signal?: AbortSignal | undefined;
    readonly onEvent?: EventListener | undefined;
  },
): Promise<Prepared> {
  const { signal } = options;
  // One after the other, each would wait for the store's answer to the one before.
  const [manifest, stored, sizes, listed] = await Promise.all([
    readManifest(target.state, signal),
    readPlan(target.state, PLAN_KEY, signal, plan),
    listSizes(target.imports, signal),
    listSplitEntries(target.state, signal),
  ]);
  const files = [...sizes.keys()];
  const before = stored?.plan;
  const difference = before === undefined ? 'no plan' : planDifference(before, plan);

  if (manifest !== undefined && !options.overwrite) {
    if (difference === undefined && isRepeatable(plan)) {
      await checkFilesPresent(target.imports, manifest, signal, sizes);
      return { ...stored!, ...NOTHING_BEFORE, done: manifest, resumed: true };
    }
    throw new PineloadError('TARGET_NOT_EMPTY', {
      source: target.imports.uri,
      expected: 'an empty target or the result of the very same run',
      got: `a conversion of ${manifest.records} records${before && difference ? ` (${difference})` : ''}`,
      hint: 'Choose another target, or replace it with --overwrite.',
    });
  }

  const finished =
    stored === undefined
      ? new Map<number, SplitEntry>()
      : await readSplitEntries(target.state, stored.sha256, listed, signal);
  const joined = stored === undefined ? undefined : await readCompactionEntries(target.state, stored.sha256, signal);
  const finishedFiles = [...finished.values(), ...(joined?.values() ?? [])].flatMap((entry) =>
    entry.files.map(({ path }) => path),
  );
  const frozen = options.frozen === true;
  if (before === undefined && files.length > 0 && !options.overwrite) throw strayFiles(target.imports, files);
  // What came from standard input or from memory cannot be finished by the same command.
  const unfinished = before !== undefined && (frozen || finishedFiles.length > 0 || isRepeatable(before));
  if (unfinished && difference !== undefined && !options.overwrite) {
    throw new PineloadError('PLAN_DIFFERS', {
      source: target.imports.uri,
      got: difference,
      hint: `${toGoOn(before, plan)}, choose another target, or start anew with --overwrite.`,
    });
  }

  const goOn = difference === undefined && !options.overwrite && isRepeatable(plan);
  const resumed = {
    resumed: true,
    finished,
    begun: new Set(files.flatMap((key) => partKeySplit(key) ?? [])),
    done: undefined,
  };
  if (goOn && frozen) return { ...stored!, ...resumed };
  // The manifest goes first: from here on nobody takes the target for complete.
  await target.state.delete(MANIFEST_KEY, signal);
  if (!goOn) {
    await clearJournal(target.state, signal);
    await clearRejects(target.state, signal);
    await clearStaging(target.state, signal);
    await target.state.delete(PLAN_KEY, signal);
  }
  const keep = new Set(goOn ? finishedFiles : []);
  const stale = files.filter((key) => !keep.has(key));
  const foreign = stale.filter((key) => !OWN_FILE.test(key));
  if (foreign.length > 0) throw strayFiles(target.imports, foreign);
  // What an unfinished split has written already will be written again just so; in an object store it need not be sent again.
  if (!goOn || target.imports.scheme === 'file') await deleteObjects(target.imports, stale, signal);
  if (goOn) return { ...stored!, ...resumed };
  return { ...(await writePlan(target.state, plan, signal)), ...NOTHING_BEFORE, done: undefined };
}

/**
 * Takes the plan back that a run had made which was refused (bad records, wrong credentials) before it left anything: the next one may
 * differ, since that is how such things are mended. Never throws.
 */
export async function withdrawPlan(target: Target, error: unknown): Promise<void> {
  if (!(error instanceof PineloadError) || error.retryable || !MENDABLE.has(error.exitCode)) return;
  try {
    if ((await listSplitEntries(target.state)).length > 0 || (await listParquet(target.imports)).length > 0) return;
    await target.state.delete(PLAN_KEY);
  } catch {
    // Then it stays, and the next run says what differs.
  }
}

const MENDABLE: ReadonlySet<number> = new Set([EXIT.USAGE, EXIT.REJECTED, EXIT.CONFIG]);

export async function readManifest(state: ObjectStore, signal?: AbortSignal): Promise<Manifest | undefined> {
  const bytes = await readObject(state, MANIFEST_KEY, signal);
  return bytes === undefined ? undefined : parseManifest(bytes, state.uri + MANIFEST_KEY);
}

/** Every object that Pinecone would take for a part of the import. */
export async function listParquet(imports: ObjectStore, signal?: AbortSignal): Promise<string[]> {
  return [...(await listSizes(imports, signal)).keys()];
}

/** The same with the bytes of each. */
async function listSizes(imports: ObjectStore, signal?: AbortSignal): Promise<Map<string, number>> {
  const sizes = new Map<string, number>();
  for await (const { key, bytes } of imports.list('', { signal })) if (/\.parquet$/i.test(key)) sizes.set(key, bytes);
  return sizes;
}

/** Refuses to call a conversion done whose files went away or changed size. */
export function checkFilesPresent(
  imports: ObjectStore,
  manifest: Manifest,
  signal?: AbortSignal,
  listed?: Map<string, number>,
): Promise<void> {
  return checkTargetFiles(imports, new Map(manifest.files.map(({ path, bytes }) => [path, bytes])), signal, listed);
}

/**
 * The target must hold exactly these files, by path and size.
 *
 * @param listed what it holds, where that is known; entries are taken out of it
 * @throws FILE_CHANGED, TARGET_STRAY_FILES
 */
export async function checkTargetFiles(
  imports: ObjectStore,
  files: ReadonlyMap<string, number>,
  signal?: AbortSignal,
  listed?: Map<string, number>,
): Promise<void> {
  const sizes = listed ?? (await listSizes(imports, signal));
  for (const [path, expected] of files) {
    const bytes = sizes.get(path);
    if (bytes !== expected) {
      throw new PineloadError('FILE_CHANGED', {
        source: imports.uri + path,
        expected: `${expected} bytes, as it was written`,
        got: bytes === undefined ? 'no such file' : `${bytes} bytes`,
        hint: 'Convert (or upload) it again with --overwrite.',
      });
    }
    sizes.delete(path);
  }
  if (sizes.size > 0) throw strayFiles(imports, [...sizes.keys()]);
}

/** Pinecone imports every `.parquet` below the prefix, so there must be none that is not ours. */
export function strayFiles(imports: ObjectStore, keys: readonly string[]): PineloadError {
  const shown = keys.slice(0, 3).map((key) => quote(key));
  return new PineloadError('TARGET_STRAY_FILES', {
    source: imports.uri,
    expected: 'no other .parquet file: Pinecone would import it too',
    got: `${keys.length}: ${shown.join(', ')}${keys.length > 3 ? ', …' : ''}`,
    hint: 'Remove them (import start --prune does), or choose another target.',
  });
}
