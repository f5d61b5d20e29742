import { tmpdir } from 'node:os';
import { Rate } from '../base/rate.js';
import { VERSION } from '../base/version.js';
import type { RecordMemory } from '../duplicates/sort/record-memory.js';
import type { RecordBatch } from '../records/batch.js';
import type { Source } from '../sources/source.js';
import type { Turns } from '../uploaders/object-store.js';
import type { PagePool } from '../writers/paged-column.js';
import { pagePool } from '../writers/row-pools.js';
import { takesFingerprints } from './duplicates-mode.js';
import type { PieceEntry, SplitEntry } from './journal.js';
import { LineCounts } from './lines-before.js';
import { partTurns } from './memory-shares.js';
import { PieceReader, type PieceReaderOptions } from './piece-reader.js';
import { maxSmallFiles, pieceBytes, type Plan, type Split, type SplitPiece } from './plan.js';
import type { StoredPlan } from './plan-file.js';
import { Throttle } from './progress.js';
import type { LinesBefore } from './reject-log.js';
import { checkScratchSpace, scratchFacts } from './scratch-space.js';
import { SplitRun } from './split-run.js';

/** What splits are worked through with. */
export interface SplitWorkOptions extends PieceReaderOptions {
  readonly stored: StoredPlan;
  /** Opens an input of the plan. */
  readonly source: (input: number) => Promise<Source>;
  /** Default: one of its own. */
  readonly pieces?: PieceReader | undefined;
  /** Which splits may have been begun before: see WriteOptions.resume. */
  readonly resume: (split: number) => boolean | 'parts';
  readonly tmpDir?: string | undefined;
  readonly tmpCheck?: boolean | undefined;
}

/**
 * Works through splits, one after the other, all threads on each; while an object store takes the last files of one, the next one is read. What a
 * split leaves behind follows from the plan alone, so it does not matter who does it, nor whether someone else does it at the same time.
 */
export class SplitWork {
  readonly #pieces: PieceReader;
  #done = { records: 0, rejected: 0, files: 0, bytes: 0 };
  /** The split that is read. */
  #current: SplitRun | undefined;
  /** The split that has been read and is being finished. */
  #ending: SplitRun | undefined;
  /** Resolves when it is, and all before it. */
  #ended: Promise<void> = Promise.resolve();
  #fault: { readonly error: unknown } | undefined;
  #bytesTotal: number | undefined;
  /** Of these, bytes of splits that were finished before: they say nothing of how fast it goes now. */
  #bytesBefore = 0;
  readonly #rate = new Rate();
  readonly #plan: Plan;
  readonly #lines: LineCounts;
  readonly #entries = new Map<number, SplitEntry>();
  /** What reading told of these, and of the split that is being finished. */
  readonly #read = new Map<number, Pick<SplitEntry, 'pieces'>>();
  /** What one split has used serves the next: left to the garbage collector, the process would hold that of both. */
  readonly #pages: PagePool;
  readonly #sorting: RecordMemory[] = [];
  readonly #turns: Turns | undefined;
  readonly #progress = new Throttle(() => this.#report());

  constructor(private readonly options: SplitWorkOptions) {
    this.#plan = options.stored.plan;
    this.#lines = new LineCounts(this.#plan);
    const { kind, dimension } = this.#plan.mapping;
    const shared = options.pool.encoders !== undefined;
    this.#pages = pagePool(kind, dimension, { ...options.settings, shared });
    this.#turns = partTurns(options.settings.partsOnTheWay);
    this.#pieces = options.pieces ?? new PieceReader(this.#plan, options);
  }

