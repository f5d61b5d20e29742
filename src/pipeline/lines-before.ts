import { LineRange } from '../sources/line-range.js';
import type { Source } from '../sources/source.js';
import type { SplitEntry } from './journal.js';
import type { Plan } from './plan.js';

/** What reading a split told of its pieces. */
type ReadSplit = Pick<SplitEntry, 'pieces'>;

/** Where a range of an input is read: which split, and its how many-eth piece. */
interface RangePlace {
  readonly split: number;
  readonly piece: number;
  readonly range: readonly [start: number, end: number];
}

/**
 * Whoever reads a range counts lines from its first. What the ranges before it hold is known when the splits that they belong to are
 * finished; then the line in the input is, too.
 */
export class LineCounts {
  readonly #ranges = new Map<number, RangePlace[]>();

  constructor(plan: Plan) {
    for (const { index, pieces } of plan.splits) {
      pieces.forEach(({ input, range }, piece) => {
        if (range === undefined) return;
        const places = this.#ranges.get(input) ?? [];
        if (places.length === 0) this.#ranges.set(input, places);
        places.push({ split: index, piece, range });
      });
    }
  }

  /** Lines of the input before a place in it that a range begins with; undefined when a range before it is not finished. */
  before(input: number, start: number, entries: ReadonlyMap<number, ReadSplit>): number | undefined {
    let lines = 0;
    for (const { split, piece, range } of this.#ranges.get(input) ?? []) {
      if (range[0] >= start) break;
      const count = entries.get(split)?.pieces[piece]?.lineFeeds;
      if (count === undefined) return undefined;
      lines += count;
    }
    return lines;
  }

  /** The same, whatever is finished: ranges that are not are read for it. */
  async count(
    input: number,
    start: number,
    entries: ReadonlyMap<number, ReadSplit>,
    source: Source,
    signal: AbortSignal | undefined,
  ): Promise<number> {
    let lines = 0;
    for (const { split, piece, range } of this.#ranges.get(input) ?? []) {
      if (range[0] >= start) break;
      const known = entries.get(split)?.pieces[piece]?.lineFeeds;
      lines += known ?? (await countLines(source, range, signal));
    }
    return lines;
  }
}

async function countLines(
  source: Source,
  range: RangePlace['range'],
  signal: AbortSignal | undefined,
): Promise<number> {
  const lines = new LineRange(source, range, { signal });
  for await (const bytes of lines) void bytes;
  return lines.lineFeeds;
}
