import type { Worker } from 'node:worker_threads';
import { PineloadError } from '../../base/errors.js';
import { giveBackChunkMemory } from '../../readers/chunk-memory.js';
import type { Chunk, FileBlock, ReaderConfig } from '../../readers/reader.js';
import type { RuleOptions } from '../../records/rules/options.js';
import type { ManifestFile } from '../../writers/manifest.js';
import type { FileEncoders } from '../../writers/namespace-files.js';
import { CallingThread } from './calling-thread.js';
import { FileOnThread } from './file-on-thread.js';
import { Jobs } from './jobs.js';
import { memoryOf, type CheckedColumns, type WorkerPool } from './pool.js';
import {
  memoriesOf,
  moved,
  type JobRequest,
  type ReadRequest,
  type ThreadResponse,
  type ThrownError,
  type WriteAnswer,
  type WriteRequest,
} from './protocol.js';
import { BYTES_PER_THREAD, takeThread, THREADS_AVAILABLE } from './start-thread.js';

/** Chunks waiting at each thread besides the one it reads, so that it never waits for the main thread. */
export const CHUNKS_AHEAD = 1;
/** Blocks waiting at each thread, or read and waiting for the main thread, which may be busy for a while with a row group. */
export const BLOCKS_AHEAD = 2;
/**
 * More of them, up to so many, as long as their columns take no more than BYTES_AHEAD. Numbers with many digits become few bytes: two blocks of
 * them are read before a thread that encodes a row group is back, and then nobody has anything to do.
 */
export const MAX_BLOCKS_AHEAD = 6;
/** Bytes of columns of blocks ahead, for each thread. */
export const BYTES_AHEAD = 8 * 1024 * 1024;

/**
 * `workers` threads; 1 reads on the calling thread, without any.
 *
 * @param bytes of input to come, if known: a thread takes a tenth of a second to start, which goes on while other things are prepared
 */
export function openWorkerPool(workers: number, rules: RuleOptions, bytes = 0): WorkerPool {
  return workers > 1 && THREADS_AVAILABLE ? new ThreadPool(workers, rules, bytes) : new CallingThread(rules);
}

interface Thread {
  readonly worker: Worker;
  readonly jobs: Jobs<ThreadResponse>;
  readonly mappings: Set<number>;
  /** Files that it encodes. */
  files: number;
  /** Why it has ended. */
  fault: Error | undefined;
}

class ThreadPool implements WorkerPool {
  readonly width: number;
  readonly encoders: FileEncoders;
  readonly #threads: Thread[] = [];
  readonly #mappings = new Map<ReaderConfig, number>();
  /** Memory for columns that nobody looks at any more; for any thread, as it is shared. */
  readonly #spare: ArrayBufferLike[] = [];
  /** Of the columns that came last. */
  #columnBytes = Infinity;
  #file = 0;

  constructor(
    private readonly workers: number,
    private readonly rules: RuleOptions,
    private readonly bytes: number,
  ) {
    this.width = workers * (1 + CHUNKS_AHEAD);
    this.encoders = {
      atOnce: workers,
      open: (sink, options, checksums) => this.#open(sink, options, checksums),
      writeRests: (...rests) => this.#writeRests(...rests),
    };
    const startWith = Math.min(workers, Math.floor(bytes / BYTES_PER_THREAD));
    for (let i = 0; i < startWith; i++) this.#start();
  }

