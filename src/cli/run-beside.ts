import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { PineloadError, quote } from '../base/errors.js';

/** What a shell answers with when a command was ended by a signal. */
const SIGNAL_EXIT = 128;

/**
 * Runs a command with this process's input and output until it ends; a fired signal ends it.
 *
 * @param env added to this process's environment
 * @returns its exit code, 128 + n when signal n ended it
 * @throws USAGE when it cannot be started
 */
export async function runBeside(
  command: readonly string[],
  env: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<number> {
  const [file = '', ...args] = command;
  // Windows finds npm and npx (.cmd files) only through its shell.
  const shell = process.platform === 'win32';
  const child = spawn(file, args, { stdio: 'inherit', env: { ...process.env, ...env }, shell });
  const stop = (): void => void child.kill('SIGTERM');
  signal.addEventListener('abort', stop, { once: true });
  try {
    return await new Promise<number>((resolve, reject) => {
      child.once('error', (cause) => {
        reject(new PineloadError('USAGE', { message: `${quote(file)} cannot be started`, cause }));
      });
      child.once('exit', (code, by) => resolve(code ?? SIGNAL_EXIT + constants.signals[by ?? 'SIGTERM']));
    });
  } finally {
    signal.removeEventListener('abort', stop);
  }
}
