import pRetry from 'p-retry';
import { abortError, throwIfAborted } from '../base/abort.js';
import { PineloadError, type ErrorDetails } from '../base/errors.js';
import type { EventListener } from '../base/events.js';
import { DEFAULT_NAMESPACE } from '../records/limits.js';
import { ApiError, networkError, statusError } from './api-error.js';
import {
  invalidAnswer,
  messageOf,
  parseFetched,
  parseImportModel,
  parseImportPage,
  parseIndexModel,
  parseIndexStats,
  parseNamespace,
  parseNamespacePage,
  parseStarted,
} from './answers.js';
import { EMULATOR_API_KEY, apiKeyMissing } from './api-key.js';
import { RETRY_BASE_MS, RETRY_MAX_MS, backoffDelay, pause } from './backoff.js';
import { readBoundedText } from './bounded-body.js';
import { parseRetryAfter } from './retry-after.js';
import { parseServiceAddress, type ServiceAddress } from './service-address.js';
import {
  DEFAULT_API_VERSION,
  DEFAULT_CONTROL_PLANE,
  type ErrorMode,
  type FetchedRecord,
  type ImportModel,
  type ImportPage,
  type IndexModel,
  type IndexStats,
  type NamespaceInfo,
} from './types.js';

/** One request, from connecting to the last byte of the answer, in ms. */
export const REQUEST_TIMEOUT_MS = 60_000;
/** Tries of one call, the first included. */
export const API_TRIES = 6;
/** The longest `Retry-After` that a call waits for by itself in ms; past it the call ends with API_TEMPORARY. */
export const MAX_RETRY_AFTER_MS = 120_000;
/** Longest answer that is read, in bytes: index stats of 100,000 namespaces with long names fit. */
export const MAX_ANSWER_BYTES = 64 * 1024 * 1024;
/** Entries of one page of a list. OpenAPI 2026-04: 1–100. */
export const LIST_PAGE_SIZE = 100;

/** Times of the client, in ms; for tests and for networks unlike others. */
export interface ClientTiming {
  /** Default REQUEST_TIMEOUT_MS. */
  readonly requestTimeoutMs?: number | undefined;
  /** Default API_TRIES. */
  readonly tries?: number | undefined;
  /** Default RETRY_BASE_MS. */
  readonly retryBaseMs?: number | undefined;
  /** Default RETRY_MAX_MS. */
  readonly retryMaxMs?: number | undefined;
  /** Default MAX_RETRY_AFTER_MS. */
  readonly maxRetryAfterMs?: number | undefined;
}

export interface ClientOptions {
  /** May be missing when everything that is called is on loopback. */
  readonly apiKey?: string | undefined;
  /** Host of the index: what data plane calls need. */
  readonly indexHost?: string | undefined;
  /** What to call the index in events and records of imports. Default: its host. */
  readonly indexName?: string | undefined;
  /** The control plane's description, where it was asked for. */
  readonly indexModel?: IndexModel | undefined;
  /** Default DEFAULT_CONTROL_PLANE. */
  readonly controlPlane?: string | undefined;
  /** Default DEFAULT_API_VERSION. */
  readonly apiVersion?: string | undefined;
  /** Gets `retry` events. */
  readonly onEvent?: EventListener | undefined;
  readonly timing?: ClientTiming | undefined;
  /** Default MAX_ANSWER_BYTES. */
  readonly maxAnswerBytes?: number | undefined;
}

export interface CallOptions {
  readonly signal?: AbortSignal | undefined;
}

interface Call<T> {
  readonly method: 'GET' | 'POST' | 'DELETE';
  readonly address: ServiceAddress;
  readonly path: string;
  readonly query?: URLSearchParams;
  readonly body?: unknown;
  /** What is being done, for `retry` events. */
  readonly what: string;
  /**
   * May the call be made again although the service may have acted on it? The one call for which this is false is the
   * start of an import.
   */
  readonly repeatable: boolean;
  /** Reads the answer; throws API_ANSWER_INVALID. */
  readonly parse: (answer: unknown, source: string) => T;
  readonly signal: AbortSignal | undefined;
}

/**
 * Pinecone's REST API as far as bulk imports need it, over `fetch`. Failures are PineloadErrors (ApiError, which also
 * says whether the service may have acted): API_UNAUTHORIZED, API_REFUSED, API_NOT_FOUND, API_TEMPORARY,
 * API_ANSWER_INVALID; ABORTED when the signal fires.
 *
 * Calls are repeated on 429, 408, 5xx, network faults, time-outs and answers that cannot be read, with growing random
 * delays and heed to `Retry-After`. The start of an import is repeated only when it is certain that it had no effect.
 */
