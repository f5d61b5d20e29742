import { PineloadError } from '../base/errors.js';
import { SpillFile } from '../base/spill-file.js';
import type { RecordBatch } from '../records/batch.js';
import { NamespaceNumbers } from '../records/namespace-numbers.js';
import type { ObjectStore } from '../uploaders/object-store.js';
import {
  BATCH_NUMBERS,
  BUCKET_BITS,
  BUCKETS,
  ENTRY_WORDS,
  FINGERPRINTS_MAGIC,
  ORIGIN_WORDS,
  type FingerprintDetails,
} from './fingerprint-format.js';
import { RecordSorter } from './record-sorter.js';

/** Memory for the fingerprints of the split that is being converted; what does not fit is spilled. */
export const DEFAULT_FINGERPRINT_MEMORY_BYTES = 16_000_000;

export interface FingerprintRecorderOptions {
  /** Default DEFAULT_FINGERPRINT_MEMORY_BYTES. */
  readonly memoryBytes?: number | undefined;
  /** For temporary files. */
  readonly directory: string;
  /** Shared with others who take the same batches. Default: a table of its own. */
  readonly numbers?: NamespaceNumbers | undefined;
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
const ORIGINS_BLOCK = 8192;
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
  #origins = new Uint32Array(ORIGINS_BLOCK * ORIGIN_WORDS);
  #originWords = 0;
  #records = 0;

  constructor(options: FingerprintRecorderOptions) {
    const { directory, onSpill } = options;
    this.#numbers = options.numbers ?? new NamespaceNumbers();
    const memoryBytes = (options.memoryBytes ?? DEFAULT_FINGERPRINT_MEMORY_BYTES) / 2;
    const sorter = { words: RUN_WORDS, keyWords: 2, memoryBytes, directory, onSpill };
    this.#ids = new RecordSorter(sorter);
    this.#vectors = new RecordSorter(sorter);
    this.#originFile = new SpillFile(directory);
  }

  /** Memory that they take, in bytes. */
  get heldBytes(): number {
    return this.#ids.heldBytes + this.#vectors.heldBytes + this.#origins.byteLength;
  }

  /** Takes the batch's good rows, which must have fingerprints. */
  async add(batch: RecordBatch): Promise<void> {
    const { rows, rejected, fingerprints, origin } = batch;
    if (fingerprints === undefined) throw new Error('the batch has no fingerprints');
    const numbers = this.#numbers.of(batch.namespaces.dictionary);
    const { lines, byteOffsets } = origin;
    // Rows may have been put together by namespace: the first one need not be the first of the input.
    let [firstLine, firstByte] = [Infinity, Infinity];
    for (let row = 0; row < rows; row++) {
      if (rejected[row] !== 0) continue;
      firstLine = Math.min(firstLine, lines[row]!);
      firstByte = Math.min(firstByte, byteOffsets[row]!);
    }
    if (firstLine === Infinity) return;
    this.#batches.push(this.#records, this.#source(origin.source), firstLine, firstByte);
    for (let from = 0; from < rows;) {
      if (this.#ids.isFull) await this.#spill();
      if (this.#originWords === this.#origins.length) await this.#flushOrigins();
      const room = Math.min(this.#ids.room, (this.#origins.length - this.#originWords) / ORIGIN_WORDS);
      let to = from;
      let taken = 0;
      for (; to < rows && taken < room; to++) if (rejected[to] === 0) taken++;
      this.#add(batch, numbers, from, to, taken, firstLine, firstByte);
      from = to;
    }
    if (this.#records > MAX_RECORDS) {
      throw new PineloadError('LIMIT_EXCEEDED', {
        message: 'one split holds too many records to look for duplicates among them',
        expected: `at most ${MAX_RECORDS}`,
        got: String(this.#records),
        hint: 'Use smaller splits, or --duplicates allow.',
      });
    }
  }

  /** Takes rows for which there is room, `taken` of them good ones. */
  #add(
    { rejected, fingerprints, origin: { lines, byteOffsets }, namespaces: { codes, dictionary } }: RecordBatch,
    numbers: Uint32Array,
    from: number,
    to: number,
    taken: number,
    firstLine: number,
    firstByte: number,
  ): void {
    // Signed, since V8 has quick ways for whole numbers that are.
    const ids = signed(fingerprints!.ids);
    const vectors = signed(fingerprints!.vectors);
    const idSlots = this.#ids.slots(taken);
    const vectorSlots = this.#vectors.slots(taken);
    let at = idSlots.to;
    let vectorAt = vectorSlots.to;
    for (let row = from; row < to; row++) {
      if (rejected[row] !== 0) continue;
      const code = codes[row]!;
      const namespace = this.#byNumber[numbers[code]!] ?? this.#namespace(numbers[code]!, dictionary[code]!);
      const position = namespace.records++;
      const number = this.#records++;
      at = write(idSlots.records, at, ids[2 * row + 1]!, ids[2 * row]!, namespace.index, position, number);
      vectorAt = write(
        vectorSlots.records,
        vectorAt,
        vectors[2 * row + 1]!,
        vectors[2 * row]!,
        namespace.index,
        position,
        number,
      );
      this.#origins[this.#originWords++] = lines[row]! - firstLine;
      this.#origins[this.#originWords++] = byteOffsets[row]! - firstByte;
    }
  }

  /** Writes the object. It is to be seen when this resolves, or not at all. */
  async writeTo(store: ObjectStore, key: string, signal?: AbortSignal): Promise<void> {
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
      const footer = Float64Array.of(
        this.#records,
        this.#batches.length / BATCH_NUMBERS,
        json.length,
        FINGERPRINTS_MAGIC,
      );
      await writer.write(bytesOf(Float64Array.from(this.#batches)));
      await writer.write(bytesOf(buckets));
      await writer.write(json);
      await writer.write(bytesOf(footer));
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
  }

  #source(name: string): number {
    let index = this.#sources.get(name);
    if (index === undefined) this.#sources.set(name, (index = this.#sources.size));
    return index;
  }

  #namespace(number: number, name: string): RecordedNamespace {
    const namespace = { name, index: this.#namespaces.length, records: 0 };
    this.#namespaces.push(namespace);
    this.#byNumber[number] = namespace;
    return namespace;
  }

  async #spill(): Promise<void> {
    await this.#ids.spill();
    await this.#vectors.spill();
  }

  async #flushOrigins(): Promise<void> {
    if (this.#originWords === 0) return;
    const bytes = bytesOf(this.#origins.subarray(0, this.#originWords));
    this.#originBlocks.push({ offset: await this.#originFile.append([bytes]), bytes: bytes.length });
    await this.#originFile.flush();
    this.#originWords = 0;
  }
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

function signed(words: Uint32Array): Int32Array {
  return new Int32Array(words.buffer, words.byteOffset, words.length);
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
