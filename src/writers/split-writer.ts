import { throwIfAborted } from '../base/abort.js';
import { PineloadError } from '../base/errors.js';
import { arraysOf } from '../parquet/pieces.js';
import type { RowGroupColumns } from '../parquet/row-group.js';
import type { RecordBatch } from '../records/batch.js';
import { MAX_FILE_BYTES } from '../records/limits.js';
import { NamespaceNumbers } from '../records/namespace-numbers.js';
import { forEachLimited, WeightGate } from './concurrency.js';
import { GroupMemory } from './group-memory.js';
import { HANDOVERS_PER_THREAD, inHandovers, MANY_RESTS, type Handover } from './handovers.js';
import { FLAT } from './layout.js';
import { loadRows, NO_ROWS, type LoadedRows } from './load-rows.js';
import type { ManifestFile } from './manifest.js';
import { NamespaceBuffer } from './namespace-buffer.js';
import { NamespaceFiles, type FileSettings, type FileTerms, type NamespaceRest } from './namespace-files.js';
import { isOpen, type NamespaceState, type SortedRange } from './namespace-state.js';
import type { PagePool } from './paged-column.js';
import { checkNamespaceDirectory } from './part-names.js';
import { RowChain, tailOf } from './row-chain.js';
import { RowGroupMeter } from './row-group-meter.js';
import type { RowLogData } from './row-log-reader.js';
import { RowLog } from './row-log.js';
import { pagePool, segmentBytes } from './row-pools.js';
import { DEFAULT_SEGMENT_BYTES } from './scattered/row-memory.js';
import { ScatteredRows } from './scattered/scattered-rows.js';
import type { SortedRows } from './scattered/sorted-rows.js';
import {
  bounded,
  DEFAULT_MAX_BUFFERED_BYTES,
  DEFAULT_MAX_OPEN_FILES,
  DEFAULT_MAX_OPEN_OBJECTS,
  DEFAULT_ROW_GROUP_BYTES,
  DEFAULT_TARGET_FILE_BYTES,
  MAX_ROW_GROUP_BYTES,
  SMALL_FILES_AT_ONCE,
  type SplitWriterOptions,
} from './split-options.js';

/** With more namespaces than this, rows are looked at for being scattered over them. */
const MANY_NAMESPACES = 256;
/** So many rows for each namespace of a batch are few: they are sorted together with those of other batches. */
const FEW_ROWS = 16;
/**
 * Rows that wait to be sorted take this much of the memory for gathered rows: the more are sorted together, the more of a namespace lies together
 * in the log. The rest is for what goes to the log meanwhile, and for row groups on their way.
 */
const SCATTERED_SHARE = 3 / 4;
/** Reading ahead takes this much of it, for all that is read at once, and at most so many bytes in one place. */
const READ_AHEAD_SHARE = 1 / 8;
const MAX_READ_AHEAD_BYTES = 256 * 1024;
/**
 * Row groups on their way to files, at most; or two for each thread that encodes: with one, threads had nothing to read as often as both had
 * one, a fifteenth of the time of dense vectors. A quarter of the memory for gathered rows is for those on their way: enough for reading to go
 * on while the disk is busy. More would only show how slow the disk is, as memory.
 */
const ROW_GROUPS_AT_ONCE = 2;
/** A row group of a namespace that has less, and less than half of a full one, is encoded on the calling thread: to hand it over takes as long. */
const HANDED_OVER_BYTES = 1024 * 1024;

/** A row group that was taken out. */
interface TakenRows {
  /** Size of its values as PLAIN. */
  readonly rawBytes: number;
  readonly load: () => Promise<RowGroupColumns>;
  /** They are written: their memory serves the next ones. */
  readonly done: () => void;
}

/**
 * Writes the records of one split: gathers them by namespace and makes `<namespace>/part-<split>-<sequence>.parquet` of
 * them, below the root that the layout gives the namespace.
 *
 * Rejected rows are passed over. Which rows share a row group and a file follows from their order and sizes alone; batch
 * boundaries, memory and the number of open files change nothing in the bytes. Memory: `maxBufferedBytes` for gathered rows
 * and the row groups being written.
 *
 *     for await (const batch of batches) await writer.add(batch);
 *     const files = await writer.finish();      // or, after any error, abort()
 */
