import { throwIfAborted } from '../base/abort.js';
import { compareKeys } from './compare-keys.js';
import { RecordSorter } from './record-sorter.js';

/** What may be equal: ids within a namespace, vectors within a namespace. */
export type DuplicateKind = 'ids' | 'vectors';

/** Words of a candidate: fingerprint (high, low), unit, row, number. A unit is a split, or a file; see RowDigests. */
export const CANDIDATE_WORDS = 5;

/** Bytes of a digest: SHA-256. */
export const DIGEST_BYTES = 32;

/**
 * Reads ids or vectors back from where they were written, with their namespace: SHA-256 of each row's. Equal digests are taken
 * for equal bytes; nobody knows how to make two different ones with the same.
 * @param rows of the unit, ascending
 */
export type RowDigests = (kind: DuplicateKind, unit: number, rows: readonly number[]) => Promise<Uint8Array>;

export interface FindOptions {
  /** Which of several equal records is no duplicate: the one that comes first (by unit, then row), or last. */
  readonly keep: 'first' | 'last';
  /** Words of a candidate. Default CANDIDATE_WORDS; one less, and the row is its number, too. */
  readonly candidateWords?: typeof CANDIDATE_WORDS | 4 | undefined;
  /** Stop once some duplicates are known, after about so many candidates. Default: find them all. */
  readonly enough?: number | undefined;
  readonly memoryBytes: number;
  /** For temporary files. */
  readonly directory: string;
  readonly signal?: AbortSignal | undefined;
}

/** Words of a duplicate: unit, row, number; those of the record that is kept instead; 0 for an id, 1 for a vector. */
export const DUPLICATE_WORDS = 7;

export interface FoundDuplicates {
  /** Sorted by unit and row. To be closed. */
  readonly records: RecordSorter;
  readonly ids: number;
  readonly vectors: number;
  /** All were looked for; otherwise there may be more. */
  readonly complete: boolean;
}

/** Rows whose digests are asked for at once. */
const ROWS_AT_ONCE = 16_384;
const POSITION_WORDS = 3;
const DIGEST_WORDS = DIGEST_BYTES / 4;

/**
 * Finds repeated ids, then identical vectors among the records that are left.
 *
 * Candidates are records that share a fingerprint; they are then compared by what was written. So a chance (or a made)
 * collision is never told for a duplicate, and costs no more than reading that record once.
 *
 * @param candidates all records, sorted by fingerprint: blocks of CANDIDATE_WORDS words each
 */
export async function findDuplicates(
  candidates: (kind: DuplicateKind) => AsyncIterable<Uint32Array>,
  digests: RowDigests,
  options: FindOptions,
): Promise<FoundDuplicates> {
  const records = newSorter(DUPLICATE_WORDS, 2, options);
  try {
    const search = new Search(candidates, digests, options);
    const ids = await search.find('ids', undefined);
    let total = 0;
    try {
      total = ids.sorter.total;
      if (!ids.complete) {
        for await (const block of ids.sorter.sorted()) await pushAll(records, block, 0);
        return { records, ids: total, vectors: 0, complete: false };
      }
      // The repeated ids are gone through once: to leave them out, and to take them over.
      const vectors = await search.find('vectors', new Excluded(ids.sorter, (block) => pushAll(records, block, 0)));
      try {
        for await (const block of vectors.sorter.sorted()) await pushAll(records, block, 1);
        return { records, ids: total, vectors: vectors.sorter.total, complete: vectors.complete };
      } finally {
        await vectors.sorter.close();
      }
    } finally {
      await ids.sorter.close();
    }
  } catch (error) {
    await records.close();
    throw error;
  }
}

/** Words of what a search finds: unit, row, number of the duplicate and of the kept record. */
const PAIR_WORDS = 2 * POSITION_WORDS;

class Search {
  constructor(
    private readonly candidates: (kind: DuplicateKind) => AsyncIterable<Uint32Array>,
    private readonly digests: RowDigests,
    private readonly options: FindOptions,
  ) {}

