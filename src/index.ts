/** The public API of pineload. Everything the command line does is done through these calls. */
export { VERSION } from './base/version.js';
export { PineloadError, type ErrorCode, type ErrorDetails, type Stage } from './base/errors.js';
export { EXIT } from './base/exit-codes.js';
export type { EventListener, NamespaceSummary, PineloadEvent, ProgressCounts } from './base/events.js';
export { renderEvent } from './base/render-event.js';

export { convert } from './pipeline/convert.js';
export type { ConvertResult } from './pipeline/commit.js';
export { plan, type PlanCommandOptions, type PlanResult } from './pipeline/plan-command.js';
export { convertShard, type ConvertShardOptions, type ConvertShardResult } from './pipeline/convert-shard.js';
export { commit, COMMIT_POLL_MS, DEFAULT_COMMIT_WAIT_MS, type CommitOptions } from './pipeline/commit-command.js';
export {
  mergeDuplicates,
  type MergeDuplicatesOptions,
  type MergeDuplicatesResult,
} from './pipeline/duplicates-command.js';
export { compact, type CompactOptions, type CompactResult } from './pipeline/compact-command.js';
export type { Shard } from './pipeline/shard.js';
export { MIN_RANGE_BYTES } from './pipeline/make-plan.js';
export {
  DEFAULT_MAX_FILES_PER_NAMESPACE,
  DEFAULT_MAX_MEMORY_BYTES,
  DEFAULT_ON_ERROR,
  DEFAULT_REJECT_RECORDS,
  DEFAULT_SPLIT_BYTES,
  DIRECT_SMALL_FILES,
  type CommonOptions,
  type ConvertOptions,
  type OnError,
  type TargetOptions,
} from './pipeline/options.js';
export {
  DEFAULT_DUPLICATES,
  DEFAULT_DUPLICATES_CONTINUE,
  DUPLICATES_MODES,
  type DuplicatesMode,
} from './pipeline/duplicates-mode.js';
export type { StoreAccess } from './pipeline/stores.js';
export {
  convertRecords,
  openRecordWriter,
  type RecordWriter,
  type RecordWriterOptions,
} from './pipeline/record-writer.js';
export type { VectorRecord } from './readers/record-objects.js';
export type { MappingOptions, VectorEncoding } from './readers/reader.js';
export type { VectorKind } from './records/batch.js';
export type { Reject } from './records/reject.js';
export { RULES, type RuleCode, type RuleInfo } from './records/rule-codes.js';
export type { Manifest, ManifestFile, ManifestNamespace } from './writers/manifest.js';
export { DEFAULT_ROW_GROUP_BYTES, DEFAULT_TARGET_FILE_BYTES } from './writers/split-options.js';

export { upload, type UploadOptions, type UploadResult } from './pipeline/upload.js';
export {
  abortStale,
  DEFAULT_STALE_AFTER_MS,
  type AbortStaleOptions,
  type AbortStaleResult,
} from './pipeline/abort-stale.js';
export type { UploadAction, UploadPlan } from './pipeline/upload-plan.js';
export { DEFAULT_UPLOAD_MEMORY_BYTES, MOST_FILES_IN_FLIGHT, MOST_PARTS_IN_FLIGHT } from './uploaders/transfer-plan.js';
export {
  PACE_DECREASE,
  PACE_FEWEST_REQUESTS,
  PACE_INCREASE,
  PACE_MOST_REQUESTS,
  PACE_ROUND_MS,
} from './uploaders/request-pace.js';
export { BANDWIDTH_BURST_SECONDS } from './uploaders/bandwidth.js';
export {
  DEFAULT_PART_BYTES,
  DEFAULT_PARTS_IN_FLIGHT,
  DEFAULT_STORE_TRIES,
  type ObjectInfo,
  type ObjectStore,
} from './uploaders/object-store.js';

export {
  cancelImport,
  checkImport,
  describeImport,
  eachImport,
  importEach,
  listImports,
  retryImports,
  startImport,
  watchImport,
  watchImports,
  type CheckImportOptions,
  type CheckImportResult,
  type DirectoryOptions,
  type ImportEachOptions,
  type ImportEachResult,
  type RetryImportsOptions,
  type ServiceOptions,
  type StartImportOptions,
  type StartImportResult,
  type WatchImportOptions,
  type WatchImportResult,
  type WatchImportsOptions,
} from './pipeline/import.js';
export type { StartSettings, VerifySettings, WaitSettings } from './pipeline/import-steps.js';
export { DEFAULT_AT_ONCE, type ImportOutcome, type TogetherSettings } from './pipeline/import-roots.js';
export { DEFAULT_VERIFY_SAMPLE } from './pipeline/written-records.js';
export type { Finding } from './importer/findings.js';
export { DEFAULT_LAYOUT, MAX_SETS, type Layout, type LayoutKind } from './writers/layout.js';
export { DEFAULT_API_VERSION, DEFAULT_CONTROL_PLANE, DEFAULT_ERROR_MODE } from './importer/types.js';
export type { ConnectionOptions, ErrorMode, ImportModel, KnownImportStatus } from './importer/types.js';
export type { Receipt } from './importer/receipt.js';
export { run, type RunOptions, type RunResult } from './pipeline/run.js';
export { startEmulator, type Emulator, type EmulatorOptions } from './emulator/index.js';

export { validate, type ValidateOptions, type ValidateResult } from './pipeline/validate.js';
export { renderReportText, type ValidateReport } from './validate/report.js';
export { joinFixed } from './pipeline/join-fixed.js';
export { listRules, type ListedRule } from './validate/list-rules.js';
export type { LimitInfo, RecordLimits } from './records/limits.js';
export type { RecordRules } from './pipeline/options.js';
export type { MetadataChanges } from './records/rules/metadata-mend.js';
export type { FindingCount, ValidateFinding } from './validate/findings.js';
export {
  DEFAULT_MAX_REJECTED_PER_FILE,
  DEFAULT_VALIDATE_FILES,
  type ValidatedNamespace,
  type ValidateSettings,
} from './validate/validate-store.js';
export { inspect, type InspectOptions } from './pipeline/inspect.js';
export type { InspectedColumn, InspectedFile, InspectedRecord } from './validate/inspect-file.js';