  get blocks(): number {
    const fitting = Math.floor(BYTES_AHEAD / this.#columnBytes);
    return this.workers * (1 + Math.max(BLOCKS_AHEAD, Math.min(MAX_BLOCKS_AHEAD, fitting)));
  }

  async read(config: ReaderConfig, chunk: Chunk | FileBlock, fingerprints = false): Promise<CheckedColumns> {
    const thread = this.#leastBusy();
    let mapping = this.#mappings.get(config);
    if (mapping === undefined) this.#mappings.set(config, (mapping = this.#mappings.size));
    const known = thread.mappings.has(mapping);
    thread.mappings.add(mapping);
    const memory = this.#spare.pop();
    const request: ReadRequest = {
      type: 'read',
      mapping,
      config: known ? undefined : { mapping: config, rules: this.rules },
      chunk,
      fingerprints,
      memory,
    };
    const own = 'bytes' in chunk && chunk.ownsMemory === true ? [chunk.bytes.buffer] : [];
    const response = await this.#ask(thread, request, own);
    const { columns, input } = (response as Extract<ThreadResponse, { read: unknown }>).read;
    if (input !== undefined) giveBackChunkMemory(input);
    const { batch, lines, place } = columns;
    this.#columnBytes = memoryOf(batch).byteLength;
    return { batch, lines, place, release: () => void this.#spare.push(memoryOf(batch)) };
  }

  async close(): Promise<void> {
    await Promise.all(this.#threads.map(({ worker }) => worker.terminate()));
  }

  /** A file's row groups all go to one thread, since its SHA-256 goes over all of it. */
  #open(...[sink, options, checksums]: Parameters<FileEncoders['open']>): FileOnThread {
    if (this.#threads.length === 0) this.#start();
    const thread = this.#threads.reduce((a, b) => (b.files < a.files ? b : a));
    const file = this.#file++;
    thread.files++;
    const ask = async (request: WriteRequest, memories: Iterable<ArrayBufferLike> = []): Promise<WriteAnswer> => {
      if (request.type === 'close' || request.type === 'drop') thread.files--;
      const response = await this.#ask(thread, request, memories);
      return (response as Extract<ThreadResponse, { written: unknown }>).written;
    };
    return new FileOnThread(file, sink, ask, options, checksums);
  }

  async #writeRests(...[root, terms, rests, stores]: Parameters<FileEncoders['writeRests']>): Promise<ManifestFile[]> {
    const memories = rests.flatMap(({ group }) => ('chain' in group ? [] : [...memoriesOf(group)]));
    const response = await this.#ask(this.#leastBusy(), { type: 'rests', root, terms, rests, stores }, memories);
    return [...(response as Extract<ThreadResponse, { files: unknown }>).files];
  }

  #ask(thread: Thread, request: JobRequest, memories: Iterable<ArrayBufferLike>): Promise<ThreadResponse> {
    if (thread.fault !== undefined) return Promise.reject(thread.fault);
    return new Promise((resolve, reject) => {
      const job = thread.jobs.add({ resolve, reject });
      thread.worker.postMessage({ job, ...request }, moved(memories));
    });
  }

  /** Threads are started when there is work for them: a small input needs one. */
  #leastBusy(): Thread {
    const idle = this.#threads.find(({ jobs }) => jobs.size === 0);
    if (idle !== undefined) return idle;
    if (this.#threads.length < this.workers) return this.#start();
    return this.#threads.reduce((a, b) => (b.jobs.size < a.jobs.size ? b : a));
  }

  #start(): Thread {
    const worker = takeThread(this.bytes);
    const thread: Thread = { worker, jobs: new Jobs(), mappings: new Set(), files: 0, fault: undefined };
    worker.on('message', (response: ThreadResponse) => {
      // What it had answered before it failed may come later than the failure.
      if (thread.fault !== undefined) return;
      const job = thread.jobs.take(response.job);
      if ('error' in response) job.reject(restore(response.error));
      else job.resolve(response);
    });
    const fail = (error: Error): void => {
      thread.fault ??= error;
      for (const job of thread.jobs.takeAll()) job.reject(error);
    };
    worker.on('error', fail);
    worker.on('exit', (code) => fail(new PineloadError('UNEXPECTED', { message: `a thread ended with ${code}` })));
    this.#threads.push(thread);
    return thread;
  }
}

function restore({ message, fields }: ThrownError): PineloadError {
  if (fields === undefined) return new PineloadError('UNEXPECTED', { message });
  const { code, ...details } = fields;
  const given = Object.fromEntries(Object.entries(details).filter(([, value]) => value !== undefined));
  return new PineloadError(code, { ...given, message });
}
