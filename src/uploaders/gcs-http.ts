import * as http from 'node:http';
import * as https from 'node:https';
import type { Readable } from 'node:stream';
import type { Storage } from '@google-cloud/storage';
import type { RequestPace } from './request-pace.js';
import { networkCode } from './store-errors.js';

export interface GcsRequest {
  readonly url: string;
  readonly method: 'GET' | 'PUT' | 'DELETE';
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Buffer | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface GcsAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** The bytes as they are stored: no Content-Encoding is undone. */
  readonly stream: Readable;
}

/** A connection that says nothing for so long, in milliseconds, is given up. */
export const GCS_IDLE_TIMEOUT_MS = 60_000;

/**
 * Requests for object bytes, both ways, which the SDK's own HTTP stack must not carry: its read streams (node-fetch 2) wait for
 * ever when a connection breaks in the middle of an answer, and its upload stream counts tries over the whole object.
 * Credentials are still the SDK's. Behind an HTTP proxy, which Node's own client does not know, the SDK's stack is used
 * after all, and the reader's own time limit ends such a wait.
 */
export class GcsHttp {
  constructor(
    private readonly storage: Storage,
    private readonly anonymous: boolean,
    private readonly pace: RequestPace,
    private readonly proxied = ['HTTPS_PROXY', 'https_proxy'].some((name) => Boolean(process.env[name])),
  ) {}

  async send(request: GcsRequest): Promise<GcsAnswer> {
    const leave = await this.pace.enter(request.body?.length ?? 0, request.signal);
    try {
      const answer = await this.#send(request);
      leave({ status: answer.status });
      return answer;
    } catch (error) {
      leave({ broken: networkCode(error) ?? 'no answer' });
      throw error;
    }
  }

  async #send(request: GcsRequest): Promise<GcsAnswer> {
    if (this.anonymous) return direct(request);
    if (!this.proxied) {
      const credentials = await this.storage.authClient.getRequestHeaders(request.url);
      return direct({ ...request, headers: { ...credentials, ...request.headers } });
    }
    const options = {
      url: request.url,
      method: request.method,
      headers: request.headers,
      body: request.body,
      signal: request.signal as never,
      responseType: 'stream',
      retry: false,
      // Passed on to node-fetch: bytes as they are stored.
      compress: false,
      validateStatus: () => true,
    } as const;
    const answer = await this.storage.authClient.request<Readable>(options);
    return { status: answer.status, headers: answer.headers as GcsAnswer['headers'], stream: answer.data };
  }
}

/** The text of an answer whose body is small. */
export async function textOf({ stream }: GcsAnswer): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of stream) chunks.push(chunk as Uint8Array);
  return Buffer.concat(chunks).toString();
}

function direct({ url, method, headers, body, signal }: GcsRequest): Promise<GcsAnswer> {
  const client = url.startsWith('http:') ? http : https;
  return new Promise((resolve, reject) => {
    const options = { method, headers, timeout: GCS_IDLE_TIMEOUT_MS, ...(signal === undefined ? {} : { signal }) };
    const request = client.request(url, options, (answer) => {
      resolve({ status: answer.statusCode ?? 0, headers: answer.headers, stream: answer });
    });
    request.on('timeout', () => request.destroy(Object.assign(new Error('no answer in time'), { code: 'ETIMEDOUT' })));
    request.on('error', reject);
    request.end(body);
  });
}
