import type { IncomingMessage } from 'node:http';
import { ApiError } from './answer.js';

/** Bodies of the calls answered here are small; more is refused. */
const MAX_BODY_BYTES = 2 * 1024 * 1024;

/** A request, taken apart. */
export interface EmulatorRequest {
  readonly method: string;
  /** As sent, without the query. */
  readonly path: string;
  /** Percent-decoded parts of the path. */
  readonly segments: readonly string[];
  readonly query: URLSearchParams;
  readonly apiKey: string | undefined;
  readonly apiVersion: string | undefined;
  readonly body: Buffer;
}

/** Reads the whole request. Throws an ApiError when it is no request that can be answered. */
export async function readRequest(message: IncomingMessage): Promise<EmulatorRequest> {
  const url = new URL(message.url ?? '/', 'http://emulator');
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const part of message as AsyncIterable<Buffer>) {
    bytes += part.length;
    if (bytes > MAX_BODY_BYTES) throw new ApiError(413, 'The request body is too large');
    parts.push(part);
  }
  return {
    method: message.method ?? 'GET',
    path: url.pathname,
    segments: url.pathname
      .split('/')
      .filter((part) => part !== '')
      .map(decodeSegment),
    query: url.searchParams,
    apiKey: header(message, 'api-key'),
    apiVersion: header(message, 'x-pinecone-api-version'),
    body: Buffer.concat(parts),
  };
}

/** The body as a JSON object; an empty body is an empty object. */
export function jsonBody(request: EmulatorRequest): Record<string, unknown> {
  if (request.body.length === 0) return {};
  let parsed: unknown;
  try {
    parsed = JSON.parse(request.body.toString('utf8'));
  } catch {
    throw new ApiError(400, 'The request body is not valid JSON');
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) {
    throw new ApiError(400, 'The request body must be a JSON object');
  }
  return parsed as Record<string, unknown>;
}

function decodeSegment(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    throw new ApiError(400, 'The path is not percent-encoded as it should be');
  }
}

function header(message: IncomingMessage, name: string): string | undefined {
  const value = message.headers[name];
  return Array.isArray(value) ? value[0] : value;
}
