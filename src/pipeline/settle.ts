import { DEFAULT_MAX_RECORD_BYTES } from '../readers/chunks.js';
import { parseLayout, type Layout } from '../writers/layout.js';
import { DEFAULT_ROW_GROUP_BYTES, DEFAULT_TARGET_FILE_BYTES } from '../writers/split-options.js';
import { parseTarget } from '../uploaders/uri.js';
import { checkDuplicatesMode } from './duplicates-mode.js';
import { shareMemory } from './memory-shares.js';
import {
  DEFAULT_MAX_FILES_PER_NAMESPACE,
  DEFAULT_ON_ERROR,
  DEFAULT_SPLIT_BYTES,
  DIRECT_SMALL_FILES,
  parseRejectLimit,
  positiveCount,
  recordRules,
  sizeOption,
  type ConvertOptions,
  type OnError,
  type RejectLimit,
} from './options.js';

/** The options of a conversion, read and defaulted, but for those of the mapping. */
export interface Settings {
  readonly layout: Layout;
  readonly fileBytes: number;
  readonly rowGroupBytes: number;
  readonly maxRecordBytes: number;
  readonly splitBytes: number;
  readonly maxFilesPerNamespace: number;
  readonly directSmallFiles: number;
  readonly workers: number;
  readonly maxBufferedBytes: number;
  /** See MemoryShares; undefined for a local directory. */
  readonly openObjects: number | undefined;
  readonly partsOnTheWay: number | undefined;
  readonly onError: OnError;
  readonly rejectLimit: RejectLimit;
  readonly rules: ReturnType<typeof recordRules>;
}

/**
 * Reads all options before anything is touched.
 *
 * @param to where the files go: it tells whether parts of them are held in memory
 */
export function settle(options: Omit<ConvertOptions, 'inputs' | 'to'>, to: string): Settings {
  checkDuplicatesMode(options.duplicates);
  const shares = shareMemory({ ...options, remote: parseTarget(to).scheme !== 'file' });
  return {
    layout: parseLayout(options.layout, options.sets),
    fileBytes: sizeOption(options.fileSize, DEFAULT_TARGET_FILE_BYTES, 'fileSize'),
    rowGroupBytes: sizeOption(options.rowGroupSize, DEFAULT_ROW_GROUP_BYTES, 'rowGroupSize'),
    maxRecordBytes: sizeOption(options.maxRecordSize, DEFAULT_MAX_RECORD_BYTES, 'maxRecordSize'),
    splitBytes: sizeOption(options.splitSize, DEFAULT_SPLIT_BYTES, 'splitSize'),
    maxFilesPerNamespace:
      positiveCount(options.maxFilesPerNamespace, 'maxFilesPerNamespace') ?? DEFAULT_MAX_FILES_PER_NAMESPACE,
    directSmallFiles: options.maxFilesPerNamespace === undefined ? DIRECT_SMALL_FILES : 0,
    workers: shares.workers,
    maxBufferedBytes: shares.gatheredBytes,
    openObjects: shares.openObjects,
    partsOnTheWay: shares.partsOnTheWay,
    onError: options.onError ?? DEFAULT_ON_ERROR,
    rejectLimit: parseRejectLimit(options),
    rules: recordRules(options),
  };
}
