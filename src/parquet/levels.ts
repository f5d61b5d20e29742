import { HybridEncoder } from './hybrid-encoder.js';

/**
 * Repetition and definition levels of a data page (v1): each as its length in 4 bytes little-endian and the hybrid runs.
 * `count` is the number of level pairs, which is what Parquet calls the page's `num_values`; `nulls` of them stand for no value.
 */
export interface Levels {
  readonly bytes: Uint8Array;
  readonly count: number;
  readonly nulls: number;
}

/** An OPTIONAL column at the top: definition level 1 for a value, 0 for null. */
export function optionalLevels(validity: Uint8Array | undefined, from: number, to: number): Levels {
  const definition = new HybridEncoder(1);
  let nulls = 0;
  if (validity === undefined) {
    definition.push(1, to - from);
  } else {
    for (let r = from; r < to; r++) {
      const present = validity[r] === 0 ? 0 : 1;
      nulls += 1 - present;
      definition.push(present, 1);
    }
  }
  return { bytes: framed(definition.finish()), count: to - from, nulls };
}

/**
 * An OPTIONAL list of OPTIONAL elements whose every row holds `dimension` numbers. The repetition levels are one pattern over
 * and over (0 for the first number of a row, 1 for the others), the definition levels a single run of 3.
 */
export function fixedListLevels(rows: number, dimension: number): Levels {
  const repetition = new HybridEncoder(1);
  const definition = new HybridEncoder(2);
  // A row of so many numbers ends with a run, and leaves no group of eight open: the next one's bytes are the same.
  const encoded = dimension >= 16 ? 1 : rows;
  for (let r = 0; r < encoded; r++) {
    repetition.push(0, 1);
    repetition.push(1, dimension - 1);
  }
  definition.push(3, rows * dimension);
  const pattern = repeated(repetition.finish(), rows / encoded);
  return { bytes: framed(pattern, definition.finish()), count: rows * dimension, nulls: 0 };
}

function repeated(bytes: Uint8Array, times: number): Uint8Array {
  const all = new Uint8Array(bytes.length * times);
  all.set(bytes);
  for (let filled = bytes.length; filled < all.length; filled *= 2) all.copyWithin(filled, 0, filled);
  return all;
}

/**
 * A list inside the OPTIONAL struct `sparse_values`: definition level 0 for a null struct, 2 for an empty list, 4 for an
 * element (1 and 3, a null list and a null element, do not occur).
 */
export function structListLevels(
  lengths: Uint32Array,
  validity: Uint8Array | undefined,
  from: number,
  to: number,
): Levels {
  const repetition = new HybridEncoder(1);
  const definition = new HybridEncoder(3);
  let count = 0;
  let nulls = 0;
  for (let r = from; r < to; r++) {
    const length = lengths[r]!;
    repetition.push(0, 1);
    if (length === 0) {
      definition.push(validity?.[r] === 0 ? 0 : 2, 1);
      count++;
      nulls++;
    } else {
      repetition.push(1, length - 1);
      definition.push(4, length);
      count += length;
    }
  }
  return { bytes: framed(repetition.finish(), definition.finish()), count, nulls };
}

function framed(...parts: readonly Uint8Array[]): Uint8Array {
  let size = 0;
  for (const part of parts) size += 4 + part.length;
  const bytes = new Uint8Array(size);
  const view = new DataView(bytes.buffer);
  let at = 0;
  for (const part of parts) {
    view.setUint32(at, part.length, true);
    bytes.set(part, at + 4);
    at += 4 + part.length;
  }
  return bytes;
}
