import { ENTRY_WORDS } from './fingerprint-format.js';
import type { BucketRange, FingerprintFile } from './fingerprint-file.js';
import { CANDIDATE_WORDS, type DuplicateKind } from './find-duplicates.js';
import { mergeSorted, type SortedSource } from './merge-sorted.js';

/** The least that is read of a split in one go. */
const MIN_WINDOW_BYTES = 16 * 1024;
/** And the most: more is no quicker. */
const MAX_WINDOW_BYTES = 1024 * 1024;

/** The fingerprints of several splits as one sorted stream, in blocks of CANDIDATE_WORDS words each. */
export async function* mergeSplits(
  splits: readonly { readonly unit: number; readonly file: FingerprintFile }[],
  kind: DuplicateKind,
  range: BucketRange,
  memoryBytes: number,
): AsyncGenerator<Uint32Array, void, undefined> {
  if (splits.length === 1 && (await splits[0]!.file.details()).distinct === true) return;
  // A block is there three times, twice with its unit.
  const share = Math.floor(memoryBytes / (3.5 * splits.length));
  const window = Math.min(MAX_WINDOW_BYTES, Math.max(MIN_WINDOW_BYTES, share));
  const sources: SortedSource[] = [];
  for (const { unit, file } of splits) sources.push(withUnit(await file.entries(kind, range, window), unit));
  yield* mergeSorted(sources, CANDIDATE_WORDS, 2);
}

function withUnit(source: SortedSource, unit: number): SortedSource {
  return {
    next: async () => {
      const block = await source.next();
      if (block === undefined) return undefined;
      // Signed, since V8 has quick ways for whole numbers that are.
      const entries = new Int32Array(block.buffer, block.byteOffset, block.length);
      const out = new Int32Array((entries.length / ENTRY_WORDS) * CANDIDATE_WORDS);
      for (let at = 0, to = 0; at < entries.length; at += ENTRY_WORDS, to += CANDIDATE_WORDS) {
        out[to] = entries[at]!;
        out[to + 1] = entries[at + 1]!;
        out[to + 2] = unit;
        out[to + 3] = entries[at + 2]!;
        out[to + 4] = entries[at + 3]!;
      }
      return new Uint32Array(out.buffer);
    },
  };
}
