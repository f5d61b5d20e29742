import { tmpdir } from 'node:os';
import { VERSION } from '../base/version.js';
import { DEFAULT_MAX_RECORD_BYTES } from '../readers/chunks.js';
import { openReaderPool, type ReaderPool } from '../readers/pool/reader-pool.js';
import type { ReaderConfig } from '../readers/reader.js';
import { listSources } from '../sources/list-sources.js';
import type { Source } from '../sources/source.js';
import { parseLayout, type Layout } from '../writers/layout.js';
import { DEFAULT_ROW_GROUP_BYTES, DEFAULT_TARGET_FILE_BYTES } from '../writers/split-writer.js';
import { commit, doneEvent, resultOf, type ConvertResult } from './commit.js';
import { readSplitEntry, type SplitEntry } from './journal.js';
import { openChunks, type OpenedChunks } from './open-chunks.js';
import {
  bufferBudget,
  DEFAULT_ON_ERROR,
  DEFAULT_SPLIT_BYTES,
  fillRun,
  parseRejectLimit,
  sizeOption,
  workerCount,
  type ConvertOptions,
} from './options.js';
import { mappingFor } from './mapping-for.js';
import { pieceBytes, planInput, planLayout, planSplits, type Plan, type Split, type SplitPiece } from './plan.js';
import { probe, type Probe } from './probe.js';
import { Throttle } from './progress.js';
import { readBatches } from './read-batches.js';
import { ruleOptions } from './rule-options.js';
import { SplitRun } from './split-run.js';
import { openTarget, openWithAccess, type Target } from './stores.js';
import { prepareTarget } from './target.js';

/**
 * Converts JSONL or CSV to namespace-partitioned Parquet, in a directory or straight into an object store.
 *
 * A run that was interrupted is finished by the same call: splits that are in the journal are not done again. A call that
 * finds its own finished result returns it.
 */
export async function convert(options: ConvertOptions): Promise<ConvertResult> {
  const started = performance.now();
  const settings = settle(options);
  const target = await openTarget(settings.to, options.state, options);
  try {
    const inputs = typeof options.inputs === 'string' ? [options.inputs] : options.inputs;
    const sources = await listSources(inputs, {
      format: options.format ?? 'auto',
      compression: options.compression ?? 'auto',
      openStore: (uri) => openWithAccess(uri, options),
      signal: options.signal,
    });
    const pool = openReaderPool(settings.workers, ruleOptions(target.imports, settings.layout));
    try {
      return await new Conversion(options, settings, target, sources, started, pool).run();
    } finally {
      await pool.close();
    }
  } finally {
    await target.imports.close();
    await target.state.close();
  }
}

interface Settings {
  readonly to: string;
  readonly layout: Layout;
  readonly fileBytes: number;
  readonly rowGroupBytes: number;
  readonly maxRecordBytes: number;
  readonly splitBytes: number;
  readonly workers: number;
  readonly maxBufferedBytes: number;
  readonly onError: 'abort' | 'skip';
  readonly rejectLimit: ReturnType<typeof parseRejectLimit>;
}

/** Reads all options before anything is touched. */
function settle(options: ConvertOptions): Settings {
  const workers = workerCount(options.workers, options.maxMemory);
  return {
    to: fillRun(options.to, options.runId, 'to'),
    layout: parseLayout(options.layout, options.sets),
    fileBytes: sizeOption(options.fileSize, DEFAULT_TARGET_FILE_BYTES, 'fileSize'),
    rowGroupBytes: sizeOption(options.rowGroupSize, DEFAULT_ROW_GROUP_BYTES, 'rowGroupSize'),
    maxRecordBytes: sizeOption(options.maxRecordSize, DEFAULT_MAX_RECORD_BYTES, 'maxRecordSize'),
    splitBytes: sizeOption(options.splitSize, DEFAULT_SPLIT_BYTES, 'splitSize'),
    workers,
    maxBufferedBytes: bufferBudget(options.maxMemory, workers),
    onError: options.onError ?? DEFAULT_ON_ERROR,
    rejectLimit: parseRejectLimit(options.maxRejects),
  };
}

class Conversion {
  #bytesRead = 0;
  #done = { records: 0, rejected: 0, files: 0, bytes: 0 };
  #current: SplitRun | undefined;
  readonly #progress = new Throttle(() => this.#report());

  constructor(
    private readonly options: ConvertOptions,
    private readonly settings: Settings,
    private readonly target: Target,
    private readonly sources: readonly Source[],
    private readonly started: number,
    private readonly pool: ReaderPool,
  ) {}

