import { tmpdir } from 'node:os';
import { throwIfAborted } from '../base/abort.js';
import { PineloadError } from '../base/errors.js';
import { FINGERPRINTS_PREFIX } from '../duplicates/fingerprint-format.js';
import { findDuplicates, type FoundDuplicates } from '../duplicates/find-duplicates.js';
import { describeReject, rejectToJson } from '../records/describe-reject.js';
import type { Reject } from '../records/reject.js';
import { deleteObjects } from '../uploaders/delete-objects.js';
import type { ObjectStore } from '../uploaders/object-store.js';
import type { ManifestFile } from '../writers/manifest.js';
import {
  checkSameDecision,
  DROPPED_KEY,
  leavesOut,
  readDecision,
  writeDecision,
  type DuplicatesDecision,
} from './duplicates-decision.js';
import { duplicatesMode, takesFingerprints, type DuplicatesMode } from './duplicates-mode.js';
import { mergedCandidates } from './duplicates-shards.js';
import { FingerprintedSplits } from './duplicates-splits.js';
import { describePairs, pairsOf } from './duplicates-told.js';
import type { CompactedFile } from './compaction-journal.js';
import type { SplitEntry } from './journal.js';
import { bufferBudget, type CommonOptions } from './options.js';
import type { StoredPlan } from './plan-file.js';
import type { Plan } from './plan.js';
import { noRejects, type RejectCounts } from './reject-log.js';
import { corrupt } from './state-json.js';
import type { Target } from './stores.js';

/** Pairs that are told one by one before the rest is only counted. */
export const MAX_SHOWN_DUPLICATES = 5;
/** In mode `error`: candidates after which it is enough to confirm some. */
export const ENOUGH_CANDIDATES = 100_000;
/** Duplicates described at once for the rejects file. */
const TOLD_AT_ONCE = 16_384;

/** Sorted behind those of the splits. */
export const DUPLICATE_REJECTS_KEY = 'rejects/twice.jsonl';

export interface SettleDuplicatesOptions extends CommonOptions {
  readonly duplicates?: DuplicatesMode | undefined;
  readonly maxMemory?: number | string | undefined;
  readonly tmpDir?: string | undefined;
  /** Resolves when what was held for the conversion is free: the search, which grows with the number of records, waits for it. */
  readonly memoryFree?: Promise<unknown> | undefined;
}

/** What is left after duplicates were dealt with. */
export interface SettledDuplicates {
  /** As before, but for files and records that were left out. */
  readonly entries: ReadonlyMap<number, SplitEntry>;
  /** The same of files that were joined of what splits have staged. */
  readonly compacted: readonly ManifestFile[];
  readonly dropped: RejectCounts;
  /** In the state: the records that were left out. */
  readonly rejectsKey: string | undefined;
  /** To be called when the manifest is written: what was needed to find duplicates goes, what was found is noted. */
  readonly finish: () => Promise<void>;
}

/**
 * Looks for repeated ids and identical vectors in all splits of a conversion, and does what the mode says.
 *
 * Modes `first` and `last` note what is left out, then write the files concerned anew; killed in between, the next call goes on with what was
 * noted. What is in the end follows from the splits and the mode alone.
 *
 * @throws DUPLICATES_FOUND in mode `error`
 */
