import { randomUUID } from 'node:crypto';
import { PineloadError, quote, toPineloadError } from '../base/errors.js';
import type { ObjectStore } from '../uploaders/object-store.js';
import { ApiError } from './api-error.js';
import { ClaimBook, type ImportClaim } from './claim-record.js';
import { listCommand } from './commands.js';
import { failureHint } from './failure-hints.js';
import { checkImportUri } from './import-uri.js';
import { RECONCILE_POLL_MS, findTraced, lookUntil, type Trace } from './own-imports.js';
import { isCertainlyGone, processMark } from './process-mark.js';
import {
  DEFAULT_RECONCILE_WINDOW_MS,
  announce,
  lookBefore,
  maybeStarted,
  sendStart,
  type StartOptions,
  type StartedImport,
} from './start.js';
import type { ImportModel } from './types.js';

/**
 * Age in ms past which a claim without a result, whose import is not listed, started nothing. Until then its process may
 * still be at it: a start may wait for `Retry-After` several times, and START_DELAY_MS before that.
 */
export const CLAIM_SETTLED_MS = 20 * 60_000;
/** A process that reaches the start later than this after its claim (it was suspended, say) gives up, in ms. */
export const START_DELAY_MS = 4 * 60_000;

export interface ClaimOptions {
  /** Where the claim is kept: the state beside the import directory. Must have conditional writes. */
  readonly state: ObjectStore;
  /** SHA-256 of the manifest's bytes in lower-case hex. */
  readonly manifestSha256: string;
  /** What claims are kept by. Default: the client's index. Call it the same in every run. */
  readonly index?: string | undefined;
  /**
   * Called when a new import is about to be started (not when one is adopted), before anything is claimed; an error
   * stops the start. The place for the preflight; `fresh` says that it saw none of the target namespaces.
   */
  readonly beforeStart?: (() => Promise<{ readonly fresh: boolean } | void>) | undefined;
  /** Default CLAIM_SETTLED_MS. */
  readonly settledMs?: number | undefined;
}

export interface ClaimedImport extends StartedImport {
  /** The import as it was when it was adopted; undefined for one just started. */
  readonly model: ImportModel | undefined;
  /** Number of the attempt, from 1. */
  readonly attempt: number;
}

/**
 * Starts the import of a prepared directory exactly once, whatever runs at the same time, crashes and is run again.
 *
 * - No claim: one is made, then the import is started.
 * - A claim with an import that is running or completed: it is adopted.
 * - A claim with an import that failed or was cancelled: IMPORT_FAILED or IMPORT_CANCELLED, unless `retry`.
 * - A claim without an import: another process is at it, or crashed. Its result is waited for, and the import looked for
 *   in the list, for the reconcile window; unseen, IMPORT_MAYBE_STARTED, unless `retry`, the claim is old enough, or its
 *   process was one of this machine and was killed: then nothing can begin any more that the list would not show by now.
 * - A claim for another manifest or URI: IMPORT_CONFLICT; with `retry` only if that import came to nothing.
 */
export async function startClaimed(options: StartOptions, claimed: ClaimOptions): Promise<ClaimedImport> {
  const uri = checkImportUri(options.uri, options.client.loopback, options.maxUriLength);
  return new ClaimedStart({ ...options, uri }, claimed).run();
}

/** How often another process may get ahead before we give up: more than any number of pods of one job. */
const MAX_ROUNDS = 100;

class ClaimedStart {
  readonly #book: ClaimBook;
  readonly #index: string;

  constructor(
    readonly options: StartOptions,
    readonly claimed: ClaimOptions,
  ) {
    this.#index = claimed.index ?? options.client.index;
    this.#book = new ClaimBook(claimed.state, this.#index);
  }

  async run(): Promise<ClaimedImport> {
    for (let round = 0; round < MAX_ROUNDS; round++) {
      const claim = await this.#book.latest(this.options.signal);
      const adopted = claim === undefined ? undefined : await this.#adopt(claim);
      if (adopted === 'again') continue;
      if (adopted !== undefined) return adopted;
      const started = await this.#begin((claim?.attempt ?? 0) + 1);
      if (started !== undefined) return started;
    }
    throw maybeStarted(this.options.client, this.options.uri);
  }

