import { quote } from '../base/errors.js';
import { DEFAULT_NAMESPACE } from '../records/limits.js';
import { ApiError } from './api-error.js';
import type {
  FetchedRecord,
  ImportModel,
  ImportPage,
  IndexModel,
  IndexStats,
  KnownImportStatus,
  NamespaceInfo,
} from './types.js';

/*
 * The service's answers are read leniently: the specification writes camelCase, the documentation and older servers
 * snake_case; int64 may come as a string (protobuf's JSON mapping); no field of an import is marked required; fields may
 * be added. Only what the rest cannot do without is demanded.
 */

export type JsonObject = Readonly<Record<string, unknown>>;

/** Reads an import as the service describes it. `fallbackId`: the id asked for, should the answer leave it out. */
export function parseImportModel(answer: unknown, source: string, fallbackId?: string): ImportModel {
  const o = demandObject(answer, source);
  const id = textOf(o, 'id') ?? textOf(o, 'operationId') ?? fallbackId;
  if (id === undefined) throw invalidAnswer(source, 'an import with an "id"', answer);
  return {
    id,
    uri: textOf(o, 'uri'),
    status: normalStatus(textOf(o, 'status')),
    createdAt: textOf(o, 'createdAt') ?? textOf(o, 'startedAt'),
    finishedAt: textOf(o, 'finishedAt'),
    percentComplete: numberOf(o, 'percentComplete'),
    recordsImported: countOf(o, 'recordsImported'),
    error: textOf(o, 'error') ?? textOf(o, 'errorMessage'),
  };
}

const KNOWN_STATUSES: ReadonlyMap<string, KnownImportStatus> = new Map([
  ['pending', 'Pending'],
  ['inprogress', 'InProgress'],
  ['failed', 'Failed'],
  ['completed', 'Completed'],
  ['cancelled', 'Cancelled'],
  ['canceled', 'Cancelled'],
]);

/** The known states however they are spelt (`IN_PROGRESS`, `canceled`); others as they are; `Unknown` for none. */
function normalStatus(status: string | undefined): string {
  if (status === undefined) return 'Unknown';
  return KNOWN_STATUSES.get(status.toLowerCase().replaceAll(/[_ -]/g, '')) ?? status;
}

/** The id in the answer to a start. */
export function parseStarted(answer: unknown, source: string): string {
  const o = demandObject(answer, source);
  const id = textOf(o, 'id') ?? textOf(o, 'operationId');
  if (id === undefined) throw invalidAnswer(source, 'the "id" of the import', answer);
  return id;
}

export function parseImportPage(answer: unknown, source: string): ImportPage {
  const o = demandObject(answer, source);
  // protobuf's JSON mapping leaves empty lists out.
  const data = o['data'] ?? o['imports'] ?? [];
  if (!Array.isArray(data)) throw invalidAnswer(source, '"data" to be a list of imports', answer);
  return { imports: data.map((one) => parseImportModel(one, source)), next: nextToken(o) };
}

export function parseNamespacePage(
  answer: unknown,
  source: string,
): { namespaces: NamespaceInfo[]; next: string | undefined } {
  const o = demandObject(answer, source);
  const list = o['namespaces'] ?? [];
  if (!Array.isArray(list)) throw invalidAnswer(source, '"namespaces" to be a list', answer);
  return { namespaces: list.map((one) => parseNamespace(one, source)), next: nextToken(o) };
}

export function parseNamespace(answer: unknown, source: string, fallbackName?: string): NamespaceInfo {
  const o = demandObject(answer, source);
  const name = typeof o['name'] === 'string' ? o['name'] : fallbackName;
  if (name === undefined) throw invalidAnswer(source, 'a namespace with a "name"', answer);
  return { name: namespaceName(name), records: countOf(o, 'recordCount') };
}

/** The default namespace is `''` in some answers and `__default__` in others. */
export function namespaceName(name: string): string {
  return name === '' ? DEFAULT_NAMESPACE : name;
}

export function parseIndexStats(answer: unknown, source: string): IndexStats {
  const o = demandObject(answer, source);
  const map = o['namespaces'] ?? {};
  if (!isObject(map)) throw invalidAnswer(source, '"namespaces" to be an object', answer);
  const namespaces = new Map<string, number>();
  for (const [name, summary] of Object.entries(map)) {
    // A count of 0 is left out by protobuf's JSON mapping.
    const count = isObject(summary) ? (countOf(summary, 'vectorCount') ?? countOf(summary, 'recordCount') ?? 0) : 0;
    const key = namespaceName(name);
    namespaces.set(key, Math.max(count, namespaces.get(key) ?? 0));
  }
  return {
    namespaces,
    total: countOf(o, 'totalVectorCount'),
    dimension: countOf(o, 'dimension') || undefined,
    metric: textOf(o, 'metric'),
    vectorType: textOf(o, 'vectorType'),
  };
}

