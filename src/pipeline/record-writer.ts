import { tmpdir } from 'node:os';
import { throwIfAborted } from '../base/abort.js';
import { PineloadError } from '../base/errors.js';
import { VERSION } from '../base/version.js';
import { inferKind, RecordObjectReader, type VectorRecord } from '../readers/record-objects.js';
import type { VectorKind } from '../records/batch.js';
import { checkAndMend } from '../records/rules/check-batch.js';
import { parseLayout } from '../writers/layout.js';
import { DEFAULT_ROW_GROUP_BYTES, DEFAULT_TARGET_FILE_BYTES } from '../writers/split-options.js';
import { seal, type ConvertResult } from './commit.js';
import { checkDuplicatesMode, takesFingerprints } from './duplicates-mode.js';
import { partTurns, shareMemory } from './memory-shares.js';
import {
  bufferBudget,
  DEFAULT_MAX_FILES_PER_NAMESPACE,
  DEFAULT_ON_ERROR,
  DEFAULT_REJECT_RECORDS,
  DIRECT_SMALL_FILES,
  fillRun,
  parseRejectLimit,
  recordRules,
  sizeOption,
  type TargetOptions,
} from './options.js';
import { statedRules } from './plan-options.js';
import { planDuplicates, planLayout, type Plan } from './plan.js';
import { ruleOptions } from './rule-options.js';
import { SplitRun } from './split-run.js';
import { openTarget, type Target } from './stores.js';
import { prepareTarget } from './target.js';

/** Options of `openRecordWriter` and `convertRecords`. */
export interface RecordWriterOptions extends TargetOptions {
  /** Default: what the first record holds. Hybrid records whose first has no sparse part need `hybrid` said. */
  readonly vectorType?: VectorKind | undefined;
  /** Default: the length of the first dense vector. */
  readonly dimension?: number | undefined;
  /** Namespace of records that name none. Default: the default namespace. */
  readonly namespace?: string | undefined;
  /** Stands for `{run}` in `to` and `namespace`. */
  readonly runId?: string | undefined;
}

/** Records are gathered to batches of this many, or of this many floats, before they are checked and written. */
export const RECORD_BATCH_ROWS = 1_024;
export const RECORD_BATCH_FLOATS = 2 ** 20;

/**
 * Writes records that are in memory already. `write` may be called without awaiting each call, but who awaits it never
 * holds more in memory than the options allow. Nothing is complete before `close` has resolved.
 */
export class RecordWriter {
  readonly #started = performance.now();
  #reader: RecordObjectReader | undefined;
  #run: SplitRun | undefined;
  #plan: Plan | undefined;
  #kind: VectorKind | undefined;
  #dimension = 0;
  /** All work in order: a batch is handed on when the one before it is done. */
  #tail: Promise<void> = Promise.resolve();
  #ended = false;

  constructor(
    private readonly options: RecordWriterOptions,
    private readonly target: Target,
  ) {}

