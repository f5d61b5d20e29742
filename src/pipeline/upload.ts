import { createHash } from 'node:crypto';
import { PineloadError } from '../base/errors.js';
import { uploadDirectory } from '../uploaders/transfer.js';
import type { ObjectStore } from '../uploaders/object-store.js';
import { MANIFEST_KEY, parseManifest, type Manifest } from '../writers/manifest.js';
import { fillRun, type CommonOptions } from './options.js';
import { readObject } from './state-json.js';
import { openTarget, type Target } from './stores.js';
import { checkFilesPresent, listParquet, strayFiles } from './target.js';

/** Options of `upload`. */
export interface UploadOptions extends CommonOptions {
  /** The directory that `convert` wrote. */
  readonly from: string;
  /** State of `from`. Default: `<from>.pineload/`. */
  readonly state?: string | undefined;
  /** Where it goes; `{run}` stands for runId. */
  readonly to: string;
  readonly runId?: string | undefined;
  /** Files under way at once. Default DEFAULT_FILES_IN_FLIGHT. */
  readonly files?: number | undefined;
  /** Replace another import that is in the target. Default false. */
  readonly overwrite?: boolean | undefined;
}

/** What an upload ends in. */
export interface UploadResult {
  readonly to: string;
  readonly state: string;
  readonly files: number;
  /** Files that were there already. */
  readonly skipped: number;
  readonly bytes: number;
  readonly records: number;
  readonly manifestSha256: string;
  readonly seconds: number;
}

/**
 * Puts a converted directory into a store: exactly the manifest's files, each checked against its checksum while it is
 * read, then the manifest. What is there already is skipped, so a repeated call finishes an upload that was cut off.
 */
export async function upload(options: UploadOptions): Promise<UploadResult> {
  const started = performance.now();
  const { signal, onEvent } = options;
  const from = await openTarget(options.from, options.state, options);
  const to = await openTarget(fillRun(options.to, options.runId, 'to'), undefined, options);
  try {
    const { manifest, bytes } = await requireManifest(from, signal);
    await checkFilesPresent(from.imports, manifest, signal);
    await checkUploadTarget(to, bytes, manifest, options.overwrite ?? false, signal);
    const { skipped } = await uploadDirectory({
      from: from.imports,
      to: to.imports,
      files: manifest.files,
      concurrency: options.files,
      partBytes: options.partSize,
      partsInFlight: options.parts,
      force: options.overwrite,
      onEvent,
      signal,
    });
    await to.state.put(MANIFEST_KEY, bytes, { contentType: 'application/json', signal });
    const result: UploadResult = {
      to: to.imports.uri,
      state: to.state.uri,
      files: manifest.files.length,
      skipped,
      bytes: manifest.bytes,
      records: manifest.records,
      manifestSha256: createHash('sha256').update(bytes).digest('hex'),
      seconds: (performance.now() - started) / 1000,
    };
    const { files, seconds } = result;
    onEvent?.({ type: 'upload.done', to: result.to, files, skipped, bytes: manifest.bytes, seconds });
    return result;
  } finally {
    for (const store of [from.imports, from.state, to.imports, to.state]) await store.close();
  }
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

async function checkUploadTarget(
  to: Target,
  bytes: Uint8Array,
  manifest: Manifest,
  overwrite: boolean,
  signal?: AbortSignal,
): Promise<void> {
  const before = await readObject(to.state, MANIFEST_KEY, signal);
  const same = before !== undefined && Buffer.from(before).equals(Buffer.from(bytes));
  if (before !== undefined && !same) {
    if (!overwrite) {
      throw new PineloadError('TARGET_NOT_EMPTY', {
        source: to.imports.uri,
        expected: 'an empty target or an earlier upload of the same conversion',
        got: 'the manifest of another conversion',
        hint: 'Choose another target, or replace it with --overwrite.',
      });
    }
    await to.state.delete(MANIFEST_KEY, signal);
    const old = parseManifest(before, to.state.uri + MANIFEST_KEY);
    for (const { path } of old.files) await to.imports.delete(path, signal);
  }
  await refuseStrays(to.imports, manifest, signal);
}

/** Throws when there is a `.parquet` that the manifest does not name. */
export async function refuseStrays(imports: ObjectStore, manifest: Manifest, signal?: AbortSignal): Promise<void> {
  const named = new Set(manifest.files.map((file) => file.path));
  const strays = (await listParquet(imports, signal)).filter((key) => !named.has(key));
  if (strays.length > 0) throw strayFiles(imports, strays);
}