export class PineconeClient {
  /** Name of the index, or its host where the name is not known. */
  readonly index: string;
  /** Host of the index, see IndexModel.host; undefined for a client that only asks the control plane. */
  readonly host: string | undefined;
  readonly apiVersion: string;
  readonly indexModel: IndexModel | undefined;
  /** The index is on this machine: an emulator. */
  readonly loopback: boolean;
  readonly #apiKey: string | undefined;
  readonly #control: ServiceAddress;
  readonly #index: ServiceAddress | undefined;
  readonly #onEvent: EventListener | undefined;
  readonly #timing: ClientTiming;
  readonly #maxAnswerBytes: number;

  /** @throws OPTION_INVALID */
  constructor(options: ClientOptions) {
    this.#apiKey = options.apiKey;
    this.#control = parseServiceAddress(options.controlPlane ?? DEFAULT_CONTROL_PLANE, 'controlPlane');
    this.#index = options.indexHost === undefined ? undefined : parseServiceAddress(options.indexHost, 'indexHost');
    this.apiVersion = options.apiVersion ?? DEFAULT_API_VERSION;
    if (!/^[\w.-]{1,64}$/.test(this.apiVersion)) {
      throw new PineloadError('OPTION_INVALID', { field: 'apiVersion', expected: 'a version such as "2026-04"' });
    }
    this.host = this.#index?.host;
    this.index = options.indexName ?? this.host ?? '';
    this.indexModel = options.indexModel;
    this.loopback = this.#index?.loopback ?? this.#control.loopback;
    this.#onEvent = options.onEvent;
    this.#timing = options.timing ?? {};
    this.#maxAnswerBytes = options.maxAnswerBytes ?? MAX_ANSWER_BYTES;
  }

