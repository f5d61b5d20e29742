import type { PineloadEvent } from '../../base/events.js';

/** What a command did so far, added up from its events. Counts are totals since it began. */
export interface JobProgress {
  /** `starting`, then the first word of the events: `convert`, `upload`, `import`, `verify`… */
  stage: string;
  bytesRead: number;
  /** Undefined where it is not known beforehand. */
  bytesTotal: number | undefined;
  records: number;
  rejected: number;
  files: number;
  bytesWritten: number;
  bytesSpilled: number;
  filesUploaded: number;
  filesToUpload: number;
  bytesUploaded: number;
  bytesToUpload: number;
  /** 0–100, of all imports that are followed. */
  importPercent: number | undefined;
  recordsImported: number | undefined;
  recordsVerified: number | undefined;
  retries: number;
  warnings: number;
}

export function noProgress(): JobProgress {
  return {
    stage: 'starting',
    bytesRead: 0,
    bytesTotal: undefined,
    records: 0,
    rejected: 0,
    files: 0,
    bytesWritten: 0,
    bytesSpilled: 0,
    filesUploaded: 0,
    filesToUpload: 0,
    bytesUploaded: 0,
    bytesToUpload: 0,
    importPercent: undefined,
    recordsImported: undefined,
    recordsVerified: undefined,
    retries: 0,
    warnings: 0,
  };
}

/** Adds an event. Events that say nothing of progress change nothing. */
export function addEvent(progress: JobProgress, event: PineloadEvent): void {
  const [stage, rest] = event.type.split('.');
  if (rest !== undefined) progress.stage = stage === 'imports' ? 'import' : stage!;
  switch (event.type) {
    case 'convert.progress':
      progress.bytesRead = event.bytesRead;
      progress.bytesTotal = event.bytesTotal;
      progress.records = event.records;
      progress.rejected = event.rejected;
      progress.files = event.files;
      progress.bytesWritten = event.bytesWritten;
      break;
    case 'convert.done':
      progress.records = event.records;
      progress.rejected = event.rejected;
      progress.files = event.files;
      progress.bytesWritten = event.bytes;
      break;
    case 'spill':
      progress.bytesSpilled += event.bytes;
      break;
    case 'upload.progress':
      progress.filesUploaded = event.files;
      progress.filesToUpload = event.filesTotal;
      progress.bytesUploaded = event.bytes;
      progress.bytesToUpload = event.bytesTotal;
      break;
    case 'upload.done':
      progress.filesUploaded = event.files;
      progress.filesToUpload = event.files;
      progress.bytesUploaded = event.bytes;
      progress.bytesToUpload = event.bytes;
      break;
    case 'import.progress':
    case 'imports.progress':
      progress.importPercent = event.percent ?? progress.importPercent;
      if (event.type === 'import.progress') {
        progress.recordsImported = event.recordsImported ?? progress.recordsImported;
      }
      break;
    case 'import.done':
      progress.recordsImported = event.recordsImported ?? progress.recordsImported;
      break;
    case 'verify.progress':
      progress.recordsVerified = event.seen;
      break;
    case 'verify.done':
      progress.recordsVerified = event.records;
      break;
    case 'retry':
      progress.retries++;
      break;
    case 'warning':
      progress.warnings++;
      break;
    default:
      break;
  }
}
