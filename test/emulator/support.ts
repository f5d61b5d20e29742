import { DuckDBInstance } from '@duckdb/node-api';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll } from 'vitest';
import { type Emulator, type EmulatorOptions, startEmulator } from '../../src/emulator/index.js';
import { openStore } from '../../src/uploaders/open-store.js';

/** Short enough for tests, long enough that every state can be seen. */
export const QUICK = { pendingMs: 5, importMs: 5, indexingMs: 5 };

/** For tests of what a call itself answers: every import ends with its store. */
export const noStore = { openStore: () => Promise.reject(new Error('no access')) };

const cleanups: (() => Promise<unknown>)[] = [];
afterAll(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

/** An empty directory that goes when the test file is done. */
export async function tempDir(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'pineload-emulator-'));
  cleanups.push(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

/** An emulator with one dense index of dimension 2 unless told otherwise. */
export async function emulate(options: Partial<EmulatorOptions> = {}): Promise<Emulator> {
  const emulator = await startEmulator({
    openStore,
    indexes: [{ name: 'words', dimension: 2, metric: 'cosine' }],
    ...QUICK,
    ...options,
  });
  cleanups.push(() => emulator.close());
  return emulator;
}

/** Runs SQL in an in-memory DuckDB, an independent writer of Parquet. */
let database: Promise<DuckDBInstance> | undefined;
async function sql(text: string): Promise<void> {
  database ??= DuckDBInstance.create();
  const connection = await (await database).connect();
  try {
    await connection.run(text);
  } finally {
    connection.closeSync();
  }
}

/** A query for COPY whose rows are dense records: `('a', [1, 2], '{"n":1}')`, cast to the service's types. */
export function dense(rows: string): string {
  return `SELECT id::VARCHAR AS id, values::FLOAT[] AS values, metadata::VARCHAR AS metadata
    FROM (VALUES ${rows}) AS t(id, values, metadata)`;
}

/** The same for sparse and hybrid records: `('a', [1, 2], [7], [0.5], NULL)`; NULL indices make the whole struct NULL. */
export function hybrid(rows: string): string {
  return `SELECT id::VARCHAR AS id, values::FLOAT[] AS values,
      CASE WHEN indices IS NULL THEN NULL
        ELSE {'indices': indices::UINTEGER[], 'values': weights::FLOAT[]} END AS sparse_values,
      metadata::VARCHAR AS metadata
    FROM (VALUES ${rows}) AS t(id, values, indices, weights, metadata)`;
}

/** Sparse records without a `values` column. */
export function sparse(rows: string): string {
  return `SELECT id, sparse_values, metadata FROM (${hybrid(rows)})`;
}

/** Writes Parquet files below a new directory and gives its `file:///…/` URI. Keys are paths, values queries. */
export async function parquet(files: Readonly<Record<string, string>>, options = ''): Promise<string> {
  const root = await tempDir();
  for (const [key, query] of Object.entries(files)) {
    const path = join(root, key);
    await mkdir(dirname(path), { recursive: true });
    await sql(`COPY (${query}) TO '${path}' (FORMAT parquet${options})`);
  }
  return `${pathToFileURL(root).href}/`;
}

/** What came out of JSON.parse; assertions look into it freely. */
export type Json = ReturnType<typeof JSON.parse>;

/** An answer with its parsed body. */
export interface Reply {
  readonly status: number;
  readonly body: Json;
  readonly headers: Headers;
}

/** Calls the service as a client would. */
export async function call(
  base: string,
  method: string,
  path: string,
  body?: unknown,
  key = 'test-key',
): Promise<Reply> {
  const response = await fetch(base + path, {
    method,
    headers: {
      'X-Pinecone-Api-Version': '2026-04',
      'Content-Type': 'application/json',
      ...(key === '' ? {} : { 'Api-Key': key }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  return { status: response.status, body: text === '' ? undefined : JSON.parse(text), headers: response.headers };
}

export async function start(base: string, uri: string, onError?: 'abort' | 'continue'): Promise<string> {
  const body = onError === undefined ? { uri } : { uri, errorMode: { onError } };
  const reply = await call(base, 'POST', '/bulk/imports', body);
  if (reply.status !== 200) throw new Error(`start: ${reply.status} ${JSON.stringify(reply.body)}`);
  return reply.body.id as string;
}

/** Polls until the import has ended. */
export async function finish(base: string, id: string): Promise<Json> {
  for (;;) {
    const { body } = await call(base, 'GET', `/bulk/imports/${id}`);
    if (!['Pending', 'InProgress'].includes(body.status)) return body;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

export async function runToEnd(base: string, uri: string, onError?: 'abort' | 'continue'): Promise<Json> {
  return finish(base, await start(base, uri, onError));
}

/** Records per namespace, as index stats tell it. */
export async function counts(base: string): Promise<Record<string, number>> {
  const { body } = await call(base, 'POST', '/describe_index_stats', {});
  return Object.fromEntries(Object.entries<Json>(body.namespaces).map(([name, value]) => [name, value.vectorCount]));
}
