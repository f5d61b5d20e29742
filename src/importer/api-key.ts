import { readFile } from 'node:fs/promises';
import { PineloadError } from '../base/errors.js';
import type { ConnectionOptions } from './types.js';

export const API_KEY_VARIABLE = 'PINECONE_API_KEY';
export const API_KEY_FILE_VARIABLE = 'PINECONE_API_KEY_FILE';
/** Sent to an emulator on loopback when there is no key. */
export const EMULATOR_API_KEY = 'pineload-emulator';

/** A key is some 80 characters; a file much longer than that is not one, and is not to be sent anywhere. */
const MAX_KEY_LENGTH = 4096;

/**
 * The API key: the option, else the file of the option, else PINECONE_API_KEY, else the file that PINECONE_API_KEY_FILE
 * names. Spaces and newlines around it fall away. The key itself is in no error.
 *
 * @returns undefined when there is none
 * @throws API_KEY_MISSING when a file that was named cannot be read or is empty; OPTION_INVALID when it cannot be a key
 */
export async function findApiKey(
  options: Pick<ConnectionOptions, 'apiKey' | 'apiKeyFile'>,
  env: Readonly<Record<string, string | undefined>> = process.env,
): Promise<string | undefined> {
  if (options.apiKey !== undefined && options.apiKey.trim() !== '') return checkKey(options.apiKey, 'apiKey');
  if (options.apiKeyFile !== undefined && options.apiKeyFile !== '') return readKey(options.apiKeyFile, 'apiKeyFile');
  const fromEnv = env[API_KEY_VARIABLE];
  if (fromEnv !== undefined && fromEnv.trim() !== '') return checkKey(fromEnv, API_KEY_VARIABLE);
  const file = env[API_KEY_FILE_VARIABLE];
  if (file !== undefined && file !== '') return readKey(file, API_KEY_FILE_VARIABLE);
  return undefined;
}

/** The error when there is no key and one is needed. */
export function apiKeyMissing(): PineloadError {
  return new PineloadError('API_KEY_MISSING', {
    hint:
      `Set ${API_KEY_VARIABLE} in the environment, or put the key into a file and name it in ${API_KEY_FILE_VARIABLE} ` +
      '(or with --api-key-file; from the library: the options apiKey or apiKeyFile). To rehearse without an account, use the emulator.',
  });
}

async function readKey(file: string, field: string): Promise<string> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (cause) {
    throw new PineloadError('API_KEY_MISSING', {
      source: file,
      field,
      message: 'the file with the API key cannot be read',
      cause,
    });
  }
  if (text.trim() === '') {
    throw new PineloadError('API_KEY_MISSING', { source: file, field, message: 'the file with the API key is empty' });
  }
  return checkKey(text, field);
}

/** Only what an HTTP header can carry: the error of `fetch` for anything else would print it. */
function checkKey(text: string, field: string): string {
  const key = text.trim();
  if (!/^[\x21-\x7e]+$/.test(key) || key.length > MAX_KEY_LENGTH) {
    throw new PineloadError('OPTION_INVALID', {
      field,
      message: 'this cannot be an API key',
      expected: 'one line of printable ASCII characters without spaces',
    });
  }
  return key;
}
