import { createHash } from 'node:crypto';
import { tmpdir } from 'node:os';
import { throwIfAborted } from '../base/abort.js';
import { PineloadError, quote } from '../base/errors.js';
import { VERSION } from '../base/version.js';
import type { WorkerPool } from './threads/pool.js';
import { openWorkerPool } from './threads/worker-pool.js';
import type { ReaderConfig } from '../readers/reader.js';
import { RecordObjectReader, type VectorRecord } from '../readers/record-objects.js';
import type { RecordBatch } from '../records/batch.js';
import { fingerprintBatch } from '../records/fingerprint/fingerprints.js';
import { checkAndMend } from '../records/rules/check-batch.js';
import type { RuleOptions } from '../records/rules/options.js';
import { listSources } from '../sources/list-sources.js';
import type { Source } from '../sources/source.js';
import type { ObjectStore } from '../uploaders/object-store.js';
import { FLAT, rootOf } from '../writers/layout.js';
import type { Manifest } from '../writers/manifest.js';
import { resultOf, seal, type ConvertResult } from './commit.js';
import { duplicatesMode, takesFingerprints } from './duplicates-mode.js';
import { invalid, placeOf, readFixed, type FixedRecord } from './fixed-rejects.js';
import { deleteSplitEntry, listSplitEntries, readSplitEntries, writeSplitEntry, type SplitEntry } from './journal.js';
import { mappingFor } from './mapping-for.js';
import { partTurns } from './memory-shares.js';
import { openChunks } from './open-chunks.js';
import { fillRun, type ConvertOptions } from './options.js';
import type { Plan, PlanInput } from './plan.js';
import { readPlan, type StoredPlan } from './plan-file.js';
import { addRejects, noRejects, REJECTS_KEY, rejectedError, type RejectCounts } from './reject-log.js';
import { ruleOptions } from './rule-options.js';
import { settle } from './settle.js';
import { SplitRun } from './split-run.js';
import { readObject } from './state-json.js';
import { openTarget, openWithAccess, type StoreAccess, type Target } from './stores.js';
import { checkTargetFiles, listParquet, readManifest } from './target.js';
import { validate } from './validate.js';

/** Mended rejects of one conversion, from one file. */
export interface JoinedFixes {
  /** Lower-case hex, of the records that were joined: the same file is not joined twice. */
  readonly sha256: string;
  /** Rejects that are none any more. */
  readonly settled: RejectCounts;
  readonly places: readonly string[];
}

/**
 * Adds mended rejects to a finished conversion: the file's `raw` texts are read with the conversion's own plan, written as a further
 * split, and sealed with the rest under a new manifest. All of them must be right by now. Once an import of the directory was begun it
 * is too late, since an import cannot add to a namespace that exists.
 *
 * A join that was cut off is done by the same call; a file that was joined already changes nothing.
 *
 * @throws JOIN_TOO_LATE, FIXED_INVALID, RECORD_REJECTED, MANIFEST_MISSING, PLAN_MISSING, and what `convert` throws
 */
export async function joinFixed(options: ConvertOptions): Promise<ConvertResult> {
  const started = performance.now();
  const { signal, onEvent } = options;
  const target = await openTarget(fillRun(options.to, options.runId, 'to'), options.state, options);
  try {
    const { stored, manifest } = await finishedConversion(target, signal);
    await checkNotBegun(target, signal);
    const sources = await listSources(typeof options.inputs === 'string' ? [options.inputs] : options.inputs, {
      format: 'jsonl',
      compression: options.compression ?? 'auto',
      openStore: (uri) => openWithAccess(uri, options),
      signal,
    });
    const entries = await readSplitEntries(
      target.state,
      stored.sha256,
      await listSplitEntries(target.state, signal),
      signal,
    );
    await dropUnfinished(target, stored.plan, entries, manifest, signal);
    const join = new Join(target, stored, entries, options);
    const added = await join.add(sources);
    if (added === undefined) {
      const result = resultOf(target, manifest);
      onEvent?.({ type: 'note', message: 'These records were joined before; nothing was done again.' });
      await dropSettled(target.state, [...entries.values()], signal);
      return result;
    }
    const all = new Map([...entries, [added.split, added]]);
    try {
      await checkDuplicates(target, stored.plan, [...all.values()], options);
    } catch (error) {
      for (const { path } of added.files) await target.imports.delete(path, signal);
      await deleteSplitEntry(target.state, added.split, signal);
      throw error;
    }
    const result = await seal(target, extended(stored.plan, all), withoutSettled(all), [], {
      ...stored.plan.options,
      ...options,
      rejectLimit: { count: Infinity },
      seconds: () => (performance.now() - started) / 1000,
    });
    await dropSettled(target.state, [...all.values()], signal);
    return result.manifest.rejected > 0 ? result : { ...result, rejectsFile: undefined };
  } finally {
    await target.imports.close();
    await target.state.close();
  }
}

