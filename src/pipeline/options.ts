import { PineloadError } from '../base/errors.js';
import { parseBytes } from '../base/bytes.js';
import { memoryLimit } from '../base/machine.js';
import type { EventListener } from '../base/events.js';
import { checkRecordLimits, type ImportLimits, type RecordLimits } from '../records/limits.js';
import type { MetadataOptions } from '../records/rules/metadata-mend.js';
import type { RuleOptions } from '../records/rules/options.js';
import type { LayoutKind } from '../writers/layout.js';
import type { MappingOptions } from '../readers/reader.js';
import type { Compression, InputFormat } from '../sources/source.js';
import type { DuplicatesMode } from './duplicates-mode.js';
import type { StoreAccess } from './stores.js';

/** Stop at the first rejected record, or write it to the rejects file and go on. */
export type OnError = 'abort' | 'skip';

/** Options that every call takes. */
export interface CommonOptions extends StoreAccess {
  /** Stops the work between two steps; what was finished stays and a repeated run goes on from there. */
  readonly signal?: AbortSignal | undefined;
  /** Told of everything that happens, see PineloadEvent. Must not throw. */
  readonly onEvent?: EventListener | undefined;
}

/** Limits of one import, where the plan or the index has others than those published. Sizes as `2TB` or in bytes. */
export interface LimitOptions {
  /** Default MAX_IMPORT_BYTES (1 TB). */
  readonly maxImportSize?: number | string | undefined;
  /** Default MAX_FILES_PER_IMPORT (100,000). */
  readonly maxImportFiles?: number | undefined;
  /** Default MAX_NAMESPACES_PER_IMPORT (10,000). */
  readonly maxImportNamespaces?: number | undefined;
  /** Default MAX_FILE_BYTES (10 GB). What is converted is written in files of `fileSize`, never larger than that. */
  readonly maxImportFileSize?: number | string | undefined;
  /** Default WARN_NAMESPACE_BYTES (500 GB); above it there is a warning. */
  readonly maxImportNamespaceSize?: number | string | undefined;
  /** Characters. Default MAX_URI_LENGTH (1,500). */
  readonly maxImportUriLength?: number | undefined;
}

/** Rules of records that can be set. */
export interface RecordRules {
  /** Metadata values that are null: reject the record (the default), or leave them out. */
  readonly metadataNulls?: MetadataOptions['nulls'];
  /** Metadata values that are objects: reject the record (the default), leave them out, put their JSON text in their place, or their fields as `a.b`. */
  readonly metadataNested?: MetadataOptions['nested'];
  /** Metadata lists of other than strings: reject the record (the default), leave them out, or make strings of their elements. */
  readonly metadataLists?: MetadataOptions['lists'];
  /** Take dense vectors that hold only zeros. Default DEFAULT_ALLOW_ZERO_VECTORS (false). */
  readonly allowZeroVectors?: boolean | undefined;
  /** Limits of a record that are not the published ones. */
  readonly limits?: RecordLimits | undefined;
}

/** Where a conversion goes and how it is cut; shared by `convert` and the writer of records in memory. */
export interface TargetOptions extends CommonOptions, LimitOptions, RecordRules {
  /** Directory, `s3://bucket/prefix`, `gs://bucket/prefix` or `https://account.blob.core.windows.net/container/prefix`. `{run}` stands for runId. */
  readonly to: string;
  /** Where plan, journal, manifest and rejects go. Default: `<to>.pineload/`, beside the import directory. */
  readonly state?: string | undefined;
  /** Replace what an earlier conversion left in `to`: its manifest goes first, then its files. Default false. */
  readonly overwrite?: boolean | undefined;
  /** Default DEFAULT_ON_ERROR. */
  readonly onError?: OnError | undefined;
  /**
   * Repeated ids, and identical vectors, within a namespace: stop before anything is sealed (`error`), say so (`warn`), keep the `first` or
   * `last` of each, or do not look (`allow`). Default DEFAULT_DUPLICATES; for `run` with error mode `continue`
   * DEFAULT_DUPLICATES_CONTINUE.
   */
  readonly duplicates?: DuplicatesMode | undefined;
  /** With `onError: 'skip'`: how many records may be rejected, a count or a share such as `1%`. Default: no maximum. */
  readonly maxRejects?: number | string | undefined;
  /**
   * Rejected records are a failure: on the command line `convert` exits with 3 though it is done, `run` stops before it imports,
   * since nothing can be added to a namespace afterwards. Default false.
   */
  readonly failOnRejects?: boolean | undefined;
  /** Local file for the rejected records. Default: `rejects.jsonl` in the state. */
  readonly rejects?: string | undefined;
  /** Keep the text of each rejected record in the rejects file, so that it can be mended there and joined. Default DEFAULT_REJECT_RECORDS. */
  readonly rejectRecords?: boolean | undefined;
  /** Size at which a Parquet file is closed and the next begun. Default DEFAULT_TARGET_FILE_BYTES (400 MB). */
  readonly fileSize?: number | string | undefined;
  /** Uncompressed size of a row group. Default DEFAULT_ROW_GROUP_BYTES. */
  readonly rowGroupSize?: number | string | undefined;
  /** Memory of the whole process; what does not fit is spilled to tmpDir. Default DEFAULT_MAX_MEMORY_BYTES. */
  readonly maxMemory?: number | string | undefined;
  /**
   * What is imported together: all (`flat`, the default), each namespace by itself (`per-namespace`), or namespaces spread
   * over `sets` imports (`sets`), for more than one import takes.
   */
  readonly layout?: LayoutKind | undefined;
  /** With layout `sets`: how many, 1 to MAX_SETS. */
  readonly sets?: number | undefined;
  /**
   * Files of less than a row group that a namespace may get, one for each split. Where a plan has more splits, small row groups are staged in
   * the state and joined when all splits are done, see docs/shards.md. Default DEFAULT_MAX_FILES_PER_NAMESPACE, and then only where
   * there would be more than DIRECT_SMALL_FILES small files in all.
   */
  readonly maxFilesPerNamespace?: number | undefined;
  /** For spilled records. Default: the system's. */
  readonly tmpDir?: string | undefined;
  /** Stop before anything is read where tmpDir has too little room for what may be spilled. Default true. */
  readonly tmpCheck?: boolean | undefined;
}

