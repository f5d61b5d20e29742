import { tmpdir } from 'node:os';
import { throwIfAborted } from '../base/abort.js';
import { PineloadError } from '../base/errors.js';
import { VERSION } from '../base/version.js';
import { parseCsvHeader } from '../readers/csv/header.js';
import { DEFAULT_MAX_RECORD_BYTES } from '../readers/chunks.js';
import { resolveMapping } from '../readers/mapping.js';
import { openReaderPool, type ReaderPool } from '../readers/pool/reader-pool.js';
import type { ReaderConfig } from '../readers/reader.js';
import type { RecordBatch } from '../records/batch.js';
import { listSources } from '../sources/list-sources.js';
import type { Source } from '../sources/source.js';
import { parseLayout, type Layout } from '../writers/layout.js';
import { DEFAULT_ROW_GROUP_BYTES, DEFAULT_TARGET_FILE_BYTES } from '../writers/split-writer.js';
import { commit, doneEvent, resultOf, type ConvertResult } from './commit.js';
import { readSplitEntry, type SplitEntry } from './journal.js';
import { delimiterOf, openChunks, type OpenedChunks } from './open-chunks.js';
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
import { planInput, planLayout, planSplits, type Plan, type Split } from './plan.js';
import { probe, type Probe } from './probe.js';
import { Throttle } from './progress.js';
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
        for (const input of split.inputs) this.#bytesRead += plan.inputs[input]!.bytes ?? 0;
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
      for (const input of split.inputs) {
        const source = this.sources[input]!;
        const opened = source === found.source ? found.opened : undefined;
        await this.#source(source, opened ?? (await this.#open(source)), found.mapping.config, run);
      }
      return await run.finish();
    } catch (error) {
      await run.abort();
      throw error;
    }
  }

  #open(source: Source): Promise<OpenedChunks> {
    return openChunks(source, {
      signal: this.options.signal,
      maxRecordBytes: this.settings.maxRecordBytes,
      delimiter: this.options.delimiter,
      onRead: this.#onRead,
    });
  }

  /** Reads on all threads; the columns are taken in the order of the chunks, whichever thread is done first. */
  async #source(source: Source, { header, chunks }: OpenedChunks, mapping: ReaderConfig, run: SplitRun): Promise<void> {
    let config: ReaderConfig | undefined;
    const underWay: Promise<RecordBatch>[] = [];
    const takeFirst = async (): Promise<void> => {
      await run.add(await underWay.shift()!);
      this.#progress.tick();
    };
    try {
      for await (const chunk of chunks) {
        throwIfAborted(this.options.signal);
        config ??= this.#configFor(source, header, chunk.bytes, mapping);
        const reading = this.pool.read(config, chunk);
        // It is awaited when its turn comes; a failure until then must not end the process.
        reading.catch(() => undefined);
        underWay.push(reading);
        if (underWay.length >= this.pool.width) await takeFirst();
      }
      while (underWay.length > 0) await takeFirst();
    } finally {
      await Promise.allSettled(underWay);
    }
  }

  /** The mapping for a source of another format or CSV header than the first: its own fields, the choices already made. */
  #configFor(source: Source, header: Uint8Array | undefined, sample: Uint8Array, mapping: ReaderConfig): ReaderConfig {
    if (source.format === 'jsonl' && mapping.format === 'jsonl') return mapping;
    const delimiter = delimiterOf(source, this.options.delimiter);
    if (header !== undefined && mapping.csv?.delimiter === delimiter) {
      const names = parseCsvHeader(header, delimiter, source.name);
      if (names.length === mapping.csv.header.length && names.every((name, i) => name === mapping.csv!.header[i])) {
        return mapping;
      }
    }
    const resolve = (vectorType: ConvertOptions['vectorType']): ReaderConfig => {
      const options = { ...this.options, vectorType, dimension: mapping.dimension || undefined };
      return resolveMapping(sample, source.name, source.format, header, options).config;
    };
    // Not stated as the user's choice, so that a vector of the other kind is still noticed.
    let config = resolve(this.options.vectorType);
    if (config.kind !== mapping.kind && mapping.kind === 'hybrid') config = resolve('hybrid');
    if (config.kind !== mapping.kind) {
      throw new PineloadError('MAPPING_UNRESOLVED', {
        source: source.name,
        field: 'vectorType',
        expected: `${mapping.kind} vectors, as in the first input`,
        got: `${config.kind} vectors`,
        hint: 'One run takes one kind: convert this input by itself, or state --vector-type.',
      });
    }
    return { ...config, keepRaw: mapping.keepRaw };
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
