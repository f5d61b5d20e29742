import { DEFAULT_PAGE_SIZE } from '../options.js';
import type { IndexState } from '../state/index-state.js';
import type { KeptRecord } from '../state/kept-records.js';
import { ApiError, type Answer, ok } from './answer.js';
import { inByteOrder, isAfterInBytes, namespaceName, type NamespacesHost } from './namespaces.js';
import { page, readLimit } from './paging.js';
import { type EmulatorRequest, jsonBody } from './request.js';

const USAGE = { readUnits: 1 };

/** `IndexDescription` of OpenAPI 2026-04, db_data. */
export function describeStats(host: NamespacesHost, index: IndexState, request: EmulatorRequest): Answer {
  const { filter } = request.method === 'POST' ? jsonBody(request) : {};
  if (typeof filter === 'object' && filter !== null && Object.keys(filter).length > 0) {
    throw new ApiError(
      400,
      'Serverless and Starter indexes do not support describing index stats with metadata filtering',
    );
  }
  const now = Date.now();
  const visible = [...index.namespaces.values()].filter((namespace) => namespace.isVisible(now, host.statsLagMs));
  const { dimension, metric, vectorType } = index.settings;
  return ok({
    namespaces: Object.fromEntries(visible.map(({ name, records }) => [name, { vectorCount: records }])),
    ...(dimension === undefined ? {} : { dimension }),
    indexFullness: 0,
    totalVectorCount: visible.reduce((sum, { records }) => sum + records, 0),
    metric,
    vectorType,
    memory_fullness: 0,
    storage_fullness: 0,
  });
}

/** `FetchResponse`. Records that are not kept any more are said so (501) instead of being left out as if they were missing. */
export function fetchVectors(index: IndexState, request: EmulatorRequest): Answer {
  const ids = request.query.getAll('ids');
  if (ids.length === 0) throw new ApiError(400, 'No IDs provided for fetch query');
  const name = namespaceName(request.query.get('namespace'));
  const namespace = index.namespaces.get(name);
  const vectors: [string, object][] = [];
  for (const id of ids) {
    const record = namespace?.kept.get(id);
    if (record) vectors.push([id, vectorModel(id, record)]);
    else if (namespace?.isPartlyKept) throw notKept();
  }
  // fromEntries makes "__proto__" an ordinary key.
  return ok({ vectors: Object.fromEntries(vectors), namespace: name, usage: USAGE });
}

/** `ListResponse`: ids with a prefix. */
export function listVectors(index: IndexState, request: EmulatorRequest): Answer {
  const { query } = request;
  const name = namespaceName(query.get('namespace'));
  const namespace = index.namespaces.get(name);
  if (namespace?.isPartlyKept) throw notKept();
  const prefix = query.get('prefix') ?? '';
  const ids = [...(namespace?.kept.ids() ?? [])].filter((id) => id.startsWith(prefix));
  const { items, pagination } = page(
    inByteOrder(ids, (id) => id),
    readLimit(query.get('limit'), DEFAULT_PAGE_SIZE, DEFAULT_PAGE_SIZE),
    query.get('paginationToken'),
    (id) => id,
    isAfterInBytes,
  );
  return ok({
    vectors: items.map((id) => ({ id })),
    ...(pagination ? { pagination } : {}),
    namespace: name,
    usage: USAGE,
  });
}

function notKept(): ApiError {
  return new ApiError(501, 'The emulator does not keep all records of this namespace (memory limit, or a restart)');
}

/** `Vector` of OpenAPI 2026-04, db_data. Values are float32, written as the float64 they equal. */
function vectorModel(id: string, { values, sparse, metadata }: KeptRecord): object {
  return {
    id,
    ...(values ? { values: Array.from(values) } : {}),
    ...(sparse ? { sparseValues: { indices: Array.from(sparse.indices), values: Array.from(sparse.values) } } : {}),
    ...(metadata === undefined ? {} : { metadata: JSON.parse(metadata) as object }),
  };
}
