import type { EmulatorIndexOptions } from '../options.js';
import { indexSettings } from '../state/index-settings.js';
import type { IndexSettings, IndexState } from '../state/index-state.js';
import { ApiError } from './answer.js';

/** Field names of an index that was made without a schema, in API versions that describe every index by one. */
const DENSE_FIELD = '_values';
const SPARSE_FIELD = '_sparse_values';
const READ_CAPACITY = { mode: 'OnDemand', status: { state: 'Ready' } };

/**
 * Does this API version describe indexes by `schema` and `deployment` (2026-01.alpha, and again from 2026-07 on) instead of
 * by `dimension`, `metric`, `vector_type` and `spec`? Versions are dates, so they compare as text.
 */
export function usesSchema(apiVersion: string | undefined): boolean {
  return apiVersion !== undefined && (apiVersion === '2026-01.alpha' || apiVersion >= '2026-07');
}

/** An index as the control plane describes it in that API version. */
export function indexModel(index: IndexState, apiVersion: string | undefined): object {
  const { name, deletionProtection, tags } = index.settings;
  return {
    name,
    ...(usesSchema(apiVersion) ? bySchema(index.settings) : bySpec(index.settings)),
    host: index.host,
    status: { ready: true, state: 'Ready' },
    deletion_protection: deletionProtection,
    tags,
  };
}

/** OpenAPI 2026-04, db_control, `IndexModel`. */
function bySpec({ dimension, metric, vectorType, cloud, region }: IndexSettings): object {
  return {
    ...(dimension === undefined ? {} : { dimension }),
    metric,
    vector_type: vectorType,
    spec: { serverless: { cloud, region, read_capacity: READ_CAPACITY } },
  };
}

/** As Pinecone's Python client 10 (API 2026-07) reads it. */
function bySchema({ dimension, metric, vectorType, cloud, region }: IndexSettings): object {
  const fields =
    vectorType === 'sparse'
      ? { [SPARSE_FIELD]: { type: 'sparse_vector' } }
      : { [DENSE_FIELD]: { type: 'dense_vector', dimension, metric } };
  return {
    schema: { fields },
    deployment: { deployment_type: 'managed', cloud, region },
    read_capacity: READ_CAPACITY,
  };
}

/** What `POST /indexes` asks for, in either form. Throws an ApiError; serverless indexes only, nothing else can import. */
export function readSettings(
  body: Record<string, unknown>,
  apiVersion: string | undefined,
  maxDimension?: number,
): IndexSettings {
  const required = usesSchema(apiVersion) ? ['name', 'schema'] : ['name', 'spec'];
  const missing = required.find((field) => body[field] === undefined);
  if (missing !== undefined) {
    const what = `Failed to deserialize the JSON body into the target type: missing field \`${missing}\``;
    throw new ApiError(422, what);
  }
  const wanted = usesSchema(apiVersion) ? wantedBySchema(body) : wantedBySpec(body);
  const settings = indexSettings({ name: String(body['name']), ...wanted } as EmulatorIndexOptions, {
    deletionProtection: body['deletion_protection'] === 'enabled' ? 'enabled' : 'disabled',
    tags: (body['tags'] ?? {}) as Record<string, string>,
    maxDimension,
  });
  if (typeof settings === 'string') throw new ApiError(400, settings);
  return settings;
}

type Wanted = Readonly<Record<'dimension' | 'metric' | 'vectorType' | 'cloud' | 'region', unknown>>;

function wantedBySpec(body: Record<string, unknown>): Wanted {
  const serverless = (body['spec'] as { serverless?: { cloud?: unknown; region?: unknown } } | null)?.serverless;
  if (typeof serverless?.cloud !== 'string' || typeof serverless.region !== 'string') {
    throw new ApiError(400, 'The emulator makes serverless indexes only: spec.serverless needs a cloud and a region.');
  }
  const { cloud, region } = serverless;
  return { dimension: body['dimension'], metric: body['metric'], vectorType: body['vector_type'], cloud, region };
}

function wantedBySchema(body: Record<string, unknown>): Wanted {
  const deployment = (body['deployment'] ?? {}) as Record<string, unknown>;
  if ((deployment['deployment_type'] ?? 'managed') !== 'managed') {
    throw new ApiError(400, 'The emulator makes serverless indexes only: deployment_type must be managed.');
  }
  const fields = (body['schema'] as { fields?: Record<string, Record<string, unknown>> } | null)?.fields ?? {};
  const others = Object.keys(fields).filter((name) => name !== DENSE_FIELD && name !== SPARSE_FIELD);
  const dense = fields[DENSE_FIELD];
  if (others.length > 0 || (!dense && !fields[SPARSE_FIELD])) {
    // Indexes with fields of their own import JSONL, not Parquet.
    throw new ApiError(
      400,
      `The emulator makes vector indexes only: fields may be ${DENSE_FIELD} and ${SPARSE_FIELD}.`,
    );
  }
  return {
    dimension: dense?.['dimension'],
    // An index that declares both is for hybrid records, which need this metric.
    metric: dense?.['metric'] ?? (dense && fields[SPARSE_FIELD] ? 'dotproduct' : undefined),
    vectorType: dense ? 'dense' : 'sparse',
    cloud: deployment['cloud'],
    region: deployment['region'],
  };
}