  /** @returns the import of the claim; 'again' when the claims have moved on; undefined when a new start is in order */
  async #adopt(claim: ImportClaim): Promise<ClaimedImport | 'again' | undefined> {
    if (claim.released !== undefined) return undefined;
    const { client, retry = false } = this.options;
    const same = claim.manifestSha256 === this.claimed.manifestSha256 && claim.uri === this.options.uri;
    if (!same && !retry) throw this.#conflict(claim);

    const settled = claim.importId === undefined ? await this.#settle(claim) : claim;
    if (settled === 'again') return 'again';
    if (settled === undefined) {
      const age = Date.now() - Date.parse(claim.time);
      if (retry || age > (this.claimed.settledMs ?? CLAIM_SETTLED_MS)) return undefined;
      // In this order: what the process had to note, it has noted before it ended.
      const gone = isCertainlyGone(claim.process);
      const now = await this.#book.latest(this.options.signal);
      if (now?.attempt !== claim.attempt || now.released !== undefined || now.importId !== undefined) return 'again';
      if (gone && now.unanswered !== true) {
        this.options.onEvent?.({
          type: 'note',
          message:
            'the run that was about to start this import was killed, and no import of it is listed; the import is started now',
        });
        return undefined;
      }
      throw maybeStarted(client, claim.uri);
    }
    const id = settled.importId!;
    const model = await this.#describe(id);
    if (model === undefined) return undefined;
    if (model.status === 'Failed' || model.status === 'Cancelled') {
      if (retry) return undefined;
      throw this.#over(model);
    }
    if (!same) throw this.#conflict(settled, model);
    const started: ClaimedImport = { id, uri: claim.uri, adopted: true, model, attempt: claim.attempt };
    announce(this.options, started);
    return started;
  }

  /** Waits for the result of a claim that has none, and looks for its import in the list. */
  async #settle(claim: ImportClaim): Promise<ImportClaim | 'again' | undefined> {
    const { client, onEvent, signal } = this.options;
    const windowMs = this.options.reconcileWindowMs ?? DEFAULT_RECONCILE_WINDOW_MS;
    onEvent?.({
      type: 'note',
      message: `an earlier or another run began to start this import; looking for it for ${windowMs / 1000} s`,
    });
    return lookUntil<ImportClaim | 'again'>(
      async () => {
        const now = await this.#book.latest(signal);
        if (now?.attempt !== claim.attempt || now.released !== undefined) return 'again';
        if (now.importId !== undefined) return now;
        const found = await findTraced(client, traceOf(claim), signal);
        if (found === undefined) return undefined;
        const settled = { ...claim, importId: found.id };
        await this.#book.update(settled);
        return settled;
      },
      {
        windowMs,
        pollMs: this.options.reconcilePollMs ?? RECONCILE_POLL_MS,
        what: 'find the import that was started',
        onEvent,
        signal,
      },
    );
  }

  /** @returns undefined when the service no longer knows the import and a new start is in order */
  async #describe(id: string): Promise<ImportModel | undefined> {
    const { client, retry = false, onEvent, signal } = this.options;
    try {
      return await client.describeImport(id, { signal });
    } catch (error) {
      if (!(error instanceof PineloadError) || error.code !== 'API_NOT_FOUND') throw error;
      // An emulator forgets when it ends; the service does not.
      if (client.loopback || retry) {
        onEvent?.({ type: 'note', message: `import ${quote(id)} of an earlier run is no longer known there` });
        return undefined;
      }
      throw new PineloadError('API_NOT_FOUND', {
        source: this.options.uri,
        message: `the import of this directory, ${quote(id)}, is not known to the index`,
        hint: `Look with: ${listCommand(client)}. If it is to be imported again, run again with --retry.`,
        cause: error,
      });
    }
  }

  /** Claims and starts. @returns undefined when another process was first */
  async #begin(attempt: number): Promise<ClaimedImport | undefined> {
    const { uri, signal } = this.options;
    let known: string[];
    let fresh: boolean;
    try {
      fresh = (await this.claimed.beforeStart?.())?.fresh ?? false;
      known = await lookBefore(this.options);
    } catch (error) {
      // What stands in the way may be the very import that another process has started meanwhile.
      if (((await this.#book.latest(signal))?.attempt ?? 0) >= attempt) return undefined;
      throw error;
    }
    const claim: ImportClaim = {
      format: 'pineload-import-claim',
      version: 1,
      attempt,
      owner: randomUUID(),
      process: processMark(),
      manifestSha256: this.claimed.manifestSha256,
      index: this.#index,
      uri,
      time: new Date().toISOString(),
      known,
      ...(fresh ? { fresh } : {}),
    };
    if (!(await this.#book.create(claim, signal))) return undefined;
    try {
      if (Date.now() - Date.parse(claim.time) > START_DELAY_MS) {
        throw new ApiError(
          'API_TEMPORARY',
          { source: uri, message: 'too much time passed between claiming and starting the import' },
          { mayHaveActed: false },
        );
      }
      const started = await sendStart(this.options, traceOf(claim));
      await this.#note({ ...claim, importId: started.id });
      announce(this.options, started);
      return { ...started, model: undefined, attempt };
    } catch (error) {
      // Only an answer or a refused connection makes it certain; an abort in the middle, for one, does not.
      if (error instanceof ApiError && !error.mayHaveActed) await this.#note({ ...claim, released: error.code });
      else await this.#noteUnanswered(claim);
      throw error;
    }
  }

  /** From now on, that this process is gone is no sign that nothing began. Another one may have found the import meanwhile. */
  async #noteUnanswered(claim: ImportClaim): Promise<void> {
    const now = await this.#book.latest().catch(() => undefined);
    if (now?.owner === claim.owner && now.importId !== undefined) return;
    await this.#note({ ...claim, unanswered: true });
  }

  /** Writes a result. A failure is no reason to fail: the next run finds the import in the list. */
  async #note(claim: ImportClaim): Promise<void> {
    try {
      await this.#book.update(claim);
    } catch (error) {
      const result =
        claim.importId !== undefined
          ? `that import ${quote(claim.importId)} was started`
          : claim.released === undefined
            ? 'that the answer to the start was lost'
            : 'that nothing was started';
      this.options.onEvent?.({
        type: 'warning',
        code: 'CLAIM_NOT_WRITTEN',
        message: `it could not be noted ${result}: ${toPineloadError(error).message}`,
      });
    }
  }

  #conflict(claim: ImportClaim, model?: ImportModel): PineloadError {
    const other = claim.uri !== this.options.uri;
    const id = model?.id ?? claim.importId;
    return new PineloadError('IMPORT_CONFLICT', {
      source: this.options.uri,
      message: other
        ? 'the state of the run belongs to an import from another place'
        : `this directory was imported before under another manifest${id === undefined ? '' : ` (import ${quote(id)})`}`,
      expected: other ? quote(claim.uri) : `manifest ${claim.manifestSha256.slice(0, 12)}`,
      got: other ? quote(this.options.uri) : `manifest ${this.claimed.manifestSha256.slice(0, 12)}`,
      hint:
        'An import cannot add to an earlier one: write new data to a new directory and new namespaces (for instance with {run}). ' +
        'If the earlier import failed and is to be replaced, run again with --retry.',
    });
  }

  #over(model: ImportModel): PineloadError {
    const hint = failureHint(model.error);
    return new PineloadError(model.status === 'Failed' ? 'IMPORT_FAILED' : 'IMPORT_CANCELLED', {
      source: this.options.uri,
      id: model.id,
      message:
        model.status === 'Failed'
          ? `the import of this directory failed in an earlier run: ${quote(model.error ?? 'no reason given', 500)}`
          : 'the import of this directory was cancelled in an earlier run',
      hint: `${hint === undefined ? '' : `${hint} `}Redo it with "pineload import retry", which says what has to be deleted first; or delete the namespaces it left behind and run again with --retry.`,
    });
  }
}

function traceOf(claim: ImportClaim): Trace {
  return { uri: claim.uri, since: Date.parse(claim.time), known: claim.known };
}
