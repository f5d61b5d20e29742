import { corrupt, unsupported } from './fault.js';
import { jsonType, readJsonValues, type JsonType, type JsonValues } from './json-values.js';
import type { ColumnPages, DataPage } from './pages.js';
import type { SchemaNode } from './schema-tree.js';

interface Loaded {
  readonly page: DataPage;
  readonly values: JsonValues;
}

/**
 * A leaf in no more than one list, entry by entry: its levels and its value as JSON. Pages are loaded for whole rows ahead, so
 * that rows can be put together without waiting; a page that was passed is dropped.
 */
export class LevelColumn {
  readonly type: JsonType;
  readonly #loaded: Loaded[] = [];
  #dictionary: { readonly values: JsonValues; readonly count: number } | undefined;
  /** Entry and value of the first loaded page at which the column stands, and the rows of it that were passed. */
  #entry = 0;
  #value = 0;
  #passed = 0;
  /** Rows that begin in what is loaded, from where the column stands. */
  #begun = 0;
  #ended = false;

  /** Throws what `jsonType` throws, and `unsupported` for a list in a list. */
  constructor(
    private readonly pages: ColumnPages,
    readonly node: SchemaNode,
    private readonly maxPageBytes: number,
  ) {
    if (node.repetition > 1) throw unsupported('lists of lists have no place in a record');
    this.type = jsonType(node.element, node.repetition > 0);
  }

  /** Loads pages until `rows` whole rows lie ahead. */
  async ensure(rows: number): Promise<void> {
    // The last row that begins in what is loaded may go on in the next page.
    const open = this.node.repetition;
    while (!this.#ended && this.#begun - open < rows) {
      const page = await this.pages.next();
      if (page === undefined) {
        this.#ended = true;
        break;
      }
      this.#begun += page.rowStarts?.length ?? page.count;
      this.#loaded.push({ page, values: this.#values(page) });
    }
    if (this.#begun < rows) throw corrupt('the column has fewer rows than its row group');
  }

  /** Has every row been read? */
  async atEnd(): Promise<boolean> {
    return this.#loaded.length === 0 && (await this.pages.next()) === undefined;
  }

  /** Definition level of the entry at hand. */
  get definition(): number {
    const { definition } = this.#first().page;
    return definition === undefined ? this.node.definition : definition[this.#entry]!;
  }

  /** Does the entry at hand begin a row? So does what lies beyond the last one. */
  get beginsRow(): boolean {
    const first = this.#loaded[0];
    if (first?.page.rowStarts === undefined) return true;
    return first.page.rowStarts[this.#passed] === this.#entry;
  }

  /** Values of the page at hand; the entry has number `index` of them, if its definition is the leaf's own. */
  get values(): JsonValues {
    return this.#first().values;
  }

  get index(): number {
    return this.#value;
  }

  advance(): void {
    const { page } = this.#first();
    if (this.beginsRow) {
      this.#begun--;
      this.#passed++;
    }
    if (page.definition === undefined || page.definition[this.#entry] === this.node.definition) this.#value++;
    if (++this.#entry < page.count) return;
    this.#loaded.shift();
    this.#entry = 0;
    this.#value = 0;
    this.#passed = 0;
  }

  #first(): Loaded {
    const first = this.#loaded[0];
    if (first === undefined) throw corrupt('the columns of a group do not fit together');
    return first;
  }

  #values({ encoding, values, present }: DataPage): JsonValues {
    const { dictionary } = this.pages;
    if (this.#dictionary === undefined && dictionary !== undefined) {
      const { bytes, count } = dictionary;
      this.#dictionary = { values: this.type.decode('PLAIN', bytes, count, this.maxPageBytes), count };
    }
    // A page is good until the next one is asked for, and texts stay where they lie.
    const bytes = this.type.isText ? values.slice() : values;
    return readJsonValues(this.type, encoding, bytes, present, this.#dictionary, this.maxPageBytes);
  }
}
