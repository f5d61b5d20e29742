import type { IncomingMessage, ServerResponse } from 'node:http';
import type { EmulatorListener } from '../events.js';
import type { FaultRule, Faults } from '../faults.js';
import { parseFaults } from '../faults.js';
import type { RequestLog } from '../request-log.js';
import type { IndexState } from '../state/index-state.js';
import { ApiError, type Answer, ok } from './answer.js';
import { type EmulatorRequest, jsonBody, readRequest } from './request.js';
import { send, sendFault } from './respond.js';
import { controlRoute, dataRoute, type Route, type RouteHost } from './routes.js';

/** What answering needs of the emulator. */
export interface HandlerContext {
  readonly host: RouteHost;
  readonly faults: Faults;
  readonly log: RequestLog;
  readonly apiKey: string | undefined;
  readonly onEvent: EmulatorListener | undefined;
}

/** Which part of the emulator a port stands for: `undefined` index on the main port when there is none yet. */
export interface PortRole {
  readonly isMain: boolean;
  index(): IndexState | undefined;
}

/** Answers one request: the emulator's own calls, then the control plane (main port only), then the port's index. */
export async function handle(
  context: HandlerContext,
  role: PortRole,
  message: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const begun = performance.now();
  let plane: Route['plane'] = role.isMain && /^\/indexes(\/|$|\?)/.test(message.url ?? '') ? 'control' : 'data';
  let request: EmulatorRequest;
  let route: Route;
  try {
    request = await readRequest(message);
    if (request.segments[0] === '__emulator') {
      send(response, ownCall(context, request));
      return;
    }
    route = findRoute(role, request);
    plane = route.plane;
  } catch (error) {
    send(response, failure(error, plane));
    return;
  }

  const fault = context.faults.next(route.operation);
  const acted = fault === undefined || fault.kind === 'delay' || fault.when === 'after';
  const answer = acted ? await act(context, route, request) : { status: 500 };
  const status = fault ? await sendFault(response, fault, answer, plane) : answer.status;
  if (!fault) send(response, answer);
  report(context, role, request, route, status, acted, fault, performance.now() - begun);
}

function findRoute(role: PortRole, request: EmulatorRequest): Route {
  const control = role.isMain ? controlRoute(request) : undefined;
  if (control) return control;
  const index = role.index();
  if (!index) throw new ApiError(404, 'The emulator has no index at this address');
  return dataRoute(request, index);
}

async function act(context: HandlerContext, route: Route, request: EmulatorRequest): Promise<Answer> {
  try {
    // The service answers both a missing and a wrong key with this text.
    const known = request.apiKey !== undefined && request.apiKey !== '';
    if (!known || (context.apiKey !== undefined && request.apiKey !== context.apiKey)) {
      throw new ApiError(401, 'Invalid API key.');
    }
    return await route.act(context.host);
  } catch (error) {
    return failure(error, route.plane);
  }
}

function failure(error: unknown, plane: Route['plane']): Answer {
  if (error instanceof ApiError) return error.toAnswer(plane);
  const text = error instanceof Error ? error.message : String(error);
  return new ApiError(500, `The emulator failed: ${text}`).toAnswer(plane);
}

/** Calls about the emulator itself. They need no key. */
function ownCall({ faults, log }: HandlerContext, request: EmulatorRequest): Answer {
  const what = request.segments.slice(1).join('/');
  if (what === 'health' && request.method === 'GET') return ok({ status: 'ok' });
  if (what === 'log' && request.method === 'GET') return ok(log.snapshot());
  if (what === 'faults') {
    if (request.method === 'POST') {
      const settings = parseFaults(jsonBody(request));
      if (typeof settings === 'string') throw new ApiError(400, settings);
      faults.set(settings);
    } else if (request.method === 'DELETE') {
      faults.set({});
    } else if (request.method !== 'GET') {
      throw new ApiError(405, 'GET, POST or DELETE');
    }
    return ok(faults.settings);
  }
  throw new ApiError(404, 'The emulator has the calls health, log and faults');
}

function report(
  context: HandlerContext,
  role: PortRole,
  request: EmulatorRequest,
  route: Route,
  status: number,
  acted: boolean,
  fault: FaultRule | undefined,
  ms: number,
): void {
  const index = route.plane === 'data' ? role.index()?.settings.name : undefined;
  const { operation } = route;
  const { method, path, apiVersion } = request;
  context.log.add({ operation, index, status, acted, apiVersion });
  context.onEvent?.({
    type: 'request',
    method,
    path,
    index,
    operation,
    status,
    ms,
    apiVersion,
    fault: fault && `${fault.kind} ${fault.when ?? 'before'}`,
  });
}
