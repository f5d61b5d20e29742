import type { ObjectStore } from '../uploaders/object-store.js';
import { forEachLimited } from './concurrency.js';
import { GroupMemory } from './group-memory.js';
import type { ManifestFile } from './manifest.js';
import { NamespaceFiles, type FileSettings, type FileTerms, type NamespaceRest } from './namespace-files.js';
import { StoredRowsLoader, type RowStores } from './stored-rows.js';

/** Files of a call that are open at once; each thread has some calls under way, and a process may have 1,024 files open on many systems. */
const AT_ONCE = 16;

/** For row groups that are put together here; one call's serves the next. */
const groups = new GroupMemory(false);

/** Writes what is left of several namespaces, a file each, many at the same time: most of it is waiting for the disk. */
export async function writeRests(
  store: ObjectStore,
  terms: FileTerms,
  rests: readonly NamespaceRest[],
  stores?: RowStores,
): Promise<ManifestFile[]> {
  const written: ManifestFile[] = [];
  const settings: FileSettings = {
    ...terms,
    store,
    encoders: undefined,
    handedOverBytes: 0,
    onTheWay: undefined,
    signal: undefined,
    onFile: undefined,
  };
  const loader = stores && new StoredRowsLoader(stores, terms.kind, groups);
  await forEachLimited(rests, AT_ONCE, async ({ namespace, sequence, group, rawBytes }) => {
    const files = new NamespaceFiles(namespace, settings, (file) => written.push(file), sequence);
    const { columns, memory } = 'chain' in group ? await loader!.load(group) : { columns: group, memory: undefined };
    try {
      await files.write(columns, rawBytes);
      await files.close();
    } catch (error) {
      await files.abort();
      throw error;
    }
    if (memory !== undefined) groups.giveBack(memory);
  });
  return written;
}
