import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach } from 'vitest';
import type { RecordBatch, VectorKind } from '../../src/records/batch.js';
import { LocalStore } from '../../src/uploaders/local-store.js';
import type { ObjectStore, ObjectWriter } from '../../src/uploaders/object-store.js';
import type { SplitWriterOptions } from '../../src/writers/split-options.js';
import { SplitWriter } from '../../src/writers/split-writer.js';
import { utf8Column, type TestRecord } from '../parquet/harness.js';

export interface NamespacedRecord extends TestRecord {
  readonly namespace: string;
  readonly rejected?: boolean;
}

export function batchOf(records: readonly NamespacedRecord[], kind: VectorKind, dimension: number): RecordBatch {
  const rows = records.length;
  const dictionary = [...new Set(records.map((r) => r.namespace))];
  const codes = Uint32Array.from(records, (r) => dictionary.indexOf(r.namespace));
  const offsets = new Uint32Array(rows + 1);
  records.forEach((r, i) => (offsets[i + 1] = offsets[i] + (r.sparse?.indices.length ?? 0)));
  return {
    rows,
    dimension: kind === 'sparse' ? 0 : dimension,
    ids: utf8Column(records.map((r) => r.id)),
    values: kind === 'sparse' ? undefined : Float32Array.from(records.flatMap((r) => [...(r.values ?? [])])),
    sparse:
      kind === 'dense'
        ? undefined
        : {
            offsets,
            indices: Uint32Array.from(records.flatMap((r) => [...(r.sparse?.indices ?? [])])),
            values: Float32Array.from(records.flatMap((r) => [...(r.sparse?.values ?? [])])),
            validity: Uint8Array.from(records, (r) => (r.sparse == null ? 0 : 1)),
          },
    metadata: utf8Column(records.map((r) => r.metadata ?? null)),
    namespaces: { dictionary, codes },
    origin: { source: '<test>', lines: new Float64Array(rows), byteOffsets: new Float64Array(rows) },
    rejected: Uint8Array.from(records, (r) => (r.rejected ? 1 : 0)),
    rejects: [],
  };
}

const directories: string[] = [];

afterEach(async () => {
  for (const directory of directories.splice(0)) await rm(directory, { recursive: true, force: true });
});

/** A directory that is removed after the test. */
export async function temporaryDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'pineload-writers-'));
  directories.push(directory);
  return directory;
}

export async function localStore(): Promise<LocalStore> {
  return new LocalStore({ prefix: `${await temporaryDirectory()}/` });
}

/** A store of which only `create` is there, for tests that write thousands of files. */
export function memoryStore(): { store: ObjectStore; objects: Map<string, Buffer> } {
  const objects = new Map<string, Buffer>();
  const create = async (key: string): Promise<ObjectWriter> => {
    const chunks: Uint8Array[] = [];
    return {
      write: async (bytes) => void chunks.push(bytes),
      close: async () => {
        const whole = Buffer.concat(chunks);
        objects.set(key, whole);
        return { key, bytes: whole.length };
      },
      abort: async () => undefined,
    };
  };
  const limits = { uri: 'memory:///', scheme: 's3', maxKeyBytes: 1024, maxPartBytes: 1024 };
  return { store: { ...limits, create } as unknown as ObjectStore, objects };
}

export async function splitWriter(
  options: Partial<SplitWriterOptions> & Pick<SplitWriterOptions, 'kind' | 'dimension'>,
): Promise<{ writer: SplitWriter; store: ObjectStore; tmpDir: string }> {
  const store = options.store ?? (await localStore());
  const tmpDir = options.tmpDir ?? (await temporaryDirectory());
  return { writer: new SplitWriter({ split: 0, version: '0.0.0-test', ...options, store, tmpDir }), store, tmpDir };
}

/** Splits a list into pieces of the given sizes, over and over. */
export function piecesOf<T>(items: readonly T[], sizes: readonly number[]): T[][] {
  const pieces: T[][] = [];
  for (let at = 0, i = 0; at < items.length; at += sizes[i % sizes.length], i++) {
    pieces.push(items.slice(at, at + sizes[i % sizes.length]));
  }
  return pieces;
}

/** A repeatable source of numbers from 0 up to, not including, 1 (mulberry32). */
export function seededRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/** Random records of any kind, repeatable. */
export function randomRecords(count: number, namespaces: number, dimension: number, seed = 1): NamespacedRecord[] {
  const random = seededRandom(seed);
  const numbers = (n: number): number[] => Array.from({ length: n }, () => Math.fround(random() * 2 - 1));
  return Array.from({ length: count }, (_, i) => {
    const entries = Math.floor(random() * 6);
    return {
      id: `id-${i}-${'é'.repeat(Math.floor(random() * 5))}`,
      namespace: `ns-${Math.floor(random() * namespaces)}`,
      values: numbers(dimension),
      sparse:
        random() < 0.2
          ? null
          : {
              indices: Array.from({ length: entries }, () => Math.floor(random() * 4294967296)),
              values: numbers(entries),
            },
      metadata: random() < 0.3 ? null : JSON.stringify({ n: i, text: 'x'.repeat(Math.floor(random() * 40)) }),
      rejected: random() < 0.1,
    };
  });
}
