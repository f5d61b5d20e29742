import { PineloadError } from '../base/errors.js';
import type { EventListener } from '../base/events.js';
import type { MappingOptions, ReaderConfig } from '../readers/reader.js';
import type { RecordBatch } from '../records/batch.js';
import type { Source } from '../sources/source.js';
import { takesFingerprints } from './duplicates-mode.js';
import { mappingFor } from './mapping-for.js';
import { openChunks, type OpenedChunks } from './open-chunks.js';
import type { Plan, SplitPiece } from './plan.js';
import { readBatches } from './read-batches.js';
import { ruleOptions } from './rule-options.js';
import type { Settings } from './settle.js';
import type { Target } from './stores.js';
import type { WorkerPool } from './threads/pool.js';

/** Stored bytes read so far. */
export interface ReadCount {
  bytes: number;
}

/** What pieces are read with. */
export interface PieceReaderOptions extends MappingOptions {
  readonly target: Target;
  readonly settings: Settings;
  readonly pool: WorkerPool;
  /** An input that can be read only once, opened already. */
  readonly opened?: { readonly input: number; readonly chunks: OpenedChunks } | undefined;
  readonly csvNoMultiline?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onEvent?: EventListener | undefined;
  /** Counts stored bytes as they are read; for progress only. */
  readonly reading?: ReadCount | undefined;
}

/** A piece that is being read. A batch is good until the next one is asked for. */
export interface OpenedPiece {
  readonly batches: AsyncIterable<RecordBatch>;
  /** Line feeds of a range, once it has been read; undefined for what is read from its source's first line. */
  readonly lineFeeds: () => number | undefined;
}

type Batches = AsyncGenerator<RecordBatch, void, undefined>;

/** Reads the pieces of a plan's splits, all threads on each, as batches with the rules applied. */
export class PieceReader {
  readonly reading: ReadCount;
  #begun: BegunPiece | undefined;

  constructor(
    private readonly plan: Plan,
    private readonly options: PieceReaderOptions,
  ) {
    this.reading = options.reading ?? { bytes: 0 };
  }

  /**
   * Starts to read a piece of text before it is known whether anybody will ask for it: `open` of the same one goes on with what was begun, and
   * `close` drops it.
   */
  begin(piece: SplitPiece, source: Source): void {
    const counter = new Counter({ bytes: 0 });
    const opened = this.#openText(piece, source, counter).then(({ batches, lineFeeds }) => ({
      batches: new BegunBatches(batches),
      lineFeeds,
    }));
    // Whoever opens it hears of it.
    opened.catch(() => undefined);
    this.#begun = { piece, opened, counter };
  }

  /** Opens a piece; its batches must be run to their end, or be given up, so that files are closed. */
  async open(piece: SplitPiece, source: Source): Promise<OpenedPiece> {
    const begun = this.#begun;
    if (begun?.piece === piece) {
      this.#begun = undefined;
      begun.counter.moveTo(this.reading);
      return begun.opened;
    }
    const counter = new Counter(this.reading);
    return source.format === 'parquet' ? this.#openParquet(source, counter) : this.#openText(piece, source, counter);
  }

  /** Drops what was begun and nobody has asked for. Never throws. */
  async close(): Promise<void> {
    const begun = this.#begun;
    this.#begun = undefined;
    await begun?.opened.then(({ batches }) => batches.return()).catch(() => undefined);
  }

  async #openText(
    piece: SplitPiece,
    source: Source,
    counter: Counter,
  ): Promise<OpenedPiece & { readonly batches: Batches }> {
    const { options } = this;
    const known = options.opened?.input === piece.input ? options.opened.chunks : undefined;
    const opened = known ?? (await this.#openChunks(piece, source, counter));
    const batches = readBatches(opened, {
      pool: options.pool,
      configOf: (chunk) => mappingFor(source, opened.header, () => chunk.bytes, this.#mapping, options),
      fingerprints: takesFingerprints(this.plan),
      signal: options.signal,
    });
    return { batches, lineFeeds: opened.lineFeeds };
  }

  #openChunks({ input, range }: SplitPiece, source: Source, counter: Counter): Promise<OpenedChunks> {
    const { header } = this.plan.inputs[input]!;
    const { settings, delimiter, csvNoMultiline, signal } = this.options;
    return openChunks(source, {
      range,
      signal,
      maxRecordBytes: settings.maxRecordBytes,
      delimiter,
      csvNoMultiline,
      header: header === undefined ? undefined : Buffer.from(header),
      onRead: (bytes) => counter.add(bytes),
    });
  }

  /** Rows of a Parquet file; its mapping is that of its own columns where the first input was of another format. */
  async #openParquet(source: Source, counter: Counter): Promise<OpenedPiece> {
    const { settings, target, signal } = this.options;
    const [{ readParquet }, { sampleParquet }] = await Promise.all([
      import('../readers/parquet/read-parquet.js'),
      import('../readers/parquet/sample.js'),
    ]);
    const sample = this.#mapping.format === 'parquet' ? undefined : await sampleParquet(source, { signal });
    const batches = readParquet(source, {
      config: mappingFor(source, undefined, () => sample ?? new Uint8Array(0), this.#mapping, this.options),
      rules: ruleOptions(target.imports, settings.layout, settings.rules),
      maxRecordBytes: settings.maxRecordBytes,
      maxBufferedBytes: settings.maxBufferedBytes,
      signal,
      onRead: (bytes) => counter.add(bytes),
    });
    return { batches, lineFeeds: () => undefined };
  }

  get #mapping(): ReaderConfig {
    const { mapping } = this.plan;
    if (mapping.format !== 'records') return mapping;
    throw new PineloadError('PLAN_DIFFERS', { got: 'a plan of records that came from memory' });
  }
}

/** A piece that nobody has asked for yet. */
interface BegunPiece {
  readonly piece: SplitPiece;
  readonly opened: Promise<OpenedPiece & { readonly batches: BegunBatches }>;
  readonly counter: Counter;
}

/** Counts what is read of a piece; of one that is begun in vain it is told to nobody. */
class Counter {
  constructor(private to: ReadCount) {}

  add(bytes: number): void {
    this.to.bytes += bytes;
  }

  moveTo(other: ReadCount): void {
    other.bytes += this.to.bytes;
    this.to = other;
  }
}

/** Batches the first of which is asked for at once. */
class BegunBatches implements AsyncIterableIterator<RecordBatch, void, undefined> {
  #first: Promise<IteratorResult<RecordBatch, void>> | undefined;

  constructor(private readonly batches: Batches) {
    this.#first = batches.next();
    this.#first.catch(() => undefined);
  }

  next(): Promise<IteratorResult<RecordBatch, void>> {
    const next = this.#first ?? this.batches.next();
    this.#first = undefined;
    return next;
  }

  return(): Promise<IteratorResult<RecordBatch, void>> {
    return this.batches.return();
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}
