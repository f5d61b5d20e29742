import { setTimeout as sleep } from 'node:timers/promises';
import { PineloadError } from '../base/errors.js';
import { Faults, type FaultSettings } from './faults.js';
import { handle, type HandlerContext, type PortRole } from './http/handler.js';
import { type Listener, listen } from './http/listener.js';
import type { RouteHost } from './http/routes.js';
import { end, runImport } from './importing/run-import.js';
import {
  DEFAULT_IMPORT_MS,
  DEFAULT_INDEXING_MS,
  DEFAULT_KEEP_BYTES,
  DEFAULT_LISTEN_ADDRESS,
  DEFAULT_PENDING_MS,
  DEFAULT_PLAN,
  type EmulatorLimits,
  type EmulatorOptions,
  limitsOf,
} from './options.js';
import { PLAN_LIMITS } from './plans.js';
import { type EmulatorLog, RequestLog } from './request-log.js';
import { isFinished, type ImportRecord } from './state/import-record.js';
import { indexSettings } from './state/index-settings.js';
import { type IndexSettings, IndexState } from './state/index-state.js';
import { KeepBudget } from './state/kept-records.js';
import { StateFile } from './state/state-file.js';

/** A running emulator. */
export interface Emulator {
  /** Control plane, and data plane of the first index: `http://127.0.0.1:PORT`. */
  readonly url: string;
  readonly port: number;
  /** Data plane of an index, or undefined when there is no such index: `http://127.0.0.1:PORT`. */
  indexHost(name: string): string | undefined;
  /** What was asked and done so far; also `GET /__emulator/log`. */
  log(): EmulatorLog;
  /** Replaces the faults; also `POST /__emulator/faults`. */
  setFaults(faults: FaultSettings): void;
  /** Stops listening and drops unfinished imports; with a state directory they begin anew at the next start. */
  close(): Promise<void>;
}

/**
 * Starts a local service that answers like Pinecone's control plane and the import, stats, namespace and fetch calls of
 * serverless indexes, and that reads the Parquet that is really in the store. Every index has a port of its own, as it has
 * a host of its own with Pinecone; the first one shares the main port with the control plane.
 *
 * Throws EMULATOR_PORT, STATE_CORRUPT, EMULATOR_STATE_IN_USE, OPTION_INVALID.
 */
export async function startEmulator(options: EmulatorOptions): Promise<Emulator> {
  const emulator = new RunningEmulator(options);
  try {
    await emulator.start();
  } catch (error) {
    await emulator.close();
    throw error;
  }
  return emulator;
}

const MAX_PORT = 65_535;

/** How long `close` waits for imports to let go of their stores, in ms. */
const STOP_GRACE_MS = 1000;

/** One listened-on port and the index behind it. */
interface IndexPort {
  readonly listener: Listener | undefined;
}

class RunningEmulator implements Emulator, RouteHost {
  readonly indexes = new Map<string, IndexState>();
  readonly #options: EmulatorOptions;
  readonly #budget: KeepBudget;
  readonly #faults: Faults;
  readonly #log = new RequestLog();
  readonly #file: StateFile | undefined;
  readonly #ports = new Map<string, IndexPort>();
  readonly #running = new Map<ImportRecord, { readonly stop: AbortController; readonly done: Promise<void> }>();
  #main: Listener | undefined;
  /** Name of the index behind the main port. */
  #mainIndex: string | undefined;
  #closing = false;
  /** False until all that the state file holds is back: a start that failed must not write over it. */
  #isRestored = false;
  readonly limits: EmulatorLimits;
  readonly importsAllowed: boolean;

  constructor(options: EmulatorOptions) {
    this.#options = options;
    this.limits = limitsOf(options);
    this.importsAllowed = PLAN_LIMITS[options.plan ?? DEFAULT_PLAN].imports;
    this.#budget = new KeepBudget(options.keepBytes ?? DEFAULT_KEEP_BYTES);
    this.#faults = new Faults(options.faults);
    const snapshot = () => [...this.indexes.values()].map((index) => index.toJSON());
    this.#file = options.stateDir === undefined ? undefined : new StateFile(options.stateDir, snapshot);
  }

  get port(): number {
    return this.#main!.port;
  }

  get url(): string {
    return this.#urlOf(this.port);
  }

  get listLagMs(): number {
    return this.#faults.listLagMs;
  }

  get statsLagMs(): number {
    return this.#faults.statsLagMs;
  }

