import http, { type IncomingHttpHeaders } from 'node:http';
import https from 'node:https';

/** A connection that is not made, and one that says nothing, for so long in milliseconds is given up and tried again. */
export const S3_CONNECT_TIMEOUT_MS = 10_000;
export const S3_IDLE_TIMEOUT_MS = 60_000;
/** Sockets at once; the transfer queue decides how many are in use. */
const MAX_SOCKETS = 256;

/** The connections of one store, which the SDK and the puts past it share. */
export interface S3Agents {
  readonly http: http.Agent;
  readonly https: https.Agent;
}

export function s3Agents(): S3Agents {
  const options = { maxSockets: MAX_SOCKETS, keepAlive: true };
  return { http: new http.Agent(options), https: new https.Agent(options) };
}

export interface PutRequest {
  readonly protocol: string;
  /** An address of IPv6 in brackets. */
  readonly hostname: string;
  readonly port?: number | undefined;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  readonly signal?: AbortSignal | undefined;
}

export interface PutAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
}

/** Sends one PUT. Resolves when the answer has come to its end. Rejects with what Node says, and with ETIMEDOUT. */
export function sendPut(agents: S3Agents, put: PutRequest): Promise<PutAnswer> {
  const { protocol, hostname, port, path, headers, body, signal } = put;
  return new Promise((resolve, reject) => {
    const tls = protocol === 'https:';
    const request = (tls ? https : http).request({
      agent: tls ? agents.https : agents.http,
      host: hostname.replace(/^\[|\]$/g, ''),
      method: 'PUT',
      ...(port === undefined ? {} : { port }),
      path,
      headers,
      timeout: S3_IDLE_TIMEOUT_MS,
    });
    const onAbort = (): void => void request.destroy(new Error('aborted'));
    const settled = (): void => signal?.removeEventListener('abort', onAbort);
    const fail = (error: Error): void => {
      settled();
      reject(error);
    };
    request.on('error', fail);
    request.on('response', (answer) => {
      // Its text is of no use: errors are the SDK's business.
      answer.resume();
      answer.on('error', fail);
      answer.on('end', () => {
        settled();
        resolve({ status: answer.statusCode!, headers: answer.headers });
      });
    });
    const giveUp = (what: string) => (): void =>
      void request.destroy(Object.assign(new Error(what), { code: 'ETIMEDOUT' }));
    request.on('timeout', giveUp('the connection stood still'));
    request.on('socket', (socket) => {
      if (!socket.connecting) return;
      const timer = setTimeout(giveUp('no connection was made'), S3_CONNECT_TIMEOUT_MS);
      for (const event of ['connect', 'close']) socket.once(event, () => clearTimeout(timer));
    });
    signal?.addEventListener('abort', onAbort);
    if (signal?.aborted) onAbort();
    request.end(body);
  });
}