  async run(): Promise<ConvertResult> {
    const { options, settings, target, sources } = this;
    const { signal, onEvent } = options;
    const found = await probe(sources, {
      ...options,
      maxRecordBytes: settings.maxRecordBytes,
      keepRaw: options.rejectRecords ?? true,
      onRead: this.#onRead,
    });
    const { config } = found.mapping;
    try {
      onEvent?.({
        type: 'mapping',
        source: found.source.name,
        format: config.format,
        kind: config.kind,
        dimension: config.dimension || undefined,
        fields: found.mapping.chosen,
        unused: found.mapping.unused,
      });
      const plan = this.#plan(config);
      const prepared = await prepareTarget(target, plan, { overwrite: options.overwrite ?? false, signal, onEvent });
      if (prepared.done) {
        const result = resultOf(target, prepared.done);
        onEvent?.({
          type: 'note',
          message: 'The target already holds exactly this conversion; nothing was done again.',
        });
        onEvent?.(doneEvent(result));
        return result;
      }
      const entries = await this.#splits(plan, found);
      return await commit(target, entries, config.kind, config.dimension, {
        ...options,
        version: VERSION,
        layout: settings.layout,
        rejectLimit: settings.rejectLimit,
        seconds: () => (performance.now() - this.started) / 1000,
      });
    } finally {
      await found.opened?.chunks.return();
    }
  }

  #plan(mapping: ReaderConfig): Plan {
    const { layout, fileBytes, rowGroupBytes, maxRecordBytes, splitBytes, onError } = this.settings;
    const inputs = this.sources.map(planInput);
    return {
      format: 'pineload-plan',
      version: 1,
      pineload: VERSION,
      inputs,
      splits: planSplits(inputs, splitBytes),
      mapping,
      output: { fileBytes, rowGroupBytes, maxRecordBytes, onError, ...planLayout(layout) },
    };
  }

  async #splits(plan: Plan, found: Probe): Promise<SplitEntry[]> {
    const { onEvent, signal } = this.options;
    const finished = await Promise.all(
      plan.splits.map(({ index }) => readSplitEntry(this.target.state, index, signal)),
    );
    onEvent?.({
      type: 'plan',
      inputs: plan.inputs.length,
      splits: plan.splits.length,
      bytes: this.#bytesTotal(),
      resumedSplits: finished.filter((entry) => entry !== undefined).length,
    });
    const entries: SplitEntry[] = [];
    for (const split of plan.splits) {
      const before = finished[split.index];
      const entry = before ?? (await this.#split(split, found));
      if (before !== undefined) {
        for (const piece of split.pieces) this.#bytesRead += pieceBytes(piece, plan);
      }
      entries.push(entry);
      this.#done.records += entry.records;
      this.#done.rejected += entry.rejects.total;
      this.#done.files += entry.files.length;
      this.#done.bytes += entry.files.reduce((sum, file) => sum + file.bytes, 0);
      this.#current = undefined;
      this.#progress.flush();
    }
    return entries;
  }

  async #split(split: Split, found: Probe): Promise<SplitEntry> {
    const { options, settings } = this;
    const run = new SplitRun({
      target: this.target,
      layout: settings.layout,
      split: split.index,
      kind: found.mapping.config.kind,
      dimension: found.mapping.config.dimension,
      fileBytes: settings.fileBytes,
      rowGroupBytes: settings.rowGroupBytes,
      maxBufferedBytes: settings.maxBufferedBytes,
      tmpDir: options.tmpDir ?? tmpdir(),
      version: VERSION,
      onError: settings.onError,
      rejectLimit: settings.rejectLimit,
      rejectsBefore: this.#done.rejected,
      signal: options.signal,
      onEvent: options.onEvent,
    });
    this.#current = run;
    try {
      for (const piece of split.pieces) {
        const source = this.sources[piece.input]!;
        const opened = (source === found.source ? found.opened : undefined) ?? (await this.#open(source, piece.range));
        const batches = readBatches(opened, {
          pool: this.pool,
          configOf: (chunk) => mappingFor(source, opened.header, chunk.bytes, found.mapping.config, options),
          signal: options.signal,
        });
        for await (const batch of batches) {
          await run.add(batch);
          this.#progress.tick();
        }
      }
      return await run.finish();
    } catch (error) {
      await run.abort();
      throw error;
    }
  }

  #open(source: Source, range: SplitPiece['range']): Promise<OpenedChunks> {
    return openChunks(source, {
      range,
      signal: this.options.signal,
      maxRecordBytes: this.settings.maxRecordBytes,
      delimiter: this.options.delimiter,
      onRead: this.#onRead,
    });
  }

  readonly #onRead = (bytes: number): void => {
    this.#bytesRead += bytes;
  };

  #bytesTotal(): number | undefined {
    let total = 0;
    for (const { bytes } of this.sources) {
      if (bytes === undefined) return undefined;
      total += bytes;
    }
    return total;
  }

  #report(): void {
    const run = this.#current;
    this.options.onEvent?.({
      type: 'convert.progress',
      bytesRead: this.#bytesRead,
      bytesTotal: this.#bytesTotal(),
      records: this.#done.records + (run?.records ?? 0),
      rejected: this.#done.rejected + (run?.rejected ?? 0),
      files: this.#done.files + (run?.files ?? 0),
      bytesWritten: this.#done.bytes + (run?.bytesWritten ?? 0),
    });
  }
}