  async find(
    kind: DuplicateKind,
    excluded: Excluded | undefined,
  ): Promise<{ readonly sorter: RecordSorter; readonly complete: boolean }> {
    const found = newSorter(PAIR_WORDS, 2, this.options);
    try {
      // What was left out of an earlier part cannot be gone through again.
      const enough = excluded === undefined || excluded.isEmpty ? (this.options.enough ?? Infinity) : Infinity;
      const complete =
        (await this.#scan(kind, excluded, found, enough)) ?? (await this.#scan(kind, excluded, found, Infinity))!;
      await excluded?.finish();
      return { sorter: found, complete };
    } catch (error) {
      await found.close();
      throw error;
    }
  }

  /**
   * Gathers the records that share their fingerprint with another, and confirms them.
   * @returns whether all were looked at; undefined: part of them was, and nothing was found
   */
  async #scan(
    kind: DuplicateKind,
    excluded: Excluded | undefined,
    found: RecordSorter,
    enough: number,
  ): Promise<boolean | undefined> {
    let skipped = false;
    let positions = newSorter(POSITION_WORDS, 2, this.options);
    try {
      const candidateWords = this.options.candidateWords ?? CANDIDATE_WORDS;
      const numberAt = candidateWords - 1;
      let [high, low] = [0, 0];
      const last = new Uint32Array(POSITION_WORDS);
      let inGroup = 0;
      for await (const block of this.candidates(kind)) {
        throwIfAborted(this.options.signal);
        // Signed, since V8 has quick ways for whole numbers that are.
        const words = new Int32Array(block.buffer, block.byteOffset, block.length);
        for (let at = 0; at < words.length; at += candidateWords) {
          if (inGroup > 0 && words[at] === high && words[at + 1] === low) {
            if (inGroup > enough) {
              // Millions of records with the same vector: the first of them will do.
              skipped = true;
              continue;
            }
            if (positions.isFull) await positions.spill();
            if (inGroup++ === 1) positions.pushFrom(last, 0);
            if (positions.isFull) await positions.spill();
            positions.push(block[at + 2]!, block[at + 3]!, block[at + numberAt]!);
          } else {
            if (positions.total >= enough) {
              await this.#confirm(kind, positions, excluded, found);
              if (found.total > 0) return false;
              await positions.close();
              positions = newSorter(POSITION_WORDS, 2, this.options);
            }
            at = nextRepeated(words, at, candidateWords);
            inGroup = 1;
            high = words[at]!;
            low = words[at + 1]!;
            last[0] = words[at + 2]!;
            last[1] = words[at + 3]!;
            last[2] = words[at + numberAt]!;
          }
        }
      }
      await this.#confirm(kind, positions, excluded, found);
      return !skipped ? true : found.total > 0 ? false : undefined;
    } finally {
      await positions.close();
    }
  }

  /** Reads the rows in their order, and sorts them by what they hold. */
  async #confirm(
    kind: DuplicateKind,
    positions: RecordSorter,
    excluded: Excluded | undefined,
    found: RecordSorter,
  ): Promise<void> {
    const classes = newSorter(DIGEST_WORDS + POSITION_WORDS, DIGEST_WORDS + 2, this.options);
    // Of several the first is kept; to keep the last, order is turned round.
    const turn = this.options.keep === 'last' ? 0xffffffff : 0;
    let unit = -1;
    let rows: number[] = [];
    let numbers: number[] = [];
    const read = async (): Promise<void> => {
      if (rows.length === 0) return;
      throwIfAborted(this.options.signal);
      const bytes = await this.digests(kind, unit, rows);
      const words = new Uint32Array(DIGEST_WORDS * rows.length);
      new Uint8Array(words.buffer).set(bytes);
      for (let i = 0; i < rows.length; i++) {
        if (classes.isFull) await classes.spill();
        const { to: at, records } = classes.slots(1);
        for (let k = 0; k < DIGEST_WORDS; k++) records[at + k] = words[DIGEST_WORDS * i + k]!;
        records[at + DIGEST_WORDS] = unit ^ turn;
        records[at + DIGEST_WORDS + 1] = rows[i]! ^ turn;
        records[at + DIGEST_WORDS + 2] = numbers[i]!;
      }
      rows = [];
      numbers = [];
    };
    try {
      for await (const block of positions.sorted()) {
        for (let at = 0; at < block.length; at += POSITION_WORDS) {
          if (block[at] !== unit || rows.length === ROWS_AT_ONCE) {
            await read();
            unit = block[at]!;
          }
          if (excluded !== undefined && (await excluded.has(unit, block[at + 1]!))) continue;
          rows.push(block[at + 1]!);
          numbers.push(block[at + 2]!);
        }
      }
      await read();
      await pairUp(classes, found, turn);
    } finally {
      await classes.close();
    }
  }
}