  /**
   * Does all splits of the list that are not finished yet.
   *
   * @param finished entries of the plan's finished splits; those outside the list tell lines of ranges
   * @returns all entries, those that were finished before included
   */
  async run(splits: readonly Split[], finished: ReadonlyMap<number, SplitEntry>): Promise<Map<number, SplitEntry>> {
    const { onEvent } = this.options;
    for (const [split, entry] of finished) this.#keep(split, entry);
    this.#bytesTotal = totalBytes(splits, this.#plan);
    onEvent?.({
      type: 'plan',
      inputs: this.#plan.inputs.length,
      splits: splits.length,
      bytes: this.#bytesTotal,
      resumedSplits: splits.filter(({ index }) => finished.has(index)).length,
    });
    const open = splits.filter(({ index }) => !finished.has(index));
    await checkScratchSpace(scratchFacts(this.#plan, open, this.options.settings.maxBufferedBytes), this.options);
    for (const split of splits) {
      const before = finished.get(split.index);
      if (before === undefined) {
        await this.#split(split);
      } else {
        const bytes = split.pieces.reduce((sum, piece) => sum + pieceBytes(piece, this.#plan), 0);
        this.#pieces.reading.bytes += bytes;
        this.#bytesBefore += bytes;
        this.#count(before);
      }
    }
    await this.#ended;
    this.#pages.clear();
    this.#sorting.length = 0;
    return this.#entries;
  }

  /** Reads a split; that is, when this resolves, being finished. Of two splits that go wrong the first one is what is told. */
  async #split(split: Split): Promise<void> {
    // A disk has taken the last files in no time: to hold rows of two splits for that saves nothing.
    if (this.options.target.imports.scheme === 'file') await this.#ended;
    const run = this.#begin(split);
    this.#current = run;
    try {
      const pieces: PieceEntry[] = [];
      for (const piece of split.pieces) pieces.push(await this.#piece(piece, run));
      await this.#ended;
      this.#read.set(split.index, { pieces });
      this.#current = undefined;
      this.#ending = run;
      this.#ended = this.#finish(split, run, pieces);
      this.#ended.catch((error: unknown) => (this.#fault ??= { error }));
    } catch (error) {
      await run.abort();
      // What the split before has stored is as good as before.
      await this.#ended;
      throw error;
    }
  }

  async #finish({ index }: Split, run: SplitRun, pieces: readonly PieceEntry[]): Promise<void> {
    try {
      this.#keep(index, await run.finish(pieces));
    } catch (error) {
      await run.abort();
      throw error;
    } finally {
      this.#ending = undefined;
    }
    this.#count(this.#entries.get(index)!);
  }

  #keep(split: number, entry: SplitEntry): void {
    this.#entries.set(split, entry);
    this.#read.set(split, entry);
  }

  #count({ records, rejects, files }: SplitEntry): void {
    this.#done.records += records;
    this.#done.rejected += rejects.total;
    this.#done.files += files.length;
    this.#done.bytes += files.reduce((sum, file) => sum + file.bytes, 0);
    this.#progress.flush();
  }

  #begin(split: Split): SplitRun {
    const { target, stored, settings, resume, tmpDir, signal, onEvent } = this.options;
    const { kind, dimension } = stored.plan.mapping;
    const run: SplitRun = new SplitRun({
      target,
      layout: settings.layout,
      plan: stored.sha256,
      split: split.index,
      kind,
      dimension,
      fileBytes: settings.fileBytes,
      rowGroupBytes: settings.rowGroupBytes,
      maxSmallFiles: maxSmallFiles(stored.plan),
      maxBufferedBytes: settings.maxBufferedBytes,
      openObjects: settings.openObjects,
      encoders: this.options.pool.encoders,
      onTheWay: this.#turns,
      before: () => (this.#ending === run ? undefined : this.#ending),
      pages: this.#pages,
      sorting: this.#sorting,
      resume: resume(split.index),
      fingerprints: takesFingerprints(stored.plan),
      onlySplit: stored.plan.splits.length === 1,
      inputBytes: textBytes(split, stored.plan),
      tmpDir: tmpDir ?? tmpdir(),
      version: VERSION,
      onError: settings.onError,
      rejectLimit: settings.rejectLimit,
      rejectsBefore: this.#done.rejected + (this.#ending?.rejected ?? 0),
      signal,
      onEvent,
    });
    return run;
  }

  async #piece(piece: SplitPiece, run: SplitRun): Promise<PieceEntry> {
    const source = await this.options.source(piece.input);
    run.startPiece(this.#linesBefore(piece, source));
    const opened = await this.#pieces.open(piece, source);
    for await (const batch of opened.batches) await this.#add(batch, run);
    const lineFeeds = opened.lineFeeds();
    return lineFeeds === undefined ? {} : { lineFeeds };
  }

  async #add(batch: RecordBatch, run: SplitRun): Promise<void> {
    if (this.#fault !== undefined) throw this.#fault.error;
    await run.add(batch);
    this.#progress.tick();
  }

  #linesBefore({ input, range }: SplitPiece, source: Source): LinesBefore {
    if (range === undefined || range[0] === 0) return { known: 0, count: () => Promise.resolve(0) };
    return {
      known: this.#lines.before(input, range[0], this.#read),
      count: () => this.#lines.count(input, range[0], this.#read, source, this.options.signal),
    };
  }

  #report(): void {
    const underWay = (of: (run: SplitRun) => number): number =>
      (this.#ending === undefined ? 0 : of(this.#ending)) + (this.#current === undefined ? 0 : of(this.#current));
    const { bytes: bytesRead } = this.#pieces.reading;
    const bytesTotal = this.#bytesTotal;
    const bytesPerSecond = this.#rate.of(bytesRead - this.#bytesBefore);
    const secondsLeft =
      bytesPerSecond === undefined || bytesTotal === undefined
        ? undefined
        : Math.max(0, bytesTotal - bytesRead) / bytesPerSecond;
    this.options.onEvent?.({
      type: 'convert.progress',
      bytesRead,
      bytesTotal,
      records: this.#done.records + underWay(({ records }) => records),
      rejected: this.#done.rejected + underWay(({ rejected }) => rejected),
      files: this.#done.files + underWay(({ files }) => files),
      bytesWritten: this.#done.bytes + underWay(({ bytesWritten }) => bytesWritten),
      ...(bytesPerSecond === undefined ? {} : { bytesPerSecond }),
      ...(secondsLeft === undefined ? {} : { secondsLeft }),
    });
  }
}

/** Stored bytes of a split of texts, whose records tell at which byte they begin. */
function textBytes(split: Split, plan: Plan): number | undefined {
  const isText = split.pieces.every(({ input }) => plan.inputs[input]!.format !== 'parquet');
  return isText ? totalBytes([split], plan) : undefined;
}

/** Stored bytes of all pieces; undefined when one is a stream. */
function totalBytes(splits: readonly Split[], plan: Plan): number | undefined {
  let total = 0;
  for (const { pieces } of splits) {
    for (const piece of pieces) {
      if (plan.inputs[piece.input]!.bytes === undefined) return undefined;
      total += pieceBytes(piece, plan);
    }
  }
  return total;
}
