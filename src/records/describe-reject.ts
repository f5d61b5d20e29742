import { printable, quote } from '../base/errors.js';
import type { Reject } from './reject.js';
import { RULES } from './rule-codes.js';

/**
 * A reject as a sentence:
 * `words.jsonl:812: id "a-9": "values": the dense vector has a wrong length (expected 1536 numbers, got 1535 numbers)`
 */
export function describeReject(reject: Reject): string {
  const { source, line, id, field, code, expected, got } = reject;
  let text = `${printable(source)}:${line}: `;
  // One that is empty names nothing.
  if (id) text += `id ${quote(id)}: `;
  if (field !== undefined) text += `${quote(field)}: `;
  return `${text}${RULES[code].title} (expected ${printable(expected)}, got ${printable(got)})`;
}

/** A reject as one line of `rejects.jsonl`, without the line break. The order of keys never changes. */
export function rejectToJson(reject: Reject): string {
  const { code, source, line, byteOffset, id, namespace, field, expected, got, raw } = reject;
  return JSON.stringify({ code, source, line, byteOffset, id, namespace, field, expected, got, raw });
}
