import * as http from 'node:http';
import * as https from 'node:https';
import type { Socket } from 'node:net';
import type { ContainerClient } from '@azure/storage-blob';
import { pauseBeforeRetry } from './pause.js';
import type { RequestPace } from './request-pace.js';
import { networkCode } from './store-errors.js';

/** A connection that says nothing for so long, in milliseconds, is given up. */
export const AZURE_IDLE_TIMEOUT_MS = 60_000;
const MAX_SOCKETS = 256;
/** https://learn.microsoft.com/rest/api/storageservices/common-rest-api-error-codes, and what gateways add. */
const TEMPORARY = new Set([408, 429, 500, 502, 503, 504]);

/** Of the SDK's request and answer what is looked at here; its own types live in a package that it does not pass on. */
interface SentRequest {
  readonly url: string;
  readonly body?: unknown;
  readonly abortSignal?: AbortSignal;
  agent?: http.Agent;
}
interface Answer {
  readonly status: number;
  readonly headers: { get(name: string): string | undefined };
  readonly readableStreamBody?: NodeJS.ReadableStream & { destroy?(): void };
}
interface Policy {
  readonly name: string;
  sendRequest(request: SentRequest, next: (request: SentRequest) => Promise<Answer>): Promise<Answer>;
}
interface Pipeline {
  addPolicy(policy: Policy, options: { readonly afterPhase: 'Retry' }): void;
}

/**
 * Every try of every request of the container passes the pace. Retries are made here too and the SDK's own are to be off: they repeat
 * at once and without jitter, do not know 429, 502 and 504, and wait for ever on a connection that says nothing.
 */
export function paceAzure(container: ContainerClient, pace: RequestPace, tries: number): void {
  const agents = { 'http:': idleAgent(http.Agent), 'https:': idleAgent(https.Agent) };
  const policy: Policy = {
    name: 'pineloadPacePolicy',
    sendRequest: async (request, next) => {
      // Behind a proxy the SDK has set an agent of its own.
      request.agent ??= request.url.startsWith('http:') ? agents['http:'] : agents['https:'];
      const bytes = request.body instanceof Uint8Array ? request.body.byteLength : 0;
      for (let attempt = 1; ; attempt++) {
        const leave = await pace.enter(bytes, request.abortSignal);
        try {
          const answer = await next(request);
          leave({ status: answer.status });
          if (attempt >= tries || !TEMPORARY.has(answer.status)) return answer;
          answer.readableStreamBody?.destroy?.();
        } catch (error) {
          const network = networkCode(error);
          leave({ broken: network ?? 'no answer' });
          if (attempt >= tries || network === undefined || request.abortSignal?.aborted) throw error;
        }
        await pauseBeforeRetry(attempt, request.abortSignal);
      }
    },
  };
  // The pipeline of a container is that of its blobs; the SDK has no public way to put a policy behind its retries.
  const { storageClientContext } = container as unknown as { storageClientContext: { pipeline: Pipeline } };
  storageClientContext.pipeline.addPolicy(policy, { afterPhase: 'Retry' });
}

/** An agent whose connections end with ETIMEDOUT when they stand still. */
function idleAgent(Agent: typeof http.Agent): http.Agent {
  const agent = new Agent({ keepAlive: true, maxSockets: MAX_SOCKETS });
  const connect = agent.createConnection.bind(agent);
  agent.createConnection = (options, callback) => {
    const socket = connect(options, callback) as Socket;
    return socket.setTimeout(AZURE_IDLE_TIMEOUT_MS, () => {
      socket.destroy(Object.assign(new Error('no answer in time'), { code: 'ETIMEDOUT' }));
    });
  };
  return agent;
}
