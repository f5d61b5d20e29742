/** Shares out a number of bytes: `take` waits for its turn, first come first served, until so many are free. */
export class ByteBudget {
  readonly #waiting: { readonly bytes: number; readonly go: () => void }[] = [];
  #free: number;

  constructor(private readonly total: number) {
    this.#free = total;
  }

  /** Resolves to the function that gives the bytes back. Whoever wants more than there is in all gets all. */
  async take(bytes: number): Promise<() => void> {
    const share = Math.min(bytes, this.total);
    if (this.#waiting.length === 0 && share <= this.#free) this.#free -= share;
    else await new Promise<void>((go) => this.#waiting.push({ bytes: share, go }));
    return () => {
      this.#free += share;
      while (this.#waiting.length > 0 && this.#waiting[0]!.bytes <= this.#free) {
        const next = this.#waiting.shift()!;
        this.#free -= next.bytes;
        next.go();
      }
    };
  }
}
