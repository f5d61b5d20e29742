import { abortError } from '../base/abort.js';
import { type ErrorCode, PineloadError, quote } from '../base/errors.js';

/** What an SDK's error says, under whichever names it says it. */
export interface ServiceFault {
  /** The service's own code, such as `NoSuchBucket`. */
  readonly code?: string | undefined;
  readonly status?: number | undefined;
  readonly message?: string | undefined;
}

export interface FaultContext {
  /** Root or object the request was about, without credentials. */
  readonly source: string;
  readonly fault: ServiceFault;
  /** What the provider's own codes mean; looked at before the status. */
  readonly codes: Readonly<Record<string, ErrorCode>>;
  /** Where this provider's credentials come from, told when it refused them. */
  readonly credentialsHint: string;
  readonly signal?: AbortSignal | undefined;
}

/** Failures of the way to the server; the very same request may succeed later. */
const NETWORK_CODES = new Set([
  'ECONNRESET',
  'ECONNREFUSED',
  'ECONNABORTED',
  'EPIPE',
  'ETIMEDOUT',
  'ESOCKETTIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENETDOWN',
  'EAI_AGAIN',
  'ENOTFOUND',
  'ERR_STREAM_PREMATURE_CLOSE',
  'ERR_HTTP2_STREAM_ERROR',
  'UND_ERR_SOCKET',
  'UND_ERR_CONNECT_TIMEOUT',
  'UND_ERR_HEADERS_TIMEOUT',
  'UND_ERR_BODY_TIMEOUT',
  'REQUEST_SEND_ERROR',
  // Azure: an answer that ended in the middle of its text.
  'PARSE_ERROR',
  'TimeoutError',
  'RequestTimeout',
  // Not on our request, which was looked at before: Azure's streams end so when the connection breaks.
  'AbortError',
]);

/**
 * Turns whatever an SDK threw into a PineloadError. The original is not kept: SDK errors carry whole requests, with
 * signatures and query strings; its name, codes and cleaned message are.
 */
export function explainFault(error: unknown, context: FaultContext): PineloadError {
  if (error instanceof PineloadError) return error;
  const { source, fault, signal } = context;
  if (signal?.aborted) return abortError(signal);
  const network = networkCode(error);
  const code = context.codes[fault.code ?? ''] ?? byStatus(fault.status, network);
  const got = [fault.status, fault.code ?? network].filter((part) => part !== undefined).join(' ');
  const said = cleanText(fault.message ?? '');
  return new PineloadError(code, {
    source,
    ...(got === '' ? {} : { got }),
    ...(code === 'STORE_CREDENTIALS' ? { hint: context.credentialsHint } : {}),
    ...(network === 'ENOTFOUND' ? { hint: 'Check the endpoint and the name of the bucket or account.' } : {}),
    cause: plainCause(error, said),
  });
}

function byStatus(status: number | undefined, network: string | undefined): ErrorCode {
  if (status === undefined) return network === undefined ? 'STORE_REFUSED' : 'STORE_TEMPORARY';
  if (status === 401 || status === 403) return 'STORE_CREDENTIALS';
  if (status === 404) return 'OBJECT_NOT_FOUND';
  if (status === 412) return 'OBJECT_EXISTS';
  if (status === 507) return 'STORE_FULL';
  if (status === 408 || status === 429 || status >= 500) return 'STORE_TEMPORARY';
  return 'STORE_REFUSED';
}

/** The network code of an error, of its cause, or of one of the tries it sums up. */
export function networkCode(error: unknown, depth = 0): string | undefined {
  if (typeof error !== 'object' || error === null || depth > 4) return undefined;
  const { code, name, message, cause, errors } = error as {
    code?: unknown;
    name?: unknown;
    message?: unknown;
    cause?: unknown;
    errors?: unknown;
  };
  if (typeof code === 'string' && NETWORK_CODES.has(code)) return code;
  if (typeof name === 'string' && NETWORK_CODES.has(name)) return name;
  if (message === 'aborted' || message === 'socket hang up' || message === 'terminated') return 'ECONNRESET';
  for (const inner of [cause, ...(Array.isArray(errors) ? (errors as unknown[]) : [])]) {
    const found = networkCode(inner, depth + 1);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Longest piece of a service's answer that is kept. */
const MAX_SAID = 300;

/** A service's words, fit to be shown: one line, short, no query strings, signatures or tokens. */
export function cleanText(text: string): string {
  return text
    .replace(/(https?:\/\/[^\s?'"<>]*)\?[^\s'"<>]*/gi, '$1')
    .replace(
      /\b(sig|signature|sv|se|st|token|accountkey|sharedaccesssignature|x-(?:amz|goog)-[a-z-]+|upload_id)=[^\s&;,'"<>]*/gi,
      '$1=…',
    )
    .replace(/\bBearer\s+\S+/gi, 'Bearer …')
    .replace(/\s+/g, ' ')
    .trim()
    .slice(0, MAX_SAID);
}

function plainCause(error: unknown, said: string): Error {
  const name = error instanceof Error ? error.name : 'Error';
  const text = said !== '' ? said : cleanText(error instanceof Error ? error.message : String(error));
  const cause = new Error(text === '' ? name : quote(text, MAX_SAID));
  cause.name = name;
  return cause;
}
