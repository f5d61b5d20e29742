import { rawText } from '../raw-text.js';
import type { RecordBatch } from '../batch.js';
import { RULES, type RuleCode } from '../rule-codes.js';

const decoder = new TextDecoder();

/** Marks rows of a batch as rejected. A row is rejected once, for the first fault that is found. */
export class Marker {
  /** @param documentedOnly pass over what prudent rules find */
  constructor(
    readonly batch: RecordBatch,
    private readonly documentedOnly = false,
  ) {}

  /** Is there no need to look at this row any more? */
  isRejected(row: number): boolean {
    return this.batch.rejected[row] !== 0;
  }

  reject(row: number, code: RuleCode, field: string, expected: string, got: string): void {
    const { batch } = this;
    if (batch.rejected[row] !== 0 || (this.documentedOnly && RULES[code].basis !== 'documented')) return;
    batch.rejected[row] = 1;
    const { source, lines, byteOffsets, raw } = batch.origin;
    const id = textOf(batch.ids.bytes, batch.ids.offsets[row]!, batch.ids.offsets[row + 1]!);
    batch.rejects.push({
      source,
      line: lines[row]!,
      byteOffset: byteOffsets[row]!,
      ...(batch.ids.validity?.[row] === 0 ? {} : { id }),
      namespace: batch.namespaces.dictionary[batch.namespaces.codes[row]!],
      code,
      field,
      expected,
      got,
      ...(raw === undefined ? {} : { raw: rawText(raw.bytes, raw.ranges[2 * row]!, raw.ranges[2 * row + 1]!) }),
    });
  }
}

/** A stretch of UTF-8 as text. */
export function textOf(bytes: Uint8Array, start: number, end: number): string {
  return decoder.decode(bytes.subarray(start, end));
}