  /** Asks the control plane for an index. Its `host` is taken, never `private_host`, which needs a private endpoint. */
  async describeIndex(name: string, options: CallOptions = {}): Promise<IndexModel> {
    return this.#call({
      method: 'GET',
      address: this.#control,
      path: `/indexes/${encodeURIComponent(name)}`,
      what: 'describe the index',
      repeatable: true,
      parse: (answer, source) => parseIndexModel(answer, source, name),
      signal: options.signal,
    });
  }

  /**
   * Starts an import and returns its id. Made again only after a refused connection or a 429; any other fault comes out
   * at once as an ApiError whose `mayHaveActed` says what is known. Use `startImport` of `start.ts`, which finds out.
   */
  async startImport(
    request: { readonly uri: string; readonly integrationId?: string | undefined; readonly errorMode: ErrorMode },
    options: CallOptions = {},
  ): Promise<string> {
    const { uri, integrationId, errorMode } = request;
    return this.#call({
      method: 'POST',
      address: this.#dataPlane(),
      path: '/bulk/imports',
      // The server's default of errorMode has changed over time and between clients, so it is always sent.
      body: { uri, ...(integrationId === undefined ? {} : { integrationId }), errorMode: { onError: errorMode } },
      what: 'start the import',
      repeatable: false,
      parse: parseStarted,
      signal: options.signal,
    });
  }

  async describeImport(id: string, options: CallOptions = {}): Promise<ImportModel> {
    return this.#call({
      method: 'GET',
      address: this.#dataPlane(),
      path: `/bulk/imports/${encodeURIComponent(id)}`,
      what: 'describe the import',
      repeatable: true,
      parse: (answer, source) => parseImportModel(answer, source, id),
      signal: options.signal,
    });
  }

  /** One page of the imports of the index. `limit`: 1–100. */
  async listImports(
    page: { readonly limit?: number | undefined; readonly paginationToken?: string | undefined } = {},
    options: CallOptions = {},
  ): Promise<ImportPage> {
    return this.#call({
      method: 'GET',
      address: this.#dataPlane(),
      path: '/bulk/imports',
      query: pageQuery(page),
      what: 'list the imports',
      repeatable: true,
      parse: parseImportPage,
      signal: options.signal,
    });
  }

  /** Every import of the index, page after page. Ends when a page token comes a second time. */
  async *allImports(options: CallOptions = {}): AsyncGenerator<ImportModel, void, undefined> {
    const seen = new Set<string>();
    let paginationToken: string | undefined;
    do {
      const page = await this.listImports({ limit: LIST_PAGE_SIZE, paginationToken }, options);
      yield* page.imports;
      paginationToken = freshToken(page.next, seen);
    } while (paginationToken !== undefined);
  }

  /** Asks to cancel an import. Without effect on one that is over; what was imported stays. */
  async cancelImport(id: string, options: CallOptions = {}): Promise<void> {
    await this.#call({
      method: 'DELETE',
      address: this.#dataPlane(),
      path: `/bulk/imports/${encodeURIComponent(id)}`,
      what: 'cancel the import',
      repeatable: true,
      parse: () => undefined,
      signal: options.signal,
    });
  }

  async indexStats(options: CallOptions = {}): Promise<IndexStats> {
    return this.#call({
      method: 'POST',
      address: this.#dataPlane(),
      path: '/describe_index_stats',
      body: {},
      what: 'count the records',
      repeatable: true,
      parse: parseIndexStats,
      signal: options.signal,
    });
  }

  /** Every namespace of the index, page after page. Ends when a page token comes a second time. */
  async *listNamespaces(options: CallOptions = {}): AsyncGenerator<NamespaceInfo, void, undefined> {
    const seen = new Set<string>();
    let paginationToken: string | undefined;
    do {
      const page = await this.#call({
        method: 'GET',
        address: this.#dataPlane(),
        path: '/namespaces',
        query: pageQuery({ limit: LIST_PAGE_SIZE, paginationToken }),
        what: 'list the namespaces',
        repeatable: true,
        parse: parseNamespacePage,
        signal: options.signal,
      });
      yield* page.namespaces;
      paginationToken = freshToken(page.next, seen);
    } while (paginationToken !== undefined);
  }

  /** @returns undefined when there is no such namespace */
  async describeNamespace(name: string, options: CallOptions = {}): Promise<NamespaceInfo | undefined> {
    return this.#unlessMissing(
      this.#call({
        method: 'GET',
        address: this.#dataPlane(),
        path: namespacePath(name),
        what: 'describe the namespace',
        repeatable: true,
        parse: (answer, source) => parseNamespace(answer, source, name),
        signal: options.signal,
      }),
    );
  }

  /** Deletes a namespace with all its records, for good. Does nothing when there is none. */
  async deleteNamespace(name: string, options: CallOptions = {}): Promise<void> {
    await this.#unlessMissing(
      this.#call({
        method: 'DELETE',
        address: this.#dataPlane(),
        path: namespacePath(name),
        what: 'delete the namespace',
        repeatable: true,
        parse: () => undefined,
        signal: options.signal,
      }),
    );
  }

  /** Records by id; those that are not there are not in the map. Keep the URL short: some dozens of ids at once. */
  async fetchVectors(
    ids: readonly string[],
    namespace: string,
    options: CallOptions = {},
  ): Promise<Map<string, FetchedRecord>> {
    const query = new URLSearchParams(ids.map((id): [string, string] => ['ids', id]));
    query.set('namespace', namespace === '' ? DEFAULT_NAMESPACE : namespace);
    return this.#call({
      method: 'GET',
      address: this.#dataPlane(),
      path: '/vectors/fetch',
      query,
      what: 'fetch records',
      repeatable: true,
      parse: parseFetched,
      signal: options.signal,
    });
  }

  #dataPlane(): ServiceAddress {
    if (this.#index === undefined) {
      throw new PineloadError('OPTION_INVALID', { field: 'indexHost', expected: 'the host of an index', got: 'none' });
    }
    return this.#index;
  }

  async #unlessMissing<T>(answer: Promise<T>): Promise<T | undefined> {
    try {
      return await answer;
    } catch (error) {
      if (error instanceof PineloadError && error.code === 'API_NOT_FOUND') return undefined;
      throw error;
    }
  }

  /** A call with its repetitions. */
  async #call<T>(call: Call<T>): Promise<T> {
    const { tries = API_TRIES, maxRetryAfterMs = MAX_RETRY_AFTER_MS } = this.#timing;
    const { retryBaseMs = RETRY_BASE_MS, retryMaxMs = RETRY_MAX_MS } = this.#timing;
    // The waiting is done in shouldRetry, since only there the fault is known that says how long; p-retry counts.
    return pRetry(() => this.#attempt(call), {
      retries: Math.max(0, tries - 1),
      minTimeout: 0,
      factor: 1,
      shouldRetry: async ({ error, attemptNumber }) => {
        if (!(error instanceof ApiError) || !error.retryable) return false;
        if (error.mayHaveActed && !call.repeatable) return false;
        const asked = error.retryAfterMs ?? 0;
        if (asked > maxRetryAfterMs) return false;
        const delayMs = Math.max(asked, backoffDelay(attemptNumber, retryBaseMs, retryMaxMs));
        this.#onEvent?.({
          type: 'retry',
          stage: 'importer',
          what: call.what,
          attempt: attemptNumber,
          delayMs,
          cause: error.message,
        });
        await pause(delayMs, call.signal);
        return true;
      },
    });
  }

  /** One request. */
  async #attempt<T>(call: Call<T>): Promise<T> {
    throwIfAborted(call.signal);
    const { requestTimeoutMs = REQUEST_TIMEOUT_MS } = this.#timing;
    // Without the query: it may hold page tokens and ids.
    const source = `${call.method} ${call.address.origin}${call.path}`;
    // An own controller for each request: joining signals with AbortSignal.any would pile up on one that lives for hours.
    const controller = new AbortController();
    let timedOut = false;
    const timer = setTimeout(() => {
      timedOut = true;
      controller.abort();
    }, requestTimeoutMs);
    const onAbort = (): void => controller.abort();
    call.signal?.addEventListener('abort', onAbort, { once: true });
    try {
      const query = call.query === undefined || call.query.size === 0 ? '' : `?${call.query.toString()}`;
      const response = await fetch(`${call.address.origin}${call.path}${query}`, {
        method: call.method,
        headers: this.#headers(call),
        body: call.body === undefined ? null : JSON.stringify(call.body),
        // Following would send the API key to wherever the answer points.
        redirect: 'manual',
        signal: controller.signal,
      });
      const text = await readBoundedText(response, this.#maxAnswerBytes);
      if (!response.ok) throw this.#refusal(response, text ?? '', source);
      if (text === undefined) {
        throw new ApiError(
          'API_ANSWER_INVALID',
          { source, expected: `at most ${this.#maxAnswerBytes} bytes`, got: 'more', retryable: false },
          { status: response.status, mayHaveActed: true },
        );
      }
      return call.parse(this.#decode(text, source, call), source);
    } catch (thrown) {
      if (call.signal?.aborted === true) throw abortError(call.signal);
      if (thrown instanceof ApiError) throw this.#withoutKey(thrown);
      if (thrown instanceof PineloadError) throw thrown;
      if (timedOut) {
        throw new ApiError(
          'API_TEMPORARY',
          { source, message: `no complete answer within ${requestTimeoutMs / 1000} s` },
          { mayHaveActed: true },
        );
      }
      throw networkError(thrown, source);
    } finally {
      clearTimeout(timer);
      call.signal?.removeEventListener('abort', onAbort);
    }
  }

  #headers(call: Call<unknown>): Record<string, string> {
    const apiKey = this.#apiKey ?? (call.address.loopback ? EMULATOR_API_KEY : undefined);
    if (apiKey === undefined) throw apiKeyMissing();
    return {
      'Api-Key': apiKey,
      'X-Pinecone-Api-Version': this.apiVersion,
      Accept: 'application/json',
      ...(call.body === undefined ? {} : { 'Content-Type': 'application/json' }),
    };
  }

  #refusal(response: Response, text: string, source: string): ApiError {
    const retryAfterMs = parseRetryAfter(response.headers.get('retry-after'), Date.now());
    const message = messageOf(this.#redact(text));
    return statusError(response.status, message, source, retryAfterMs);
  }

  #decode(text: string, source: string, call: Call<unknown>): unknown {
    if (call.method === 'DELETE') return undefined;
    try {
      return JSON.parse(text) as unknown;
    } catch {
      throw invalidAnswer(source, 'JSON', text);
    }
  }

  #withoutKey(error: ApiError): ApiError {
    const { code, source, expected, got, mayHaveActed, retryable, status } = error;
    if (got === undefined || this.#redact(got) === got) return error;
    const details = { source, expected, got: this.#redact(got), retryable };
    return new ApiError(code, details as ErrorDetails, { mayHaveActed, ...(status === undefined ? {} : { status }) });
  }

  /** What the service says ends up in messages and logs; should it repeat the key, that is taken out. */
  #redact(text: string): string {
    const key = this.#apiKey;
    return key === undefined || key.length < 8 ? text : text.replaceAll(key, '***');
  }
}

