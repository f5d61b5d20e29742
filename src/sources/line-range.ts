import type { OpenSourceOptions, Source } from './source.js';

const LF = 0x0a;

/** `[start, end)` of a source's bytes. */
export type ByteRange = readonly [start: number, end: number];

/**
 * The lines whose first byte lies in a range of a source: beginning behind the first line feed at or after the byte before
 * `start` (or at 0), and going on past `end` to the end of the last line. Every line of a source lies in exactly one of the ranges that
 * it is cut into, whatever its length: one that is longer than a range belongs to the range in which it begins, and the ranges within
 * it are empty.
 *
 * Can be iterated once. Whoever leaves early closes the input.
 */
export class LineRange implements AsyncIterable<Uint8Array> {
  /** Place of the first line, known when its bytes come. */
  offset: number;
  /** Line feeds that were given so far. */
  lineFeeds = 0;

  constructor(
    private readonly source: Source,
    private readonly range: ByteRange,
    private readonly options: OpenSourceOptions,
  ) {
    this.offset = range[0];
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void, undefined> {
    const [start, end] = this.range;
    let skipping = start > 0;
    this.offset = Math.max(0, start - 1);
    let last = LF;
    for await (const bytes of this.#open(this.offset, end)) {
      let lines = bytes;
      if (skipping) {
        const feed = bytes.indexOf(LF);
        skipping = feed < 0;
        this.offset += skipping ? bytes.length : feed + 1;
        if (skipping) continue;
        lines = bytes.subarray(feed + 1);
      }
      if (lines.length === 0) continue;
      last = lines[lines.length - 1]!;
      yield this.#counted(lines);
    }
    if (skipping || last === LF) return;
    // The last line has begun in the range, so all of it belongs here.
    for await (const bytes of this.#open(end, this.source.bytes!)) {
      const feed = bytes.indexOf(LF);
      yield this.#counted(feed < 0 ? bytes : bytes.subarray(0, feed + 1));
      if (feed >= 0) return;
    }
  }

  async *#open(from: number, to: number): AsyncGenerator<Uint8Array, void, undefined> {
    if (from < to) yield* this.source.openRange!(from, to, this.options);
  }

  #counted(bytes: Uint8Array): Uint8Array {
    this.lineFeeds += countLineFeeds(bytes);
    return bytes;
  }
}

export function countLineFeeds(bytes: Uint8Array): number {
  let count = 0;
  for (let at = bytes.indexOf(LF); at >= 0; at = bytes.indexOf(LF, at + 1)) count++;
  return count;
}