async function finishedConversion(
  target: Target,
  signal: AbortSignal | undefined,
): Promise<{ stored: StoredPlan; manifest: Manifest }> {
  const manifest = await readManifest(target.state, signal);
  if (manifest === undefined) {
    throw new PineloadError('MANIFEST_MISSING', {
      source: target.imports.uri,
      hint: 'Finish the conversion first, by its own command; then join what was mended.',
    });
  }
  const stored = await readPlan(target.state, undefined, signal);
  if (stored === undefined) throw new PineloadError('PLAN_MISSING', { source: target.state.uri });
  return { stored, manifest };
}

/** A claim that was not released stands for an import that runs, ran, or may have begun. */
async function checkNotBegun({ state, imports }: Target, signal: AbortSignal | undefined): Promise<void> {
  const latest = new Map<string, string>();
  for await (const { key } of state.list('', { signal })) {
    const match = /^((?:.*\/)?import-[^/]*)\.(\d{4,9})\.json$/.exec(key);
    if (match !== null && (latest.get(match[1]!) ?? '') < key) latest.set(match[1]!, key);
  }
  for (const key of latest.values()) {
    const bytes = await readObject(state, key, signal);
    let claim: Record<string, unknown> = {};
    try {
      claim = JSON.parse(Buffer.from(bytes ?? []).toString()) as Record<string, unknown>;
    } catch {
      // Damaged: whoever wrote it meant to start an import.
    }
    if (claim.released !== undefined) continue;
    const id = typeof claim.importId === 'string' ? `import ${claim.importId}` : 'an import';
    const index = typeof claim.index === 'string' ? ` into ${quote(claim.index)}` : '';
    throw new PineloadError('JOIN_TOO_LATE', {
      source: imports.uri,
      expected: 'a directory of which no import was begun',
      got: `${id}${index}`,
      hint: 'An import cannot add to a namespace that exists. Convert the records with another --to and namespace, or upsert them.',
    });
  }
}

/** What an earlier join left half done. Files that none of the finished splits has written are not ours to judge. */
async function dropUnfinished(
  { imports, state }: Target,
  plan: Plan,
  entries: Map<number, SplitEntry>,
  manifest: Manifest,
  signal: AbortSignal | undefined,
): Promise<void> {
  const sealed = new Set(manifest.files.map(({ path }) => path));
  for (const [split, { files }] of entries) {
    if (split < plan.splits.length || files.every(({ path }) => sealed.has(path))) continue;
    await deleteSplitEntry(state, split, signal);
    entries.delete(split);
  }
  const known = new Set([...entries.values()].flatMap(({ files }) => files.map(({ path }) => path)));
  if (manifest.files.some(({ path }) => !known.has(path))) {
    throw new PineloadError('TARGET_NOT_EMPTY', {
      source: imports.uri,
      message: 'its files were put together anew after they were converted, so nothing can be joined to them',
      hint: 'Convert the records with another --to and import that into namespaces of their own, or convert all again.',
    });
  }
  for (const key of await listParquet(imports, signal)) {
    const split = Number(/(?:^|\/)part-(\d{5,})-\d{5,}\.parquet$/.exec(key)?.[1] ?? -1);
    if (!sealed.has(key) && split >= plan.splits.length) await imports.delete(key, signal);
  }
  await checkTargetFiles(imports, new Map(manifest.files.map(({ path, bytes }) => [path, bytes])), signal);
}