export class SplitWriter {
  readonly #options: SplitWriterOptions;
  readonly #terms: FileTerms;
  readonly #settings: FileSettings;
  readonly #rowGroupBytes: number;
  readonly #maxBufferedBytes: number;
  readonly #maxOpenFiles: number;
  /** Row groups that are written side by side. */
  readonly #atOnce: number;
  /** Row groups on their way at once: while records come in, and then of the large files that are finished side by side. */
  readonly #groupsAtOnce: number;
  /** The same in bytes. */
  readonly #mostWriting: number;
  readonly #log: RowLog;
  /** How often rows of many namespaces were put into the log, each time in the order of their numbers. */
  #passes = 0;
  readonly #scattered: ScatteredRows;
  /** At the end: those in which namespaces have their last ones. */
  #sorted: SortedRows | undefined;
  readonly #pages: PagePool;
  readonly #groups: GroupMemory;
  readonly #numbers: NamespaceNumbers;
  /** Of those that have good rows, by their numbers in the table. */
  readonly #byNumber: (NamespaceState | undefined)[] = [];
  /** The same, in the order in which these came. */
  readonly #states: NamespaceState[] = [];
  readonly #files: ManifestFile[] = [];
  #bufferedBytes = 0;
  /** Namespaces with a file open, or with a row group on its way to one. */
  #openFiles = 0;
  /** Files that `finish` may still open on top of those. */
  #toOpen = 0;
  #closing: (() => void)[] = [];
  #aborted = false;
  /** Row groups on their way to files while more records come in; those of a namespace one after the other. */
  readonly #writing = new Set<Promise<void>>();
  #writingBytes = 0;
  #fault: { readonly error: unknown } | undefined;
  /** The calls of `add` one after the other, even if a caller does not wait. */
  #queue: Promise<void> = Promise.resolve();

