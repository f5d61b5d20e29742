import { throwIfAborted } from '../base/abort.js';
import { PineloadError, quote } from '../base/errors.js';
import type { EventListener } from '../base/events.js';
import type { PineconeClient } from './api-client.js';
import { ApiError } from './api-error.js';
import { backoffDelay, pause } from './backoff.js';
import { watchCommand } from './commands.js';
import { failureHint } from './failure-hints.js';
import { nextPollDelay } from './poll-delay.js';
import { ProgressRate } from './progress-rate.js';
import { isOver } from './status.js';
import type { ImportModel } from './types.js';

/** How long the service may stay out of reach, without one good answer in between, before watching ends, in ms. */
export const WATCH_PATIENCE_MS = 30 * 60_000;
/** How long an import may be unknown after watching began, since what was just started may not be seen everywhere yet. */
export const NOT_FOUND_GRACE_MS = 60_000;
/** A state that does not change is told again after this time in ms. */
export const PROGRESS_REPEAT_MS = 5 * 60_000;
/** What setTimeout can hold; a longer time-out is as good as none. */
const MAX_TIMER_MS = 2 ** 31 - 1;

export interface WatchOptions {
  readonly client: PineconeClient;
  readonly id: string;
  /** Fixed time between two looks in ms. Default: `nextPollDelay`. */
  readonly pollMs?: number | undefined;
  /** Stop waiting after this time in ms; the import goes on. Default: never. */
  readonly timeoutMs?: number | undefined;
  /** Default WATCH_PATIENCE_MS. */
  readonly patienceMs?: number | undefined;
  /** Default NOT_FOUND_GRACE_MS. */
  readonly notFoundGraceMs?: number | undefined;
  /** Default PROGRESS_REPEAT_MS. */
  readonly progressRepeatMs?: number | undefined;
  readonly onEvent?: EventListener | undefined;
  /** Ends the watching, never the import. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Follows an import to its end and returns it as completed. Takes no more memory however long it lasts.
 *
 * 100 % while `InProgress` is normal (the index is being built), and so is a status that is not known.
 *
 * @throws IMPORT_FAILED with the service's reason, IMPORT_CANCELLED, IMPORT_TIMEOUT (with the command to attach again),
 *   API_NOT_FOUND, API_UNAUTHORIZED, API_TEMPORARY after `patienceMs` without an answer; ABORTED
 */
export async function watchImport(options: WatchOptions): Promise<ImportModel> {
  throwIfAborted(options.signal);
  const stop = new AbortController();
  const onAbort = (): void => stop.abort(options.signal!.reason);
  options.signal?.addEventListener('abort', onAbort, { once: true });
  const watch = new Watch(options, stop.signal);
  let timer: NodeJS.Timeout | undefined;
  if (options.timeoutMs !== undefined && options.timeoutMs <= MAX_TIMER_MS) {
    // As the reason of the signal, so that it also ends a call that is being repeated.
    timer = setTimeout(() => stop.abort(watch.timeout()), options.timeoutMs);
  }
  try {
    return await watch.run();
  } finally {
    clearTimeout(timer);
    options.signal?.removeEventListener('abort', onAbort);
  }
}

class Watch {
  readonly #begin = performance.now();
  #last: ImportModel | undefined;
  #percentAtStart: number | undefined;
  #toldAt = 0;
  #toldState = '';
  #faultsSince: number | undefined;
  #faults = 0;
  readonly #rate = new ProgressRate();

  constructor(
    readonly options: WatchOptions,
    readonly signal: AbortSignal,
  ) {}

  async run(): Promise<ImportModel> {
    for (;;) {
      const model = await this.#look();
      if (model !== undefined) {
        this.#tell(model);
        if (isOver(model.status)) return this.#end(model);
        await pause(this.options.pollMs ?? this.#pollDelay(), this.signal);
      }
    }
  }

  timeout(): PineloadError {
    const { client, id, timeoutMs = 0 } = this.options;
    const state = this.#last === undefined ? '' : ` in state ${quote(this.#last.status)}`;
    return new PineloadError('IMPORT_TIMEOUT', {
      id,
      message: `the import was still going on${state} after ${timeoutMs / 1000} s; it goes on without us`,
      hint: `Attach to it again with: ${watchCommand(client, id)}`,
    });
  }

  /** One look. @returns undefined after a fault that is to be borne, the wait included */
  async #look(): Promise<ImportModel | undefined> {
    const { client, id } = this.options;
    try {
      const model = await client.describeImport(id, { signal: this.signal });
      this.#faultsSince = undefined;
      this.#faults = 0;
      this.#percentAtStart ??= model.percentComplete;
      this.#last = model;
      this.#rate.add(performance.now(), model.percentComplete, model.recordsImported);
      return model;
    } catch (error) {
      throwIfAborted(this.signal);
      await this.#bear(error);
      return undefined;
    }
  }

