import type { RecordBatch } from '../batch.js';
import { RULES, type RuleCode, type RuleInfo } from '../rule-codes.js';
import { checkDense } from './dense.js';
import { checkIds } from './id.js';
import { Marker } from './marker.js';
import { checkMetadata } from './metadata.js';
import { checkNamespaces } from './namespace.js';
import type { RuleOptions } from './options.js';
import { checkSparse } from './sparse.js';

/**
 * Checks every row against every rule: sets `batch.rejected[r]` to 1 and adds to `batch.rejects`. A row is rejected once,
 * for the first of: id, namespace, dense vector, sparse vector, metadata. Afterwards the rejects, those of the reader
 * among them, are in input order.
 */
export function checkBatch(batch: RecordBatch, options: RuleOptions = {}): void {
  const marker = new Marker(batch);
  checkIds(marker);
  checkNamespaces(marker, options);
  checkDense(marker, options);
  checkSparse(marker);
  checkMetadata(marker, options);
  if (batch.rejects.length > 1) batch.rejects.sort((a, b) => a.line - b.line || a.byteOffset - b.byteOffset);
}

/** Every rule, in the order of the catalogue, for docs and listings. */
export function rulesCatalogue(): readonly (RuleInfo & { readonly code: RuleCode })[] {
  return (Object.keys(RULES) as RuleCode[]).map((code) => ({ code, ...RULES[code] }));
}
