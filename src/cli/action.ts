import { parseDuration } from '../base/duration.js';
import { PineloadError, toPineloadError } from '../base/errors.js';
import type { EventListener } from '../base/events.js';
import { EXIT } from '../base/exit-codes.js';
import { commandName } from './command-name.js';
import { JobFiles, type JobFlags } from './job/job-files.js';
import { createPresenter } from './presenter.js';
import { onStop, stopExitCode, type StopSignal } from './stop-signal.js';

/** What every command hands to the library. */
export interface CommandContext {
  readonly signal: AbortSignal;
  readonly onEvent: EventListener;
  readonly json: boolean;
}

/** The result of a command: data for stdout, as text and as JSON, and what to do next. */
export interface CommandResult {
  readonly text?: string | undefined;
  readonly json: unknown;
  /** The next command to type. */
  readonly next?: string | undefined;
  readonly exitCode?: number | undefined;
}

/** Flags of every command. */
export interface OutputFlags extends JobFlags {
  readonly json?: boolean;
  readonly quiet?: boolean;
  readonly stopGrace?: string;
}

/**
 * A stop that takes longer than this leaves at once: 5 seconds less than the grace that Kubernetes gives
 * (terminationGracePeriodSeconds, 30 by default) before it kills.
 */
export const DEFAULT_STOP_GRACE_MS = 25_000;

/**
 * Runs a command: events to stderr, the result to stdout, errors to both under --json, the files that a scheduler asked for, and
 * the exit code. The first SIGINT or SIGTERM stops the work between two steps, the second leaves at once, and so does a stop that
 * outlasts its grace.
 */
export async function runCommand(
  flags: OutputFlags,
  work: (context: CommandContext) => Promise<CommandResult>,
): Promise<void> {
  const json = flags.json ?? false;
  const presenter = await createPresenter({ json, quiet: flags.quiet ?? false, stream: process.stderr });
  const job = new JobFiles(commandName(), flags, (event) => presenter.show(event));
  const onEvent: EventListener = (event) => {
    job.take(event);
    presenter.show(event);
  };
  const controller = new AbortController();
  let stopped: StopSignal | undefined;
  let grace: NodeJS.Timeout | undefined;
  let ignoreStops = (): void => {};
  try {
    const graceMs = flags.stopGrace === undefined ? DEFAULT_STOP_GRACE_MS : parseDuration(flags.stopGrace, 'stopGrace');
    ignoreStops = onStop((signal) => {
      stopped = signal;
      const error = new PineloadError('ABORTED', { message: `stopped by ${signal}` });
      controller.abort(error);
      grace = setTimeout(() => {
        presenter.show({ type: 'warning', code: 'STOP_GRACE', message: 'The stop took too long; leaving at once.' });
        job.end({ state: 'stopped', exitCode: stopExitCode(signal), signal, error });
        process.exit(stopExitCode(signal));
      }, graceMs).unref();
    });
    job.start();
    const result = await work({ signal: controller.signal, onEvent, json });
    presenter.close();
    if (json) process.stdout.write(`${JSON.stringify(result.json)}\n`);
    else if (result.text !== undefined) process.stdout.write(`${result.text}\n`);
    if (!json && !flags.quiet && result.next !== undefined) process.stderr.write(`\nNext: ${result.next}\n`);
    process.exitCode = result.exitCode ?? EXIT.OK;
    const state = process.exitCode === EXIT.OK ? 'done' : 'failed';
    job.end({ state, exitCode: process.exitCode, result: result.json });
  } catch (thrown) {
    const error = toPineloadError(thrown);
    const signal = error.code === 'ABORTED' ? stopped : undefined;
    const exitCode = signal === undefined ? error.exitCode : stopExitCode(signal);
    presenter.show({ type: 'error', error });
    presenter.close();
    // The catalogue has one exit code for a stop; which signal it was is known here only.
    if (json) process.stdout.write(`${JSON.stringify({ error: { ...error.toJSON(), exitCode } })}\n`);
    if (error.code === 'UNEXPECTED' && process.env.PINELOAD_DEBUG) console.error(thrown);
    process.exitCode = exitCode;
    job.end({ state: error.code === 'ABORTED' ? 'stopped' : 'failed', exitCode, signal, error });
  } finally {
    clearTimeout(grace);
    ignoreStops();
  }
}
