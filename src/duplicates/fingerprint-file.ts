import { PineloadError } from '../base/errors.js';
import type { ObjectStore } from '../uploaders/object-store.js';
import {
  BATCH_NUMBERS,
  BUCKET_BYTES,
  BUCKETS,
  DISTINCT_MAGIC,
  distinctSections,
  ENTRY_WORDS,
  FINGERPRINTS_MAGIC,
  FOOTER_BYTES,
  ORIGIN_WORDS,
  sectionsOf,
  type FingerprintDetails,
  type FingerprintSections,
} from './fingerprint-format.js';
import type { SortedSource } from './merge-sorted.js';

/** A share of all fingerprints: those whose bucket is in `[from, to)`. */
export interface BucketRange {
  readonly from: number;
  readonly to: number;
}

export const ALL_BUCKETS: BucketRange = { from: 0, to: BUCKETS };

/** Where a record came from. */
export interface RecordOrigin {
  readonly source: string;
  /** 1-based. */
  readonly line: number;
  readonly byteOffset: number;
}

/** Origins that are read in one request where the wanted ones lie close together. */
const ORIGINS_GAP = 64 * 1024;

export interface FingerprintFileOptions {
  /** Bytes of the object, where they are known. Default: asked for. */
  readonly size?: number | undefined;
  /** If it has no more bytes than this, all of it is read at once and kept. Default 0: what is wanted is read when it is. */
  readonly holdBytes?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Bytes in memory of their own, so that they can be looked at as words. */
type RangeReader = (start: number, end: number) => Promise<Uint8Array<ArrayBuffer>>;

/** The fingerprints of a split, read from the state. */
export class FingerprintFile {
  #details: FingerprintDetails | undefined;

  private constructor(
    private readonly store: ObjectStore,
    private readonly key: string,
    private readonly sections: FingerprintSections,
    private readonly read: RangeReader,
  ) {}

  /** @throws STATE_CORRUPT when there is none, or something else */
  static async open(
    store: ObjectStore,
    key: string,
    { signal, size, holdBytes = 0 }: FingerprintFileOptions = {},
  ): Promise<FingerprintFile> {
    const bytes = size ?? (await store.head(key, signal))?.bytes;
    if (bytes === undefined) throw corrupt(store, key, 'no such object');
    if (bytes < FOOTER_BYTES) throw corrupt(store, key, `${bytes} bytes`);
    const held = bytes <= holdBytes ? await readRange(store, key, 0, bytes, signal) : undefined;
    const read: RangeReader =
      held === undefined
        ? (start, end) => readRange(store, key, start, end, signal)
        : (start, end) => Promise.resolve(held.slice(start, end));
    const footer = await read(bytes - FOOTER_BYTES, bytes);
    const [records, batches, detailsBytes, magic] = new Float64Array(footer.buffer, 0, 4);
    const counts = [records!, batches!, detailsBytes!];
    const distinct = magic === DISTINCT_MAGIC;
    if ((magic !== FINGERPRINTS_MAGIC && !distinct) || !counts.every((n) => Number.isSafeInteger(n) && n >= 0)) {
      throw corrupt(store, key, 'another format');
    }
    const sections = distinct
      ? distinctSections(records!, detailsBytes!)
      : sectionsOf(records!, batches!, detailsBytes!);
    if (sections.footer + FOOTER_BYTES !== bytes) throw corrupt(store, key, `${bytes} bytes`);
    return new FingerprintFile(store, key, sections, read);
  }

  get records(): number {
    return this.sections.records;
  }

  /** No two of its records share a fingerprint, and that is all that it tells: they are those of a conversion's only split. */
  get distinct(): boolean {
    return this.sections.distinct;
  }

