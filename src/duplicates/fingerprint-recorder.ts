import { PineloadError } from '../base/errors.js';
import { SpillFile } from '../base/spill-file.js';
import type { RecordBatch } from '../records/batch.js';
import { NamespaceNumbers } from '../records/namespace-numbers.js';
import type { ObjectStore } from '../uploaders/object-store.js';
import {
  BATCH_NUMBERS,
  BUCKET_BITS,
  BUCKETS,
  DISTINCT_MAGIC,
  ENTRY_WORDS,
  FINGERPRINTS_MAGIC,
  ORIGIN_WORDS,
  type FingerprintDetails,
} from './fingerprint-format.js';
import { FingerprintLog } from './fingerprint-log.js';
import { originOf, packRows, ROW_WORDS, signed } from './fingerprint-rows.js';
import { RecordSorter } from './record-sorter.js';
import type { RecordMemory } from './sort/record-memory.js';

/** Memory for the fingerprints of the split that is being converted; what does not fit is spilled. */
export const DEFAULT_FINGERPRINT_MEMORY_BYTES = 16_000_000;
/** The same of a conversion's only split: enough to tell 3.3 million records apart without putting them in order. */
export const DEFAULT_ONLY_SPLIT_MEMORY_BYTES = 34_000_000;

export interface FingerprintRecorderOptions {
  /** Default DEFAULT_FINGERPRINT_MEMORY_BYTES, or DEFAULT_ONLY_SPLIT_MEMORY_BYTES. */
  readonly memoryBytes?: number | undefined;
  /** For temporary files. */
  readonly directory: string;
  /** There is no other split whose records are compared with these: they are put in order only if some may be equal. Default false. */
  readonly onlySplit?: boolean | undefined;
  /** Of the split's input, if known: they tell about how many records there will be. */
  readonly inputBytes?: number | undefined;
  /** Shared with others who take the same batches. Default: a table of its own. */
  readonly numbers?: NamespaceNumbers | undefined;
  /** Memory for sorting, handed on from one recorder to the next. Default: its own. */
  readonly spare?: RecordMemory[] | undefined;
  readonly onSpill?: ((bytes: number) => void) | undefined;
}

interface RecordedNamespace {
  readonly name: string;
  readonly index: number;
  records: number;
}

/** high, low, namespace, number in the namespace, number in input order */
const RUN_WORDS = 5;
const MAX_RECORDS = 2 ** 32 - 1;
/** Rows that are put in order at once. */
const ROWS_AT_ONCE = 8192;
const OUT_BYTES = 256 * 1024;

/**
 * Gathers the fingerprints of a split's records, in the order in which they are written, and makes one object of them.
 *
 *     for (…) await recorder.add(batch);
 *     await recorder.writeTo(state, key);
 *     await recorder.close();
 */
export class FingerprintRecorder {
  readonly #ids: RecordSorter;
  readonly #vectors: RecordSorter;
  readonly #numbers: NamespaceNumbers;
  /** In the order in which their first good rows came. */
  readonly #namespaces: RecordedNamespace[] = [];
  readonly #byNumber: (RecordedNamespace | undefined)[] = [];
  readonly #sources = new Map<string, number>();
  readonly #batches: number[] = [];
  readonly #originFile: SpillFile;
  readonly #originBlocks: { readonly offset: number; readonly bytes: number }[] = [];
  #origins = new Uint32Array(ROWS_AT_ONCE * ORIGIN_WORDS);
  #originWords = 0;
  #records = 0;
  /** Bytes of the input from the first to the last row of each batch, and rows that begin in them. */
  #spannedBytes = 0;
  #spannedRows = 0;
  /** Where records are as long as all of them differ. */
  #log: FingerprintLog | undefined;
  readonly #rows = new Int32Array(ROWS_AT_ONCE * ROW_WORDS);