export async function settleDuplicates(
  target: Target,
  plan: Plan,
  entries: ReadonlyMap<number, SplitEntry>,
  compacted: readonly CompactedFile[],
  options: SettleDuplicatesOptions,
): Promise<SettledDuplicates> {
  const mode = duplicatesMode(plan, options.duplicates);
  const { signal } = options;
  const { state } = target;
  const sha256 = [...entries.values()][0]?.plan ?? '';
  const unchanged = (done: Omit<DuplicatesDecision, 'format' | 'version' | 'plan'> | undefined): SettledDuplicates => ({
    entries,
    compacted,
    dropped: noRejects(),
    rejectsKey: undefined,
    finish: async () => {
      if (done !== undefined) await writeDecision(state, { plan: sha256, ...done }, signal);
      await clearFingerprints(state, signal);
    },
  });
  if (!takesFingerprints(plan)) return { ...unchanged(undefined), finish: () => Promise.resolve() };
  const decided = await readDecision(state, sha256, signal);
  checkSameDecision(decided, mode, state);
  if (mode === 'allow') return unchanged(undefined);
  if (decided !== undefined && !leavesOut(decided)) return unchanged(decided);

  const splits = await FingerprintedSplits.open(
    target,
    plan,
    entries,
    compacted,
    bufferBudget(options.maxMemory) / 4,
    signal,
  );
  if (!splits.allDiffer) await options.memoryFree;
  if (decided !== undefined) return leaveOut(target, plan, entries, compacted, decided, splits, options);
  const found = await search(state, sha256, splits, mode, options);
  try {
    const { ids, vectors } = found;
    if (ids + vectors === 0) return unchanged({ mode, ids, vectors, byNamespace: {} });
    if (mode === 'error') throw await duplicatesError(found, splits);
    if (mode === 'warn') {
      await warn(found, splits, options);
      return unchanged({ mode, ids, vectors, byNamespace: {} });
    }
    const decision = await decide(state, found, splits, mode, sha256, options);
    return await leaveOut(target, plan, entries, compacted, decision, splits, options);
  } finally {
    await found.records.close();
  }
}

/** The result of a conversion that is sealed already stands for this mode, too. @throws TARGET_NOT_EMPTY, PLAN_DIFFERS */
export async function checkSealedDuplicates(
  target: Target,
  { plan, sha256 }: StoredPlan,
  options: SettleDuplicatesOptions,
): Promise<void> {
  const mode = duplicatesMode(plan, options.duplicates);
  checkSameDecision(await readDecision(target.state, sha256, options.signal), mode, target.state);
  await clearFingerprints(target.state, options.signal);
}

/** Are records of this plan left out, or about to be: do files differ from what the journal says of them? */
export async function isRewriting(target: Target, sha256: string, signal?: AbortSignal): Promise<boolean> {
  return leavesOut(await readDecision(target.state, sha256, signal));
}

async function clearFingerprints(state: ObjectStore, signal: AbortSignal | undefined): Promise<void> {
  const keys: string[] = [];
  for await (const { key } of state.list(FINGERPRINTS_PREFIX, { signal })) keys.push(key);
  await deleteObjects(state, [...keys, DROPPED_KEY], signal);
}

async function search(
  state: ObjectStore,
  plan: string,
  splits: FingerprintedSplits,
  mode: DuplicatesMode,
  { maxMemory, tmpDir, signal }: SettleDuplicatesOptions,
): Promise<FoundDuplicates> {
  // No record is gathered any more: the memory for them is free.
  const memoryBytes = bufferBudget(maxMemory) / 2;
  const candidates = await mergedCandidates(state, plan, splits.files, memoryBytes, signal);
  return findDuplicates(candidates, splits.digests, {
    keep: mode === 'last' ? 'last' : 'first',
    enough: mode === 'error' ? ENOUGH_CANDIDATES : undefined,
    memoryBytes,
    directory: tmpDir ?? tmpdir(),
    signal,
  });
}

async function firstTold(found: FoundDuplicates, splits: FingerprintedSplits): Promise<Reject[]> {
  for await (const block of found.records.sorted()) {
    return describePairs(pairsOf(block).slice(0, MAX_SHOWN_DUPLICATES), splits, true);
  }
  return [];
}