  /** Takes one record over. Resolves when there is room for the next; throws what an earlier record did wrong. */
  async write(record: VectorRecord): Promise<void> {
    if (this.#ended) throw new PineloadError('OPTION_INVALID', { message: 'write was called after close or abort' });
    throwIfAborted(this.options.signal);
    this.#reader ??= this.#begin(record);
    const { namespace } = this.options;
    this.#reader.add(record.namespace === undefined && namespace !== undefined ? { ...record, namespace } : record);
    const { rows } = this.#reader;
    if (rows >= RECORD_BATCH_ROWS || rows * this.#dimension >= RECORD_BATCH_FLOATS) this.#flush(this.#reader);
    await this.#tail;
  }

  /** Writes every record of an iterable, one after the other. */
  async writeAll(records: AsyncIterable<VectorRecord> | Iterable<VectorRecord>): Promise<void> {
    for await (const record of records) await this.write(record);
  }

  /** Writes what is still gathered and seals the conversion. */
  async close(): Promise<ConvertResult> {
    if (this.#ended) throw new PineloadError('OPTION_INVALID', { message: 'close was called after close or abort' });
    this.#ended = true;
    try {
      if (this.#reader === undefined) {
        throw new PineloadError('INPUT_EMPTY', { source: '<records>', expected: 'at least one record', got: 'none' });
      }
      this.#flush(this.#reader);
      await this.#tail;
      const entry = await this.#run!.finish([{}]);
      return await seal(this.target, this.#plan!, new Map([[0, entry]]), [], {
        ...this.options,
        rejectLimit: parseRejectLimit(this.options),
        seconds: () => (performance.now() - this.#started) / 1000,
      });
    } catch (error) {
      await this.#run?.abort();
      throw error;
    } finally {
      await this.#closeStores();
    }
  }

  /** Drops what is open; what was written before is removed by the next run into this target. Never throws. */
  async abort(): Promise<void> {
    if (this.#ended) return;
    this.#ended = true;
    await this.#tail.catch(() => undefined);
    await this.#run?.abort();
    await this.#closeStores();
  }

  #begin(first: VectorRecord): RecordObjectReader {
    this.#kind = this.options.vectorType ?? inferKind(first);
    this.#dimension = this.#kind === 'sparse' ? 0 : (this.options.dimension ?? first.values?.length ?? 0);
    const keepRaw = this.options.rejectRecords ?? DEFAULT_REJECT_RECORDS;
    return new RecordObjectReader({ kind: this.#kind, dimension: this.#dimension, keepRaw });
  }

  #flush(reader: RecordObjectReader): void {
    const batch = reader.take();
    const layout = parseLayout(this.options.layout, this.options.sets);
    const work = this.#tail.then(async () => {
      this.#run ??= await this.#prepare();
      const rules = ruleOptions(this.target.imports, layout, recordRules(this.options));
      await this.#run.add(checkAndMend(batch, rules));
    });
    // Who does not await a write learns of the failure by the next call; it must not end the process.
    work.catch(() => undefined);
    this.#tail = work;
  }

  async #prepare(): Promise<SplitRun> {
    const { options, target } = this;
    const kind = this.#kind!;
    const dimension = this.#dimension;
    const fileBytes = sizeOption(options.fileSize, DEFAULT_TARGET_FILE_BYTES, 'fileSize');
    const rowGroupBytes = sizeOption(options.rowGroupSize, DEFAULT_ROW_GROUP_BYTES, 'rowGroupSize');
    // Whoever makes the records is the one thread.
    const shares = shareMemory({ ...options, workers: 1, remote: target.imports.scheme !== 'file' });
    const onError = options.onError ?? DEFAULT_ON_ERROR;
    const layout = parseLayout(options.layout, options.sets);
    const plan: Plan = {
      format: 'pineload-plan',
      version: 1,
      pineload: VERSION,
      inputs: [{ name: '<records>', format: 'records', compression: 'none', bytes: undefined, version: undefined }],
      splits: [{ index: 0, pieces: [{ input: 0 }] }],
      mapping: { format: 'records', kind, dimension },
      options: statedRules(options),
      output: {
        fileBytes,
        rowGroupBytes,
        maxRecordBytes: 0,
        onError,
        // One split gives no namespace more than one small file.
        maxFilesPerNamespace: DEFAULT_MAX_FILES_PER_NAMESPACE,
        directSmallFiles: DIRECT_SMALL_FILES,
        ...planLayout(layout),
        ...planDuplicates(options.duplicates),
      },
    };
    this.#plan = plan;
    const { signal, onEvent } = options;
    const { sha256 } = await prepareTarget(target, plan, { overwrite: options.overwrite ?? false, signal, onEvent });
    return new SplitRun({
      // Other records may come this time.
      resume: false,
      target,
      layout,
      plan: sha256,
      split: 0,
      kind,
      dimension,
      fileBytes,
      rowGroupBytes,
      maxBufferedBytes: shares.gatheredBytes,
      openObjects: shares.openObjects,
      onTheWay: partTurns(shares.partsOnTheWay),
      fingerprints: takesFingerprints(plan),
      onlySplit: true,
      tmpDir: options.tmpDir ?? tmpdir(),
      version: VERSION,
      onError,
      rejectLimit: parseRejectLimit(options),
      rejectsBefore: 0,
      signal,
      onEvent,
    });
  }

  async #closeStores(): Promise<void> {
    await this.target.imports.close();
    await this.target.state.close();
  }
}

/** Opens a writer for records in memory. */
export async function openRecordWriter(options: RecordWriterOptions): Promise<RecordWriter> {
  bufferBudget(options.maxMemory);
  parseRejectLimit(options);
  parseLayout(options.layout, options.sets);
  recordRules(options);
  checkDuplicatesMode(options.duplicates);
  const namespace =
    options.namespace === undefined ? undefined : fillRun(options.namespace, options.runId, 'namespace');
  const to = fillRun(options.to, options.runId, 'to');
  return new RecordWriter({ ...options, to, namespace }, await openTarget(to, options.state, options));
}

/** Converts records from an iterable: a database cursor, a generator that calls an embedding API. */
export async function convertRecords(
  records: AsyncIterable<VectorRecord> | Iterable<VectorRecord>,
  options: RecordWriterOptions,
): Promise<ConvertResult> {
  const writer = await openRecordWriter(options);
  try {
    await writer.writeAll(records);
  } catch (error) {
    await writer.abort();
    throw error;
  }
  return writer.close();
}
