import { createHash } from 'node:crypto';
import { PineloadError } from '../base/errors.js';
import { DEFAULT_UPLOAD_MEMORY_BYTES, chooseConcurrency } from '../uploaders/transfer-plan.js';
import { listPresent, uploadDirectory } from '../uploaders/transfer.js';
import { DEFAULT_PART_BYTES, type ObjectStore } from '../uploaders/object-store.js';
import { deleteObjects } from '../uploaders/delete-objects.js';
import { parseTarget } from '../uploaders/uri.js';
import { damagedError, verifyObjects } from '../uploaders/verify-objects.js';
import { memoryLimit } from '../base/machine.js';
import { MANIFEST_KEY, parseManifest, type Manifest, type ManifestFile } from '../writers/manifest.js';
import { checkFrozen, freezeUpload, readFrozenUpload, writeFrozenUpload, type FrozenUpload } from './frozen-upload.js';
import { fillRun, positiveCount, sizeOption, type CommonOptions } from './options.js';
import { readObject } from './state-json.js';
import { openTarget, sharedPace, type Target } from './stores.js';
import { checkFilesPresent, listParquet, OWN_FILE, strayFiles } from './target.js';
import { planUpload, selectFiles, type UploadPlan } from './upload-plan.js';

/** Options of `upload`. */
export interface UploadOptions extends CommonOptions {
  /** The directory that `convert` wrote. */
  readonly from: string;
  /** State of `from`. Default: `<from>.pineload/`. */
  readonly state?: string | undefined;
  /** Where it goes; `{run}` stands for runId. */
  readonly to: string;
  readonly runId?: string | undefined;
  /** Files under way at once. Default: chosen from their sizes and the memory, at most MOST_FILES_IN_FLIGHT. */
  readonly files?: number | undefined;
  /** Parts of one file under way at once. Default: chosen likewise, at most MOST_PARTS_IN_FLIGHT. */
  readonly parts?: number | undefined;
  /** Memory of the process. Default DEFAULT_UPLOAD_MEMORY_BYTES, or what the control group leaves. */
  readonly maxMemory?: number | string | undefined;
  /** Replace another import that is in the target; with `verify`, also objects that are damaged. Default false. */
  readonly overwrite?: boolean | undefined;
  /**
   * Globs of what is sent and what is not: those with a `/` are compared with a file's path, those without with its namespace.
   * The manifest follows when all of its files are there. Default: everything.
   */
  readonly include?: string | readonly string[] | undefined;
  readonly exclude?: string | readonly string[] | undefined;
  /** Write nothing; `plan` in the result says what would be done. Default false. */
  readonly dryRun?: boolean | undefined;
  /** Read every object again and compare it with the manifest. Default false. */
  readonly verify?: boolean | undefined;
}

/** What an upload ends in. */
export interface UploadResult {
  readonly to: string;
  readonly state: string;
  /** Files of this call: those of the manifest that were not left out. */
  readonly files: number;
  /** Files that were there already. */
  readonly skipped: number;
  /** Bytes of these files. */
  readonly bytes: number;
  /** Bytes that were sent. */
  readonly sentBytes: number;
  /** Records of all files of the manifest. */
  readonly records: number;
  readonly manifestSha256: string;
  /** All files of the manifest are in the target, and so is the manifest. */
  readonly complete: boolean;
  /** Files of the manifest that are still to come: they were left out. */
  readonly remaining: number;
  /** Objects that were read again and found as sent. */
  readonly verified?: number | undefined;
  /** Of a dry run. */
  readonly plan?: UploadPlan | undefined;
  readonly seconds: number;
}

/**
 * Puts a converted directory into a store: exactly the manifest's files, each checked against its checksum while it is
 * read, then the manifest. What is there already is skipped, so a repeated call finishes an upload that was cut off; one of another
 * conversion is refused with PLAN_DIFFERS.
 */
