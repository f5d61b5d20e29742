import pLimit from 'p-limit';
import { throwIfAborted } from '../base/abort.js';
import { PineloadError, toPineloadError, type ErrorCode } from '../base/errors.js';
import type { EventListener } from '../base/events.js';
import { EXIT } from '../base/exit-codes.js';
import type { PineconeClient } from '../importer/api-client.js';
import { ClaimBook, type ImportClaim } from '../importer/claim-record.js';
import { clearLeftovers } from '../importer/leftovers.js';
import type { Receipt } from '../importer/receipt.js';
import type { ImportModel } from '../importer/types.js';
import {
  claimIndex,
  directoryCheck,
  follow,
  startRoot,
  verifyRoot,
  type PreparedImport,
  type PreparedRoot,
  type StartSettings,
  type VerifySettings,
  type WaitSettings,
} from './import-steps.js';
import { positiveCount, type CommonOptions } from './options.js';

/** Imports under way at once. Twenty at once on one index have been seen to work; a limit is not published. */
export const DEFAULT_AT_ONCE = 4;

/** Options of everything that works on several imports together. */
export interface TogetherSettings {
  /** Imports under way at once. Default DEFAULT_AT_ONCE. */
  readonly atOnce?: number | undefined;
}

export type EachOptions = CommonOptions & StartSettings & WaitSettings & VerifySettings & TogetherSettings;

/** What became of one import of several. */
export interface ImportOutcome {
  /** Name of the root, `''` for a whole directory; the import's id where only that is known. */
  readonly name: string;
  readonly uri: string | undefined;
  /**
   * `verified`: completed, and everything arrived. `completed`: not compared with a manifest. `failed`: see `error`.
   * `running`: it goes on without us. `waiting`: was not begun. `passed over`: there was nothing to do.
   */
  readonly state: 'verified' | 'completed' | 'failed' | 'running' | 'waiting' | 'passed over';
  readonly id: string | undefined;
  readonly model: ImportModel | undefined;
  readonly receipt: Receipt | undefined;
  readonly error: PineloadError | undefined;
  /** Namespaces of an earlier attempt that were deleted. */
  readonly deleted?: readonly string[] | undefined;
}

/** One import while it is worked on; `tell` takes its events. */
type Work = (tell: EventListener, outcome: Draft) => Promise<void>;
type Draft = { -readonly [K in keyof ImportOutcome]: ImportOutcome[K] };

interface Task {
  readonly name: string;
  readonly uri?: string | undefined;
  readonly records: number | undefined;
  readonly work: Work;
}

/** Faults that would befall every other import, too: no further one is begun. */
const COMMON_FAULTS: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'API_KEY_MISSING',
  'API_UNAUTHORIZED',
  'STORE_CREDENTIALS',
  'STORE_NOT_FOUND',
  'TARGET_STRAY_FILES',
  'FILE_CHANGED',
]);

/**
 * Starts the import of every root, some at once, follows them all and verifies what arrived. Each is claimed by itself, so
 * that a repeated call finds those that are there. One that fails does not stop the others.
 */
export async function importEach(
  client: PineconeClient,
  prepared: PreparedImport,
  roots: readonly PreparedRoot[],
  options: EachOptions,
): Promise<ImportOutcome[]> {
  const directory = directoryCheck(prepared, options);
  const deadline = deadlineOf(options);
  return together(
    roots.map((root) =>
      task(root, async (tell, outcome) => {
        const told = { ...options, onEvent: tell };
        outcome.id = (await startRoot(client, root, directory, told)).id;
        await followAndVerify(client, root, outcome, { ...told, timeout: deadline() });
      }),
    ),
    options,
  );
}

/** Attaches to the imports of a directory that were started, and verifies them. */
export async function watchEach(
  client: PineconeClient,
  roots: readonly PreparedRoot[],
  options: EachOptions,
): Promise<ImportOutcome[]> {
  const deadline = deadlineOf(options);
  return together(
    roots.map((root) =>
      task(root, async (tell, outcome) => {
        const claim = await latestClaim(client, root, options.signal);
        if (claim?.importId === undefined) throw notStarted(root);
        outcome.id = claim.importId;
        await followAndVerify(client, root, outcome, { ...options, onEvent: tell, timeout: deadline() });
      }),
    ),
    options,
  );
}

