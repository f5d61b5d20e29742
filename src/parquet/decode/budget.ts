import { DecodeFault } from './fault.js';
import type { DecodeLimits } from './limits.js';

/**
 * What may be decoded of one file. A run of a billion equal values takes five bytes, so the bytes read bound nothing by
 * themselves; this does.
 */
export class DecodeBudget {
  #left: number;

  constructor(
    fileBytes: number,
    private readonly limits: DecodeLimits,
  ) {
    this.#left = limits.expansionBytes + fileBytes * limits.expansionFactor;
  }

  spend(bytes: number): void {
    this.#left -= bytes;
    if (this.#left < 0) {
      throw new DecodeFault('limit', 'the file holds far more than its size allows for', {
        expected: `at most ${this.limits.expansionBytes} bytes and ${this.limits.expansionFactor} times the file`,
      });
    }
  }
}
