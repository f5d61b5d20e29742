import type { ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { FaultRule } from '../faults.js';
import { ApiError, type Answer } from './answer.js';

/** Sends an answer as JSON. */
export function send(response: ServerResponse, answer: Answer): void {
  if (response.writableEnded || response.destroyed) return;
  const text = answer.body === undefined ? '' : JSON.stringify(answer.body);
  response.writeHead(answer.status, {
    ...(text === '' ? {} : { 'content-type': 'application/json; charset=UTF-8' }),
    'content-length': Buffer.byteLength(text),
    ...answer.headers,
  });
  response.end(text);
}

/** A web page where JSON should be, as a proxy in between might send it. */
const GARBAGE = '<html><head><title>upstream</title></head><body>{"id": </body></html>';

/**
 * Plays a fault instead of sending the answer.
 *
 * @returns the status that went out, 0 for none.
 */
export async function sendFault(
  response: ServerResponse,
  fault: FaultRule,
  answer: Answer,
  plane: 'control' | 'data',
): Promise<number> {
  if (fault.delayMs !== undefined) await sleep(fault.delayMs);
  switch (fault.kind) {
    case 'delay':
      send(response, answer);
      return answer.status;
    case 'reset':
      response.socket?.resetAndDestroy();
      return 0;
    case 'garbage':
      response.writeHead(200, { 'content-type': 'text/html', 'content-length': GARBAGE.length });
      response.end(GARBAGE);
      return 200;
    case 'status': {
      const status = fault.status ?? 500;
      const headers: Record<string, string> =
        fault.retryAfter === undefined ? {} : { 'retry-after': String(fault.retryAfter) };
      send(response, new ApiError(status, MESSAGES.get(status) ?? 'Internal server error', headers).toAnswer(plane));
      return status;
    }
  }
}

const MESSAGES = new Map([
  [429, 'Too many requests. Please retry after some time.'],
  [503, 'The service is unavailable.'],
]);
