import type { RecordBatch } from '../../records/batch.js';
import { checkBatch } from '../../records/rules/check-batch.js';
import type { RuleOptions } from '../../records/rules/options.js';
import type { Chunk, ChunkReader } from '../reader.js';

/**
 * A chunk as columns with every rule applied. The rows' own text is left behind: rejects hold what they need of it, and
 * it need not cross a thread or wait in memory.
 */
export function readAndCheck(reader: ChunkReader, chunk: Chunk, rules: RuleOptions): RecordBatch {
  const batch = reader.read(chunk);
  checkBatch(batch, rules);
  return { ...batch, origin: { ...batch.origin, raw: undefined } };
}
