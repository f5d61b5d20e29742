import { fieldLabel, problem, type Problem } from './problem.js';
import type { ReaderConfig } from './reader.js';

/** The rejection of a vector of the other kind. */
export function unexpectedVector(config: ReaderConfig, got: string): Problem {
  const field = fieldLabel(config.unexpectedVector);
  return config.kind === 'sparse'
    ? problem('VALUES_UNEXPECTED', field, 'no dense vector in a run of sparse records (vectorType)', got)
    : problem('SPARSE_UNEXPECTED', field, 'no sparse vector in a run of dense records (vectorType)', got);
}

/**
 * Would something be lost with this JSON value? Null, `[]` and `{"indices": [], "values": []}` are how some tools write that there is no
 * vector: no digit in them.
 */
export function holdsVector(bytes: Uint8Array, start: number, end: number): boolean {
  const first = bytes[start];
  if (first !== 0x5b && first !== 0x7b) return first !== 0x6e && end - start > 2;
  for (let p = start; p < end; p++) if ((bytes[p]! - 0x30) >>> 0 <= 9) return true;
  return false;
}
