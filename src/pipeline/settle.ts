import { DEFAULT_MAX_RECORD_BYTES } from '../readers/chunks.js';
import { parseLayout, type Layout } from '../writers/layout.js';
import { DEFAULT_ROW_GROUP_BYTES, DEFAULT_TARGET_FILE_BYTES } from '../writers/split-writer.js';
import { checkDuplicatesMode } from './duplicates-mode.js';
import {
  bufferBudget,
  DEFAULT_MAX_FILES_PER_NAMESPACE,
  DEFAULT_ON_ERROR,
  DEFAULT_SPLIT_BYTES,
  DIRECT_SMALL_FILES,
  parseRejectLimit,
  positiveCount,
  recordRules,
  sizeOption,
  workerCount,
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
  readonly onError: OnError;
  readonly rejectLimit: RejectLimit;
  readonly rules: ReturnType<typeof recordRules>;
}

/** Reads all options before anything is touched. */
export function settle(options: Omit<ConvertOptions, 'inputs' | 'to'>): Settings {
  checkDuplicatesMode(options.duplicates);
  const workers = workerCount(options.workers, options.maxMemory);
  return {
    layout: parseLayout(options.layout, options.sets),
    fileBytes: sizeOption(options.fileSize, DEFAULT_TARGET_FILE_BYTES, 'fileSize'),
    rowGroupBytes: sizeOption(options.rowGroupSize, DEFAULT_ROW_GROUP_BYTES, 'rowGroupSize'),
    maxRecordBytes: sizeOption(options.maxRecordSize, DEFAULT_MAX_RECORD_BYTES, 'maxRecordSize'),
    splitBytes: sizeOption(options.splitSize, DEFAULT_SPLIT_BYTES, 'splitSize'),
    maxFilesPerNamespace:
      positiveCount(options.maxFilesPerNamespace, 'maxFilesPerNamespace') ?? DEFAULT_MAX_FILES_PER_NAMESPACE,
    directSmallFiles: options.maxFilesPerNamespace === undefined ? DIRECT_SMALL_FILES : 0,
    workers,
    maxBufferedBytes: bufferBudget(options.maxMemory, workers),
    onError: options.onError ?? DEFAULT_ON_ERROR,
    rejectLimit: parseRejectLimit(options.maxRejects),
    rules: recordRules(options),
  };
}
