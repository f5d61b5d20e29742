import type { DecodeBudget } from './budget.js';
import { corrupt, overLimit } from './fault.js';
import type { ColumnPages, DataPage } from './pages.js';
import { joinTexts, type JoinedTexts } from './texts/join-texts.js';
import { readTexts, type TextValues } from './text-values.js';

/** Texts of some rows, end to end. */
export interface TextRows {
  readonly rows: number;
  readonly bytes: Uint8Array;
  /** Length rows + 1. */
  readonly offsets: Uint32Array;
  /** 1 = present, 0 = null. Absent: every row is present. */
  readonly validity: Uint8Array | undefined;
  /** Rows whose text is longer than `cap`, with its length in bytes; what is in `bytes` is its beginning. */
  readonly cut: ReadonlyMap<number, number>;
}

/** A column of texts without repetition, row by row. */
export class TextColumn {
  #page: DataPage | undefined;
  /** Of a page: end to end if it is PLAIN and none is null, which is the usual case, or each by itself. */
  #joined: JoinedTexts | undefined;
  #texts: TextValues | undefined;
  #dictionary: TextValues | undefined;
  /** Levels and values of the page that were given out. */
  #level = 0;
  #value = 0;

  constructor(
    private readonly pages: ColumnPages,
    private readonly maxDefinition: number,
    private readonly maxPageBytes: number,
    private readonly budget: DecodeBudget,
  ) {}

  /**
   * The next `rows` rows, or fewer once their texts have passed `maxBytes` (one at least). Of a text longer than `cap`
   * bytes only the beginning is kept.
   */
  async read(rows: number, cap: number, maxBytes = Infinity): Promise<TextRows> {
    const offsets = new Uint32Array(rows + 1);
    const cut = new Map<number, number>();
    let validity: Uint8Array | undefined;
    let bytes: Uint8Array = EMPTY;
    let used = 0;
    let row = 0;
    const room = (length: number): void => {
      if (used + length <= bytes.length) return;
      const larger = new Uint8Array(Math.max(2 * bytes.length, used + length));
      larger.set(bytes.subarray(0, used));
      bytes = larger;
    };
    while (row < rows && (row === 0 || used < maxBytes)) {
      if (this.#page === undefined || this.#level === this.#page.count) await this.#nextPage(cap);
      const joined = this.#joined;
      if (joined !== undefined) {
        const first = this.#level;
        const start = joined.offsets[first]!;
        const most = Math.min(rows - row, this.#page!.count - first);
        let taken = 0;
        while (taken < most && (row === 0 || used + joined.offsets[first + taken]! - start < maxBytes)) {
          taken++;
          offsets[++row] = used + joined.offsets[first + taken]! - start;
        }
        this.#level += taken;
        const part = joined.bytes.subarray(start, joined.offsets[first + taken]);
        validity?.fill(1, row - taken, row);
        if (used === 0 && taken === rows) bytes = part;
        else {
          room(part.length);
          bytes.set(part, used);
        }
        used += part.length;
        continue;
      }
      const { definition, count } = this.#page!;
      const { bytes: from, starts, ends, codes } = this.#texts!;
      for (; row < rows && this.#level < count && (row === 0 || used < maxBytes); row++) {
        if (definition !== undefined && definition[this.#level] !== this.maxDefinition) {
          validity ??= new Uint8Array(rows).fill(1, 0, row);
        } else {
          const k = codes === undefined ? this.#value : codes[this.#value]!;
          this.#value++;
          const start = starts[k]!;
          let length = ends[k]! - start;
          if (length > cap) {
            cut.set(row, length);
            length = cap;
          }
          room(length);
          if (length < 32) for (let i = 0; i < length; i++) bytes[used + i] = from[start + i]!;
          else bytes.set(from.subarray(start, start + length), used);
          used += length;
          if (validity !== undefined) validity[row] = 1;
        }
        this.#level++;
        offsets[row + 1] = used;
      }
    }
    // One entry of a dictionary may stand for millions of rows.
    this.budget.spend(used);
    return {
      rows: row,
      bytes: bytes.subarray(0, used),
      offsets: offsets.subarray(0, row + 1),
      validity: validity?.subarray(0, row),
      cut,
    };
  }

  /** Has every row been read? */
  async atEnd(): Promise<boolean> {
    if (this.#page !== undefined && this.#level < this.#page.count) return false;
    return (await this.pages.next()) === undefined;
  }

  /** @param cap longer texts are cut off */
  async #nextPage(cap: number): Promise<void> {
    const page = await this.pages.next();
    if (page === undefined) throw corrupt('the column has fewer rows than its row group');
    const { dictionary } = this.pages;
    if (this.#dictionary === undefined && dictionary !== undefined) {
      if (dictionary.count * 4 > this.maxPageBytes)
        throw overLimit('a dictionary', this.maxPageBytes, dictionary.count * 4);
      this.#dictionary = readTexts('PLAIN', dictionary.bytes, dictionary.count, undefined, this.maxPageBytes);
    }
    this.#joined = undefined;
    if (page.encoding === 'PLAIN' && page.definition === undefined && page.values.length <= MAX_JOINED_BYTES) {
      const joined = joinTexts(page.values, page.count);
      if (joined.longest <= cap) this.#joined = joined;
    }
    if (this.#joined === undefined) {
      this.#texts = readTexts(page.encoding, page.values, page.present, this.#dictionary, this.maxPageBytes);
    }
    this.#page = page;
    this.#level = 0;
    this.#value = 0;
  }
}

/** Larger pages are rare, and the memory that texts are joined in is not given back. */
const MAX_JOINED_BYTES = 16 * 1024 * 1024;

const EMPTY = new Uint8Array(0);
