/** States of a bulk import. The service may add others: treat those as still running. OpenAPI 2026-04 `ImportModel.status`. */
export type KnownImportStatus = 'Pending' | 'InProgress' | 'Failed' | 'Completed' | 'Cancelled';

export type ErrorMode = 'abort' | 'continue';

/** One bulk import as the service describes it; both key styles of the answers end here. */
export interface ImportModel {
  readonly id: string;
  readonly uri: string | undefined;
  /** A KnownImportStatus, or whatever else the service said. */
  readonly status: string;
  readonly createdAt: string | undefined;
  readonly finishedAt: string | undefined;
  /** 0–100. 100 while `InProgress` is normal: the index is being built. */
  readonly percentComplete: number | undefined;
  readonly recordsImported: number | undefined;
  readonly error: string | undefined;
}

/** An index as the control plane describes it. */
export interface IndexModel {
  readonly name: string;
  /** Host without scheme, or an `http://` URL on loopback. */
  readonly host: string;
  readonly dimension: number | undefined;
  readonly metric: string | undefined;
  readonly vectorType: string | undefined;
  readonly ready: boolean | undefined;
  readonly cloud: string | undefined;
  readonly region: string | undefined;
  readonly serverless: boolean;
  /** How the index is deployed, as far as the description says: only pod indexes are known to refuse imports. */
  readonly deployment?: 'serverless' | 'pod' | 'byoc' | undefined;
  /** `Ready`, `Initializing`, … */
  readonly state?: string | undefined;
  /** The index embeds texts itself (integrated embedding). */
  readonly embeds?: boolean | undefined;
  /** The index has a schema: a metadata schema, or the fields of a document index. */
  readonly hasSchema?: boolean | undefined;
  /** Served by dedicated read nodes. */
  readonly dedicated?: boolean | undefined;
}

/** Record counts of an index (`describe_index_stats`); they may lag behind writes and imports. */
export interface IndexStats {
  /** Records by namespace; `''` and `__default__` are one, under `__default__`. */
  readonly namespaces: ReadonlyMap<string, number>;
  readonly total: number | undefined;
  readonly dimension: number | undefined;
  readonly metric: string | undefined;
  readonly vectorType: string | undefined;
}

/** One namespace as the namespace endpoints describe it. */
export interface NamespaceInfo {
  /** `__default__` for the default namespace. */
  readonly name: string;
  readonly records: number | undefined;
}

/** One page of a list. */
export interface ImportPage {
  readonly imports: readonly ImportModel[];
  /** Token of the next page; undefined on the last. */
  readonly next: string | undefined;
}

/** A record fetched back from the index. */
export interface FetchedRecord {
  readonly id: string;
  readonly values: readonly number[] | undefined;
  readonly sparse: { readonly indices: readonly number[]; readonly values: readonly number[] } | undefined;
  /** A JSON object; numbers are float64, whatever they were before. */
  readonly metadata: Readonly<Record<string, unknown>> | undefined;
}

/** How to reach the service. */
export interface ConnectionOptions {
  /** Default: environment variable PINECONE_API_KEY, else the file named by PINECONE_API_KEY_FILE. */
  readonly apiKey?: string | undefined;
  readonly apiKeyFile?: string | undefined;
  /** Looked up at the control plane. */
  readonly indexName?: string | undefined;
  /** Host of the index; on loopback also an `http://` URL. */
  readonly indexHost?: string | undefined;
  /** Default DEFAULT_CONTROL_PLANE. On loopback also `http://`. */
  readonly controlPlane?: string | undefined;
  /** Default DEFAULT_API_VERSION. */
  readonly apiVersion?: string | undefined;
}

export const DEFAULT_CONTROL_PLANE = 'https://api.pinecone.io';
/**
 * The newest version whose index description still has `dimension`, `metric` and `vector_type`
 * (2026-07 replaces them). OpenAPI repository, main @ 068bdf7.
 */
export const DEFAULT_API_VERSION = '2026-04';
export const DEFAULT_ERROR_MODE: ErrorMode = 'abort';
