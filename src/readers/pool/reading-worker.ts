import { parentPort, workerData } from 'node:worker_threads';
import { PineloadError } from '../../base/errors.js';
import { createReader } from '../create-reader.js';
import { useKernelCode } from '../kernel/wasm.js';
import type { RuleOptions } from '../../records/rules/options.js';
import type { ChunkReader } from '../reader.js';
import type { ReadingThreadData, ReadRequest, ReadResponse } from './protocol.js';
import { readAndCheck } from './read-and-check.js';

// A reading thread: chunks in, checked columns out. It keeps one reader per mapping and nothing between chunks.

const port = parentPort!;
const { kernel } = workerData as ReadingThreadData;
const readers = new Map<number, { readonly reader: ChunkReader; readonly rules: RuleOptions }>();
useKernelCode(kernel);

port.on('message', ({ job, mapping, config, chunk, fingerprints, memory }: ReadRequest) => {
  try {
    if (config !== undefined) readers.set(mapping, { reader: createReader(config.mapping), rules: config.rules });
    const { reader, rules } = readers.get(mapping)!;
    const read = readAndCheck(reader, chunk, rules, { fingerprints, memory });
    const input = 'bytes' in chunk && chunk.ownsMemory === true ? (chunk.bytes.buffer as ArrayBuffer) : undefined;
    // All columns lie in one buffer, which is moved to the other thread and not copied.
    const moved = [read.batch.ids.bytes.buffer as ArrayBuffer, ...(input === undefined ? [] : [input])];
    port.postMessage({ job, read, input } satisfies ReadResponse, moved);
  } catch (thrown) {
    port.postMessage({ job, error: describe(thrown) } satisfies ReadResponse);
  }
});

function describe(thrown: unknown): Extract<ReadResponse, { error: unknown }>['error'] {
  if (thrown instanceof PineloadError) {
    const { code, source, line, id, field, expected, got, hint } = thrown;
    return { message: thrown.message, fields: { code, source, line, id, field, expected, got, hint } };
  }
  return { message: thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown) };
}
