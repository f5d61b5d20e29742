import type { EmulatorIndexOptions } from '../options.js';
import { indexSettings } from '../state/index-settings.js';
import type { IndexSettings, IndexState } from '../state/index-state.js';
import { ApiError, type Answer, ok } from './answer.js';
import { type EmulatorRequest, jsonBody } from './request.js';

/** What the control plane needs of the emulator. */
export interface ControlPlaneHost {
  readonly indexes: ReadonlyMap<string, IndexState>;
  /** Makes the index and gives it a listener; its state is on disk when this resolves. */
  addIndex(settings: IndexSettings): Promise<IndexState>;
  removeIndex(name: string): Promise<void>;
}

export function listIndexes(host: ControlPlaneHost): Answer {
  return ok({ indexes: [...host.indexes.values()].map(indexModel) });
}

export function describeIndex(host: ControlPlaneHost, name: string): Answer {
  return ok(indexModel(find(host, name)));
}

export async function createIndex(host: ControlPlaneHost, request: EmulatorRequest): Promise<Answer> {
  const body = jsonBody(request);
  const settings = readSettings(body);
  if (host.indexes.has(settings.name)) throw new ApiError(409, 'Resource already exists.');
  return { status: 201, body: indexModel(await host.addIndex(settings)) };
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

/** `IndexModel` of OpenAPI 2026-04, db_control. */
function indexModel(index: IndexState): object {
  const { name, dimension, metric, vectorType, cloud, region, deletionProtection, tags } = index.settings;
  return {
    name,
    ...(dimension === undefined ? {} : { dimension }),
    metric,
    vector_type: vectorType,
    host: index.host,
    spec: { serverless: { cloud, region, read_capacity: { mode: 'OnDemand', status: { state: 'Ready' } } } },
    status: { ready: true, state: 'Ready' },
    deletion_protection: deletionProtection,
    tags,
  };
}

/** `CreateIndexRequest` of OpenAPI 2026-04, db_control; serverless only, since nothing else can import. */
function readSettings(body: Record<string, unknown>): IndexSettings {
  const missing = ['name', 'spec'].find((field) => body[field] === undefined);
  if (missing !== undefined) {
    const what = `Failed to deserialize the JSON body into the target type: missing field \`${missing}\``;
    throw new ApiError(422, what);
  }
  const serverless = (body['spec'] as { serverless?: { cloud?: unknown; region?: unknown } } | null)?.serverless;
  if (typeof serverless?.cloud !== 'string' || typeof serverless.region !== 'string') {
    throw new ApiError(400, 'The emulator makes serverless indexes only: spec.serverless needs a cloud and a region.');
  }
  const settings = indexSettings(
    {
      name: String(body['name']),
      dimension: body['dimension'],
      metric: body['metric'],
      vectorType: body['vector_type'],
      cloud: serverless.cloud,
      region: serverless.region,
    } as EmulatorIndexOptions,
    {
      deletionProtection: body['deletion_protection'] === 'enabled' ? 'enabled' : 'disabled',
      tags: (body['tags'] ?? {}) as Record<string, string>,
    },
  );
  if (typeof settings === 'string') throw new ApiError(400, settings);
  return settings;
}
