import { KNOWN_GOOD } from '../batch.js';
import type { Marker } from './marker.js';
import { DEFAULT_ALLOW_ZERO_VECTORS, type RuleOptions } from './options.js';

/** A float32 without its sign (IEEE 754, binary32). */
const MAGNITUDE = 0x7fffffff;
/** The largest finite one; infinities and NaN are above it. */
const LARGEST = 0x7f7fffff;

/** Dense vectors: of the right dimension, finite, not all zero. */
export function checkDense(marker: Marker, options: RuleOptions): void {
  const { rows, dimension, values, knownGood, knownOfAll } = marker.batch;
  if (values === undefined) return;
  const wanted = options.dimension ?? dimension;
  const doubtful = dimension === wanted ? knownOfAll?.doubtful : undefined;
  const allowZero = options.allowZeroVectors ?? DEFAULT_ALLOW_ZERO_VECTORS;
  const bits = new Int32Array(values.buffer, values.byteOffset, values.length);
  for (let i = 0, count = doubtful?.length ?? rows; i < count; i++) {
    const row = doubtful?.[i] ?? i;
    if (marker.isRejected(row)) continue;
    if (dimension !== wanted) {
      marker.reject(row, 'VALUES_DIMENSION', 'values', `${wanted} numbers`, `${dimension} numbers`);
      continue;
    }
    if (knownGood !== undefined && (knownGood[row]! & KNOWN_GOOD.values) !== 0) continue;
    const start = row * dimension;
    const end = start + dimension;
    const verdict = look(bits, start, end);
    if (verdict < 0) {
      let at = start;
      while (Number.isFinite(values[at]!)) at++;
      const got = `${values[at]!} at position ${at - start}`;
      marker.reject(row, 'VALUES_NOT_FINITE', 'values', 'numbers that fit into a float32', got);
    } else if (!allowZero && verdict === 0) {
      // -0 is zero too. Numbers too small for a float32 have become zero by now.
      marker.reject(row, 'VALUES_ALL_ZERO', 'values', 'at least one number that is not zero', `${dimension} zeros`);
    }
  }
}

/**
 * Negative: one of the numbers is not finite; 0: all are zero; else neither. This runs over every number of an import, so it
 * looks at bits, four at a time and without branches: the difference to the largest finite magnitude is negative for what is
 * beyond it, and one sign bit stays in the union of all.
 */
function look(bits: Int32Array, start: number, end: number): number {
  let any = 0;
  let beyond = 0;
  let i = start;
  for (const last = end - 3; i < last; i += 4) {
    const a = bits[i]! & MAGNITUDE;
    const b = bits[i + 1]! & MAGNITUDE;
    const c = bits[i + 2]! & MAGNITUDE;
    const d = bits[i + 3]! & MAGNITUDE;
    any |= a | b | c | d;
    beyond |= (LARGEST - a) | (LARGEST - b) | (LARGEST - c) | (LARGEST - d);
  }
  for (; i < end; i++) {
    const a = bits[i]! & MAGNITUDE;
    any |= a;
    beyond |= LARGEST - a;
  }
  return beyond < 0 ? -1 : any;
}
