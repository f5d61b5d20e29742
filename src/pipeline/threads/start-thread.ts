import { Worker } from 'node:worker_threads';
import { cpuCount } from '../../base/machine.js';
import { kernelCode } from '../../readers/kernel/wasm.js';
import type { ThreadData, ThreadRequest } from './protocol.js';

/** Run from its TypeScript sources (as by tests), there is no compiled file that a thread could load. */
export const THREADS_AVAILABLE = import.meta.url.endsWith('.js');

/**
 * MB of young objects in a thread: no more than it begins with. By V8's own limit, 48, it grows as long as it reads, and little of what a
 * thread makes is an object at all.
 */
const YOUNG_GENERATION_MB = 6;

/** For every so many bytes of input a thread is started at once; more follow when there is work for them. */
export const BYTES_PER_THREAD = 2 * 1024 * 1024;
/** With so many bytes of input there are most probably files that the threads will encode; more need not be known to start them. */
export const ENOUGH_BYTES = 16 * 1024 * 1024;
/** Threads started before all is known of the input: the rest of the program is being loaded meanwhile, and takes one CPU itself. */
const MOST_AHEAD = 2;

const ahead: Worker[] = [];

/**
 * Starts threads before it is known what they will read: that takes a tenth of a second, in which the rest of the program is loaded. If
 * nobody takes them, they end with the process, which does not wait for them.
 *
 * @param stated workers; with one there are no threads, and neither are there by default where there is one CPU
 * @param bytes of input, as far as they are known. Default 0: one thread
 */
export function startThreadsAhead(stated: number | undefined, bytes = 0): void {
  if (!THREADS_AVAILABLE || ahead.length > 0) return;
  const workers = stated ?? cpuCount();
  if (workers === 1) return;
  const count = Math.min(workers, MOST_AHEAD, Math.max(1, Math.floor(bytes / BYTES_PER_THREAD)));
  for (let i = 0; i < count; i++) {
    const thread = start();
    thread.unref();
    prepare(thread, bytes);
    ahead.push(thread);
  }
}

/** A thread that was started ahead, else a new one. @param bytes of input, as far as they are known */
export function takeThread(bytes: number): Worker {
  const thread = ahead.shift() ?? start();
  thread.ref();
  prepare(thread, bytes);
  return thread;
}

function start(): Worker {
  const workerData: ThreadData = { kernel: kernelCode() };
  const resourceLimits = { maxYoungGenerationSizeMb: YOUNG_GENERATION_MB };
  const file = new URL('./worker.cjs', import.meta.url);
  return new Worker(file, { name: 'pineload-worker', workerData, resourceLimits });
}

/** Has it load what encodes files. Told once more, it has done so. */
function prepare(thread: Worker, bytes: number): void {
  if (bytes >= ENOUGH_BYTES) thread.postMessage({ type: 'prepare' } satisfies ThreadRequest);
}
