import type { PineloadError } from '../../base/errors.js';
import { VERSION } from '../../base/version.js';
import { boundedJson } from './bounded-json.js';
import { replaceFile } from './replace-file.js';

/**
 * 4 KiB: what Kubernetes takes of a termination message
 * (https://kubernetes.io/docs/tasks/debug/debug-application/determine-reason-pod-failure/), so that one file serves it and
 * Airflow's XCom, whose columns hold more.
 */
export const MAX_SUMMARY_BYTES = 4096;

/** Where a command stands. `running` in a summary whose process is gone: it was killed. */
export type JobState = 'running' | 'done' | 'failed' | 'stopped';

/** How a command ended, as a file for schedulers. Small and valid JSON at any moment, on success and on failure. */
export interface Summary {
  readonly command: string;
  readonly state: JobState;
  /** Undefined while it runs. */
  readonly exitCode: number | undefined;
  readonly startedAt: Date;
  readonly signal?: string | undefined;
  /** What the command prints under --json; long lists are cut. */
  readonly result?: unknown;
  readonly error?: PineloadError | undefined;
}

/** @throws the error of the file system */
export function writeSummary(file: string, summary: Summary): void {
  const { command, state, exitCode, startedAt, signal, result, error } = summary;
  const endedAt = state === 'running' ? undefined : new Date();
  const whole = {
    format: 'pineload-summary',
    version: 1,
    pineload: VERSION,
    command,
    ok: state === 'done',
    state,
    exitCode: exitCode ?? null,
    signal,
    startedAt: startedAt.toISOString(),
    endedAt: endedAt?.toISOString(),
    seconds: endedAt === undefined ? undefined : Math.round(endedAt.getTime() - startedAt.getTime()) / 1000,
    error: error === undefined ? undefined : { ...error.toJSON(), exitCode },
    result,
  };
  replaceFile(file, `${boundedJson(whole, MAX_SUMMARY_BYTES - 1, ['result'])}\n`);
}
