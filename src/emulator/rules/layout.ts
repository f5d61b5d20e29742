import { MAX_NAMESPACE_LENGTH } from '../../records/limits.js';
import type { ObjectInfo } from '../../uploaders/object-store.js';
import type { EmulatorLimits } from '../options.js';
import { ImportFailure } from './import-failure.js';
import { namespaceTooLong, noFiles, noNamespace, overLimit } from './texts.js';

/** A Parquet file of an import. */
export interface ImportFile {
  /** Key below the import URI, e.g. `movies/part-00000.parquet`. */
  readonly key: string;
  readonly namespace: string;
  /** As error texts name it: the path below the namespace's directory, e.g. `/part-00000.parquet`. */
  readonly name: string;
  readonly bytes: number;
}

const PARQUET = '.parquet';

/**
 * Which files are imported into which namespace: `<uri>/<namespace>/<file>.parquet`, the first directory being the
 * namespace, everything that does not end in `.parquet` ignored
 * (docs.pinecone.io/guides/index-data/import-data, "Prepare your data"). Files come back in key order, so namespaces together.
 *
 * @param pathOf how the service would write the path of a key: from the bucket's root.
 */
export async function readLayout(
  uri: string,
  objects: AsyncIterable<ObjectInfo>,
  pathOf: (key: string) => string,
  limits: EmulatorLimits,
): Promise<ImportFile[]> {
  const files: ImportFile[] = [];
  const directories = new Set<string>();
  const namespaces = new Set<string>();
  let bytes = 0;
  for await (const object of objects) {
    const slash = object.key.indexOf('/');
    if (slash > 0) directories.add(object.key.slice(0, slash));
    if (!object.key.endsWith(PARQUET)) continue;
    if (slash <= 0) throw new ImportFailure(noNamespace(pathOf(object.key)));
    const namespace = object.key.slice(0, slash);
    namespaces.add(namespace);
    bytes += object.bytes;
    files.push({ key: object.key, namespace, name: object.key.slice(slash), bytes: object.bytes });
    if (object.bytes > limits.bytesPerFile) {
      throw new ImportFailure(overLimit('Max size per file in bytes', limits.bytesPerFile, object.bytes), object.key);
    }
  }
  if (files.length === 0) throw new ImportFailure(noFiles(uri));
  checkTotals(files.length, namespaces, bytes, limits);
  // "If a namespace subdirectory does not include Parquet files, the import will fail."
  for (const directory of directories) {
    if (!namespaces.has(directory)) throw new ImportFailure(noFiles(`${uri.replace(/\/+$/, '')}/${directory}`));
  }
  return files.sort((a, b) => compare(a.namespace, b.namespace) || compare(a.key, b.key));
}

function checkTotals(files: number, namespaces: ReadonlySet<string>, bytes: number, limits: EmulatorLimits): void {
  if (files > limits.filesPerImport) {
    throw new ImportFailure(overLimit('Max files per import', limits.filesPerImport, files));
  }
  if (namespaces.size > limits.namespacesPerImport) {
    throw new ImportFailure(overLimit('Max namespaces per import', limits.namespacesPerImport, namespaces.size));
  }
  if (bytes > limits.bytesPerImport) {
    throw new ImportFailure(overLimit('Max size per import in bytes', limits.bytesPerImport, bytes));
  }
  const { namespaceLength = MAX_NAMESPACE_LENGTH } = limits.records;
  for (const namespace of namespaces) {
    if (namespace.length > namespaceLength) {
      throw new ImportFailure(namespaceTooLong(namespace.length, namespaceLength), namespace);
    }
  }
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