async function duplicatesError(found: FoundDuplicates, splits: FingerprintedSplits): Promise<PineloadError> {
  const told = await firstTold(found, splits);
  const { source, line, id, field } = told[0]!;
  const more = told.slice(1).map((reject) => describeReject(reject));
  return new PineloadError('DUPLICATES_FOUND', {
    message: `${summary(found)}${more.length > 0 ? `. Further ones: ${more.join('; ')}` : ''}`,
    source,
    line,
    ...(id === undefined ? {} : { id }),
    ...(field === undefined ? {} : { field }),
    expected: told[0]!.expected,
    got: told[0]!.got,
    hint:
      'Keep one of each with --duplicates first (or last), or take them as they are with --duplicates allow; ' +
      'what is converted already is not converted again.',
  });
}

async function warn(
  found: FoundDuplicates,
  splits: FingerprintedSplits,
  { onEvent }: SettleDuplicatesOptions,
): Promise<void> {
  if (onEvent === undefined) return;
  onEvent({
    type: 'warning',
    code: 'DUPLICATES_FOUND',
    message: `${summary(found)}; in error mode "continue" the service keeps one of each, and says nothing.`,
  });
  for (const reject of await firstTold(found, splits)) {
    onEvent({ type: 'warning', code: reject.code, message: describeReject(reject) });
  }
}

function summary({ ids, vectors, complete }: FoundDuplicates): string {
  const parts: string[] = [];
  const count = (n: number): string => `${complete ? '' : 'at least '}${n} record${n === 1 ? '' : 's'}`;
  if (ids > 0) parts.push(`${count(ids)} with an id that another one has`);
  if (vectors > 0) parts.push(`${count(vectors)} with a vector that another one has`);
  return parts.join(', ');
}

/** Notes what is left out: the rejects, the rows, and in the end that this is so. */
async function decide(
  state: ObjectStore,
  found: FoundDuplicates,
  splits: FingerprintedSplits,
  mode: 'first' | 'last',
  plan: string,
  { signal, onEvent }: SettleDuplicatesOptions,
): Promise<DuplicatesDecision> {
  const byNamespace = new Map<string, number>();
  const shown = { DUPLICATE_ID: 0, DUPLICATE_VECTOR: 0 };
  const rejects = await state.create(DUPLICATE_REJECTS_KEY, { contentType: 'application/x-ndjson', signal });
  const dropped = await state.create(DROPPED_KEY, { contentType: 'application/octet-stream', signal });
  try {
    let pairs: ReturnType<typeof pairsOf> = [];
    const flush = async (): Promise<void> => {
      throwIfAborted(signal);
      const told = await describePairs(pairs, splits, false);
      const words = new Uint32Array(2 * pairs.length);
      pairs.forEach(({ dropped: { unit, row } }, i) => words.set([unit, row], 2 * i));
      for (const reject of told) {
        const namespace = reject.namespace ?? '';
        byNamespace.set(namespace, (byNamespace.get(namespace) ?? 0) + 1);
        if (shown[reject.code as keyof typeof shown]++ < MAX_SHOWN_DUPLICATES) {
          onEvent?.({ type: 'reject', message: describeReject(reject), reject });
        }
      }
      await rejects.write(Buffer.from(told.map((reject) => `${rejectToJson(reject)}\n`).join('')));
      await dropped.write(new Uint8Array(words.buffer));
      pairs = [];
    };
    for await (const block of found.records.sorted()) {
      pairs.push(...pairsOf(block));
      if (pairs.length >= TOLD_AT_ONCE) await flush();
    }
    if (pairs.length > 0) await flush();
    await rejects.close();
    await dropped.close();
  } catch (error) {
    await rejects.abort();
    await dropped.abort();
    throw error;
  }
  onEvent?.({ type: 'note', message: `Left out, keeping the ${mode} of each: ${summary(found)}.` });
  const { ids, vectors } = found;
  return writeDecision(
    state,
    {
      plan,
      mode,
      ids,
      vectors,
      byNamespace: Object.fromEntries([...byNamespace].sort(([a], [b]) => (a < b ? -1 : 1))),
    },
    signal,
  );
}