/**
 * Is a mended record the same as one that was there? What told that of the conversion's own records is gone by now, so the written
 * files are read: all of them, since any may hold it.
 */
async function checkDuplicates(
  target: Target,
  plan: Plan,
  entries: readonly SplitEntry[],
  options: ConvertOptions,
): Promise<void> {
  const mode = duplicatesMode(plan, options.duplicates);
  if (mode === 'allow') return;
  const layout = plan.output.layout ?? FLAT;
  const namespaces = entries.flatMap(({ files }) => files.map(({ namespace }) => namespace));
  const roots = new Set(layout.kind === 'flat' ? [''] : namespaces.map((namespace) => rootOf(layout, namespace)));
  const { signal, onEvent, maxMemory, tmpDir } = options;
  for (const root of roots) {
    const uri = target.imports.uri + root;
    const { report } = await validate({
      ...storeAccess(options),
      uri,
      limits: plan.options.limits,
      maxMemory,
      tmpDir,
      signal,
    });
    for (const { code, message: title, file, row, id, got } of report.findings) {
      if (code !== 'DUPLICATE_ID' && code !== 'DUPLICATE_VECTOR') continue;
      const message = `${file ?? uri}, row ${row ?? 0}: ${title}${got === undefined ? '' : `: ${got}`}`;
      if (mode === 'warn') onEvent?.({ type: 'warning', code, message });
      else {
        throw new PineloadError('DUPLICATES_FOUND', {
          message,
          source: uri,
          ...(id === undefined ? {} : { id }),
          hint: 'Mend the record in another way, or delete its line.',
        });
      }
    }
  }
}

/** How stores are reached, without the options that would mean something else to `validate`. */
function storeAccess(options: ConvertOptions): StoreAccess {
  const { s3Endpoint, s3Region, s3PathStyle, s3Checksums, gcsEndpoint, anonymous, tries } = options;
  return { s3Endpoint, s3Region, s3PathStyle, s3Checksums, gcsEndpoint, anonymous, tries };
}

/** Reads, checks and writes the records of mended files as one further split. */
class Join {
  readonly #plan: Plan;
  readonly #rules: RuleOptions;
  readonly #settings: ReturnType<typeof settle>;
  readonly #configs = new Map<string, ReaderConfig>();

  constructor(
    private readonly target: Target,
    private readonly stored: StoredPlan,
    private readonly entries: ReadonlyMap<number, SplitEntry>,
    private readonly options: ConvertOptions,
  ) {
    this.#plan = stored.plan;
    // How the records are read and checked is the plan's; memory and threads are of this machine.
    this.#settings = settle({ ...options, ...stored.plan.options, maxRejects: undefined }, target.imports.uri);
    this.#rules = ruleOptions(target.imports, this.#settings.layout, this.#settings.rules);
  }

