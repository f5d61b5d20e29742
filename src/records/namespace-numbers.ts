/**
 * Numbers for namespaces, the same in all batches of a split, counted from 0 in the order in which they come. Thousands of names come with
 * every batch, and all who need to know them again share one table, in which each is looked up once.
 */
export class NamespaceNumbers {
  readonly #numbers = new Map<string, number>();
  #names: readonly string[] | undefined;
  #ofNames = new Uint32Array(0);

  /** The number of each name. */
  of(names: readonly string[]): Uint32Array {
    if (names !== this.#names) {
      this.#ofNames = Uint32Array.from(names, (name) => this.#number(name));
      this.#names = names;
    }
    return this.#ofNames;
  }

  #number(name: string): number {
    let number = this.#numbers.get(name);
    if (number === undefined) this.#numbers.set(name, (number = this.#numbers.size));
    return number;
  }
}
