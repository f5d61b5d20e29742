import { statSync } from 'node:fs';
import { ENOUGH_BYTES, startThreadsAhead } from '../pipeline/threads/start-thread.js';

/** Commands that convert. */
const COMMANDS = new Set(['convert', 'run']);
/** With one of these the command itself decides what threads there are, once it knows their values. */
const DECIDING = /^(--(workers|max-memory|plan|join|help)(=|$)|-h$)/;
const DECIDING_VARIABLES = ['PINELOAD_WORKERS', 'PINELOAD_MAX_MEMORY', 'PINELOAD_PLAN'];

type Env = Readonly<Record<string, string | undefined>>;

/** Starts threads for a command that converts before its code is loaded, which takes as long as they do. @param args without `node` and script */
export function startThreadsEarly(args: readonly string[], env: Env): void {
  const bytes = bytesToConvert(args, env);
  if (bytes !== undefined) startThreadsAhead(undefined, bytes);
}

/**
 * How much a command will convert, as far as its arguments are files; what is wrong with any of them is the command's to say. Undefined for
 * other commands, and where it decides by itself what threads there are.
 */
export function bytesToConvert([command = '', ...args]: readonly string[], env: Env): number | undefined {
  if (!COMMANDS.has(command) || args.some((arg) => DECIDING.test(arg))) return undefined;
  if (DECIDING_VARIABLES.some((name) => env[name] !== undefined)) return undefined;
  let bytes = 0;
  for (const arg of args) {
    if (!arg.startsWith('-')) bytes += fileBytes(arg);
    if (bytes >= ENOUGH_BYTES) break;
  }
  return bytes;
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
