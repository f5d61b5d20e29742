import { quote } from '../base/errors.js';
import { DUPLICATE_WORDS } from '../duplicates/find-duplicates.js';
import type { Reject } from '../records/reject.js';
import type { FingerprintedSplits, Position } from './duplicates-splits.js';

/** A duplicate, and the record that is kept instead. */
export interface DuplicatePair {
  readonly code: 'DUPLICATE_ID' | 'DUPLICATE_VECTOR';
  readonly dropped: Position;
  readonly kept: Position;
}

/** Duplicates as FoundDuplicates has them. */
export function pairsOf(block: Uint32Array): DuplicatePair[] {
  const pairs: DuplicatePair[] = [];
  for (let at = 0; at < block.length; at += DUPLICATE_WORDS) {
    pairs.push({
      code: block[at + 6] === 0 ? 'DUPLICATE_ID' : 'DUPLICATE_VECTOR',
      dropped: { unit: block[at]!, row: block[at + 1]!, number: block[at + 2]! },
      kept: { unit: block[at + 3]!, row: block[at + 4]!, number: block[at + 5]! },
    });
  }
  return pairs;
}

/**
 * Duplicates as rejects: where each came from, and where the kept record did.
 * @param withFiles also where both lie in the written files, and the kept record's id
 */
export async function describePairs(
  pairs: readonly DuplicatePair[],
  splits: FingerprintedSplits,
  withFiles: boolean,
): Promise<Reject[]> {
  const dropped = pairs.map((pair) => pair.dropped);
  const kept = pairs.map((pair) => pair.kept);
  const ids = await splits.ids(dropped);
  const origins = await splits.origins([...dropped, ...kept]);
  const keptIds = withFiles ? await splits.ids(kept) : undefined;
  const rejects: Reject[] = [];
  for (const [i, { code }] of pairs.entries()) {
    const place = await splits.placeOf(dropped[i]!);
    const { source, line, byteOffset } = origins[i]!;
    const other = origins[pairs.length + i]!;
    const what = code === 'DUPLICATE_ID' ? 'id' : 'vector';
    let got = `that of ${other.source}:${other.line}`;
    if (keptIds !== undefined) {
      const otherPlace = await splits.placeOf(kept[i]!);
      const name = code === 'DUPLICATE_ID' ? '' : `${quote(keptIds[i]!)}, `;
      got += ` (${name}${otherPlace.file.path} row ${otherPlace.row}; this one ${place.file.path} row ${place.row})`;
    }
    rejects.push({
      source,
      line,
      byteOffset,
      id: ids[i]!,
      namespace: place.file.namespace,
      code,
      field: what === 'id' ? 'id' : 'values',
      expected: `${what === 'id' ? 'an id' : 'a vector'} that no other record of the namespace has`,
      got,
    });
  }
  return rejects;
}
