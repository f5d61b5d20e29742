import { checkBatch, withMended } from '../../records/rules/check-batch.js';
import type { RuleOptions } from '../../records/rules/options.js';
import { fingerprintBatch } from '../../records/fingerprint/fingerprints.js';
import type { Chunk, ChunkReader, FileBlock, PackMemory, ReadColumns } from '../../readers/reader.js';

export interface ReadAndCheckOptions extends PackMemory {
  /** Take the fingerprints of the good rows. Default false. */
  readonly fingerprints?: boolean | undefined;
}

/**
 * A chunk as columns with every rule applied and only the good rows kept, the rows of each namespace together. The rows' own text
 * is left behind: rejects hold what they need of it, and it need not cross a thread or wait in memory.
 */
export function readAndCheck(
  reader: ChunkReader,
  chunk: Chunk | FileBlock,
  rules: RuleOptions,
  { fingerprints = false, ...memory }: ReadAndCheckOptions = {},
): ReadColumns {
  const { batch, lines, place } = reader.view(chunk);
  const mended = checkBatch(batch, rules);
  const packed = withMended(reader.pack(batch, { ...memory, hashes: fingerprints }), mended);
  return { batch: fingerprints ? { ...packed, fingerprints: fingerprintBatch(packed) } : packed, lines, place };
}
