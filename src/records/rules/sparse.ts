import { KNOWN_GOOD } from '../batch.js';
import { MAX_SPARSE_ENTRIES } from '../limits.js';
import type { Marker } from './marker.js';
import type { RuleOptions } from './options.js';

const FIELD = 'sparse_values';

/**
 * Sparse vectors: present where there is no dense one, 1 to 2,048 entries, finite, no index twice. The order of indices does
 * not matter to the service.
 */
export function checkSparse(marker: Marker, options: RuleOptions = {}): void {
  const most = options.limits?.sparseEntries ?? MAX_SPARSE_ENTRIES;
  const { rows, sparse, values, knownGood } = marker.batch;
  if (sparse === undefined) return;
  const { offsets, indices, values: weights, validity } = sparse;
  const required = values === undefined;
  for (let row = 0; row < rows; row++) {
    if (marker.isRejected(row)) continue;
    if (validity !== undefined && validity[row] === 0) {
      if (required) marker.reject(row, 'SPARSE_MISSING', FIELD, 'a sparse vector', 'none');
      continue;
    }
    const start = offsets[row]!;
    const end = offsets[row + 1]!;
    if (end === start) {
      marker.reject(row, 'SPARSE_EMPTY', FIELD, 'at least one entry', 'none');
      continue;
    }
    if (end - start > most) {
      const got = `${end - start} entries`;
      marker.reject(row, 'SPARSE_TOO_MANY', FIELD, `at most ${most} entries`, got);
      continue;
    }
    if (knownGood !== undefined && (knownGood[row]! & KNOWN_GOOD.sparse) !== 0) continue;
    let ascending = true;
    let strange = -1;
    for (let i = start; i < end; i++) {
      if (!Number.isFinite(weights[i]!)) strange = i;
      if (i > start && indices[i]! <= indices[i - 1]!) ascending = false;
    }
    if (strange >= 0) {
      const got = `${weights[strange]!} at index ${indices[strange]!}`;
      marker.reject(row, 'SPARSE_NOT_FINITE', FIELD, 'numbers that fit into a float32', got);
    } else if (!ascending) {
      const twice = duplicate(indices.slice(start, end));
      if (twice !== undefined) {
        marker.reject(row, 'SPARSE_DUPLICATE_INDEX', FIELD, 'every index once', `index ${twice} twice`);
      }
    }
  }
}

/** An index that occurs twice, the smallest of them. Sorts the array it is given. */
function duplicate(indices: Uint32Array): number | undefined {
  indices.sort();
  for (let i = 1; i < indices.length; i++) if (indices[i] === indices[i - 1]) return indices[i];
  return undefined;
}
