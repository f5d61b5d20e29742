import { readFile } from 'node:fs/promises';
import { PineloadError } from '../base/errors.js';
import { type FaultSettings, parseFaults } from '../emulator/faults.js';

/** Reads `--faults`: JSON when it begins with `{`, else the name of a file that holds it. Throws OPTION_INVALID. */
export async function readFaults(text: string): Promise<FaultSettings> {
  const isJson = text.trimStart().startsWith('{');
  const at = isJson ? {} : { source: text };
  const invalid = (message: string, cause?: unknown): PineloadError =>
    new PineloadError('OPTION_INVALID', { field: 'faults', ...at, message, cause });
  let json = text;
  if (!isJson) {
    try {
      json = await readFile(text, 'utf8');
    } catch (error) {
      throw invalid('the file cannot be read', error);
    }
  }
  let parsed: unknown;
  try {
    parsed = JSON.parse(json);
  } catch (error) {
    throw invalid('this is not valid JSON', error);
  }
  const settings = parseFaults(parsed);
  if (typeof settings === 'string') throw invalid(settings);
  return settings;
}