/** Reads an index of the control plane: the form up to 2026-04, and that of 2026-07 as far as it says the same. */
export function parseIndexModel(answer: unknown, source: string, name: string): IndexModel {
  const o = demandObject(answer, source);
  const host = textOf(o, 'host');
  if (host === undefined) throw invalidAnswer(source, 'an index with a "host"', answer);
  const status = objectOf(o, 'status');
  const spec = objectOf(o, 'spec');
  const serverless = objectOf(spec, 'serverless');
  const byoc = objectOf(spec, 'byoc');
  const deployment = objectOf(o, 'deployment');
  const kind = textOf(deployment, 'deploymentType');
  const where = serverless ?? byoc ?? deployment;
  const vectors = vectorFields(objectOf(objectOf(o, 'schema'), 'fields'));
  const deployed =
    serverless !== undefined || kind === 'managed'
      ? 'serverless'
      : byoc !== undefined || kind === 'byoc'
        ? 'byoc'
        : objectOf(spec, 'pod') !== undefined || kind === 'pod'
          ? 'pod'
          : undefined;
  const ready = status?.['ready'];
  const readCapacity = objectOf(serverless, 'readCapacity') ?? objectOf(o, 'readCapacity');
  return {
    name: textOf(o, 'name') ?? name,
    host,
    dimension: countOf(o, 'dimension') ?? vectors.dimension,
    metric: textOf(o, 'metric') ?? vectors.metric,
    vectorType: textOf(o, 'vectorType') ?? vectors.vectorType,
    ready: typeof ready === 'boolean' ? ready : undefined,
    cloud: textOf(where, 'cloud')?.toLowerCase(),
    region: textOf(where, 'region'),
    serverless: deployed === 'serverless',
    deployment: deployed,
    state: textOf(status, 'state'),
    embeds: objectOf(o, 'embed') !== undefined,
    hasSchema: objectOf(serverless, 'schema') !== undefined || vectors.documents,
    dedicated: textOf(readCapacity, 'mode')?.toLowerCase() === 'dedicated',
  };
}

/** API 2026-07: the vectors of an index are fields of a schema; `_values` and `_sparse_values` stand for plain ones. */
function vectorFields(fields: JsonObject | undefined): {
  dimension?: number | undefined;
  metric?: string | undefined;
  vectorType?: string | undefined;
  documents: boolean;
} {
  if (fields === undefined) return { documents: false };
  const names = Object.keys(fields);
  const documents = names.some((name) => name !== '_id' && name !== '_values' && name !== '_sparse_values');
  const byType = (type: string): JsonObject | undefined => {
    for (const name of names) {
      const field = objectOf(fields, name);
      if (textOf(field, 'type') === type) return field;
    }
    return undefined;
  };
  const dense = byType('dense_vector');
  const vector = dense ?? byType('sparse_vector');
  if (vector === undefined) return { documents };
  return {
    dimension: countOf(vector, 'dimension'),
    metric: textOf(vector, 'metric'),
    vectorType: dense === undefined ? 'sparse' : 'dense',
    documents,
  };
}

export function parseFetched(answer: unknown, source: string): Map<string, FetchedRecord> {
  const o = demandObject(answer, source);
  const vectors = o['vectors'] ?? {};
  if (!isObject(vectors)) throw invalidAnswer(source, '"vectors" to be an object', answer);
  const records = new Map<string, FetchedRecord>();
  for (const [key, one] of Object.entries(vectors)) {
    if (!isObject(one)) throw invalidAnswer(source, 'a record', one);
    const sparse = objectOf(one, 'sparseValues');
    const values = numbersOf(one['values']);
    records.set(key, {
      id: key,
      values: values === undefined || values.length === 0 ? undefined : values,
      sparse:
        sparse === undefined
          ? undefined
          : { indices: numbersOf(sparse['indices']) ?? [], values: numbersOf(sparse['values']) ?? [] },
      metadata: objectOf(one, 'metadata'),
    });
  }
  return records;
}

function numbersOf(value: unknown): readonly number[] | undefined {
  return Array.isArray(value) && value.every((n) => typeof n === 'number') ? value : undefined;
}

/** What the service says of a refusal: `{message}`, `{error: {message}}`, `{error: "…"}`, or plain text. */
export function messageOf(body: string): string | undefined {
  const text = body.trim();
  if (text === '') return undefined;
  let answer: unknown;
  try {
    answer = JSON.parse(text);
  } catch {
    return text;
  }
  if (!isObject(answer)) return text;
  const inner = objectOf(answer, 'error');
  const message = textOf(inner, 'message') ?? textOf(answer, 'message') ?? textOf(answer, 'error');
  if (message === undefined) return text;
  const code = inner?.['code'];
  return typeof code === 'string' && !message.includes(code) ? `${code}: ${message}` : message;
}

export function invalidAnswer(source: string, expected: string, got: unknown): ApiError {
  const text = typeof got === 'string' ? got : (JSON.stringify(got) ?? 'undefined');
  return new ApiError(
    'API_ANSWER_INVALID',
    { source, expected, got: text === '' ? 'nothing' : quote(text) },
    { mayHaveActed: true },
  );
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function demandObject(answer: unknown, source: string): JsonObject {
  if (!isObject(answer)) throw invalidAnswer(source, 'a JSON object', answer);
  return answer;
}

function nextToken(o: JsonObject): string | undefined {
  return textOf(objectOf(o, 'pagination'), 'next');
}

/** The member of that name in camelCase, else in snake_case; null counts as absent. */
function member(o: JsonObject | undefined, name: string): unknown {
  if (o === undefined) return undefined;
  if (Object.hasOwn(o, name) && o[name] !== null) return o[name];
  const snake = name.replaceAll(/[A-Z]/g, (c) => `_${c.toLowerCase()}`);
  return Object.hasOwn(o, snake) && o[snake] !== null ? o[snake] : undefined;
}

function objectOf(o: JsonObject | undefined, name: string): JsonObject | undefined {
  const value = member(o, name);
  return isObject(value) ? value : undefined;
}

function textOf(o: JsonObject | undefined, name: string): string | undefined {
  const value = member(o, name);
  if (typeof value === 'number') return String(value);
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function numberOf(o: JsonObject, name: string): number | undefined {
  const value = member(o, name);
  const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
  return typeof number === 'number' && Number.isFinite(number) ? number : undefined;
}

function countOf(o: JsonObject, name: string): number | undefined {
  const number = numberOf(o, name);
  return number !== undefined && Number.isSafeInteger(number) && number >= 0 ? number : undefined;
}
