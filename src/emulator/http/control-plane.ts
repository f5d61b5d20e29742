import type { EmulatorLimits } from '../options.js';
import type { IndexSettings, IndexState } from '../state/index-state.js';
import { ApiError, type Answer, ok } from './answer.js';
import { indexModel, readSettings } from './index-model.js';
import { type EmulatorRequest, jsonBody } from './request.js';

/** What the control plane needs of the emulator. */
export interface ControlPlaneHost {
  readonly indexes: ReadonlyMap<string, IndexState>;
  readonly limits: Pick<EmulatorLimits, 'records'>;
  /** Makes the index and gives it a listener; its state is on disk when this resolves. */
  addIndex(settings: IndexSettings): Promise<IndexState>;
  removeIndex(name: string): Promise<void>;
}

export function listIndexes(host: ControlPlaneHost, { apiVersion }: EmulatorRequest): Answer {
  return ok({ indexes: [...host.indexes.values()].map((index) => indexModel(index, apiVersion)) });
}

export function describeIndex(host: ControlPlaneHost, { apiVersion }: EmulatorRequest, name: string): Answer {
  return ok(indexModel(find(host, name), apiVersion));
}

export async function createIndex(host: ControlPlaneHost, request: EmulatorRequest): Promise<Answer> {
  const body = jsonBody(request);
  const settings = readSettings(body, request.apiVersion, host.limits.records.dimension);
  if (host.indexes.has(settings.name)) throw new ApiError(409, 'Resource already exists.');
  return { status: 201, body: indexModel(await host.addIndex(settings), request.apiVersion) };
}

export async function deleteIndex(host: ControlPlaneHost, name: string): Promise<Answer> {
  const index = find(host, name);
  if (index.settings.deletionProtection === 'enabled') {
    const message = 'Deletion protection is enabled for this index. Disable deletion protection before retrying.';
    throw new ApiError(403, message);
  }
  await host.removeIndex(name);
  return { status: 202 };
}

function find(host: ControlPlaneHost, name: string): IndexState {
  const index = host.indexes.get(name);
  if (!index) throw new ApiError(404, `Index ${name} not found.`);
  return index;
}
