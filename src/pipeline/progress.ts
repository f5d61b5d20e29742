/** A progress event goes out at most this often (milliseconds). */
export const PROGRESS_INTERVAL_MS = 100;

/** Calls `emit` at most once per interval, and whenever `flush` is called. */
export class Throttle {
  #last = 0;

  constructor(
    private readonly emit: () => void,
    private readonly intervalMs = PROGRESS_INTERVAL_MS,
  ) {}

  tick(): void {
    const now = performance.now();
    if (now - this.#last < this.intervalMs) return;
    this.#last = now;
    this.emit();
  }

  flush(): void {
    this.#last = performance.now();
    this.emit();
  }
}