/** Options of `convert`. On the command line each is a flag (`idField` is `--id-field`) and a variable (`PINELOAD_ID_FIELD`). */
export interface ConvertOptions extends TargetOptions, MappingOptions {
  /** Files, globs, directories, URIs; `-` for standard input. */
  readonly inputs: string | readonly string[];
  /** Default `auto`: by file name. */
  readonly format?: 'auto' | InputFormat | undefined;
  /** Default `auto`: by file name, else by the first bytes. */
  readonly compression?: 'auto' | Compression | undefined;
  /** Largest record in bytes; a larger one is rejected without being held in memory. Default DEFAULT_MAX_RECORD_BYTES. */
  readonly maxRecordSize?: number | string | undefined;
  /** Reading threads; 1 reads without any. Default: the CPUs that may be used, as far as maxMemory holds them. Changes no byte of the output. */
  readonly workers?: number | undefined;
  /**
   * Stored bytes that one split holds: whole files gathered up to it, uncompressed JSONL that is larger cut into ranges. Default
   * DEFAULT_SPLIT_BYTES. Not smaller than MIN_RANGE_BYTES for ranges.
   */
  readonly splitSize?: number | string | undefined;
  /** CSV: no field holds a line break, so that a large file can be cut into ranges. A line that breaks this stops the run. Default false. */
  readonly csvNoMultiline?: boolean | undefined;
  /** CSV: read a large file once beforehand to find where rows begin, so that it can be cut into ranges. Default false. */
  readonly scan?: boolean | undefined;
}

export const DEFAULT_ON_ERROR: OnError = 'abort';
/** A record may be large, and hold what should not be written down twice. */
export const DEFAULT_REJECT_RECORDS = false;
/** 512 MB for the whole process. */
export const DEFAULT_MAX_MEMORY_BYTES = 512_000_000;
/** The least that a conversion can work in: the runtime itself, one chunk, one row group. */
export const MIN_MEMORY_BYTES = 256_000_000;
/** What Node, the code and the row group being written take besides the gathered records. */
export const RESERVED_MEMORY_BYTES = 180_000_000;
/** What a thread takes with the chunks that wait for it, and the row group that it encodes. */
export const WORKER_MEMORY_BYTES = 40_000_000;
/** Gathered records, at the least. */
export const MIN_BUFFER_BYTES = 24_000_000;
/** 2 GiB: a split is what is repeated after a crash, and gives at least one file to each of its namespaces. */
export const DEFAULT_SPLIT_BYTES = 2 * 1024 ** 3;

/** 10,000 namespaces, the most of one import, with so many files each stay below its 100,000 files. */
export const DEFAULT_MAX_FILES_PER_NAMESPACE = 8;
/** So many small files do no harm: they are not joined unless `maxFilesPerNamespace` is stated. */
export const DIRECT_SMALL_FILES = 10_000;

/** Sizes in options: a number of bytes, or a text such as `400MB`. */
export function sizeOption(value: number | string | undefined, fallback: number, option: string): number {
  return value === undefined ? fallback : parseBytes(value, option);
}

/** Reads the limits of an import. */
export function importLimits(options: LimitOptions): ImportLimits {
  const size = (name: 'maxImportSize' | 'maxImportFileSize' | 'maxImportNamespaceSize'): number | undefined => {
    const value = options[name];
    return value === undefined ? undefined : parseBytes(value, name);
  };
  const count = (name: 'maxImportFiles' | 'maxImportNamespaces' | 'maxImportUriLength'): number | undefined =>
    positiveCount(options[name], name);
  return {
    maxImportBytes: size('maxImportSize'),
    maxImportFiles: count('maxImportFiles'),
    maxImportNamespaces: count('maxImportNamespaces'),
    maxImportFileBytes: size('maxImportFileSize'),
    maxImportNamespaceBytes: size('maxImportNamespaceSize'),
    maxImportUriLength: count('maxImportUriLength'),
  };
}