  /** @returns undefined when these very records were joined before */
  async add(sources: readonly Source[]): Promise<SplitEntry | undefined> {
    const { signal } = this.options;
    const { maxRecordBytes } = this.#settings;
    const open = await this.#openRejects();
    const places = new Set<string>();
    const digest = createHash('sha256');
    let settled = noRejects();
    for (const source of sources) {
      for await (const record of readFixed(source, { maxRecordBytes, signal })) {
        digest.update(JSON.stringify([record.place, record.raw]));
        if (places.has(record.place)) throw invalid(source, record.line, 'the same reject twice');
        places.add(record.place);
        const { code, namespace } = record;
        settled = addRejects(settled, { total: 1, byCode: { [code]: 1 }, byNamespace: { [namespace]: 1 } });
      }
    }
    const sha256 = digest.digest('hex');
    if ([...this.entries.values()].some(({ joined }) => joined?.sha256 === sha256)) return undefined;
    const run = this.#openRun();
    const pool = openWorkerPool(1, this.#rules);
    try {
      run.startPiece({ known: 0, count: () => Promise.resolve(0) });
      let records = 0;
      for (const source of sources) {
        for await (const record of readFixed(source, { maxRecordBytes, signal })) {
          throwIfAborted(signal);
          if (!open.has(record.place))
            throw invalid(source, record.line, 'a reject that this conversion does not have');
          const batch = await this.#batch(record, source, pool);
          if (batch.rejects.length > 0) throw rejectedError(batch.rejects[0]!);
          if (batch.rows === 0) throw invalid(source, record.line, '"raw" without a record');
          records += batch.rows;
          await run.add(batch);
        }
      }
      if (records === 0) throw new PineloadError('INPUT_EMPTY', { expected: 'mended rejects', got: 'none' });
      const entry = await run.finish([{}]);
      const joined: JoinedFixes = { sha256, settled, places: [...places] };
      return await writeSplitEntry(this.target.state, { ...entry, joined }, signal);
    } catch (error) {
      await run.abort();
      throw error;
    } finally {
      await pool.close();
    }
  }

  /** Rejects of the conversion that are not settled yet. */
  async #openRejects(): Promise<ReadonlySet<string>> {
    const places = new Set<string>();
    for await (const line of rejectLines(this.target.state, this.options.signal)) places.add(placeOfLine(line));
    return places;
  }

