/** What a call is answered with. */
export interface Answer {
  readonly status: number;
  /** Sent as JSON; undefined for an empty body. */
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

export const ok = (body: unknown): Answer => ({ status: 200, body });

/** google.rpc.Code, by HTTP status; the data plane's errors carry the number, the control plane's the name. */
const CODES = new Map<number, readonly [number, string]>([
  [400, [3, 'INVALID_ARGUMENT']],
  [401, [16, 'UNAUTHENTICATED']],
  [403, [7, 'FORBIDDEN']],
  [404, [5, 'NOT_FOUND']],
  [405, [12, 'UNIMPLEMENTED']],
  [409, [6, 'ALREADY_EXISTS']],
  [413, [3, 'INVALID_ARGUMENT']],
  [422, [3, 'UNPROCESSABLE_ENTITY']],
  [429, [8, 'RESOURCE_EXHAUSTED']],
  [500, [13, 'INTERNAL']],
  [501, [12, 'UNIMPLEMENTED']],
  [503, [14, 'UNAVAILABLE']],
  [504, [4, 'DEADLINE_EXCEEDED']],
]);

/** A call that is refused; `message` is what the client gets to read. */
export class ApiError extends Error {
  override readonly name = 'ApiError';

  constructor(
    readonly status: number,
    message: string,
    readonly headers: Readonly<Record<string, string>> = {},
  ) {
    super(message);
  }

  /** `{code, message, details}` on the data plane (`rpcStatus`), `{status, error}` on the control plane (`ErrorResponse`). */
  toAnswer(plane: 'control' | 'data'): Answer {
    const [number, name] = CODES.get(this.status) ?? [2, 'UNKNOWN'];
    const body =
      plane === 'data'
        ? { code: number, message: this.message, details: [] }
        : { error: { code: name, message: this.message }, status: this.status };
    return { status: this.status, body, headers: this.headers };
  }
}
