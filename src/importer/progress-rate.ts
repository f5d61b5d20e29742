/** Looks that are remembered: as many, however long an import takes. */
export const RATE_LOOKS = 24;
/** Looks are at least this far apart in ms to be remembered, so that they span minutes of a slow import. */
export const RATE_SPACING_MS = 1_000;

interface Look {
  readonly at: number;
  readonly percent: number | undefined;
  readonly records: number | undefined;
}

/** How fast an import goes, over its last looks. */
export class ProgressRate {
  #looks: Look[] = [];

  /** @param at monotonic time in ms */
  add(at: number, percent: number | undefined, records: number | undefined): void {
    const looks = this.#looks;
    const look = { at, percent, records };
    const before = looks.at(-2);
    // The newest look always counts; the one before it only when it lies apart from its own forerunner.
    if (before !== undefined && looks.at(-1)!.at - before.at < RATE_SPACING_MS) looks.pop();
    looks.push(look);
    if (looks.length > RATE_LOOKS) looks.shift();
  }

  /** Undefined until two looks differ. */
  get recordsPerSecond(): number | undefined {
    return this.#perSecond(({ records }) => records);
  }

  /** Until 100 %, in seconds: what comes after it, the building of the index, shows no progress. */
  get secondsLeft(): number | undefined {
    const percent = this.#looks.at(-1)?.percent;
    const rate = this.#perSecond((look) => look.percent);
    return percent === undefined || percent >= 100 || rate === undefined ? undefined : (100 - percent) / rate;
  }

  #perSecond(of: (look: Look) => number | undefined): number | undefined {
    const [first, last] = [this.#looks[0], this.#looks.at(-1)];
    if (first === undefined || last === undefined || last.at <= first.at) return undefined;
    const gained = (of(last) ?? 0) - (of(first) ?? 0);
    return gained > 0 ? (gained * 1000) / (last.at - first.at) : undefined;
  }
}
