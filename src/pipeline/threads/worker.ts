import { parentPort, workerData } from 'node:worker_threads';
import { PineloadError } from '../../base/errors.js';
import { createReader } from '../../readers/create-reader.js';
import { useKernelCode } from '../../readers/kernel/wasm.js';
import type { ChunkReader } from '../../readers/reader.js';
import type { RuleOptions } from '../../records/rules/options.js';
import type * as FileEncoding from './file-encoder.js';
import type * as RestWriting from './rest-writer.js';
import {
  moved,
  type ReadAnswer,
  type ReadRequest,
  type RestsRequest,
  type ThreadData,
  type ThreadRequest,
  type ThreadResponse,
  type ThrownError,
  type WriteAnswer,
  type WriteRequest,
} from './protocol.js';
import { readAndCheck } from './read-and-check.js';

// A thread: chunks in, checked columns out; row groups in, bytes of a Parquet file out. It keeps one reader per mapping, the files that it
// encodes, and nothing else between jobs.

const port = parentPort!;
const { kernel } = workerData as ThreadData;
useKernelCode(kernel);

const readers = new Map<number, { readonly reader: ChunkReader; readonly rules: RuleOptions }>();
const files = new Map<number, FileEncoding.FileEncoder>();

type Job<Request> = Request & { readonly job: number };

/** Row groups go before chunks, many of which wait here: until a row group is written, its file waits, and memory for the next rows. */
const toWrite: Job<WriteRequest>[] = [];
const toRead: Job<ReadRequest>[] = [];
let busy = false;

port.on('message', (request: ThreadRequest) => {
  if (request.type === 'prepare') {
    // If it fails it fails once more where it is needed.
    fileEncoder().catch(() => undefined);
    return;
  }
  if (request.type === 'rests') {
    void answerRests(request);
    return;
  }
  if (request.type === 'read') toRead.push(request);
  else toWrite.push(request);
  if (busy) return;
  busy = true;
  setImmediate(() => void next());
});

/** Loaded by those threads that need it. */
const fileEncoder = (): Promise<typeof FileEncoding> => import('./file-encoder.js');
const restWriter = (): Promise<typeof RestWriting> => import('./rest-writer.js');

/** Does one job. What has arrived meanwhile is taken in before the one after it. */
async function next(): Promise<void> {
  const request = toWrite.shift() ?? toRead.shift();
  if (request === undefined) {
    busy = false;
    return;
  }
  try {
    if (request.type === 'read') answerRead(request.job, read(request));
    else answerWritten(request.job, await write(request));
  } catch (thrown) {
    port.postMessage({ job: request.job, error: describe(thrown) } satisfies ThreadResponse);
  }
  setImmediate(() => void next());
}

function read({ mapping, config, chunk, fingerprints, memory }: ReadRequest): ReadAnswer {
  if (config !== undefined) readers.set(mapping, { reader: createReader(config.mapping), rules: config.rules });
  const { reader, rules } = readers.get(mapping)!;
  const columns = readAndCheck(reader, chunk, rules, { fingerprints, memory, shared: true });
  return {
    columns,
    input: 'bytes' in chunk && chunk.ownsMemory === true ? (chunk.bytes.buffer as ArrayBuffer) : undefined,
  };
}

function answerRead(job: number, answer: ReadAnswer): void {
  port.postMessage(
    { job, read: answer } satisfies ThreadResponse,
    moved(answer.input === undefined ? [] : [answer.input]),
  );
}

async function write(request: WriteRequest): Promise<WriteAnswer> {
  if (request.type === 'open') {
    const { FileEncoder } = await fileEncoder();
    files.set(request.file, new FileEncoder(request.options, request.checksums));
    return { pieces: [], bytes: 0 };
  }
  if (request.type === 'drop') {
    files.delete(request.file);
    return { pieces: [], bytes: 0 };
  }
  const file = files.get(request.file)!;
  if (request.type === 'row-group') return { pieces: await file.writeRowGroup(request.group), bytes: file.bytes };
  files.delete(request.file);
  return { ...(await file.close()), bytes: file.bytes };
}

function answerWritten(job: number, answer: WriteAnswer): void {
  const memories = new Set(answer.pieces.map(({ buffer }) => buffer));
  port.postMessage({ job, written: answer } satisfies ThreadResponse, moved(memories));
}

/** Meanwhile others may be under way, of either kind: it waits for the disk mostly. */
async function answerRests({ job, ...request }: Job<RestsRequest>): Promise<void> {
  try {
    const { writeRestsHere } = await restWriter();
    port.postMessage({ job, files: await writeRestsHere(request) } satisfies ThreadResponse);
  } catch (thrown) {
    port.postMessage({ job, error: describe(thrown) } satisfies ThreadResponse);
  }
}

function describe(thrown: unknown): ThrownError {
  if (thrown instanceof PineloadError) {
    const { code, source, line, id, field, expected, got, hint } = thrown;
    return { message: thrown.message, fields: { code, source, line, id, field, expected, got, hint } };
  }
  return { message: thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown) };
}
