import { eachAtOnce } from '../base/each-at-once.js';
import { PineloadError, quote } from '../base/errors.js';
import { keyGlob } from '../sources/key-glob.js';
import type { ObjectStore } from '../uploaders/object-store.js';
import { isSame, listPresent } from '../uploaders/transfer.js';
import type { Manifest, ManifestFile } from '../writers/manifest.js';

/** What is done with a file: sent, put in place of another object, left as it is, or the upload is refused because of it. */
export type UploadAction = 'send' | 'replace' | 'skip' | 'refuse';

/** What an upload would do. */
export interface UploadPlan {
  readonly files: readonly { readonly path: string; readonly bytes: number; readonly action: UploadAction }[];
  readonly send: number;
  /** Bytes to send, replaced objects included. */
  readonly sendBytes: number;
  readonly skip: number;
  readonly skipBytes: number;
  /** Objects of the same name hold something else, and `overwrite` was not asked for: nothing would be sent. */
  readonly refuse: number;
  /** Files of the manifest that were left out by `include` and `exclude`. */
  readonly excluded: number;
  /** Files of another conversion that would be removed first. */
  readonly removed: readonly string[];
}

/** Objects asked about at once. */
const ASKED_AT_ONCE = 16;

/** Looks at every file's place in the target. Writes nothing. */
export async function planUpload(
  to: ObjectStore,
  selected: readonly ManifestFile[],
  left: readonly ManifestFile[],
  stale: readonly string[],
  overwrite: boolean,
  signal?: AbortSignal,
): Promise<UploadPlan> {
  const present = await listPresent(to, selected, signal);
  const gone = new Set(stale);
  const look = async (file: ManifestFile): Promise<UploadAction> => {
    const before = present.get(file.path);
    if (before === undefined || gone.has(file.path)) return 'send';
    if (await isSame(to, file, before, signal)) return 'skip';
    return overwrite ? 'replace' : 'refuse';
  };
  const files = await eachAtOnce(selected, ASKED_AT_ONCE, signal, async (file) => ({
    path: file.path,
    bytes: file.bytes,
    action: await look(file),
  }));
  const of = (...actions: UploadAction[]) => files.filter(({ action }) => actions.includes(action));
  const sum = (some: readonly { bytes: number }[]) => some.reduce((total, { bytes }) => total + bytes, 0);
  return {
    files,
    send: of('send', 'replace').length,
    sendBytes: sum(of('send', 'replace')),
    skip: of('skip').length,
    skipBytes: sum(of('skip')),
    refuse: of('refuse').length,
    excluded: left.length,
    removed: stale,
  };
}

type Globs = string | readonly string[] | undefined;

/** Splits the manifest's files into those to send and those left out. Throws OPTION_INVALID when none is to be sent. */
export function selectFiles(
  manifest: Manifest,
  { include, exclude }: { readonly include?: Globs; readonly exclude?: Globs },
) {
  const wanted = matcher(include) ?? (() => true);
  const unwanted = matcher(exclude) ?? (() => false);
  const isSelected = (file: ManifestFile) => wanted(file) && !unwanted(file);
  const selected = manifest.files.filter(isSelected);
  const left = manifest.files.filter((file) => !isSelected(file));
  if (selected.length === 0 && left.length > 0) {
    throw new PineloadError('OPTION_INVALID', {
      field: include === undefined ? 'exclude' : 'include',
      expected: 'globs of namespaces ("books-*") or paths ("books/*-00001.parquet")',
      got: `none of the ${left.length} files: ${[include, exclude]
        .flat()
        .filter((text) => text !== undefined)
        .map((text) => quote(text))
        .join(', ')}`,
    });
  }
  return { selected, left };
}

/** Globs with a slash are about paths, those without about namespaces. */
function matcher(globs: Globs): ((file: ManifestFile) => boolean) | undefined {
  const list = [globs ?? []].flat();
  if (list.length === 0) return undefined;
  const tests = list.map((glob) => ({ pattern: keyGlob(glob), onPath: glob.includes('/') }));
  return ({ path, namespace }) => tests.some(({ pattern, onPath }) => pattern.test(onPath ? path : namespace));
}
