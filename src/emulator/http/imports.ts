import { uriRefusal } from '../importing/import-uri.js';
import { type EmulatorLimits, MAX_IMPORTS_PER_PAGE } from '../options.js';
import { NO_IMPORTS_ON_PLAN } from '../rules/texts.js';
import { isFinished, type ImportRecord } from '../state/import-record.js';
import type { IndexState } from '../state/index-state.js';
import { ApiError, type Answer, ok } from './answer.js';
import { page, readLimit } from './paging.js';
import { type EmulatorRequest, jsonBody } from './request.js';

/** What the import calls need of the emulator. */
export interface ImportsHost {
  /** Begins the import; its state is on disk when this resolves. */
  begin(index: IndexState, record: ImportRecord): Promise<void>;
  cancel(index: IndexState, record: ImportRecord): Promise<void>;
  /** Whether the plan has imports at all. */
  readonly importsAllowed: boolean;
  readonly limits: Pick<EmulatorLimits, 'uriLength'>;
  /** Age in ms below which an import is not yet listed. */
  readonly listLagMs: number;
}

/** OpenAPI 2026-04: `integrationId` and import ids have at most so many characters. */
const MAX_NAME_LENGTH = 1000;

export async function startImport(host: ImportsHost, index: IndexState, request: EmulatorRequest): Promise<Answer> {
  const { uri, integrationId, errorMode } = jsonBody(request);
  if (!host.importsAllowed) throw new ApiError(403, NO_IMPORTS_ON_PLAN);
  const refusal = uriRefusal(uri, index.settings.cloud, host.limits.uriLength);
  if (refusal !== undefined) throw new ApiError(400, refusal);
  if (integrationId != null && (typeof integrationId !== 'string' || integrationId.length > MAX_NAME_LENGTH)) {
    throw new ApiError(400, `integrationId must be a string of at most ${MAX_NAME_LENGTH} characters`);
  }
  const record: ImportRecord = {
    id: index.nextImportId(),
    uri: uri as string,
    integrationId: integrationId ?? undefined,
    onError: readErrorMode(errorMode),
    status: 'Pending',
    createdAt: new Date().toISOString(),
    finishedAt: undefined,
    percentComplete: 0,
    recordsImported: 0,
    recordsSkipped: 0,
    error: undefined,
  };
  await host.begin(index, record);
  return ok({ id: record.id });
}

/** Absent means abort: "The backend defaults to ErrorMode::Abort when errorMode is absent" (python-sdk, 12f68ec3). */
function readErrorMode(errorMode: unknown): 'abort' | 'continue' {
  const onError = (errorMode as { onError?: unknown } | null | undefined)?.onError ?? 'abort';
  const mode = typeof onError === 'string' ? onError.toLowerCase() : onError;
  if (mode !== 'abort' && mode !== 'continue') throw new ApiError(400, 'errorMode.onError must be abort or continue');
  return mode;
}

export function listImports(host: ImportsHost, index: IndexState, request: EmulatorRequest): Answer {
  const listedBefore = Date.now() - host.listLagMs;
  const listed = [...index.imports.values()].filter((record) => Date.parse(record.createdAt) <= listedBefore);
  const limit = readLimit(request.query.get('limit'), MAX_IMPORTS_PER_PAGE, MAX_IMPORTS_PER_PAGE);
  const token = request.query.get('paginationToken');
  const { items, pagination } = page(
    listed,
    limit,
    token,
    (record) => record.id,
    (id, last) => Number(id) > Number(last),
  );
  return ok({ data: items.map(importModel), ...(pagination ? { pagination } : {}) });
}

export function describeImport(index: IndexState, id: string): Answer {
  return ok(importModel(find(index, id)));
}

export async function cancelImport(host: ImportsHost, index: IndexState, id: string): Promise<Answer> {
  const record = find(index, id);
  // "It has no effect if the operation is already finished."
  if (!isFinished(record)) await host.cancel(index, record);
  return ok({});
}

function find(index: IndexState, id: string): ImportRecord {
  const record = index.imports.get(id);
  if (!record) throw new ApiError(404, `Import operation ${id} not found`);
  return record;
}

/** `ImportModel` of OpenAPI 2026-04, db_data: nothing of what was skipped, and an end only when there is one. */
function importModel(record: ImportRecord): object {
  return {
    id: record.id,
    uri: record.uri,
    status: record.status,
    createdAt: record.createdAt,
    ...(record.finishedAt === undefined ? {} : { finishedAt: record.finishedAt }),
    percentComplete: record.percentComplete,
    recordsImported: record.recordsImported,
    ...(record.error === undefined ? {} : { error: record.error }),
  };
}