  constructor(options: FingerprintRecorderOptions) {
    const { directory, onSpill, onlySplit = false, spare } = options;
    this.#numbers = options.numbers ?? new NamespaceNumbers();
    const memoryBytes =
      options.memoryBytes ?? (onlySplit ? DEFAULT_ONLY_SPLIT_MEMORY_BYTES : DEFAULT_FINGERPRINT_MEMORY_BYTES);
    const sorter = { words: RUN_WORDS, keyWords: 2, memoryBytes: memoryBytes / 2, directory, onSpill, spare };
    this.#ids = new RecordSorter(sorter);
    this.#vectors = new RecordSorter(sorter);
    this.#originFile = new SpillFile(directory);
    if (!onlySplit) return;
    const { inputBytes } = options;
    const expectedRows = (): number | undefined =>
      inputBytes === undefined || this.#spannedBytes === 0
        ? undefined
        : (inputBytes * this.#spannedRows) / this.#spannedBytes;
    this.#log = new FingerprintLog({ memoryBytes, directory, expectedRows });
  }

  /** Memory that they take, in bytes. */
  get heldBytes(): number {
    const ordering = this.#ids.heldBytes + this.#vectors.heldBytes + this.#origins.byteLength;
    return ordering + (this.#log?.heldBytes ?? 0);
  }

  /** Takes the batch's good rows, which must have fingerprints. */
  async add(batch: RecordBatch): Promise<void> {
    if (batch.fingerprints === undefined) throw new Error('the batch has no fingerprints');
    const numbers = this.#numbers.of(batch.namespaces.dictionary);
    const first = originOf(batch);
    if (first === undefined) return;
    const before = this.#records;
    this.#batches.push(before, this.#source(batch.origin.source), first.line, first.byteOffset);
    for (let from = 0; from < batch.rows;) {
      const room = this.#log?.room() ?? { words: this.#rows, at: 0, room: ROWS_AT_ONCE };
      const { next, made } = packRows(batch, from, numbers, first, room);
      from = next;
      this.#records += made;
      if (this.#log === undefined) await this.#order(this.#rows.subarray(0, made * ROW_WORDS));
      else if (!(await this.#log.taken(made))) await this.#orderLogged();
    }
    this.#spannedRows += this.#records - before - 1;
    this.#spannedBytes += first.spannedBytes;
    if (this.#records > MAX_RECORDS) {
      throw new PineloadError('LIMIT_EXCEEDED', {
        message: 'one split holds too many records to look for duplicates among them',
        expected: `at most ${MAX_RECORDS}`,
        got: String(this.#records),
        hint: 'Use smaller splits, or --duplicates allow.',
      });
    }
  }

  /** What is in the log, and from here on what comes. */
  async #orderLogged(): Promise<void> {
    const log = this.#log!;
    this.#log = undefined;
    try {
      for await (const rows of log.rows()) await this.#order(rows);
    } finally {
      await log.close();
    }
  }

  /** Takes rows, in the order in which they came, to be put in order. */
  async #order(rows: Int32Array): Promise<void> {
    for (let at = 0; at < rows.length;) {
      if (this.#ids.isFull) {
        await this.#ids.spill();
        await this.#vectors.spill();
      }
      if (this.#originWords === this.#origins.length) await this.#flushOrigins();
      const originRoom = (this.#origins.length - this.#originWords) / ORIGIN_WORDS;
      const count = Math.min(this.#ids.room, originRoom, (rows.length - at) / ROW_WORDS);
      const end = at + count * ROW_WORDS;
      this.#put(rows.subarray(at, end), count);
      at = end;
    }
  }

  /** Takes rows for which there is room. */
  #put(rows: Int32Array, count: number): void {
    let number = this.#ids.total;
    const ids = this.#ids.slots(count);
    const vectors = this.#vectors.slots(count);
    for (let at = 0, to = ids.to, vectorTo = vectors.to; at < rows.length; at += ROW_WORDS) {
      const namespace = this.#byNumber[rows[at + 4]!] ?? this.#namespace(rows[at + 4]!);
      const position = namespace.records++;
      to = write(ids.records, to, rows[at + 1]!, rows[at]!, namespace.index, position, number);
      vectorTo = write(vectors.records, vectorTo, rows[at + 3]!, rows[at + 2]!, namespace.index, position, number);
      this.#origins[this.#originWords++] = rows[at + 5]!;
      this.#origins[this.#originWords++] = rows[at + 6]!;
      number++;
    }
  }

  /** Writes the object. It is to be seen when this resolves, or not at all. */
  async writeTo(store: ObjectStore, key: string, signal?: AbortSignal): Promise<void> {
    if (this.#log !== undefined) {
      if (await this.#log.allDiffer()) return writeDistinct(store, key, this.#records, signal);
      await this.#orderLogged();
    }
    await this.#flushOrigins();
    const bases = new Uint32Array(this.#namespaces.length);
    let base = 0;
    for (const { index, records } of this.#namespaces) {
      bases[index] = base;
      base += records;
    }
    const writer = await store.create(key, { contentType: 'application/octet-stream', signal });
    try {
      for (const { offset, bytes } of this.#originBlocks)
        await writer.write(await this.#originFile.read(offset, bytes));
      const buckets = new Uint32Array(2 * (BUCKETS + 1));
      let distinct = true;
      // The next entries are put in order while those before are written; these may be changed once `put` has resolved for the next ones.
      let writing: Promise<void> = Promise.resolve();
      const put = async (bytes: Uint8Array): Promise<void> => {
        await writing;
        writing = writer.write(bytes);
        writing.catch(() => undefined);
      };
      for (const [i, sorter] of [this.#ids, this.#vectors].entries()) {
        const ofKind = buckets.subarray(i * (BUCKETS + 1), (i + 1) * (BUCKETS + 1));
        if (await writeEntries(sorter, bases, ofKind, put)) distinct = false;
      }
      await writing;
      const details: FingerprintDetails = {
        namespaces: this.#namespaces.map(({ name, records }) => [name, records]),
        sources: [...this.#sources.keys()],
        ...(distinct ? { distinct } : {}),
      };
      const json = Buffer.from(JSON.stringify(details));
      const footer = footerOf(this.#records, this.#batches.length / BATCH_NUMBERS, json.length, FINGERPRINTS_MAGIC);
      await writer.write(bytesOf(Float64Array.from(this.#batches)));
      await writer.write(bytesOf(buckets));
      await writer.write(json);
      await writer.write(footer);
      await writer.close();
    } catch (error) {
      await writer.abort();
      throw error;
    }
  }

  /** Removes temporary files. Never throws. */
  async close(): Promise<void> {
    await this.#ids.close();
    await this.#vectors.close();
    await this.#originFile.close();
    await this.#log?.close();
  }

  #source(name: string): number {
    let index = this.#sources.get(name);
    if (index === undefined) this.#sources.set(name, (index = this.#sources.size));
    return index;
  }

  #namespace(number: number): RecordedNamespace {
    const namespace = { name: this.#numbers.names[number]!, index: this.#namespaces.length, records: 0 };
    this.#namespaces.push(namespace);
    this.#byNumber[number] = namespace;
    return namespace;
  }

  async #flushOrigins(): Promise<void> {
    if (this.#originWords === 0) return;
    const bytes = bytesOf(this.#origins.subarray(0, this.#originWords));
    this.#originBlocks.push({ offset: await this.#originFile.append([bytes]), bytes: bytes.length });
    await this.#originFile.flush();
    this.#originWords = 0;
  }
}

/** The object of a split in which no two records share a fingerprint. */
async function writeDistinct(store: ObjectStore, key: string, records: number, signal?: AbortSignal): Promise<void> {
  const details = Buffer.from(
    JSON.stringify({ namespaces: [], sources: [], distinct: true } satisfies FingerprintDetails),
  );
  const writer = await store.create(key, { contentType: 'application/octet-stream', signal });
  try {
    await writer.write(details);
    await writer.write(footerOf(records, 0, details.length, DISTINCT_MAGIC));
    await writer.close();
  } catch (error) {
    await writer.abort();
    throw error;
  }
}

function footerOf(...numbers: readonly [records: number, batches: number, detailsBytes: number, magic: number]) {
  return bytesOf(Float64Array.from(numbers));
}

/** @returns where the next record goes */
function write(
  records: Int32Array,
  at: number,
  high: number,
  low: number,
  namespace: number,
  position: number,
  number: number,
): number {
  records[at] = high;
  records[at + 1] = low;
  records[at + 2] = namespace;
  records[at + 3] = position;
  records[at + 4] = number;
  return at + RUN_WORDS;
}

/** Writes the entries in order and counts, for each bucket, those that come before it. @returns whether a fingerprint occurs twice */
async function writeEntries(
  sorter: RecordSorter,
  bases: Uint32Array,
  buckets: Uint32Array,
  put: (bytes: Uint8Array) => Promise<void>,
): Promise<boolean> {
  let repeated = false;
  /** The record before the block; there is none before the first. */
  let last: Int32Array | undefined;
  // One is filled while the other is written.
  let [out, other] = [new Int32Array(OUT_BYTES / 4), new Int32Array(OUT_BYTES / 4)];
  let used = 0;
  for await (const sorted of sorter.sorted()) {
    const block = signed(sorted);
    if (isRepeated(block, last)) repeated = true;
    last = block.slice(-RUN_WORDS);
    for (let at = 0; at < block.length;) {
      const records = Math.min((block.length - at) / RUN_WORDS, (out.length - used) / ENTRY_WORDS);
      toEntries(block.subarray(at, at + records * RUN_WORDS), bases, buckets, out, used);
      at += records * RUN_WORDS;
      used += records * ENTRY_WORDS;
      if (used < out.length) continue;
      await put(bytesOf(out));
      [out, other] = [other, out];
      used = 0;
    }
  }
  for (let bucket = 0; bucket < BUCKETS; bucket++) buckets[bucket + 1]! += buckets[bucket]!;
  if (used > 0) await put(bytesOf(out.subarray(0, used)));
  return repeated;
}

/** Does a record share its fingerprint with the one before? */
function isRepeated(block: Int32Array, last: Int32Array | undefined): boolean {
  if (last !== undefined && block[0] === last[0] && block[1] === last[1]) return true;
  for (let at = RUN_WORDS; at < block.length; at += RUN_WORDS) {
    if (block[at] === block[at - RUN_WORDS] && block[at + 1] === block[at + 1 - RUN_WORDS]) return true;
  }
  return false;
}

/** Makes entries of records, from `out[to]` on, and counts them by bucket. A loop that waits for nothing is twice as fast as one that may. */
function toEntries(block: Int32Array, bases: Uint32Array, buckets: Uint32Array, out: Int32Array, to: number): void {
  for (let at = 0, entry = to; at < block.length; at += RUN_WORDS, entry += ENTRY_WORDS) {
    const high = block[at]!;
    buckets[(high >>> (32 - BUCKET_BITS)) + 1]!++;
    out[entry] = high;
    out[entry + 1] = block[at + 1]!;
    out[entry + 2] = bases[block[at + 2]!]! + block[at + 3]!;
    out[entry + 3] = block[at + 4]!;
  }
}

function bytesOf(array: Uint32Array | Int32Array | Float64Array): Uint8Array {
  return new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
}
