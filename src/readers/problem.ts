import { quote } from '../base/errors.js';
import type { RuleCode } from '../records/rule-codes.js';
import { rawText } from '../records/raw-text.js';
import type { FieldPath } from './reader.js';

/** Why a record could not be put into columns: what a reject says besides where the record is. */
export interface Problem {
  readonly code: RuleCode;
  readonly field: string | undefined;
  readonly expected: string;
  readonly got: string;
}

export const problem = (code: RuleCode, field: string | undefined, expected: string, got: string): Problem => ({
  code,
  field,
  expected,
  got,
});

/** `1535 numbers`, `1 number` */
export const count = (n: number, what: string): string => `${n} ${what}${n === 1 ? '' : 's'}`;

/** A field's path for people: dotted. */
export const fieldLabel = (path: FieldPath | undefined): string => path?.join('.') ?? '';

/** At most this many bytes of a value are shown in a message. */
export const SHOWN_BYTES = 60;

/** The text of `bytes[start … end)` in quotes, cut, for a message. */
export function shown(bytes: Uint8Array, start: number, end: number): string {
  const cut = end - start > SHOWN_BYTES;
  return quote(rawText(bytes, start, end, SHOWN_BYTES) + (cut ? '…' : ''));
}

/** A checked JSON value in words: `the number 42`, `an array`. */
export function describeJson(bytes: Uint8Array, start: number, end: number): string {
  switch (bytes[start]) {
    case 0x22:
      return end - start === 2 ? 'an empty string' : `the string ${shown(bytes, start + 1, end - 1)}`;
    case 0x5b:
      return 'an array';
    case 0x7b:
      return 'an object';
    case 0x6e: // null
    case 0x74: // true
    case 0x66: // false
    case 0x4e: // NaN
    case 0x49: // Infinity
      return rawText(bytes, start, end, SHOWN_BYTES);
    default:
      return `the number ${rawText(bytes, start, end, SHOWN_BYTES)}`;
  }
}