/** From `at` on, the first candidate whose fingerprint the next one has, too, or the last of the block: there are few. */
function nextRepeated(words: Int32Array, from: number, candidateWords: number): number {
  const last = words.length - candidateWords;
  let at = from;
  while (at < last && (words[at] !== words[at + candidateWords] || words[at + 1] !== words[at + candidateWords + 1])) {
    at += candidateWords;
  }
  return at;
}

/** The first of each class is kept, the others are duplicates of it. */
async function pairUp(classes: RecordSorter, found: RecordSorter, turn: number): Promise<void> {
  const words = DIGEST_WORDS + POSITION_WORDS;
  const kept = new Uint32Array(words);
  let any = false;
  for await (const block of classes.sorted()) {
    for (let at = 0; at < block.length; at += words) {
      if (!any || compareKeys(block, at, kept, 0, DIGEST_WORDS) !== 0) {
        for (let k = 0; k < words; k++) kept[k] = block[at + k]!;
        any = true;
        continue;
      }
      if (found.isFull) await found.spill();
      const { to, records } = found.slots(1);
      for (const [shift, source, from] of [
        [0, block, at + DIGEST_WORDS],
        [POSITION_WORDS, kept, DIGEST_WORDS],
      ] as const) {
        records[to + shift] = source[from]! ^ turn;
        records[to + shift + 1] = source[from + 1]! ^ turn;
        records[to + shift + 2] = source[from + 2]!;
      }
    }
  }
}

/** Positions that are left out, in step with a walk in the same order; every record goes on to `passOn`. */
class Excluded {
  readonly #blocks: AsyncGenerator<Uint32Array, void, undefined>;
  readonly isEmpty: boolean;
  #block: Uint32Array | undefined = new Uint32Array(0);
  #at = 0;

  constructor(
    sorter: RecordSorter,
    private readonly passOn: (block: Uint32Array) => Promise<void>,
  ) {
    this.isEmpty = sorter.total === 0;
    this.#blocks = sorter.sorted();
  }

  async has(unit: number, row: number): Promise<boolean> {
    for (;;) {
      while (this.#block !== undefined && this.#at === this.#block.length) await this.#next();
      if (this.#block === undefined) return false;
      const order = this.#block[this.#at]! - unit || this.#block[this.#at + 1]! - row;
      if (order >= 0) return order === 0;
      this.#at += PAIR_WORDS;
    }
  }

  /** Passes on what the walk did not come to. */
  async finish(): Promise<void> {
    while (this.#block !== undefined) await this.#next();
  }

  async #next(): Promise<void> {
    const { value } = await this.#blocks.next();
    this.#block = value ?? undefined;
    this.#at = 0;
    if (value) await this.passOn(value);
  }
}

async function pushAll(records: RecordSorter, block: Uint32Array, code: number): Promise<void> {
  for (let at = 0; at < block.length; at += PAIR_WORDS) {
    if (records.isFull) await records.spill();
    const { to, records: words } = records.slots(1);
    for (let k = 0; k < PAIR_WORDS; k++) words[to + k] = block[at + k]!;
    words[to + PAIR_WORDS] = code;
  }
}

/** Four sorters are at work at once at most. */
function newSorter(words: number, keyWords: number, { memoryBytes, directory }: FindOptions): RecordSorter {
  return new RecordSorter({ words, keyWords, memoryBytes: memoryBytes / 4, directory });
}
