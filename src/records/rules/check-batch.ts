import type { RecordBatch } from '../batch.js';
import { RULES, type RuleCode, type RuleInfo } from '../rule-codes.js';
import { checkDense } from './dense.js';
import { checkIds } from './id.js';
import { Marker } from './marker.js';
import { checkMetadata, type MendedMetadata } from './metadata.js';
import { checkNamespaces } from './namespace.js';
import type { RuleOptions } from './options.js';
import { checkSparse } from './sparse.js';

/**
 * Checks every row against every rule: sets `batch.rejected[r]` to 1 and adds to `batch.rejects`. A row is rejected once,
 * for the first of: id, namespace, dense vector, sparse vector, metadata. Afterwards the rejects, those of the reader
 * among them, are in input order.
 *
 * @returns metadata that the options had changed; it is not in the batch yet, see `withMended`
 */
export function checkBatch(batch: RecordBatch, options: RuleOptions = {}): MendedMetadata | undefined {
  const marker = new Marker(batch, options.documentedOnly);
  checkIds(marker, options);
  checkNamespaces(marker, options);
  checkDense(marker, options);
  checkSparse(marker, options);
  const mended = checkMetadata(marker, options);
  if (batch.rejects.length > 1) batch.rejects.sort((a, b) => a.line - b.line || a.byteOffset - b.byteOffset);
  return mended;
}

/** As `checkBatch`; gives the batch with the metadata that the options had changed. */
export function checkAndMend(batch: RecordBatch, options: RuleOptions = {}): RecordBatch {
  return withMended(batch, checkBatch(batch, options));
}

/** The batch, or one made of its rows, with the metadata that was changed in place of what there was. */
export function withMended(batch: RecordBatch, mended: MendedMetadata | undefined): RecordBatch {
  if (mended === undefined) return batch;
  const { bytes, offsets, validity, framed } = batch.metadata;
  const { lines } = batch.origin;
  const parts: Uint8Array[] = [];
  const ends = new Uint32Array(batch.rows + 1);
  for (let row = 0; row < batch.rows; row++) {
    const frame = framed === true && validity?.[row] !== 0 ? 4 : 0;
    const part = mended.texts.get(lines[row]!) ?? bytes.subarray(offsets[row]! + frame, offsets[row + 1]);
    parts.push(part);
    ends[row + 1] = ends[row]! + part.length;
  }
  const joined = new Uint8Array(ends[batch.rows]!);
  for (let row = 0; row < batch.rows; row++) joined.set(parts[row]!, ends[row]);
  return { ...batch, metadata: { bytes: joined, offsets: ends, validity }, metadataChanges: mended.changes };
}

/** Every rule, in the order of the catalogue, for docs and listings. */
export function rulesCatalogue(): readonly (RuleInfo & { readonly code: RuleCode })[] {
  return (Object.keys(RULES) as RuleCode[]).map((code) => ({ code, ...RULES[code] }));
}