/** Writes the files anew that hold what is left out. */
async function leaveOut(
  target: Target,
  plan: Plan,
  entries: ReadonlyMap<number, SplitEntry>,
  compacted: readonly CompactedFile[],
  { ids, vectors, byNamespace }: DuplicatesDecision,
  splits: FingerprintedSplits,
  { maxMemory, tmpDir, signal }: SettleDuplicatesOptions,
): Promise<SettledDuplicates> {
  const { kind } = plan.mapping;
  const rewrite = {
    store: target.imports,
    kind,
    dimension: kind === 'sparse' ? 0 : plan.mapping.dimension,
    version: plan.pineload,
    rowGroupBytes: plan.output.rowGroupBytes,
    maxBufferedBytes: bufferBudget(maxMemory),
    tmpDir: tmpDir ?? tmpdir(),
    signal,
  };
  const { withoutRows } = await import('./duplicates-rewrite.js');
  const left = new Map(entries);
  // Files that rows of several splits were joined to are written once, when all splits have told.
  const joined = new Map<string, { readonly file: ManifestFile; readonly rows: number[] }>();
  let total = 0;
  for await (const { unit, rows } of droppedByUnit(target.state, signal)) {
    total += rows.length;
    const entry = entries.get(unit);
    if (entry === undefined) throw corrupt(target.state, DROPPED_KEY, `split ${unit}`, 'splits of the plan');
    const now = new Map<string, ManifestFile | undefined>();
    let next = 0;
    for (const { file, from, to, at } of await splits.filesOf(unit)) {
      const first = next;
      while (next < rows.length && rows[next]! < to) next++;
      if (next === first) continue;
      throwIfAborted(signal);
      const own = rows.slice(first, next).map((row) => row - from + at);
      if (splits.isJoined(file)) {
        const known = joined.get(file.path);
        if (known === undefined) joined.set(file.path, { file, rows: own });
        else known.rows.push(...own);
        continue;
      }
      now.set(file.path, await withoutRows(file, own, rewrite));
    }
    const files = entry.files.flatMap((file) => {
      const one = now.has(file.path) ? now.get(file.path) : file;
      return one === undefined ? [] : [one];
    });
    left.set(unit, { ...entry, files, records: files.reduce((sum, { records }) => sum + records, 0) });
  }
  const compactedNow: ManifestFile[] = [];
  for (const file of compacted) {
    const rows = joined.get(file.path)?.rows;
    const one =
      rows === undefined
        ? file
        : await withoutRows(
            file,
            rows.sort((a, b) => a - b),
            rewrite,
          );
    if (one !== undefined) compactedNow.push(one);
  }
  if (total !== ids + vectors) {
    throw corrupt(target.state, DROPPED_KEY, `${total} records`, `${ids + vectors} records`);
  }
  const byCode: Record<string, number> = {};
  if (ids > 0) byCode.DUPLICATE_ID = ids;
  if (vectors > 0) byCode.DUPLICATE_VECTOR = vectors;
  return {
    entries: left,
    compacted: compactedNow,
    dropped: { total, byCode, byNamespace },
    rejectsKey: DUPLICATE_REJECTS_KEY,
    finish: () => clearFingerprints(target.state, signal),
  };
}

/** The rows that are left out, split by split. */
async function* droppedByUnit(
  state: ObjectStore,
  signal: AbortSignal | undefined,
): AsyncGenerator<{ readonly unit: number; readonly rows: number[] }> {
  let unit = -1;
  let rows: number[] = [];
  let rest = Buffer.alloc(0);
  for await (const part of state.read(DROPPED_KEY, { signal })) {
    const bytes = Buffer.concat([rest, part]);
    const whole = bytes.length - (bytes.length % 8);
    for (let at = 0; at < whole; at += 8) {
      const next = bytes.readUInt32LE(at);
      if (next !== unit) {
        if (rows.length > 0) yield { unit, rows };
        unit = next;
        rows = [];
      }
      rows.push(bytes.readUInt32LE(at + 4));
    }
    rest = bytes.subarray(whole);
  }
  if (rows.length > 0) yield { unit, rows };
}
