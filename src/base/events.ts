import type { PineloadError } from './errors.js';

/** Counts that grow while a stage works; all are totals since the stage began. */
export interface ProgressCounts {
  /** Bytes read from the sources, as stored (compressed). */
  readonly bytesRead: number;
  /** Size of all sources where it is known beforehand. */
  readonly bytesTotal: number | undefined;
  readonly records: number;
  readonly rejected: number;
  readonly files: number;
  readonly bytesWritten: number;
  /** Bytes read a second, over the last seconds. */
  readonly bytesPerSecond?: number | undefined;
  /** Until all is read, at this rate; undefined without a rate or `bytesTotal`. */
  readonly secondsLeft?: number | undefined;
}

/** One row of the closing table. */
export interface NamespaceSummary {
  readonly namespace: string;
  readonly records: number;
  readonly files: number;
  readonly bytes: number;
  readonly rejected: number;
}

/**
 * Everything pineload has to say while it works. An event is plain data; `renderEvent` gives its text, JSON.stringify its
 * JSON. Presenters decide what to show.
 */
export type PineloadEvent =
  | {
      readonly type: 'plan';
      readonly inputs: number;
      readonly splits: number;
      readonly bytes: number | undefined;
      readonly resumedSplits: number;
    }
  | {
      readonly type: 'mapping';
      readonly source: string;
      readonly format: string;
      readonly kind: string;
      readonly dimension: number | undefined;
      readonly fields: Readonly<Record<string, string>>;
      readonly unused: readonly string[];
    }
  | ({ readonly type: 'convert.progress' } & ProgressCounts)
  | { readonly type: 'reject'; readonly message: string; readonly reject: object }
  | {
      readonly type: 'file';
      readonly path: string;
      readonly namespace: string;
      readonly records: number;
      readonly bytes: number;
    }
  | { readonly type: 'spill'; readonly bytes: number; readonly directory: string }
  | {
      readonly type: 'convert.done';
      readonly to: string;
      readonly namespaces: readonly NamespaceSummary[];
      readonly records: number;
      readonly files: number;
      readonly bytes: number;
      readonly rejected: number;
      readonly rejectsByCode: Readonly<Record<string, number>>;
      readonly rejectsFile: string | undefined;
      readonly seconds: number;
    }
  | {
      /** Files sent, or with `verify` read again. */
      readonly type: 'upload.progress' | 'upload.verify.progress';
      readonly files: number;
      readonly filesTotal: number;
      readonly bytes: number;
      readonly bytesTotal: number;
      /** Over the last seconds. */
      readonly bytesPerSecond?: number | undefined;
      readonly secondsLeft?: number | undefined;
    }
  | { readonly type: 'upload.verified'; readonly files: number; readonly bytes: number }
  | {
      /** A store throttles, or answers with faults; requests are repeated. */
      readonly type: 'store.trouble';
      readonly uri: string;
      readonly got: string;
      readonly throttled: boolean;
      /** Requests at once from now on. */
      readonly requests: number;
    }
  | { readonly type: 'upload.file'; readonly path: string; readonly bytes: number; readonly skipped: boolean }
  | {
      readonly type: 'upload.done';
      readonly to: string;
      readonly files: number;
      readonly skipped: number;
      readonly bytes: number;
      readonly seconds: number;
    }
  | {
      readonly type: 'import.started';
      readonly id: string;
      readonly uri: string;
      readonly index: string;
      readonly adopted: boolean;
    }
  | {
      readonly type: 'import.progress';
      readonly id: string;
      readonly status: string;
      readonly percent: number | undefined;
      readonly recordsImported: number | undefined;
      /** Over the last looks. */
      readonly recordsPerSecond?: number | undefined;
      /** Until 100 %; the index is built after that. */
      readonly secondsLeft?: number | undefined;
    }
  | {
      /** Several imports that are followed together. */
      readonly type: 'imports.progress';
      readonly total: number;
      readonly waiting: number;
      readonly done: number;
      readonly failed: number;
      /** Those under way. */
      readonly running: readonly {
        readonly name: string;
        readonly id: string | undefined;
        readonly status: string;
        readonly percent: number | undefined;
      }[];
      /** 0–100, by records. */
      readonly percent: number | undefined;
    }
  | {
      readonly type: 'import.done';
      readonly id: string;
      readonly status: string;
      readonly recordsImported: number | undefined;
      readonly seconds: number;
    }
  | { readonly type: 'verify.progress'; readonly seen: number; readonly expected: number }
  | { readonly type: 'verify.done'; readonly records: number; readonly namespaces: number }
  | {
      readonly type: 'retry';
      readonly stage: string;
      readonly what: string;
      readonly attempt: number;
      readonly delayMs: number;
      readonly cause: string;
    }
  | { readonly type: 'warning'; readonly code: string; readonly message: string }
  | { readonly type: 'note'; readonly message: string }
  | { readonly type: 'error'; readonly error: PineloadError };

export type EventListener = (event: PineloadEvent) => void;
