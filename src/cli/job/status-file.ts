import { readFileSync } from 'node:fs';
import { PineloadError, quote } from '../../base/errors.js';
import { VERSION } from '../../base/version.js';
import type { JobProgress } from './progress.js';
import { replaceFile } from './replace-file.js';
import type { JobState } from './summary-file.js';

/** The status of a command that works, refreshed every REFRESH_INTERVAL_MS. Times are ISO 8601, UTC. */
export interface Status {
  readonly format: 'pineload-status';
  readonly version: 1;
  readonly pineload: string;
  readonly pid: number;
  readonly command: string;
  readonly state: JobState;
  readonly startedAt: string;
  /** The process was alive. */
  readonly updatedAt: string;
  /** The last event of any kind came. */
  readonly progressAt: string;
  readonly progress: JobProgress;
}

export interface StatusFacts {
  readonly command: string;
  readonly state: JobState;
  readonly startedAt: Date;
  readonly progressAt: Date;
  readonly progress: JobProgress;
}

/** @throws the error of the file system */
export function writeStatus(file: string, { command, state, startedAt, progressAt, progress }: StatusFacts): void {
  const status: Status = {
    format: 'pineload-status',
    version: 1,
    pineload: VERSION,
    pid: process.pid,
    command,
    state,
    startedAt: startedAt.toISOString(),
    updatedAt: new Date().toISOString(),
    progressAt: progressAt.toISOString(),
    progress,
  };
  replaceFile(file, `${JSON.stringify(status)}\n`);
}

/** How old a status may be, in milliseconds. */
export interface Freshness {
  readonly maxAgeMs?: number | undefined;
  readonly maxIdleMs?: number | undefined;
}

/** A status with its ages in milliseconds at the moment it was read. */
export interface ReadStatus {
  readonly status: Status;
  readonly ageMs: number;
  readonly idleMs: number;
}

/**
 * Reads a status file and checks its freshness. What has ended grows no older: whoever asks learns `state`.
 *
 * @throws STATUS_MISSING, STATE_CORRUPT, STATUS_STALE
 */
export function readStatus(file: string, { maxAgeMs, maxIdleMs }: Freshness, now = Date.now()): ReadStatus {
  const status = parseStatus(file, readText(file));
  // A clock that was set back makes a time of the future, which is as fresh as can be.
  const since = (time: string): number => Math.max(0, now - Date.parse(time));
  const read = { status, ageMs: since(status.updatedAt), idleMs: since(status.progressAt) };
  if (status.state !== 'running') return read;
  if (maxAgeMs !== undefined && read.ageMs > maxAgeMs) throw stale(file, 'refreshed', maxAgeMs, read.ageMs);
  if (maxIdleMs !== undefined && read.idleMs > maxIdleMs) throw stale(file, 'told of', maxIdleMs, read.idleMs);
  return read;
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    const missing = (cause as NodeJS.ErrnoException).code === 'ENOENT';
    throw new PineloadError(missing ? 'STATUS_MISSING' : 'STATE_CORRUPT', {
      source: file,
      ...(missing ? {} : { message: 'the status file cannot be read' }),
      hint: 'The command that works writes it: give it the same --status-file or PINELOAD_STATUS_FILE.',
      cause,
    });
  }
}

function parseStatus(file: string, text: string): Status {
  try {
    const status = JSON.parse(text) as Status;
    const times = [status.updatedAt, status.progressAt].map((time) => Date.parse(time));
    if (status.format === 'pineload-status' && times.every(Number.isFinite)) return status;
  } catch {
    // Told of below.
  }
  throw new PineloadError('STATE_CORRUPT', { source: file, expected: 'a status file', got: quote(text, 60) });
}

function stale(file: string, what: string, maxMs: number, ageMs: number): PineloadError {
  const seconds = (ms: number): string => `${Math.round(ms / 1000)} s`;
  return new PineloadError('STATUS_STALE', {
    source: file,
    expected: `${what === 'refreshed' ? 'a refreshed status' : 'an event'} in the last ${seconds(maxMs)}`,
    got: `one ${seconds(ageMs)} ago`,
  });
}
