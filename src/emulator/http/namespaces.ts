import { DEFAULT_NAMESPACE, MAX_NAMESPACE_LENGTH } from '../../records/limits.js';
import { DEFAULT_PAGE_SIZE, type EmulatorLimits } from '../options.js';
import { tooManyNamespaces } from '../rules/texts.js';
import type { IndexState } from '../state/index-state.js';
import type { NamespaceState } from '../state/namespace-state.js';
import { ApiError, type Answer, ok } from './answer.js';
import { page, readLimit } from './paging.js';
import { type EmulatorRequest, jsonBody } from './request.js';

/** What the namespace calls need of the emulator. */
export interface NamespacesHost {
  /** How long after the end of an import its records count, in ms. */
  readonly statsLagMs: number;
  readonly limits: Pick<EmulatorLimits, 'namespacesPerIndex' | 'records'>;
  save(): Promise<void>;
}

/** `""` and `__default__` are the same namespace (API versions from 2025-04 on). */
export function namespaceName(name: string | null | undefined): string {
  return name == null || name === '' ? DEFAULT_NAMESPACE : name;
}

/** Bytes sort as the API says: 'bitwise "C" collation'. */
export function inByteOrder<T>(items: Iterable<T>, keyOf: (item: T) => string): T[] {
  return [...items].sort((a, b) => Buffer.compare(Buffer.from(keyOf(a)), Buffer.from(keyOf(b))));
}

export function isAfterInBytes(key: string, last: string): boolean {
  return Buffer.compare(Buffer.from(key), Buffer.from(last)) > 0;
}

export function listNamespaces(host: NamespacesHost, index: IndexState, request: EmulatorRequest): Answer {
  const prefix = request.query.get('prefix') ?? '';
  const matching = [...index.namespaces.values()].filter(({ name }) => name.startsWith(prefix));
  const { items, pagination } = page(
    inByteOrder(matching, ({ name }) => name),
    readLimit(request.query.get('limit'), DEFAULT_PAGE_SIZE, DEFAULT_PAGE_SIZE),
    request.query.get('paginationToken'),
    ({ name }) => name,
    isAfterInBytes,
  );
  return ok({
    namespaces: items.map((namespace) => describe(host, namespace)),
    ...(pagination ? { pagination } : {}),
    total_count: matching.length,
  });
}

export function describeNamespace(host: NamespacesHost, index: IndexState, name: string): Answer {
  return ok(describe(host, find(index, name)));
}

export async function createNamespace(
  host: NamespacesHost,
  index: IndexState,
  request: EmulatorRequest,
): Promise<Answer> {
  const { name } = jsonBody(request);
  const { namespaceLength = MAX_NAMESPACE_LENGTH } = host.limits.records;
  if (typeof name !== 'string' || name === '' || name.length > namespaceLength) {
    throw new ApiError(400, `name must be a string of 1 to ${namespaceLength} characters`);
  }
  if (index.namespaces.has(name)) throw new ApiError(409, `Namespace ${name} already exists`);
  // "API operations return a 403 - QUOTA_EXCEEDED": docs.pinecone.io/reference/api/database-limits/object-limits (2026-07).
  if (index.namespaceCount >= host.limits.namespacesPerIndex) {
    throw new ApiError(403, tooManyNamespaces(index.settings.name));
  }
  const made = index.create(name);
  await host.save();
  return ok(describe(host, made));
}

export async function deleteNamespace(host: NamespacesHost, index: IndexState, name: string): Promise<Answer> {
  index.drop(find(index, name).name);
  await host.save();
  return ok({});
}

function find(index: IndexState, name: string): NamespaceState {
  const namespace = index.namespaces.get(namespaceName(name));
  if (!namespace) throw new ApiError(404, `Namespace ${name} not found`);
  return namespace;
}

/** `NamespaceDescription` of OpenAPI 2026-04, db_data. */
function describe(host: NamespacesHost, namespace: NamespaceState): object {
  return { name: namespace.name, record_count: namespace.visibleRecords(Date.now(), host.statsLagMs) };
}
