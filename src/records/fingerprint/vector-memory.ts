import { instantiateFingerprints } from './wasm.js';

/** The bits of the largest finite float32 (IEEE 754, binary32). */
const LARGEST_FINITE = 0x7f7fffff;

/** What is known of dense vectors that were looked at. */
export interface KnownVectors {
  /** One byte a row, 1 = finite and not all zero. */
  readonly good: Uint8Array;
  /** 64 bits a row, low word first, which equal vectors share: fingerprints that know of no namespace yet. */
  readonly hashes: Uint32Array;
}

/** Memories that nobody uses now: each takes gigabytes of address space, whatever is in it. */
const idle: VectorMemory[] = [];
const MAX_IDLE = 8;

/**
 * Memory for dense vectors, in which they are looked at where they lie: whether they are finite and not all zero, and what
 * they have in common with equal ones, in one pass.
 *
 *     const memory = VectorMemory.take();
 *     fill(memory.values(rows, dimension));
 *     const { good, hashes } = memory.look();
 *     memory.release();
 */
export class VectorMemory {
  readonly #module = instantiateFingerprints();
  #rows = 0;
  #dimension = 0;

  static take(): VectorMemory {
    return idle.pop() ?? new VectorMemory();
  }

  /** To be called once nobody looks at the vectors any more. */
  release(): void {
    if (idle.length < MAX_IDLE) idle.push(this);
  }

  /** Room for vectors end to end; what lies in it means nothing. What was given before is not to be used any more. */
  values(rows: number, dimension: number): Float32Array<ArrayBuffer> {
    this.#rows = rows;
    this.#dimension = dimension;
    this.#module.reserve(this.#valuesAt + 4 * rows * dimension);
    return new Float32Array(this.#module.memory.buffer, this.#valuesAt, rows * dimension);
  }

  /** Looks at the vectors that `values` had room for. */
  look(): KnownVectors {
    const rows = this.#rows;
    const module = this.#module;
    module.dense(this.#valuesAt, this.#dimension, rows, this.#hashesAt, this.#largestAt);
    const largest = new Uint32Array(module.memory.buffer, this.#largestAt, rows);
    const good = new Uint8Array(rows);
    for (let row = 0; row < rows; row++) {
      const bits = largest[row]!;
      good[row] = bits !== 0 && bits <= LARGEST_FINITE ? 1 : 0;
    }
    return { good, hashes: new Uint32Array(module.memory.buffer, this.#hashesAt, 2 * rows).slice() };
  }

  get #hashesAt(): number {
    return align(this.#module.heapBase());
  }

  get #largestAt(): number {
    return this.#hashesAt + 8 * this.#rows;
  }

  get #valuesAt(): number {
    return align(this.#largestAt + 4 * this.#rows);
  }
}

/** The next multiple of 16: where a load of 16 bytes is fastest. */
export function align(address: number): number {
  return (address + 15) & ~15;
}