export async function upload(options: UploadOptions): Promise<UploadResult> {
  const started = performance.now();
  const { signal, onEvent } = options;
  const stores: ObjectStore[] = [];
  const open = async (...args: Parameters<typeof openTarget>): Promise<Target> => {
    const target = await openTarget(...args);
    stores.push(target.imports, target.state);
    return target;
  };
  try {
    const from = await open(options.from, options.state, options);
    const { manifest, bytes, sha256 } = await requireManifest(from, signal);
    await checkFilesPresent(from.imports, manifest, signal);
    const { selected, left } = selectFiles(manifest, options);
    const uri = fillRun(options.to, options.runId, 'to');
    const concurrency = chooseConcurrency({
      sizes: selected.map((file) => file.bytes),
      partBytes: options.partSize,
      memory: sizeOption(options.maxMemory, uploadMemory(), 'maxMemory'),
      files: positiveCount(options.files, 'files'),
      parts: positiveCount(options.parts, 'parts'),
      sequential: parseTarget(uri).scheme === 'gs',
    });
    const pace = sharedPace(uri, options);
    const partSize = options.partSize ?? DEFAULT_PART_BYTES;
    const access = { ...options, partSize, parts: concurrency.parts };
    let to = await open(uri, undefined, access, pace);
    const found = await readFrozenUpload(to.state, signal);
    const begun = options.overwrite ? undefined : found;
    if (begun?.partBytes !== undefined && options.partSize === undefined && begun.partBytes !== to.imports.partBytes) {
      to = await open(uri, undefined, { ...access, partSize: begun.partBytes }, pace);
    }
    const frozen = freezeUpload(manifest, bytes, to.imports.partBytes);
    const common = { to: to.imports.uri, state: to.state.uri, files: selected.length, records: manifest.records };
    const finish = (
      facts: Pick<UploadResult, 'skipped' | 'bytes' | 'sentBytes' | 'complete' | 'remaining'>,
    ): UploadResult => ({
      ...common,
      ...facts,
      manifestSha256: sha256,
      seconds: (performance.now() - started) / 1000,
    });
    const before = await lookAtTarget(to, bytes, manifest, options.overwrite ?? false, found, frozen, signal);
    if (options.dryRun) {
      const plan = await planUpload(to.imports, selected, left, before.stale, options.overwrite ?? false, signal);
      const sizes = { bytes: plan.sendBytes + plan.skipBytes, sentBytes: 0 };
      return { ...finish({ skipped: plan.skip, ...sizes, complete: false, remaining: left.length }), plan };
    }
    await clearTarget(to, manifest, before, signal);
    if (begun?.manifestSha256 !== sha256) await writeFrozenUpload(to.state, frozen, signal);
    const transfer = { from: from.imports, to: to.imports, concurrency, partBytes: options.partSize, onEvent, signal };
    const { bandwidth } = pace;
    const sent = await uploadDirectory({ ...transfer, files: selected, force: options.overwrite, bandwidth });
    if (options.verify) {
      const check = (files: readonly ManifestFile[]) =>
        verifyObjects({ store: to.imports, files, bandwidth, onEvent, signal });
      let damaged = await check(selected);
      if (damaged.length > 0 && options.overwrite) {
        const files = damaged.map(({ file }) => file as ManifestFile);
        await uploadDirectory({ ...transfer, files, force: 'all', bandwidth });
        damaged = await check(files);
      }
      if (damaged.length > 0) throw damagedError(to.imports, damaged);
      onEvent?.({ type: 'upload.verified', files: selected.length, bytes: sent.bytes });
    }
    const remaining = await countMissing(to.imports, left, signal);
    if (remaining === 0) await to.state.put(MANIFEST_KEY, bytes, { contentType: 'application/json', signal });
    const { skipped, sentBytes } = sent;
    const result = finish({ skipped, bytes: sent.bytes, sentBytes, complete: remaining === 0, remaining });
    const { files, seconds } = result;
    onEvent?.({ type: 'upload.done', to: result.to, files, skipped, bytes: sent.bytes, seconds });
    return options.verify ? { ...result, verified: selected.length } : result;
  } finally {
    for (const store of stores) await store.close();
  }
}

