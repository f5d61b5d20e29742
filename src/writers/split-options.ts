import { PineloadError } from '../base/errors.js';
import type { RowGroupColumns } from '../parquet/row-group.js';
import type { CompressionOptions } from '../parquet/schema.js';
import type { VectorKind } from '../records/batch.js';
import type { NamespaceNumbers } from '../records/namespace-numbers.js';
import type { ObjectStore, Turns } from '../uploaders/object-store.js';
import type { Layout } from './layout.js';
import type { ManifestFile } from './manifest.js';
import type { FileEncoders } from './namespace-files.js';
import type { PagePool } from './paged-column.js';

/** 400 MB (decimal): many files for the service to read at once, few enough for its limit of 100,000. */
export const DEFAULT_TARGET_FILE_BYTES = 400_000_000;
/**
 * 8 MiB of values: about 1,360 records of 1,536 dimensions. Every namespace holds one in memory until it is full, and nothing goes to
 * the disk before: larger ones take memory, and time at the end.
 */
export const DEFAULT_ROW_GROUP_BYTES = 8 * 1024 * 1024;
/** 256 MiB for the gathered rows of all namespaces. */
export const DEFAULT_MAX_BUFFERED_BYTES = 256 * 1024 * 1024;
/** Files of a local directory that are open at once while records come in. */
export const DEFAULT_MAX_OPEN_FILES = 64;
/** The same for object stores, whose open writers each hold a part in memory besides those on their way; at the most. */
export const DEFAULT_MAX_OPEN_OBJECTS = 8;
/** Files of a single row group that are written at once at the end. */
export const SMALL_FILES_AT_ONCE = 32;
/** Above this, columns of a row group would come near to the limits of typed arrays and of page counts. */
export const MAX_ROW_GROUP_BYTES = 1024 * 1024 * 1024;

export interface SplitWriterOptions {
  /** The import directory. */
  readonly store: ObjectStore;
  /** Threads that encode files. Default: the calling one does. */
  readonly encoders?: FileEncoders | undefined;
  /** Where namespaces lie in it. Default FLAT. */
  readonly layout?: Layout | undefined;
  /** Number of the split; part of every file name. */
  readonly split: number;
  readonly kind: VectorKind;
  /** Numbers per dense vector; 0 for kind `sparse`. */
  readonly dimension: number;
  /** pineload's version, for the files' `created_by`. */
  readonly version: string;
  /** Where rows go that do not fit into memory. */
  readonly tmpDir: string;
  /** Bytes after which a file is closed and the next begun, at most MAX_FILE_BYTES. Default DEFAULT_TARGET_FILE_BYTES. */
  readonly targetFileBytes?: number | undefined;
  /** Bytes of values in a row group. Default DEFAULT_ROW_GROUP_BYTES. */
  readonly rowGroupBytes?: number | undefined;
  /** Bytes of gathered rows in memory, all namespaces together; past it they are spilled. Default DEFAULT_MAX_BUFFERED_BYTES. */
  readonly maxBufferedBytes?: number | undefined;
  /** Files open at once while records come in. Default DEFAULT_MAX_OPEN_FILES, for object stores DEFAULT_MAX_OPEN_OBJECTS. */
  readonly maxOpenFiles?: number | undefined;
  /** Turns for the parts of all open objects together. Default: each has its store's own number on the way. */
  readonly onTheWay?: Turns | undefined;
  /** Shared with others who take the same batches. Default: a table of its own. */
  readonly numbers?: NamespaceNumbers | undefined;
  /** The split before this one as long as its last files are still being written. Default: there is none. */
  readonly before?: (() => EndingSplit | undefined) | undefined;
  readonly compression?: CompressionOptions | undefined;
  /** Bytes of values in a page. Default DEFAULT_PAGE_BYTES. */
  readonly pageBytes?: number | undefined;
  /** Memory for vectors, which a run's splits hand on; it was made for this kind, dimension and size of pages. Default: of its own. */
  readonly pages?: PagePool | undefined;
  /** Refuse to replace files that are there already. Default false: a repeated split writes the same bytes again. */
  readonly ifAbsent?: boolean | undefined;
  /** The split was begun before, by the same plan: what the store has of its files already is not sent again. Default false. */
  readonly resume?: boolean | 'parts' | undefined;
  /** Takes the row groups of namespaces that have too few records here for a file of their own. Default: each gets its file. */
  readonly staging?: Staging | undefined;
  readonly signal?: AbortSignal | undefined;
  /** A file is complete. */
  readonly onFile?: ((file: ManifestFile) => void) | undefined;
  /** Rows went to disk; `bytes` of them. */
  readonly onSpill?: ((bytes: number) => void) | undefined;
}

/** Where small row groups go instead of files. */
export interface Staging {
  /** Asked once, when all records are there. @param namespaces how many have not filled a row group since their last file */
  wanted(namespaces: number): boolean;
  /** Called for one namespace after the other, in the order of their names (UTF-16 code units). */
  take(namespace: string, group: RowGroupColumns): Promise<void>;
}

/**
 * A split all of whose records are there, while its last files are written. What it holds still counts as memory and open files of the split
 * that has begun meanwhile, which waits for it before it would spill, or put off a file.
 */
export interface EndingSplit {
  /** Bytes. */
  readonly heldBytes: number;
  readonly openFiles: number;
  /** Resolves when it has closed one of its files, or is over, whatever its end. */
  closing(): Promise<void>;
  /** Resolves when it is over and holds nothing any more, whatever its end. */
  over(): Promise<void>;
}

/** The option's value, if it is one that can be. Throws OPTION_INVALID. */
export function bounded(option: string, value: number, max = Number.MAX_SAFE_INTEGER): number {
  if (Number.isSafeInteger(value) && value >= 1 && value <= max) return value;
  throw new PineloadError('OPTION_INVALID', {
    field: option,
    expected: max === Number.MAX_SAFE_INTEGER ? 'a whole number above zero' : `a whole number from 1 to ${max}`,
    got: String(value),
  });
}