  constructor(options: SplitWriterOptions) {
    const { store, encoders, split, kind, dimension, version, compression, pageBytes, signal, onFile } = options;
    const targetFileBytes = bounded(
      'targetFileBytes',
      options.targetFileBytes ?? DEFAULT_TARGET_FILE_BYTES,
      MAX_FILE_BYTES,
    );
    this.#options = options;
    this.#numbers = options.numbers ?? new NamespaceNumbers();
    this.#rowGroupBytes = bounded(
      'rowGroupBytes',
      options.rowGroupBytes ?? DEFAULT_ROW_GROUP_BYTES,
      MAX_ROW_GROUP_BYTES,
    );
    this.#maxBufferedBytes = bounded('maxBufferedBytes', options.maxBufferedBytes ?? DEFAULT_MAX_BUFFERED_BYTES);
    const { partBytes } = store;
    const openByDefault = partBytes === undefined ? DEFAULT_MAX_OPEN_FILES : DEFAULT_MAX_OPEN_OBJECTS;
    const roomForWriting = this.#maxBufferedBytes / 4;
    const fitting = Math.floor(roomForWriting / this.#rowGroupBytes);
    this.#atOnce = Math.max(ROW_GROUPS_AT_ONCE, Math.min(encoders?.atOnce ?? 0, fitting));
    // While one is written and synced, its thread encodes another.
    this.#groupsAtOnce =
      encoders === undefined ? this.#atOnce : Math.max(this.#atOnce, Math.min(2 * this.#atOnce, fitting));
    this.#mostWriting = Math.min(this.#groupsAtOnce * this.#rowGroupBytes, roomForWriting);
    this.#maxOpenFiles = bounded('maxOpenFiles', options.maxOpenFiles ?? openByDefault);
    const maxBufferedBytes = this.#maxBufferedBytes;
    const shared = encoders !== undefined;
    this.#groups = new GroupMemory(shared);
    this.#pages = options.pages ?? pagePool(kind, dimension, { pageBytes, maxBufferedBytes, shared });
    this.#log = new RowLog(options.tmpDir, segmentBytes(maxBufferedBytes));
    const most = Math.ceil(SCATTERED_SHARE * maxBufferedBytes);
    this.#scattered = new ScatteredRows(kind, dimension, most, this.#pages.rows);
    this.#terms = {
      layout: options.layout ?? FLAT,
      split,
      kind,
      dimension,
      targetFileBytes,
      compression,
      pageBytes,
      version,
      ifAbsent: options.ifAbsent ?? false,
      resume: options.resume ?? false,
    };
    this.#settings = {
      ...this.#terms,
      store,
      encoders,
      handedOverBytes: Math.min(HANDED_OVER_BYTES, this.#rowGroupBytes / 2),
      onTheWay: options.onTheWay,
      signal,
      onFile,
    };
  }

  /** Memory that gathered rows take, in bytes, those on their way to files included. */
  get bufferedBytes(): number {
    return this.#bufferedBytes + this.#scattered.bytes + this.#log.memoryBytes + this.#writingBytes;
  }

  /** Files that are open, or may be once `finish` has closed some. */
  get openFiles(): number {
    return Math.max(this.#openFiles, this.#toOpen);
  }

  /** Resolves when `finish` has closed a file, or it or `abort` is done. */
  closing(): Promise<void> {
    return new Promise((resolve) => this.#closing.push(resolve));
  }

  /**
   * Takes the batch's good rows. Resolves when more can be taken; the batch is not needed any longer then. Files are written meanwhile:
   * what goes wrong there is thrown by a later call, or by `finish`.
   */
  add(batch: RecordBatch): Promise<void> {
    const added = this.#queue.then(() => this.#add(batch));
    this.#queue = added;
    // The fault belongs to whoever awaits `added`, or the next call.
    added.catch(() => undefined);
    return added;
  }

  /** Writes what is still gathered. Returns all files of the split, sorted by path (UTF-16 code units). */
  async finish(): Promise<ManifestFile[]> {
    await this.#queue;
    await this.#sortScattered({ keepLast: true });
    await this.#allWritten();
    this.#log.readAhead = Math.min(
      MAX_READ_AHEAD_BYTES,
      Math.floor((READ_AHEAD_SHARE * this.#maxBufferedBytes) / Math.max(1, this.#passes)),
    );
    const states = this.#states;
    const largeAtOnce = Math.min(this.#groupsAtOnce, this.#maxOpenFiles);
    this.#toOpen = largeAtOnce;
    // Those that hold a file open come first, so that there are never more open than allowed.
    const open = states.filter((state) => state.files.isOpen);
    const queued = states.filter((state) => !state.files.isOpen && state.waiting.length > 0);
    const gate = new WeightGate(this.#atOnce * this.#rowGroupBytes);
    await forEachLimited([...open, ...queued], largeAtOnce, async (state) => {
      const counted = state.files.isOpen;
      await this.#writeWaiting(state);
      // Where the last of them has closed the file, what is left is as small as any other rest.
      if (state.files.isOpen) await this.#finishNamespace(state);
      if (counted) this.#openFiles--;
      this.#tellClosing();
    });
    const small = states.filter((state) => state.meter.rows > 0);
    const { staging } = this.#options;
    if (staging?.wanted(small.length) === true) {
      small.sort((a, b) => (a.name < b.name ? -1 : 1));
      for (const state of small.splice(0)) {
        throwIfAborted(this.#options.signal);
        const rows = this.#takeRowGroup(state);
        await staging.take(state.name, await rows.load());
        rows.done();
      }
    }
    await forEachLimited(await this.#handOver(small, gate), SMALL_FILES_AT_ONCE, (state) =>
      gate.run(state.meter.bytes, () => this.#finishNamespace(state)),
    );
    await this.#log.close();
    this.#dropScattered();
    this.#toOpen = 0;
    this.#tellClosing();
    return this.#files.sort((a, b) => (a.path < b.path ? -1 : 1));
  }

  /** Has threads write small files, where there are threads and so many files. Gives those that are left to the calling one. */
  async #handOver(small: readonly NamespaceState[], gate: WeightGate): Promise<readonly NamespaceState[]> {
    const { encoders, store, onFile } = this.#settings;
    if (encoders === undefined || store.scheme !== 'file' || small.length <= MANY_RESTS) return small;
    const sorted = this.#sorted;
    const log = await this.#settleLog(small);
    const { rows } = this.#pages;
    const hand = async ({ namespaces }: Handover<NamespaceState>): Promise<void> => {
      throwIfAborted(this.#aborted ? AbortSignal.abort() : this.#options.signal);
      const desk = sorted && rows.take(sorted.deskBytes);
      const stores = { log, sorted: sorted && { ...sorted.data, desk: desk! } };
      const inMemory: RowGroupColumns[] = [];
      const rests = namespaces.map((state): NamespaceRest => {
        const { name: namespace, files, meter, chain, last } = state;
        const rawBytes = meter.bytes;
        let group: NamespaceRest['group'];
        if (chain === undefined && last === undefined) inMemory.push((group = this.#takeBuffer(state, false)));
        else group = { chain: chain ?? NO_ROWS, from: 0, to: 0, ...last };
        this.#endLast(state);
        return { namespace, sequence: files.nextSequence, group, rawBytes };
      });
      const written = await encoders.writeRests(store.uri, this.#terms, rests, stores);
      this.#files.push(...written);
      if (onFile !== undefined) written.forEach(onFile);
      for (const columns of inMemory) this.#giveBack(columns);
      if (desk !== undefined) rows.giveBack(desk);
    };
    const handovers = inHandovers(small, ({ meter }) => meter.bytes);
    const all = forEachLimited(handovers, HANDOVERS_PER_THREAD * encoders.atOnce, (handover) =>
      gate.run(handover.bytes, () => this.#whileHeld(handover.bytes, () => hand(handover))),
    );
    // Threads read what lies here: `abort` must not take it away before they are done.
    this.#writing.add(all);
    await all;
    this.#writing.delete(all);
    return [];
  }

  /** Puts into the log's file what other threads shall read of the log, and what comes behind that. */
  async #settleLog(states: readonly NamespaceState[]): Promise<RowLogData | undefined> {
    for (const state of states) {
      if (state.chain === undefined || state.buffer === undefined || state.buffer.rows === 0) continue;
      this.#addToLog(state, this.#takeBuffer(state, false));
      if (this.#isOverBudget) await this.#makeRoom();
    }
    return this.#log.settle();
  }

  /** Drops open files and temporary ones; finished files stay. Never throws. */
  async abort(): Promise<void> {
    this.#aborted = true;
    const states = this.#states;
    await Promise.all(states.map((state) => state.files.abort()));
    // What was under way fails now; a file that it opened meanwhile goes too.
    await Promise.allSettled(this.#writing);
    await Promise.all(states.map((state) => state.files.abort()));
    await this.#log.close();
    this.#dropScattered();
    this.#byNumber.length = 0;
    this.#bufferedBytes = 0;
    this.#openFiles = 0;
    this.#toOpen = 0;
    this.#tellClosing();
  }

  #tellClosing(): void {
    for (const resolve of this.#closing.splice(0)) resolve();
  }

  /** More is held than may be, with what the split before still holds. */
  get #isOverBudget(): boolean {
    return this.bufferedBytes + (this.#options.before?.()?.heldBytes ?? 0) > this.#mostBytes;
  }

  /** What may be held: memory of scattered rows does not go back to the system when nobody uses it any more. */
  get #mostBytes(): number {
    return this.#maxBufferedBytes - this.#pages.rows.freeBytes;
  }

  async #add(batch: RecordBatch): Promise<void> {
    throwIfAborted(this.#options.signal);
    if (this.#fault !== undefined) throw this.#fault.error;
    this.#check(batch);
    if (this.#isScattered(batch)) return this.#addScattered(batch);
    // What came before goes before.
    await this.#sortScattered();
    const { rows, rejected } = batch;
    const { codes } = batch.namespaces;
    const stateOf = this.#stateOf(batch);
    let from = 0;
    while (from < rows) {
      if (rejected[from] !== 0) {
        from++;
        continue;
      }
      const to = endOfRun(codes, rejected, from);
      const state = stateOf(codes[from]!);
      for (;;) {
        from = this.#append(state, batch, from, to);
        if (this.#isOverBudget) await this.#makeRoom();
        if (from === to) break;
        await this.#endRowGroup(state);
      }
    }
  }

  /** Gathers rows of a namespace as far as they fit into its row group. Returns the first one that does not, or `to`. */
  #append(state: NamespaceState, batch: RecordBatch, from: number, to: number): number {
    const buffer = (state.buffer ??= this.#buffer());
    const before = buffer.capacityBytes;
    const end = state.meter.fit(batch, from, to);
    buffer.append(batch, from, end);
    this.#bufferedBytes += buffer.capacityBytes - before;
    return end;
  }

  /** Has it so few rows for each of so many namespaces that going to each for them would take longer than reading them did? */
  #isScattered({ rows, namespaces }: RecordBatch): boolean {
    const here = namespaces.dictionary.length;
    return Math.max(this.#states.length, here) > MANY_NAMESPACES && rows < FEW_ROWS * here;
  }

  async #addScattered(batch: RecordBatch): Promise<void> {
    const stateOf = this.#stateOf(batch);
    if (this.#scattered.isFullFor(batch)) await this.#sortScattered();
    this.#scattered.add(batch, (code) => stateOf(code).number);
    if (this.#isOverBudget) await this.#makeRoom();
  }

  /**
   * Puts the scattered rows into the log, those of each namespace together.
   *
   * @param keepLast rows that do not fill a row group stay where they are, for the namespace's last one
   */
  async #sortScattered({ keepLast = false } = {}): Promise<void> {
    if (this.#scattered.rows === 0) return;
    this.#passes++;
    const { sorted, ends } = this.#scattered.sort(this.#states.length);
    if (keepLast) this.#sorted = sorted;
    const { rows } = this.#pages;
    let from = 0;
    for (const [number, to] of ends.entries()) {
      if (from === to) continue;
      const state = this.#states[number]!;
      if (state.buffer !== undefined && state.buffer.rows > 0) this.#addToLog(state, this.#takeBuffer(state, false));
      for (;;) {
        const end = sorted.count(state.meter, from, to);
        if (end === to && keepLast) {
          state.last = { from, to };
        } else if (end > from) {
          const desk = rows.take(sorted.deskBytes);
          (state.chain ??= this.#chain()).add(sorted.tail(from, end, desk));
          rows.giveBack(desk);
        }
        from = end;
        if (this.#isOverBudget) await this.#makeRoom();
        if (from === to) break;
        await this.#endRowGroup(state);
      }
    }
    if (!keepLast) this.#scattered.clear();
  }

  #dropScattered(): void {
    this.#scattered.clear();
    this.#sorted = undefined;
  }

  /** The namespaces of a batch by their codes. */
  #stateOf({ namespaces: { dictionary } }: RecordBatch): (code: number) => NamespaceState {
    const numbers = this.#numbers.of(dictionary);
    const states = this.#byNumber;
    return (code) => states[numbers[code]!] ?? (states[numbers[code]!] = this.#namespace(dictionary[code]!));
  }

  #buffer(): NamespaceBuffer {
    return new NamespaceBuffer(this.#settings.kind, this.#settings.dimension, this.#rowGroupBytes, this.#pages);
  }

  #chain(): RowChain {
    return new RowChain(this.#log);
  }

  #check(batch: RecordBatch): void {
    const { kind, dimension } = this.#settings;
    const dense = kind === 'sparse' || (batch.dimension === dimension && batch.values !== undefined);
    const sparse = kind === 'dense' || batch.sparse !== undefined;
    if (dense && sparse) return checkIds(batch);
    throw new PineloadError('PARQUET_WRITE', {
      source: batch.origin.source,
      message: 'a batch does not hold the vectors that this run writes',
      expected: `${kind} records, ${dimension} dimensions`,
      got: `${batch.dimension} dimensions`,
    });
  }

  #namespace(name: string): NamespaceState {
    const { store, layout, split, kind, dimension } = this.#settings;
    checkNamespaceDirectory(name, split, store, layout);
    const state: NamespaceState = {
      name,
      number: this.#states.length,
      meter: new RowGroupMeter(kind, dimension, this.#rowGroupBytes),
      chain: undefined,
      buffer: undefined,
      last: undefined,
      files: new NamespaceFiles(name, this.#settings, (file) => this.#files.push(file)),
      waiting: [],
      queued: 0,
      lastWrite: Promise.resolve(),
    };
    this.#states.push(state);
    return state;
  }

  /** The row group is full: it goes on its way to the file, or waits on disk when no more files may be open. */
  async #endRowGroup(state: NamespaceState): Promise<void> {
    throwIfAborted(this.#options.signal);
    if (!isOpen(state)) await this.#closed();
    if (!isOpen(state) && (state.waiting.length > 0 || this.#openFiles >= this.#maxOpenFiles)) {
      const rows = (state.chain ??= this.#chain());
      if (state.buffer !== undefined && state.buffer.rows > 0) this.#addToLog(state, this.#takeBuffer(state, true));
      state.waiting.push({ rows, rawBytes: state.meter.bytes });
      state.chain = undefined;
      state.meter.end();
      if (this.#isOverBudget) await this.#makeRoom();
      return;
    }
    const held = state.buffer?.capacityBytes ?? 0;
    const rows = this.#takeRowGroup(state);
    if (!isOpen(state)) this.#openFiles++;
    state.queued++;
    this.#writingBytes += held;
    const written = state.lastWrite.then(async () => {
      await this.#write(state, rows);
      state.queued--;
      this.#writingBytes -= held;
      if (!isOpen(state)) this.#openFiles--;
    });
    state.lastWrite = written;
    this.#writing.add(written);
    written.then(
      () => this.#writing.delete(written),
      // It stays, for whoever waits next.
      (error: unknown) => (this.#fault ??= { error }),
    );
    while (this.#writingBytes > Math.max(held, this.#mostWriting)) await Promise.race(this.#writing);
  }

  /** Waits for the row groups that are on their way. */
  async #allWritten(): Promise<void> {
    await Promise.all(this.#writing);
  }

  /** Waits while it is only files of the split before that are too many. */
  async #closed(): Promise<void> {
    for (;;) {
      const before = this.#options.before?.();
      if (before === undefined || this.#openFiles >= this.#maxOpenFiles) return;
      if (this.#openFiles + before.openFiles < this.#maxOpenFiles) return;
      await before.closing();
    }
  }

  /** Takes the open row group out. */
  #takeRowGroup(state: NamespaceState): TakenRows {
    const { chain, buffer, last, meter } = state;
    const inMemory = buffer !== undefined && buffer.rows > 0 ? this.#takeBuffer(state, true) : undefined;
    const taken = this.#taken(chain, inMemory, meter.bytes, last);
    this.#endLast(state);
    return taken;
  }

  /** The open row group was taken. */
  #endLast(state: NamespaceState): void {
    state.chain = undefined;
    state.last = undefined;
    state.meter.end();
  }

  /** Rows of the log, then those that were in memory. */
  #taken(
    chain: RowChain | undefined,
    inMemory: RowGroupColumns | undefined,
    rawBytes: number,
    last?: SortedRange,
  ): TakenRows {
    let loaded: LoadedRows | undefined;
    const { rows: desks } = this.#pages;
    return {
      rawBytes,
      load: async () => {
        if (chain === undefined && last === undefined) return inMemory!;
        const desk = last && desks.take(this.#sorted!.deskBytes);
        const tail = last ? this.#sorted!.tail(last.from, last.to, desk!) : inMemory && tailOf(inMemory);
        loaded = await loadRows(this.#log, chain ?? NO_ROWS, tail, this.#settings.kind, this.#groups);
        if (desk !== undefined) desks.giveBack(desk);
        return loaded.columns;
      },
      done: () => {
        if (inMemory !== undefined) this.#giveBack(inMemory);
        if (loaded !== undefined) this.#groups.giveBack(loaded.memory);
      },
    };
  }

  /** Writes a row group to the namespace's file, opening and closing files as needed. */
  async #write({ files }: NamespaceState, rows: TakenRows): Promise<void> {
    await files.write(await rows.load(), rows.rawBytes);
    rows.done();
  }

  async #finishNamespace(state: NamespaceState): Promise<void> {
    const { rows, bytes } = state.meter;
    if (rows > 0) await this.#whileHeld(bytes, () => this.#write(state, this.#takeRowGroup(state)));
    await state.files.close();
  }

  /** Writes the full row groups that wait on disk. */
  async #writeWaiting(state: NamespaceState): Promise<void> {
    const { waiting } = state;
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const { rows, rawBytes } = next;
      await this.#whileHeld(rawBytes, () => this.#write(state, this.#taken(rows, undefined, rawBytes)));
    }
  }

  /** Counts the rows of a row group until it is written. */
  async #whileHeld(bytes: number, write: () => Promise<void>): Promise<void> {
    this.#writingBytes += bytes;
    await write();
    this.#writingBytes -= bytes;
  }

  /**
   * Rows of the log go to disk, as many as need be; where that is not enough, those of the largest buffers too, until half of what may be
   * held is free, so that it does not have to be done too often.
   */
  async #makeRoom(): Promise<void> {
    if (this.#writingBytes > 0) {
      await this.#allWritten();
      if (!this.#isOverBudget) return;
    }
    await this.#options.before?.()?.over();
    if (!this.#isOverBudget) return;
    const most = this.#mostBytes;
    let bytes = await this.#log.spill(this.bufferedBytes - most);
    if (this.bufferedBytes > most) {
      let size = this.bufferedBytes;
      const chosen: NamespaceState[] = [];
      const held = (state: NamespaceState): number => state.buffer?.capacityBytes ?? 0;
      const filled = this.#states.filter(({ buffer }) => buffer !== undefined && buffer.rows > 0);
      for (const state of filled.sort((a, b) => held(b) - held(a))) {
        if (size <= most / 2) break;
        size -= held(state);
        chosen.push(state);
      }
      this.#passes++;
      for (const state of chosen.sort((a, b) => a.number - b.number)) {
        this.#addToLog(state, this.#takeBuffer(state, false));
        bytes += await this.#log.spill(this.#log.memoryBytes - DEFAULT_SEGMENT_BYTES);
      }
      bytes += await this.#log.spill(Infinity);
    }
    if (bytes > 0) this.#options.onSpill?.(bytes);
  }

  #addToLog(state: NamespaceState, rows: RowGroupColumns): void {
    (state.chain ??= this.#chain()).add(tailOf(rows));
    this.#giveBack(rows);
  }

  /** The rows are written: their memory serves the next ones. */
  #giveBack({ ids, values, sparse, metadata }: RowGroupColumns): void {
    for (const { plain } of [ids, metadata]) this.#pages.texts.giveBack(plain);
    if (values !== undefined) this.#pages.giveBack(arraysOf(values));
    if (sparse === undefined) return;
    this.#pages.giveBack(arraysOf(sparse.indices));
    this.#pages.giveBack(arraysOf(sparse.values));
  }

  /** Takes the rows out of the buffer. @param endGroup the row group ends with them */
  #takeBuffer(state: NamespaceState, endGroup: boolean): RowGroupColumns {
    const buffer = state.buffer!;
    const held = buffer.capacityBytes;
    this.#bufferedBytes -= held;
    // The next row group will probably be like this one: give it its room at once if there is plenty.
    return buffer.take(endGroup && this.#bufferedBytes + held <= this.#maxBufferedBytes / 2);
  }
}

/** Rows without an id have been rejected. */
function checkIds({ rows, rejected, ids: { validity }, origin }: RecordBatch): void {
  if (validity === undefined) return;
  for (let row = 0; row < rows; row++) {
    if (validity[row] !== 0 || rejected[row] !== 0) continue;
    const message = 'the record has no id';
    throw new PineloadError('RECORD_REJECTED', {
      source: origin.source,
      line: origin.lines[row]!,
      field: 'id',
      message,
    });
  }
}

/** The row behind those of one namespace that come one after the other from the good row `from` on. */
function endOfRun(codes: Uint32Array, rejected: Uint8Array, from: number): number {
  const code = codes[from];
  let to = from + 1;
  while (to < rejected.length && codes[to] === code && rejected[to] === 0) to++;
  return to;
}
