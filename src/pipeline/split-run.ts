import type { EventListener } from '../base/events.js';
import { fingerprintsKey } from '../duplicates/fingerprint-format.js';
import {
  DEFAULT_FINGERPRINT_MEMORY_BYTES,
  DEFAULT_ONLY_SPLIT_MEMORY_BYTES,
  FingerprintRecorder,
} from '../duplicates/fingerprint-recorder.js';
import type { RecordMemory } from '../duplicates/sort/record-memory.js';
import type { RecordBatch, VectorKind } from '../records/batch.js';
import { addMetadataChanges, type MetadataChanges } from '../records/rules/metadata-mend.js';
import { NamespaceNumbers } from '../records/namespace-numbers.js';
import { fingerprintBatch } from '../records/fingerprint/fingerprints.js';
import type { Turns } from '../uploaders/object-store.js';
import type { Layout } from '../writers/layout.js';
import type { PagePool } from '../writers/paged-column.js';
import type { EndingSplit, SplitWriterOptions } from '../writers/split-options.js';
import { SplitWriter } from '../writers/split-writer.js';
import { StagedSplit, type StagedGroup } from '../writers/staged-split.js';
import { writeSplitEntry, type PieceEntry, type SplitEntry } from './journal.js';
import type { OnError, RejectLimit } from './options.js';
import { RejectLog, type LinesBefore } from './reject-log.js';
import { stagedKey, writeStagedIndex } from './staging.js';
import type { Target } from './stores.js';

/** What decides how a split is written. */
export interface SplitRunOptions {
  readonly target: Target;
  readonly layout: Layout;
  /** SHA-256 of the plan. */
  readonly plan: string;
  readonly split: number;
  readonly kind: VectorKind;
  readonly dimension: number;
  readonly fileBytes: number;
  readonly rowGroupBytes: number;
  /** Small row groups are staged when there are more than so many of them. Default: never. */
  readonly maxSmallFiles?: number | undefined;
  readonly maxBufferedBytes: number;
  /** See MemoryShares; undefined for a local directory. */
  readonly openObjects: number | undefined;
  /** See SplitWriterOptions. */
  readonly onTheWay: Turns | undefined;
  readonly encoders?: SplitWriterOptions['encoders'];
  readonly pages?: PagePool | undefined;
  /** Memory for putting fingerprints in order, handed on from split to split. Default: its own. */
  readonly sorting?: RecordMemory[] | undefined;
  readonly before?: SplitWriterOptions['before'];
  /** The split may have been begun before, by the same plan: see WriteOptions.resume. */
  readonly resume: boolean | 'parts';
  /** Note by what duplicates are found. */
  readonly fingerprints: boolean;
  /** There is no other one in the plan. */
  readonly onlySplit: boolean;
  /** Of the split's input, as they are stored, where that is known and its records tell at which of them they begin. */
  readonly inputBytes?: number | undefined;
  readonly tmpDir: string;
  readonly version: string;
  readonly onError: OnError;
  readonly rejectLimit: RejectLimit;
  readonly rejectsBefore: number;
  readonly signal?: AbortSignal | undefined;
  readonly onEvent?: EventListener | undefined;
}

/** One split on its way: batches in, checked, gathered, written; in the end journaled. */
export class SplitRun implements EndingSplit {
  readonly #writer: SplitWriter;
  readonly #rejects: RejectLog;
  readonly #fingerprints: FingerprintRecorder | undefined;
  readonly #staged: StagedSplit;
  #metadataChanges: MetadataChanges | undefined;
  #over: Promise<unknown> = Promise.resolve();
  records = 0;
  files = 0;
  bytesWritten = 0;

