import { PineloadError, quote, type ErrorCode, type ErrorDetails } from '../base/errors.js';

/** A PineloadError of an API call, with what deciding about a repetition needs to know. */
export class ApiError extends PineloadError {
  /** HTTP status, where there was an answer. */
  readonly status: number | undefined;
  /** What the service asked to wait in ms. */
  readonly retryAfterMs: number | undefined;
  /** False only when it is certain that the service did nothing: it refused, or it never saw the request. */
  readonly mayHaveActed: boolean;

  constructor(
    code: ErrorCode,
    details: ErrorDetails,
    facts: { readonly status?: number; readonly retryAfterMs?: number | undefined; readonly mayHaveActed: boolean },
  ) {
    super(code, details);
    this.status = facts.status;
    this.retryAfterMs = facts.retryAfterMs;
    this.mayHaveActed = facts.mayHaveActed;
  }
}

/** Longest piece of the service's own text that goes into a message, in characters. */
export const MAX_QUOTED_ANSWER = 500;

/**
 * The error for an HTTP status that is no success.
 *
 * - 401, and 403 that speaks of the key or its rights: API_UNAUTHORIZED. Other 403 (plan, quota): API_REFUSED.
 * - 404: API_NOT_FOUND. 408, 425, 429 and 5xx: API_TEMPORARY. Other 3xx and 4xx: API_REFUSED.
 *
 * 408, 425 and 5xx may come from something on the way after the service has acted; 429 and other 4xx mean it has not.
 */
export function statusError(
  status: number,
  serviceMessage: string | undefined,
  source: string,
  retryAfterMs: number | undefined,
): ApiError {
  const said = serviceMessage === undefined ? '' : `: ${quote(serviceMessage, MAX_QUOTED_ANSWER)}`;
  const make = (code: ErrorCode, message: string, mayHaveActed: boolean, hint?: string): ApiError =>
    new ApiError(
      code,
      { source, message: `${message} (HTTP ${status})${said}`, ...(hint === undefined ? {} : { hint }) },
      { status, retryAfterMs, mayHaveActed },
    );
  if (status === 401) return make('API_UNAUTHORIZED', 'Pinecone refused the API key', false, KEY_HINT);
  if (status === 403) {
    // 403 also stands for plan and quota limits ("QUOTA_EXCEEDED"), which another key would not help.
    return serviceMessage === undefined || /\bkey\b|credential|unauth|permission|forbidden/i.test(serviceMessage)
      ? make('API_UNAUTHORIZED', 'Pinecone does not allow this to the API key', false, KEY_HINT)
      : make('API_REFUSED', 'Pinecone refused the request', false);
  }
  if (status === 404) return make('API_NOT_FOUND', 'Pinecone does not know this', false);
  if (status === 429) return make('API_TEMPORARY', 'Pinecone asks to slow down', false);
  // RFC 9110, 15.6.2: the server does not do this at all; asking again would not change it.
  if (status === 501) return make('API_REFUSED', 'Pinecone does not do this', false);
  if (status === 408 || status === 425 || status >= 500) {
    return make('API_TEMPORARY', 'Pinecone did not answer as it should', true);
  }
  if (status >= 300 && status < 400) {
    // A redirect is not followed: the API key would go along to wherever it points.
    return make('API_REFUSED', 'the host redirects elsewhere, which is not followed', false, 'Check the host.');
  }
  return make('API_REFUSED', 'Pinecone refused the request', false);
}

const KEY_HINT = 'Check that the API key belongs to the project of this index and may use its data plane.';

/** What a failing `fetch` says of the connection: undici wraps the system's error as `cause`. */
interface SystemFault {
  readonly code?: unknown;
  readonly syscall?: unknown;
  readonly message?: unknown;
  readonly errors?: unknown;
}

/** The error for a request without an answer: refused, reset, unknown host, certificate not trusted. */
export function networkError(thrown: unknown, source: string): ApiError {
  const fault = rootFault(thrown);
  const code = typeof fault.code === 'string' ? fault.code : undefined;
  const text = code ?? (typeof fault.message === 'string' ? quote(fault.message) : 'unknown fault');
  if (code !== undefined && /^(ERR_TLS|CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO_)/.test(code)) {
    return new ApiError(
      'API_REFUSED',
      {
        source,
        message: `the certificate of the host is not trusted (${code})`,
        hint: 'If a proxy with its own certificate authority is in between, name its certificate in NODE_EXTRA_CA_CERTS.',
        cause: thrown,
      },
      { mayHaveActed: false },
    );
  }
  // A connection that never came about carried no request. Anything later (a reset, say) leaves that open.
  const unsent =
    fault.syscall === 'connect' ||
    fault.syscall === 'getaddrinfo' ||
    code === 'ECONNREFUSED' ||
    code === 'UND_ERR_CONNECT_TIMEOUT';
  return new ApiError(
    'API_TEMPORARY',
    {
      source,
      message: unsent ? `no connection (${text})` : `the connection broke before the answer was complete (${text})`,
      ...(unsent ? { hint: 'Check the host and the network.' } : {}),
      cause: thrown,
    },
    { mayHaveActed: !unsent },
  );
}

/** Node tries several addresses of a host and wraps their faults: all of the same kind, so the first stands for them. */
function rootFault(thrown: unknown): SystemFault {
  let fault = thrown as SystemFault & { cause?: unknown };
  for (let depth = 0; depth < 4; depth++) {
    const inner: unknown = Array.isArray(fault.errors) ? fault.errors[0] : fault.cause;
    if (typeof inner !== 'object' || inner === null) break;
    fault = inner;
  }
  return fault;
}
