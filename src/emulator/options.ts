import {
  MAX_FILE_BYTES,
  MAX_FILES_PER_IMPORT,
  MAX_IMPORT_BYTES,
  MAX_NAMESPACES_PER_IMPORT,
  MAX_URI_LENGTH,
  type RecordLimits,
} from '../records/limits.js';
import type { ObjectStore } from '../uploaders/object-store.js';
import type { EmulatorListener } from './events.js';
import type { FaultSettings } from './faults.js';
import { type Plan, PLAN_LIMITS } from './plans.js';

export type Metric = 'cosine' | 'euclidean' | 'dotproduct';
export type VectorType = 'dense' | 'sparse';

/** An index to begin with. */
export interface EmulatorIndexOptions {
  /** 1–45 characters: lower-case letters, digits and `-`. */
  readonly name: string;
  /** Length of the dense vectors, 1–20,000. Needed for dense indexes, refused for sparse ones. */
  readonly dimension?: number | undefined;
  /** Default `cosine` for dense indexes; sparse ones are always `dotproduct`. Hybrid records need `dotproduct`. */
  readonly metric?: Metric | undefined;
  /** Default `dense`. */
  readonly vectorType?: VectorType | undefined;
  /** Where the index pretends to be; `s3://` can only be imported into `aws`. Default DEFAULT_CLOUD. */
  readonly cloud?: string | undefined;
  /** Default DEFAULT_REGION. */
  readonly region?: string | undefined;
}

/** What one import may hold. Each is one of the service's limits and can be set low to see what happens beyond it. */
export interface EmulatorLimits {
  readonly namespacesPerImport: number;
  readonly filesPerImport: number;
  readonly bytesPerFile: number;
  readonly bytesPerImport: number;
  /** Namespaces of one index, those that exist already included. */
  readonly namespacesPerIndex: number;
  /** Characters of an import's URI. */
  readonly uriLength: number;
  /** What one record may hold, where that is not what is published; the dimension of an index and the length of a namespace's name too. */
  readonly records: RecordLimits;
}

export interface EmulatorOptions {
  /** Opens the directory that an import URI names. The store is closed when the import has ended. */
  readonly openStore: (uri: string) => Promise<ObjectStore>;
  /** Indexes to begin with; those that the state already holds are kept as they are. Default: none. */
  readonly indexes?: readonly EmulatorIndexOptions[] | undefined;
  /**
   * Port of the control plane and the first index; further indexes take the ports after it, or any where those are taken.
   * 0, the default, takes any that is free.
   */
  readonly port?: number | undefined;
  /** Address to listen on. Default DEFAULT_LISTEN_ADDRESS; set it only inside a container. */
  readonly address?: string | undefined;
  /** Host name in the addresses that are handed out. Default: the address listened on, 127.0.0.1 when that is a wildcard. */
  readonly advertisedHost?: string | undefined;
  /** The only key accepted. Default: any that is not empty. */
  readonly apiKey?: string | undefined;
  /** Directory that keeps indexes, imports and counts over restarts; one emulator at a time. Default: memory only. */
  readonly stateDir?: string | undefined;
  /** How long an import stays `Pending`, in ms. Default DEFAULT_PENDING_MS. */
  readonly pendingMs?: number | undefined;
  /** Least time an import spends reading, in ms, spread over its records. Default DEFAULT_IMPORT_MS. */
  readonly importMs?: number | undefined;
  /** Most records read per second; none by default. */
  readonly recordsPerSecond?: number | undefined;
  /** How long an import stays `InProgress` at 100 % ("indexing"), in ms. Default DEFAULT_INDEXING_MS. */
  readonly indexingMs?: number | undefined;
  /** Memory for imported records, so that they can be fetched, in bytes. Default DEFAULT_KEEP_BYTES. */
  readonly keepBytes?: number | undefined;
  /**
   * What becomes of columns the service does not know. Its error catalogue has "Unsupported column", newer pages say they
   * are ignored. Default `refuse`, the stricter reading.
   */
  readonly extraColumns?: 'refuse' | 'ignore' | undefined;
  /** Pricing plan: imports are refused on `starter` and `builder`, and namespaces are counted. Default DEFAULT_PLAN. */
  readonly plan?: Plan | undefined;
  /** Limits other than those of the service and the plan, to see what happens beyond them. */
  readonly limits?: { readonly [K in keyof EmulatorLimits]?: EmulatorLimits[K] | undefined } | undefined;
  /** Faults from the start; they can be changed later at `POST /__emulator/faults`. */
  readonly faults?: FaultSettings | undefined;
  /** One call per request and per change of an import. Holds no key and no query string. */
  readonly onEvent?: EmulatorListener | undefined;
}

export const DEFAULT_LISTEN_ADDRESS = '127.0.0.1';
export const DEFAULT_CLOUD = 'aws';
export const DEFAULT_REGION = 'us-east-1';
/** A rehearsal is to take about a second; the service takes minutes. */
export const DEFAULT_PENDING_MS = 150;
export const DEFAULT_IMPORT_MS = 300;
/** The service indexes for "at least 10 minutes" at 100 %: short here, but long enough to be seen. */
export const DEFAULT_INDEXING_MS = 300;
/** 256 MiB. */
export const DEFAULT_KEEP_BYTES = 256 * 1024 * 1024;
/** Imports on a page of the list. OpenAPI 2026-04, `listBulkImports`. */
export const MAX_IMPORTS_PER_PAGE = 100;
/** Namespaces or record ids on a page unless the request asks for fewer. OpenAPI 2026-04. */
export const DEFAULT_PAGE_SIZE = 100;

export const DEFAULT_PLAN: Plan = 'standard';

/** The limits of the service and of the plan, but for those that are set otherwise. */
export function limitsOf({
  plan = DEFAULT_PLAN,
  limits = {},
}: Pick<EmulatorOptions, 'plan' | 'limits'>): EmulatorLimits {
  return {
    namespacesPerImport: limits.namespacesPerImport ?? MAX_NAMESPACES_PER_IMPORT,
    filesPerImport: limits.filesPerImport ?? MAX_FILES_PER_IMPORT,
    bytesPerFile: limits.bytesPerFile ?? MAX_FILE_BYTES,
    bytesPerImport: limits.bytesPerImport ?? MAX_IMPORT_BYTES,
    namespacesPerIndex: limits.namespacesPerIndex ?? PLAN_LIMITS[plan].namespacesPerIndex,
    uriLength: limits.uriLength ?? MAX_URI_LENGTH,
    records: limits.records ?? {},
  };
}
