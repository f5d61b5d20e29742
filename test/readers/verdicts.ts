import { expect } from 'vitest';
import type { RecordBatch } from '../../src/records/batch.js';
import { checkBatch } from '../../src/records/rules/check-batch.js';

/** The rules say the same of a batch and of the same text read again, of which nothing is known beforehand. Leaves both checked. */
export function expectSameVerdicts(quick: RecordBatch, again: RecordBatch): void {
  const thorough = { ...again, knownGood: undefined, knownOfAll: undefined };
  checkBatch(quick);
  checkBatch(thorough);
  expect(quick.rejects).toEqual(thorough.rejects);
  expect([...quick.rejected]).toEqual([...thorough.rejected]);
}
