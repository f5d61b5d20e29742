import type { CommanderError } from 'commander';
import { PineloadError } from '../base/errors.js';
import { EXIT } from '../base/exit-codes.js';
import { writeSummary } from './job/summary-file.js';

/**
 * Tells a scheduler of a command line that could not be read: the summary file, where its flag or variable can be found, and
 * the error as stdout's last line under --json. Never throws.
 */
export function reportUsageError(
  fault: CommanderError,
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): void {
  const error = new PineloadError('USAGE', { message: fault.message.replace(/^error: /, '') });
  if (args.includes('--json') || args.includes('-j')) process.stdout.write(`${JSON.stringify({ error })}\n`);
  const file = valueOf('--summary-file', args) ?? env.PINELOAD_SUMMARY_FILE;
  if (file === undefined || file === '') return;
  const [first = '', second = ''] = args;
  const command = first === 'import' ? `${first} ${second}` : first;
  try {
    writeSummary(file, {
      command: /^[a-z]+( [a-z]+)?$/.test(command) ? command : '',
      state: 'failed',
      exitCode: EXIT.USAGE,
      startedAt: new Date(),
      error,
    });
  } catch (cause) {
    process.stderr.write(`warning   summaryFile cannot be written: ${(cause as Error).message}\n`);
  }
}

/** The last value of a flag, written `--flag value` or `--flag=value`. */
function valueOf(flag: string, args: readonly string[]): string | undefined {
  let value: string | undefined;
  for (const [i, word] of args.entries()) {
    if (word === '--') break;
    if (word === flag) value = args[i + 1] ?? value;
    else if (word.startsWith(`${flag}=`)) value = word.slice(flag.length + 1);
  }
  return value;
}
