import { PineloadError, quote } from '../base/errors.js';
import type { ObjectStore } from './object-store.js';

/** S3 and GCS: a key has at most 1,024 bytes of UTF-8. https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html */
export const MAX_CLOUD_KEY_BYTES = 1024;
/** Azure: a blob name has at most 1,024 characters; counted in bytes here, to be on the safe side. */
export const MAX_AZURE_KEY_BYTES = 1024;
/** The longest file name of the common file systems (NAME_MAX on Linux, APFS, NTFS). */
export const MAX_FILE_NAME_BYTES = 255;
/** The longest path Linux takes (PATH_MAX, its closing NUL not counted). */
export const MAX_PATH_BYTES = 4095;

type Limits = Pick<ObjectStore, 'uri' | 'maxKeyBytes' | 'maxPartBytes'>;

/**
 * Checks a key before it goes anywhere: relative, no empty, `.` or `..` part, no control character, no half of a surrogate
 * pair (it would be stored as U+FFFD and two keys become one), within the store's lengths.
 */
export function checkKey(key: string, store: Limits): void {
  const refuse = (why: string) =>
    new PineloadError('URI_INVALID', { source: store.uri, message: `the key ${quote(key)} is not valid: ${why}` });
  if (/[\u0000-\u001f\u007f]/.test(key)) throw refuse('it holds control characters');
  if (/\p{Surrogate}/u.test(key)) throw refuse('it is not valid Unicode');
  for (const part of key.split('/')) {
    if (part === '' || part === '.' || part === '..') throw refuse('no part may be empty, "." or ".."');
    if (Buffer.byteLength(part) > store.maxPartBytes) throw tooLong(key, store, store.maxPartBytes);
  }
  if (Buffer.byteLength(key) > store.maxKeyBytes) throw tooLong(key, store, store.maxKeyBytes);
}

function tooLong(key: string, store: Limits, limit: number): PineloadError {
  return new PineloadError('KEY_TOO_LONG', {
    source: store.uri,
    message: `the key ${quote(key)} is too long for this target`,
    expected: `at most ${limit} bytes`,
    got: `${Buffer.byteLength(key)} bytes`,
  });
}

/** Key order as the cloud stores have it: by UTF-8 bytes. JavaScript's own order differs beyond U+FFFF. */
export function compareKeys(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}
