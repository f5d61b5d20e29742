/** Runs `work` over the items in order, at most `limit` at a time. The first fault stops it and is thrown once all under way are done. */
export async function forEachLimited<T>(
  items: readonly T[],
  limit: number,
  work: (item: T) => Promise<void>,
): Promise<void> {
  let next = 0;
  let failed = false;
  const lane = async (): Promise<void> => {
    while (next < items.length && !failed) {
      try {
        await work(items[next++]!);
      } catch (error) {
        failed = true;
        throw error;
      }
    }
  };
  const lanes = await Promise.allSettled(Array.from({ length: Math.min(limit, items.length) }, lane));
  for (const result of lanes) if (result.status === 'rejected') throw result.reason;
}

/** Lets work in as long as its weights stay within a limit; a single piece may be heavier. First come, first served. */
export class WeightGate {
  private used = 0;
  private readonly waiting: { readonly weight: number; readonly enter: () => void }[] = [];

  constructor(private readonly limit: number) {}

  async run<T>(weight: number, work: () => Promise<T>): Promise<T> {
    if (this.waiting.length > 0 || !this.fits(weight)) {
      await new Promise<void>((enter) => this.waiting.push({ weight, enter }));
    } else {
      this.used += weight;
    }
    try {
      return await work();
    } finally {
      this.used -= weight;
      while (this.waiting.length > 0 && this.fits(this.waiting[0]!.weight)) {
        const { weight: next, enter } = this.waiting.shift()!;
        this.used += next;
        enter();
      }
    }
  }

  private fits(weight: number): boolean {
    return this.used === 0 || this.used + weight <= this.limit;
  }
}