function pageQuery(page: {
  readonly limit?: number | undefined;
  readonly paginationToken?: string | undefined;
}): URLSearchParams {
  const query = new URLSearchParams();
  if (page.limit !== undefined) {
    if (!Number.isInteger(page.limit) || page.limit < 1 || page.limit > LIST_PAGE_SIZE) {
      throw new PineloadError('OPTION_INVALID', {
        field: 'limit',
        expected: `1 to ${LIST_PAGE_SIZE}`,
        got: String(page.limit),
      });
    }
    query.set('limit', String(page.limit));
  }
  if (page.paginationToken !== undefined) query.set('paginationToken', page.paginationToken);
  return query;
}

/** The next page's token, or undefined when there is none or it was there before (an endless list). */
function freshToken(next: string | undefined, seen: Set<string>): string | undefined {
  if (next === undefined || seen.has(next)) return undefined;
  seen.add(next);
  return next;
}

/** API versions from 2025-04 call the default namespace `__default__`; `.` and `..` would change the path. */
function namespacePath(name: string): string {
  if (name === '.' || name === '..') {
    throw new PineloadError('OPTION_INVALID', { field: 'namespace', expected: 'a name other than "." and ".."' });
  }
  return `/namespaces/${encodeURIComponent(name === '' ? DEFAULT_NAMESPACE : name)}`;
}