  /**
   * Entries (high, low, row, number) in the order of their fingerprints.
   * @param windowBytes that are read in one go
   */
  async entries(kind: 'ids' | 'vectors', range: BucketRange, windowBytes: number): Promise<SortedSource> {
    const { sections } = this;
    if (this.sections.distinct) {
      throw corrupt(this.store, this.key, 'those of the only split of a conversion');
    }
    const begin = sections[kind];
    let [at, end] = [begin, begin + 4 * ENTRY_WORDS * sections.records];
    if (range.from > 0 || range.to < BUCKETS) {
      const bytes = await this.read(sections.buckets, sections.buckets + BUCKET_BYTES);
      const before = new Uint32Array(bytes.buffer, kind === 'ids' ? 0 : BUCKET_BYTES / 2, BUCKETS + 1);
      end = begin + 4 * ENTRY_WORDS * before[range.to]!;
      at = begin + 4 * ENTRY_WORDS * before[range.from]!;
    }
    const recordBytes = 4 * ENTRY_WORDS;
    const step = Math.max(1, Math.floor(windowBytes / recordBytes)) * recordBytes;
    return {
      next: async () => {
        if (at >= end) return undefined;
        const to = Math.min(end, at + step);
        const bytes = await this.read(at, to);
        at = to;
        return new Uint32Array(bytes.buffer);
      },
    };
  }

  /** Namespaces in the order of their rows, and sources. */
  async details(): Promise<FingerprintDetails> {
    if (this.#details === undefined) {
      const { store, key, sections } = this;
      const bytes = await this.read(sections.details, sections.footer);
      try {
        this.#details = JSON.parse(Buffer.from(bytes).toString('utf8')) as FingerprintDetails;
      } catch {
        throw corrupt(store, key, 'details that are no JSON');
      }
    }
    return this.#details;
  }

  /** Where records came from. @param numbers in input order, ascending */
  async origins(numbers: readonly number[]): Promise<RecordOrigin[]> {
    const { sections } = this;
    const { sources } = await this.details();
    const batchBytes = await this.read(sections.batchesAt, sections.buckets);
    const batches = new Float64Array(batchBytes.buffer, 0, sections.batches * BATCH_NUMBERS);
    const found: RecordOrigin[] = [];
    let block = new Uint32Array(0);
    let from = 0;
    for (const number of numbers) {
      if (number < from || ORIGIN_WORDS * (number - from) >= block.length) {
        from = number;
        const start = sections.origins + 4 * ORIGIN_WORDS * number;
        const end = Math.min(sections.ids, start + (numbers.length === 1 ? 4 * ORIGIN_WORDS : ORIGINS_GAP));
        block = new Uint32Array((await this.read(start, end)).buffer);
      }
      const batch = BATCH_NUMBERS * batchOf(batches, number);
      const at = ORIGIN_WORDS * (number - from);
      found.push({
        source: sources[batches[batch + 1]!] ?? '',
        line: batches[batch + 2]! + block[at]!,
        byteOffset: batches[batch + 3]! + block[at + 1]!,
      });
    }
    return found;
  }
}

/** The last batch whose first record is not behind `number`. */
function batchOf(batches: Float64Array, number: number): number {
  let low = 0;
  let high = batches.length / BATCH_NUMBERS - 1;
  while (low < high) {
    const middle = (low + high + 1) >>> 1;
    if (batches[middle * BATCH_NUMBERS]! <= number) low = middle;
    else high = middle - 1;
  }
  return low;
}

async function readRange(
  store: ObjectStore,
  key: string,
  start: number,
  end: number,
  signal: AbortSignal | undefined,
): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = new Uint8Array(end - start);
  if (bytes.length === 0) return bytes;
  let filled = 0;
  for await (const part of store.read(key, { start, end, signal })) {
    if (filled + part.length > bytes.length) throw corrupt(store, key, 'more bytes than were asked for');
    bytes.set(part, filled);
    filled += part.length;
  }
  if (filled !== bytes.length) throw corrupt(store, key, `${filled} of ${bytes.length} bytes`);
  return bytes;
}

function corrupt(store: ObjectStore, key: string, got: string): PineloadError {
  return new PineloadError('STATE_CORRUPT', {
    source: store.uri + key,
    expected: 'the fingerprints of a split',
    got,
    hint: 'Convert again with --overwrite, or do not look for duplicates: --duplicates allow.',
  });
}
