/** Every limit of the service that pineload keeps to, with its source and the date of the copy that was read. */

/** Record ids: 1–512 characters. docs.pinecone.io/reference/api/database-limits (2026-07); OpenAPI 2026-04 `Vector.id`. */
export const MAX_ID_LENGTH = 512;
/** Namespace names: ≤ 512 characters, ASCII except NUL. docs.pinecone.io/reference/api/database-limits (2026-07). */
export const MAX_NAMESPACE_LENGTH = 512;
/** Dense dimension ≤ 20,000. docs.pinecone.io/reference/api/database-limits (2026-07). */
export const MAX_DIMENSION = 20_000;
/** Non-zero entries of a sparse vector: 2,048 in the docs since late 2025 (1,000 in the OpenAPI file). */
export const MAX_SPARSE_ENTRIES = 2_048;
/** Metadata of a record: 40 KB of UTF-8 JSON. docs.pinecone.io/reference/api/database-limits (2026-07). */
export const MAX_METADATA_BYTES = 40 * 1024;
/** Size of one Parquet file, decimal GB. docs.pinecone.io/reference/api/database-limits (2026-07). */
export const MAX_FILE_BYTES = 10_000_000_000;
/** Files of one import. docs.pinecone.io/reference/api/database-limits (2026-07). */
export const MAX_FILES_PER_IMPORT = 100_000;
/** Namespaces of one import. docs.pinecone.io/reference/api/database-limits (2026-07). */
export const MAX_NAMESPACES_PER_IMPORT = 10_000;
/** Input of one import for on-demand indexes, decimal TB. docs.pinecone.io/reference/api/database-limits (2026-07). */
export const MAX_IMPORT_BYTES = 1_000_000_000_000;
/** Import URI: 1–1,500 characters. OpenAPI 2026-04 `StartImportRequest.uri`. */
export const MAX_URI_LENGTH = 1_500;
/** Name of the default namespace in import directories and API paths (API versions from 2025-04). */
export const DEFAULT_NAMESPACE = '__default__';

/** What one import may hold. Plans and indexes differ, and limits move: each can be overridden. */
export interface ImportLimits {
  /** Default MAX_IMPORT_BYTES; indexes with dedicated read nodes are said to have none. */
  readonly maxImportBytes?: number | undefined;
  /** Default MAX_FILES_PER_IMPORT. */
  readonly maxImportFiles?: number | undefined;
  /** Default MAX_NAMESPACES_PER_IMPORT. */
  readonly maxImportNamespaces?: number | undefined;
}
