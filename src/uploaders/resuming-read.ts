import type { Readable } from 'node:stream';
import { abortError, throwIfAborted } from '../base/abort.js';
import { PineloadError } from '../base/errors.js';
import { pauseBeforeRetry } from './pause.js';

/** A stream that gives no byte for so long, in milliseconds, counts as broken. */
export const READ_IDLE_MS = 60_000;

/** One answered request for bytes. */
export interface OpenedRead {
  readonly stream: AsyncIterable<Uint8Array>;
  /** Byte after the last one this stream gives. */
  readonly end: number;
  /** Version of the object, so that a second request cannot go on with another one. */
  readonly etag: string | undefined;
  /** Ends a stream that is being waited for. Default: its own `destroy`. */
  readonly cancel?: ((error: Error) => void) | undefined;
}

export interface ResumingRead {
  readonly source: string;
  readonly start: number;
  /** Byte after the last one wanted; undefined for the end of the object. */
  readonly end: number | undefined;
  /** Tries without a single byte before giving up. */
  readonly tries: number;
  readonly signal: AbortSignal | undefined;
  /** Asks for `[start, end)` of the version `etag`. Undefined when `start` is at or past the end of the object. */
  open(start: number, end: number | undefined, etag: string | undefined): Promise<OpenedRead | undefined>;
  explain(error: unknown): PineloadError;
}

/** What a request for the version first seen gets when the object is another one by now, or none. */
const GONE = new Set(['OBJECT_EXISTS', 'OBJECT_NOT_FOUND']);

/**
 * Reads bytes as they come and, when the connection breaks, goes on from the byte reached. The SDKs repeat requests that were not
 * answered; an answer that breaks off half-way is left to us.
 */
export async function* resumingRead(read: ResumingRead): AsyncIterable<Uint8Array> {
  const { signal } = read;
  let at = read.start;
  let { end } = read;
  let etag: string | undefined;
  let fruitless = 0;
  if (end !== undefined && at >= end) return;
  for (;;) {
    throwIfAborted(signal);
    const opened = await openOrExplain(read, at, end, etag);
    if (opened === undefined) return;
    etag ??= opened.etag;
    end = opened.end;
    const cancel = opened.cancel ?? ((error: Error) => void (opened.stream as Partial<Readable>).destroy?.(error));
    const stop = () => cancel(abortError(signal!));
    signal?.addEventListener('abort', stop, { once: true });
    try {
      for await (const chunk of patiently(opened.stream, cancel, read.source)) {
        throwIfAborted(signal);
        at += chunk.length;
        fruitless = 0;
        yield chunk;
      }
      if (at >= end) return;
      throw new PineloadError('STORE_TEMPORARY', { source: read.source, message: 'the answer broke off' });
    } catch (error) {
      throwIfAborted(signal);
      const explained = read.explain(error);
      // At the end nothing is left to ask for: that was a checksum that did not fit.
      if (at >= end || !explained.retryable || ++fruitless >= read.tries) throw explained;
      await pauseBeforeRetry(fruitless, signal);
    } finally {
      signal?.removeEventListener('abort', stop);
    }
  }
}

/** The stream, which fails when it says nothing for READ_IDLE_MS while someone waits for it. */
async function* patiently(
  stream: AsyncIterable<Uint8Array>,
  cancel: (error: Error) => void,
  source: string,
): AsyncIterable<Uint8Array> {
  let timer: NodeJS.Timeout | undefined;
  const late = () => cancel(new PineloadError('STORE_TEMPORARY', { source, message: 'the answer stalled' }));
  try {
    timer = setTimeout(late, READ_IDLE_MS);
    for await (const chunk of stream) {
      clearTimeout(timer);
      yield chunk;
      timer = setTimeout(late, READ_IDLE_MS);
    }
  } finally {
    clearTimeout(timer);
  }
}

async function openOrExplain(read: ResumingRead, at: number, end: number | undefined, etag: string | undefined) {
  try {
    return await read.open(at, end, etag);
  } catch (error) {
    const explained = read.explain(error);
    if (etag === undefined || !GONE.has(explained.code)) throw explained;
    throw new PineloadError('STORE_REFUSED', {
      source: read.source,
      message: 'the object changed while it was read',
      cause: explained,
    });
  }
}
