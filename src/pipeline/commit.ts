import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { PineloadError } from '../base/errors.js';
import type { PineloadEvent } from '../base/events.js';
import { buildManifest, encodeManifest, MANIFEST_KEY, type Manifest } from '../writers/manifest.js';
import { FLAT } from '../writers/layout.js';
import { checkImportLimits } from '../writers/import-limits.js';
import { settleDuplicates, type SettleDuplicatesOptions } from './duplicates.js';
import { joinRejects } from './join-rejects.js';
import { addMetadataChanges, describeMetadataChanges } from '../records/rules/metadata-mend.js';
import type { CompactedFile } from './compaction-journal.js';
import type { SplitEntry } from './journal.js';
import { addRejects, checkRejectLimit, noRejects, REJECTS_KEY } from './reject-log.js';
import { importLimits, type CommonOptions, type LimitOptions, type RejectLimit } from './options.js';
import type { Plan } from './plan.js';
import { clearStagedGroups } from './staging.js';
import type { Target } from './stores.js';

/** What a conversion ends in. */
export interface ConvertResult {
  readonly manifest: Manifest;
  /** Lower-case hex of the manifest's own bytes: the identity of what was written. */
  readonly manifestSha256: string;
  /** Import directory and state, as URIs without credentials. */
  readonly to: string;
  readonly state: string;
  /** Where the rejected records are, if there are any. */
  readonly rejectsFile: string | undefined;
  /** Wall time of this call; 0 when everything was there already. */
  readonly seconds: number;
}

export type SealOptions = CommonOptions &
  LimitOptions &
  SettleDuplicatesOptions & {
    readonly rejectLimit: RejectLimit;
    readonly rejects?: string | undefined;
    readonly seconds: () => number;
  };

/**
 * Seals a conversion whose splits are all there: limits are kept, rejects within their share; then the manifest, last.
 *
 * @param entries of every split of the plan
 * @param compacted files that staged row groups of them were joined to
 */
export async function seal(
  target: Target,
  plan: Plan,
  entries: ReadonlyMap<number, SplitEntry>,
  compacted: readonly CompactedFile[],
  options: SealOptions,
): Promise<ConvertResult> {
  const { signal, onEvent } = options;
  const rejected = plan.splits.map(({ index }) => entries.get(index)!.rejects).reduce(addRejects, noRejects());
  const converted = plan.splits.reduce((sum, { index }) => sum + entries.get(index)!.records, 0);
  checkRejectLimit(options.rejectLimit, rejected, converted);
  const settled = await settleDuplicates(target, plan, entries, compacted, options);
  const rejects = addRejects(rejected, settled.dropped);
  const rejectsKey = await joinRejects(target.state, plan, entries, signal, settled.rejectsKey);
  const splits = plan.splits.map(({ index }) => settled.entries.get(index)!);
  const files = [...splits.flatMap((entry) => entry.files), ...settled.compacted];
  const records = files.reduce((sum, file) => sum + file.records, 0);
  if (records === 0) {
    throw new PineloadError(rejects.total > 0 ? 'TOO_MANY_REJECTS' : 'INPUT_EMPTY', {
      expected: 'at least one record',
      got: rejects.total > 0 ? `${rejects.total} rejected records and no good one` : 'none',
    });
  }
  const manifest = buildManifest({
    version: plan.pineload,
    layout: plan.output.layout ?? FLAT,
    kind: plan.mapping.kind,
    dimension: plan.mapping.dimension,
    files,
    rejectsByCode: rejects.byCode,
    rejectsByNamespace: rejects.byNamespace,
    metadataChanges: splits.map((entry) => entry.metadataChanges).reduce(addMetadataChanges, undefined),
  });
  for (const finding of checkImportLimits(manifest, importLimits(options))) {
    if (finding.severity === 'error') throw new PineloadError('LIMIT_EXCEEDED', finding);
    onEvent?.({ type: 'warning', code: 'LIMIT', message: finding.message });
  }
  if (manifest.metadataChanges !== undefined) {
    onEvent?.({ type: 'note', message: describeMetadataChanges(manifest.metadataChanges) });
  }
  let rejectsFile = rejectsKey === undefined ? undefined : target.state.uri + rejectsKey;
  if (rejectsKey !== undefined && options.rejects !== undefined) {
    await pipeline(Readable.from(target.state.read(REJECTS_KEY, { signal })), createWriteStream(options.rejects));
    rejectsFile = options.rejects;
  }
  const bytes = encodeManifest(manifest);
  await target.state.put(MANIFEST_KEY, bytes, { contentType: 'application/json', signal });
  await settled.finish();
  // What was staged is in the files; the journal knows which, so nothing is joined again.
  await clearStagedGroups(target.state, entries, signal);
  const result: ConvertResult = {
    manifest,
    manifestSha256: createHash('sha256').update(bytes).digest('hex'),
    to: target.imports.uri,
    state: target.state.uri,
    rejectsFile,
    seconds: options.seconds(),
  };
  onEvent?.(doneEvent(result));
  return result;
}

/** The result of a conversion that an earlier run finished. */
export function resultOf(target: Target, manifest: Manifest): ConvertResult {
  return {
    manifest,
    manifestSha256: createHash('sha256').update(encodeManifest(manifest)).digest('hex'),
    to: target.imports.uri,
    state: target.state.uri,
    rejectsFile: manifest.rejected > 0 ? target.state.uri + REJECTS_KEY : undefined,
    seconds: 0,
  };
}

export function doneEvent(result: ConvertResult): Extract<PineloadEvent, { type: 'convert.done' }> {
  const { manifest, to, rejectsFile, seconds } = result;
  return {
    type: 'convert.done',
    to,
    namespaces: manifest.namespaces,
    records: manifest.records,
    files: manifest.files.length,
    bytes: manifest.bytes,
    rejected: manifest.rejected,
    rejectsByCode: manifest.rejectsByCode,
    rejectsFile,
    seconds,
  };
}
