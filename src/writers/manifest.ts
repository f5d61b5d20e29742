import type { VectorKind } from '../records/batch.js';
import type { MetadataChanges } from '../records/rules/metadata-mend.js';
import type { Layout } from './layout.js';

/** A Parquet file of the import. */
export interface ManifestFile {
  /** Relative to the import directory: `<namespace>/part-….parquet`, with the root before it in other layouts than flat. */
  readonly path: string;
  readonly namespace: string;
  readonly records: number;
  readonly bytes: number;
  /** Lower-case hex. */
  readonly sha256: string;
  /**
   * The checksums that object stores keep, so that what they say of an object can be compared without reading it: CRC-64/NVME (S3,
   * Azure) and CRC-32C (Google Cloud Storage), in lower-case hex. Manifests of older versions have none.
   */
  readonly crc64nvme?: string | undefined;
  readonly crc32c?: string | undefined;
}

export interface ManifestNamespace {
  readonly namespace: string;
  readonly records: number;
  readonly files: number;
  readonly bytes: number;
  readonly rejected: number;
}

/**
 * What a conversion wrote. Written last, so its presence means that all of it is there. The same input, options and
 * version give the same bytes: no time, host, path or run id in here.
 */
export interface Manifest {
  readonly format: 'pineload-manifest';
  /** 2 in layouts other than flat: who knows only 1 would take all roots for one import, and must refuse. */
  readonly version: 1 | 2;
  /** pineload's own version. */
  readonly pineload: string;
  readonly kind: VectorKind;
  /** Undefined: flat. */
  readonly layout?: Exclude<Layout, { readonly kind: 'flat' }> | undefined;
  /** Undefined for sparse records. */
  readonly dimension?: number | undefined;
  readonly records: number;
  readonly bytes: number;
  readonly rejected: number;
  readonly rejectsByCode: Readonly<Record<string, number>>;
  /** Metadata values that were dropped, flattened or made strings, as the options say; undefined: none. */
  readonly metadataChanges?: MetadataChanges | undefined;
  /** Sorted by namespace name (UTF-16 code units). */
  readonly namespaces: readonly ManifestNamespace[];
  /** Sorted by path. */
  readonly files: readonly ManifestFile[];
}

export const MANIFEST_KEY = 'manifest.json';

export { buildManifest, type ManifestInput } from './build-manifest.js';
export { encodeManifest, parseManifest } from './manifest-json.js';