function uploadMemory(): number {
  const limit = memoryLimit();
  return limit === undefined ? DEFAULT_UPLOAD_MEMORY_BYTES : Math.min(DEFAULT_UPLOAD_MEMORY_BYTES, 0.85 * limit);
}

/** The manifest of a finished conversion with its own bytes, whose digest names it. */
export async function requireManifest(
  target: Target,
  signal?: AbortSignal,
): Promise<{ readonly manifest: Manifest; readonly bytes: Uint8Array; readonly sha256: string }> {
  const source = target.state.uri + MANIFEST_KEY;
  const bytes = await readObject(target.state, MANIFEST_KEY, signal);
  if (bytes === undefined) {
    throw new PineloadError('MANIFEST_MISSING', {
      source,
      hint: 'Run pineload convert to its end first; if its state is elsewhere, name it with --state.',
    });
  }
  return { manifest: parseManifest(bytes, source), bytes, sha256: createHash('sha256').update(bytes).digest('hex') };
}

/** What an earlier upload left in the target. */
interface Before {
  /** The very manifest that is to go there. */
  readonly same: boolean;
  /** Files of another conversion that are to go. */
  readonly stale: readonly string[];
}

/** Throws when the target holds what must not be touched. */
async function lookAtTarget(
  to: Target,
  bytes: Uint8Array,
  manifest: Manifest,
  overwrite: boolean,
  found: FrozenUpload | undefined,
  frozen: FrozenUpload,
  signal?: AbortSignal,
): Promise<Before> {
  const before = await readObject(to.state, MANIFEST_KEY, signal);
  const same = before !== undefined && Buffer.from(before).equals(Buffer.from(bytes));
  if (before !== undefined && !same && !overwrite) {
    throw new PineloadError('TARGET_NOT_EMPTY', {
      source: to.imports.uri,
      expected: 'an empty target or an earlier upload of the same conversion',
      got: 'the manifest of another conversion',
      hint: 'Choose another target, or replace it with --overwrite.',
    });
  }
  // What was finished since is no matter any more.
  if (found !== undefined && before === undefined && !overwrite) checkFrozen(to.imports, found, frozen);
  const old = before === undefined || same ? [] : parseManifest(before, to.state.uri + MANIFEST_KEY).files;
  const stale = old.map(({ path }) => path);
  if (overwrite && found !== undefined && before === undefined) {
    const named = new Set(manifest.files.map(({ path }) => path));
    const left = await listParquet(to.imports, signal);
    stale.push(...left.filter((key) => OWN_FILE.test(key) && !named.has(key)));
  }
  await refuseStrays(to.imports, manifest, signal, stale);
  return { same, stale };
}

/** From here on nobody takes the target for complete unless it is. */
async function clearTarget(to: Target, manifest: Manifest, before: Before, signal?: AbortSignal): Promise<void> {
  if (before.same && (await countMissing(to.imports, manifest.files, signal)) === 0) return;
  if (before.same || before.stale.length > 0) await to.state.delete(MANIFEST_KEY, signal);
  await deleteObjects(to.imports, before.stale, signal);
}

/** How many of the files are not there in their size. Whether their bytes are right was seen when they were sent. */
async function countMissing(
  imports: ObjectStore,
  files: readonly ManifestFile[],
  signal?: AbortSignal,
): Promise<number> {
  const present = await listPresent(imports, files, signal);
  return files.filter(({ path, bytes }) => present.get(path)?.bytes !== bytes).length;
}

/** Throws when there is a `.parquet` that the manifest does not name. */
async function refuseStrays(
  imports: ObjectStore,
  manifest: Manifest,
  signal?: AbortSignal,
  allowed: readonly string[] = [],
): Promise<void> {
  const named = new Set([...manifest.files.map((file) => file.path), ...allowed]);
  const strays = (await listParquet(imports, signal)).filter((key) => !named.has(key));
  if (strays.length > 0) throw strayFiles(imports, strays);
}
