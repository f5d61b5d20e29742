// 64-bit fingerprints of ids and vectors. Addresses are offsets in memory, which JavaScript lays out; see fingerprints.ts.

import { K1, K3, K4, mix } from './mix';
import { bits, largest, vectorHash } from './vector-hash';

/** Of a record without a sparse vector among hybrid ones. */
const NO_SPARSE: u64 = 0x510e527fade682d1;

export { heapBase, reserve } from '../../../base/assembly/memory';

/**
 * Texts end to end, text `i` from `offsets[i]` on, counted from the first: `out[i]` is its fingerprint under the seed
 * `seeds[codes[i]]`. `frame`: bytes before each that do not belong to it.
 */
export function texts(bytes: usize, offsets: usize, frame: u32, rows: u32, codes: usize, seeds: usize, out: usize): void {
  const first = load<u32>(offsets);
  for (let row: u32 = 0; row < rows; row++, offsets += 4, codes += 4, out += 8) {
    const at = bytes + ((load<u32>(offsets) - first + frame) as usize);
    const length = load<u32>(offsets, 4) - load<u32>(offsets) - frame;
    store<u64>(out, text(at, length, load<u64>(seeds + ((load<u32>(codes) as usize) << 3))));
  }
}

/** The fingerprint of one text; of a namespace's name it is the seed of everything in it. */
function text(at: usize, length: u32, seed: u64): u64 {
  let h = seed ^ ((length as u64) * K4);
  let left = length;
  for (; left >= 8; left -= 8, at += 8) {
    h = (h ^ load<u64>(at)) * K1;
    h ^= h >> 31;
  }
  let rest: u64 = 0;
  for (let i: u32 = 0; i < left; i++) rest |= (load<u8>(at + i) as u64) << (8 * i);
  return mix((h ^ rest) * K1);
}

/**
 * Dense vectors end to end: `out[i]` stands for row `i`, +0 and -0 being the same number; `largestOut[i]` is `largest` of it. Both in one pass,
 * since this goes over every number of an import.
 */
export function dense(values: usize, dimension: u32, rows: u32, out: usize, largestOut: usize): void {
  const bytes = (dimension as usize) << 2;
  for (let row: u32 = 0; row < rows; row++, values += bytes, out += 8, largestOut += 4) {
    store<u64>(out, vectorHash(values, dimension));
    store<i32>(largestOut, largest);
  }
}

/**
 * Adds sparse vectors to the fingerprints in `out`: entries of row `i` from `offsets[i]` on, counted from the first. The
 * order of a row's entries makes no difference. `validity`: one byte a row, or 0 when every row has one.
 */
export function sparse(offsets: usize, indices: usize, values: usize, validity: usize, rows: u32, out: usize): void {
  for (let row: u32 = 0; row < rows; row++, offsets += 4, out += 8) {
    let sum = NO_SPARSE;
    if (validity == 0 || load<u8>(validity + row) != 0) {
      const count = load<u32>(offsets, 4) - load<u32>(offsets);
      sum = (count as u64) * K4;
      for (let i: u32 = 0; i < count; i++, indices += 4, values += 4) {
        sum += mix((((bits(values) as u64) << 32) | (load<u32>(indices) as u64)) + K3);
      }
    }
    store<u64>(out, mix(load<u64>(out) ^ mix(sum)));
  }
}

/** The last step of vectors: `out[i]` under the seed `seeds[codes[i]]`. */
export function seal(rows: u32, codes: usize, seeds: usize, out: usize): void {
  for (let row: u32 = 0; row < rows; row++, codes += 4, out += 8) {
    store<u64>(out, mix(load<u64>(out) ^ load<u64>(seeds + ((load<u32>(codes) as usize) << 3))));
  }
}
