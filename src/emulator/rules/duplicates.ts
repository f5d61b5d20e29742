import { digest } from '../state/digest.js';
import { DigestSet } from '../state/digest-set.js';

/**
 * Records with identical vector values count as duplicates and only the first is imported: the import fails on one under
 * `abort` and skips it under `continue` (docs.pinecone.io/guides/index-data/import-data, "Duplicate records", 2026-01).
 * The page says "within the import" and shows one namespace; whether the same vector in two namespaces counts is not
 * said, and does not here: one of these watches one namespace of one import. The entries of a sparse vector count in any order.
 */
export class DuplicateWatch {
  readonly #seen = new DigestSet();

  /** @returns false when a record with the same values was seen before. */
  firstTime(
    values: Float32Array | undefined,
    indices: Uint32Array | undefined,
    sparse: Float32Array | undefined,
  ): boolean {
    const parts: Uint8Array[] = [];
    const order = indices && Uint32Array.from(indices, (_, i) => i).sort((a, b) => indices[a]! - indices[b]!);
    for (const part of [
      values,
      order?.map((i) => indices![i]!),
      sparse && Float32Array.from(order!, (i) => sparse[i]!),
    ]) {
      // The length first: [1][2, 3] and [1, 2][3] are different records.
      parts.push(bytesOf(Uint32Array.of(part?.length ?? 0)));
      if (part) parts.push(bytesOf(part));
    }
    const { high, low } = digest(Buffer.concat(parts));
    return this.#seen.add(high, low);
  }
}

/** Those of -0 are those of 0: the values are identical. */
function bytesOf(array: Float32Array | Uint32Array): Uint8Array {
  if (array instanceof Float32Array && array.includes(0)) array = array.map((value) => (value === 0 ? 0 : value));
  return new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
}
