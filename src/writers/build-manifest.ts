import type { VectorKind } from '../records/batch.js';
import type { MetadataChanges } from '../records/rules/metadata-mend.js';
import { FLAT, type Layout } from './layout.js';
import type { Manifest, ManifestFile, ManifestNamespace } from './manifest.js';

export interface ManifestInput {
  /** pineload's own version. */
  readonly version: string;
  /** Default FLAT. */
  readonly layout?: Layout | undefined;
  readonly kind: VectorKind;
  /** Ignored for sparse records. */
  readonly dimension: number | undefined;
  /** The files of all splits, in any order. */
  readonly files: readonly ManifestFile[];
  /** Rejected records by rule code; their sum is the manifest's total. */
  readonly rejectsByCode: Readonly<Record<string, number>>;
  /** Rejected records by namespace, as far as it could be read. Only namespaces that have files are listed in the manifest. */
  readonly rejectsByNamespace: Readonly<Record<string, number>>;
  /** Metadata values that the options had changed. */
  readonly metadataChanges?: MetadataChanges | undefined;
}

/** Adds everything up. The same input gives the same manifest, whatever order files and counts come in. */
export function buildManifest(input: ManifestInput): Manifest {
  const files = input.files.map(entryOf).sort((a, b) => compare(a.path, b.path));
  const rejectsByNamespace = new Map(Object.entries(input.rejectsByNamespace));
  const rejectsByCode = Object.entries(input.rejectsByCode)
    .filter(([, count]) => count > 0)
    .sort(([a], [b]) => compare(a, b));

  const byNamespace = new Map<string, { -readonly [K in keyof ManifestNamespace]: ManifestNamespace[K] }>();
  for (const { namespace, records, bytes } of files) {
    const rejected = rejectsByNamespace.get(namespace) ?? 0;
    const sum = byNamespace.get(namespace) ?? { namespace, records: 0, files: 0, bytes: 0, rejected };
    sum.records += records;
    sum.files++;
    sum.bytes += bytes;
    byNamespace.set(namespace, sum);
  }
  const namespaces = [...byNamespace.values()].sort((a, b) => compare(a.namespace, b.namespace));

  const layout = input.layout ?? FLAT;
  return {
    format: 'pineload-manifest',
    version: layout.kind === 'flat' ? 1 : 2,
    pineload: input.version,
    ...(layout.kind === 'flat' ? {} : { layout }),
    kind: input.kind,
    ...(input.kind === 'sparse' ? {} : { dimension: input.dimension }),
    records: namespaces.reduce((sum, { records }) => sum + records, 0),
    bytes: namespaces.reduce((sum, { bytes }) => sum + bytes, 0),
    rejected: rejectsByCode.reduce((sum, [, count]) => sum + count, 0),
    rejectsByCode: Object.fromEntries(rejectsByCode),
    ...(input.metadataChanges === undefined ? {} : { metadataChanges: input.metadataChanges }),
    namespaces,
    files,
  };
}

/** A file's fields in the manifest's order, and no others. */
function entryOf({ path, namespace, records, bytes, sha256, crc64nvme, crc32c }: ManifestFile): ManifestFile {
  return {
    ...{ path, namespace, records, bytes, sha256 },
    ...(crc64nvme === undefined ? {} : { crc64nvme }),
    ...(crc32c === undefined ? {} : { crc32c }),
  };
}

/** By UTF-16 code units, as `<` has it: the same on every machine and in every locale. */
function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
