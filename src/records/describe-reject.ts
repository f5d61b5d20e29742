import { quote } from '../base/errors.js';
import type { Reject } from './reject.js';
import { RULES } from './rule-codes.js';

/**
 * A reject as a sentence:
 * `words.jsonl:812: id "a-9": "values": the dense vector has a wrong length (expected 1536 numbers, got 1535 numbers)`
 */
export function describeReject(reject: Reject): string {
  const { source, line, id, field, code, expected, got } = reject;
  let text = `${printable(source)}:${line}: `;
  if (id !== undefined) text += `id ${quote(id)}: `;
  if (field !== undefined) text += `${quote(field)}: `;
  return `${text}${RULES[code].title} (expected ${printable(expected)}, got ${printable(got)})`;
}

/** A reject as one line of `rejects.jsonl`, without the line break. The order of keys never changes. */
export function rejectToJson(reject: Reject): string {
  const { code, source, line, byteOffset, id, namespace, field, expected, got, raw } = reject;
  return JSON.stringify({ code, source, line, byteOffset, id, namespace, field, expected, got, raw });
}

/** Sentences of ours may repeat text of the input; whatever a terminal would obey comes out as an escape. */
function printable(text: string): string {
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]/g, (c) => {
    return `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
}
