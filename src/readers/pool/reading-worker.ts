import { parentPort } from 'node:worker_threads';
import { PineloadError } from '../../base/errors.js';
import type { RecordBatch } from '../../records/batch.js';
import { createReader } from '../create-reader.js';
import type { ChunkReader } from '../reader.js';
import type { ReadRequest, ReadResponse } from './protocol.js';
import { readAndCheck } from './read-and-check.js';

// A reading thread: chunks in, checked columns out. It keeps one reader per mapping and nothing between chunks.

const port = parentPort!;
const readers = new Map<number, ChunkReader>();

port.on('message', ({ job, mapping, config, rules, chunk }: ReadRequest) => {
  let response: ReadResponse;
  let moved: ArrayBuffer[] = [];
  try {
    if (config !== undefined) readers.set(mapping, createReader(config));
    const batch = readAndCheck(readers.get(mapping)!, chunk, rules);
    response = { job, batch };
    moved = buffersOf(batch);
  } catch (thrown) {
    response = { job, error: describe(thrown) };
  }
  port.postMessage(response, moved);
});

/** Memory of the columns that the batch owns whole: moved to the other thread, not copied. */
function buffersOf(batch: RecordBatch): ArrayBuffer[] {
  const { ids, values, sparse, metadata, namespaces, origin, rejected } = batch;
  const arrays: (ArrayBufferView | undefined)[] = [
    ids.bytes,
    ids.offsets,
    ids.validity,
    values,
    sparse?.offsets,
    sparse?.indices,
    sparse?.values,
    sparse?.validity,
    metadata.bytes,
    metadata.offsets,
    metadata.validity,
    namespaces.codes,
    origin.lines,
    origin.byteOffsets,
    rejected,
  ];
  const buffers = new Set<ArrayBuffer>();
  for (const array of arrays) {
    // A view of part of a buffer would drag the whole of it along, or take it away from its other users.
    if (array === undefined || array.byteLength === 0 || array.byteLength !== array.buffer.byteLength) continue;
    if (array.buffer instanceof ArrayBuffer) buffers.add(array.buffer);
  }
  return [...buffers];
}

function describe(thrown: unknown): Extract<ReadResponse, { error: unknown }>['error'] {
  if (thrown instanceof PineloadError) {
    const { code, source, line, id, field, expected, got, hint } = thrown;
    return { message: thrown.message, fields: { code, source, line, id, field, expected, got, hint } };
  }
  return { message: thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown) };
}
