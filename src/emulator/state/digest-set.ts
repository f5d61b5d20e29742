const INITIAL_SLOTS = 1024;
/** Grow at 70 %: linear probing stays short. */
const MAX_LOAD = 0.7;

/**
 * A set of 64-bit digests in typed arrays: 8 bytes a slot, so that ten million records take some 200 MB at most and no
 * object each. Two different records share a digest about once in 10¹⁹ pairs.
 */
export class DigestSet {
  #slots = new Uint32Array(INITIAL_SLOTS * 2);
  #size = 0;

  get size(): number {
    return this.#size;
  }

  has(high: number, low: number): boolean {
    return this.#find(this.#slots, high, marked(low)) < 0;
  }

  /** @returns false when the digest was there already. */
  add(high: number, low: number): boolean {
    if ((this.#size + 1) * 2 > this.#slots.length * MAX_LOAD) this.#grow();
    const word = marked(low);
    const free = this.#find(this.#slots, high, word);
    if (free < 0) return false;
    this.#slots[free] = high;
    this.#slots[free + 1] = word;
    this.#size++;
    return true;
  }

  /** Place of the free slot where the digest belongs, or -1 when it is in the set. */
  #find(slots: Uint32Array, high: number, low: number): number {
    const mask = slots.length / 2 - 1;
    for (let slot = high & mask; ; slot = (slot + 1) & mask) {
      const at = slot * 2;
      const word = slots[at + 1]!;
      if (word === 0) return at;
      if (word === low && slots[at] === high >>> 0) return -1;
    }
  }

  #grow(): void {
    const old = this.#slots;
    const slots = new Uint32Array(old.length * 2);
    for (let at = 0; at < old.length; at += 2) {
      if (old[at + 1] === 0) continue;
      const free = this.#find(slots, old[at]!, old[at + 1]!);
      slots[free] = old[at]!;
      slots[free + 1] = old[at + 1]!;
    }
    this.#slots = slots;
  }
}

/** Zero marks a free slot, so a low word of zero is stored as one. */
function marked(low: number): number {
  return low >>> 0 || 1;
}