  async start(): Promise<void> {
    const saved = (await this.#file?.load()) ?? [];
    const role: PortRole = { isMain: true, index: () => this.indexes.get(this.#mainIndex ?? '') };
    this.#main = await this.#listen(this.#options.port ?? 0, role);
    // The index that was on the main port (it has no port of its own) is the first to choose.
    const mainFirst = [...saved].sort((a, b) => Number(a.port !== undefined) - Number(b.port !== undefined));
    for (const each of mainFirst) await this.#open(IndexState.restore(each, this.#budget));
    for (const wanted of this.#options.indexes ?? []) {
      if (this.indexes.has(wanted.name)) continue;
      const settings = indexSettings(wanted, { maxDimension: this.limits.records.dimension });
      if (typeof settings === 'string') {
        throw new PineloadError('OPTION_INVALID', { field: 'indexes', message: settings });
      }
      await this.#open(new IndexState(settings, this.#budget));
    }
    this.#isRestored = true;
    await this.save();
    for (const index of this.indexes.values()) {
      for (const record of index.imports.values()) if (!isFinished(record)) this.#run(index, restarted(record));
    }
  }

  indexHost(name: string): string | undefined {
    return this.indexes.get(name)?.host;
  }

  log(): EmulatorLog {
    return this.#log.snapshot();
  }

  setFaults(faults: FaultSettings): void {
    this.#faults.set(faults);
  }

  async close(): Promise<void> {
    this.#closing = true;
    const running = [...this.#running.values()];
    for (const { stop } of running) stop.abort();
    const listeners = [this.#main, ...[...this.#ports.values()].map(({ listener }) => listener)];
    await Promise.all(listeners.map(async (listener) => listener?.close()));
    // A store may not notice that it is no longer wanted; nothing it brings is looked at any more.
    const grace = sleep(STOP_GRACE_MS, undefined, { ref: false });
    await Promise.race([Promise.all(running.map(({ done }) => done)), grace]);
    await this.save();
    await this.#file?.release();
  }

  async save(): Promise<void> {
    if (this.#isRestored) await this.#file?.save();
  }

  async addIndex(settings: IndexSettings): Promise<IndexState> {
    const index = new IndexState(settings, this.#budget);
    await this.#open(index);
    await this.save();
    return index;
  }

  async removeIndex(name: string): Promise<void> {
    const index = this.indexes.get(name);
    this.indexes.delete(name);
    if (this.#mainIndex === name) this.#mainIndex = undefined;
    for (const record of index?.imports.values() ?? []) this.#running.get(record)?.stop.abort();
    index?.clear();
    await this.save();
    const { listener } = this.#ports.get(name) ?? {};
    this.#ports.delete(name);
    await listener?.close();
  }

  async begin(index: IndexState, record: ImportRecord): Promise<void> {
    index.imports.set(record.id, record);
    this.#log.importsStarted++;
    await this.save();
    this.#run(index, record);
  }

  async cancel(index: IndexState, record: ImportRecord): Promise<void> {
    record.status = 'Cancelled';
    this.#running.get(record)?.stop.abort();
    end(index, record);
    this.#changed(index, record);
    await this.save();
  }

  /** Gives an index a port: the main one when that is free, else one of its own, its last one if it can be had. */
  async #open(index: IndexState): Promise<void> {
    const { name } = index.settings;
    // At once, so that of two calls with one name the second finds it taken.
    this.indexes.set(name, index);
    if (this.#mainIndex === undefined) {
      this.#mainIndex = name;
      index.host = this.url;
      index.port = undefined;
      this.#ports.set(name, { listener: undefined });
      return;
    }
    const role: PortRole = { isMain: false, index: () => this.indexes.get(name) };
    const listener = await this.#listen(index.port ?? this.#nextPort(), role).catch(() => this.#listen(0, role));
    index.port = listener.port;
    index.host = this.#urlOf(listener.port);
    this.#ports.set(name, { listener });
  }

  /** Ports follow each other from a main port that was chosen, so that they can be published from a container. */
  #nextPort(): number {
    if ((this.#options.port ?? 0) === 0) return 0;
    const taken = new Set([...this.indexes.values()].map((index) => index.port));
    let port = this.port + 1;
    while (taken.has(port)) port++;
    return port > MAX_PORT ? 0 : port;
  }

  #listen(port: number, role: PortRole): Promise<Listener> {
    const context: HandlerContext = {
      host: this,
      faults: this.#faults,
      log: this.#log,
      apiKey: this.#options.apiKey,
      onEvent: this.#options.onEvent,
    };
    return listen(this.#options.address ?? DEFAULT_LISTEN_ADDRESS, port, (message, response) => {
      handle(context, role, message, response).catch(() => response.destroy());
    });
  }

  #urlOf(port: number): string {
    const { address = DEFAULT_LISTEN_ADDRESS, advertisedHost } = this.#options;
    const isWildcard = address === '0.0.0.0' || address === '::';
    const host = advertisedHost ?? (isWildcard ? DEFAULT_LISTEN_ADDRESS : address);
    return `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
  }

  #run(index: IndexState, record: ImportRecord): void {
    const stop = new AbortController();
    const options = this.#options;
    const done = runImport({
      index,
      record,
      openStore: options.openStore,
      limits: this.limits,
      extraColumns: options.extraColumns ?? 'refuse',
      pendingMs: options.pendingMs ?? DEFAULT_PENDING_MS,
      importMs: options.importMs ?? DEFAULT_IMPORT_MS,
      recordsPerSecond: options.recordsPerSecond,
      indexingMs: options.indexingMs ?? DEFAULT_INDEXING_MS,
      signal: stop.signal,
      onChange: (detail) => this.#changed(index, record, detail),
    }).finally(() => this.#running.delete(record));
    this.#running.set(record, { stop, done });
  }

  #changed(index: IndexState, record: ImportRecord, detail?: string): void {
    if (this.#closing) return;
    const { id, status, recordsImported, recordsSkipped, error } = record;
    const { name } = index.settings;
    this.#options.onEvent?.({
      type: 'import',
      index: name,
      id,
      status,
      recordsImported,
      recordsSkipped,
      error,
      detail,
    });
    // Whoever waits for the state awaits save() itself; here a full disk must not end the process.
    this.save().catch(() => undefined);
  }
}

/** An import that was cut off begins anew, its counts at zero. */
function restarted(record: ImportRecord): ImportRecord {
  return Object.assign(record, { status: 'Pending', percentComplete: 0, recordsImported: 0, recordsSkipped: 0 });
}