  /** Waits after a fault, or throws it when it is not one to be borne any longer. */
  async #bear(thrown: unknown): Promise<void> {
    const { client, id, patienceMs = WATCH_PATIENCE_MS, notFoundGraceMs = NOT_FOUND_GRACE_MS } = this.options;
    if (!(thrown instanceof ApiError)) throw thrown;
    const now = performance.now();
    this.#faultsSince ??= now;
    const fresh = thrown.code === 'API_NOT_FOUND' && this.#last === undefined && now - this.#begin < notFoundGraceMs;
    if (!thrown.retryable && !fresh) throw this.#withHint(thrown);
    if (now - this.#faultsSince > patienceMs) throw this.#withHint(thrown);
    this.#faults++;
    const delayMs = Math.max(
      thrown.retryAfterMs ?? 0,
      this.options.pollMs ?? backoffDelay(this.#faults, this.#pollDelay()),
    );
    this.options.onEvent?.({
      type: 'retry',
      stage: 'importer',
      what: `look at import ${id} of ${client.index}`,
      attempt: this.#faults,
      delayMs,
      cause: thrown.message,
    });
    await pause(delayMs, this.signal);
  }

  #withHint(error: ApiError): PineloadError {
    const { client, id } = this.options;
    if (error.code === 'API_NOT_FOUND') return error;
    const { code, source, got, expected } = error;
    return new PineloadError(code, {
      message: `watching import ${quote(id)} ended, the import itself goes on: ${error.message}`,
      ...(source === undefined ? {} : { source }),
      ...(expected === undefined ? {} : { expected }),
      ...(got === undefined ? {} : { got }),
      hint: `Attach to it again with: ${watchCommand(client, id)}`,
      cause: error,
    });
  }

  #pollDelay(): number {
    return nextPollDelay({
      elapsedMs: performance.now() - this.#begin,
      percent: this.#last?.percentComplete,
      percentAtStart: this.#percentAtStart,
    });
  }

  /** Tells what changed, and now and then that nothing did. */
  #tell(model: ImportModel): void {
    const { id, onEvent, progressRepeatMs = PROGRESS_REPEAT_MS } = this.options;
    const { status, percentComplete, recordsImported } = model;
    const state = `${status} ${percentComplete} ${recordsImported}`;
    const now = performance.now();
    if (state === this.#toldState && now - this.#toldAt < progressRepeatMs) return;
    this.#toldState = state;
    this.#toldAt = now;
    const { recordsPerSecond, secondsLeft } = this.#rate;
    onEvent?.({
      type: 'import.progress',
      id,
      status,
      percent: percentComplete,
      recordsImported,
      recordsPerSecond,
      secondsLeft,
    });
  }

  #end(model: ImportModel): ImportModel {
    const { client, id, onEvent } = this.options;
    const { status, recordsImported, error } = model;
    onEvent?.({ type: 'import.done', id, status, recordsImported, seconds: this.#seconds(model) });
    if (status === 'Completed') return model;
    const source = model.uri === undefined ? {} : { source: model.uri };
    if (status === 'Cancelled') {
      throw new PineloadError('IMPORT_CANCELLED', {
        ...source,
        id,
        message: `import into ${quote(client.index)} was cancelled`,
        hint: 'What was imported before stays: delete the namespaces before importing again.',
      });
    }
    const hint = failureHint(error);
    throw new PineloadError('IMPORT_FAILED', {
      ...source,
      id,
      message: `the import failed: ${error === undefined ? 'the service gives no reason' : quote(error, 2000)}`,
      ...(hint === undefined ? {} : { hint }),
    });
  }

  /** How long the import took by the service's own clock, else how long it was watched. */
  #seconds(model: ImportModel): number {
    const taken = Date.parse(model.finishedAt ?? '') - Date.parse(model.createdAt ?? '');
    return Number.isNaN(taken) || taken < 0 ? (performance.now() - this.#begin) / 1000 : taken / 1000;
  }
}
