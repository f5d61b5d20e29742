import { statSync } from 'node:fs';
import { ENOUGH_BYTES, startThreadsAhead } from '../pipeline/threads/start-thread.js';

/** Commands that convert. */
const COMMANDS = new Set(['convert', 'run']);
/** With one of these the command itself decides what threads there are, once it knows their values. */
const DECIDING = /^(--(workers|max-memory|plan|join|help)(=|$)|-h$)/;
const DECIDING_VARIABLES = ['PINELOAD_WORKERS', 'PINELOAD_MAX_MEMORY', 'PINELOAD_PLAN'];

/**
 * Starts threads for a command that converts before its code is loaded, which takes as long as they do. How many is guessed by what
 * arguments are files; what is wrong with any of the arguments is the command's to say.
 */
export function startThreadsEarly(args: readonly string[], env: Readonly<Record<string, string | undefined>>): void {
  const [command = '', ...rest] = args;
  if (!COMMANDS.has(command) || rest.some((arg) => DECIDING.test(arg))) return;
  if (DECIDING_VARIABLES.some((name) => env[name] !== undefined)) return;
  let bytes = 0;
  for (const arg of rest) {
    if (!arg.startsWith('-')) bytes += fileBytes(arg);
    if (bytes >= ENOUGH_BYTES) break;
  }
  startThreadsAhead(undefined, bytes);
}

/** Size of what is a file; 0 for anything else. */
function fileBytes(path: string): number {
  try {
    const stats = statSync(path, { throwIfNoEntry: false });
    return stats?.isFile() === true ? stats.size : 0;
  } catch {
    return 0;
  }
}
