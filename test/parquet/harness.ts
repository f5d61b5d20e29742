import { DuckDBInstance } from '@duckdb/node-api';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parquetMetadata, parquetReadObjects } from 'hyparquet';
import { ParquetFileWriter } from '../../src/parquet/file-writer.js';
import type { ParquetFileSummary } from '../../src/parquet/parquet-file.js';
import { toPlainTexts, type RowGroupColumns } from '../../src/parquet/row-group.js';
import type { CompressionOptions } from '../../src/parquet/schema.js';
import type { ByteSink } from '../../src/parquet/section-sink.js';
import type { Utf8Column, VectorKind } from '../../src/records/batch.js';

/** A record as tests write it down. */
export interface TestRecord {
  readonly id: string;
  readonly values?: readonly number[];
  readonly sparse?: { readonly indices: readonly number[]; readonly values: readonly number[] } | null;
  readonly metadata?: string | null;
}

export function utf8Column(texts: readonly (string | null)[]): Utf8Column {
  const encoded = texts.map((text) => Buffer.from(text ?? ''));
  const offsets = new Uint32Array(texts.length + 1);
  encoded.forEach((bytes, i) => (offsets[i + 1] = offsets[i] + bytes.length));
  const validity = texts.includes(null) ? Uint8Array.from(texts, (text) => (text === null ? 0 : 1)) : undefined;
  return { bytes: new Uint8Array(Buffer.concat(encoded)), offsets, validity };
}

export function rowGroup(records: readonly TestRecord[], kind: VectorKind): RowGroupColumns {
  const rows = records.length;
  const ids = toPlainTexts(utf8Column(records.map((r) => r.id)), rows);
  const metadata = toPlainTexts(utf8Column(records.map((r) => r.metadata ?? null)), rows);
  const values = kind === 'sparse' ? undefined : Float32Array.from(records.flatMap((r) => [...(r.values ?? [])]));
  const sparse =
    kind === 'dense'
      ? undefined
      : {
          lengths: Uint32Array.from(records, (r) => r.sparse?.indices.length ?? 0),
          indices: Uint32Array.from(records.flatMap((r) => [...(r.sparse?.indices ?? [])])),
          values: Float32Array.from(records.flatMap((r) => [...(r.sparse?.values ?? [])])),
          validity: Uint8Array.from(records, (r) => (r.sparse == null ? 0 : 1)),
        };
  return { rows, ids, values, sparse, metadata };
}

/** Keeps everything in memory. */
export class MemorySink implements ByteSink {
  readonly writes: Uint8Array[] = [];
  aborted = false;
  async write(bytes: Uint8Array): Promise<void> {
    // What comes may lie in memory that is used again.
    this.writes.push(bytes.slice());
  }
  async close(): Promise<{ bytes: number }> {
    return { bytes: this.writes.reduce((sum, bytes) => sum + bytes.length, 0) };
  }
  async abort(): Promise<void> {
    this.aborted = true;
  }
  get bytes(): Buffer {
    return Buffer.concat(this.writes);
  }
}

export interface WriteOptions {
  readonly kind: VectorKind;
  readonly dimension?: number;
  readonly pageBytes?: number;
  readonly compression?: CompressionOptions;
}

/** A whole file, one row group for each list of records. */
export async function writeFileBytes(
  groups: readonly (readonly TestRecord[])[],
  options: WriteOptions,
): Promise<{ bytes: Buffer; summary: ParquetFileSummary; sink: MemorySink }> {
  const sink = new MemorySink();
  const writer = new ParquetFileWriter({ sink, dimension: 0, version: '0.0.0-test', ...options });
  for (const records of groups) await writer.writeRowGroup(rowGroup(records, options.kind));
  const summary = await writer.close();
  return { bytes: sink.bytes, summary, sink };
}

export function arrayBuffer(bytes: Uint8Array): ArrayBuffer {
  return new Uint8Array(bytes).buffer;
}

/** Records as hyparquet reads them. */
export async function readWithHyparquet(bytes: Uint8Array): Promise<Record<string, unknown>[]> {
  return await parquetReadObjects({ file: arrayBuffer(bytes), utf8: true });
}

export function footerOf(bytes: Uint8Array): ReturnType<typeof parquetMetadata> {
  return parquetMetadata(arrayBuffer(bytes));
}

/** Rows of a query in which `FILE` stands for the bytes' file, as DuckDB answers it. */
export async function queryWithDuckDB(bytes: Uint8Array, sql: string): Promise<Record<string, unknown>[]> {
  const directory = await mkdtemp(join(tmpdir(), 'pineload-parquet-'));
  try {
    const path = join(directory, 'test.parquet');
    await writeFile(path, bytes);
    return await queryDuckDB(sql.replaceAll('FILE', `'${path}'`));
  } finally {
    await rm(directory, { recursive: true });
  }
}

export async function queryDuckDB(sql: string): Promise<Record<string, unknown>[]> {
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  try {
    const reader = await connection.runAndReadAll(sql);
    return reader.getRowObjectsJS() as Record<string, unknown>[];
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}