/** Follows imports by their ids, with nothing to verify them against. */
export async function watchIds(
  client: PineconeClient,
  models: readonly Pick<ImportModel, 'id' | 'uri'>[],
  options: EachOptions,
): Promise<ImportOutcome[]> {
  const deadline = deadlineOf(options);
  // All are watched from the beginning: they run whether they are looked at or not.
  const atOnce = Math.max(1, models.length);
  return together(
    models.map(({ id, uri }) => ({
      name: id,
      uri,
      records: undefined,
      work: async (tell, outcome) => {
        outcome.id = id;
        outcome.model = await follow(client, id, { ...options, onEvent: tell, timeout: deadline() });
        outcome.state = 'completed';
      },
    })),
    { ...options, atOnce },
  );
}

/**
 * Does the failed imports of a directory again, and only those. What they left behind stands in the way: without
 * `deleteLeftovers` it is told and nothing is started.
 */
export async function retryEach(
  client: PineconeClient,
  prepared: PreparedImport,
  roots: readonly PreparedRoot[],
  options: EachOptions & { readonly deleteLeftovers?: boolean | undefined },
): Promise<ImportOutcome[]> {
  // The estimate would be that of all imports, done or not.
  const directory = directoryCheck(prepared, { ...options, check: false });
  const deadline = deadlineOf(options);
  return together(
    roots.map((root) =>
      task(root, async (tell, outcome) => {
        const { signal } = options;
        const claim = await latestClaim(client, root, signal);
        // It never began, so it did not fail: it goes on waiting for its start.
        if (claim === undefined) return;
        const told = { ...options, onEvent: tell };
        const model =
          claim.importId === undefined ? undefined : await client.describeImport(claim.importId, { signal });
        if (model?.status === 'Completed') {
          outcome.id = model.id;
          outcome.model = model;
          outcome.state = 'passed over';
          return;
        }
        const over = model?.status === 'Failed' || model?.status === 'Cancelled';
        if (over) {
          const { manifest } = root;
          const remove = options.deleteLeftovers === true;
          outcome.id = model.id;
          outcome.deleted = await clearLeftovers({ client, claim, model, manifest, remove, onEvent: tell, signal });
        }
        outcome.id = (await startRoot(client, root, directory, { ...told, retry: over })).id;
        await followAndVerify(client, root, outcome, { ...told, timeout: deadline() });
      }),
    ),
    options,
  );
}

/** The exit code of several imports: that of the worst. */
export function exitCodeOf(outcomes: readonly ImportOutcome[]): number {
  const codes = new Set(outcomes.flatMap(({ error }) => (error === undefined ? [] : [error.exitCode])));
  const order = [
    EXIT.IMPORT_FAILED,
    EXIT.UNEXPECTED,
    EXIT.USAGE,
    EXIT.REJECTED,
    EXIT.CONFIG,
    EXIT.TEMPORARY,
    EXIT.TIMEOUT,
  ];
  return order.find((code) => codes.has(code)) ?? codes.values().next().value ?? EXIT.OK;
}

/** The record of who started the import of this root into the index. */
export function latestClaim(
  client: PineconeClient,
  root: PreparedRoot,
  signal?: AbortSignal,
): Promise<ImportClaim | undefined> {
  return new ClaimBook(root.records, claimIndex(client)).latest(signal);
}

export function notStarted(root: PreparedRoot): PineloadError {
  return new PineloadError('IMPORT_NOT_STARTED', {
    source: root.uri,
    hint: 'Start it with "pineload import start".',
  });
}

async function followAndVerify(
  client: PineconeClient,
  root: PreparedRoot,
  outcome: Draft,
  options: EachOptions,
): Promise<void> {
  outcome.model = await follow(client, outcome.id!, options);
  outcome.state = 'completed';
  outcome.receipt = await verifyRoot(client, outcome.model, root, options);
  outcome.state = 'verified';
}