/** A count in an option, from 1. */
export function positiveCount(value: number | undefined, option: string): number | undefined {
  if (value === undefined || (Number.isSafeInteger(value) && value >= 1)) return value;
  throw new PineloadError('OPTION_INVALID', {
    field: option,
    expected: 'a whole number from 1',
    got: String(value),
  });
}

/** Memory of the process: the option, else DEFAULT_MAX_MEMORY_BYTES or what the control group leaves, if that is less. */
export function memoryBudget(maxMemory: number | string | undefined): number {
  const limit = memoryLimit();
  const fallback = limit === undefined ? DEFAULT_MAX_MEMORY_BYTES : Math.min(DEFAULT_MAX_MEMORY_BYTES, 0.85 * limit);
  const total = sizeOption(maxMemory, Math.max(MIN_MEMORY_BYTES, Math.floor(fallback)), 'maxMemory');
  if (total >= MIN_MEMORY_BYTES) return total;
  throw new PineloadError('OPTION_INVALID', {
    field: 'maxMemory',
    expected: `at least ${MIN_MEMORY_BYTES / 1e6}MB`,
    got: `${total} bytes`,
  });
}

/** Bytes of records that may be held in memory where one thread reads and no objects are written. For conversions see shareMemory. */
export function bufferBudget(maxMemory: number | string | undefined): number {
  return Math.max(MIN_BUFFER_BYTES, memoryBudget(maxMemory) - RESERVED_MEMORY_BYTES - WORKER_MEMORY_BYTES);
}

/** How many records may be rejected before the run fails. */
export type RejectLimit = { readonly count: number } | { readonly share: number };

/**
 * Reads `maxRejects`: `100`, `0` or `1.5%`.
 *
 * @throws OPTION_INVALID also where the first bad record ends the run: who sets a maximum there expects something else
 */
export function parseRejectLimit({
  maxRejects: value,
  onError = DEFAULT_ON_ERROR,
}: Pick<ConvertOptions, 'maxRejects' | 'onError'>): RejectLimit {
  if (value === undefined) return { count: Infinity };
  if (onError !== 'skip') {
    throw new PineloadError('OPTION_INVALID', {
      field: 'maxRejects',
      message: 'it says how long a run goes on after bad records',
      expected: 'onError "skip"',
      got: JSON.stringify(onError),
    });
  }
  const match = /^\s*(\d+(?:\.\d+)?)\s*(%?)\s*$/.exec(String(value));
  const number = match ? Number(match[1]) : NaN;
  if (match?.[2] === '%' && number <= 100) return { share: number / 100 };
  if (match?.[2] === '' && Number.isSafeInteger(number)) return { count: number };
  throw new PineloadError('OPTION_INVALID', {
    field: 'maxRejects',
    expected: 'a count such as 100 or a share such as 1%',
    got: JSON.stringify(value),
  });
}

const METADATA_CHOICES = {
  metadataNulls: ['reject', 'drop'],
  metadataNested: ['reject', 'drop', 'stringify', 'flatten'],
  metadataLists: ['reject', 'drop', 'stringify'],
} as const;

/** Reads the rules that were set. @throws OPTION_INVALID */
export function recordRules(options: RecordRules): Pick<RuleOptions, 'limits' | 'metadata' | 'allowZeroVectors'> {
  for (const [field, choices] of Object.entries(METADATA_CHOICES)) {
    const value = options[field as keyof typeof METADATA_CHOICES];
    if (value === undefined || (choices as readonly string[]).includes(value)) continue;
    throw new PineloadError('OPTION_INVALID', { field, expected: choices.join(', '), got: JSON.stringify(value) });
  }
  if (options.limits !== undefined) checkRecordLimits(options.limits);
  const { metadataNulls, metadataNested, metadataLists, limits, allowZeroVectors } = options;
  return { limits, allowZeroVectors, metadata: { nulls: metadataNulls, nested: metadataNested, lists: metadataLists } };
}

/** Fills `{run}` in a destination. */
export function fillRun(text: string, runId: string | undefined, option: string): string {
  if (!text.includes('{run}')) return text;
  if (runId === undefined || runId === '') {
    throw new PineloadError('OPTION_INVALID', {
      field: option,
      message: '"{run}" stands in it',
      expected: 'the option runId',
      got: 'none',
    });
  }
  if (!/^[A-Za-z0-9._-]{1,128}$/.test(runId)) {
    throw new PineloadError('OPTION_INVALID', {
      field: 'runId',
      expected: '1 to 128 of A-Z a-z 0-9 . _ -',
      got: JSON.stringify(runId),
    });
  }
  return text.replaceAll('{run}', runId);
}
