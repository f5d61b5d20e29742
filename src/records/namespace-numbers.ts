/**
 * Numbers for namespaces, the same in all batches of a split, counted from 0 in the order in which they come. Thousands of names come with
 * every batch, and all who need to know them again share one table, in which each is looked up once.
 */
export class NamespaceNumbers {
  /** By number. */
  readonly names: string[] = [];
  readonly #numbers = new Map<string, number>();
  #last: readonly string[] | undefined;
  #ofLast = new Uint32Array(0);

  /** The number of each name. */
  of(names: readonly string[]): Uint32Array {
    if (names !== this.#last) {
      const numbers = new Uint32Array(names.length);
      for (let i = 0; i < names.length; i++) numbers[i] = this.#number(names[i]!);
      this.#ofLast = numbers;
      this.#last = names;
    }
    return this.#ofLast;
  }

  #number(name: string): number {
    let number = this.#numbers.get(name);
    if (number === undefined) this.#numbers.set(name, (number = this.names.push(name) - 1));
    return number;
  }
}
