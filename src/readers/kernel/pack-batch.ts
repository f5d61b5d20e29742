import type { RecordBatch } from '../../records/batch.js';
import type { PackOptions } from '../reader.js';
import { alignUp, type KernelExports } from './wasm.js';

/** What `packRows` leaves at resultAddress, as u32: see pack.ts. */
const RESULT_WORDS = 17;
/** Memory is made in steps of this, so that what served one chunk serves the next, which is about as large. */
const MEMORY_STEP = 256 * 1024;

/**
 * Copies the good rows of the columns that the kernel holds, the rows of each namespace together and in their order, into `memory`
 * or, if that is too small, into memory that is made for it.
 */
export function packBatch(
  kernel: KernelExports,
  batch: RecordBatch,
  { memory, shared, hashes: wanted = false }: PackOptions,
): RecordBatch {
  const { namespaces, values, sparse, metadata, origin, rejects } = batch;
  const dimension = values === undefined ? 0 : batch.dimension;
  const count = orderRows(kernel, batch.rejected);
  const hashed = wanted && values !== undefined;
  kernel.packRows(count, dimension, hashed);
  const result = new Uint32Array(kernel.memory.buffer, kernel.resultAddress(), RESULT_WORDS);
  const [packed, length, ...addresses] = result.subarray(0, -2) as unknown as [number, number, ...number[]];
  const [vectorsFrom, vectorsOrder] = result.subarray(-2) as unknown as [number, number];
  const [
    lines,
    byteOffsets,
    hashes,
    indices,
    weights,
    idOffsets,
    metadataOffsets,
    sparseOffsets,
    codes,
    metadataValidity,
    sparseValidity,
    ids,
    texts,
  ] = addresses.map((address) => address - packed) as Places;

  // Vectors come behind all else.
  const vectorsAt = alignUp(length);
  const bytes = vectorsAt + 4 * count * dimension;
  const room = memory !== undefined && memory.byteLength >= bytes ? memory : newMemory(roundUp(bytes), shared);
  new Uint8Array(room).set(new Uint8Array(kernel.memory.buffer, packed, length));
  const presence = (at: number): Uint8Array => new Uint8Array(room, at, count);
  const offsetsAt = (at: number): Uint32Array => new Uint32Array(room, at, count + 1);
  const entries = sparse === undefined ? 0 : offsetsAt(sparseOffsets)[count]!;
  const vectors = values && new Float32Array(room, vectorsAt, count * dimension);
  if (vectors !== undefined) copyVectors(kernel, vectorsFrom, vectorsOrder, vectors, dimension);
  return {
    rows: count,
    dimension,
    ids: { bytes: new Uint8Array(room, ids, texts - ids), offsets: offsetsAt(idOffsets), framed: true },
    values: vectors,
    vectorHashes: hashed ? new Uint32Array(room, hashes, 2 * count) : undefined,
    sparse: sparse && {
      offsets: offsetsAt(sparseOffsets),
      indices: new Uint32Array(room, indices, entries),
      values: new Float32Array(room, weights, entries),
      validity: sparse.validity && presence(sparseValidity),
    },
    metadata: {
      bytes: new Uint8Array(room, texts, length - texts),
      offsets: offsetsAt(metadataOffsets),
      validity: metadata.validity && presence(metadataValidity),
      framed: true,
    },
    namespaces: { dictionary: namespaces.dictionary, codes: new Uint32Array(room, codes, count) },
    origin: {
      source: origin.source,
      lines: new Float64Array(room, lines, count),
      byteOffsets: new Float64Array(room, byteOffsets, count),
    },
    rejected: new Uint8Array(count),
    rejects,
  };
}

/**
 * Copies vectors out of the kernel.
 *
 * @param order address of the numbers of the rows, in the order in which their vectors shall lie; 0: as they lie
 */
function copyVectors(kernel: KernelExports, from: number, order: number, to: Float32Array, dimension: number): void {
  const { buffer } = kernel.memory;
  if (order === 0) {
    to.set(new Float32Array(buffer, from, to.length));
    return;
  }
  const rows = new Uint32Array(buffer, order, to.length / dimension);
  for (let i = 0, next; i < rows.length; i = next) {
    // As many as lie together.
    for (next = i + 1; next < rows.length && rows[next] === rows[next - 1]! + 1;) next++;
    to.set(new Float32Array(buffer, from + 4 * dimension * rows[i]!, (next - i) * dimension), i * dimension);
  }
}

/** Has the kernel put the rows in order that are not rejected. Returns how many. */
function orderRows(kernel: KernelExports, rejected: Uint8Array): number {
  const some = rejected.includes(1);
  if (some) {
    const place = kernel.placeRejected();
    // The memory may have grown for it, and is another buffer then.
    new Uint8Array(kernel.memory.buffer).set(rejected, place);
  }
  return kernel.orderRows(some);
}

const newMemory = (bytes: number, shared = false): ArrayBufferLike =>
  shared ? new SharedArrayBuffer(bytes) : new ArrayBuffer(bytes);

const roundUp = (length: number): number => Math.ceil(Math.max(length, 1) / MEMORY_STEP) * MEMORY_STEP;

type Places = [
  lines: number,
  byteOffsets: number,
  hashes: number,
  indices: number,
  weights: number,
  idOffsets: number,
  metadataOffsets: number,
  sparseOffsets: number,
  codes: number,
  metadataValidity: number,
  sparseValidity: number,
  ids: number,
  texts: number,
];