  constructor(private readonly options: SplitRunOptions) {
    const { target, split, onEvent, signal } = options;
    this.#rejects = new RejectLog({
      state: target.state,
      split,
      onError: options.onError,
      limit: options.rejectLimit,
      before: options.rejectsBefore,
      onEvent,
    });
    const onSpill = (bytes: number): void => onEvent?.({ type: 'spill', bytes, directory: options.tmpDir });
    // A third at most: what is left must still hold some rows of every namespace.
    const wanted = options.onlySplit ? DEFAULT_ONLY_SPLIT_MEMORY_BYTES : DEFAULT_FINGERPRINT_MEMORY_BYTES;
    const memoryBytes = Math.min(wanted, Math.floor(options.maxBufferedBytes / 3));
    const numbers = new NamespaceNumbers();
    if (options.fingerprints) {
      const { onlySplit, inputBytes, tmpDir: directory, sorting: spare } = options;
      const recording = { memoryBytes, directory, onlySplit, inputBytes, numbers, spare, onSpill };
      this.#fingerprints = new FingerprintRecorder(recording);
    }
    const { kind, dimension, version, maxSmallFiles = Infinity } = options;
    this.#staged = new StagedSplit({ store: target.state, key: stagedKey(split), kind, dimension, version, signal });
    this.#writer = new SplitWriter({
      staging: {
        wanted: (namespaces) => namespaces > maxSmallFiles,
        take: (namespace, group) => this.#staged.take(namespace, group),
      },
      store: target.imports,
      encoders: options.encoders,
      layout: options.layout,
      split,
      kind: options.kind,
      dimension: options.dimension,
      targetFileBytes: options.fileBytes,
      rowGroupBytes: options.rowGroupBytes,
      maxBufferedBytes: options.maxBufferedBytes - (options.fingerprints ? memoryBytes : 0),
      maxOpenFiles: options.openObjects,
      onTheWay: options.onTheWay,
      before: options.before,
      numbers,
      tmpDir: options.tmpDir,
      pages: options.pages,
      version: options.version,
      resume: options.resume,
      signal,
      onFile: (file) => {
        this.files++;
        this.bytesWritten += file.bytes;
        const { path, namespace, records, bytes } = file;
        onEvent?.({ type: 'file', path, namespace, records, bytes });
      },
      onSpill,
    });
  }

  get rejected(): number {
    return this.#rejects.counts.total;
  }

  get heldBytes(): number {
    return this.#writer.bufferedBytes + (this.#fingerprints?.heldBytes ?? 0);
  }

  get openFiles(): number {
    return this.#writer.openFiles;
  }

  closing(): Promise<void> {
    return this.#writer.closing();
  }

  async over(): Promise<void> {
    await this.#over;
  }

  /** Takes a batch to which the rules have been applied. */
  async add(batch: RecordBatch): Promise<void> {
    await this.#rejects.take(batch.rejects);
    for (let row = 0; row < batch.rows; row++) this.records += 1 - batch.rejected[row]!;
    this.#metadataChanges = addMetadataChanges(this.#metadataChanges, batch.metadataChanges);
    if (this.#fingerprints !== undefined) {
      const known = batch.fingerprints === undefined ? { ...batch, fingerprints: fingerprintBatch(batch) } : batch;
      await this.#fingerprints.add(known);
    }
    await this.#writer.add(batch);
  }

  /** What comes is of another piece. */
  startPiece(lines: LinesBefore): void {
    this.#rejects.startPiece(lines);
  }

  /**
   * Writes what is still gathered, then the split's entry in the journal.
   *
   * @param pieces what reading told of each piece
   */
  finish(pieces: readonly PieceEntry[]): Promise<SplitEntry> {
    const entry = this.#finish(pieces);
    this.#over = entry.catch(() => undefined);
    return entry;
  }

  async #finish(pieces: readonly PieceEntry[]): Promise<SplitEntry> {
    const { target, plan, split, signal } = this.options;
    // While the last files are waited for.
    const [files] = await Promise.all([
      this.#writer.finish(),
      this.records > 0 ? this.#fingerprints?.writeTo(target.state, fingerprintsKey(split), signal) : undefined,
    ]);
    await this.#rejects.close();
    const { groups } = this.#staged;
    await this.#staged.close();
    if (groups.length > 0) await writeStagedIndex(target.state, plan, split, groups, signal);
    await this.#fingerprints?.close();
    return writeSplitEntry(
      target.state,
      {
        plan,
        split,
        records: this.records,
        files,
        rejects: this.#rejects.counts,
        pieces,
        ...(groups.length === 0 ? {} : { staged: summaryOf(groups) }),
        ...(this.#metadataChanges === undefined ? {} : { metadataChanges: this.#metadataChanges }),
      },
      signal,
    );
  }

  /** Drops what is open. The rejects so far are kept, since they tell why a run was stopped. Never throws. */
  async abort(): Promise<void> {
    await this.#writer.abort().catch(() => undefined);
    await this.#staged.abort();
    await this.#fingerprints?.close();
    await this.#rejects.close().catch(() => this.#rejects.abort());
  }
}

function summaryOf(groups: readonly StagedGroup[]): NonNullable<SplitEntry['staged']> {
  const sum = (of: (group: StagedGroup) => number): number => groups.reduce((total, group) => total + of(group), 0);
  return { groups: groups.length, bytes: sum(({ bytes }) => bytes), records: sum(({ records }) => records) };
}