function task({ name, uri, manifest }: PreparedRoot, work: Work): Task {
  return { name, uri, records: manifest.records, work };
}

/** What is left of a time-out that holds for all together, in seconds. */
function deadlineOf({ timeout }: WaitSettings): () => number | undefined {
  const end = timeout === undefined ? undefined : performance.now() + timeout * 1000;
  return () => (end === undefined ? undefined : Math.max(0, (end - performance.now()) / 1000));
}

async function together(tasks: readonly Task[], options: CommonOptions & TogetherSettings): Promise<ImportOutcome[]> {
  const { signal, onEvent } = options;
  const limit = pLimit(positiveCount(options.atOnce, 'atOnce') ?? DEFAULT_AT_ONCE);
  const board = new Board(tasks, onEvent);
  let stop = false;
  const aborted = (): boolean => signal?.aborted === true;
  await Promise.all(
    tasks.map((one, i) =>
      limit(async () => {
        if (stop || aborted()) return;
        const outcome = board.outcomes[i]!;
        board.begin(i);
        try {
          await one.work((event) => board.hear(i, event), outcome);
        } catch (thrown) {
          const error = toPineloadError(thrown);
          // Who stops waiting, or cannot go on looking, knows no more than that it was running.
          const goesOn =
            outcome.id !== undefined && outcome.model === undefined && error.exitCode !== EXIT.IMPORT_FAILED;
          outcome.state = goesOn ? 'running' : 'failed';
          outcome.error = error;
          stop ||= COMMON_FAULTS.has(error.code) || error.code === 'IMPORT_TIMEOUT';
          if (!aborted()) onEvent?.({ type: 'error', error });
        }
        board.end(i);
      }),
    ),
  );
  throwIfAborted(signal);
  return board.outcomes;
}

/** The states of all imports, told together. */
class Board {
  readonly outcomes: Draft[];
  readonly #running = new Map<number, { status: string; percent: number | undefined }>();
  readonly #ended = new Set<number>();

  constructor(
    private readonly tasks: readonly Task[],
    private readonly onEvent: EventListener | undefined,
  ) {
    this.outcomes = tasks.map(({ name, uri }) => ({
      name,
      uri,
      state: 'waiting',
      id: undefined,
      model: undefined,
      receipt: undefined,
      error: undefined,
    }));
  }

  begin(i: number): void {
    this.#running.set(i, { status: 'starting', percent: undefined });
  }

  end(i: number): void {
    this.#running.delete(i);
    this.#ended.add(i);
    this.#tell();
  }

  /** Progress of one becomes progress of all; everything else is passed on. */
  hear(i: number, event: Parameters<EventListener>[0]): void {
    const { length } = this.tasks;
    if (event.type === 'import.progress') {
      this.#running.set(i, { status: event.status, percent: event.percent });
      if (length > 1) return this.#tell();
    } else if (event.type === 'verify.progress') {
      this.#running.set(i, { status: 'verifying', percent: 100 });
      if (length > 1) return this.#tell();
    }
    this.onEvent?.(event);
  }

  #tell(): void {
    const { tasks, outcomes } = this;
    if (tasks.length < 2) return;
    const failed = outcomes.filter(({ error }) => error !== undefined).length;
    this.onEvent?.({
      type: 'imports.progress',
      total: tasks.length,
      waiting: tasks.length - this.#ended.size - this.#running.size,
      done: this.#ended.size - failed,
      failed,
      running: [...this.#running].map(([i, { status, percent }]) => ({
        name: tasks[i]!.name,
        id: outcomes[i]!.id,
        status,
        percent,
      })),
      percent: this.#percent(),
    });
  }

  /** By records; undefined when those of some import are not known. */
  #percent(): number | undefined {
    let all = 0;
    let done = 0;
    for (const [i, { records }] of this.tasks.entries()) {
      if (records === undefined) return undefined;
      all += records;
      const percent = this.#ended.has(i) ? 100 : (this.#running.get(i)?.percent ?? 0);
      done += (records * percent) / 100;
    }
    return all === 0 ? undefined : (100 * done) / all;
  }
}
