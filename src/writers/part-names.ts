import { PineloadError, quote } from '../base/errors.js';
import type { ObjectStore } from '../uploaders/object-store.js';
import { FLAT, rootOf, type Layout } from './layout.js';

/** Digits of split and sequence number in a file's name: names sort as numbers do up to 99,999. */
const DIGITS = 5;

type Limits = Pick<ObjectStore, 'uri' | 'maxKeyBytes' | 'maxPartBytes'>;

/** `<root><namespace>/part-<split>-<sequence>.parquet`: nothing in it depends on the machine or the time. */
export function partKey(namespace: string, split: number, sequence: number, layout: Layout = FLAT): string {
  const number = (n: number): string => String(n).padStart(DIGITS, '0');
  return `${rootOf(layout, namespace)}${namespace}/part-${number(split)}-${number(sequence)}.parquet`;
}

/** The split that a file's name tells; undefined for names of another kind. */
export function partKeySplit(key: string): number | undefined {
  const match = /\/part-(\d{5,})-\d{5,}\.parquet$/.exec(key);
  return match === null ? undefined : Number(match[1]);
}

/** Is this one plain directory name: not empty, not `.` or `..`, no separator, no control character, valid Unicode? */
export function isDirectoryName(name: string): boolean {
  return name !== '' && name !== '.' && name !== '..' && !/[/\\\u0000-\u001f\u007f]|\p{Surrogate}/u.test(name);
}

/**
 * The last check before a namespace becomes a directory. The record rules refuse bad names row by row; this one makes sure
 * that no other way in can reach outside the target. Throws RECORD_REJECTED or KEY_TOO_LONG.
 */
export function checkNamespaceDirectory(namespace: string, split: number, store: Limits, layout: Layout = FLAT): void {
  if (!isDirectoryName(namespace)) {
    throw new PineloadError('RECORD_REJECTED', {
      field: 'namespace',
      message: 'the namespace cannot be a directory name',
      expected: 'a name without "/", "\\" and control characters, not "." or ".."',
      got: quote(namespace),
    });
  }
  checkLength(namespace, namespace, store.maxPartBytes, store);
  checkLength(partKey(namespace, split, 10 ** DIGITS - 1, layout), namespace, store.maxKeyBytes, store);
}

function checkLength(key: string, namespace: string, limit: number, store: Limits): void {
  const bytes = Buffer.byteLength(key);
  if (bytes <= limit) return;
  throw new PineloadError('KEY_TOO_LONG', {
    source: store.uri,
    message: `the namespace ${quote(namespace)} is too long for this target`,
    expected: `at most ${limit} bytes`,
    got: `${bytes} bytes`,
  });
}
