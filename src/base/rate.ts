/** The rate is that of the last so many milliseconds: it follows the link, not the whole run. */
export const RATE_WINDOW_MS = 15_000;
/** Before this much time no rate is told. */
const FIRST_RATE_MS = 1_000;

/** How fast a count has grown lately. */
export class Rate {
  readonly #marks: { readonly at: number; readonly count: number }[];

  /** @param now monotonic time in milliseconds */
  constructor(private readonly now: () => number = () => performance.now()) {
    this.#marks = [{ at: now(), count: 0 }];
  }

  /** Per second over the last RATE_WINDOW_MS; undefined at the beginning, and while nothing moves. */
  of(count: number): number | undefined {
    const at = this.now();
    const marks = this.#marks;
    marks.push({ at, count });
    // The oldest mark stays until the one after it is old enough too.
    while (marks.length > 2 && at - marks[1]!.at >= RATE_WINDOW_MS) marks.shift();
    const first = marks[0]!;
    const grown = count - first.count;
    return at - first.at < FIRST_RATE_MS || grown <= 0 ? undefined : (grown * 1000) / (at - first.at);
  }
}
