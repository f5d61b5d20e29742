import type { Marker } from './marker.js';
import { DEFAULT_ALLOW_ZERO_VECTORS, type RuleOptions } from './options.js';

/** Exponent bits of a float32: all set for NaN and the infinities (IEEE 754, binary32). */
const EXPONENT = 0x7f800000;

/** Dense vectors: of the right dimension, finite, not all zero. Looks at bits, not at numbers: this runs over every value. */
export function checkDense(marker: Marker, options: RuleOptions): void {
  const { rows, dimension, values } = marker.batch;
  if (values === undefined) return;
  const wanted = options.dimension ?? dimension;
  const allowZero = options.allowZeroVectors ?? DEFAULT_ALLOW_ZERO_VECTORS;
  const bits = new Uint32Array(values.buffer, values.byteOffset, values.length);
  for (let row = 0; row < rows; row++) {
    if (marker.isRejected(row)) continue;
    if (dimension !== wanted) {
      marker.reject(row, 'VALUES_DIMENSION', 'values', `${wanted} numbers`, `${dimension} numbers`);
      continue;
    }
    const start = row * dimension;
    const end = start + dimension;
    let any = 0;
    let finite = true;
    for (let i = start; i < end; i++) {
      const word = bits[i]!;
      any |= word;
      if ((word & EXPONENT) === EXPONENT) finite = false;
    }
    if (!finite) {
      let at = start;
      while (Number.isFinite(values[at]!)) at++;
      const got = `${values[at]!} at position ${at - start}`;
      marker.reject(row, 'VALUES_NOT_FINITE', 'values', 'numbers that fit into a float32', got);
    } else if (!allowZero && (any & 0x7fffffff) === 0) {
      // The sign bit is left out: -0 is zero too. Numbers too small for a float32 have become zero by now.
      marker.reject(row, 'VALUES_ALL_ZERO', 'values', 'at least one number that is not zero', `${dimension} zeros`);
    }
  }
}