  #openRun(): SplitRun {
    const { target, stored, options } = this;
    const settings = this.#settings;
    const { kind, dimension } = this.#plan.mapping;
    return new SplitRun({
      target,
      layout: settings.layout,
      plan: stored.sha256,
      split: Math.max(this.#plan.splits.length, ...[...this.entries.keys()].map((split) => split + 1)),
      kind,
      dimension,
      fileBytes: settings.fileBytes,
      rowGroupBytes: settings.rowGroupBytes,
      maxBufferedBytes: settings.maxBufferedBytes,
      openObjects: settings.openObjects,
      onTheWay: partTurns(settings.partsOnTheWay),
      resume: false,
      fingerprints: takesFingerprints(this.#plan),
      onlySplit: false,
      tmpDir: options.tmpDir ?? tmpdir(),
      version: VERSION,
      onError: 'abort',
      rejectLimit: { count: 0 },
      rejectsBefore: 0,
      signal: options.signal,
      onEvent: options.onEvent,
    });
  }

  async #batch(record: FixedRecord, source: Source, pool: WorkerPool): Promise<RecordBatch> {
    const { mapping } = this.#plan;
    const fingerprints = takesFingerprints(this.#plan);
    if (mapping.format === 'records') {
      const reader = new RecordObjectReader({ ...mapping, keepRaw: false });
      try {
        reader.add(JSON.parse(record.raw) as VectorRecord);
      } catch (error) {
        if (!(error instanceof SyntaxError)) throw error;
        throw invalid(source, record.line, '"raw" that is no JSON');
      }
      const batch = named(checkAndMend(reader.take(), this.#rules), record, source);
      return fingerprints ? { ...batch, fingerprints: fingerprintBatch(batch) } : batch;
    }
    const bytes = new Uint8Array(Buffer.from(`${record.raw}\n`));
    const config = await this.#config(record, source, bytes, mapping);
    const chunk = { source: source.name, bytes, firstLine: record.line, byteOffset: 0, rejects: [] };
    const read = await pool.read(config, chunk, fingerprints);
    return read.batch;
  }

  /** The mapping of the input that the record is of; that of the plan, but for CSV files with another header than the first. */
  async #config(
    { source: name, line }: FixedRecord,
    fixed: Source,
    sample: Uint8Array,
    mapping: ReaderConfig,
  ): Promise<ReaderConfig> {
    const input = this.#plan.inputs.find((one) => one.name === name);
    if (input === undefined) throw invalid(fixed, line, `a reject of ${quote(name)}, which is no input of the plan`);
    if (input.format === 'parquet') throw invalid(fixed, line, 'a reject of Parquet input, which has no text to mend');
    const sameFormat = this.#plan.inputs.every((one) => one.format === mapping.format);
    if (sameFormat && (mapping.format === 'jsonl' || this.#plan.inputs.length === 1)) return mapping;
    const known = this.#configs.get(name);
    if (known !== undefined) return known;
    const config = await this.#configOf(input, sample, mapping);
    this.#configs.set(name, config);
    return config;
  }

  async #configOf(input: PlanInput, sample: Uint8Array, mapping: ReaderConfig): Promise<ReaderConfig> {
    const { options } = this;
    const { signal } = options;
    const [source] = await listSources([input.name], {
      format: input.format as Source['format'],
      compression: input.compression,
      openStore: (uri) => openWithAccess(uri, options),
      signal,
    });
    const { delimiter } = this.#plan.options;
    const opened = await openChunks(source!, { signal, maxRecordBytes: this.#settings.maxRecordBytes, delimiter });
    try {
      return mappingFor(source!, opened.header, () => sample, mapping, this.#plan.options);
    } finally {
      await opened.chunks.return();
    }
  }
}

/** Rejects of records from memory are named by their number; here the line of the mended file tells more. */
function named(batch: RecordBatch, { line }: FixedRecord, { name }: Source): RecordBatch {
  return { ...batch, rejects: batch.rejects.map((reject) => ({ ...reject, source: name, line })) };
}

/** The plan with the splits that were joined to it. */
function extended(plan: Plan, entries: ReadonlyMap<number, SplitEntry>): Plan {
  const more = [...entries.keys()].filter((split) => split >= plan.splits.length).sort((a, b) => a - b);
  const input: PlanInput = {
    name: '<mended rejects>',
    format: 'jsonl',
    compression: 'none',
    bytes: undefined,
    version: undefined,
  };
  return {
    ...plan,
    inputs: [...plan.inputs, input],
    splits: [...plan.splits, ...more.map((index) => ({ index, pieces: [{ input: plan.inputs.length }] }))],
  };
}

/** What was settled is no reject any more: it is taken off where it is added up. */
function withoutSettled(entries: ReadonlyMap<number, SplitEntry>): Map<number, SplitEntry> {
  const minus = (counts: Readonly<Record<string, number>>): Record<string, number> =>
    Object.fromEntries(Object.entries(counts).map(([name, count]) => [name, -count]));
  return new Map(
    [...entries].map(([split, entry]) => {
      if (entry.joined === undefined) return [split, entry] as const;
      const { total, byCode, byNamespace } = entry.joined.settled;
      const rejects = { total: -total, byCode: minus(byCode), byNamespace: minus(byNamespace) };
      return [split, { ...entry, rejects: addRejects(entry.rejects, rejects) }] as const;
    }),
  );
}

/** Takes the rejects that were settled out of the rejects file. */
async function dropSettled(
  state: ObjectStore,
  entries: readonly SplitEntry[],
  signal: AbortSignal | undefined,
): Promise<void> {
  const settled = new Set(entries.flatMap(({ joined }) => joined?.places ?? []));
  const kept: string[] = [];
  for await (const line of rejectLines(state, signal)) if (!settled.has(placeOfLine(line))) kept.push(line);
  if (kept.length === 0) await state.delete(REJECTS_KEY, signal);
  else
    await state.put(REJECTS_KEY, Buffer.from(`${kept.join('\n')}\n`), { contentType: 'application/x-ndjson', signal });
}

async function* rejectLines(state: ObjectStore, signal: AbortSignal | undefined): AsyncGenerator<string> {
  if ((await state.head(REJECTS_KEY, signal)) === undefined) return;
  let rest = '';
  const decoder = new TextDecoder();
  for await (const bytes of state.read(REJECTS_KEY, { signal })) {
    const lines = (rest + decoder.decode(bytes, { stream: true })).split('\n');
    rest = lines.pop()!;
    yield* lines;
  }
  if (rest !== '') yield rest;
}

function placeOfLine(line: string): string {
  return placeOf(JSON.parse(line) as Record<string, unknown>);
}
