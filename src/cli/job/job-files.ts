import { PineloadError } from '../../base/errors.js';
import type { EventListener, PineloadEvent } from '../../base/events.js';
import { writeMetrics } from './metrics-file.js';
import { addEvent, noProgress } from './progress.js';
import { writeStatus } from './status-file.js';
import { writeSummary, type JobState, type Summary } from './summary-file.js';

/** Status and metrics are written anew this often (milliseconds). A probe's `--max-age` should be several times as long. */
export const REFRESH_INTERVAL_MS = 5_000;

/** Flags for whoever runs the command: a scheduler, a probe, a collector of metrics. */
export interface JobFlags {
  readonly summaryFile?: string;
  readonly statusFile?: string;
  readonly metricsFile?: string;
}

/** How a command ended. */
export type JobEnd = Pick<Summary, 'exitCode' | 'signal' | 'result' | 'error'> & {
  readonly state: Exclude<JobState, 'running'>;
  readonly exitCode: number;
};

const WRITERS = ['summaryFile', 'statusFile', 'metricsFile'] as const;

/** The files that a command keeps for its scheduler. With no flag set, all of it does nothing. */
export class JobFiles {
  readonly #startedAt = new Date();
  readonly #progress = noProgress();
  readonly #failed = new Set<string>();
  #progressAt = this.#startedAt;
  #timer: NodeJS.Timeout | undefined;
  #ended = false;

  constructor(
    private readonly command: string,
    private readonly flags: JobFlags,
    private readonly onEvent: EventListener,
  ) {}

  /**
   * Writes all files for the first time, so that what cannot be written is known before the work, and that a process which is
   * killed leaves a summary that says so.
   *
   * @throws OPTION_INVALID when a file cannot be written
   */
  start(): void {
    if (WRITERS.every((flag) => this.flags[flag] === undefined)) return;
    for (const flag of WRITERS) {
      try {
        this.#write(flag, 'running');
      } catch (cause) {
        this.#failed.add(flag);
        throw new PineloadError('OPTION_INVALID', {
          field: flag,
          source: this.flags[flag] ?? '',
          expected: 'a file that can be written',
          got: (cause as NodeJS.ErrnoException).code ?? 'an error',
          cause,
        });
      }
    }
    this.#timer = setInterval(() => this.#refresh(), REFRESH_INTERVAL_MS).unref();
    // Whatever ends the process otherwise, an uncaught error or a second signal, is told as well.
    process.once('exit', this.#onExit);
  }

  take(event: PineloadEvent): void {
    this.#progressAt = new Date();
    const { stage } = this.#progress;
    addEvent(this.#progress, event);
    if (this.#progress.stage !== stage && this.#timer !== undefined) this.#refresh();
  }

  /** Writes all files for the last time. Never throws; the first call counts. */
  end(end: JobEnd): void {
    if (this.#ended) return;
    this.#ended = true;
    clearInterval(this.#timer);
    process.off('exit', this.#onExit);
    for (const flag of WRITERS) this.#attempt(flag, end.state, end);
  }

  readonly #onExit = (code: number): void => {
    this.end({ state: code >= 128 ? 'stopped' : 'failed', exitCode: code });
  };

  #refresh(): void {
    this.#attempt('statusFile', 'running');
    this.#attempt('metricsFile', 'running');
  }

  /** A full disk must not end the work that these files only tell of: it is said once. */
  #attempt(flag: keyof JobFlags, state: JobState, end?: JobEnd): void {
    try {
      this.#write(flag, state, end);
    } catch (error) {
      if (this.#failed.has(flag)) return;
      this.#failed.add(flag);
      const message = `${flag} cannot be written: ${(error as Error).message}`;
      this.onEvent({ type: 'warning', code: 'JOB_FILE', message });
    }
  }

  #write(flag: keyof JobFlags, state: JobState, end?: JobEnd): void {
    const file = this.flags[flag];
    if (file === undefined) return;
    const startedAt = this.#startedAt;
    const common = { command: this.command, state, startedAt };
    const facts = { ...common, progressAt: this.#progressAt, progress: this.#progress };
    if (flag === 'summaryFile') writeSummary(file, { ...common, ...end, exitCode: end?.exitCode });
    else if (flag === 'statusFile') writeStatus(file, facts);
    else writeMetrics(file, { ...facts, exitCode: end?.exitCode });
  }
}
