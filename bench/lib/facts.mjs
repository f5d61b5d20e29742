import { existsSync, readFileSync } from 'node:fs';

/**
 * What an earlier run has noted of an input that it made. Undefined when there is none, or when that run was stopped while it wrote it:
 * then the input is made again.
 *
 * @param {string} path
 * @returns {any}
 */
export function readFacts(path) {
  if (!existsSync(path)) return undefined;
  const text = readFileSync(path, 'utf8');
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
