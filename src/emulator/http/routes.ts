import type { Operation } from '../faults.js';
import type { IndexState } from '../state/index-state.js';
import { ApiError, type Answer } from './answer.js';
import { type ControlPlaneHost, createIndex, deleteIndex, describeIndex, listIndexes } from './control-plane.js';
import { cancelImport, describeImport, type ImportsHost, listImports, startImport } from './imports.js';
import {
  createNamespace,
  deleteNamespace,
  describeNamespace,
  listNamespaces,
  type NamespacesHost,
} from './namespaces.js';
import type { EmulatorRequest } from './request.js';
import { describeStats, fetchVectors, listVectors } from './vectors.js';

export type RouteHost = ControlPlaneHost & ImportsHost & NamespacesHost;

/** A call that is understood, ready to be carried out. */
export interface Route {
  readonly operation: Operation;
  readonly plane: 'control' | 'data';
  act(host: RouteHost): Answer | Promise<Answer>;
}

/** The call a request makes on the control plane, or undefined when its path is none of the control plane's. */
export function controlRoute(request: EmulatorRequest): Route | undefined {
  const [first, name, ...rest] = request.segments;
  if (first !== 'indexes' || rest.length > 0) return undefined;
  const route = (operation: Operation, act: Route['act']): Route => ({ operation, plane: 'control', act });
  if (name === undefined) {
    if (request.method === 'GET') return route('listIndexes', (host) => listIndexes(host, request));
    if (request.method === 'POST') return route('createIndex', (host) => createIndex(host, request));
  } else {
    if (request.method === 'GET') return route('describeIndex', (host) => describeIndex(host, request, name));
    if (request.method === 'DELETE') return route('deleteIndex', (host) => deleteIndex(host, name));
  }
  throw new ApiError(405, 'The emulator does not answer this call');
}

/** The call a request makes on an index. Throws an ApiError when the emulator has no such call. */
export function dataRoute(request: EmulatorRequest, index: IndexState): Route {
  const [first, second, third, ...rest] = request.segments;
  const { method } = request;
  const route = (operation: Operation, act: Route['act']): Route => ({ operation, plane: 'data', act });
  const path = request.segments.join('/');

  if (first === 'bulk' && second === 'imports' && rest.length === 0) {
    if (third === undefined) {
      if (method === 'POST') return route('startImport', (host) => startImport(host, index, request));
      if (method === 'GET') return route('listImports', (host) => listImports(host, index, request));
    } else {
      if (method === 'GET') return route('describeImport', () => describeImport(index, third));
      if (method === 'DELETE') return route('cancelImport', (host) => cancelImport(host, index, third));
    }
  }
  if (path === 'describe_index_stats' && (method === 'POST' || method === 'GET')) {
    return route('describeStats', (host) => describeStats(host, index, request));
  }
  if (first === 'namespaces' && third === undefined) {
    if (second === undefined) {
      if (method === 'GET') return route('listNamespaces', (host) => listNamespaces(host, index, request));
      if (method === 'POST') return route('createNamespace', (host) => createNamespace(host, index, request));
    } else {
      if (method === 'GET') return route('describeNamespace', (host) => describeNamespace(host, index, second));
      if (method === 'DELETE') return route('deleteNamespace', (host) => deleteNamespace(host, index, second));
    }
  }
  if (path === 'vectors/fetch' && method === 'GET') return route('fetchVectors', () => fetchVectors(index, request));
  if (path === 'vectors/list' && method === 'GET') return route('listVectors', () => listVectors(index, request));
  throw new ApiError(404, 'The emulator does not answer this call');
}
