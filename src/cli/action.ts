import { PineloadError, toPineloadError } from '../base/errors.js';
import type { EventListener } from '../base/events.js';
import { EXIT } from '../base/exit-codes.js';
import { createPresenter } from './presenter.js';

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
export interface OutputFlags {
  readonly json?: boolean;
  readonly quiet?: boolean;
}

/**
 * Runs a command: events to stderr, the result to stdout, errors to both under --json, and the exit code. The first
 * SIGINT or SIGTERM stops the work between two steps, the second leaves at once.
 */
export async function runCommand(
  flags: OutputFlags,
  work: (context: CommandContext) => Promise<CommandResult>,
): Promise<void> {
  const json = flags.json ?? false;
  const presenter = createPresenter({ json, quiet: flags.quiet ?? false, stream: process.stderr });
  const controller = new AbortController();
  let signalExit: number | undefined;
  const stop = (signal: NodeJS.Signals): void => {
    const code = signal === 'SIGTERM' ? EXIT.SIGTERM : EXIT.SIGINT;
    if (signalExit !== undefined) process.exit(code);
    signalExit = code;
    controller.abort(new PineloadError('ABORTED', { message: `stopped by ${signal}` }));
  };
  process.on('SIGINT', stop);
  process.on('SIGTERM', stop);
  try {
    const result = await work({ signal: controller.signal, onEvent: (event) => presenter.show(event), json });
    presenter.close();
    if (json) process.stdout.write(`${JSON.stringify(result.json)}\n`);
    else if (result.text !== undefined) process.stdout.write(`${result.text}\n`);
    if (!json && !flags.quiet && result.next !== undefined) process.stderr.write(`\nNext: ${result.next}\n`);
    process.exitCode = result.exitCode ?? EXIT.OK;
  } catch (thrown) {
    const error = toPineloadError(thrown);
    presenter.show({ type: 'error', error });
    presenter.close();
    if (json) process.stdout.write(`${JSON.stringify({ error })}\n`);
    if (error.code === 'UNEXPECTED' && process.env.PINELOAD_DEBUG) console.error(thrown);
    process.exitCode = error.code === 'ABORTED' ? (signalExit ?? error.exitCode) : error.exitCode;
  } finally {
    process.off('SIGINT', stop);
    process.off('SIGTERM', stop);
  }
}
