import { PineloadError } from '../base/errors.js';
import type { EventListener } from '../base/events.js';
import type { PineconeClient } from './api-client.js';
import { pause } from './backoff.js';
import { sameImportUri } from './import-uri.js';
import type { ImportModel } from './types.js';

/** How far the clocks of the service and of this machine may be apart when an import is recognised by its time, in ms. */
export const CLOCK_ALLOWANCE_MS = 5 * 60_000;
/** Between two looks at the list while an import is searched for, in ms. */
export const RECONCILE_POLL_MS = 3_000;

/** By what the import of a start with a lost answer is recognised. */
export interface Trace {
  readonly uri: string;
  /** When the attempt began, in ms since the epoch. */
  readonly since: number;
  /** Imports of this URI that were there before. */
  readonly known: readonly string[];
}

/** Imports of this URI that the service lists. */
export async function importsOf(client: PineconeClient, uri: string, signal?: AbortSignal): Promise<ImportModel[]> {
  const found: ImportModel[] = [];
  for await (const model of client.allImports({ signal })) {
    if (sameImportUri(model.uri, uri)) found.push(model);
  }
  return found;
}

/** The import that the trace leads to: of exactly this URI, not there before, and no older than the attempt. */
export async function findTraced(
  client: PineconeClient,
  trace: Trace,
  signal?: AbortSignal,
): Promise<ImportModel | undefined> {
  const known = new Set(trace.known);
  let newest: ImportModel | undefined;
  for (const model of await importsOf(client, trace.uri, signal)) {
    if (known.has(model.id)) continue;
    // The list may lag, so that an older import was not among the known ones: its time tells.
    const created = createdMs(model);
    if (created !== undefined && created < trace.since - CLOCK_ALLOWANCE_MS) continue;
    if (newest === undefined || (created ?? 0) >= (createdMs(newest) ?? 0)) newest = model;
  }
  return newest;
}

function createdMs(model: ImportModel): number | undefined {
  const ms = model.createdAt === undefined ? Number.NaN : Date.parse(model.createdAt);
  return Number.isNaN(ms) ? undefined : ms;
}

/**
 * Looks again and again until `look` finds something or the window has passed; the last look is made after its end.
 * Temporary faults of a look count as having found nothing.
 */
export async function lookUntil<T>(
  look: () => Promise<T | undefined>,
  options: {
    readonly windowMs: number;
    readonly pollMs: number;
    readonly what: string;
    readonly onEvent?: EventListener | undefined;
    readonly signal?: AbortSignal | undefined;
  },
): Promise<T | undefined> {
  const end = performance.now() + options.windowMs;
  for (let attempt = 1; ; attempt++) {
    const last = performance.now() >= end;
    let cause = 'not seen yet';
    try {
      const found = await look();
      if (found !== undefined) return found;
    } catch (error) {
      if (!(error instanceof PineloadError) || !error.retryable) throw error;
      cause = error.message;
    }
    if (last) return undefined;
    const delayMs = Math.round(Math.max(0, Math.min(options.pollMs, end - performance.now())));
    options.onEvent?.({ type: 'retry', stage: 'importer', what: options.what, attempt, delayMs, cause });
    await pause(delayMs, options.signal);
  }
}
