/** Who waits for an answer. */
export interface Job<Answer> {
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: Error) => void;
}

/**
 * Jobs that a thread is at, each under a number that is used again once it is done.
 *
 * No Map: where entries come and go without end V8 makes a new table every few of them, and each old table refers to the next. Once one of
 * them has got to the old generation, all that follow, with who waited in them and the columns that they were answered with, stay until the
 * next full collection, and the young generation grows as if there were use for what is in it.
 */
export class Jobs<Answer> {
  readonly #jobs: (Job<Answer> | undefined)[] = [];
  #size = 0;

  /** How many there are. */
  get size(): number {
    return this.#size;
  }

  /** Returns its number. */
  add(job: Job<Answer>): number {
    const free = this.#jobs.indexOf(undefined);
    const number = free < 0 ? this.#jobs.length : free;
    this.#jobs[number] = job;
    this.#size++;
    return number;
  }

  /** Takes out a job that is there. */
  take(number: number): Job<Answer> {
    const job = this.#jobs[number];
    if (job === undefined) throw new Error(`no job ${number}`);
    this.#jobs[number] = undefined;
    this.#size--;
    return job;
  }

  /** Takes out all. */
  takeAll(): Job<Answer>[] {
    const all = this.#jobs.filter((job) => job !== undefined);
    this.#jobs.length = 0;
    this.#size = 0;
    return all;
  }
}
